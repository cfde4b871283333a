"""`perennial emulate`: what it prints is enough for a shell, and Ctrl-C leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.conftest import ROOT
from tests.waiting import until

UPLOAD = """
from azure.identity import DefaultAzureCredential
from azure.storage.blob import ContainerClient
container = ContainerClient.from_container_url("{place}", DefaultAzureCredential())
container.create_container()
container.upload_blob("one", b"kept")
print(container.download_blob("one").readall())"""
COMMAND = str(Path(sys.executable).parent / "perennial")


def _printed(process: subprocess.Popen[str], last: str) -> str:
    """Its output up to the line that begins so."""
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith(last):
            return "".join(lines)
    raise AssertionError("".join(lines))


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("AZURE_", "PERENNIAL_"))}


def _python(printed: str) -> subprocess.CompletedProcess[str]:
    """The printed lines in a shell of their own, the example among them."""
    script = printed.replace("python -", f"{sys.executable} -W ignore -", 1)
    return subprocess.run(["bash", "-c", script], env=_environment(), capture_output=True, text=True, timeout=400)


@pytest.fixture
def running(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[str]]:
    more: tuple[str, ...] = getattr(request, "param", ())
    words = [COMMAND, "emulate", "--state", str(tmp_path / "state"), "--port", "0", *more]
    process = subprocess.Popen(
        words,
        env=_environment(),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # a shell's background has none
    )
    yield process
    if process.poll() is None:
        process.terminate()
    process.wait(120)


def test_what_it_prints_leads_the_sdk_to_it_and_ctrl_c_ends_it(running: subprocess.Popen[str]) -> None:
    printed = _printed(running, "# Ctrl-C")
    done = _python(printed)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "westeurope"
    children = psutil.Process(running.pid).children()
    assert children
    running.send_signal(signal.SIGINT)
    assert running.wait(120) == 0
    assert not [child for child in children if child.is_running()]


@pytest.mark.parametrize("running", [("--azurite",)], indirect=True)
def test_blobs_may_lie_in_azurite(running: subprocess.Popen[str], azurite: object) -> None:  # noqa: ARG001 (skips without Node)
    printed = _printed(running, "# Ctrl-C")
    place = "https://emulated.blob.core.windows.net/taken"
    code = UPLOAD.format(place=place)
    exports = "\n".join(line for line in printed.splitlines() if line.startswith("export "))
    script = f"{exports}\n{sys.executable} -W ignore - <<'END'\n{code}\nEND"
    done = subprocess.run(["bash", "-c", script], env=_environment(), capture_output=True, text=True, timeout=400)
    assert (done.returncode, done.stdout.strip()) == (0, "b'kept'"), done.stderr
    names = [child.name() for child in psutil.Process(running.pid).children(recursive=True)]
    assert any("node" in name for name in names), names


def test_it_stays_in_the_background(tmp_path: Path) -> None:
    words = [COMMAND, "emulate", "--state", str(tmp_path), "--port", "0", "--background"]
    done = subprocess.run(words, env=_environment(), cwd=ROOT, capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stderr
    pid = int(done.stdout.partition("`kill ")[2].partition("`")[0])
    try:
        assert (tmp_path / "emulator.json").exists()
        assert psutil.pid_exists(pid)
    finally:
        psutil.Process(pid).terminate()
    until(lambda: not (tmp_path / "emulator.json").exists(), 30, what="its end")


def test_azurite_in_the_background_is_refused(tmp_path: Path) -> None:
    words = [COMMAND, "emulate", "--state", str(tmp_path), "--azurite", "--background"]
    done = subprocess.run(words, env=_environment(), cwd=ROOT, capture_output=True, text=True, timeout=400)
    assert (done.returncode, "in the foreground" in done.stderr) == (1, True), done.stderr
