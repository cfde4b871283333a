"""What a broken-off release or promotion is started again for, and what not."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import pytest
from prefect.states import Scheduled

from lifecycle.names import CHAMPION
from lifecycle.tags import APPROVED_AT, APPROVED_BY, APPROVED_OVER, RETRAINED, VERDICT
from tasks import carrying_on, retrained, starting
from tasks.context import Context
from tests.walk.registry import FileModels

APPROVED = {VERDICT: "approved", APPROVED_BY: "auto", APPROVED_AT: "2026-05-02T00:00:00+00:00"}


class Place:
    """A registry of two versions, the first one the champion, and what is started."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (folder / "model").mkdir()
        self.models = FileModels(folder / "registry")
        for key in ("one", "two"):
            self.models.register("toy", key, folder / "model", key, {})
        self.models.set_alias("toy", CHAMPION, 1)
        self.promotion = SimpleNamespace(promotion="at_once")
        workload = SimpleNamespace(release=self.promotion)
        platform = SimpleNamespace(models=self.models)
        self.context = cast(Context, SimpleNamespace(name="toy", platform=platform, workload=workload))
        self.started: list[str] = []
        self._patch = monkeypatch
        monkeypatch.setattr(starting, "run_deployment", self._start)
        monkeypatch.setattr(carrying_on, "rollout_under_way", lambda _: None)
        monkeypatch.setattr(carrying_on, "running_test", lambda _: None)

    def break_off(self, **parameters: Any) -> None:
        found = [{"workload": "toy", "model_version": 2, **parameters}]
        self._patch.setattr(carrying_on, "broken_off_releases", lambda _: found)

    def _start(self, deployment: str, **_: Any) -> Any:
        self.started.append(deployment)
        return SimpleNamespace(id=uuid4(), state=Scheduled())


@pytest.fixture(name="place")
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    return Place(tmp_path, monkeypatch)


@pytest.mark.parametrize(
    ("verdict", "parameters", "again"),
    [
        ("", {}, True),
        ("approved", {}, True),  # its staging is not cleared, maybe
        ("rejected", {}, True),
        ("rejected", {"forced_by": "Ada"}, False),  # it would be decided anew
        ("promoted", {}, False),  # and maybe gone back from
        ("", {"unanswered": "d" * 64}, False),
        ("", {"model_version": 9}, False),
    ],
)
def test_a_broken_off_release(place: Place, verdict: str, parameters: dict[str, Any], again: bool) -> None:
    place.models.tag("toy", 2, {VERDICT: verdict})
    place.break_off(**parameters)
    assert bool(carrying_on.carry_on_release(place.context)) == again
    assert place.started == (["release/staging"] if again else [])


@pytest.mark.parametrize(("over", "again"), [("1", True), ("none", False)])
def test_an_approval_that_nobody_promotes(place: Place, over: str, again: bool) -> None:
    """It is promoted where it is over the champion of now."""
    place.models.tag("toy", 2, {**APPROVED, APPROVED_OVER: over})
    assert bool(carrying_on.carry_on_promotion(place.context)) == again
    assert place.started == (["promote/prod"] if again else [])


def test_an_approval_that_waits_for_a_person_is_left_to_them(place: Place) -> None:
    place.models.tag("toy", 2, {**APPROVED, APPROVED_OVER: "1"})
    place.promotion.promotion = "by_hand"
    assert carrying_on.carry_on_promotion(place.context) == ""
    assert place.started == []


@pytest.mark.parametrize(
    ("tag", "verdict", "started"),
    [
        ("", "", []),  # a candidate that nobody wanted released
        ("asked", "", ["retrain/dev"]),
        ("2", "", ["release/staging"]),  # what was trained anew is itself
        ("1", "", ["release/staging"]),
        ("asked", "rejected", []),
        ("2", "promoted", []),
    ],
)
def test_a_retraining_for_staging_goes_on(place: Place, tag: str, verdict: str, started: list[str]) -> None:
    place.models.tag("toy", 2, {RETRAINED: tag, VERDICT: verdict})
    assert bool(carrying_on.carry_on_retraining(place.context)) == bool(started)
    assert place.started == started


def test_what_a_retraining_has_written_is_not_written_over(place: Place) -> None:
    """Its run ended since the version was read."""
    place.models.tag("toy", 2, {RETRAINED: "asked"})
    seen = place.models.get("toy", 2)
    place.models.tag("toy", 2, {RETRAINED: "2"})
    retrained.start_retraining(place.context, seen)
    assert place.models.get("toy", 2).tags[RETRAINED] == "2"


@pytest.mark.parametrize("verdict", ["approved", "promoted"])
def test_what_somebody_forced_meanwhile_keeps_its_verdict(place: Place, verdict: str) -> None:
    place.models.tag("toy", 1, {VERDICT: verdict})
    retrained.take_the_place(place.context, place.models.get("toy", 2), passed=1)
    assert place.models.get("toy", 1).tags[VERDICT] == verdict
    assert place.models.get("toy", 2).tags[RETRAINED] == "1"
