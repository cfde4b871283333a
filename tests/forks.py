"""A process that has imported what flows need, and forks for each piece of code that it is told to run.

Importing Prefect, pandas and scikit-learn takes longer than most of the runs that the tests make of a flow.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import selectors
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

FLOWS = (
    "compare_batch",
    "ingest",
    "monitor",
    "patrol",
    "promote",
    "release",
    "retrain",
    "rollback",
    "score",
    "setup",
    "train",
)
IMPORTED = (*(f"flows.{name}" for name in FLOWS), "sklearn.ensemble", "skops.io", "mlflow.sklearn")


class Forks:
    """Starts the process when it is first needed, in this environment."""

    def __init__(self, folder: Path, environment: Mapping[str, str], modules: Sequence[str] = IMPORTED) -> None:
        self._folder, self._modules = folder, modules
        self._environment = dict(environment)
        self._process: subprocess.Popen[str] | None = None

    def run(self, code: str, environment: Mapping[str, str], timeout: float = 900.0) -> tuple[int, str]:
        """Run the code to its end in a fork with that environment: exit code (-9: killed) and all that it printed."""
        process = self._process = self._process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        with tempfile.NamedTemporaryFile("r", errors="replace") as output:
            told = {"code": code, "environment": dict(environment), "output": output.name}
            process.stdin.write(json.dumps(told) + "\n")
            process.stdin.flush()
            with selectors.DefaultSelector() as selector:
                selector.register(process.stdout, selectors.EVENT_READ)
                if not selector.select(timeout):
                    self.close()
                    raise TimeoutError(f"It runs longer than {timeout} s:\n{output.read()}")
            return int(process.stdout.readline()), output.read()

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.forks", *self._modules],
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )


def main() -> None:
    """Import, then fork as often as a line comes."""
    for name in sys.argv[1:]:
        importlib.import_module(name)
    gc.freeze()
    for line in sys.stdin:
        told = json.loads(line)
        process = os.fork()
        if process == 0:
            _become(told)
            return
        _, status = os.waitpid(process, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _become(told: dict[str, Any]) -> None:
    """What a fresh process would be that was given the code."""
    os.environ.clear()
    os.environ.update(told["environment"])
    output, nothing = os.open(told["output"], os.O_WRONLY), os.open(os.devnull, os.O_RDONLY)
    for here, there in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(here, there)
    exec(compile(told["code"], "<code>", "exec"), {"__name__": "__main__"})  # noqa: S102


if __name__ == "__main__":
    main()
