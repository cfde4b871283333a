"""Releases and rollbacks under constant load: failed requests, and how long both take beside the steps' holds.

`python -m benchmarks.releases --releases 50 --rollbacks 10 --requests 100000` for the whole claim. The model is the
same in all versions, so that each is approved over the champion and none is worse; a promotion goes by a mirror and
half of the traffic, each held for five seconds.

`--platform azure-emulated --takes deployments=480,endpoints=20` rehearses it on the emulator, whose operations last
as long as it is told that the service's do; what each step of each promotion took is printed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from benchmarks.figures import Figure, percentile
from benchmarks.service import ROOT, running_service
from platforms.settings import PlatformName

NAME, ROWS = "rolled", 1500
HOLD_SECONDS = 5.0  # in which the hundred requests that a step takes are asked, too
STEPS = [
    {"mirror": 50, "hold": f"{HOLD_SECONDS:.0f}s", "requests": 100},
    {"traffic": 50, "hold": f"{HOLD_SECONDS:.0f}s", "requests": 100},
    {"traffic": 100},
]
RATES: dict[PlatformName, float] = {"local": 80.0, "azure-emulated": 20.0}  # requests a second
PROMOTION_GOAL, ROLLBACK_GOAL = 10.0, 2.0  # seconds; where operations are the service's, there is no goal
LONGEST_PROMOTION_SECONDS = 3600.0


@dataclass(frozen=True)
class Took:
    """Seconds of each promotion, beside its holds, and of each rollback until its traffic had moved."""

    promotions: list[float]
    rollbacks: list[float]


def measure(
    releases: int = 3, rollbacks: int = 1, requests: int = 2000, platform: PlatformName = "local"
) -> Iterator[Figure]:
    """Worst of each, and failures of all requests. Loads until so many were asked, at least."""
    with tempfile.TemporaryDirectory() as folder, running_service(platform, _workload(Path(folder))) as settings:
        from tasks.context import open_context

        context = open_context(NAME, settings)
        _first_release(context)
        with _load(context, RATES[platform], Path(folder) / "counts.json") as load:
            took = _release_and_roll_back(context, releases, rollbacks)
            _until_asked(load, requests)
        answered = json.loads(load.counts.read_text())
    failed, asked = answered["failed"], answered["asked"]
    yield Figure(f"releases under load, failed of {asked} requests", str(failed), "0", failed == 0)
    yield _figure(f"approval to 100 % beside holds, worst of {releases}", took.promotions, PROMOTION_GOAL)
    if took.rollbacks:
        yield _figure(f"rollback until the traffic is back, worst of {rollbacks}", took.rollbacks, ROLLBACK_GOAL)


def _figure(what: str, seconds: list[float], goal: float) -> Figure:
    worst, middle = max(seconds), percentile(seconds, 0.5)
    return Figure(what, f"{worst:.1f} s (median {middle:.1f})", f"{goal:.0f} s", worst <= goal)


def _release_and_roll_back(context: Any, releases: int, rollbacks: int) -> Took:
    promotions, back = [], []
    for number in range(releases):
        promotions.append(_promote(context) - HOLD_SECONDS * (len(STEPS) - 1))
        if number < rollbacks:
            back.append(_roll_back(context))
            print(f"rolled back after {back[-1]:.1f} s", flush=True)
    return Took(promotions, back)


def _promote(context: Any) -> float:
    """Seconds from the approval to the verdict, by the deployment, as a release starts it."""
    from deployments.demo.waiting import wait_for
    from lifecycle.names import PROMOTE, promotion_key
    from tasks.starting import start_once

    version, at = _approved(context)
    began = time.perf_counter()
    key = promotion_key(NAME, version, at)
    start_once(PROMOTE, {"workload": NAME, "model_version": version}, key)

    def verdict() -> str:
        tags = context.platform.models.get(NAME, version).tags
        if tags["perennial.verdict"] == "rejected":
            raise RuntimeError(f"Version {version} went back: {tags['perennial.reason']}")
        return str(tags["perennial.verdict"])

    wait_for("The promotion", lambda: verdict() == "promoted" or None, LONGEST_PROMOTION_SECONDS)
    took = time.perf_counter() - began
    _tell_steps(context, version, at, took)
    return took


def _tell_steps(context: Any, version: int, approved_at: str, took: float) -> None:
    """When each step began, by the ledger."""
    began = datetime.fromisoformat(approved_at)
    steps = [one for one in context.ledger.entries() if one.kind == "stepped" and one.model_version == version]
    told = [
        f"{one.summary.rpartition(' to ')[2].rstrip('.')} after {(one.at - began).total_seconds():.1f} s"
        for one in steps
    ]
    signals = (signal for one in steps for signal in one.evidence["signals"] if signal["signal"] == "latency")
    latencies = ", ".join(f"{one['champion']} and {one['challenger']}" for one in signals)
    print(f"version {version}: {', '.join(told)}; promoted after {took:.1f} s; latencies {latencies}", flush=True)


def _roll_back(context: Any) -> float:
    """Seconds from the command's start until the traffic has moved; the command is waited for."""
    before = context.platform.endpoints.get(NAME).traffic
    began = time.perf_counter()
    with tempfile.TemporaryFile("w+") as output:
        command = [sys.executable, "-c", "from deployments.cli import main; main()", "rollback", NAME]
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output)
        took = None
        while process.poll() is None:
            if took is None and context.platform.endpoints.get(NAME).traffic != before:
                took = time.perf_counter() - began
            time.sleep(0.02)
        output.seek(0)
        if process.returncode != 0 or took is None:
            raise RuntimeError(f"The rollback failed: {output.read()}")
    return took


def _approved(context: Any) -> tuple[int, str]:
    """Another version of the first one's model, approved over the champion, and when."""
    from lifecycle.approval import Answer
    from lifecycle.names import CHAMPION, probe_blob
    from lifecycle.tags import DATASET
    from tasks.approval import approval_by, approve
    from tasks.clock import now
    from tasks.evidence import keep, keep_answer
    from tasks.gates import Judgement
    from tasks.gathering import gather

    models, blobs = context.platform.models, context.platform.blobs
    first, key = models.get(NAME, 1), f"copy-{len(models.versions(NAME))}"
    with tempfile.TemporaryDirectory() as folder:
        packed = models.fetch(NAME, 1, Path(folder))
        own = {DATASET: first.tags[DATASET]}
        made = models.register(NAME, models.start_run(NAME, key, {}), packed, key, own)
    blobs.write(probe_blob(NAME, made.version), blobs.read(probe_blob(NAME, 1)))
    evidence = gather(made, models.by_alias(NAME, CHAMPION), Judgement([], None))
    keep(context, evidence)
    answer = Answer(evidence=evidence.digest, approved=True, by=None, policy="auto", at=now())
    approved = approval_by(keep_answer(context, evidence, answer), evidence)
    approve(context, made, approved)
    return made.version, approved.at


def _first_release(context: Any) -> None:
    from deployments.demo.patients import make_patients
    from deployments.demo.waiting import wait_for

    content = make_patients(ROWS, seed=1).to_csv(index=False).encode()
    context.platform.blobs.write(f"{NAME}/raw/patients.csv", content)
    code = f"from flows.train import train; from flows.release import release; release({NAME!r}, train({NAME!r}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"The first release failed:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    models = context.platform.models
    promoted = lambda: models.get(NAME, 1).tags.get("perennial.verdict") == "promoted" or None  # noqa: E731
    wait_for("The promotion", promoted, LONGEST_PROMOTION_SECONDS)


@dataclass(frozen=True)
class Load:
    """The clients' process, and the file that it writes its counts to."""

    process: subprocess.Popen[bytes]
    counts: Path


@contextmanager
def _load(context: Any, rate: float, counts: Path) -> Iterator[Load]:
    endpoint = context.platform.endpoints.get(NAME)
    key = context.platform.endpoints.key(NAME)
    words = [endpoint.scoring_url, key, str(rate), str(counts)]
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.constant_load", *words], cwd=ROOT)
    try:
        yield Load(process, counts)
    finally:
        process.terminate()
        process.wait(60)


def _until_asked(load: Load, requests: int) -> None:
    while json.loads(load.counts.read_text())["asked"] < requests:
        if load.process.poll() is not None:
            raise RuntimeError("The clients ended.")
        time.sleep(0.2)


def _workload(folder: Path) -> Path:
    """The project's workload of patients, with steps."""
    content = yaml.safe_load((ROOT / "workloads" / "diabetes" / "workload.yaml").read_text())
    content |= {"name": NAME, "release": {"rolling": STEPS}, "monitor": {"every": None}}
    content["data"] = {**content["data"], "raw": f"{NAME}/raw/"}
    content.pop("retrain", None)
    home = folder / "workloads" / NAME
    home.mkdir(parents=True)
    (home / "workload.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    for file in (ROOT / "workloads" / "diabetes").glob("*.py"):
        (home / file.name).write_bytes(file.read_bytes())
    return folder / "workloads"


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.releases", description=__doc__)
    parser.add_argument("--releases", type=int, default=3)
    parser.add_argument("--rollbacks", type=int, default=1)
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--platform", choices=("local", "azure-emulated"), default="local")
    parser.add_argument("--takes", default="", help="seconds of the emulator's operations; see its README")
    given = parser.parse_args()
    os.environ["AZUREML_EMULATOR_TAKES"] = given.takes
    for figure in measure(given.releases, given.rollbacks, given.requests, given.platform):
        print(f"{figure.what}: {figure.measured} (goal: {figure.goal}, {'met' if figure.met else 'NOT met'})")


if __name__ == "__main__":
    main()
