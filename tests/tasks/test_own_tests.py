"""A workload's own tests run by themselves, and what keeps them from it is told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tasks.own_tests import Target, run_own_tests
from tasks.staging import Check

KEY = "the-key-of-the-slot"
TARGET = Target("http://127.0.0.1:1/score", KEY, "candidate", 7, {"request": {"input_data": []}, "labels": [1, 0]})


def run(folder: Path, text: str | None, within: float = 60.0) -> list[Check]:
    (folder / "tests").mkdir()
    if text is not None:
        (folder / "tests" / "test_it.py").write_text(text)
    return run_own_tests(folder, TARGET, within)


def test_each_test_is_a_check_and_gets_what_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "not for them")
    text = """
import json, os, pytest
from pathlib import Path
def test_environment():
    told = {name: value for name, value in os.environ.items() if name.startswith(("PERENNIAL_", "AZURE"))}
    sample = json.loads(Path(told.pop("PERENNIAL_SAMPLE")).read_text())
    assert sample == {"request": {"input_data": []}, "labels": [1, 0]}
    assert sorted(told) == ["PERENNIAL_MODEL_VERSION", "PERENNIAL_SCORING_KEY", "PERENNIAL_SCORING_SLOT",
                            "PERENNIAL_SCORING_URL"]
    assert told["PERENNIAL_MODEL_VERSION"] == "7"
def test_wrong():
    assert os.environ["PERENNIAL_SCORING_KEY"] == "another"
@pytest.mark.skip(reason="in winter only")
def test_skipped(): ...
"""
    fine, wrong, skipped = run(tmp_path, text)
    assert (fine.name, fine.passed) == ("test_it::test_environment", True), fine.seen
    assert not wrong.passed
    assert "AssertionError" in wrong.seen
    assert KEY not in wrong.seen
    assert (skipped.passed, skipped.applies, skipped.seen) == (True, False, "in winter only")
    assert not list(tmp_path.rglob("__pycache__")), "the workload's folder is not ours to write to"


def test_the_time_is_limited_for_all_that_they_start(tmp_path: Path) -> None:
    text = """
import subprocess, sys, os
from pathlib import Path
def test_hangs():
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    Path("child").write_text(str(child.pid))
    child.wait()
"""
    (check,) = run(tmp_path, text, within=4.0)
    assert not check.passed
    assert check.seen.startswith("they did not end within 4 s")
    stat = Path(f"/proc/{(tmp_path / 'child').read_text()}/stat")
    assert not stat.exists() or stat.read_text().split()[2] == "Z"


@pytest.mark.parametrize(
    ("text", "told"),
    [(None, "pytest ended with 5"), ("import absent_module\n", "absent_module"), ("import os; os._exit(3)", "with 3")],
)
def test_tests_that_cannot_be_run_fail(tmp_path: Path, text: str | None, told: str) -> None:
    checks = run(tmp_path, text)
    assert not all(check.passed for check in checks)
    assert told in " ".join(check.seen for check in checks)


def test_a_file_with_tests_is_kept_apart_from_this_project(tmp_path: Path) -> None:
    """Neither our settings of pytest nor our packages' configuration reach it."""
    (check,) = run(tmp_path, "def test_root(pytestconfig):\n    assert pytestconfig.inipath.name == 'null'\n")
    assert check.passed, check.seen
    assert Path.cwd() == Path(os.getcwd())  # noqa: PTH109
