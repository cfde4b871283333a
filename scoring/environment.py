"""A slot's environment: a virtual environment made of pinned requirements and named by their hash."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

DEFAULT_REQUIREMENTS = Path(__file__).parent / "requirements.lock"
_READY = ".ready"


class EnvironmentFailed(RuntimeError):
    """The environment could not be built; the message holds what the installer said."""


def environment_of(folder: Path, requirements: Path = DEFAULT_REQUIREMENTS) -> Path:
    """Where the Python of these requirements' environment is, or would be."""
    name = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()[:16]
    return folder.resolve() / name / "bin" / "python"


def build_environment(folder: Path, requirements: Path = DEFAULT_REQUIREMENTS) -> Path:
    """The Python of the environment for these requirements, built if it is not there; its folder is its hash.

    Whoever comes while another builds waits for it. EnvironmentFailed where a package cannot be had.
    """
    content = requirements.read_bytes()
    python = environment_of(folder, requirements)
    target = python.parents[1]
    name = target.name
    if (target / _READY).exists():
        return python
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (target / _READY).exists():
            shutil.rmtree(target, ignore_errors=True)  # what an interrupted build left
            _uv("venv", "--quiet", "--python", sys.executable, str(target))
            pinned = target / "requirements.lock"
            pinned.write_bytes(content)
            install = ("pip", "sync", "--quiet", "--require-hashes", "--compile-bytecode")
            _uv(*install, "--python", str(python), str(pinned))
            (target / _READY).touch()
    return python


def _uv(*words: str) -> None:
    beside = Path(sys.executable).parent / "uv"
    command = str(beside) if beside.exists() else "uv"
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run([command, *words], env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise EnvironmentFailed(f"uv {words[0]} failed: {done.stderr[-2000:]}")


if __name__ == "__main__":
    print(build_environment(Path(sys.argv[1])))
