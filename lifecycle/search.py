"""A search over a training script's parameters: what is tried, how often, and by what the best is known."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, StringConstraints, Tag, model_validator

from lifecycle.base import Frozen
from lifecycle.durations import Duration
from lifecycle.metrics import Goal, goal_of

Parameter = bool | int | float | str
ParameterName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_]\w*$")]
Point = dict[str, Parameter]
MOST_TRIALS = 1000  # Azure ML's limit
RESERVED = ("data", "out")
_DRAWS_A_POINT = 100
_NO_WORD = frozenset("'\"\n\r")  # Azure ML writes a choice into a shell's line


class Range(Frozen):
    """All numbers from low to high, both included; whole ones where both are whole."""

    low: int | float
    high: int | float
    log: bool = Field(default=False, description="Each order of magnitude is as likely as the next")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise ValueError("low must be below high, and both must be finite")
        if self.log and self.low <= 0:
            raise ValueError("with log, low must be above 0")
        return self

    @property
    def whole(self) -> bool:
        """Whether only whole numbers are meant."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    def draw(self, dice: random.Random) -> int | float:
        """A number at random."""
        margin = 0.5 if self.whole else 0.0
        low, high = self.low - margin, self.high + margin
        value = math.exp(dice.uniform(math.log(low), math.log(high))) if self.log else dice.uniform(low, high)
        value = min(max(value, self.low), self.high)  # what rounding made of the ends
        return round(value) if self.whole else value


def _which(value: Any) -> str | None:
    if isinstance(value, dict | Range):
        return "range"
    return "choices" if isinstance(value, list | tuple) else None


Choices = Annotated[tuple[Parameter, ...], Field(min_length=1)]
Values = Annotated[
    Annotated[Range, Tag("range")] | Annotated[Choices, Tag("choices")],
    Discriminator(
        _which,
        custom_error_type="values",
        custom_error_message="write a range, such as {low: 0.01, high: 0.3, log: true}, or a list of choices",
    ),
]


class Search(Frozen):
    """Trials of the training script, each at a point of the space; the best by the objective is the model.

    The objective is a metric that the script itself writes into `metrics.json`, so of data that it was given: the
    hold-out is no part of any search.
    """

    space: Annotated[dict[ParameterName, Values], Field(min_length=1)]
    objective: str = Field(min_length=1, description="A metric in metrics.json, such as cv_roc_auc")
    goal: Goal | None = Field(default=None, description="Unsaid: as the known metrics mean it")
    sampling: Literal["random", "grid"] = "random"
    trials: int = Field(default=20, ge=1, le=MOST_TRIALS, description="At most so many")
    at_once: int = Field(default=1, ge=1, le=MOST_TRIALS)
    trial_time_limit: Duration | None = Field(default=None, description="Of one trial; time_limit is that of all")
    seed: int = Field(default=0, ge=0, le=2**31 - 1)

    @model_validator(mode="after")
    def _possible(self) -> Self:
        known = goal_of(self.objective)
        if self.goal is None and known is None:
            raise ValueError(f"{self.objective} is no metric that is known: say goal: maximize or minimize")
        if self.goal is not None and known not in (None, self.goal):
            raise ValueError(f"{self.objective} is to {known}, not to {self.goal}")
        for name, values in self.space.items():
            if name in RESERVED:
                raise ValueError(f"space.{name}: --{name} is what tells the script its folder")
            if not isinstance(values, Range) and len(set(map(repr, values))) < len(values):
                raise ValueError(f"space.{name} names a choice twice")
            if not isinstance(values, Range) and any(set(str(value)) & _NO_WORD for value in values):
                raise ValueError(f"space.{name}: a choice holds no quotes and no line breaks")
        self._check_grid()
        return self

    def _check_grid(self) -> None:
        if self.sampling != "grid":
            return
        ranges = [name for name, values in self.space.items() if isinstance(values, Range)]
        if ranges:
            raise ValueError(f"a grid takes lists of choices only; {', '.join(ranges)} has a range")
        size = self._combinations()
        if size is not None and size > self.trials:
            raise ValueError(f"the grid has {size} points, and trials is {self.trials}: raise it, or sample at random")

    @property
    def direction(self) -> Goal:
        """Which way the objective is better."""
        return self.goal or goal_of(self.objective) or "maximize"

    def _combinations(self) -> int | None:
        """How many points there are; None for a space with a range."""
        if any(isinstance(values, Range) for values in self.space.values()):
            return None
        return math.prod(len(values) for values in self.space.values() if not isinstance(values, Range))

    def points(self) -> list[Point]:
        """What is tried, in order: for one seed the same, and no point twice."""
        return list(self._grid() if self.sampling == "grid" else self._drawn())

    def _grid(self) -> Iterator[Point]:
        lists = [values for values in self.space.values() if not isinstance(values, Range)]
        for combination in itertools.product(*lists):
            yield dict(zip(self.space, combination, strict=True))

    def _drawn(self) -> Iterator[Point]:
        """Where a space is smaller than the trials, it ends when new points are no longer found."""
        dice = random.Random(self.seed)  # noqa: S311 - not for secrets
        seen: set[str] = set()
        for _ in range(self.trials):
            for _ in range(_DRAWS_A_POINT):
                point = {name: _draw(values, dice) for name, values in self.space.items()}
                if repr(point) not in seen:
                    seen.add(repr(point))
                    yield point
                    break

    def best(self, scores: dict[int, float]) -> int:
        """The number of the best of these trials; of equals the first."""
        sign = 1 if self.direction == "maximize" else -1
        return max(sorted(scores), key=lambda number: sign * scores[number])


def _draw(values: Range | tuple[Parameter, ...], dice: random.Random) -> Parameter:
    return values.draw(dice) if isinstance(values, Range) else dice.choice(values)
