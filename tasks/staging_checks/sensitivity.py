"""Responsible AI: what the candidate looks at, and how much it loses when its inputs are a little worse than usual."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from lifecycle.suite import Sensitivity
from monitoring.disturbance import Loss, importance, loss, noisy, shuffled, with_gaps
from monitoring.weighted_metrics import Outcomes
from tasks.datasets import Holdout
from tasks.evaluation import Scores, outcomes_from, score
from tasks.staging import Check, not_applicable
from tasks.staging_checks.part import Figure, Part, Subject

TITLE = "importance and sensitivity"
SEED = 0
REPEATS = 3
_AT_ONCE = 100_000  # rows scored in one call


def sensitivity(subject: Subject) -> Part:
    """Checks of noise and missing values; figures: of these, and by column what the metric loses without it.

    A candidate fails that surely loses more than `release.sensitivity.loss` and more than the champion does on the
    same disturbed rows: where both are as brittle, nothing becomes worse.
    """
    limits = subject.context.workload.release.sensitivity
    rows = subject.candidate.holdout.newest(limits.rows)
    disturbed = _disturbed(rows, limits)
    ours = _outcomes(subject, subject.candidate.model, rows, disturbed)
    champion = subject.champion_model
    theirs = None if champion is None else _outcomes(subject, champion, rows, disturbed)
    metric = subject.context.workload.metric
    noise = _check("noise", metric, ours, theirs, limits)
    if any(column.missing_allowed for column in rows.manifest.columns):
        gaps = _check("missing values", metric, ours, theirs, limits)
    else:
        why = "no column may lack values: a request that does is refused"
        gaps = (not_applicable(f"sensitivity of {metric} to missing values", why), None)
    figures = [figure for _, figure in (noise, gaps) if figure is not None]
    figures += _importances(metric, ours, theirs, rows)
    return Part(title=TITLE, checks=(noise[0], gaps[0]), figures=tuple(figures))


def _disturbed(rows: Holdout, limits: Sensitivity) -> dict[str, list[pd.DataFrame]]:
    """By what was done to them, the same rows several times over."""
    rng = np.random.default_rng(SEED)
    columns = rows.manifest.columns
    # As a slot gives them to the model: what is no category is a float.
    frame = rows.features.astype({one.name: float for one in columns if one.type != "category"})
    return {
        "nothing": [frame],
        "noise": [noisy(frame, columns, limits.noise, rng) for _ in range(REPEATS)],
        "missing values": [with_gaps(frame, columns, limits.missing, rng) for _ in range(REPEATS)],
        **{f"column {one.name}": [shuffled(frame, one.name, rng) for _ in range(REPEATS)] for one in columns},
    }


def _outcomes(
    subject: Subject, model: Any, rows: Holdout, disturbed: dict[str, list[pd.DataFrame]]
) -> dict[str, list[Outcomes]]:
    """What the model says of all of them, scored in few calls, since a call may cost more than its rows."""
    frames = [frame for frames in disturbed.values() for frame in frames]
    each = max(1, _AT_ONCE // max(len(rows.frame), 1))
    levels = rows.manifest.terms.levels
    said: list[Scores] = []
    for start in range(0, len(frames), each):
        some = frames[start : start + each]
        scores = score(model, pd.concat(some, ignore_index=True), levels)
        said += [_slice(scores, place, len(rows.frame)) for place in range(len(some))]
    answers = iter(outcomes_from(subject.context.workload, one, rows) for one in said)
    return {name: [next(answers) for _ in frames] for name, frames in disturbed.items()}


def _slice(scores: Scores, place: int, rows: int) -> Scores:
    part = slice(place * rows, (place + 1) * rows)
    probability = None if scores.probability is None else scores.probability[part]
    quantiles = None if scores.quantiles is None else scores.quantiles[part]
    return Scores(scores.prediction[part], probability, scores.classes, quantiles)


def _check(
    what: str,
    metric: str,
    ours: dict[str, list[Outcomes]],
    theirs: dict[str, list[Outcomes]] | None,
    limits: Sensitivity,
) -> tuple[Check, Figure | None]:
    name = f"sensitivity of {metric} to {what}"
    found = loss(metric, ours["nothing"][0], ours[what], SEED)
    if found is None:
        return Check(name, False, f"it cannot be evaluated: {metric} is not defined on {ours[what][0].rows} rows"), None
    before = None if theirs is None else loss(metric, theirs["nothing"][0], theirs[what], SEED)
    brittle = limits.loss is not None and found.surely_beyond(limits.loss)
    worse = before is None or (found.share or 0.0) > (before.share or 0.0)
    seen = _in_words(metric, found)
    seen += "" if limits.loss is None else f"; at most {limits.loss:.0%} may surely be"
    seen += "" if before is None else f"; champion: {_in_words(metric, before)}"
    return Check(name, not (brittle and worse), seen), _figure(what, found.lost, before.lost if before else None)


def _in_words(metric: str, found: Loss) -> str:
    lost = "" if found.share is None else f", {found.share:+.1%} of its skill lost"
    return f"{metric} {found.before:.4f} to {found.after:.4f}{lost}"


def _importances(
    metric: str, ours: dict[str, list[Outcomes]], theirs: dict[str, list[Outcomes]] | None, rows: Holdout
) -> Sequence[Figure]:
    """The column that matters most first."""
    found = []
    for column in rows.manifest.columns:
        key = f"column {column.name}"
        own = importance(metric, ours["nothing"][0], ours[key])
        champion = None if theirs is None else importance(metric, theirs["nothing"][0], theirs[key])
        found.append(_figure(f"{column.name} shuffled", own, champion))
    return sorted(found, key=lambda figure: -float(figure["lost"] or 0.0))


def _figure(what: str, lost: float | None, champion: float | None) -> Figure:
    return {"disturbed by": what, "lost": lost, "lost by the champion": champion}
