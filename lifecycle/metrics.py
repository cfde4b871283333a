"""The metrics that are known by name, and which of them are better the lower they are."""

from __future__ import annotations

from typing import Literal

Kind = Literal["classification", "regression", "forecasting"]
Goal = Literal["maximize", "minimize"]

METRICS: dict[str, tuple[str, ...]] = {
    "classification": ("roc_auc", "accuracy", "f1", "log_loss", "brier"),
    "regression": ("rmse", "mae", "r2"),
    "forecasting": ("mase", "mae", "rmse", "pinball", "coverage"),
}
# What groups of people can be compared by, beside the metrics; rates are of two classes, of the second being predicted.
GROUP_METRICS: dict[str, tuple[str, ...]] = {
    "classification": ("selection_rate", "true_positive_rate", "false_positive_rate"),
    "regression": ("mean_prediction",),
}
# What can be estimated while there are no labels: R2 needs their variance.
ESTIMATED: dict[str, tuple[str, ...]] = {
    "classification": METRICS["classification"],
    "regression": ("rmse", "mae"),
    "forecasting": (),  # what it forecast is known within its horizon
}
LABEL_FREE = frozenset({"selection_rate", "mean_prediction"})
LOWER_IS_BETTER = frozenset({"log_loss", "brier", "rmse", "mae", "mase", "pinball"})
AIMED_AT = frozenset({"coverage"})  # neither lower nor higher is better: a gate may bound it, no model wins by it
CROSS_VALIDATED = "cv_"  # before a metric's name: the mean over folds of the training data
# What a recipe writes into metrics.json, by kind; see recipes/contract.py.
RECIPES_REPORT: dict[str, tuple[str, ...]] = {
    "classification": ("cv_roc_auc", "cv_accuracy"),
    "regression": ("cv_r2",),
    "forecasting": ("cv_mae",),
}


def predicts_numbers(kind: Kind) -> bool:
    """Whether a prediction is a value on a scale, not a class."""
    return kind != "classification"


def kinds_of(metric: str) -> tuple[str, ...]:
    """The kinds of model that a metric, cross-validated or not, is of; none for a script's own."""
    plain = metric.removeprefix(CROSS_VALIDATED)
    return tuple(kind for kind, names in METRICS.items() if plain in names)


def goal_of(metric: str) -> Goal | None:
    """Which way a known metric is better; None for a script's own."""
    if not kinds_of(metric) or metric.removeprefix(CROSS_VALIDATED) in AIMED_AT:
        return None
    return "minimize" if metric.removeprefix(CROSS_VALIDATED) in LOWER_IS_BETTER else "maximize"
