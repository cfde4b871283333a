"""The README's tables say what the tests drove: no more, no less. Runs last; compares the whole after a whole run.

`make_coverage.py` tells how the tables are written anew.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from azureml_emulator import coverage
from tests.azureml_emulator.conftest import RUNNING
from tests.azureml_emulator.driven import Driven, classes, methods
from tests.azureml_emulator.make_coverage import make


@pytest.fixture
def whole(request: pytest.FixtureRequest, driven: Driven) -> dict[str, Any]:
    """What this session drove, if it ran every test of this folder."""
    ran = {item.path for item in request.session.items}
    if not ran >= set(Path(__file__).parent.glob("test_*.py")) or request.config.option.keyword:
        pytest.skip("only some of the tests were asked for")
    if request.session.testsfailed:
        pytest.skip("a test failed, so that what it drives is not known")
    for emulator in RUNNING.values():
        driven.add_routes(emulator.description["control"])
    return make(driven)


def test_what_the_tests_drove_is_what_is_claimed(whole: dict[str, Any]) -> None:
    claimed = coverage.read()
    for part in ("sdk", "operations", "not_driven", "routes"):
        assert whole[part] == claimed[part], part
    assert _shares(whole) == _shares(claimed)


def _shares(told: dict[str, Any]) -> dict[str, tuple[int, int]]:
    """What ours has alone varies with what the tests happen to wait for; what is shared does not."""
    return {name: (found["same"], found["paths"]) for name, found in told["recorded"].items()}


def test_the_readme_shows_what_is_claimed() -> None:
    text = coverage.README.read_text()
    assert coverage.placed(text, coverage.render(coverage.read())) == text


def test_what_was_driven_is_claimed(driven: Driven) -> None:
    """Also where only some of the tests ran."""
    assert {name for name, files in driven.operations.items() if files} <= set(coverage.read()["operations"])


def test_every_operation_of_the_sdk_is_listed() -> None:
    claimed = coverage.read()
    every = {f"{name}.{method}" for name, operations in classes().items() for method in methods(operations)}
    assert {*claimed["operations"], *claimed["not_driven"]} == every
