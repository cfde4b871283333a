"""Every operation that the adapters offer, once, under a scratch name; each step stands alone as far as it can."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from lifecycle.names import STAGING_SLOT, digest, staging_endpoint
from platforms.ports import JobSpec, NotFound, Platform, RegisteredModel, SlotState

if TYPE_CHECKING:
    from platforms.settings import Settings

_SCRIPT = (
    "import pathlib, sys\n"
    "out = pathlib.Path(sys.argv[2])\n"
    "out.mkdir(parents=True, exist_ok=True)\n"
    "(out / 'done.txt').write_text(str(len(list(pathlib.Path(sys.argv[1]).iterdir()))))\n"
    "print('smoke')\n"
)


class StepFailed(RuntimeError):
    """The platform did something else than its port promises."""


@dataclass
class Scratch:
    """What the steps share, and what has been made so far under the scratch name."""

    settings: Settings
    platform: Platform
    name: str
    folder: Path
    patience: float  # seconds for a job, and for a slot
    run_id: str = ""
    version: RegisteredModel | None = None
    jobs: list[str] = field(default_factory=list)

    @property
    def endpoint(self) -> str:
        return staging_endpoint(self.name)

    @property
    def prefix(self) -> str:
        """Of all its blobs."""
        return f"{self.name}/"


def expect(holds: object, what: str) -> None:
    """StepFailed unless it holds."""
    if not holds:
        raise StepFailed(what)


def _until(what: str, patience: float, holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + patience
    while not holds():
        expect(time.monotonic() < deadline, f"{what}: not within {patience:.0f} s")
        time.sleep(0.5)


def blobs(scratch: Scratch) -> None:
    """Written, listed, read, streamed, uploaded, downloaded; deleted by the cleaning."""
    store, name = scratch.platform.blobs, f"{scratch.prefix}data/one.txt"
    store.write(name, b"one")
    expect(store.put_if_absent(name, b"two") is False, "put_if_absent replaced a blob")
    expect(store.read(name) == b"one", "a blob was read otherwise than it was written")
    with store.open(name) as stream:
        expect(stream.read() == b"one", "a blob was streamed otherwise than it was written")
    file = scratch.folder / "two.txt"
    file.write_bytes(b"two")
    store.upload(f"{scratch.prefix}data/two.txt", file)
    expect(len(list(store.list(f"{scratch.prefix}data/"))) == 2, "not both blobs are listed")
    expect(len(store.download(f"{scratch.prefix}data/", scratch.folder / "down")) == 2, "not both blobs came down")


def setup(scratch: Scratch) -> None:
    """What the workspace needs: looked at and, where it is missing, made, for it is no scratch."""
    from platforms.choose import setup_plan

    for item in setup_plan(scratch.settings, []):
        if item.there is False:
            item.make()


def jobs(scratch: Scratch) -> None:
    """One to its end, with its log and output; one cancelled."""
    compute = scratch.platform.compute
    done, cancelled = (_spec(scratch, word) for word in ("done", "cancelled"))
    for spec in (done, cancelled):
        scratch.jobs.append(spec.name)
        compute.submit(spec)
    compute.cancel(cancelled.name)
    _until(f"job {done.name}", scratch.patience, lambda: compute.get(done.name).status.ended)
    log = compute.logs(done.name)
    expect(compute.get(done.name).exit_code == 0, f"job {done.name} failed:\n{log[-2000:]}")
    expect("smoke" in log, f"the log of job {done.name} lacks what it printed")
    out = compute.fetch_outputs(done.name, scratch.folder)
    expect((out / "done.txt").read_text() == "2", "the job saw other data than were given")
    _until(f"the end of {cancelled.name}", scratch.patience, lambda: compute.get(cancelled.name).status.ended)


def _spec(scratch: Scratch, word: str) -> JobSpec:
    code = scratch.folder / "code"
    code.mkdir(exist_ok=True)
    (code / "smoke.py").write_text(_SCRIPT)
    tags = {"workload": scratch.name, "dataset_version": digest(scratch.name.encode())}
    command = ("python", "code/smoke.py", "{data}", "{out}")
    prefix = f"{scratch.prefix}data/"
    return JobSpec(f"{scratch.name}-{word}", code, command, prefix, {}, tags, int(scratch.patience))


def models(scratch: Scratch) -> None:
    """A run with a text, a version with tags and an alias, and its bytes again."""
    port, name = scratch.platform.models, scratch.name
    scratch.run_id = port.start_run(name, "smoke", {"workload": name})
    port.log_text(scratch.run_id, "smoke", "smoke.txt")
    port.finish_run(scratch.run_id, True, {"one": 1.0}, {"two": "2"})
    scratch.version = port.register(name, scratch.run_id, _packed(scratch), "smoke", {"smoke": "yes"})
    version = scratch.version.version
    port.tag(name, version, {"more": "yes"})
    port.set_alias(name, "smoke", version)
    found = port.by_alias(name, "smoke")
    expect(found is not None and found.version == version, "the alias does not lead to the version")
    expect(port.get(name, version).tags.get("more") == "yes", "a tag was not kept")
    expect((port.fetch(name, version, scratch.folder) / "MLmodel").is_file(), "the model came back otherwise")


def _packed(scratch: Scratch) -> Path:
    """A model of one feature, packed as a training's is."""
    import pandas as pd
    from sklearn.linear_model import LinearRegression

    from lifecycle.columns import Column
    from lifecycle.dataset import DatasetManifest
    from platforms.packing import pack

    counts: dict[str, Any] = dict.fromkeys(
        ("rows", "train_rows", "holdout_rows", "raw_rows", "labelled_rows", "quarantined_rows"), 4
    )  # of which nothing reads any here
    manifest = DatasetManifest(
        workload=scratch.name, version=digest(b"smoke"), kind="regression", label="y", id=None,
        columns=(Column(name="x", type="number"),), newest=datetime.now(UTC), sources=(), **counts,
    )  # fmt: skip
    example = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0]})
    fitted = LinearRegression().fit(example, example["x"] * 2)
    return pack(fitted, [], manifest, example, Path(tempfile.mkdtemp(dir=scratch.folder)))


def endpoints(scratch: Scratch) -> None:
    """One of staging: a slot on the version, traffic, an answer, its log and metrics, and the slot's end."""
    port, name = scratch.platform.endpoints, scratch.endpoint
    expect(scratch.version is not None, "there is no version to serve")
    if scratch.version is None:
        return
    port.ensure(name, {"workload": scratch.name, "stage": "staging"})
    expect(name in port.names(), "the endpoint is not listed")
    port.deploy(name, STAGING_SLOT, scratch.version, {"model_version": str(scratch.version.version)})
    _until("the slot", scratch.patience, lambda: port.get(name).slots[STAGING_SLOT].state is not SlotState.STARTING)
    log = port.logs(name, STAGING_SLOT)
    slot = port.get(name).slots[STAGING_SLOT]
    expect(slot.state is SlotState.HEALTHY, f"the slot failed: {slot.reason}\n{log[-2000:]}")
    port.set_traffic(name, {STAGING_SLOT: 100})
    _score(scratch)
    port.metrics(name)
    now = datetime.now(UTC)
    scratch.platform.predictions.between(name, now - timedelta(hours=1), now)
    port.set_traffic(name, {STAGING_SLOT: 0})
    port.delete_slot(name, STAGING_SLOT)


def _score(scratch: Scratch) -> None:
    port, name = scratch.platform.endpoints, scratch.endpoint
    headers = {"Authorization": f"Bearer {port.key(name)}", "azureml-model-deployment": STAGING_SLOT}
    body = {"input_data": {"columns": ["x"], "index": [0], "data": [[1.0]]}}
    answer = httpx.post(port.get(name).scoring_url, json=body, headers=headers, timeout=60.0)
    expect(answer.is_success, f"scoring answers HTTP {answer.status_code}: {answer.text[:500]}")


def absent(scratch: Scratch) -> None:
    """What is not there, as the service says it."""
    port = scratch.platform
    for what, look in (
        ("blob", lambda: port.blobs.read(f"{scratch.prefix}absent")),
        ("job", lambda: port.compute.get(f"{scratch.name}-absent")),
        ("version", lambda: port.models.get(f"{scratch.name}-absent", 1)),
        ("endpoint", lambda: port.endpoints.get(staging_endpoint("absent"))),
    ):
        try:
            look()
        except NotFound:
            continue
        raise StepFailed(f"a {what} that is not there was found")


Step = Callable[[Scratch], None]
STEPS: tuple[Step, ...] = (blobs, setup, jobs, models, endpoints, absent)
