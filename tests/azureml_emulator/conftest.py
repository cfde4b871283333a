"""The emulator as a process of its own, and the SDK in processes that have the environment it asks for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT

CLIENT = """
import sys
from azure.ai.ml import MLClient
from azure.identity import DefaultAzureCredential
client = MLClient(DefaultAzureCredential(), {subscription!r}, {resource_group!r}, {workspace!r})
"""


@dataclass(frozen=True)
class Emulator:
    """The running emulator."""

    state: Path
    settings: dict[str, Any]

    def python(self, code: str, workspace: str = "development", **environment: str) -> tuple[int, str]:
        """Run code after `client` was made, the SDK's MLClient: exit code and what it printed."""
        names = {key: self.settings[key] for key in ("subscription", "resource_group")}
        kept = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", CLIENT.format(**names, workspace=workspace) + code],
            env={**kept, **self.settings["environment"], **environment},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    @property
    def log(self) -> str:
        return (self.state / "emulator.log").read_text()


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """Started once, ended by its pid."""
    state = tmp_path_factory.mktemp("emulator")
    command = [sys.executable, "-m", "azureml_emulator", "--state", str(state)]
    process = subprocess.Popen([*command, "--workspace", "development", "--workspace", "production"], cwd=ROOT)
    try:
        deadline = time.monotonic() + 60
        while not (state / "emulator.json").exists():
            assert process.poll() is None, "the emulator ended at its start"
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield Emulator(state, json.loads((state / "emulator.json").read_text()))
    finally:
        process.terminate()
        process.wait(20)
