"""Records of windows, investigations and usage in a blob store: written once, found again, forgotten without harm."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from lifecycle.alarms import judge
from lifecycle.investigation import Closing, Investigation, Slice
from lifecycle.spending import JobUsage
from lifecycle.workload import Monitor
from platforms.investigations import Investigations
from platforms.local.blobs import LocalBlobStore
from platforms.usage import read_usage, write_usage
from platforms.windows import Windows
from tests.lifecycle.seen import alarm, at, finding, record, span


@pytest.fixture(name="blobs")
def _blobs(tmp_path: Path) -> LocalBlobStore:
    return LocalBlobStore(tmp_path)


def test_a_record_is_written_once_by_its_key(blobs: LocalBlobStore) -> None:
    first = record(0, 24, finding(), asked={"retrain": at(24)}, alarms=(alarm(),))
    assert Windows(blobs, "toy").write(first)
    assert not Windows(blobs, "toy").write(record(0, 24))
    assert list(Windows(blobs, "toy").before(at(24))) == [first]
    assert list(Windows(blobs, "other").before(at(24))) == []


def test_records_come_newest_first_up_to_a_moment(blobs: LocalBlobStore) -> None:
    windows = Windows(blobs, "toy")
    for hour in (2, 0, 1):
        windows.write(record(hour, hour + 24))
    blobs.write("windows/toy/notes.txt", b"not ours")
    blobs.write("windows/toy/20260502T010000.000000Z-broken.json", b"{")
    for known in (windows, Windows(blobs, "toy")):
        assert [one.end for one in known.before(at(25.5))] == [at(25), at(24)]


def test_over_time_no_window_overlaps_another(blobs: LocalBlobStore) -> None:
    windows = Windows(blobs, "toy")
    for hour in range(72):
        windows.write(record(hour, hour + 24))
    shown = windows.over_time(at(200), 10)
    assert [one.end for one in shown] == [at(95 - 24 * back) for back in (2, 1, 0)]
    assert [one.end for one in windows.over_time(at(200), 2)] == [at(71), at(95)]


def test_deleting_the_records_only_forgets(blobs: LocalBlobStore) -> None:
    """A drift that was to be confirmed waits for its second window anew; nothing fails."""
    windows = Windows(blobs, "toy")
    windows.write(record(0, 24, finding()))
    assert judge(span(24, 48), [finding()], Monitor(), Windows(blobs, "toy")).raised
    for blob in list(blobs.list("windows/toy/")):
        blobs.delete(blob.name)
    judged = judge(span(24, 48), [finding()], Monitor(), Windows(blobs, "toy"))
    assert (judged.raised, len(judged.awaiting)) == ((), 1)
    assert Windows(blobs, "toy").over_time(at(99), 10) == []


def test_old_records_are_pruned(blobs: LocalBlobStore) -> None:
    windows = Windows(blobs, "toy")
    for hour in (0, 24):
        windows.write(record(hour, hour + 24))
    assert windows.prune(at(30)) == 1
    assert [one.end for one in windows.before(at(99))] == [one.end for one in Windows(blobs, "toy").before(at(99))]


def test_an_investigation_is_open_until_it_is_closed(blobs: LocalBlobStore) -> None:
    store = Investigations(blobs, "toy")
    pinned = Slice(endpoint="toy", start=at(0), end=at(24), model_version=1, dataset_version="d", rows=1)
    one = Investigation(id="1-a", workload="toy", opened_at=at(24), alarms=(alarm(),), slice=pinned, evidence="blob")
    later = one.model_copy(update={"id": "1-0", "opened_at": at(30)})
    assert store.open(later)
    assert store.open(one)
    assert not store.open(one)
    assert store.opened() == [one, later]
    assert store.close(Closing(id="1-a", closed_at=at(50), by="Ada", because="the sensor was replaced"))
    assert not store.close(Closing(id="1-a", closed_at=at(51), by="Bob", because="late"))
    assert store.opened() == [later]
    assert [(found.id, closing and closing.by) for found, closing in store.all()] == [("1-a", "Ada"), ("1-0", None)]
    with pytest.raises(LookupError, match=r"has no investigation '9-z'. Open are: 1-0"):
        store.close(Closing(id="9-z", closed_at=at(50), by="Ada", because="why"))


def test_usage_is_counted_once_a_job(blobs: LocalBlobStore) -> None:
    now = datetime.now(UTC)
    job = JobUsage(job="toy-key-1", ended_at=now, seconds=90, machines=2)
    assert write_usage(blobs, "toy", job)
    assert not write_usage(blobs, "toy", job)
    assert read_usage(blobs, "toy", at(0)) == [job]
    assert job.hours == 0.05
