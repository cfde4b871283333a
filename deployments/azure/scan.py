"""Reads every Bicep file with checkov's parser, then lets checkov scan them and the Dockerfiles, offline.

Run by the Python of `.perennial/checkov`, which `make check` builds from `checkov.lock`. The parser comes first since
checkov passes over a file that it cannot read, and says nothing.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
AZURE = ROOT / "deployments" / "azure"
DOCKER = ROOT / "docker"
SCAN = ["--framework", "bicep", "dockerfile", "--skip-download", "--compact", "--quiet"]


def unreadable(files: list[Path]) -> list[str]:
    """What the parser does not understand, a line a file."""
    from pycep import BicepParser

    parser = BicepParser()
    problems = []
    for file in files:
        try:
            parser.parse(text=file.read_text())
        except Exception as error:  # the parser's own kinds are many
            problems.append(f"{file.relative_to(ROOT)}: {str(error).splitlines()[0]}")
    return problems


def main() -> int:
    """0 where all is read and nothing found."""
    files = sorted(AZURE.rglob("*.bicep"))
    problems = unreadable(files)
    if problems or not files:
        print("\n".join(problems) or f"No Bicep in {AZURE}")
        return 1
    # By file: of two folders, checkov scans the first twice.
    scanned = [str(file) for file in (*files, *sorted(DOCKER.rglob("*Dockerfile")))]
    environment = {**os.environ, "LOG_LEVEL": "ERROR"}
    command = [str(Path(sys.executable).parent / "checkov"), "--file", *scanned, *SCAN]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=False)
    print(f"checkov: {len(files)} Bicep files read")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
