"""ingest: what is broken is told and quarantined, and never lost; what is whole becomes one version."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Service, result_of
from tests.people import make_people

YAML = """
name: {name}
kind: classification
data: {{raw: {name}/raw/, label: sick, columns: {{age: 0..120, weight: number, region: 'category?'}}}}
"""


@pytest.fixture(name="workload")
def _workload(stack: Service, request: pytest.FixtureRequest) -> str:
    """A workload of this test's own, without data yet."""
    name = "in-" + request.node.name.replace("_", "-")[5:24].strip("-")
    folder = stack.settings.workloads / name
    folder.mkdir()
    (folder / "workload.yaml").write_text(YAML.format(name=name))
    return name


def manifest_of(stack: Service, workload: str) -> dict[str, object]:
    """The manifest of the only dataset version."""
    found = [blob.name for blob in stack.platform.blobs.list(f"datasets/{workload}/")]
    names = [name for name in found if name.endswith("/manifest.json") and "/data/" not in name]
    assert len(names) == 1
    manifest: dict[str, object] = json.loads(stack.platform.blobs.read(names[0]))
    return manifest


def test_broken_files_and_rows(stack: Service, workload: str) -> None:
    """One good file among bad ones: the version holds its good rows, each bad one is told by name."""
    blobs = stack.platform.blobs
    people = make_people(400, seed=1).astype(str)
    people.loc[0, "age"] = "old"
    people.loc[1, "age"] = "-3"
    people.loc[2, "sick"] = ""
    good = people.to_csv(index=False)
    blobs.write(f"{workload}/raw/good.csv", good.encode())
    blobs.write(f"{workload}/raw/empty.csv", b"")
    blobs.write(f"{workload}/raw/renamed.csv", good.replace("weight", "wieght").encode())
    blobs.write(f"{workload}/raw/cut.parquet", make_people(9, seed=2).to_parquet()[:200])
    blobs.write(f"{workload}/raw/notes.docx", b"no table")
    blobs.write(f"{workload}/raw/lines.jsonl", b'{"age": 40, "weight": 70, "region": null, "sick": 1}\n{cut off')
    code, output = stack.run("ingest", repr(workload))
    assert code == 0, output
    manifest = manifest_of(stack, workload)
    assert manifest["rows"] == 398
    assert manifest["sources"] == [f"{workload}/raw/good.csv", f"{workload}/raw/lines.jsonl"]
    quarantined = b"".join(blobs.read(blob.name) for blob in blobs.list(f"quarantine/{workload}/"))
    for told in (b"old", b"wieght", b"{cut off"):
        assert told in quarantined


def test_nothing_usable(stack: Service, workload: str) -> None:
    """Where nothing can be used, the run fails and says of each file why."""
    stack.platform.blobs.write(f"{workload}/raw/a.csv", make_people(50, 1).drop(columns="age").to_csv().encode())
    code, output = stack.run("ingest", repr(workload))
    assert code == 1
    assert "No usable row in 1 sources" in output
    assert "age" in output
    assert not list(stack.platform.blobs.list(f"datasets/{workload}/"))


def test_one_class(stack: Service, workload: str) -> None:
    """A label of one class is refused before anything is trained."""
    people = make_people(100, 1).assign(sick=1)
    stack.platform.blobs.write(f"{workload}/raw/a.csv", people.to_csv(index=False).encode())
    code, output = stack.run("ingest", repr(workload))
    assert code == 1
    assert "has one class only" in output


def test_no_data(stack: Service, workload: str) -> None:
    """No raw blob at all."""
    code, output = stack.run("ingest", repr(workload))
    assert code == 1
    assert f"no blob lies under {workload}/raw/" in output


def test_same_content(stack: Service, workload: str, tmp_path: Path) -> None:
    """The version is the content's: another order of rows, another format, the same version."""
    people = make_people(300, seed=3)
    blobs = stack.platform.blobs
    blobs.write(f"{workload}/raw/a.csv", people.to_csv(index=False).encode())
    first = result_of(stack.run("ingest", repr(workload))[1])
    blobs.delete(f"{workload}/raw/a.csv")
    people.sample(frac=1, random_state=1).to_parquet(tmp_path / "b.parquet", index=False)
    blobs.upload(f"{workload}/raw/b.parquet", tmp_path / "b.parquet")
    second = result_of(stack.run("ingest", repr(workload))[1])
    assert first == second
    assert len(first) == 14
