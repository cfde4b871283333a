"""What a job runs under: detached from whoever submitted it, it records pid, start, end and exit code.

`python -m platforms.local.job_wrapper FOLDER`; the folder holds `spec.json`. The caller may die; the job does not.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any


def _write(path: Path, content: dict[str, Any]) -> None:
    temporary = path.with_suffix(".part")
    temporary.write_text(json.dumps(content))
    temporary.replace(path)


def run(folder: Path) -> int:
    """Run the job once; a second wrapper for the same folder waits for the first and finds nothing to do.

    A search that nobody runs any more is carried on: it does not make what is there again.
    """
    lock = (folder / "lock").open("a")
    fcntl.flock(lock, fcntl.LOCK_EX)
    spec = json.loads((folder / "spec.json").read_text())
    if (folder / "exit.json").exists() or ((folder / "running.json").exists() and not spec["resumable"]):
        return 0
    started = time.time()
    with (folder / "log.txt").open("ab") as log:
        child = subprocess.Popen(
            spec["command"],
            cwd=folder / "code",
            env=spec["environment"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            process_group=0,  # so that a cancellation ends what it started, too
        )
        _write(folder / "running.json", {"wrapper": os.getpid(), "child": child.pid, "started": started})
        if (folder / "cancelled").exists():  # before there was anybody to be told
            os.killpg(child.pid, signal.SIGTERM)
        reason = ""
        try:
            code = child.wait(timeout=spec["time_limit_seconds"])
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            code = child.wait()
            reason = f"it ran longer than its limit of {spec['time_limit_seconds']} s"
    if not reason and code < 0:
        reason = f"it was ended by {signal.Signals(-code).name}"
    if not reason and code and (folder / "reason.txt").exists():
        reason = (folder / "reason.txt").read_text()
    _write(folder / "exit.json", {"code": code, "started": started, "ended": time.time(), "reason": reason})
    return 0


if __name__ == "__main__":
    sys.exit(run(Path(sys.argv[1])))
