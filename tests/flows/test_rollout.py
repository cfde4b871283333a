"""Rolling steps on the running service: forward on evidence, back by itself, ended by a rollback, killed anywhere."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lifecycle.names import probe_blob
from platforms.ledger import Ledger
from tasks.context import open_context
from tests.conftest import HTTP, Service, result_of
from tests.flows.test_loop import champion, serving
from tests.flows.test_people_decide import under_way
from tests.flows.watched import run
from tests.people import make_people
from tests.tasks.approving import approve_over
from tests.waiting import until

NAME, LONG = "rolls", "holds"
FEATURES = ["age", "weight", "region"]


class Load:
    """Clients that ask without a pause, now and then from a region that nobody knows; what they are answered."""

    def __init__(self, stack: Service, name: str) -> None:
        self.answers: Counter[tuple[int, int]] = Counter()  # by status and model version
        self._url, self._key = stack.platform.endpoints.get(name).scoring_url, stack.platform.endpoints.key(name)
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._work, args=(seed,)) for seed in range(2)]

    def _work(self, seed: int) -> None:
        people = make_people(200, seed=seed)[FEATURES]
        people.loc[people.index[::5], "region"] = "west"
        rows, turn = people.to_numpy().tolist(), 0
        while not self._stop.is_set():
            body = {"input_data": {"columns": FEATURES, "data": [rows[turn % len(rows)]]}}
            answer = HTTP.post(self._url, json=body, headers={"Authorization": f"Bearer {self._key}"})
            self.answers[answer.status_code, answer.json().get("model_version", 0)] += 1
            turn += 1
            time.sleep(0.005)

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def of(self, version: int) -> int:
        return self.answers[200, version]

    @property
    def failed(self) -> dict[tuple[int, int], int]:
        return {key: count for key, count in self.answers.items() if key[0] != 200}


def first_version(stack: Service, name: str) -> Service:
    """Trained, released and in production; other tests of the same service may have come first."""
    if champion(stack, name) is not None:
        return stack
    stack.platform.blobs.write(f"{name}/raw/people.csv", make_people(900, seed=5).to_csv(index=False).encode())
    code, output = stack.run("train", repr(name))
    assert (code, result_of(output)) == (0, "1"), output
    code, output = stack.run("release", repr(name))
    assert code == 0, output
    until(lambda: champion(stack, name) == 1, what="the first champion")
    until(lambda: tags(stack, name, 1)["perennial.verdict"] == "promoted", what="its verdict")
    return stack


@pytest.fixture(scope="module", name="first")
def _first(stack: Service) -> Service:
    return first_version(stack, NAME)


@pytest.fixture(name="load")
def _load(first: Service) -> Iterator[Load]:
    with Load(first, NAME) as load:
        yield load


def tags(stack: Service, name: str, version: int) -> dict[str, str]:
    return dict(stack.platform.models.get(name, version).tags)


def approved_copy(stack: Service, name: str, folder: Path, *, fails: bool = False) -> int:
    """Another version of the champion's model, approved over it; one that fails on a region that it does not know."""
    models, over = stack.platform.models, champion(stack, name)
    key = f"copy-{len(models.versions(name))}"
    own = {one: value for one, value in models.get(name, 1).tags.items() if "perennial.dataset" in one}
    packed = models.fetch(name, 1, folder)
    if fails:
        _make_strict(packed)
    made = models.register(name, models.start_run(name, key, {}), packed, key, own)
    stack.platform.blobs.write(probe_blob(name, made.version), stack.platform.blobs.read(probe_blob(name, 1)))
    approve_over(open_context(name, stack.settings), made, over)
    return made.version


def _make_strict(packed: Path) -> None:
    """The model's encoder raises where it ignored what it did not know."""
    import json

    import skops.io

    description = json.loads((packed / "perennial.json").read_text())
    file = packed / description["model_file"]
    model = skops.io.load(file, trusted=description["trusted_types"])
    encoders = [one for one in _parts(model) if type(one).__name__ == "OneHotEncoder"]
    assert encoders
    for encoder in encoders:
        encoder.handle_unknown = "error"
    skops.io.dump(model, file)


def _parts(model: Any) -> Iterator[Any]:
    """A pipeline's steps, and what is in them."""
    yield model
    for name in ("steps", "transformers_"):
        for part in getattr(model, name, ()):
            yield from _parts(part[1])


def free(stack: Service, name: str) -> None:
    """What a killed run held, as an operator may in the UI rather than wait for the lease's end."""
    url = f"{stack.addresses['prefect']}/api/v2/concurrency_limits/release-{name}"
    HTTP.patch(url, json={"active_slots": 0}).raise_for_status()


def stepped(stack: Service, version: int) -> list[str]:
    """What the ledger says of its steps."""
    entries = Ledger(stack.platform.blobs, NAME).entries()
    return [entry.summary for entry in entries if entry.kind == "stepped" and entry.model_version == version]


def test_the_same_model_goes_through_its_steps(first: Service, load: Load, tmp_path: Path) -> None:
    version = approved_copy(first, NAME, tmp_path)
    code, output = first.run("promote", f"{NAME!r}, {version}")
    assert code == 0, output
    assert champion(first, NAME) == version, output
    before = load.of(version)
    until(lambda: load.of(version) > before + 20, what="its answers")
    assert load.failed == {}
    steps = [summary.partition("goes on to ")[2] for summary in stepped(first, version)]
    assert steps == ["mirror 50 %.", "traffic 40 %.", "traffic 100 %."]
    evidence = [entry for entry in Ledger(first.platform.blobs, NAME).entries() if entry.kind == "stepped"][-1].evidence
    assert min(evidence["requests"]) >= 60
    assert {row["signal"]: row["outcome"] for row in evidence["signals"]} == {
        "errors": "fine",
        "latency": "fine",
        "predictions": "fine",
    }


def test_a_model_that_fails_is_stopped_on_copies(first: Service, load: Load, tmp_path: Path) -> None:
    """It answers staging's question as it should, and a fifth of the clients not at all; none of them notices."""
    now = champion(first, NAME)
    version = approved_copy(first, NAME, tmp_path, fails=True)
    code, output = first.run("promote", f"{NAME!r}, {version}")
    assert code == 0, output
    assert f"went back to version {now}: errors:" in output
    assert champion(first, NAME) == now
    endpoint = first.platform.endpoints.get(NAME)
    assert (sorted(endpoint.traffic.values()), endpoint.mirror) == ([100], {})
    found = tags(first, NAME, version)
    assert (found["perennial.verdict"], "errors" in found["perennial.reason"]) == ("rejected", True)
    assert load.failed == {}
    assert load.of(version) == 0
    entry = Ledger(first.platform.blobs, NAME).entries()[-1]
    assert (entry.kind, entry.model_version) == ("rolled-back", now)
    again, output = first.run("promote", f"{NAME!r}, {version}")
    assert (again, "was ended" in output) == (0, True), output


def test_a_rollout_killed_anywhere_goes_on_where_it_was(first: Service, load: Load, tmp_path: Path) -> None:
    version = approved_copy(first, NAME, tmp_path)
    seen = []
    for call in (
        "Endpoints.deploy",
        "Models.tag",
        "Endpoints.set_traffic",
        "Endpoints.set_traffic",
        "Models.set_alias",
    ):
        run(first, "promote", f"{NAME!r}, {version}", kill_after=call)
        free(first, NAME)
        seen.append(tags(first, NAME, version).get("perennial.rollout", "").partition(" ")[0])
    assert seen[1] == "0", "the step is written before its traffic"
    code, output = first.run("promote", f"{NAME!r}, {version}")
    assert code == 0, output
    assert champion(first, NAME) == version
    assert tags(first, NAME, version)["perennial.verdict"] == "promoted"
    assert len(stepped(first, version)) == 3
    assert load.failed == {}


def test_what_nobody_asks_goes_back_in_time(first: Service, tmp_path: Path) -> None:
    now, version = champion(first, NAME), approved_copy(first, NAME, tmp_path)
    code, output = first.run("promote", f"{NAME!r}, {version}")
    assert code == 0, output
    assert "inconclusive after 1m of mirror 50 %: 0 of 60 requests" in output
    assert champion(first, NAME) == now
    assert tags(first, NAME, version)["perennial.verdict"] == "rejected"


@pytest.mark.parametrize("call", ["Models.tag", "Endpoints.set_traffic", "Models.set_alias"])
def test_a_rollback_killed_anywhere_is_brought_to_its_end(first: Service, load: Load, call: str) -> None:
    now, before = champion(first, NAME), first.platform.models.by_alias(NAME, "previous-champion")
    assert before is not None
    assert before.version != now
    free(first, NAME)  # of what an earlier test killed
    run(first, "rollback", f"{NAME!r}, 'a test'", kill_after=call)
    code, output = first.run("reconcile", repr(NAME))
    assert (code, f"The rollback from version {now} was brought to its end." in output) == (0, True), output
    endpoint = first.platform.endpoints.get(NAME)
    assert serving(first, NAME) == champion(first, NAME) == before.version
    assert sorted(endpoint.traffic.values()) == [100]
    entry = Ledger(first.platform.blobs, NAME).entries()[-1]
    assert (entry.kind, entry.model_version, entry.evidence["from"]) == ("rolled-back", before.version, now)
    code, output = first.run("rollback", f"{NAME!r}, leave='{now}'")
    assert (code, result_of(output)) == (0, str(before.version)), "what is done is told, and not done twice"
    assert first.run("rollback", f"{NAME!r}, 'and forth', to='{now}'")[0] == 0
    assert serving(first, NAME) == champion(first, NAME) == now
    assert load.failed == {}


def test_a_rollback_wins_over_a_rollout_that_holds(stack: Service, tmp_path: Path) -> None:
    """Its run holds no process meanwhile, no second version comes in between, and it ends when it is due again."""
    first_version(stack, LONG)
    version, other = (approved_copy(stack, LONG, tmp_path / name) for name in ("one", "two"))
    api = f"{stack.addresses['prefect']}/api"
    deployment = HTTP.get(f"{api}/deployments/name/promote/prod").json()["id"]
    body = {"parameters": {"workload": LONG, "model_version": version}}
    started = HTTP.post(f"{api}/deployments/{deployment}/create_flow_run", json=body).json()["id"]

    def state() -> str:
        return str(HTTP.get(f"{api}/flow_runs/{started}").json()["state_name"])

    until(lambda: state() == "Holding", what="its hold")
    assert under_way(stack, LONG) == [f"promote-{LONG}"], "monitoring asks for no retraining meanwhile"
    traffic = stack.platform.endpoints.get(LONG).traffic
    assert sorted(traffic.values()) == [10, 90]
    code, output = stack.run("promote", f"{LONG!r}, {other}")
    assert (code, "share the requests" in output) == (1, True), output
    began = time.monotonic()
    code, output = stack.run("rollback", f"{LONG!r}, 'no good'")
    took = time.monotonic() - began
    assert (code, result_of(output)) == (0, "1"), output
    assert took < 20
    assert sorted(stack.platform.endpoints.get(LONG).traffic.values()) == [100]
    assert champion(stack, LONG) == 1
    assert tags(stack, LONG, version)["perennial.reason"] == "no good"
    HTTP.post(f"{api}/flow_runs/{started}/set_state", json={"state": {"type": "SCHEDULED"}, "force": True})
    until(lambda: state() == "Completed", what="its end")
    assert champion(stack, LONG) == 1
