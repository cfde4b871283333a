"""Raw files as they should not be: what is broken is told and set aside with its place, the rest is used."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lifecycle.names import quarantine_prefix
from platforms.local.blobs import LocalBlobStore
from tasks.context import Context
from tasks.ingestion import validate
from tasks.intake import Intake
from tasks.raw_data import find_raw
from tests.people import make_people
from tests.raw_files import (
    FORMATS,
    RAW,
    capture,
    captured,
    context_of,
    ingest,
    json_lines,
    parquet,
    quarantined,
    records,
    take_in,
)

COLUMNS = {"age": "0..120", "weight": "number", "region": "category?"}


@pytest.fixture(name="context")
def _context(tmp_path: Path) -> Context:
    return context_of(LocalBlobStore(tmp_path), columns=COLUMNS)


def taken(context: Context, name: str, content: bytes) -> Intake:
    """The only file's intake."""
    context.platform.blobs.write(RAW + name, content)
    (intake,) = take_in(context)
    return intake


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("kind", ["random", "zeros", "empty", "letters"])
def test_rubbish_is_told_and_hurts_nobody_else(context: Context, name: str, kind: str) -> None:
    rubbish = {
        "random": np.random.default_rng(7).bytes(5000),
        "zeros": bytes(5000),
        "empty": b"",
        "letters": b"no table at all\n" * 50,
    }[kind]
    context.platform.blobs.write(RAW + name, rubbish)
    context.platform.blobs.write(f"{RAW}good.csv", make_people(50, 1).to_csv(index=False).encode())
    intakes = {intake.name: intake for intake in take_in(context)}
    broken = intakes[RAW + name]
    assert broken.problem or broken.quarantined == broken.rows > 0, broken
    assert len(broken.good) == 0
    assert len(intakes[f"{RAW}good.csv"].good) == 50


def test_a_capture_that_was_cut(context: Context) -> None:
    """Whole blocks are used, and the cut is told by its place; a cut anywhere is survived."""
    whole = captured(make_people(400, 1), block=2000)
    intake = taken(context, "a.avro", whole[: len(whole) // 2])
    assert 150 < len(intake.good) < 220
    assert "the file ends within the block" in quarantined(context)["_problem"].tolist()[0]
    assert quarantined(context)["_place"].tolist()[0].startswith("bytes ")
    for length in range(0, len(whole), len(whole) // 5):
        take_in_again = taken(context, "a.avro", whole[:length])
        assert take_in_again.problem or take_in_again.quarantined or take_in_again.rows


@pytest.mark.parametrize("codec", ["null", "deflate", "snappy"])
def test_a_damaged_block_is_passed_over(context: Context, codec: str) -> None:
    """The blocks after it are read, since each ends in the file's own marker."""
    content = bytearray(captured(make_people(400, 1), codec=codec, block=2000))
    middle = len(content) // 2
    content[middle : middle + 40] = bytes(40)
    intake = taken(context, "a.avro", bytes(content))
    assert 300 < len(intake.good) < 400
    told = quarantined(context)
    assert told["_problem"].str.contains("block of events cannot be read|is no JSON").all()
    assert set(told["_file"]) == {f"{RAW}a.avro"}


def test_an_empty_capture_holds_nothing_and_is_nothing_to_tell_of(context: Context) -> None:
    intake = taken(context, "ns/hub/0/2026/02/16/14/35/00.avro", capture([]))
    assert (intake.rows, intake.problem, intake.quarantined, intake.is_told) == (0, "", 0, False)


def test_events_that_are_no_rows(context: Context) -> None:
    """Each is set aside under its sequence number; the events around it are used."""
    good = [json.dumps(row).encode() for row in records(make_people(3, 1))]
    bodies = [good[0], b"", None, b"[1, 2]", b"\xff\xfe\xfd", b"{cut", b"[" * 9000, good[1], b"[]", good[2]]
    intake = taken(context, "a.avro", capture(bodies))
    assert len(intake.good) == 3
    told = quarantined(context).set_index("_place")["_problem"]
    assert told.index.tolist() == [f"event {number}" for number in (101, 102, 103, 104, 105, 106)]
    assert told["event 102"] == "the body is empty"
    assert told["event 103"] == "the body is no JSON object"
    assert "is no JSON" in told["event 105"]
    assert "nested too deeply" in told["event 106"]


def test_an_event_came_to_be_when_the_hub_took_it(context: Context) -> None:
    """And not when the file was written; a time in another spelling is that of the file."""
    people = make_people(100, 1)
    context.platform.blobs.write(f"{RAW}a.avro", captured(people, enqueued="2/3/2024 4:05:06 PM"))
    assert ingest(context).newest.isoformat() == "2024-02-03T16:05:06+00:00"
    context.platform.blobs.write(f"{RAW}a.avro", captured(people.assign(age=50), enqueued="yesterday"))
    assert ingest(context).newest.year > 2024


def test_other_avro_is_refused(context: Context) -> None:
    import fastavro

    file = io.BytesIO()
    schema = {"type": "record", "name": "Person", "fields": [{"name": "age", "type": "double"}]}
    fastavro.writer(file, schema, [{"age": 40.0}])
    assert "no capture of events" in taken(context, "a.avro", file.getvalue()).problem


@pytest.mark.parametrize("name", ["a.jsonl", "a.avro"])
def test_nested_values_are_refused_where_they_are_used(context: Context, name: str) -> None:
    """In a column that nobody uses they are as welcome as any other."""
    people = records(make_people(5, 1))
    people[1]["weight"] = {"value": 70, "unit": "kg"}
    people[2]["region"] = ["north"]
    people[3]["sick"] = [1]
    people[4]["device"] = {"id": 7}
    lines = [json.dumps(row).encode() for row in people]
    intake = taken(context, name, b"\n".join(lines) if name.endswith("l") else capture(list(lines)))
    assert len(intake.good) == 2
    told = quarantined(context)["_problem"].tolist()
    assert [text.partition(" is")[0] for text in told] == ["weight", "region", "sick (the label)"]
    assert all("write it flat" in text for text in told)


def test_nested_columns_of_parquet(context: Context) -> None:
    people = make_people(4, 1).assign(tags=[["a"], ["b"], None, []])
    assert len(taken(context, "a.parquet", parquet(people)).good) == 4
    people["region"] = people["tags"]
    assert len(taken(context, "a.parquet", parquet(people)).good) == 1


def test_a_record_may_leave_out_what_may_be_missing(context: Context) -> None:
    people = make_people(20, 1)
    assert len(taken(context, "a.jsonl", json_lines(people.drop(columns="region"))).good) == 20
    intake = taken(context, "a.jsonl", json_lines(people.drop(columns="weight")))
    assert (len(intake.good), intake.quarantined) == (0, 20)
    assert "lacks the column weight" in intake.problem


def test_broken_lines_of_csv(context: Context) -> None:
    """Each with its line; those that span lines with both ends."""
    text = 'age,weight,region,sick\n40,70,north,1\n41,71,north,1,9\n42,"7\n1"x,north,1\n43\n\n44,72,"so\nuth",0,,\n'
    intake = taken(context, "a.csv", text.encode() + b'45,73,\xff,1\n46,74,north,1\n47,75,"north,1\n48,76,north,1\n')
    told = quarantined(context).set_index("_place")["_problem"]
    assert len(intake.good) == 3
    assert told["line 3"] == "the line has 5 values, the header 4 names"
    assert "is no CSV" in told["lines 4 to 5"]
    assert "weight is missing" in told["line 6"]
    assert told["line 10"] == "the line is no UTF-8 text"
    assert "is no CSV" in told["lines 12 to 13"]
    assert len(told) == 5


@pytest.mark.parametrize("name", ["a.csv.gz", "a.ndjson.gz"])
def test_a_compressed_file_that_was_cut(context: Context, name: str) -> None:
    """What could be decompressed is used to its last whole line."""
    content = FORMATS[name](make_people(3000, 1))
    intake = taken(context, name, content[: len(content) // 2])
    assert 500 < len(intake.good) <= 3000
    assert intake.problem == "it ends too early: the compressed data is cut"


def test_a_damaged_row_group(context: Context) -> None:
    content = bytearray(parquet(make_people(400, 1), row_group_size=100, compression="gzip"))
    content[2000:2200] = bytes(200)
    intake = taken(context, "a.parquet", bytes(content))
    assert len(intake.good) in (200, 300)
    assert quarantined(context)["_place"].str.match(r"rows \d+ to \d+").all()


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.csv", parquet(make_people(9, 1)), "its name says CSV, its content is Parquet"),
        ("a.parquet", b"age,weight\n1,2\n", "its name says Parquet, its content is something else"),
        ("a.avro", gzip.compress(b"x"), "compressed by gzip, which only CSV and JSON lines may be"),
        ("a.csv", "age,sick\n1,2\n".encode("utf-16"), "UTF-16"),
        ("a.csv", b"age,age,sick\n1,2,1\n", "names age more than once"),
        ("a.csv", b"age,weight,region,sick\n", "it holds no rows"),
    ],
)
def test_what_a_file_is_not(context: Context, name: str, content: bytes, told: str) -> None:
    assert told in taken(context, name, content).problem


def test_compression_is_known_by_the_content(context: Context) -> None:
    people = make_people(30, 1)
    assert len(taken(context, "a.csv", FORMATS["a.csv.gz"](people)).good) == 30
    assert len(taken(context, "a.csv", FORMATS["a.csv"](people)).good) == 30


def test_other_endings_are_passed_over_and_told_and_markers_are_not(context: Context) -> None:
    people = make_people(200, 1).to_csv(index=False).encode()
    written = ["a.csv", "notes.docx", "a.csv.bak", "data.gz", "README", "_SUCCESS", "_delta_log/0.json", "y/.a.csv.crc"]
    for name in written:
        context.platform.blobs.write(RAW + name, people)
    context.platform.blobs.write(f"{RAW}folder", b"")
    assert ingest(context).sources == (f"{RAW}a.csv",)
    told = {intake.name.removeprefix(RAW) for intake in take_in(context) if intake.passed_over}
    assert told == {"notes.docx", "a.csv.bak", "data.gz", "README"}


def test_classes_are_settled_by_all_sources_together(context: Context) -> None:
    """A file of one event may hold nothing but a slip, which is no class of its own."""
    context.platform.blobs.write(f"{RAW}a.csv", make_people(50, 1).to_csv(index=False).encode())
    body = json.dumps({**records(make_people(1, 2))[0], "sick": "perhaps"}).encode()
    context.platform.blobs.write(f"{RAW}b.avro", capture([body]))
    (columns, intakes) = validate.fn(context, find_raw.fn(context), pd.DataFrame())
    assert [len(intake.good) for intake in intakes] == [50, 0]
    told = quarantined(context)
    assert told["_problem"].tolist() == ["sick (the label) is no integer, as the other classes are"]
    assert told["_place"].tolist() == ["event 100"]
    assert columns


def test_taken_in_again_nothing_is_set_aside_twice(context: Context) -> None:
    taken(context, "a.jsonl", b'{"age": 1}\nrubbish\n')
    before = list(context.platform.blobs.list(quarantine_prefix("toy")))
    take_in(context)
    assert list(context.platform.blobs.list(quarantine_prefix("toy"))) == before != []
