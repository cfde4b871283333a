"""The whole check-up: identities first, since little can be looked at without a token; then all the rest at once."""

from __future__ import annotations

from dataclasses import replace

from platforms.azure.clients import AzureClients
from platforms.azure.doctor import compute, contents, identity, network, providers, registry, roles, storage
from platforms.azure.doctor.subject import STAGES, Subject
from platforms.azure.settings import AzureSettings
from platforms.checkup import LIMIT_SECONDS, Check, Finding, Verdict, look_at_all, unknown

_NOBODY = "there is no token to look with"


def examine(settings: AzureSettings, limit: float | None = None) -> list[Finding]:
    """Every finding. Changes nothing but for one blob, written and deleted again. `limit`: seconds for each look."""
    import azure.ai.ml  # noqa: F401  (takes seconds, which are no check's own)

    limit = LIMIT_SECONDS if limit is None else limit
    subject = Subject(AzureClients(settings))
    tokens = look_at_all(identity.tokens(subject), limit)
    denied = {stage for stage, found in zip(STAGES, tokens, strict=True) if found.verdict is not Verdict.OK}
    checks = [*network.checks(subject, denied), *storage.own(subject)]
    for stage in STAGES:
        of_stage = [*providers.checks(subject, stage), *roles.checks(subject, stage)]
        of_stage += [*registry.checks(subject, stage), *storage.of_stage(subject, stage)]
        of_stage += [*compute.checks(subject, stage), *contents.checks(subject, stage)]
        checks += [_cannot(check) for check in of_stage] if stage in denied else of_stage
    apart = identity.apart(subject, denied)
    return tokens + look_at_all([*checks, *compute.quota(subject, denied), *apart], limit)


def _cannot(check: Check) -> Check:
    return replace(check, look=lambda: [unknown(check.what, _NOBODY)])
