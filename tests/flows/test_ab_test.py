"""A/B tests on the running service, through `perennial front`: found, not found, killed, ended, and met by others."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml

from lifecycle.names import labels_prefix
from platforms.ab_tests import AbTests
from platforms.ledger import Ledger
from tests.conftest import HTTP, ROOT, Service, clean, result_of
from tests.flows.test_loop import champion
from tests.flows.test_people_decide import under_way
from tests.flows.test_rollout import FEATURES, approved_copy, first_version, free, tags
from tests.people import make_people
from tests.waiting import until

NAME, CALLERS = "rolls", 320  # the workload of test_rollout.py, whose first version costs most of a minute
START = f"{NAME!r}, {{version}}, metric='label', lasts='', stop_when_decided=True, test={{test!r}}"


@pytest.fixture(scope="module", name="first")
def _first(stack: Service) -> Service:
    return first_version(stack, NAME)


@pytest.fixture(scope="module", name="challenger")
def _challenger(first: Service, tmp_path_factory: pytest.TempPathFactory) -> int:
    """The champion's very model, approved: what differs is what the tests make come true."""
    return approved_copy(first, NAME, tmp_path_factory.mktemp("challenger"))


@pytest.fixture(scope="module", name="front")
def _front(first: Service) -> Iterator[str]:
    """The address of `perennial front`."""
    command = [sys.executable, "-c", "from deployments.cli import main; main()", "front", NAME, "--port", "0"]
    environment = {**clean(), **first.environment, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield next(word for word in process.stdout.readline().split() if word.startswith("http://")).rstrip(",")
    finally:
        process.terminate()
        process.wait(120)


class Clients:
    """Callers that ask through the front, and the labels that come of it."""

    def __init__(self, stack: Service, url: str, test: str) -> None:
        self._stack, self._url, self._test = stack, url, test
        self._key = stack.platform.endpoints.key(NAME)
        self._rows = make_people(CALLERS, seed=3)[FEATURES].to_numpy().tolist()
        self.versions: dict[str, int] = {}  # by correlation id
        self.failed: Counter[int] = Counter()

    def ask(self, caller: int) -> int:
        identity = f"{self._test}-{caller}"
        data = {"columns": FEATURES, "data": [self._rows[caller % CALLERS]]}
        headers = {"Authorization": f"Bearer {self._key}", "x-caller-id": f"caller-{caller}"}
        answer = HTTP.post(self._url, json={"input_data": data, "correlation_ids": [identity]}, headers=headers)
        if answer.status_code != 200:
            self.failed[answer.status_code] += 1
            return 0
        self.versions[identity] = int(answer.json()["model_version"])
        return self.versions[identity]

    def all_ask(self) -> None:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(self.ask, range(CALLERS)))

    def label(self, rates: dict[int, float]) -> None:
        """What came true of each, at a rate by the version that answered."""
        rng = random.Random(7)  # noqa: S311
        lines = [
            json.dumps({"correlation_id": one, "label": int(rng.random() < rates[version]), "observed_at": _now()})
            for one, version in sorted(self.versions.items())
        ]
        self._stack.platform.blobs.write(f"{labels_prefix(NAME)}{self._test}.jsonl", "\n".join(lines).encode())


def _now() -> str:
    from datetime import UTC, datetime

    return datetime.now(UTC).isoformat()


def written(stack: Service) -> AbTests:
    return AbTests(stack.platform.blobs, NAME)


def command(stack: Service, *words: str) -> str:
    """What `perennial ab` prints."""
    argv = ["perennial", "ab", words[0], NAME, *words[1:]]
    code, output = stack.run_code(f"import sys\nsys.argv = {argv!r}\nfrom deployments.cli import main\nmain()")
    assert code == 0, output
    return output


def told(stack: Service, kind: str, test: str) -> list[Any]:
    return [one for one in Ledger(stack.platform.blobs, NAME).entries() if (one.kind, one.key) == (kind, test)]


def test_a_better_challenger_is_found_though_its_run_is_killed(first: Service, challenger: int, front: str) -> None:
    test = "20260101-000000-better"
    clients = Clients(first, front, test)
    assert {clients.ask(number) for number in range(10)} == {1}, "before it begins"
    call = START.format(version=challenger, test=test)
    process = first.start("ab_test", call)
    until(lambda: written(first).fronted(test) is not None, what="its beginning")
    process.kill()
    process.communicate()
    free(first, NAME)
    until(lambda: any(clients.ask(number) == challenger for number in range(20)), what="the front's notice")
    clients.all_ask()
    assert 0.35 < Counter(clients.versions.values())[challenger] / CALLERS < 0.65
    clients.label({1: 0.2, challenger: 0.7})
    code, output = first.run("ab_test", call)
    assert code == 0, output
    answer = written(first).answer(test) or {}
    assert answer["verdict"] == "better", answer
    assert answer["low"] < 0.5 < answer["high"]
    assert (answer["champion"]["elsewhere"], answer["challenger"]["elsewhere"]) == (0, 0)
    assert len(told(first, "ab-began", test)) == len(told(first, "ab-ended", test)) == 1
    assert "salt" not in told(first, "ab-began", test)[0].evidence
    assert f"perennial promote {NAME} {challenger}" in answer["next"]
    until(lambda: {clients.ask(number) for number in range(20)} == {1}, what="the end")
    assert champion(first, NAME) == 1
    assert clients.failed == {}
    again, output = first.run("ab_test", call)
    assert (again, "is over" in output) == (0, True), output


def test_an_approved_version_waits_for_its_test_where_the_workload_says_so(first: Service, challenger: int) -> None:
    file = first.settings.workloads / NAME / "workload.yaml"
    before = file.read_text()
    content = yaml.safe_load(before)
    file.write_text(yaml.safe_dump({**content, "release": {**content["release"], "promotion": "by_hand"}}))
    try:
        code, output = first.run("release", f"{NAME!r}, {challenger}")
    finally:
        file.write_text(before)
    assert (code, "and waits" in output) == (0, True), output
    assert under_way(first, NAME) == []
    assert tags(first, NAME, challenger)["perennial.verdict"] == "approved"


def test_an_a_a_test_decides_nothing_and_others_meet_it(
    first: Service, challenger: int, front: str, tmp_path: Path
) -> None:
    """By the command, in the worker: no other version is promoted meanwhile, its slot is kept, a rollback ends it."""
    other = approved_copy(first, NAME, tmp_path)
    command(first, "start", "--challenger", str(challenger), "--metric", "label", "--stop-when-decided")
    until(lambda: written(first).open() is not None, what="its plan")
    plan = written(first).open()
    assert plan is not None
    test = plan.test
    clients = Clients(first, front, test)
    until(lambda: written(first).fronted(test) is not None, what="its beginning")
    until(lambda: any(clients.ask(number) == challenger for number in range(20)), what="the front's notice")
    clients.all_ask()
    clients.label({1: 0.4, challenger: 0.4})
    until(lambda: any(one.callers >= CALLERS for one in written(first).looks(test)), what="a look")
    assert json.loads(command(first, "show", "--json"))["answer"]["verdict"] == "not decided yet"
    code, output = first.run("promote", f"{NAME!r}, {other}")
    assert (code, "an A/B test compares the versions 1 and" in output) == (1, True), output
    code, output = first.run("reconcile", repr(NAME))
    assert (code, "A/B test" in output, "is promoted by" in output) == (0, False, False), output
    assert len(first.platform.endpoints.get(NAME).slots) == 2
    code, output = first.run("rollback", f"{NAME!r}, 'enough'")
    assert (code, result_of(output)) == (0, "1"), output
    until(lambda: written(first).answer(test) is not None, what="its answer")
    answer = written(first).answer(test) or {}
    assert (answer["verdict"], answer["ended"]) == ("not decided yet", "rolled back: enough")
    assert answer["low"] < 0 < answer["high"]
    assert (champion(first, NAME), clients.failed) == (1, {})
    for version in (challenger, other):  # or reconcile would go on with what was approved
        first.platform.models.tag(NAME, version, {"perennial.verdict": "rejected", "perennial.reason": "was a test's"})
    code, output = first.run("reconcile", repr(NAME))
    assert (code, "was deleted" in output) == (0, True), output
    assert len(first.platform.endpoints.get(NAME).slots) == 1


def test_what_no_release_approved_meets_no_client(first: Service) -> None:
    models = first.platform.models
    key = "unapproved"
    made = models.register(NAME, models.start_run(NAME, key, {}), _packed(first), key, {})
    code, output = first.run("ab_test", START.format(version=made.version, test="20260102-000000-unapproved"))
    assert (code, "no release approved version" in output) == (1, True), output
    models.tag(NAME, made.version, {"perennial.verdict": "approved"})  # by hand
    code, output = first.run("ab_test", START.format(version=made.version, test="20260103-000000-forged"))
    assert (code, "cannot be tested" in output) == (1, True), output
    assert tags(first, NAME, made.version).get("perennial.verdict") == "approved"
    assert written(first).front() in (None, b"null")


def _packed(stack: Service) -> Path:
    import tempfile

    return stack.platform.models.fetch(NAME, 1, Path(tempfile.mkdtemp()))
