"""An investigation looks for segments in the columns that its alarms are about."""

from __future__ import annotations

import pytest

from tasks.investigating import _is_about


@pytest.mark.parametrize(
    ("subject", "is_about"),
    [
        ("age", True),
        ("missing values of age", True),
        ("roc_auc by age (ratio)", True),
        ("roc_auc by age (against the champion)", True),
        ("copied rows", False),
        ("probability of age group", False),
        ("roc_auc by age group (ratio)", False),
        ("wage", False),
    ],
)
def test_a_subject_names_its_column(subject: str, is_about: bool) -> None:
    assert _is_about(subject, "age") is is_about
