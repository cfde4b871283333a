"""Real patients: silence between two samples of one population, and an alarm where only those over 35 come.

`python -m benchmarks.real_data [FOLDER]`: where train.csv and holdout.csv lie, `../shared/data/diabetes` unless told.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.drift_calibration.detectors import Watch
from benchmarks.drift_calibration.tally import wilson
from benchmarks.drift_calibration.watching import AT_ONCE, CONFIRMED, alarmed
from benchmarks.figures import Figure
from benchmarks.service import ROOT
from lifecycle.columns import Column

DATA = ROOT.parent / "shared" / "data" / "diabetes"
SPLITS, ROWS = 200, 1000
OLDER = 35  # years


def measure(folder: Path = DATA) -> Iterator[Figure]:
    """False alarms over the splits of the ones, findings and alarms over the splits of the others."""
    if not (folder / "train.csv").is_file():
        yield Figure("real patients", f"not measured: there is no {folder}/train.csv", "no alarm in 200 splits", False)
        return
    columns, train, holdout = patients(folder)
    watch = Watch(holdout, columns)
    windows, findings, alarms = 0, 0, 0
    for seed in range(SPLITS):
        looked = [watch.look(window) for window in split(train, seed)]
        windows += len(looked)
        findings += sum(bool(subjects) for subjects in alarmed(looked, AT_ONCE))
        alarms += sum(bool(subjects) for subjects in alarmed(looked, CONFIRMED))
    low, high = wilson(alarms, windows)
    yield Figure(
        f"{SPLITS} splits of real patients into windows of {ROWS}",
        f"{alarms} alarms, {findings} findings in {windows} windows (alarms {low:.2%} to {high:.2%})",
        "no alarm",
        alarms == 0,
    )
    first, second = zip(*(told(watch, train[train["Age"] > OLDER], seed) for seed in range(SPLITS)), strict=True)
    yield Figure(
        f"only patients over {OLDER}, {SPLITS} splits",
        f"a finding in the first window {sum(first)} times, an alarm in the second {sum(second)} times",
        f"{SPLITS} and {SPLITS}",
        all(first) and all(second),
    )


def patients(folder: Path) -> tuple[tuple[Column, ...], pd.DataFrame, pd.DataFrame]:
    """The columns, those who were trained on and those held out, as ingestion types them."""
    from monitoring.inference import infer_columns
    from monitoring.quality import split_rows

    train, holdout = (pd.read_csv(folder / name, dtype=str) for name in ("train.csv", "holdout.csv"))
    columns = infer_columns(train, exclude={"PatientID", "Diabetic"})
    return columns, *(split_rows(frame, columns, "Diabetic")[0] for frame in (train, holdout))


def split(rows: pd.DataFrame, seed: int) -> list[pd.DataFrame]:
    """All of them once, in an order drawn, by the thousand; the rest is left out."""
    order = np.random.default_rng(seed).permutation(len(rows))
    return [rows.iloc[order[start : start + ROWS]] for start in range(0, len(rows) - ROWS + 1, ROWS)]


def told(watch: Watch, rows: pd.DataFrame, seed: int) -> tuple[bool, bool]:
    """Of the first two windows of a split: whether the first holds a finding, whether the second raises an alarm."""
    looked = [watch.look(window) for window in split(rows, seed)[:2]]
    return any(finding.significant for finding in looked[0]), bool(alarmed(looked, CONFIRMED)[1])


if __name__ == "__main__":
    for figure in measure(*map(Path, sys.argv[1:2])):
        print(f"{figure.what}: {figure.measured} (goal: {figure.goal}){'' if figure.met else ' MISSED'}")
