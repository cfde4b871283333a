"""One workload's turn in a patrol, on real blobs: what it leaves, when it leaves it to `monitor`, and only once."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest

from benchmarks.patrolled import COLUMNS, PROMISED, VERSION, write_day, write_file, write_reference
from lifecycle.investigation import Closing, Investigation, Slice
from lifecycle.names import dataset_prefix, reference_blob
from lifecycle.tags import DATASET, LEARNT_SINCE, PROMOTED_AT
from platforms.investigations import Investigations
from platforms.ledger import Ledger
from platforms.local.blobs import LocalBlobStore
from platforms.ports import Models, Platform, RegisteredModel
from platforms.prediction_log import PredictionLog
from platforms.settings import Settings
from platforms.windows import Windows
from platforms.workloads import load_workload
from tasks.context import Context
from tasks.patrol_worker import Order, outcome_of
from tasks.patrolling import Outcome, look_at
from tasks.registration import METRICS
from tasks.spans import last_tick
from tasks.stored_reference import PART
from tests.lifecycle.seen import alarm
from tests.tasks.manifests import manifest_of

NAME = "watched"
END = datetime(2026, 5, 2, tzinfo=UTC)
DUE = END + timedelta(minutes=17)


class NoModels:
    """A registry in which nothing bears an alias, and nothing was trained since."""

    def by_alias(self, _name: str, _alias: str) -> None:
        return None

    def versions(self, _name: str) -> list[RegisteredModel]:
        return [champion()]


@dataclass
class World:
    """A workload in production."""

    blobs: LocalBlobStore
    settings: Settings
    platform: Platform

    def look(self, due: datetime = DUE, learnt_since: datetime | None = None, **promised: float) -> Outcome:
        found = load_workload(self.settings.workloads / NAME)
        context = Context(self.settings, self.platform, found.workload, found.folder, Ledger(self.blobs, NAME))
        model = champion(**promised)
        if learnt_since is not None:
            model = replace(model, tags={**model.tags, LEARNT_SINCE: learnt_since.isoformat()})
        return look_at(context, model, due)


def champion(promoted: datetime = END - timedelta(days=9), **promised: float) -> RegisteredModel:
    metrics = json.dumps({"roc_auc": PROMISED, **promised})
    tags = {DATASET: VERSION, METRICS: metrics, PROMOTED_AT: promoted.isoformat()}
    return RegisteredModel(NAME, 1, "run", tags, ("champion",), promoted)


@pytest.fixture(name="world")
def _world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr("tasks.judgement.replacement_under_way", lambda _: [])  # else Prefect is asked
    settings = Settings(state=tmp_path / "state", workloads=tmp_path / "workloads")
    settings.workloads.mkdir()
    blobs = LocalBlobStore(settings.blobs)
    write_file(settings.workloads, NAME)
    write_reference(blobs, NAME, END - timedelta(days=9))
    parts = {name: None for name in ("compute", "endpoints", "batch")}
    platform = Platform(
        name="local",
        blobs=blobs,
        models=cast(Models, NoModels()),
        predictions=PredictionLog(blobs),
        **parts,  # type: ignore[arg-type]
    )
    return World(blobs, settings, platform)


def records(world: World) -> list[str]:
    return [record.key for record in Windows(world.blobs, NAME).before(DUE + timedelta(days=9))]


def test_a_quiet_window_is_written_down(world: World) -> None:
    write_day(world.blobs, NAME, END, seed=1)
    outcome = world.look()
    assert (outcome.result, outcome.rows, outcome.labelled) == ("steady", 1000, 1000)
    (record,) = Windows(world.blobs, NAME).before(DUE)
    assert (record.start, record.end, record.outcome) == (END - timedelta(days=1), END, "steady")
    assert {one.subject for one in record.findings if one.kind == "drift"} == {column.name for column in COLUMNS}
    assert {one.kind for one in record.findings} == {"drift", "quality", "performance"}
    assert all(one.conclusive and not one.significant for one in record.findings)
    (entry,) = Ledger(world.blobs, NAME).entries()
    assert (entry.kind, entry.key, entry.by) == ("decided", record.key, "policy")
    evidence = json.loads(world.blobs.read(record.evidence))
    assert [one["column"] for one in evidence["columns"]] == [column.name for column in COLUMNS]


def test_where_there_is_much_more_to_learn_from_it_is_handed_over(world: World) -> None:
    write_day(world.blobs, NAME, END, seed=1)
    few = manifest_of("classification", "sick", rows=250).model_dump_json()
    world.blobs.write(f"{dataset_prefix(NAME, VERSION)}manifest.json", few.encode())
    outcome = world.look(learnt_since=END - timedelta(days=2))
    assert (outcome.result, outcome.until) == ("handed over", END)
    assert outcome.detail.startswith("1000 labelled rows are 4.0 times those that were last trained on")
    assert records(world) == [], "the window is left to monitor"


def test_a_window_is_judged_once(world: World) -> None:
    write_day(world.blobs, NAME, END, seed=1)
    assert world.look().result == "steady"
    assert world.look().result == "not due"
    assert world.look(END + timedelta(minutes=59)).result == "not due"
    assert len(records(world)) == 1
    assert world.look(END + timedelta(hours=1)).result == "steady"
    assert len(records(world)) == 2


def test_killed_before_the_record_it_writes_the_same_again(world: World) -> None:
    write_day(world.blobs, NAME, END, seed=1)
    first = world.look()
    (before,) = Windows(world.blobs, NAME).before(DUE)
    for blob in list(world.blobs.list(f"windows/{NAME}/")):
        world.blobs.delete(blob.name)
    again = world.look(DUE + timedelta(minutes=20))
    assert again == first
    assert list(Windows(world.blobs, NAME).before(DUE)) == [before]
    assert len(Ledger(world.blobs, NAME).entries()) == 1


def test_drift_is_left_to_monitor(world: World) -> None:
    write_day(world.blobs, NAME, END, seed=1, shift=0.5)
    outcome = world.look()
    assert (outcome.result, outcome.until) == ("handed over", END)
    assert "x0 drifted" in outcome.detail
    assert records(world) == []
    assert Ledger(world.blobs, NAME).entries() == []


def test_a_lost_performance_is_left_to_monitor(world: World) -> None:
    write_day(world.blobs, NAME, END, seed=1)
    outcome = world.look(roc_auc=0.95)
    assert outcome.result == "handed over"
    assert "promised 0.950" in outcome.detail


def test_while_an_investigation_is_open_windows_are_monitors(world: World) -> None:
    """It closes those that are over."""
    write_day(world.blobs, NAME, END, seed=1)
    store, day = Investigations(world.blobs, NAME), END - timedelta(days=2)
    pinned = Slice(endpoint=NAME, start=day, end=END, model_version=1, dataset_version=VERSION, rows=1)
    store.open(Investigation(id="1-a", workload=NAME, opened_at=day, alarms=(alarm(),), slice=pinned, evidence="blob"))
    outcome = world.look()
    assert (outcome.result, outcome.detail) == ("handed over", "investigation 1-a is open")
    store.close(Closing(id="1-a", closed_at=END, by="Ada", because="it was the sensor"))
    assert world.look().result == "steady"


def test_too_few_rows_are_inconclusive(world: World) -> None:
    write_day(world.blobs, NAME, END, seed=1, rows=120)
    outcome = world.look()
    assert (outcome.result, outcome.rows) == ("inconclusive", 120)
    assert len(records(world)) == 1


def test_without_predictions_it_is_inconclusive(world: World) -> None:
    outcome = world.look()
    assert (outcome.result, outcome.rows) == ("inconclusive", 0)


def test_a_champion_younger_than_the_window_is_not_due(world: World) -> None:
    write_day(world.blobs, NAME, END, seed=1)
    order = Order(workload=NAME, folder=world.settings.workloads / NAME, champion=champion(END), due=DUE)
    assert outcome_of(order, world.settings, world.platform).result == "not due"
    nobody = order.model_copy(update={"champion": None})
    assert outcome_of(nobody, world.settings, world.platform).result == "no champion"
    assert Order.model_validate_json(order.model_dump_json()) == order


def test_the_reference_is_made_once_and_mended(world: World) -> None:
    write_day(world.blobs, NAME, END, seed=1)
    name = reference_blob(NAME, VERSION, PART)
    world.look()
    made = world.blobs.read(name)
    world.blobs.delete(f"datasets/{NAME}/{VERSION}/holdout.parquet")
    assert world.look(END + timedelta(hours=1)).result == "steady", "no row of the reference is read"
    write_reference(world.blobs, NAME, END - timedelta(days=9))
    world.blobs.write(name, b'{"of another": "form"}')
    assert world.look(END + timedelta(hours=2)).result == "steady"
    assert world.blobs.read(name) == made


@pytest.mark.parametrize(
    ("blob", "content", "why"),
    [
        (f"datasets/{NAME}/{VERSION}/manifest.json", b"{", "ValidationError"),
        (f"datasets/{NAME}/{VERSION}/holdout.parquet", b"no parquet", "Parquet"),
        (f"predictions/{NAME}/blue/2026/05/01/12/more.jsonl", None, "lacks the column"),
    ],
)
def test_what_is_broken_is_told(world: World, blob: str, content: bytes | None, why: str) -> None:
    write_day(world.blobs, NAME, END, seed=1)
    if content is None:  # a caller that speaks another schema, and nobody else
        for one in list(world.blobs.list(f"predictions/{NAME}/")):
            world.blobs.write(one.name, world.blobs.read(one.name).replace(b'"x3"', b'"y3"'))
    else:
        world.blobs.write(blob, content)
    order = Order(workload=NAME, folder=world.settings.workloads / NAME, champion=champion(), due=DUE)
    outcome = outcome_of(order, world.settings, world.platform)
    assert outcome.result == "broken"
    assert why in outcome.detail
    assert records(world) == []


@pytest.mark.parametrize(("hours", "tick"), [(1, 16), (6, 12), (24, 0)])
def test_windows_end_at_whole_multiples(hours: int, tick: int) -> None:
    every, due = timedelta(hours=hours), datetime(2026, 5, 2, 16, 59, 59, tzinfo=UTC)
    assert last_tick(due, every) == datetime(2026, 5, 2, tick, tzinfo=UTC)
    assert last_tick(last_tick(due, every), every) == last_tick(due, every)
