"""The cases that the tables are made of: each from a seed, which draws its reference, its season and its windows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.drift_calibration.cases import Case, Episode
from benchmarks.drift_calibration.drifts import (
    Drift,
    appearing,
    both,
    missing,
    shifted,
    some_columns,
    spread,
    unrelated,
    vanishing,
    with_outlier,
)
from benchmarks.drift_calibration.streams import COLUMNS, Stream, weekly, yearly

SIZES = (0.1, 0.25, 0.5, 1.0)  # standard deviations
COUNTS = {"one column": 1, "three columns": 3, "all ten numbers": 10}
DAY = 1000  # rows: also of a week, in the yearly season
AGAIN = 0.6  # a row resembles the next: four rows weigh as much as an independent one
REFERENCE = 5000
TO_HALF = tuple(0.05 * step for step in range(1, 11))  # a gradual shift, window by window
ONE, TWO = frozenset({"x2"}), frozenset({"x0", "x1"})
SEGMENT = frozenset({"segment"})


@dataclass(frozen=True)
class Setting:
    """Windows of so many rows of a stream, and a reference of so many before them."""

    stream: Stream
    reference: int
    rows: int


def independent(rows: int = DAY) -> Callable[[np.random.Generator], Setting]:
    """Rows that have nothing to do with each other."""
    return lambda _: Setting(Stream(), REFERENCE, rows)


def days_of_weeks(rng: np.random.Generator) -> Setting:
    """Windows of a day; the reference holds eight weeks."""
    return Setting(weekly(DAY, rng), 56 * DAY, DAY)


def whole_weeks(rng: np.random.Generator) -> Setting:
    """Windows of a week, which is the season; the reference holds eight."""
    return Setting(weekly(DAY, rng), 56 * DAY, 7 * DAY)


def weeks_of_years(rng: np.random.Generator) -> Setting:
    """Windows of a week; the reference holds a year."""
    return Setting(yearly(DAY, rng), 52 * DAY, DAY)


def whole_years(rng: np.random.Generator) -> Setting:
    """Windows of a year, of a hundred rows a week; the reference holds four."""
    return Setting(yearly(DAY // 10, rng), 4 * 52 * DAY // 10, 52 * DAY // 10)


def alike(rng: np.random.Generator) -> Setting:  # noqa: ARG001 - settings are drawn alike
    """Windows of 4,000 autocorrelated rows, of which each four weigh as much as an independent one."""
    stream = Stream(again=AGAIN)
    return Setting(stream, 40_000, round(DAY * stream.inflation))


def quiet(make: Callable[[np.random.Generator], Setting], row: str) -> Callable[[int, int], Case]:
    """Eight windows without drift for each repetition, in the order of time, after the reference."""

    def build(seed: int, repetitions: int) -> Case:
        rng = np.random.default_rng(seed)
        setting = make(rng)
        windows = _windows(setting, 8 * repetitions, 0, rng)
        return _case(setting, rng, [Episode(row, windows)])

    return build


def shifts(
    make: Callable[[np.random.Generator], Setting],
    sizes: Sequence[float] = SIZES,
    counts: Sequence[str] = tuple(COUNTS),
) -> Callable[[int, int], Case]:
    """Each shift in two windows end to end, for each repetition at another time."""

    def build(seed: int, repetitions: int) -> Case:
        rng = np.random.default_rng(seed)
        setting = make(rng)
        episodes = []
        for turn in range(repetitions):
            for count in counts:
                for size in sizes:
                    moved = some_columns(COUNTS[count], rng)
                    drifts = [shifted(moved, size)] * 2
                    row = f"{size:g} SD in {count}"
                    episodes.append(_episode(row, setting, drifts, turn, rng, onsets=(0,), moved=moved))
        return _case(setting, rng, episodes)

    return build


def forms(seed: int, repetitions: int) -> Case:
    """What else may happen, and what must not be mistaken for it."""
    rng = np.random.default_rng(seed)
    setting = independent()(rng)
    episodes = []
    for turn in range(repetitions):

        def add(row: str, drifts: Sequence[Drift], turn: int = turn, **more: object) -> None:
            episodes.append(_episode(row, setting, drifts, turn, rng, **more))

        three = some_columns(3, rng)
        back = [shifted(three, 0.5)] * 2
        none = [shifted((), 0.0)] * 3
        add("gradual: 0 to 0.5 SD within ten windows", [shifted(three, by) for by in TO_HALF], within=10, **_on(three))
        add("recurring: 0.5 SD in two windows of five", [*back, *none, *back], **_on(three, (0, 5)))
        add("spread: 1.5 times", [spread(ONE, 1.5)] * 2, **_on(ONE))
        add("correlation of 0.6 gone, no column moved", [unrelated("x0")] * 2, **_on(TWO))
        for share in (0.02, 0.05, 0.1):
            add(f"a category appears: {share:.0%} of the rows", [appearing("segment", share)] * 2, **_on(SEGMENT))
        for name, share in (("d", "5 %"), ("c", "15 %")):
            add(f"a category vanishes: {share} of the rows", [vanishing("segment", name)] * 2, **_on(SEGMENT))
        add("60 % of a column missing", [missing("x2", 0.6)] * 2, **_on(ONE))
        far = with_outlier("x2")
        add("one outlier beside a shift of 0.25 SD", [both([shifted(ONE, 0.25), far])] * 2, **_on(ONE))
        add("one outlier beside a shift of 1 SD", [both([shifted(ONE, 1.0), far])] * 2, **_on(ONE))
        add("no drift, one outlier in each window: false alarms", [far] * 2)
    return _case(setting, rng, episodes)


def _on(moved: frozenset[str], onsets: tuple[int, ...] = (0,)) -> dict[str, object]:
    return {"moved": moved, "onsets": onsets}


def _episode(
    row: str, setting: Setting, drifts: Sequence[Drift], turn: int, rng: np.random.Generator, **more: object
) -> Episode:
    windows = _windows(setting, len(drifts), turn, rng)
    changed = [drift(window, rng) for drift, window in zip(drifts, windows, strict=True)]
    return Episode(row, changed, **more)  # type: ignore[arg-type]


def _windows(setting: Setting, count: int, turn: int, rng: np.random.Generator) -> list:
    """Windows end to end; each turn begins another window later, at another part of the season."""
    rows = setting.rows
    drawn = setting.stream.draw(count * rows, rng, start=setting.reference + turn * rows)
    return [drawn.iloc[place * rows : (place + 1) * rows].reset_index(drop=True) for place in range(count)]


def _case(setting: Setting, rng: np.random.Generator, episodes: Sequence[Episode]) -> Case:
    return Case(setting.stream.draw(setting.reference, rng), COLUMNS, tuple(episodes))
