"""Runs `batch_score.py` over a folder as Azure ML's driver does. Copied beside it; imports nothing of ours.

Mini-batches go to a process of their own, which is replaced where it dies or takes too long; each is tried again as
often as it may be. Exit code 1 where more files fail than the error threshold allows, or where `init()` fails.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import traceback
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

_GRACE_SECONDS = 5.0


class InitFailed(RuntimeError):
    """The script cannot begin."""


class Worker:
    """The process that holds the script; it is started when it is first asked, and after it was ended."""

    def __init__(self, script: str) -> None:
        self._script = script
        self._process: Any = None
        self._pipe: Connection | None = None

    def score(self, batch: Sequence[str], timeout: float) -> tuple[int, str]:
        """How many files were scored, or what went wrong. InitFailed where the script cannot begin."""
        pipe = self._pipe or self._begin()
        try:
            pipe.send(list(batch))
            if pipe.poll(timeout):
                answer: tuple[int, str] = pipe.recv()
                return answer
            error = f"it took longer than {timeout:g} s"
        except (EOFError, OSError):
            error = "its process died"
        self.end()
        return 0, error

    def end(self) -> None:
        """Idempotent."""
        if self._process is not None:
            self._process.terminate()
            self._process.join(_GRACE_SECONDS)
            self._process.kill()
            self._process.join()
        self._process = self._pipe = None

    def _begin(self) -> Connection:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(self._script, theirs), daemon=True)
        self._process.start()
        theirs.close()
        try:
            ours.recv()
        except EOFError:
            raise InitFailed("init() failed") from None
        self._pipe = ours
        return ours


def score_all(files: Sequence[str], told: argparse.Namespace) -> int:
    """How many files failed; no more mini-batches are begun once that is more than the threshold."""
    worker = Worker(told.script)
    failed = 0
    try:
        for start in range(0, len(files), told.mini_batch_size):
            batch = files[start : start + told.mini_batch_size]
            for attempt in range(1, told.retries + 2):
                scored, error = worker.score(batch, told.timeout)
                if not error:
                    break
                print(f"mini-batch of {Path(batch[0]).name}, attempt {attempt}: {error}", flush=True)
            failed += len(batch) - scored
            if _too_many(failed, told.error_threshold):
                break
    finally:
        worker.end()
    return failed


def _too_many(failed: int, threshold: int) -> bool:
    """A threshold of -1 forgives everything."""
    return 0 <= threshold < failed


def _work(script: str, pipe: Connection) -> None:
    """In the worker's process."""
    sys.path.insert(0, str(Path(script).parent))
    module: Any = __import__(Path(script).stem)
    module.init()
    pipe.send("ready")
    while True:
        batch = pipe.recv()
        try:
            pipe.send((len(module.run(batch)), ""))
        except Exception:
            pipe.send((0, traceback.format_exc()))


def main() -> int:
    """The job's exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--script", default=str(Path(__file__).with_name("batch_score.py")))
    parser.add_argument("--data", required=True)
    parser.add_argument("--mini-batch-size", type=int, required=True)
    parser.add_argument("--error-threshold", type=int, required=True)
    parser.add_argument("--retries", type=int, required=True)
    parser.add_argument("--timeout", type=float, required=True)
    told = parser.parse_args()
    root = Path(told.data).resolve()
    os.environ["PERENNIAL_INPUT_ROOT"] = str(root)
    files = sorted(str(path) for path in root.rglob("*") if path.is_file())
    try:
        failed = score_all(files, told)
    except InitFailed as error:
        print(error, flush=True)
        return 1
    print(f"{len(files)} files, {failed} failed, the threshold is {told.error_threshold}", flush=True)
    return 1 if _too_many(failed, told.error_threshold) else 0


if __name__ == "__main__":
    sys.exit(main())
