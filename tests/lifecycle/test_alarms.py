"""A finding becomes an alarm in a second window that shares no row with the first, and is told once a cooldown."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from lifecycle.alarms import judge, outcome_of
from lifecycle.windows import WindowRecord
from lifecycle.workload import Monitor
from tests.lifecycle.seen import Past, alarm, at, finding, record, span

SEEN, FINE = finding(), finding(significant=False)
UNCLEAR = finding(significant=False, conclusive=False)
DAILY = Monitor()  # windows of a day


@pytest.mark.parametrize(
    ("past", "confirmed_by"),
    [
        ([], None),
        ([record(0, 24, SEEN)], "0-24"),
        ([record(0, 24, FINE)], None),
        # windows that share rows with this one confirm nothing, however many there are
        ([record(hour, 24 + hour, SEEN) for hour in range(1, 24)], None),
        # the last that does not overlap decides
        ([record(0, 23, SEEN), record(0, 24, FINE)], None),
        ([record(0, 23, FINE), record(0, 24, SEEN)], "0-24"),
        # one that could not tell is passed over
        ([record(-24, 0, SEEN), record(0, 24, UNCLEAR)], "-24-0"),
        ([record(-24, 0, SEEN), record(0, 24)], "-24-0"),
        # another subject, another kind, another model version
        ([record(0, 24, finding(subject="Weight"))], None),
        ([record(0, 24, finding("quality"))], None),
        ([record(0, 24, SEEN, model_version=2)], None),
        ([record(-24, 0, SEEN), record(0, 12, FINE, model_version=2)], None),
        # forgotten: ten windows' time went by
        ([record(-300, -276, SEEN)], None),
    ],
)
def test_what_confirms_a_drift(past: list[WindowRecord], confirmed_by: str | None) -> None:
    judged = judge(span(24, 48), [SEEN], DAILY, Past(past))
    assert [one.confirms for one in judged.raised] == ([] if confirmed_by is None else [confirmed_by])
    assert judged.awaiting == (() if confirmed_by is not None else (SEEN,))
    assert outcome_of([SEEN], judged) == ("finding" if confirmed_by is None else "alarm")


def test_windows_of_a_day_looked_at_every_hour_alarm_after_a_day_and_not_before() -> None:
    """Drift begins at hour 0: the first window to see it ends at hour 6, and at hour 30 comes one apart from it."""
    past, alarmed = Past(), None
    for hour in range(1, 49):
        seen = [SEEN if hour >= 6 else FINE]
        judged = judge(span(hour - 24, hour), seen, DAILY, past)
        alarmed = alarmed or (hour if judged.raised else None)
        past.records.append(record(hour - 24, hour, *seen))
    assert alarmed == 30


def test_the_windows_own_record_does_not_count() -> None:
    """A run that is run again judges as it did: it is not in its own cooldown."""
    own = record(24, 48, SEEN, alarms=(alarm(told_at=48),))
    assert judge(span(24, 48), [SEEN], DAILY, Past([record(0, 24, SEEN), own])).raised


def test_performance_acts_at_once_unless_the_policy_waits() -> None:
    loss = finding("performance", subject="roc_auc")
    assert judge(span(24, 48), [loss], DAILY, Past()).raised[0].confirms is None
    patient = Monitor(confirm=("drift", "performance"))
    assert judge(span(24, 48), [loss], patient, Past()).awaiting == (loss,)
    assert judge(span(24, 48), [loss], patient, Past([record(0, 24, loss)])).raised[0].confirms == "0-24"


def test_an_alarm_is_told_again_only_after_the_cooldown() -> None:
    told = record(1, 25, SEEN, alarms=(alarm(told_at=25),))
    confirming = [record(hour - 24, hour, SEEN, alarms=(alarm(told_at=25),)) for hour in range(26, 49)]
    past = Past([told, *confirming])
    standing = judge(span(24.5, 48.5), [SEEN], DAILY, past)
    assert ([one.told_at for one in standing.standing], standing.raised) == ([at(25)], ())
    assert outcome_of([SEEN], standing) == "alarm"
    again = judge(span(26, 50), [SEEN], DAILY, past)
    assert ([one.told_at for one in again.raised], again.standing) == ([at(50)], ())
    short = Monitor(cooldown=timedelta(hours=1))
    assert judge(span(24.5, 48.5), [SEEN], short, Past([record(0, 24, SEEN), *past.records])).raised


def test_an_alarm_that_flickers_is_told_once() -> None:
    quiet = judge(span(2, 26), [FINE], DAILY, Past([record(1, 25, SEEN, alarms=(alarm(told_at=25),))]))
    assert (quiet.quiet, quiet.alarms) == ((alarm(told_at=25),), ())
    back = [record(-24, 0, SEEN), record(2, 26, FINE, alarms=quiet.quiet)]
    assert judge(span(3, 27), [SEEN], DAILY, Past(back)).standing


def test_inconclusive_is_an_outcome_of_its_own() -> None:
    judged = judge(span(0, 24), [FINE, UNCLEAR], DAILY, Past())
    assert outcome_of([FINE, UNCLEAR], judged) == "inconclusive"
    assert outcome_of([FINE], judged) == "steady"


def test_a_quiet_window_reads_one_record() -> None:
    """A thousand workloads are watched by one run: what is past is read where it matters."""
    past = Past([record(hour, 24 + hour, FINE) for hour in range(20)])
    judge(span(24, 48), [FINE], DAILY, past)
    assert past.read == 1


def test_windows_that_slide_over_a_stable_world_hardly_alarm() -> None:
    """Five hundred days of independent rows, seen every hour; a window is over its threshold once in 200 by chance."""
    hours = np.random.default_rng(3).normal(size=24 * 500).cumsum()
    windows = (hours[24:] - hours[:-24]) / np.sqrt(24)
    past, days_with_findings, alarms = Past(), set(), 0
    for hour, value in enumerate(windows, start=24):
        found = SEEN if abs(value) > 2.807 else FINE
        judged = judge(span(hour - 24, hour), [found], DAILY, past)
        days_with_findings |= {hour // 24} if found is SEEN else set()
        alarms += len(judged.raised)
        carried = (*judged.raised, *judged.standing, *judged.quiet)
        past.records = [*past.records[-300:], record(hour - 24, hour, found, alarms=carried)]
    assert 8 <= len(days_with_findings) <= 30
    assert alarms <= 1
