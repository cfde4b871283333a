"""The champion on the last batch, beside the version that scores by default: sample, scoring, comparison, verdict.

Of the batch a seeded sample of files is copied, so that both versions are known to have scored the same bytes however
long it takes; the new version scores the copies under a key of its own. The verdict is a blob, written once: whoever
comes again finds it, and what follows from it (ledger, tag, default) comes to the same.
"""

from __future__ import annotations

import json
import random
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from lifecycle.batch_default import BatchComparison, BatchVerdict, BatchWord
from lifecycle.names import (
    batch_comparison_prefix,
    batch_endpoint,
    digest,
    scored_blob,
    scores_prefix,
)
from lifecycle.tags import DATASET
from platforms.ports import BlobInfo, JobStatus, NotFound
from tasks.batch_scoring import Plan, ScoringFailed, make_plan, read_plan, run_scoring
from tasks.context import Context
from tasks.live_comparison import FORETOLD_ROWS
from tasks.step import step

MOST_BYTES = 2_000_000_000  # of the files that are copied; one at least


@dataclass(frozen=True)
class Found:
    """What came of it, as it is kept. signals and changes are rows of tables."""

    verdict: BatchVerdict
    why: str
    files: list[str]
    signals: list[dict[str, Any]]
    changes: list[dict[str, Any]]

    def word(self, comparison: BatchComparison) -> BatchWord:
        return BatchWord(self.verdict, comparison.over, comparison.batch, self.why)


def compared(context: Context, comparison: BatchComparison) -> Found:
    """What was found, now or before. ScoringFailed where the new version's job does not end well."""
    name = f"{batch_comparison_prefix(context.name, comparison.key)}found.json"
    blobs = context.platform.blobs
    if not any(blobs.list(name)):
        found = _compare(context, comparison)
        blobs.put_if_absent(name, json.dumps(asdict(found)).encode())
    _clear(context, comparison)
    return Found(**json.loads(blobs.read(name)))


def _compare(context: Context, comparison: BatchComparison) -> Found:
    plan = read_plan(context, comparison.batch)
    files = sample(context, comparison, plan) if plan is not None else []
    if plan is None or not files:
        why = f"no file of the batch {comparison.batch} is as it was: nothing is left to compare on"
        return Found("unclear", why, [], [], [])
    copies = f"{batch_comparison_prefix(context.name, comparison.key)}in/"
    copy_files(context, plan, files, copies)
    own = make_plan(context, copies, comparison.challenger, comparison.key)
    job, spec = run_scoring(context, own, -1)
    if job.status is not JobStatus.COMPLETED:
        log = context.platform.batch.logs(batch_endpoint(context.name), spec.name, 50)
        raise ScoringFailed(f"Version {comparison.challenger} of {context.name}: {job.reason}\n{log[-3000:]}")
    return look(context, comparison, files, spec.outputs)


@step(name="choose files of the last batch", attempts=3)
def sample(context: Context, comparison: BatchComparison, plan: Plan) -> list[str]:
    """At most `release.batch.files` of the batch, drawn by the comparison's key; the same ones again.

    Only files that are what they were when the batch was planned; of these not more than MOST_BYTES.
    """
    blobs = context.platform.blobs
    name = f"{batch_comparison_prefix(context.name, comparison.key)}sample.json"
    try:
        return list(json.loads(blobs.read(name)))
    except NotFound:
        pass
    planned = _planned_at(context, plan.key)
    wanted = set(plan.files)
    there = [one for one in blobs.list(plan.input_prefix) if one.name.removeprefix(plan.input_prefix) in wanted]
    unchanged = [one for one in there if one.modified <= planned]
    random.Random(comparison.key).shuffle(unchanged)  # noqa: S311
    chosen = _small_enough(unchanged[: context.workload.release.batch.files])
    files = sorted(one.name.removeprefix(plan.input_prefix) for one in chosen)
    blobs.put_if_absent(name, json.dumps(files).encode())
    return list(json.loads(blobs.read(name)))


def _small_enough(blobs: Sequence[BlobInfo]) -> list[BlobInfo]:
    kept: list[BlobInfo] = []
    for blob in blobs:
        if kept and sum(one.size for one in kept) + blob.size > MOST_BYTES:
            break
        kept.append(blob)
    return kept


@step(name="copy files of the last batch", attempts=3)
def copy_files(context: Context, plan: Plan, files: Sequence[str], target: str) -> None:
    """One at a time, by way of this machine's disk."""
    blobs = context.platform.blobs
    with tempfile.TemporaryDirectory() as folder:
        for file in files:
            path = Path(folder, digest(file.encode()))
            with blobs.open(f"{plan.input_prefix}{file}") as source, path.open("wb") as copy:
                shutil.copyfileobj(source, copy)
            blobs.upload(f"{target}{file}", path)
            path.unlink()


@step(name="compare the batch", attempts=3)
def look(context: Context, comparison: BatchComparison, files: Sequence[str], now: str) -> Found:
    """Both versions' outputs of these files, held to `release.batch` and `release.live`."""
    from monitoring.batch_comparison import BatchSight, biggest_changes, compare_batch, verdict_of
    from tasks.batch_pairs import read_pairs, told_of
    from tasks.observation import CLOCKS_APART

    blobs, release, kind = context.platform.blobs, context.workload.release, context.workload.kind
    before = str(json.loads(blobs.read(scored_blob(context.name, comparison.batch)))["outputs"])
    told, told_now = told_of(blobs, before, files), told_of(blobs, now, files)
    scored = [file for file in files if file in told and not told[file].error]
    rows = sum(told[file].rows for file in scored)
    pairs = read_pairs(blobs, before, now, scored, min(1.0, release.batch.rows / max(rows, 1)))
    sight = BatchSight(
        files=len(files),
        failed=[file for file in scored if file not in told_now or told_now[file].error],
        scored=pairs.scored,
        lost=pairs.lost,
        other=pairs.other,
        rejected=(sum(one.rejected for one in told.values()), sum(one.rejected for one in told_now.values())),
        before=pairs.before,
        now=pairs.now,
        foretold=_foretold(context, comparison),
        losses=_losses(context, pairs.before, pairs.now, _planned_at(context, comparison.batch) - CLOCKS_APART),
    )
    signals = compare_batch(kind, sight, release.batch, release.live)
    verdict, why = verdict_of(signals)
    return Found(verdict, why, list(files), [one.as_row() for one in signals], biggest_changes(kind, sight))


def _foretold(context: Context, comparison: BatchComparison) -> float:
    """How far apart both versions' predictions of the newest held-out rows are, 0..1, as `tasks.live_comparison` asks
    the slots; here the models themselves are asked, since the version before may have no slot any more."""
    from monitoring.said import coded, said_values
    from monitoring.sequential import distance_between
    from tasks.datasets import read_holdout
    from tasks.evaluation import load_version, score

    models = context.platform.models
    dataset = models.get(context.name, comparison.challenger).tags[DATASET]
    holdout = read_holdout(context, dataset).newest(FORETOLD_ROWS)
    levels = holdout.manifest.terms.levels
    said = []
    for version in (comparison.over, comparison.challenger):
        with tempfile.TemporaryDirectory() as folder:
            scores = score(load_version(models, context.name, version, Path(folder)), holdout.features, levels)
        said.append(said_values(context.workload.kind, scores.as_frame()))
    return distance_between(*coded(*said), 0.05).value


def _losses(context: Context, before: Any, now: Any, since: datetime) -> Any:
    """How far off both were on the rows whose labels came since then, one for one; None where there are none."""
    from monitoring.performance import join_labels
    from monitoring.said import lost
    from platforms.labels import read_labels

    labels = read_labels(context.platform.blobs, context.name, since)
    if labels.empty or before.empty:
        return None
    labels = labels[labels["correlation_id"].isin(set(before["correlation_id"]))]
    pair = tuple(lost(context.workload.kind, join_labels(frame, labels).frame) for frame in (before, now))
    return pair if min(map(len, pair)) else None


def _planned_at(context: Context, key: str) -> datetime:
    """When the batch was planned, UTC."""
    return next(context.platform.blobs.list(f"{scores_prefix(context.name, key)}plan.json")).modified


def _clear(context: Context, comparison: BatchComparison) -> None:
    """The copies; what was found of them stays."""
    blobs = context.platform.blobs
    for blob in list(blobs.list(f"{batch_comparison_prefix(context.name, comparison.key)}in/")):
        blobs.delete(blob.name)
