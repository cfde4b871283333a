"""What the emulator's README has one paste works, and its list of options is the command's."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

from azureml_emulator.coverage import README
from tests.conftest import ROOT


def test_the_quick_start_works(tmp_path: Path) -> None:
    script = README.read_text().partition("<!-- quick start -->\n")[2].partition("<!-- /quick start -->")[0]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AZURE_")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**kept, "PATH": path, "PYTHONPATH": str(ROOT)}
    pasted = subprocess.run(
        ["/bin/bash", "-c", textwrap.dedent(script)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert pasted.stdout == "westeurope\n", pasted.stderr


def test_every_option_is_described() -> None:
    command = [sys.executable, "-m", "azureml_emulator", "--help"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=400, check=True).stdout
    options = set(re.findall(r"--[a-z-]+", told)) - {"--help"}
    described = set(re.findall(r"^\| .*", README.read_text(), re.MULTILINE))
    missing = {option for option in options if not any(f"`{option}" in line for line in described)}
    assert not missing
