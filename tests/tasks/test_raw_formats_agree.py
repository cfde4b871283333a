"""The same rows make the same dataset version, whatever the format that they came in."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from platforms.azure.blobs import AzureBlobStore
from platforms.local.blobs import LocalBlobStore
from tests.people import make_people
from tests.platforms.conftest import azure_blobs, container  # noqa: F401 - fixtures
from tests.raw_files import FORMATS, RAW, captured, context_of, ingest, quarantined, take_in

COLUMNS = {"dose": "number?", "visits": "integer?", "smoker": "boolean?", "region": "category?", "level": "0..0.5?"}

PEOPLE = {"age": "number", "weight": "number", "region": "category"}


def maybe(strategy: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.none() | strategy


# Without a lone \r: Python's csv module writes it unquoted, where every reader sees the line's end.
ROW = st.fixed_dictionaries(
    {
        "key": st.integers(0, 2**62) | st.integers(0, 9),
        "dose": maybe(st.floats(allow_nan=False, allow_infinity=False)),
        "visits": maybe(st.integers(-(2**60), 2**60)),
        "smoker": maybe(st.booleans()),
        "region": maybe(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=6)),
        "level": maybe(st.floats(-1, 1, width=32)),
        "sick": maybe(st.integers(0, 1)),
    }
)


def frame_of(rows: list[dict[str, object]]) -> pd.DataFrame:
    """Typed as people's frames are: floats of 64 and 32 bits, whole numbers that may be missing, and objects."""
    frame = pd.DataFrame(rows, dtype=object).astype({"dose": float, "level": np.float32, "visits": "Int64"})
    whole = {"dose": 0.1, "visits": 1, "smoker": True, "region": "north", "level": np.float32(0.1)}
    two = pd.DataFrame([{"key": 7, "sick": 0, **whole}, {"key": 8, "sick": 1, **whole}])
    return pd.concat([frame, two.astype({"level": np.float32, "visits": "Int64"})], ignore_index=True)


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ROW, min_size=1, max_size=40), st.sampled_from([{"columns": COLUMNS, "id": "key"}, {}, {"id": "key"}]))
def test_any_rows(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, object]], data: dict[str, object]
) -> None:
    """With the columns described and inferred, with an identity and without: one version, as many rows set aside."""
    frame = frame_of(rows)
    found = {}
    for name, write in FORMATS.items():
        context = context_of(LocalBlobStore(tmp_path_factory.mktemp("blobs")), **data)
        context.platform.blobs.write(RAW + name, write(frame))
        manifest = ingest(context)
        found[name] = (manifest.version, manifest.rows, manifest.quarantined_rows, manifest.columns)
        assert manifest.raw_rows == len(frame)
    assert set(found.values()) == {found["a.csv"]}, found


def test_the_same_rows_in_every_format_at_once(tmp_path: Path) -> None:
    """They are the same rows: nothing is added by the second format, nor by any other."""
    people = make_people(300, seed=1)
    one, all_of_them = (context_of(LocalBlobStore(tmp_path / name)) for name in "ab")
    one.platform.blobs.write(f"{RAW}a.csv", people.to_csv(index=False).encode())
    for name, write in FORMATS.items():
        all_of_them.platform.blobs.write(RAW + name, write(people))
    first, second = ingest(one), ingest(all_of_them)
    assert first.version == second.version
    assert second.raw_rows == 300 * len(FORMATS)
    assert quarantined(all_of_them).empty


def test_a_hundred_thousand_events_in_bounded_time(tmp_path: Path) -> None:
    """It takes about four seconds of one core's time."""
    context = context_of(LocalBlobStore(tmp_path), columns=PEOPLE)
    context.platform.blobs.write(f"{RAW}a.avro", captured(make_people(100_000, seed=5), codec="deflate"))
    start = time.process_time()
    (intake,) = take_in(context)
    assert len(intake.good) == 100_000
    assert time.process_time() - start < 20


def test_on_azure(azure_blobs: AzureBlobStore, tmp_path: Path) -> None:  # noqa: F811
    """Read over HTTP in ranges, it is the same version."""
    people = make_people(2000, seed=2).astype({"weight": np.float32})
    local = context_of(LocalBlobStore(tmp_path))
    local.platform.blobs.write(f"{RAW}a.csv", people.to_csv(index=False).encode())
    context = context_of(azure_blobs)
    for name, write in FORMATS.items():
        azure_blobs.write(RAW + name, write(people))
    manifest = ingest(context)
    assert manifest.version == ingest(local).version
    assert manifest.raw_rows == 2000 * len(FORMATS)


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_of_several_batches(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Copies are found across batches, and the schema does not depend on how a format cuts its file."""
    monkeypatch.setattr("tasks.raw_formats.batch.BATCH_ROWS", 100)
    monkeypatch.setattr("tasks.raw_formats.parquet.BATCH_ROWS", 100)
    people = make_people(250, seed=3).assign(key=range(250))
    people = pd.concat([people, people.head(20)], ignore_index=True)
    context = context_of(LocalBlobStore(tmp_path), id="key")
    context.platform.blobs.write(RAW + name, FORMATS[name](people))
    manifest = ingest(context)
    assert (manifest.raw_rows, manifest.rows, manifest.quarantined_rows) == (270, 250, 20)
    assert set(quarantined(context)["_problem"]) == {"copies a row before it"}


def test_a_blob_that_arrives_late_under_an_older_name_is_taken(tmp_path: Path) -> None:
    """Nothing remembers what was read: the version is made of what lies there, whenever it came."""
    people = make_people(300, seed=4)
    parts = [people[:100], people[100:200], people[200:]]
    names = [f"{RAW}ns/hub/{partition}/2026/02/16/14/30/00.avro" for partition in "012"]
    late, whole = (context_of(LocalBlobStore(tmp_path / folder), columns=PEOPLE) for folder in ("late", "whole"))
    for name, part in zip(names, parts, strict=True):
        whole.platform.blobs.write(name, captured(part))
    late.platform.blobs.write(names[2], captured(parts[2]))
    late.platform.blobs.write(names[1], captured(parts[1]))
    first = ingest(late)
    late.platform.blobs.write(names[0], captured(parts[0]))
    os.utime(tmp_path / "late" / names[0], (946_684_800, 946_684_800))  # copied with a time of the year 2000
    second = ingest(late)
    assert (first.rows, second.rows) == (200, 300)
    assert second.version == ingest(whole).version
