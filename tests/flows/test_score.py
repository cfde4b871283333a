"""score: files under a prefix are scored by the champion or a named version; killed and run again, it is one job."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deployments.status import read_status
from lifecycle.ledger import LedgerEntry
from lifecycle.tags import DATASET
from platforms.ledger import Ledger
from tests.conftest import HTTP, Service, result_of
from tests.flows.watched import run
from tests.people import make_people
from tests.waiting import until

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


def default(stack: Service) -> str | None:
    return stack.platform.batch.get(f"{NAME}-batch").default


def scored_by(stack: Service, prefix: str) -> set[object]:
    """The versions that scored the files there, where none is named."""
    code, output = stack.run("score", f"{NAME!r}, {prefix!r}")
    assert code == 0, output
    return {row["model_version"] for row in rows(stack, result_of(output).strip("'"))}


def new_champion(stack: Service, folder: Path, required: str = "") -> int:
    """Another version of the first one's model; it rejects rows without a value in the column that it requires."""
    models = stack.platform.models
    packed, key = models.fetch(NAME, 1, folder), f"copy-{len(models.versions(NAME))}"
    file = packed / "perennial.json"
    description = json.loads(file.read_text())
    for column in description["columns"]:
        if column["name"] == required:
            column["missing_allowed"] = False
    file.write_text(json.dumps(description))
    own = {DATASET: models.get(NAME, 1).tags[DATASET]}
    made = models.register(NAME, models.start_run(NAME, key, {}), packed, key, own)
    models.set_alias(NAME, "champion", made.version)
    return made.version


def copies(stack: Service) -> list[str]:
    """Of a batch's files, made to compare by."""
    return [one.name for one in stack.platform.blobs.list(f"batches/{NAME}/compare-") if "/in/" in one.name]


def comparisons(stack: Service) -> list[LedgerEntry]:
    return [one for one in Ledger(stack.platform.blobs, NAME).entries() if one.kind == "compared"]


def test_the_champion_scores_batches_once_it_held_on_the_last_one(trained: Service, tmp_path: Path) -> None:
    """The scoring that finds a champion that is not compared yet has it compared, by a run of its own."""
    put(trained, "in/held/")
    trained.platform.blobs.write("in/held/later/c.csv", make_people(30, seed=3).to_csv(index=False).encode())
    assert scored_by(trained, "in/held/") == {1}
    version = new_champion(trained, tmp_path)
    assert scored_by(trained, "in/held/") == {1}
    until(lambda: default(trained) == f"version-{version}", 60)
    (entry,) = comparisons(trained)
    assert (entry.model_version, entry.evidence["verdict"], entry.evidence["over"]) == (version, "accepted", 1)
    signals = {one["signal"]: one for one in entry.evidence["signals"]}
    assert "0 of 99 rows have another prediction" in signals["changed"]["evidence"]
    assert signals["rows"]["champion"] == signals["rows"]["challenger"] == "1 rejected"
    assert copies(trained) == []
    assert scored_by(trained, "in/held/") == {version}
    trained.platform.models.set_alias(NAME, "champion", 1)  # as a rollback does
    assert scored_by(trained, "in/held/") == {1}
    assert default(trained) == "version-1"
    assert len(comparisons(trained)) == 1


def test_a_champion_that_rejects_rows_does_not_score_batches(trained: Service, tmp_path: Path) -> None:
    """Killed anywhere, the comparison comes to the same; what it says stands everywhere, and a person may overrule."""
    put(trained, "in/worse/")
    nowhere = make_people(30, seed=4).assign(region=[None, "north"] * 15)
    trained.platform.blobs.write("in/worse/c.csv", nowhere.to_csv(index=False).encode())
    assert scored_by(trained, "in/worse/") == {1}
    before = len(comparisons(trained))
    version = new_champion(trained, tmp_path, required="region")
    for boundary in ("Blobs.put_if_absent", "Batch.invoke", "Blobs.delete", "Models.tag"):
        run(trained, "compare_batch", repr(NAME), kill_after=boundary)
        free(trained)
    code, output = trained.run("compare_batch", repr(NAME))
    assert code == 0, output
    assert default(trained) == "version-1"
    assert scored_by(trained, "in/worse/") == {1}
    (entry,) = comparisons(trained)[before:]
    assert entry.evidence["verdict"] == "refused"
    assert "15 of 99 rows that the version before scored have no answer" in entry.summary
    assert len([name for name in jobs(trained) if f"compare-{version}-over-1" in name]) == 1
    assert copies(trained) == []
    told = next(one for one in read_status(trained.settings) if one["workload"] == NAME)["batch"]
    assert f"scored by version 1, and not by the champion, version {version}" in told["told"]
    assert told["told"].count("have no answer") == 1
    chosen = f"from deployments.cli import main\nimport sys\nsys.argv[1:] = {told['command'].split()[1:]!r}\nmain()"
    code, output = trained.run_code(chosen)
    assert code == 0, output
    assert scored_by(trained, "in/worse/") == {version}
    assert default(trained) == f"version-{version}"
