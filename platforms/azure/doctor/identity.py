"""Who acts in each stage, how it proves that, and that no stage's identity reaches a later stage."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import partial

from lifecycle.names import Stage
from platforms.azure.doctor.subject import STAGES, Subject
from platforms.azure.resource_manager import ML_API
from platforms.checkup import Check, Finding, missing, ok, warning
from platforms.ports import Refused


def tokens(subject: Subject) -> list[Check]:
    """A check a stage, each of one finding."""
    return [Check(f"credentials of {stage}", partial(_token, subject, stage), _sign_in(subject)) for stage in STAGES]


def _token(subject: Subject, stage: Stage) -> Iterator[Finding]:
    from azure.core.exceptions import ClientAuthenticationError

    what = f"credentials of {stage}"
    try:
        claims = subject.claims(stage)
    except ClientAuthenticationError as error:
        yield missing(what, f"no token: {error.message}", _mend(subject, stage))
        return
    who = claims.get("upn") or claims.get("unique_name") or f"client {claims.get('appid')}"
    yield ok(what, f"{who}, object {subject.identity(stage)}, by {_how(subject, stage)}")


def _how(subject: Subject, stage: Stage) -> str:
    """The kind of credential that succeeded; DefaultAzureCredential remembers which of its own it was."""
    credential = subject.clients.credential(stage)
    return type(getattr(credential, "_successful_credential", None) or credential).__name__


def _mend(subject: Subject, stage: Stage) -> str:
    client = subject.settings.stage(stage).client_id
    if subject.settings.stage(stage).client_secret is None:
        return _sign_in(subject)
    return f"az ad app credential reset --id {client}   # then set PERENNIAL_AZURE__{stage.upper()}__CLIENT_SECRET"


def _sign_in(subject: Subject) -> str:
    tenant = f" --tenant {subject.settings.tenant}" if subject.settings.tenant else ""
    return f"az login{tenant} && az account set --subscription {subject.settings.subscription}"


def apart(subject: Subject, denied: Collection[Stage]) -> list[Check]:
    """That the identity of a stage is refused in every later one."""
    pairs = [(one, later) for at, one in enumerate(STAGES) for later in STAGES[at + 1 :] if one not in denied]
    return [Check(_title(one, later), partial(_is_refused, subject, one, later)) for one, later in pairs]


def _title(stage: Stage, later: Stage) -> str:
    return f"{stage} is kept out of {later}"


def _is_refused(subject: Subject, stage: Stage, later: Stage) -> Iterator[Finding]:
    what, scope = _title(stage, later), subject.clients.workspace_id(later)
    if subject.clients.workspace_id(stage) == scope:
        yield warning(what, "both are the same workspace", f"export PERENNIAL_AZURE__{later.upper()}__WORKSPACE=…")
        return
    try:
        subject.arm.get(stage, scope, ML_API)
    except Refused as refusal:
        yield ok(what, str(refusal).partition(":")[0])
        return
    if subject.settings.stage(stage).client_id == subject.settings.stage(later).client_id:
        told = "one identity acts in both stages; flows should have one each"
        yield warning(what, told, f"export PERENNIAL_AZURE__{later.upper()}__CLIENT_ID=…")
        return
    mend = f"az role assignment delete --assignee {subject.identity(stage)} --scope {scope}"
    yield warning(what, f"the identity of {stage} can read the workspace of {later}", mend)
