"""score: files under a prefix are scored by the champion or a named version; killed and run again, it is one job."""

from __future__ import annotations

import json

import pytest

from platforms.ledger import Ledger
from tests.conftest import HTTP, Service, result_of
from tests.flows.watched import run
from tests.people import make_people

NAME = "scored"


@pytest.fixture(scope="module", name="trained")
def _trained(stack: Service) -> Service:
    """One version, trained, that bears the alias."""
    people = make_people(900, seed=5).to_csv(index=False).encode()
    stack.platform.blobs.write(f"{NAME}/raw/people.csv", people)
    code, output = stack.run("train", repr(NAME))
    assert (code, result_of(output)) == (0, "1"), output
    stack.platform.models.set_alias(NAME, "champion", 1)
    return stack


def put(stack: Service, prefix: str) -> None:
    """Two files, one row of which cannot be scored."""
    stack.platform.blobs.write(f"{prefix}a.csv", make_people(50, seed=1).to_csv(index=False).encode())
    people = make_people(20, seed=2).astype(str)
    people.loc[3, "age"] = "old"
    stack.platform.blobs.write(f"{prefix}deep/b.csv", people.to_csv(index=False).encode())


def rows(stack: Service, outputs: str) -> list[dict[str, object]]:
    blobs = stack.platform.blobs
    return [json.loads(line) for blob in blobs.list(f"{outputs}rows/") for line in blobs.read(blob.name).splitlines()]


def artifact(stack: Service, key: str) -> str:
    """The newest on the pages of the runs."""
    api = f"{stack.addresses['prefect']}/api/artifacts/{NAME}-{key}/latest"
    return str(HTTP.get(api).raise_for_status().json()["data"])


def jobs(stack: Service) -> list[str]:
    return sorted(path.name for path in (stack.settings.state / "batch" / ".jobs" / f"{NAME}-batch").glob("[!.]*"))


def test_files_are_scored_by_the_champion(trained: Service) -> None:
    put(trained, "in/daily/")
    code, output = trained.run("score", f"{NAME!r}, 'in/daily/'")
    assert code == 0, output
    outputs = result_of(output).strip("'")
    assert outputs.startswith(f"scores/{NAME}/")
    found = rows(trained, outputs)
    assert len(found) == 69
    assert {row["model_version"] for row in found} == {1}
    assert len({row["correlation_id"] for row in found}) == 69
    assert "69 rows of 2 files; 0 files failed, 1 rows were rejected" in artifact(trained, "scores")
    assert "deep/b.csv" in artifact(trained, "scored-files")
    (entry,) = [one for one in Ledger(trained.platform.blobs, NAME).entries() if one.kind == "scored"]
    assert (entry.model_version, entry.evidence["rows"]) == (1, 69)
    assert trained.platform.batch.get(f"{NAME}-batch").default == "version-1"
    before = jobs(trained)
    code, output = trained.run("score", f"{NAME!r}, 'in/daily/'")
    assert (code, result_of(output).strip("'")) == (0, outputs), output
    assert jobs(trained) == before


@pytest.mark.parametrize("boundary", ["Blobs.put_if_absent", "Batch.deploy", "Batch.invoke", "Batch.job"])
def test_killed_and_run_again_it_is_one_job(trained: Service, boundary: str) -> None:
    key = boundary.replace(".", "-").replace("_", "-")
    put(trained, f"in/{key}/")
    call = f"{NAME!r}, 'in/{key}/', key={key!r}"
    run(trained, "score", call, kill_after=boundary)
    free(trained)
    code, output = trained.run("score", call)
    assert code == 0, output
    assert [name for name in jobs(trained) if key in name] == [f"score-{NAME}-{key}-1"]
    assert len(rows(trained, result_of(output).strip("'"))) == 69


def free(stack: Service) -> None:
    """What a killed run held, as an operator may in the UI rather than wait for the lease's end."""
    url = f"{stack.addresses['prefect']}/api/v2/concurrency_limits/score-{NAME}"
    HTTP.patch(url, json={"active_slots": 0}).raise_for_status()


def test_a_bad_file_fails_the_run_unless_it_may_fail(trained: Service) -> None:
    put(trained, "in/bad/")
    trained.platform.blobs.write("in/bad/cut.parquet", b"PAR1")
    code, output = trained.run("score", f"{NAME!r}, 'in/bad/', key='bad'")
    assert code == 1
    assert "ScoringFailed" in output
    assert "1 files failed" in artifact(trained, "scores")
    code, output = trained.run("score", f"{NAME!r}, 'in/bad/', key='bad', error_threshold=1")
    assert code == 0, output
    assert len(rows(trained, result_of(output).strip("'"))) == 69
    code, output = trained.run("score", f"{NAME!r}, 'in/daily/', key='bad'")
    assert code == 1
    assert "OtherPlan" in output
