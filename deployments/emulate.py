"""`perennial emulate`: the Azure ML emulator alone, for whoever wants to try the Azure SDK against it."""

from __future__ import annotations

import json
import shlex
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from azureml_emulator.accounts import azurite_accounts
from azureml_emulator.certificates import Certificates
from azureml_emulator.settings import read_settings
from deployments.environment import ROOT, inherited
from deployments.parts import emulator_command
from deployments.ports import require_free
from deployments.processes import end, log_end, start

_START_LIMIT_SECONDS = 300.0
_EXAMPLE = """\
from azure.ai.ml import MLClient
from azure.identity import DefaultAzureCredential
client = MLClient(DefaultAzureCredential(), "{subscription}", "{resource_group}", "{workspace}")
print(client.workspaces.get("{workspace}").location)"""


class EmulatorFailed(RuntimeError):
    """It did not start; the message holds the end of its log."""


def emulate(state: Path, port: int, azurite: bool, background: bool) -> None:
    """Start it and say how it is reached; in the foreground until Ctrl-C. `port` 0: any that is free."""
    if background and azurite:
        raise ValueError("Azurite ends with the command that started it: run --azurite in the foreground.")
    if port:
        require_free({"emulator": port})
    with ExitStack() as stack:
        options = ["--port", str(port)]
        if azurite:
            options += ["--azurite", stack.enter_context(_azurite(state))]
        log = state / "emulator.log"
        (state / "emulator.json").unlink(missing_ok=True)  # of one that was killed
        started = start([*emulator_command(state), *options], inherited(), log, ROOT)
        try:
            described = _wait(state, log, lambda: started.process is None)
        except BaseException:
            end([started])
            raise
        print(instructions(described), flush=True)
        if background:
            print(f"# It runs in the background: `kill {started.pid}` ends it. Its log: {log}")
            return
        print("# Ctrl-C ends it.", flush=True)
        try:
            signal.signal(signal.SIGTERM, signal.default_int_handler)  # `kill` as Ctrl-C
            with suppress(KeyboardInterrupt):
                _until_it_ends(started.pid)
        finally:
            end([started])


def instructions(described: Mapping[str, Any]) -> str:
    """What a shell takes, and a first program."""
    exports = [f"export {name}={shlex.quote(value)}" for name, value in described["environment"].items()]
    places = {name: described[name] for name in ("subscription", "resource_group")}
    example = _EXAMPLE.format(**places, workspace=described["workspaces"][0])
    return "\n".join([*exports, "", f"python - <<'END'\n{example}\nEND", ""])


def _wait(state: Path, log: Path, ended: Any) -> dict[str, Any]:
    """Its description, which it writes when it answers."""
    deadline = time.monotonic() + _START_LIMIT_SECONDS
    while not ended() and time.monotonic() < deadline:
        with suppress(FileNotFoundError):
            described: dict[str, Any] = json.loads((state / "emulator.json").read_text())
            return described
        time.sleep(0.05)
    raise EmulatorFailed(f"The emulator did not start. The end of its log:\n{log_end(str(log))}")


def _until_it_ends(pid: int) -> None:
    import psutil

    with suppress(psutil.NoSuchProcess):
        psutil.Process(pid).wait()


@contextmanager
def _azurite(state: Path) -> Iterator[str]:
    """Over TLS, without which it takes no tokens; with the accounts that the emulator says it has."""
    from deployments.azurite.server import running_azurite

    folder = state / "azurite"
    Certificates(folder).context("localhost")
    pair = folder / "hosts" / "localhost.pem"
    accounts = azurite_accounts(read_settings(emulator_command(state)[3:]))  # what stands behind python -m NAME
    first, _, others = accounts.partition(";")
    account, _, key = first.partition(":")
    with running_azurite(ROOT / ".perennial" / "azurite", folder, (pair, pair), account, key, others) as running:
        yield f"https://127.0.0.1:{running.port}"
