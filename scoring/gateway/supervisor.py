"""The slots' servers: started, watched until they answer, started again when they die, ended when not wanted."""

from __future__ import annotations

import asyncio
import shlex
import shutil
import socket
import time
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from scoring import ENTRY_SCRIPTS
from scoring.environment import EnvironmentFailed, build_environment, environment_of
from scoring.gateway.left_servers import end_unwanted, find_left, lock_file, remember
from scoring.gateway.servers import Order, Server, Servers, end, slot_environment
from scoring.gateway.state import FAILED, HEALTHY, MIRRORED_HEADER, STARTING, Endpoint, Registry, Slot

START_LIMIT_SECONDS = 120.0
DRAIN_SECONDS = 30.0
LONGEST_PAUSE_SECONDS = 30.0
_BESIDE_MODEL = Path(__file__).parent.parent
_SHA256 = "model.sha256"  # what the model must hash to, beside it; empty: nobody said
_SERVER_OPTIONS = "--worker-class gthread --threads 4 --keep-alive 75 --no-control-socket"


class Supervisor:
    """One server process a slot, each in a task that lives as long as the slot is wanted."""

    def __init__(self, registry: Registry, environments: Path, predictions: Path | None, patience: float) -> None:
        """patience: seconds that a server waits for another gateway once this one is gone."""
        self._registry = registry
        self._environments = environments
        self._predictions = predictions
        self._patience = patience
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._folder = registry.folder.parent / "slots"
        self._servers = Servers()

    def start_all(self) -> None:
        """What was there before the gateway was last ended; and whoever comes first finds the imports done."""
        wanted = {Path(slot.folder) for one in self._registry.endpoints.values() for slot in one.slots.values()}
        end_unwanted(self._folder, wanted)
        usual = environment_of(self._environments)
        if usual.exists():
            self._servers.prepare(usual)
        for endpoint in self._registry.endpoints.values():
            for slot in endpoint.slots.values():
                self._watch(endpoint, slot)

    def deploy(self, endpoint: Endpoint, name: str, model: Path, tags: dict[str, str], sha256: str) -> Slot:
        """Start a slot on a copy of the model; the same tags on a slot that has not failed change nothing."""
        there = endpoint.slots.get(name)
        if there is not None and there.tags == tags and there.state != FAILED:
            return there
        endpoint.require_idle(name)
        folder = self._folder / f"{endpoint.name}-{name}-{uuid4().hex[:8]}"
        shutil.copytree(model, folder / "model")
        (folder / _SHA256).write_text(sha256)
        for script in (*ENTRY_SCRIPTS, "serve.py"):
            shutil.copyfile(_BESIDE_MODEL / script, folder / script)
        if there is not None:
            self._stop(there)
        slot = endpoint.slots[name] = Slot(name, str(folder), tags)
        self._registry.save(endpoint)
        self._watch(endpoint, slot)
        return slot

    def delete(self, endpoint: Endpoint, name: str) -> None:
        """Stop and forget a slot, if there is one."""
        endpoint.require_idle(name)
        slot = endpoint.slots.pop(name, None)
        if slot is not None:
            endpoint.traffic.pop(name, None)
            endpoint.mirror.pop(name, None)
            self._registry.save(endpoint)
            self._stop(slot)

    async def close(self) -> None:
        """End every server."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        self._servers.close()

    def _watch(self, endpoint: Endpoint, slot: Slot) -> None:
        self._tasks[slot.folder] = asyncio.create_task(self._keep_alive(endpoint, slot))

    def _stop(self, slot: Slot) -> None:
        task = self._tasks.pop(slot.folder)

        async def drain_and_end() -> None:
            deadline = asyncio.get_running_loop().time() + DRAIN_SECONDS
            while slot.in_flight and asyncio.get_running_loop().time() < deadline:
                await asyncio.sleep(0.02)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            shutil.rmtree(slot.folder, ignore_errors=True)

        self._tasks[f"end {slot.folder}"] = asyncio.create_task(drain_and_end())

    async def _keep_alive(self, endpoint: Endpoint, slot: Slot) -> None:
        pause = 0.2
        while True:
            came_up = await self._run_once(endpoint, slot)
            if not came_up and slot.state == FAILED:
                return
            pause = 0.2 if came_up else min(pause * 2, LONGEST_PAUSE_SECONDS)
            await asyncio.sleep(pause)

    async def _run_once(self, endpoint: Endpoint, slot: Slot) -> bool:
        """Run the server until it ends; whether it ever answered. A server that never does has failed."""
        slot.state = STARTING
        try:
            python = await asyncio.to_thread(
                build_environment, self._environments, Path(slot.folder) / "model" / "requirements.lock"
            )
        except (EnvironmentFailed, OSError) as error:
            slot.state, slot.reason = FAILED, f"its environment could not be built: {error}"
            return False
        started, left = time.monotonic(), find_left(Path(slot.folder))
        port = _free_port() if left is None else left.port
        process = await self._start(endpoint, slot, python, port) if left is None else left.server
        try:
            remember(Path(slot.folder), process, port)
            came_up = await _answers(process, port)
            if not came_up:
                slot.state, slot.reason = FAILED, _why(process)
                return False
            slot.pid = process.pid
            slot.start_s = round(time.monotonic() - started, 3) if left is None else None
            slot.port, slot.state, slot.reason = port, HEALTHY, ""
            while process.poll() is None:
                await asyncio.sleep(0.05)
            slot.state, slot.reason = STARTING, _why(process)
            return True
        finally:
            await end(process)
            self._servers.forget(process)

    async def _start(self, endpoint: Endpoint, slot: Slot, python: Path, port: int) -> Server:
        folder = Path(slot.folder)
        own = {
            "AZUREML_MODEL_DIR": str(folder / "model"),
            "PERENNIAL_ENDPOINT": endpoint.name,
            "PERENNIAL_SLOT": slot.name,
            "PERENNIAL_MODEL_SHA256": (folder / _SHA256).read_text(),
            "PERENNIAL_MODEL_VERSION": slot.tags.get("model_version", "0"),
            # Else gunicorn goes back to where it was imported, which is where the server was forked.
            "GUNICORN_CMD_ARGS": f"{_SERVER_OPTIONS} --chdir {shlex.quote(str(folder))}",
            "WORKER_COUNT": "1",
            "PERENNIAL_MIRRORED_HEADER": MIRRORED_HEADER,
            "AML_APP_INSIGHTS_ENABLED": "false",
            "PERENNIAL_GATEWAY_LOCK": str(lock_file(self._folder.parent)),
            "PERENNIAL_GATEWAY_PATIENCE": str(self._patience),
        }
        if self._predictions is not None:
            own["PERENNIAL_PREDICTIONS_DIR"] = str(self._predictions)
        words = ("serve.py", "--entry_script", "score.py", "--port", str(port))
        order = Order(str(folder), {**slot_environment(), **own}, str(folder / "log.txt"), words)
        return await self._servers.start(python, order)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def _answers(process: Server, port: int) -> bool:
    """Wait until the server answers its liveness route; False where it ends, or takes too long."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + START_LIMIT_SECONDS
    while process.poll() is None and loop.time() < deadline:
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.TimeoutError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET / HTTP/1.1\r\nHost: slot\r\nConnection: close\r\n\r\n")
            status = await asyncio.wait_for(reader.readline(), 10)
            writer.close()
            if b" 200 " in status:
                return True
        await asyncio.sleep(0.1)
    return False


def _why(process: Server) -> str:
    code = process.poll()
    if code is None:
        return f"its server did not answer within {START_LIMIT_SECONDS:.0f} s"
    return f"its server ended with exit code {code}"
