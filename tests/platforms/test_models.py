"""The contract of `Models`, on an MLflow server and on Azure ML with its registry."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

from deployments.ports import free_ports
from platforms.mlflow_rest import MlflowRest
from platforms.ports import Models, NotFound, Platform, Refused, Unavailable
from tests.conftest import HTTP, Service


@pytest.fixture(name="models")
def _models(platform: Platform) -> Models:
    return platform.models


@pytest.fixture(name="name")
def _name() -> str:
    return f"model-{uuid4().hex[:8]}"


@pytest.fixture(name="packed")
def _packed(tmp_path: Path) -> Path:
    """A folder that stands for a packed model: the registry does not look inside."""
    (tmp_path / "packed" / "deep").mkdir(parents=True)
    (tmp_path / "packed" / "MLmodel").write_text("flavors: {}")
    (tmp_path / "packed" / "deep" / "weights.bin").write_bytes(bytes(range(256)) * 1000)
    return tmp_path / "packed"


def test_a_run_is_found_again_by_its_key(models: Models, name: str) -> None:
    run = models.start_run(name, "key-1", {"workload": name})
    assert models.start_run(name, "key-1", {}) == run
    assert models.start_run(name, "key-2", {}) != run
    for _ in range(2):
        models.finish_run(run, True, {"auc": 0.9}, {"dataset": "abc"})


def test_a_version_is_registered_once(models: Models, name: str, packed: Path) -> None:
    run = models.start_run(name, "key", {})
    made = models.register(name, run, packed, "key", {"colour": "green"})
    assert (made.version, made.run_id, made.tags["colour"]) == (1, run, "green")
    assert models.register(name, run, packed, "key", {}) == made
    assert models.register(name, run, packed, "another", {}).version == 2
    assert [version.version for version in models.versions(name)] == [1, 2]


def test_what_was_registered_is_fetched_byte_for_byte(models: Models, name: str, packed: Path, tmp_path: Path) -> None:
    models.register(name, models.start_run(name, "key", {}), packed, "key", {})
    fetched = models.fetch(name, 1, tmp_path / "fetched")
    files = {path.relative_to(packed): path.read_bytes() for path in packed.rglob("*") if path.is_file()}
    assert {path.relative_to(fetched): path.read_bytes() for path in fetched.rglob("*") if path.is_file()} == files


def test_an_alias_moves(models: Models, name: str, packed: Path) -> None:
    run = models.start_run(name, "key", {})
    for key in ("one", "two"):
        models.register(name, run, packed, key, {})
    assert models.by_alias(name, "champion") is None
    for version in (1, 2):
        models.set_alias(name, "champion", version)
        found = models.by_alias(name, "champion")
        assert found is not None
        assert (found.version, found.aliases) == (version, ("champion",))
        assert models.bearers("champion").get(name, found) == found
    assert [version.aliases for version in models.versions(name)] == [(), ("champion",)]


def test_mlflow_tells_bearers_that_are_the_newest_at_once(stack: Service, name: str, packed: Path) -> None:
    models, names = stack.platform.models, [name, f"{name}-b"]
    for one in names:
        models.register(one, models.start_run(one, "key", {}), packed, "key", {"colour": one})
        models.set_alias(one, "champion", 1)
    assert {one: models.bearers("champion")[one] for one in names} == {one: models.get(one, 1) for one in names}
    assert not set(names) & set(models.bearers("challenger"))


def test_tags_are_added(models: Models, name: str, packed: Path) -> None:
    models.register(name, models.start_run(name, "key", {}), packed, "key", {"kept": "yes"})
    models.tag(name, 1, {"verdict": "promoted", "words": "a=b, 'c' \"d\" é"})
    tags = models.get(name, 1).tags
    assert (tags["kept"], tags["verdict"], tags["words"]) == ("yes", "promoted", "a=b, 'c' \"d\" é")


def test_more_than_a_page_of_versions_in_their_order(models: Models, name: str, packed: Path) -> None:
    """As numbers: as texts, 9 would come after 10."""
    run = models.start_run(name, "key", {})
    for number in range(12):
        models.register(name, run, packed, f"key-{number}", {})
    assert [version.version for version in models.versions(name)] == list(range(1, 13))


def test_what_is_not_there(models: Models, name: str, tmp_path: Path) -> None:
    assert models.versions(name) == []
    assert models.by_alias(name, "champion") is None
    with pytest.raises(NotFound, match=f"no version 7 of the model {name}"):
        models.get(name, 7)
    with pytest.raises(NotFound):
        models.fetch(name, 7, tmp_path)


def test_a_text_is_attached_where_its_address_says(stack: Service, name: str) -> None:
    models = stack.platform.models
    run = models.start_run(name, "key", {})
    url = models.log_text(run, "<h1>é</h1>", "reports/one.html")
    assert url == f"{models.run_url(run)}/artifacts/reports/one.html"
    root = url.partition("/#/")[0]
    answer = HTTP.get(f"{root}/get-artifact", params={"path": "reports/one.html", "run_uuid": run})
    assert answer.text == "<h1>é</h1>"


def test_a_text_can_be_attached_again_and_deleted(platform: Platform, name: str) -> None:
    """Whoever was killed does both again. Azure ML deletes no artifact of a run, and says so."""
    models = platform.models
    run = models.start_run(name, "key", {})
    addresses = {models.log_text(run, "<h1>é</h1>", "reports/one.html") for _ in range(2)}
    assert len(addresses) == 1
    assert [models.delete_text(run, "reports/one.html") for _ in range(2)] == [platform.name == "local"] * 2


def test_a_deleted_text_is_gone_and_its_neighbours_stay(stack: Service, name: str) -> None:
    models = stack.platform.models
    run = models.start_run(name, "key", {})
    for part in ("one", "two"):
        root = models.log_text(run, part, f"reports/{part}.html").partition("/#/")[0]
    models.delete_text(run, "reports/one.html")
    answers = [
        HTTP.get(f"{root}/get-artifact", params={"path": f"reports/{part}.html", "run_uuid": run})
        for part in ("one", "two")
    ]
    assert [answer.is_success for answer in answers] == [False, True]


def test_a_refusal_carries_the_services_words(stack: Service) -> None:
    with pytest.raises(Refused, match="runs/create: HTTP 400 INVALID_PARAMETER_VALUE"):
        MlflowRest(stack.addresses["mlflow"]).post("runs/create", experiment_id=["no", "id"])


def test_a_server_that_is_gone_is_unavailable() -> None:
    port = free_ports(["mlflow"])["mlflow"]
    with pytest.raises(Unavailable, match="does not answer"):
        MlflowRest(f"http://127.0.0.1:{port}", patience_seconds=0.3).get("runs/get", run_id="x")
