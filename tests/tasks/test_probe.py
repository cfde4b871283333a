"""What staging answered, production answers too."""

from __future__ import annotations

import pytest

from tasks.probe import alike

ANSWER = [{"prediction": 1, "probability": 0.25, "probabilities": {"0": 0.75, "1": 0.25}}]


@pytest.mark.parametrize("far", [0.0, 1e-12])
def test_the_last_digits_may_differ(far: float) -> None:
    assert alike(ANSWER, [{"prediction": 1, "probability": 0.25 + far, "probabilities": {"0": 0.75, "1": 0.25}}])


@pytest.mark.parametrize(
    "other",
    [
        [],
        [{"prediction": 1}],
        [{**ANSWER[0], "prediction": 0}],
        [{**ANSWER[0], "probability": 0.2501}],
        [{**ANSWER[0], "probabilities": {"0": 0.75, "1": 0.26}}],
        [{**ANSWER[0], "probability": None}],
    ],
)
def test_another_answer_is_noticed(other: object) -> None:
    assert not alike(ANSWER, other)
