"""The recipes themselves: an estimator for each name and kind, over numbers and categories, missing values and all."""

from __future__ import annotations

import inspect
from typing import Any

from recipes.contract import CannotTrain, Task


def build(recipe: str, task: Task, parameters: dict[str, Any], seed: int) -> Any:
    """The recipe's pipeline, not yet fitted. CannotTrain names what is allowed instead of what is not known."""
    from sklearn.pipeline import make_pipeline

    if recipe not in _RECIPES:
        raise CannotTrain(f"there is no recipe {recipe!r}; there are {', '.join(_RECIPES)}")
    estimator, scaled = _RECIPES[recipe](task.kind)
    known = list(inspect.signature(estimator).parameters)
    unknown = [name for name in parameters if name not in known]
    if unknown:
        raise CannotTrain(f"{recipe} has no parameter {', '.join(unknown)}; it has {', '.join(known)}")
    if "random_state" in known:
        parameters = {"random_state": seed, **parameters}
    return make_pipeline(_prepare(task, scaled), estimator(**parameters))


def _prepare(task: Task, scaled: bool) -> Any:
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers = [SimpleImputer(strategy="median"), *([StandardScaler()] if scaled else [])]
    categories = [
        SimpleImputer(strategy="constant", fill_value="missing", missing_values=None),
        OneHotEncoder(handle_unknown="ignore", sparse_output=False),
    ]
    return ColumnTransformer(
        [
            ("numbers", make_pipeline(*numbers), task.numbers),
            ("categories", make_pipeline(*categories), task.categories),
        ]
    )


def _gradient_boosting(kind: str) -> tuple[Any, bool]:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    return (HistGradientBoostingRegressor if kind == "regression" else HistGradientBoostingClassifier), False


def _linear(kind: str) -> tuple[Any, bool]:
    from sklearn.linear_model import LogisticRegression, Ridge

    return (Ridge if kind == "regression" else LogisticRegression), True


def _random_forest(kind: str) -> tuple[Any, bool]:
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    return (RandomForestRegressor if kind == "regression" else RandomForestClassifier), False


_RECIPES = {"gradient_boosting": _gradient_boosting, "linear": _linear, "random_forest": _random_forest}
