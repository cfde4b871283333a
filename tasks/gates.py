"""Whether a candidate may replace the champion: its gates, and the comparison on the newest labelled data."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lifecycle.tags import DATASET
from monitoring.comparison import Comparison
from platforms.ports import RegisteredModel
from tasks.backtest_gate import backtest_checks
from tasks.context import Context
from tasks.datasets import Holdout, read_holdout
from tasks.evaluation import compare_models, evaluate, load_version
from tasks.fairness_gate import fairness_checks
from tasks.staging import Check
from tasks.step import step


@dataclass(frozen=True)
class Candidate:
    """A version on its way: the model, and the held-out rows that it is judged on."""

    version: RegisteredModel
    model: Any
    holdout: Holdout


@dataclass(frozen=True)
class Judgement:
    """What the gates say. `comparison` is None for the first model, which has no champion to beat.

    card: where people read the model card, once there is one.
    """

    checks: list[Check]
    comparison: Comparison | None
    card: str = ""

    @property
    def passed(self) -> bool:
        return all(check.passed for check in self.checks)

    @property
    def reason(self) -> str:
        """In words: what failed, or that nothing did."""
        failed = [f"{check.name}: {check.seen}" for check in self.checks if not check.passed]
        return "; ".join(failed) if failed else "every gate passed"


@step(name="load candidate")
def load_candidate(context: Context, version: RegisteredModel) -> Candidate:
    """The candidate with its own dataset version's hold-out: the newest labelled data there is."""
    with tempfile.TemporaryDirectory() as folder:
        model = load_version(context.platform.models, version.name, version.version, Path(folder))
    return Candidate(version, model, read_holdout(context, version.tags[DATASET]))


@step(name="judge")
def judge(context: Context, candidate: Candidate, champion: RegisteredModel | None) -> Judgement:
    """Every gate of the workload, and the champion. A gate that cannot be evaluated fails; a tie keeps the champion."""
    metrics = evaluate(context.workload, candidate.model, candidate.holdout)
    checks = [_gate(context, name, metrics) for name in context.workload.gates]
    checks += backtest_checks(context.workload, candidate.version)
    if champion is None:
        return Judgement([*checks, *fairness_checks(context.workload, None, candidate.model, candidate.holdout)], None)
    with tempfile.TemporaryDirectory() as folder:
        model = load_version(context.platform.models, champion.name, champion.version, Path(folder))
    comparison = compare_models(context.workload, model, candidate.model, candidate.holdout)
    fair = fairness_checks(context.workload, model, candidate.model, candidate.holdout)
    return Judgement([*checks, _beats(champion, comparison), *fair], comparison)


def _gate(context: Context, name: str, metrics: dict[str, float]) -> Check:
    gate = context.workload.gates[name]
    bounds = [f"at least {gate.at_least}"] if gate.at_least is not None else []
    bounds += [f"at most {gate.at_most}"] if gate.at_most is not None else []
    title = f"{name} {' and '.join(bounds)}"
    if name not in metrics:
        return Check(title, False, "it cannot be computed on the hold-out")
    return Check(title, gate.holds(metrics[name]), f"{metrics[name]:.4f}")


def _beats(champion: RegisteredModel, comparison: Comparison) -> Check:
    return Check(f"better than champion {champion.version}", comparison.challenger_wins, _in_words(comparison))


def _in_words(comparison: Comparison) -> str:
    values = (comparison.challenger, comparison.champion, comparison.difference, comparison.low, comparison.high)
    if any(value is None for value in values):
        return f"{comparison.verdict}: {comparison.reason}"
    ours, theirs, difference, low, high = values
    return (
        f"{comparison.verdict}: {comparison.metric} {ours:.4f} against {theirs:.4f}, "
        f"{difference:+.4f} [{low:+.4f}, {high:+.4f}], {comparison.rows} rows"
    )
