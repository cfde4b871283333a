"""No part is skipped: what cannot be evaluated fails; what was found once is found again, not measured."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from platforms.ports import Unavailable
from tasks.card_pages import Section, as_markdown, as_page
from tasks.staging import Check
from tasks.staging_checks.part import Part, Subject, examined
from tasks.staging_suite import OF_MODEL, OF_SLOT, _keep, beside, kept_parts
from tests.tasks.subjects import Reads, subject_of, version_of, workload_of


@pytest.fixture(name="subject")
def _subject(tmp_path: Path) -> Subject:
    return subject_of(tmp_path, workload_of(), Reads(), Reads())


def test_what_cannot_be_evaluated_fails_with_its_reason(subject: Subject) -> None:
    def broken(_: Subject) -> Part:
        raise ZeroDivisionError("by nought")

    part = examined("a part", broken, subject)
    assert part.checks == (Check("a part", False, "it cannot be evaluated: ZeroDivisionError: by nought"),)


@pytest.mark.parametrize("problem", [Unavailable("not now"), httpx.ConnectError("refused")])
def test_a_platform_that_does_not_answer_is_no_verdict(subject: Subject, problem: Exception) -> None:
    def unanswered(_: Subject) -> Part:
        raise problem

    with pytest.raises(type(problem)):
        examined("a part", unanswered, subject)


@pytest.mark.parametrize("title", [*OF_MODEL, *OF_SLOT])
def test_every_part_makes_a_check_even_of_nothing(subject: Subject, title: str) -> None:
    """Without a registry, an endpoint or training rows, whatever needs them fails; none comes back empty."""
    part = examined(title, {**OF_MODEL, **OF_SLOT}[title], subject)
    assert part.title == title
    assert part.checks
    assert all(check.passed or not check.applies or "cannot be evaluated" in check.seen for check in part.checks)


def test_what_was_found_is_found_again_until_something_changes(subject: Subject) -> None:
    context, candidate, champion = subject.context, subject.candidate, version_of(1)
    parts = [Part(title="contract", checks=(Check("answers", True, "yes"),), figures=({"p95_ms": 1.5, "why": None},))]
    assert beside(context, candidate, champion) is champion
    _keep(context, candidate, champion, "slot", parts)
    assert kept_parts(context, candidate, champion, "slot") == parts
    assert beside(context, candidate, champion) is None
    assert kept_parts(context, candidate, champion, "model") is None
    assert kept_parts(context, candidate, version_of(3), "slot") is None, "another champion"
    stricter = replace(context, workload=workload_of(release={"load": {"floor_ms": 10}}))
    assert kept_parts(stricter, candidate, champion, "slot") is None, "another limit"
    (context.folder / "tests").mkdir()
    (context.folder / "tests" / "test_more.py").write_text("def test(): ...")
    assert kept_parts(context, candidate, champion, "slot") is None, "another test"


def test_a_card_shows_what_it_is_told_and_runs_nothing() -> None:
    rows = [{"check": "a|b", "seen": "<script>alert(1)</script>\nand more", "low": 0.123456, "none": None}]
    text = as_markdown("toy, version 1", [Section("Found", "Some *text*.", [rows, []])])
    assert "| a\\|b | &lt;script>alert(1)&lt;/script> and more | 0.1235 |  |" in text
    page = as_page("toy & more", text)
    assert "<title>toy &amp; more</title>" in page
    assert "<td>a|b</td>" in page
    assert "<script" not in page
