"""What a search tries, and which trial it takes."""

from __future__ import annotations

import math

from lifecycle.search import Search

SPACE = {"rate": {"low": 0.001, "high": 1.0, "log": True}, "depth": {"low": 2, "high": 4}, "shape": ("x", True)}


def search(**more: object) -> Search:
    return Search.model_validate({"space": SPACE, "objective": "roc_auc", "trials": 300, **more})


def test_a_seed_gives_the_same_points_again() -> None:
    assert search(seed=1).points() == search(seed=1).points() != search(seed=2).points()


def test_points_lie_in_the_space_and_fill_it() -> None:
    points = search().points()
    assert len(points) == 300
    assert all(0.001 <= point["rate"] <= 1.0 for point in points)  # type: ignore[operator]
    assert 0.4 < sum(point["rate"] < math.sqrt(0.001) for point in points) / 300 < 0.6  # type: ignore[operator]
    assert {repr(point["depth"]) for point in points} == {"2", "3", "4"}
    assert {repr(point["shape"]) for point in points} == {"'x'", "True"}
    assert min(sum(point["depth"] == depth for point in points) for depth in (2, 3, 4)) > 70


def test_no_point_is_tried_twice() -> None:
    points = search(space={"a": (1, 2), "b": {"low": 1, "high": 3}}, trials=50).points()
    assert sorted((point["a"], point["b"]) for point in points) == [(a, b) for a in (1, 2) for b in (1, 2, 3)]


def test_a_grid_is_all_combinations() -> None:
    points = search(space={"a": (1, 2), "b": ("x", "y")}, sampling="grid").points()
    assert points == [{"a": 1, "b": "x"}, {"a": 1, "b": "y"}, {"a": 2, "b": "x"}, {"a": 2, "b": "y"}]


def test_the_best_is_as_the_metric_means_it() -> None:
    assert search().best({0: 0.8, 3: 0.9, 2: 0.9}) == 2
    assert search(objective="cv_rmse").best({0: 0.8, 1: 0.9}) == 0
    assert search(objective="mine", goal="minimize").direction == "minimize"
