"""The `perennial` command, called as a person calls it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.people import make_people

COMMAND = Path(sys.executable).parent / "perennial"


def perennial(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PERENNIAL_WORKLOADS": str(folder / "workloads"), "PERENNIAL_STATE": str(folder / "s")}
    return subprocess.run([COMMAND, *words], cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(name="csv")
def _csv(tmp_path: Path) -> Path:
    people = make_people(200, seed=1)
    people.insert(0, "person_id", range(200))
    people.to_csv(tmp_path / "people.csv", index=False)
    return tmp_path / "people.csv"


def test_a_first_workload_is_written_from_data(tmp_path: Path, csv: Path) -> None:
    done = perennial(tmp_path, "new", "people", "--from", str(csv))
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "workloads" / "people" / "workload.yaml").read_text()
    assert "label: sick" in text
    assert "id: person_id" in text
    assert len(text.splitlines()) <= 20
    assert perennial(tmp_path, "check", "workloads/people").returncode == 0
    again = perennial(tmp_path, "new", "people", "--from", str(csv))
    assert again.returncode == 1
    assert "exists already" in again.stderr


def test_a_number_is_a_regression(tmp_path: Path, csv: Path) -> None:
    assert perennial(tmp_path, "new", "heavy", "--from", str(csv), "--label", "weight").returncode == 0
    assert "kind: regression" in (tmp_path / "workloads" / "heavy" / "workload.yaml").read_text()


def test_raw_data_is_put_where_the_workload_looks(tmp_path: Path, csv: Path) -> None:
    perennial(tmp_path, "new", "people", "--from", str(csv))
    done = perennial(tmp_path, "upload", "people", str(csv))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "s" / "blobs" / "people" / "raw" / "people.csv").read_bytes() == csv.read_bytes()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("check", "absent"), "there is no such file"),
        (("new", "Bad Name", "--from", "people.csv"), "does not match"),
        (("new", "people", "--from", "absent.csv"), "There is no file absent.csv"),
        (("new", "people", "--from", "people.csv", "--label", "absent"), "has no column absent"),
        (("history", "absent"), "There is no workload 'absent'"),
        (("explain", "absent"), "There is no workload 'absent'"),
        (("investigations", "absent"), "There is no workload 'absent'"),
        (("investigation", "close", "absent", "1-a", "--because", "why"), "There is no workload 'absent'"),
        (("rollback", "absent"), "There is no workload 'absent'"),
        (("front", "absent"), "There is no workload 'absent'"),
        (("ab", "show", "absent"), "There is no workload 'absent'"),
        (("approve", "absent", "1"), "There is no workload 'absent'"),
        (("release", "absent", "1"), "There is no workload 'absent'"),
        (("up", "--ports", "nonsense=1"), "write NAME=PORT"),
    ],
)
def test_a_mistake_is_one_readable_message(tmp_path: Path, csv: Path, words: tuple[str, ...], told: str) -> None:
    assert csv.exists()
    done = perennial(tmp_path, *words)
    assert done.returncode == 1
    assert told in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("words", [("--force",), ("--force", "--by", "Ada"), ("--by", "Ada", "--reason", "why")])
def test_a_forced_release_needs_a_name_and_a_reason(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = perennial(tmp_path, "release", "people", "1", *words)
    assert done.returncode == 2
    assert "--by" in done.stderr
