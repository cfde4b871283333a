"""The data a candidate was trained on: held to the workload's limits, and to what the champion was trained on."""

from __future__ import annotations

import io

import pandas as pd

from lifecycle.dataset import DatasetManifest
from lifecycle.names import job_prefix
from lifecycle.tags import DATASET
from monitoring.training_quality import QualityFact, training_quality
from platforms.ports import NotFound
from tasks.context import Context
from tasks.staging import Check
from tasks.staging_checks.part import Figure, Part, Subject

TITLE = "training data"
ROWS = 50_000  # the newest, at most, of either


def training_data(subject: Subject) -> Part:
    """Checks of the quarantined share, of missing, invalid and unseen values, and of copies."""
    context, manifest = subject.context, subject.candidate.holdout.manifest
    limits = context.workload.release.training_data
    rows = _rows(context, manifest.version)
    champion = None if subject.champion is None else subject.champion.tags.get(DATASET)
    compared = champion is not None and champion != manifest.version
    theirs = _rows(context, champion) if compared and champion is not None else None
    facts = training_quality(rows, theirs, manifest.columns, limits)
    checks = [_quarantined(manifest, limits.quarantined), *_by_kind(facts)]
    told = "the champion's, too" if champion == manifest.version else champion or "there is no champion"
    checks.append(Check("rows were there to learn from", len(rows) > 0, f"{len(rows)} rows; champion's data: {told}"))
    return Part(title=TITLE, checks=tuple(checks), figures=tuple(_figure(fact) for fact in facts))


def _rows(context: Context, version: str) -> pd.DataFrame:
    name = f"{job_prefix(context.name, version)}train.parquet"
    try:
        content = context.platform.blobs.read(name)
    except NotFound:
        raise NotFound(f"The training rows of dataset version {version} are gone ({name}).") from None
    return pd.read_parquet(io.BytesIO(content)).tail(ROWS).reset_index(drop=True)


def _quarantined(manifest: DatasetManifest, limit: float | None) -> Check:
    share = manifest.quarantined_rows / max(manifest.raw_rows, 1)
    seen = f"{manifest.quarantined_rows} of {manifest.raw_rows} raw rows, {share:.2%}"
    name = "quarantined rows" if limit is None else f"quarantined rows at most {limit:.0%}"
    return Check(name, limit is None or share <= limit, seen)


def _by_kind(facts: list[QualityFact]) -> list[Check]:
    """One check for all columns that are alike in what is asked of them; it names those that break it."""
    kinds: dict[str, list[QualityFact]] = {}
    for fact in facts:
        kinds.setdefault(fact.subject.partition(" of ")[0], []).append(fact)
    return [_of_kind(kind, of_kind) for kind, of_kind in kinds.items()]


def _of_kind(kind: str, facts: list[QualityFact]) -> Check:
    broken = [fact.message for fact in facts if fact.broken]
    worst = max(facts, key=lambda fact: fact.share)
    return Check(kind, not broken, "; ".join(broken) if broken else f"at worst: {worst.message}")


def _figure(fact: QualityFact) -> Figure:
    return {
        "what": fact.subject,
        "share": fact.share,
        "champion's data": fact.champion,
        "at most": fact.limit,
        "broken": "yes" if fact.broken else "no",
    }
