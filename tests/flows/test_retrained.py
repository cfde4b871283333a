"""What passed staging is trained anew on the newest data, where the workload says so, and goes through all gates."""

from __future__ import annotations

from platforms.ledger import Ledger
from tests.conftest import Service, result_of
from tests.flows.test_loop import champion
from tests.people import make_people
from tests.waiting import until

NAME = "renewed"


def add(stack: Service, file: str, rows: int, seed: int, *, turned: bool = False) -> None:
    people = make_people(rows, seed=seed, turned=turned)
    stack.platform.blobs.write(f"{NAME}/raw/{file}.csv", people.to_csv(index=False).encode())


def train_and_release(stack: Service, newer: bool) -> int:
    """A version that passed; newer: data came in between."""
    code, output = stack.run("train", repr(NAME))
    assert code == 0, output
    version = int(result_of(output))
    if newer:
        add(stack, "newer", 900, seed=7)
    code, output = stack.run("release", f"{NAME!r}, {version}")
    assert (code, "passed staging, and is trained anew" in output) == (0, True), output
    return version


def test_what_is_trained_anew_is_released_in_the_place_of_what_passed(stack: Service) -> None:
    models = stack.platform.models
    add(stack, "people", 900, seed=6)
    assert train_and_release(stack, newer=True) == 1
    until(lambda: champion(stack, NAME) == 2, what="the promotion of the one in its place")
    passed, newest = models.get(NAME, 1).tags, models.get(NAME, 2).tags
    assert (passed["perennial.verdict"], newest["perennial.retrained"]) == ("rejected", "1")
    assert "version 2, trained anew" in passed["perennial.reason"]
    assert passed["perennial.dataset"] != newest["perennial.dataset"]
    (approved,) = (one for one in Ledger(stack.platform.blobs, NAME).entries() if one.kind == "approved")
    assert approved.model_version == 2
    assert approved.evidence["gates"], "it passed every gate itself"
    code, output = stack.run("release", f"{NAME!r}, 1")
    assert (code, "was rejected before" in output) == (0, True), output


def test_where_nothing_is_newer_what_passed_goes_on(stack: Service) -> None:
    add(stack, "turned", 2500, seed=8, turned=True)
    assert train_and_release(stack, newer=False) == 3
    until(lambda: champion(stack, NAME) == 3, what="its promotion")
    assert stack.platform.models.get(NAME, 3).tags["perennial.retrained"] == "3"
    assert len(stack.platform.models.versions(NAME)) == 3
