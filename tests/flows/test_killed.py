"""A flow killed with SIGKILL at any boundary, and run again, ends as one that was not killed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from platforms.ports import NotFound
from tests.conftest import HTTP, Service
from tests.flows.test_loop import champion, serving
from tests.people import make_people
from tests.waiting import until

NAME = "walk"


def _any(stack: Service, prefix: str, ending: str) -> bool:
    return any(blob.name.endswith(ending) for blob in stack.platform.blobs.list(prefix))


def _slot(stack: Service, endpoint: str) -> bool:
    try:
        return bool(stack.platform.endpoints.get(endpoint).slots)
    except NotFound:
        return False


def _verdict(stack: Service) -> str | None:
    return stack.platform.models.get(NAME, 1).tags.get("perennial.verdict")


def _traffic(stack: Service) -> bool:
    try:
        return bool(stack.platform.endpoints.get(NAME).traffic)
    except NotFound:
        return False


BOUNDARIES: dict[str, tuple[str, Callable[[Service], bool]]] = {
    "ingested": ("train", lambda stack: _any(stack, f"datasets/{NAME}/", "/holdout.parquet")),
    "submitted": ("train", lambda stack: any((stack.settings.state / "jobs").glob(f"{NAME}-*/running.json"))),
    "registered": ("train", lambda stack: bool(stack.platform.models.versions(NAME))),
    "staged": ("release", lambda stack: _slot(stack, f"{NAME}-staging")),
    "approved": ("release", lambda stack: _verdict(stack) == "approved"),
    "promoted": ("promote", _traffic),
}


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_killed_and_run_again(stack: Service, boundary: str) -> None:
    """Each boundary is reached, the flow is killed there; the next test's flow carries on."""
    stack.platform.blobs.put_if_absent(f"{NAME}/raw/people.csv", make_people(900, seed=5).to_csv(index=False).encode())
    flow, reached = BOUNDARIES[boundary]
    if boundary in ("approved", "promoted"):
        _free_release(stack)  # as an operator may in the UI; the last test waits for the lease's end instead
    process = stack.start(flow, repr(NAME) if flow != "promote" else f"{NAME!r}, 1")
    until(lambda: reached(stack), what=boundary)
    process.kill()
    process.communicate()


def _free_release(stack: Service) -> None:
    url = f"{stack.addresses['prefect']}/api/v2/concurrency_limits/release-{NAME}"
    HTTP.patch(url, json={"active_slots": 0}).raise_for_status()


def test_the_state_is_that_of_a_flow_that_was_not_killed(stack: Service) -> None:
    """One dataset version, one job, one model version, one slot, and it serves."""
    for flow in ("train", "release"):
        code, output = stack.run(flow, repr(NAME))
        assert code == 0, output
    until(lambda: _verdict(stack) == "promoted", what="its promotion")
    assert serving(stack, NAME) == champion(stack, NAME) == 1
    assert len(stack.platform.models.versions(NAME)) == 1
    manifests = [blob.name for blob in stack.platform.blobs.list(f"datasets/{NAME}/")]
    assert sum(name.endswith("/manifest.json") and "/data/" not in name for name in manifests) == 1
    assert len(list((stack.settings.state / "jobs").glob(f"{NAME}-*"))) == 1
    endpoint = stack.platform.endpoints.get(NAME)
    assert len(endpoint.slots) == 1
    assert endpoint.traffic == {"blue": 100}
    assert not stack.platform.endpoints.get(f"{NAME}-staging").slots
