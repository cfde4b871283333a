"""What makes a dataset version: repeats between sources, whose rows are held out, and the name."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tasks.dataset_content import IDENTITY, SOURCE, content_version, is_held_out, without_repeats

NAMES = ["age", "sick"]


def rows(ages: list[int], source: str = "a.csv", identities: list[str] | None = None) -> pd.DataFrame:
    frame = pd.DataFrame({"age": np.asarray(ages, dtype=float), "sick": [age % 2 for age in ages]})
    return frame.assign(**{SOURCE: source, IDENTITY: identities or [""] * len(ages)})


def together(*frames: pd.DataFrame) -> pd.DataFrame:
    return pd.concat(frames, ignore_index=True)


def test_people_who_are_alike_are_all_counted() -> None:
    assert len(without_repeats(rows([40, 40, 40, 41]), NAMES)) == 4


def test_an_export_that_is_uploaded_again_adds_what_is_new() -> None:
    both = together(rows([40, 40, 41]), rows([40, 40, 41, 42], source="b.csv"))
    assert sorted(without_repeats(both, NAMES)["age"]) == [40, 40, 41, 42]


def test_an_identity_and_its_values_count_once_wherever_they_stand() -> None:
    both = together(
        rows([40, 40], identities=["p1", "p2"]), rows([40, 40, 41], source="b.csv", identities=["p2", "p3", "p2"])
    )
    kept = without_repeats(both, NAMES)
    assert sorted(zip(kept[IDENTITY], kept["age"], strict=True)) == [("p1", 40), ("p2", 40), ("p2", 41), ("p3", 40)]


def test_predictions_are_never_taken_for_raw_rows() -> None:
    both = together(rows([40, 40]), rows([40, 40], source="labelled predictions", identities=["c1", "c2"]))
    assert len(without_repeats(both, NAMES)) == 4


def test_an_identity_stands_on_one_side() -> None:
    """A patient's second visit tells nothing of a model that has seen the first."""
    identities = [f"p{number % 500}" for number in range(2000)]
    frame = rows(list(range(2000)), identities=identities)
    sides = pd.Series(is_held_out(frame, NAMES)).groupby(identities).nunique()
    assert (sides == 1).all()
    assert 0.1 < is_held_out(frame, NAMES).mean() < 0.3


def test_without_identities_a_content_stands_on_one_side() -> None:
    frame = rows([number % 300 for number in range(3000)])
    assert (pd.Series(is_held_out(frame, NAMES)).groupby(frame["age"]).nunique() == 1).all()


def test_the_version_is_the_contents_and_not_the_orders() -> None:
    frame = rows(list(range(100)), identities=[str(number) for number in range(100)])
    version = content_version(frame, NAMES, ())
    assert content_version(frame.sample(frac=1, random_state=1).reset_index(drop=True), NAMES, ()) == version
    assert content_version(frame.assign(**{SOURCE: "b.csv"}), NAMES, ()) == version
    assert content_version(frame.assign(age=frame["age"] + 1), NAMES, ()) != version
    assert content_version(frame.assign(**{IDENTITY: "one"}), NAMES, ()) != version
