"""The way from staging to production: two flows that know no other stage, killed, refused, failed and run again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lifecycle.names import probe_blob
from platforms.ledger import Ledger
from tasks.context import open_context
from tests.conftest import HTTP, Service, result_of
from tests.flows.test_loop import champion, serving
from tests.flows.watched import run
from tests.people import make_people
from tests.tasks.approving import approve_over
from tests.waiting import until

NAME = "stages"


@pytest.fixture(scope="module", name="trained")
def _trained(stack: Service) -> Service:
    """One version, trained."""
    stack.platform.blobs.write(f"{NAME}/raw/people.csv", make_people(900, seed=5).to_csv(index=False).encode())
    code, output = stack.run("train", repr(NAME))
    assert (code, result_of(output)) == (0, "1"), output
    return stack


def free(stack: Service) -> None:
    """What a killed run held, as an operator may in the UI rather than wait for the lease's end."""
    url = f"{stack.addresses['prefect']}/api/v2/concurrency_limits/release-{NAME}"
    HTTP.patch(url, json={"active_slots": 0}).raise_for_status()


def verdict(stack: Service, version: int) -> str | None:
    return stack.platform.models.get(NAME, version).tags.get("perennial.verdict")


def promotions(stack: Service) -> list[dict[str, Any]]:
    """The runs of the deployment, the oldest first."""
    api = f"{stack.addresses['prefect']}/api"
    deployment = HTTP.get(f"{api}/deployments/name/promote/prod").json()["id"]
    body = {"deployments": {"id": {"any_": [deployment]}}, "sort": "EXPECTED_START_TIME_ASC"}
    runs: list[dict[str, Any]] = HTTP.post(f"{api}/flow_runs/filter", json=body).json()
    return [one for one in runs if one["parameters"]["workload"] == NAME]


def copy_of_first(stack: Service, tmp_path: Path, over: int | None) -> int:
    """Another version with the first one's model, approved over a champion as a release does it; its number."""
    models = stack.platform.models
    first = models.get(NAME, 1)
    key = f"copy-{len(models.versions(NAME))}"
    tags = {name: value for name, value in first.tags.items() if "perennial.dataset" in name}
    made = models.register(NAME, models.start_run(NAME, key, {}), models.fetch(NAME, 1, tmp_path), key, tags)
    kept = stack.platform.blobs.read(probe_blob(NAME, 1))
    stack.platform.blobs.write(probe_blob(NAME, made.version), kept)
    if over is not None:
        approve_over(open_context(NAME, stack.settings), models.get(NAME, made.version), over)
    return made.version


def test_a_release_killed_when_it_had_approved_starts_one_promotion(trained: Service) -> None:
    """The endpoints of production are none of its business, before and after."""
    run(trained, "release", repr(NAME), kill_after="Models.tag")
    assert verdict(trained, 1) == "approved"
    assert promotions(trained) == []
    free(trained)
    again = run(trained, "release", repr(NAME))
    assert (again.code, again.endpoints) == (0, [f"{NAME}-staging"]), again.output
    assert not trained.platform.endpoints.get(f"{NAME}-staging").slots
    run(trained, "release", repr(NAME))
    until(lambda: [one["state_type"] for one in promotions(trained)] == ["COMPLETED"], what="the promotion")
    assert serving(trained, NAME) == champion(trained, NAME) == 1
    assert "is the champion already" in run(trained, "release", repr(NAME)).output


def test_a_promotion_killed_anywhere_carries_on(trained: Service, tmp_path: Path) -> None:
    version = copy_of_first(trained, tmp_path, over=1)
    for call in ("Endpoints.deploy", "Endpoints.set_traffic", "Models.set_alias", "Models.tag"):
        run(trained, "promote", f"{NAME!r}, {version}", kill_after=call)
        free(trained)
    last = run(trained, "promote", f"{NAME!r}, {version}")
    assert (last.code, last.endpoints) == (0, [NAME]), last.output
    assert serving(trained, NAME) == champion(trained, NAME) == version
    previous = trained.platform.models.by_alias(NAME, "previous-champion")
    assert previous is not None
    assert previous.version == 1
    entries = Ledger(trained.platform.blobs, NAME).entries()
    assert [entry.model_version for entry in entries if entry.kind == "promoted"] == [1, version]


def test_a_promotion_that_failed_is_started_anew_by_the_next_release(trained: Service, tmp_path: Path) -> None:
    version = copy_of_first(trained, tmp_path, over=champion(trained, NAME))
    before = len(promotions(trained))
    kept = trained.platform.blobs.read(probe_blob(NAME, version))
    trained.platform.blobs.write(probe_blob(NAME, version), kept.replace(b'"probability": 0.', b'"probability": 1.'))
    start_release(trained, version)
    failed = until(lambda: [one for one in promotions(trained) if one["state_type"] == "FAILED"], what="its failure")
    assert "does not answer as version" in failed[0]["state"]["message"]
    assert champion(trained, NAME) == serving(trained, NAME) == version - 1
    assert verdict(trained, version) == "approved"
    trained.platform.blobs.write(probe_blob(NAME, version), kept)
    start_release(trained, version)
    until(lambda: promotions(trained)[-1]["state_type"] == "COMPLETED", what="the promotion")
    assert champion(trained, NAME) == serving(trained, NAME) == version
    assert len(promotions(trained)) == before + 2


def start_release(stack: Service, version: int) -> None:
    """As `train` and `retrain` do it."""
    code = (
        "from tasks.releasing import start_release; from tasks.context import open_context\n"
        f"context = open_context({NAME!r}); model = context.platform.models.get({NAME!r}, {version})\n"
        "start_release(context, model)"
    )
    status, output = stack.run_code(code)
    assert status == 0, output


def test_an_overtaken_version_is_refused(trained: Service, tmp_path: Path) -> None:
    """Both were approved over the same champion; the newer one was quicker."""
    now = champion(trained, NAME)
    older, newer = (copy_of_first(trained, tmp_path, over=now) for _ in range(2))
    assert run(trained, "promote", f"{NAME!r}, {newer}").code == 0
    refused = run(trained, "promote", f"{NAME!r}, {older}")
    assert refused.code == 1
    assert f"version {newer}, which is newer, was promoted since it was approved" in refused.output
    assert champion(trained, NAME) == serving(trained, NAME) == newer
    entries = Ledger(trained.platform.blobs, NAME).entries()
    assert [entry.model_version for entry in entries if entry.kind == "refused"] == [older]


def test_what_no_release_approved_is_refused(trained: Service, tmp_path: Path) -> None:
    version = copy_of_first(trained, tmp_path, over=None)
    refused = run(trained, "promote", f"{NAME!r}, {version}")
    assert refused.code == 1
    assert "no release approved it" in refused.output
    over = str(champion(trained, NAME))
    by_hand = {"approved-by": "Ada", "approved-at": "2026-05-02T00:00:00+00:00", "approved-over": over}
    tags = {f"perennial.{name}": value for name, value in {**by_hand, "verdict": "approved"}.items()}
    trained.platform.models.tag(NAME, version, tags)
    forged = run(trained, "promote", f"{NAME!r}, {version}")
    assert forged.code == 1
    assert "not kept under the digest that its tags name" in forged.output
    assert trained.platform.endpoints.get(NAME).slots.keys() == {"blue", "green"}
    assert version not in {
        int(slot.tags["model_version"]) for slot in trained.platform.endpoints.get(NAME).slots.values()
    }
