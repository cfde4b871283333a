"""What the gateway costs before the scoring server, beside that server alone: keys checked, predictions logged.

Both ways lead to the same server process, in turns, so that noise falls on both.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from benchmarks.figures import Figure, percentile
from benchmarks.service import ROOT, running_service
from deployments.demo.waiting import wait_for

ROUNDS = 7
SECONDS = 4.0


def measure() -> Iterator[Figure]:
    """Medians over the rounds: added latency on one connection, throughput kept on eight."""
    with running_service() as settings:
        from tasks.context import open_context

        context = open_context("diabetes", settings)
        _release(context)
        endpoint = context.platform.endpoints.get("diabetes")
        key = context.platform.endpoints.key("diabetes")
        url = urlsplit(endpoint.scoring_url)
        behind = (url.port or 0, url.path)
        alone = (_slot_port(context), "/score")
        rounds = [{way: _both(*to, key) for way, to in (("alone", alone), ("gateway", behind))} for _ in range(ROUNDS)]
    added = percentile([one["gateway"][0] - one["alone"][0] for one in rounds], 0.5)
    kept = percentile([one["gateway"][1] / one["alone"][1] for one in rounds], 0.5)
    bare = percentile([one["alone"][0] for one in rounds], 0.5)
    rate = percentile([one["alone"][1] for one in rounds], 0.5)
    yield Figure("gateway, 1 connection, added median", f"{added:.2f} ms (on {bare:.2f})", "0.6 ms", added <= 0.6)
    yield Figure("gateway, 8 connections, throughput", f"{kept:.0%} (of {rate:.0f}/s)", "90%", kept >= 0.9)


def _both(port: int, path: str, key: str) -> tuple[float, float]:
    """Median latency on one connection (ms), and requests a second on eight."""
    return _load(port, path, key, 1)["median_ms"], _load(port, path, key, 8)["rate"]


def _load(port: int, path: str, key: str, connections: int) -> dict[str, float]:
    words = [sys.executable, "-m", "benchmarks.load", str(port), path, key, str(connections), str(SECONDS)]
    done = subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _release(context: Any) -> None:
    """A model of made-up patients in production."""
    from deployments.demo.patients import make_patients

    content = make_patients(2000, seed=1).to_csv(index=False).encode()
    context.platform.blobs.write("diabetes/raw/patients.csv", content)
    code = "from flows.train import train; from flows.release import release; release('diabetes', train('diabetes'))"
    with tempfile.TemporaryFile() as output:
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, stdout=output, stderr=output)
    wait_for("The promotion", lambda: context.platform.models.by_alias("diabetes", "champion"), 120)


def _slot_port(context: Any) -> int:
    """Where the slot's server listens, as its own log says."""
    slot = next(iter(context.platform.endpoints.get("diabetes").slots))
    log = context.platform.endpoints.logs("diabetes", slot, 5000)
    return int(re.findall(r"Score: +POST +127\.0\.0\.1:(\d+)/score", log)[-1])
