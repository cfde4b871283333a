"""A seeded sample of the walk: each harm once, at a boundary that differs from harm to harm. `make walk` does all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.walk.__main__ import acts_of
from tests.walk.invariants import broken, look
from tests.walk.places import lean_service
from tests.walk.playing import play, record
from tests.walk.scenarios import ACTS, HARMS, sampled, scenarios
from tests.walk.scene import Scene

SEED = 5
TRIED = [
    harm for harm in HARMS if harm.name in ("SIGKILL of the flow", "done, its answer lost", "a rollback meanwhile")
]


@pytest.fixture(scope="module", name="scene")
def _scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("walk")
    with lean_service(folder / "service") as service:
        scene = Scene(service, folder, "walked", registry=str(folder / "registry"))
        try:
            scene.make()
            yield scene
        finally:
            scene.close()


def test_a_sample_of_the_walk_holds(scene: Scene) -> None:
    recorded = {act.name: record(scene, act) for act in acts_of(TRIED, scene) if act.name == "promotion"}
    for scenario in sampled(scenarios(recorded, TRIED), len(TRIED), SEED):
        outcome = play(scene, scenario)
        assert outcome.broken == [], f"{scenario}\n{outcome.told}"
        assert outcome.reached, scenario


def test_what_was_rejected_with_all_the_requests_gives_them_back(scene: Scene) -> None:
    """A rollback that is killed between its word and the traffic, where a promotion was killed before its alias."""
    act = next(one for one in ACTS if one.name == "rollback of a whole rollout")
    kills = scenarios({act.name: record(scene, act)}, [harm for harm in HARMS if harm.name == "SIGKILL of the flow"])
    scenario = next(one for one in kills if one.call.what.startswith("models.tag perennial.reason"))
    outcome = play(scene, scenario)
    assert outcome.broken == [], outcome.told
    assert outcome.reached


def test_the_invariants_see_what_is_broken(scene: Scene) -> None:
    """Each of them can fail: the champion's alias on the other version, and requests that were not answered."""
    other = scene.challenger
    scene.platform.models.set_alias(scene.name, "champion", other)
    found = " ".join(broken(look(scene.platform, scene.name, ["HTTP 502"], 0.0)))
    for name in ("production answers", "the ledger explains", "traffic agrees"):
        assert name in found
