"""`python -m tests`: the whole suite in sessions side by side, since most tests wait more than they compute.

Those that only use the service share one; else they share nothing but installed programs, which are put in place
first. Each tells what it has to say when it has ended; how far they are is told every now and then.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from deployments.azurite.install import NoNode, install_azurite
from tests.service import SHARED, clean, running_service, tell_of

ROOT = Path(__file__).parents[1]
AT_ONCE = 3
TOLD_EVERY_SECONDS = 30.0


def _flows(*names: str) -> tuple[str, ...]:
    return tuple(f"tests/flows/test_{name}.py" for name in names)


LOOP = _flows("loop", "people_decide", "killed")
RELEASES = _flows("ab_test", "rollout", "score", "stages", "staging_suite", "vouched")
WHOLE = ("tests/deployments", "tests/benchmarks", "tests/walk", "tests/scoring")  # services of their own, whole
FOLDERS = ("tests/flows", "tests/platforms", "tests/azureml_emulator", *WHOLE)


def _but(paths: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"--ignore={path}" for path in paths)


SHARING = ("loop", "flows", "releases", "platforms")  # one service; the others change its deployments
# The longest first, so that they end together. Whatever no other session names is one of the others.
SESSIONS = {
    "platforms": ("tests/platforms",),
    "services": WHOLE,
    "releases": RELEASES,
    "flows": ("tests/flows", *_but((*LOOP, *RELEASES))),
    "emulator": ("tests/azureml_emulator",),
    "loop": LOOP,
    "the others": _but(FOLDERS),
}


@dataclass
class Session:
    """A pytest process, and what it has written."""

    name: str
    process: subprocess.Popen[bytes]
    written: Path

    @property
    def text(self) -> str:
        return self.written.read_text(errors="replace")

    @property
    def progress(self) -> str:
        results = re.findall(r"^[.sxFE]+(?= *(?:\[ *\d+%\])?$)", self.text, re.MULTILINE)
        return f"{self.name}: {sum(map(len, results))} tests"


def main() -> int:
    """The exit code of pytest, the worst of all."""
    with suppress(NoNode):
        install_azurite(ROOT / ".perennial" / "azurite")
    waiting, code = list(SESSIONS), 0
    with tempfile.TemporaryDirectory() as folder, running_service(Path(folder)) as service, ExitStack() as ending:
        tell_of(service, Path(folder) / "service.json")
        running: list[Session] = []
        while waiting or running:
            while waiting and len(running) < AT_ONCE:
                running.append(_start(waiting.pop(0), Path(folder), ending))
            _wait(running)
            for session in [one for one in running if one.process.poll() is not None]:
                running.remove(session)
                print(f"\n{session.name}:\n{session.text}", flush=True)
                code = max(code, session.process.returncode)
    return code


def _start(name: str, folder: Path, ending: ExitStack) -> Session:
    written = folder / name
    command = [sys.executable, "-m", "pytest", *SESSIONS[name]]
    environment = {**clean(), **({SHARED: str(folder / "service.json")} if name in SHARING else {})}
    with written.open("wb") as told:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=told, stderr=subprocess.STDOUT)
    ending.callback(process.wait)
    ending.callback(process.terminate)
    return Session(name, process, written)


def _wait(running: list[Session]) -> None:
    """Until one of them has ended, or it is time to tell how far they are."""
    told = time.monotonic() + TOLD_EVERY_SECONDS
    while all(session.process.poll() is None for session in running):
        if time.monotonic() > told:
            print(", ".join(session.progress for session in running), flush=True)
            return
        time.sleep(0.2)


if __name__ == "__main__":
    sys.exit(main())
