"""A candidate that is slower than the champion, or takes ever more memory, is stopped by the load test.

Real slots behind a real gateway. The spoilt models are of a module that lies in their packed folder, which is how a
slot comes to hold a type that the security check would have stopped.
"""

from __future__ import annotations

import importlib
import itertools
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from prefect.logging import disable_run_logger

from lifecycle.columns import Column
from lifecycle.names import BASELINE_SLOT, STAGING_SLOT
from platforms.packed_safety import untrusted_types
from tasks.baseline import measured_before
from tasks.staging_checks.endpoint import TITLE, endpoint
from tasks.staging_checks.part import Part, Subject, examined
from tests.people import make_people
from tests.scoring.conftest import Gateway, registered
from tests.tasks.manifests import manifest_of
from tests.tasks.subjects import subject_of, workload_of
from tests.toy_model import COLUMNS, pack_toy_model

ENDPOINT = "toy-staging"
VERSIONS = itertools.count(2)
MODULE = """
import time
import numpy as np

class Spoilt:
    def __init__(self, seconds=0.0, grows=0):
        self.seconds, self.grows = seconds, grows

    def predict_proba(self, rows):
        kept = self.__dict__.setdefault("kept", [])
        kept.append(np.ones(self.grows // 8))
        time.sleep(self.seconds)
        return np.tile([0.5, 0.5], (len(rows), 1))
"""


def pack_spoilt(folder: Path, **how: float) -> Path:
    """The toy model's folder with a spoilt model in it; the folder's name is `model`, as a slot calls it."""
    packed = folder / "model"
    packed.mkdir(parents=True)
    pack_toy_model(packed)
    (packed / "spoilt.py").write_text(MODULE)
    sys.path.insert(0, str(folder))
    try:
        import skops.io

        skops.io.dump(importlib.import_module("model.spoilt").Spoilt(**how), packed / "model.skops")
    finally:
        sys.path.remove(str(folder))
        for name in ("model.spoilt", "model"):
            sys.modules.pop(name, None)
    description = json.loads((packed / "perennial.json").read_text())
    (packed / "perennial.json").write_text(json.dumps({**description, "trusted_types": ["model.spoilt.Spoilt"]}))
    return packed


@pytest.fixture(scope="module", name="staged")
def _staged(gateway: Gateway) -> Iterator[Gateway]:
    """The gateway with a staging endpoint."""
    gateway.endpoints.ensure(ENDPOINT, {})
    with disable_run_logger():
        yield gateway
    for slot in (STAGING_SLOT, BASELINE_SLOT):
        gateway.endpoints.delete_slot(ENDPOINT, slot)


def subject(folder: Path, staged: Gateway, packed: Path, champion: Path | None, load: dict[str, Any]) -> Subject:
    """The packed folder in the staging slot, as a version of its own."""
    people = make_people(200, seed=3).astype({"weight": int})
    number = next(VERSIONS)
    columns = tuple(Column(**column) for column in COLUMNS)
    manifest = manifest_of("classification", "sick", *columns)
    made = subject_of(folder, workload_of(release={"load": load}), None, rows=people, manifest=manifest)
    staged.deploy(ENDPOINT, STAGING_SLOT, packed, number)
    platform = replace(made.context.platform, endpoints=staged.endpoints)
    return replace(
        made,
        context=replace(made.context, platform=platform),
        candidate=replace(made.candidate, version=registered(packed, number)),
        champion=None if champion is None else registered(champion, 1),
    )


def failed(part: Part) -> dict[str, str]:
    return {check.name: check.seen for check in part.checks if not check.passed}


def test_as_fast_as_the_champion(staged: Gateway, model: Path, tmp_path: Path) -> None:
    """An A/A test: both are asked as often, the baseline is gone afterwards, and the figures are kept."""
    examined_one = subject(tmp_path, staged, model, model, {"requests": 100})
    part = examined(TITLE, endpoint, examined_one)
    assert part.passed, failed(part)
    candidate, champion = part.figures
    assert (candidate["answered"], champion["answered"]) == (100, 100)
    assert all(float(figure[name] or 0) > 0 for figure in part.figures for name in ("memory_mb", "cold_start_s"))
    assert BASELINE_SLOT not in staged.endpoints.get(ENDPOINT).slots
    kept = measured_before(examined_one.context, examined_one.candidate.version)
    assert kept is not None
    assert kept.p95_ms == candidate["p95_ms"]


def test_a_slower_one_is_stopped(staged: Gateway, model: Path, tmp_path: Path) -> None:
    packed = pack_spoilt(tmp_path, seconds=0.3)
    assert untrusted_types(packed) == ["model.spoilt.Spoilt"], "which the security check says of it"
    slow = subject(tmp_path, staged, packed, model, {"requests": 50})
    assert list(failed(examined(TITLE, endpoint, slow))) == ["p95 at most 2 times the champion's"]


def test_one_that_leaks_is_stopped(staged: Gateway, tmp_path: Path) -> None:
    leaks = subject(tmp_path, staged, pack_spoilt(tmp_path, grows=400_000), None, {"requests": 100})
    told = failed(examined(TITLE, endpoint, leaks))
    assert list(told) == ["memory grows by at most 20 MB"]
    assert told["memory grows by at most 20 MB"].startswith("+4")
