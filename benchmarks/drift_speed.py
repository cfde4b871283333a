"""A drift check of every row: against Evidently's preset in the same run, streamed from Parquet, and how it grows.

Each measurement is a process of its own, since what another one freed would count as its memory. Memory is what the
process took at its peak, over what it held when it had the data.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.figures import Figure, percentile
from benchmarks.memory import held, peak
from benchmarks.service import ROOT

ROWS, COLUMNS = 1_000_000, 20
TIMES_FASTER = 100
MEGABYTES = 300
STREAMS = (1_250_000, 5_000_000)  # rows of 20 columns: 25 and 100 million values
GROUP = 1 << 17  # rows of a row group
SAME = 1.2  # peaks of the two streams differ by noise: 128 and 118 MB in one run, 115 and 126 in another
GROWTH = ((250_000, 20), (500_000, 20), (1_000_000, 20), (2_000_000, 20), (500_000, 10), (500_000, 40), (500_000, 80))
LINEAR = 0.98  # share of the variance that a straight line explains
RUNS = 3


def measure() -> Iterator[Figure]:
    """Speed and memory beside Evidently's, the streams' memory, the growth with rows and columns."""
    with tempfile.TemporaryDirectory() as folder:
        profile = Path(folder) / "profile.json"
        _worker("profile", profile)
        ours, evidently = _worker("ours", profile), _worker("evidently", profile)
        times = evidently["seconds"] / ours["seconds"]
        shape = f"{ROWS:.0e} rows x {COLUMNS} columns"
        yield Figure(
            f"drift check of {shape}, times as fast as Evidently's preset",
            f"{times:.0f} ({evidently['seconds']:.1f} s / {ours['seconds']:.2f} s; "
            f"of processor {evidently['cpu']:.1f} s / {ours['cpu']:.2f} s)",
            f"{TIMES_FASTER}",
            times >= TIMES_FASTER,
        )
        yield Figure(
            "the same, memory over the data",
            f"{ours['megabytes']:.0f} MB (Evidently's preset: {evidently['megabytes']:.0f} MB)",
            f"{MEGABYTES} MB",
            ours["megabytes"] <= MEGABYTES,
        )
        yield _streams(Path(folder), profile)
    yield from _growth(_worker("growth", Path("unused"))["seconds"])


def _streams(folder: Path, profile: Path) -> Figure:
    done = []
    for rows in STREAMS:
        file = folder / "window.parquet"
        _write(file, rows)
        done.append(_worker("stream", profile, file))
        file.unlink()
    told = "; ".join(
        f"{rows * COLUMNS:.1e} values: {one['megabytes']:.0f} MB, {one['seconds']:.1f} s"
        for rows, one in zip(STREAMS, done, strict=True)
    )
    constant = done[-1]["megabytes"] <= SAME * done[0]["megabytes"]
    return Figure("drift check streamed from Parquet, memory over the imports'", told, "the same", constant)


def _growth(seconds: Sequence[float]) -> Iterator[Figure]:
    for axis, what, other in ((0, "rows", 20), (1, "columns", 500_000)):
        points = [(shape[axis], took) for shape, took in zip(GROWTH, seconds, strict=True) if shape[1 - axis] == other]
        sizes, took = (np.array(values, dtype=float) for values in zip(*sorted(points), strict=True))
        slope, start = np.polyfit(sizes, took, 1)
        explained = np.corrcoef(sizes, took)[0, 1] ** 2
        per = slope * 1e9 / other
        told = f"{start:.2f} s + {per:.0f} ns a value, R² {explained:.4f} ({', '.join(f'{one:.2f}' for one in took)} s)"
        name = f"drift check, growth with {what} ({', '.join(f'{size:.3g}' for size in sizes)})"
        yield Figure(name, told, f"linear: R² {LINEAR}", bool(explained >= LINEAR))


def _worker(what: str, *paths: Path) -> dict[str, Any]:
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.drift_speed", what, *map(str, paths)]
    lines = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout.splitlines()
    return dict(json.loads(lines[-1]))


def _frame(rows: int, columns: int, seed: int, shift: float = 0.0) -> pd.DataFrame:
    """Columns that lie apart in memory, as they come from Parquet."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame({f"x{place}": rng.normal(shift, 1, rows) for place in range(columns)}, copy=False)


def _write(file: Path, rows: int) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([(f"x{place}", pa.float64()) for place in range(COLUMNS)])
    with pq.ParquetWriter(file, schema, compression="none", use_dictionary=False) as writer:
        for seed, start in enumerate(range(0, rows, GROUP)):
            piece = _frame(min(GROUP, rows - start), COLUMNS, seed=100 + seed, shift=0.1)
            writer.write_table(pa.Table.from_pandas(piece, schema=schema), row_group_size=GROUP)


def _make_profile(path: Path) -> dict[str, Any]:
    path.write_text(_profile(_frame(ROWS, COLUMNS, seed=0)).model_dump_json())
    return {}


def _ours(path: Path) -> dict[str, Any]:
    """From the stored profile to verdicts and classical statistics; the median of the runs."""
    from monitoring.drift import score_columns
    from monitoring.profile import Profile

    window = _frame(ROWS, COLUMNS, seed=1, shift=0.1)
    before, cpu, took = held(), time.process_time(), []
    for _ in range(RUNS):
        started = time.perf_counter()
        score_columns(Profile.model_validate_json(path.read_text()), window)
        took.append(time.perf_counter() - started)
    cpu = (time.process_time() - cpu) / RUNS
    return {"seconds": percentile(took, 0.5), "cpu": cpu, "megabytes": peak() - before}


def _evidently(_: Path) -> dict[str, Any]:
    """Its preset for drift on the same rows, once: it takes a minute."""
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    frames = _frame(ROWS, COLUMNS, seed=1, shift=0.1), _frame(ROWS, COLUMNS, seed=0)
    definition = DataDefinition(numerical_columns=list(frames[0].columns))
    before, started, cpu = held(), time.perf_counter(), time.process_time()
    Report([DataDriftPreset()]).run(*(Dataset.from_pandas(frame, data_definition=definition) for frame in frames))
    cpu = time.process_time() - cpu
    return {"seconds": time.perf_counter() - started, "cpu": cpu, "megabytes": peak() - before}


def _stream(profile_path: Path, window: Path) -> dict[str, Any]:
    import pyarrow.parquet  # noqa: F401 - its memory is not the stream's

    from monitoring.drift import count_window, score_columns
    from monitoring.profile import Profile
    from platforms.parquet_frames import parquet_frames

    profile = Profile.model_validate_json(profile_path.read_text())
    before, started = held(), time.perf_counter()
    score_columns(profile, count_window(profile, parquet_frames([window])))
    return {"seconds": time.perf_counter() - started, "megabytes": peak() - before}


def _grow(_: Path) -> dict[str, Any]:
    """Seconds by shape, the least of the runs: noise only adds."""
    from monitoring.drift import score_columns

    cases = [(_profile(_frame(20_000, columns, seed=0)), rows, columns) for rows, columns in GROWTH]
    took: list[list[float]] = [[] for _ in cases]
    for _run in range(RUNS):  # in turns, so that noise falls on all shapes
        for (profile, rows, columns), times in zip(cases, took, strict=True):
            window = _frame(rows, columns, seed=1)
            started = time.perf_counter()
            score_columns(profile, window)
            times.append(time.perf_counter() - started)
    return {"seconds": [min(times) for times in took]}


def _profile(reference: pd.DataFrame) -> Any:
    from lifecycle.columns import Column
    from monitoring.profile import reference_profile

    return reference_profile(reference, [Column(name=str(name), type="number") for name in reference.columns])


_WORKERS = {"profile": _make_profile, "ours": _ours, "evidently": _evidently, "stream": _stream, "growth": _grow}

if __name__ == "__main__":
    print(json.dumps(_WORKERS[sys.argv[1]](*map(Path, sys.argv[2:]))))  # type: ignore[operator]
