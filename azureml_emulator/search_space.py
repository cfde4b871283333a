"""The points of a sweep's search space, as the SDK writes it: name to `[distribution, [arguments]]`."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable
from typing import Any

from azureml_emulator.errors import ServiceError, user_error

Space = dict[str, list[Any]]
Point = dict[str, Any]

# Arguments to a value; the words and their meaning are those of azure.ai.ml.sweep.
_DRAWS: dict[str, Callable[..., Any]] = {
    "choice": lambda dice, values: dice.choice(values),
    "randint": lambda dice, upper: dice.randrange(int(upper)),
    "uniform": lambda dice, low, high: dice.uniform(low, high),
    "quniform": lambda dice, low, high, q: _rounded(dice.uniform(low, high), q),
    "loguniform": lambda dice, low, high: math.exp(dice.uniform(low, high)),
    "qloguniform": lambda dice, low, high, q: _rounded(math.exp(dice.uniform(low, high)), q),
    "normal": lambda dice, mean, deviation: dice.gauss(mean, deviation),
    "qnormal": lambda dice, mean, deviation, q: _rounded(dice.gauss(mean, deviation), q),
    "lognormal": lambda dice, mean, deviation: dice.lognormvariate(mean, deviation),
    "qlognormal": lambda dice, mean, deviation, q: _rounded(dice.lognormvariate(mean, deviation), q),
}


def check(space: Space, algorithm: str) -> None:
    """Raise where the service would refuse the space, or we do not know it."""
    if not space:
        raise user_error("The sweep has no search space.")
    for name, (distribution, arguments) in space.items():
        if distribution not in _DRAWS:
            raise user_error(f"The distribution {distribution!r} of {name!r} is not known.")
        if algorithm == "Grid" and distribution != "choice":
            raise user_error(f"Grid sampling takes choices only; {name!r} is {distribution}.")
        if distribution == "choice" and any(isinstance(value, dict) for value in arguments[0]):
            raise ServiceError(501, "NotEmulated", f"The search space of {name!r} is nested; that is not emulated.")
    if algorithm not in ("Grid", "Random"):
        raise ServiceError(501, "NotEmulated", f"{algorithm} sampling is not emulated.")


def point(space: Space, algorithm: str, seed: object, number: int) -> Point | None:
    """The `number`th point, from 0, the same for the same seed; None where a grid has no more."""
    if algorithm == "Grid":
        grid = itertools.product(*(arguments[0] for _, arguments in space.values()))
        values = next(itertools.islice(grid, number, None), None)
        return None if values is None else dict(zip(space, values, strict=True))
    dice = random.Random(f"{seed}/{number}")  # noqa: S311 - not for secrets
    return {name: _DRAWS[distribution](dice, *arguments) for name, (distribution, arguments) in space.items()}


def _rounded(value: float, q: float) -> float:
    """To a multiple of `q`: a whole number where `q` is one."""
    rounded = round(value / q) * q
    return int(rounded) if float(q).is_integer() else rounded
