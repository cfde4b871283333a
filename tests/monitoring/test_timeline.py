"""Drift over time as a picture: a panel a column, the worst first."""

from __future__ import annotations

import re
import xml.dom.minidom

import pytest

from lifecycle.windows import WindowRecord
from monitoring.timeline import PANELS, drift_over_time
from tests.lifecycle.seen import finding, record


def windows() -> list[WindowRecord]:
    """Age begins to drift; Weight did once; Height never; the model changes before the last window."""
    weights = [finding(subject="Weight", score=2.0), *[finding("drift", False, subject="Weight", score=0.1)] * 3]
    ages = [finding("drift", seen, subject="A<g>e&", score=0.2 + seen) for seen in (False, False, False, True)]
    height = finding("drift", False, False, subject="Height").model_copy(update={"score": None, "threshold": None})
    return [
        record(24 * day, 24 * day + 24, height, weights[day], ages[day], model_version=1 + (day == 3))
        for day in range(4)
    ]


def test_a_panel_a_column_the_worst_first() -> None:
    svg = drift_over_time(windows())
    xml.dom.minidom.parseString(svg)  # noqa: S318 - our own
    places = [svg.index(f">{name}<") for name in ("A&lt;g&gt;e&amp;", "Weight", "Height")]
    assert places == sorted(places)
    assert "4 windows, 2026-05-01 00:00 to 2026-05-05 00:00 UTC" in svg
    assert "now 1.200, threshold 0.500" in svg
    assert "nothing was measured" in svg
    assert svg.count(">v2<") == 2, "where the model changed, in each panel with a scale"
    assert len(re.findall("<circle", svg)) == 8
    assert svg.count('fill="#c2410c" stroke') == 2
    assert "http" not in svg.replace("http://www.w3.org/2000/svg", "")


@pytest.mark.parametrize("records", [[], [record(0, 24)], [record(0, 24, finding())]])
def test_a_young_model_can_be_drawn(records: list[WindowRecord]) -> None:
    xml.dom.minidom.parseString(drift_over_time(records))  # noqa: S318 - our own


def test_many_columns_stay_an_overview() -> None:
    many = [finding("drift", False, subject=f"c{place}") for place in range(PANELS + 6)]
    svg = drift_over_time([record(0, 24, *many, finding(subject="bad"))])
    assert svg.count("<g ") == PANELS
    assert "7 panels not shown" in svg
    assert ">bad<" in svg


def test_a_loss_comes_before_the_drift_behind_it() -> None:
    drifts = [finding("drift", subject=f"c{place}", score=9.0) for place in range(3)]
    svg = drift_over_time([record(0, 24, *drifts), record(24, 48, *drifts, finding("performance", subject="roc_auc"))])
    assert svg.index("roc_auc (performance)") < svg.index(">c0<")


def test_quality_and_service_are_shown_where_they_were_findings() -> None:
    quiet = [finding(kind, False, subject="quiet") for kind in ("quality", "service")]
    bad = [finding(kind, subject="bad") for kind in ("quality", "service")]
    svg = drift_over_time([record(0, 24, *quiet, *bad), record(24, 48, *quiet)])
    assert [f"bad ({kind})" in svg for kind in ("quality", "service")] == [True, True]
    assert "quiet" not in svg


def test_what_never_comes_near_zero_has_a_scale_of_its_own() -> None:
    """And drift's begins at zero, where there is none."""
    svg = drift_over_time([record(0, 24, finding("performance", False, score=0.9), finding("drift", False, score=0.9))])
    assert ">0.4 to 0.9<" in svg
    assert ">0 to 0.9<" in svg
