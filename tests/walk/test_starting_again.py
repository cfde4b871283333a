"""A run is started again where it was killed, and not for ever."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from prefect.states import Completed, Crashed, Running

from tasks import starting


class Runs:
    """Prefect, as far as a start under a key goes: the same key is the same run."""

    def __init__(self) -> None:
        self.by_key: dict[str, Any] = {}
        self.becomes: Any = Crashed

    def start(self, _: str, *, idempotency_key: str, **__: Any) -> Any:
        state = self.becomes()
        return self.by_key.setdefault(idempotency_key, SimpleNamespace(id=uuid4(), state=state))


@pytest.fixture(name="runs")
def _runs(monkeypatch: pytest.MonkeyPatch) -> Runs:
    runs = Runs()
    monkeypatch.setattr(starting, "run_deployment", runs.start)
    return runs


def test_a_run_that_crashes_each_time_is_given_up(runs: Runs) -> None:
    with pytest.raises(starting.GivenUp, match="3 runs of promote/prod"):
        starting.start_once("promote/prod", {}, "key", most=3)
    assert len(runs.by_key) == 3
    with pytest.raises(starting.GivenUp):
        starting.start_once("promote/prod", {}, "key", most=3)
    assert len(runs.by_key) == 3, "and stays given up"


@pytest.mark.parametrize("becomes", [Running, Completed])
def test_one_that_runs_or_ended_well_is_found(runs: Runs, becomes: Any) -> None:
    runs.becomes = becomes
    first = starting.start_once("promote/prod", {}, "key", most=3)
    assert starting.start_once("promote/prod", {}, "key", most=3) == first
    assert UUID(first) in {run.id for run in runs.by_key.values()}
