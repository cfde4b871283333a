"""A training script for searches: how good it is follows from its parameters alone."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

from lifecycle.search import Search
from platforms.ports import JobSpec, Platform

SCRIPT = """
import argparse, json, os, pathlib, sys, time
parser = argparse.ArgumentParser()
for name in ("--data", "--out", "--given", "--rate", "--depth", "--shape"):
    parser.add_argument(name)
given = parser.parse_args()
out = pathlib.Path(given.out)
out.mkdir(parents=True, exist_ok=True)
(out / "model.txt").write_text(f"{given.given} {given.rate} {given.depth} {given.shape}")
print("tried", given.rate, given.depth, given.shape, (pathlib.Path(given.data) / "one.txt").read_text(), flush=True)
"""
# 1 at rate 0.3 and depth 5, less elsewhere.
METRICS = """
score = 1 - abs(float(given.rate) - 0.3) - abs(int(given.depth) - 5) / 100
(out / "metrics.json").write_text(json.dumps({"score": score, "rows": 7}))
"""


def search(**more: object) -> Search:
    """A grid of four points, the best of which is number 2."""
    content: dict[str, object] = {
        "space": {"rate": (0.1, 0.3), "depth": (5, 8)},
        "objective": "score",
        "goal": "maximize",
        "sampling": "grid",
        "trials": 4,
        "at_once": 2,
    }
    return Search.model_validate({**content, **more})


def search_job(platform: Platform, folder: Path, script: str, wanted: Search, **more: object) -> JobSpec:
    """A job of its own name and data that searches."""
    name = f"search-{uuid4().hex[:12]}"
    platform.blobs.write(f"{name}/one.txt", b"hello")
    code = folder / "code"
    code.mkdir(exist_ok=True)
    (code / "script.py").write_text(SCRIPT + script)
    command = ("python", "code/script.py", "--data", "{data}", "--out", "{out}", "--given", "a 'b' $c")
    return JobSpec(name, code, command, f"{name}/", search=wanted, **more)  # type: ignore[arg-type]
