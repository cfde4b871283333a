"""The runner around a trial: what goes to the script, and what is read of what it wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

from platforms.run_trial import NoObjective, _whole, read_metrics


def test_a_whole_number_reaches_the_script_as_one() -> None:
    """A service's rounding to a multiple may leave a fraction."""
    command = ["python", "a.py", "--depth", "5.0", "--rate", "5.0"]
    assert _whole(command, ["depth"]) == ["python", "a.py", "--depth", "5", "--rate", "5.0"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "wrote no metrics.json"),
        ("{", "is no JSON"),
        ("[1]", "no number score; it has no number"),
        ('{"score": NaN, "rows": 3}', "no number score; it has rows"),
    ],
)
def test_an_objective_that_is_not_there_is_told(tmp_path: Path, text: str | None, told: str) -> None:
    if text is not None:
        (tmp_path / "metrics.json").write_text(text)
    with pytest.raises(NoObjective, match=told):
        read_metrics(tmp_path, "score")
