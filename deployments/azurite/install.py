"""Azurite's program in a folder of the project, by npm, exactly as `package-lock.json` says."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

_HERE = Path(__file__).parent
_FILES = ("package.json", "package-lock.json", ".npmrc")
_PROGRAM = "node_modules/azurite/dist/src/blob/main.js"


class NoNode(RuntimeError):
    """Azurite cannot run here, for want of Node.js or npm."""


class CannotInstall(RuntimeError):
    """npm failed; the message ends with its own words."""


def require_node() -> None:
    """NoNode unless both programs are on the PATH."""
    absent = [program for program in ("node", "npm") if shutil.which(program) is None]
    if absent:
        raise NoNode(f"Azurite needs Node.js and npm: {' and '.join(absent)} not found on the PATH.")


def install_azurite(folder: Path) -> Path:
    """The program's path, installed below the folder unless this very lock already is. NoNode, CannotInstall."""
    require_node()
    program = folder / _PROGRAM
    ready = folder / f"ready-{hashlib.sha256((_HERE / 'package-lock.json').read_bytes()).hexdigest()[:16]}"
    if ready.exists():
        return program
    folder.mkdir(parents=True, exist_ok=True)
    for name in _FILES:
        shutil.copyfile(_HERE / name, folder / name)
    words = ["npm", "ci", "--omit=dev", "--no-audit", "--no-fund", "--ignore-scripts"]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise CannotInstall(f"npm could not install Azurite into {folder}: {done.stderr.strip()[-1000:]}")
    ready.touch()
    return program
