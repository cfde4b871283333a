"""NannyML as it comes, in an environment of its own: what it wants of numpy and pandas is not what we want.

Of inputs its univariate drift (Jensen-Shannon over 0.1), of labelled predictions its realised performance (beyond three
standard deviations of the reference's chunks).
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import IO

import pandas as pd

from benchmarks.drift_calibration.cases import LABEL, PREDICTION, PROBABILITY, Case
from benchmarks.drift_calibration.detectors import Told, findings
from benchmarks.service import ROOT

NAME = "NannyML, any column"
PLACE = ROOT / ".perennial" / "nannyml"
_HERE = Path(__file__).parent


def install() -> str | None:
    """Make the environment where there is none. Why there is none, where that fails."""
    ready = PLACE / ".ready"
    wanted = (_HERE / "nannyml.txt").read_text()
    if ready.exists() and ready.read_text() == wanted:
        return None
    uv, python = Path(sys.executable).with_name("uv"), PLACE / "bin" / "python"
    for command in (
        [uv, "venv", "--quiet", "--clear", "--python", sys.executable, PLACE],
        [uv, "pip", "install", "--quiet", "--python", python, "--compile-bytecode", "-r", _HERE / "nannyml.txt"],
    ):
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
        if done.returncode:
            return f"NannyML could not be installed: {done.stderr.strip()[-300:]}"
    ready.write_text(wanted)
    return None


def nannyml(case: Case) -> Told:
    """Its verdicts. Wants `install` to have succeeded."""
    extra = [name for name in (LABEL, PREDICTION, PROBABILITY) if name in case.reference]
    names = [column.name for column in case.columns] + extra
    windows = [window[names] for episode in case.episodes for window in episode.windows]
    with tempfile.TemporaryDirectory() as folder:
        case.reference[names].to_parquet(Path(folder) / "reference.parquet")
        pd.concat(windows, ignore_index=True).to_parquet(Path(folder) / "windows.parquet")
        asked = {"columns": names, "rows": len(windows[0]), "labelled": bool(extra)}
        (Path(folder) / "case.json").write_text(json.dumps(asked))
        flagged = _ask(folder)
    each = iter([findings(dict(zip(flagged, one, strict=True))) for one in zip(*flagged.values(), strict=True)])
    return {NAME: [[next(each) for _ in episode.windows] for episode in case.episodes]}


def _ask(folder: str) -> dict[str, list[bool]]:
    asks, answers = _worker()
    asks.write(f"{folder}\n")
    asks.flush()
    line = answers.readline()
    if not line:
        raise RuntimeError("NannyML's process ended; what it said is on stderr")
    return dict(json.loads(line))


@cache
def _worker() -> tuple[IO[str], IO[str]]:
    """One for each process, since its imports take seconds. It ends when we do, and with us its standard input."""
    command = [str(PLACE / "bin" / "python"), str(_HERE / "nannyml_worker.py")]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    return process.stdin, process.stdout
