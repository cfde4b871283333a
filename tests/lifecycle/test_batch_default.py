"""Which version scores batches by default: the champion, unless somebody lives by what another one scored."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from lifecycle.batch_default import BatchComparison, BatchStanding, BatchVerdict, BatchWord

VERDICTS: tuple[BatchVerdict | None, ...] = (None, "accepted", "refused", "unclear")


def standing(verdict: BatchVerdict | None = None, over: int = 1, batch: str = "b1", **more: Any) -> BatchStanding:
    """Version 2 is the champion, version 1 scored the batch b1."""
    word = None if verdict is None else BatchWord(verdict, over, batch, "for a reason")
    return BatchStanding(**{"champion": 2, "word": word, "default": 1, "last_batch": "b1", **more})


def test_before_any_batch_the_champion_scores() -> None:
    for verdict in VERDICTS:
        found = standing(verdict, default=None, last_batch=None)
        assert (found.scorer, found.due) == (2, None)
    assert standing(last_batch=None).scorer == 2


def test_the_version_before_goes_on_until_the_champion_held() -> None:
    assert (standing().scorer, standing().due) == (1, BatchComparison(2, 1, "b1"))
    assert (standing("accepted").scorer, standing("accepted").due) == (2, None)
    assert (standing("refused").scorer, standing("refused").due) == (1, None)


def test_what_could_not_be_told_is_asked_again_on_another_batch() -> None:
    assert (standing("unclear").scorer, standing("unclear").due) == (1, None)
    assert standing("unclear", last_batch="b2").due


def test_a_refusal_over_another_version_does_not_count() -> None:
    assert standing("refused", over=3).due
    assert standing("refused", over=3, last_batch=None).scorer == 2


def test_what_was_found_fit_scores_again_after_a_rollback() -> None:
    found = standing("accepted", champion=1, default=2)
    assert (found.scorer, found.due) == (1, None)


def test_a_person_may_give_it_to_a_version_that_never_scored() -> None:
    assert standing("refused", last_batch=None).scorer == 1


def test_without_a_champion_the_default_scores() -> None:
    assert standing(champion=None).scorer == 1
    assert standing(champion=None, default=None).scorer is None


def test_nothing_is_due_where_the_champion_scores() -> None:
    for verdict, over, default, batch in itertools.product(VERDICTS, (1, 3), (None, 1, 2), (None, "b1", "b2")):
        found = standing(verdict, over=over, default=default, last_batch=batch)
        if found.scorer == 2:
            assert not found.due
        else:
            assert found.scorer == default


@pytest.mark.parametrize(
    "word", [BatchWord("accepted", None, "-", "said ada: so it is"), BatchWord("refused", 3, "k", "")]
)
def test_the_tag_says_what_was_written(word: BatchWord) -> None:
    assert BatchWord.of(word.as_tag()) == word
    for broken in ({}, {"perennial.batch": "perhaps 1 b so"}, {"perennial.batch": "accepted one b so"}):
        assert BatchWord.of(broken) is None
