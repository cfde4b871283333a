"""What the gates and staging found, as the evidence that an approval rests on."""

from __future__ import annotations

from collections.abc import Sequence

from lifecycle.approval import Checked, Compared, Evidence, Forced
from lifecycle.tags import DATASET
from monitoring.comparison import Comparison
from platforms.folder_digest import SHA256
from platforms.ports import RegisteredModel
from tasks.clock import now
from tasks.gates import Judgement
from tasks.staging import Check
from tasks.staging_checks.contract import TITLE as CONTRACT
from tasks.staging_checks.part import Part


def gather(
    version: RegisteredModel,
    champion: RegisteredModel | None,
    judgement: Judgement,
    parts: Sequence[Part] = (),
    forced: Forced | None = None,
    card: str = "",
) -> Evidence:
    """What is known of a version now. parts: of its examination. card: where its model card lies."""
    staging = [check for part in parts if part.title == CONTRACT for check in part.checks]
    others = [check for part in parts if part.title != CONTRACT for check in part.checks]
    return Evidence(
        workload=version.name,
        model_version=version.version,
        content=version.tags.get(SHA256, ""),
        dataset_version=version.tags[DATASET],
        over=None if champion is None else champion.version,
        gathered_at=now(),
        gates=_checked([*judgement.checks, *others]),
        staging=_checked(staging),
        compared=None if judgement.comparison is None else _compared(judgement.comparison),
        forced=forced,
        card=card,
    )


def _compared(comparison: Comparison) -> Compared:
    return Compared(**{name: getattr(comparison, name) for name in Compared.model_fields})


def _checked(checks: Sequence[Check]) -> tuple[Checked, ...]:
    return tuple(Checked(name=check.name, passed=bool(check.passed), seen=check.seen) for check in checks)
