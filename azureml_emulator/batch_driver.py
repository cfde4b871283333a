"""Runs a batch deployment's scoring script over files, mini-batch by mini-batch, as the service's own driver does.

A program of its own: it runs with the jobs' Python, which has nothing of the emulator's. The script has `init()` and
`run(mini_batch)`; `run` gets a list of paths and returns a list or a pandas DataFrame, one element or row a prediction.
"""

from __future__ import annotations

import argparse
import importlib.util
import multiprocessing
import os
import queue
import sys
import threading
import traceback
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

_GRACE_SECONDS = 5.0
# What a worker answers: lines and how many results they are, or what went wrong.
Answer = tuple[list[str], int, str]


def main() -> int:
    """The job's exit code."""
    told = _arguments()
    files = sorted(file for folder in told.inputs for file in _files(Path(folder)))
    batches: queue.Queue[list[str]] = queue.Queue()
    for start in range(0, len(files), told.mini_batch_size):
        batches.put([str(file) for file in files[start : start + told.mini_batch_size]])
    _set_model_directory(told)
    os.environ["AZUREML_BI_OUTPUT_PATH"] = told.output  # where a script may write files of its own
    tally = Tally(Path(told.output) / told.output_file_name, told.output_action, told.error_threshold)
    workers = [threading.Thread(target=_serve, args=(told, batches, tally)) for _ in range(told.concurrency)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    print(f"{len(files)} files, {tally.failed} failed, the threshold is {told.error_threshold}", flush=True)
    return 1 if tally.is_over else 0


class InitFailed(Exception):
    """A script that cannot begin will not with the next mini-batch either: the job is over."""


class Tally:
    """What has come of the files so far; a threshold of -1 forgives everything."""

    def __init__(self, file: Path, action: str, threshold: int) -> None:
        self._file = file
        self._appends = action.lower() == "appendrow"
        self._threshold = threshold
        self._lock = threading.Lock()
        self.failed = 0
        self.gave_up = False
        if self._appends:
            file.touch()

    @property
    def is_over(self) -> bool:
        return self.gave_up or 0 <= self._threshold < self.failed

    def add(self, lines: list[str], failed: int) -> None:
        with self._lock:
            self.failed += failed
            if self._appends and lines:
                with self._file.open("a") as file:
                    file.writelines(line + "\n" for line in lines)


class Worker:
    """A process that holds the script. One that hangs or dies is replaced by the next call."""

    def __init__(self, script: str) -> None:
        self._script = script
        self._process: Any = None
        self._pipe: Connection | None = None

    def score(self, batch: list[str], timeout: float) -> Answer:
        """The script's answer, or why there is none; it may take `timeout` seconds."""
        pipe = self._pipe or self._begin()
        try:
            pipe.send(batch)
            if pipe.poll(timeout):
                answer: Answer = pipe.recv()
                return answer
            reason = f"took longer than {timeout:g} s"
        except (EOFError, OSError):
            reason = "ended the process"
        self.end()
        return [], 0, f"the scoring script {reason}"

    def end(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.join(_GRACE_SECONDS)
            self._process.kill()
            self._process.join()
        self._process = self._pipe = None

    def _begin(self) -> Connection:
        """The time that `init()` takes is not the mini-batch's."""
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(self._script, theirs), daemon=True)
        self._process.start()
        theirs.close()
        self._pipe = ours
        try:
            ours.recv()
        except EOFError as error:
            raise InitFailed("The scoring script ended before its init() had.") from error
        return ours


def _serve(told: argparse.Namespace, batches: queue.Queue[list[str]], tally: Tally) -> None:
    """One worker's share of the mini-batches; each is tried again as often as the deployment says."""
    worker = Worker(told.script)
    try:
        while not tally.is_over:
            try:
                batch = batches.get_nowait()
            except queue.Empty:
                return
            for attempt in range(told.max_retries + 1):
                lines, results, error = worker.score(batch, told.timeout)
                if not error:
                    tally.add(lines, max(0, len(batch) - results))
                    break
                print(f"mini-batch of {batch[0]}, attempt {attempt + 1}: {error}", flush=True)
            else:
                tally.add([], len(batch))
    except InitFailed as error:
        print(error, flush=True)
        tally.gave_up = True
    finally:
        worker.end()


def _work(script: str, pipe: Connection) -> None:
    """In the worker's process."""
    module = _load(script)
    if hasattr(module, "init"):
        module.init()
    pipe.send("ready")
    while True:
        batch = pipe.recv()
        try:
            lines = _lines(module.run(batch))
            pipe.send((lines, len(lines), ""))
        except Exception:
            pipe.send(([], 0, traceback.format_exc()))


def _load(script: str) -> Any:
    file = Path(script).resolve()
    sys.path.insert(0, str(file.parent))
    spec = importlib.util.spec_from_file_location(file.stem, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{script} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module
    spec.loader.exec_module(module)
    return module


def _lines(results: Any) -> list[str]:
    """A line a result; the rows of a DataFrame as CSV without header and index."""
    if hasattr(results, "to_csv"):
        text: str = results.to_csv(header=False, index=False)
        return text.splitlines()
    return [str(result) for result in results]


def _files(folder: Path) -> Iterator[Path]:
    yield from ([folder] if folder.is_file() else (file for file in folder.rglob("*") if file.is_file()))


def _set_model_directory(told: argparse.Namespace) -> None:
    """A model's folder keeps its own name below the directory, as in the service's container."""
    directory = told.model
    if told.model and told.model_folder:
        directory = f"{told.model}-directory"
        Path(directory).mkdir()
        Path(told.model).rename(Path(directory) / told.model_folder)
    os.environ["AZUREML_MODEL_DIR"] = directory


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--script", required=True)
    parser.add_argument("--inputs", nargs="+", required=True)
    parser.add_argument("--output", required=True)
    parser.add_argument("--output-file-name", required=True)
    parser.add_argument("--output-action", required=True)
    parser.add_argument("--model", default="")
    parser.add_argument("--model-folder", default="")
    parser.add_argument("--mini-batch-size", type=int, required=True)
    parser.add_argument("--concurrency", type=int, required=True)
    parser.add_argument("--error-threshold", type=int, required=True)
    parser.add_argument("--max-retries", type=int, required=True)
    parser.add_argument("--timeout", type=float, required=True)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
