"""What tests of approvals start from: a context over a folder, evidence, and a version that it was gathered of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from lifecycle.approval import Answer, Checked, Evidence, Request
from lifecycle.identity import Identity
from lifecycle.tags import DATASET
from lifecycle.workload import Workload
from platforms.approval_settings import ApprovalSettings
from platforms.folder_digest import SHA256
from platforms.ledger import Ledger
from platforms.local.blobs import LocalBlobStore
from platforms.ports import RegisteredModel
from platforms.settings import Settings
from tasks.approval import approval_by, approve
from tasks.context import Context
from tasks.evidence import keep, keep_answer
from tests.issuing import ADA, BOB

AT = datetime(2026, 5, 2, tzinfo=UTC)


def context_of(folder: Path, approval: object = "human", believes: ApprovalSettings | None = None) -> Context:
    """A workload whose approvers are Ada and Bob."""
    blobs = LocalBlobStore(folder)
    release = {"approval": approval, "approvers": [f"entra:{ADA}", f"entra:{BOB}"]}
    said = {"name": "toy", "kind": "classification", "data": {"raw": "toy/raw/", "label": "y"}, "release": release}
    platform = cast(Any, SimpleNamespace(blobs=blobs))
    settings = Settings(approval=believes or ApprovalSettings())
    return Context(settings, platform, Workload.model_validate(said, strict=False), folder, Ledger(blobs, "toy"))


def evidence_of(model_version: int = 2, **changes: Any) -> Evidence:
    """Evidence that all is well with a version, compared with version 1."""
    told: dict[str, Any] = {
        "workload": "toy",
        "model_version": model_version,
        "content": f"content of {model_version}",
        "dataset_version": "d",
        "over": 1,
        "gathered_at": AT,
        "gates": (Checked(name="roc_auc at least 0.8", passed=True, seen="0.9"),),
    }
    return Evidence(**{**told, **changes})


def version_of(model_version: int = 2, **tags: str) -> RegisteredModel:
    """The version that such evidence is of."""
    told = {"perennial.sha256": f"content of {model_version}", "perennial.dataset": "d"}
    named = {f"perennial.{name.replace('_', '-')}": value for name, value in tags.items()}
    return RegisteredModel("toy", model_version, "run", {**told, **named}, (), AT)


def request_of(evidence: Evidence, requester: Identity | None = None, *, verified: bool = True) -> Request:
    """The request about it; an hour is left from AT."""
    return Request(
        evidence=evidence,
        run="run",
        requester=requester,
        approvers=(f"entra:{ADA}", f"entra:{BOB}"),
        verified=verified,
        audiences={"entra": "api://perennial"},
        until=AT + timedelta(hours=1),
    )


def evidence_over(version: RegisteredModel, over: int | None) -> Evidence:
    """That nothing is known against it, compared with that champion."""
    return Evidence(
        workload=version.name,
        model_version=version.version,
        content=version.tags[SHA256],
        dataset_version=version.tags[DATASET],
        over=over,
        gathered_at=datetime.now(UTC),
        gates=(),
    )


def approve_over(context: Context, version: RegisteredModel, over: int | None) -> None:
    """Approve it over that champion, as a release does by the policy auto."""
    evidence = evidence_over(version, over)
    keep(context, evidence)
    answer = Answer(evidence=evidence.digest, approved=True, by=None, policy="auto", at=evidence.gathered_at)
    approve(context, version, approval_by(keep_answer(context, evidence, answer), evidence))
