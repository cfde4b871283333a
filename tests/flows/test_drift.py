"""Drift alone: seen, confirmed in a second window, investigated, known, closed; forgotten with the records; shown."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from lifecycle.names import annotation_blob
from lifecycle.tags import DATASET, PROMOTED_AT
from lifecycle.windows import WindowRecord
from platforms.investigations import Investigations
from platforms.ledger import Ledger
from platforms.windows import Windows
from tasks.pending_reports import PendingReports
from tests.conftest import HTTP, ROOT, Service, clean, result_of
from tests.deployments.test_command import COMMAND
from tests.flows.test_loop import ask, champion, score
from tests.flows.watched import run
from tests.lifecycle.seen import finding
from tests.people import make_people
from tests.waiting import until

NAME = "drifts"


@pytest.fixture(scope="module", name="drifted")
def _drifted(stack: Service) -> Service:
    """A model in production, and people twenty years older who ask it; their labels have not come."""
    stack.platform.blobs.write(f"{NAME}/raw/people.csv", make_people(3500, seed=5).to_csv(index=False).encode())
    code, output = stack.run("train", f"{NAME!r}, release=True")
    assert code == 0, output
    until(lambda: champion(stack, NAME), what="the champion")
    people, wanted = make_people(600, seed=6, shift=20), set()
    for start in range(0, len(people), 100):
        identities = [uuid4().hex for _ in range(100)]
        score(stack, NAME, people.iloc[start : start + 100], correlation_ids=identities)
        wanted |= set(identities)
    day = datetime.now(UTC)
    log, around = stack.platform.predictions, (day - timedelta(days=1), day + timedelta(days=1))
    until(lambda: wanted <= set(log.between(NAME, *around)["correlation_id"]), 30, what="the prediction log")
    return stack


def perennial(stack: Service, *words: str) -> str:
    environment = {**clean(), **stack.environment}
    done = subprocess.run([COMMAND, *words], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def monitored(stack: Service) -> str:
    code, output = stack.run("monitor", f"{NAME!r}, report=False")
    assert code == 0, output
    return result_of(output)


def records(stack: Service) -> Sequence[WindowRecord]:
    """The newest first."""
    return list(Windows(stack.platform.blobs, NAME).before(datetime.now(UTC)))


def seen_the_day_before(stack: Service) -> None:
    """A record of a window that ended before this one began, in which the age had drifted."""
    version = stack.platform.models.by_alias(NAME, "champion")
    assert version is not None
    end = datetime.fromisoformat(version.tags[PROMOTED_AT]) - timedelta(seconds=1)
    Windows(stack.platform.blobs, NAME).write(
        WindowRecord(
            key="the-day-before",
            workload=NAME,
            start=end - timedelta(days=1),
            end=end,
            rows=900,
            labelled=0,
            model_version=version.version,
            dataset_version=version.tags[DATASET],
            findings=(finding(subject="age"),),
            alarms=(),
            asked={},
            outcome="finding",
            evidence="none",
        )
    )


def test_one_window_is_a_finding_and_nothing_follows(drifted: Service) -> None:
    assert monitored(drifted) == "'nothing'"
    newest = records(drifted)[0]
    assert (newest.outcome, newest.alarms) == ("finding", ())
    seen = {one.about for one in newest.findings if one.significant}
    assert ("drift", "age") in seen
    assert ("drift", "prediction") in seen
    assert not seen & {("drift", "weight"), ("drift", "region"), ("performance", "roc_auc")}
    evidence = json.loads(drifted.platform.blobs.read(newest.evidence))
    assert {one["column"] for one in evidence["columns"]} == {"age", "weight", "region"}
    told = perennial(drifted, "explain", NAME)
    assert "Waits for a second window that does not overlap:\n  - age drifted" in told
    assert "nothing follows" in told


def test_what_the_model_does_is_looked_at_without_labels(drifted: Service) -> None:
    """Estimate, attribution, fairness of what is predicted, quality and service, each by a finding of the window."""
    found = {one.about: one for one in records(drifted)[0].findings}
    estimate = found["estimate", "roc_auc"]
    assert estimate.conclusive
    assert "It is blind to concept drift" in estimate.message
    assert found["attribution", "feature attribution"].conclusive
    assert found["fairness", "selection_rate by region (difference)"].conclusive
    assert ("fairness", "roc_auc by region (ratio)") not in found, "it asks for labels"
    assert not found["quality", "missing values of age"].significant
    assert found["service", "freshness"].conclusive
    assert not found["service", "freshness"].significant
    assert ("service", "error rate") not in found, "seven requests, and none failed"


def test_a_second_window_confirms_it_and_an_investigation_is_opened(drifted: Service) -> None:
    seen_the_day_before(drifted)
    assert monitored(drifted) == "'investigate'"
    opened = Investigations(drifted.platform.blobs, NAME).opened()
    assert [one.subjects for one in opened] == [{("drift", "age")}]
    assert opened[0].slice.rows == 600
    assert opened[0].slice.blobs
    assert {one.column for one in opened[0].segments} == {"age"}
    told = perennial(drifted, "explain", NAME)
    assert "window the-day-before saw it too" in told
    assert "no loss of performance is shown" in told
    assert f"Investigation {opened[0].id} is open" in told
    assert opened[0].id in perennial(drifted, "investigations")
    assert "the hold-out of dataset version" in perennial(drifted, "investigation", "show", NAME, opened[0].id)


def test_people_are_asked_for_labels_by_an_event(drifted: Service) -> None:
    """As many as performance by labels wants, chosen once; filled in, the file is a file of labels."""
    blobs, window = drifted.platform.blobs, records(drifted)[0]
    moments = {"start": window.start.isoformat(), "end": window.end.isoformat()}
    ask(drifted, "perennial.annotation.requested", workload=NAME, key="ask-1", reason="a test", **moments)
    name = annotation_blob(NAME, "ask-1")
    until(lambda: [blob.name for blob in blobs.list(name)] == [name], 60, what="the chosen predictions")
    lines = [json.loads(line) for line in blobs.read(name).splitlines()]
    assert len(lines) == len({line["correlation_id"] for line in lines}) == 100, "minimum_rows"
    assert {line["label"] for line in lines} == {None}
    assert set(lines[0]["inputs"]) == {"age", "weight", "region"}
    filled = [{**line, "label": 1, "observed_at": window.end.isoformat()} for line in lines]
    blobs.write(f"labels/{NAME}/ask-1.jsonl", "\n".join(json.dumps(line) for line in filled).encode())
    call = f"{NAME!r}, {moments['start']!r}, {moments['end']!r}, 'ask-2', rows=1000"
    code, output = drifted.run("annotate", call)
    assert (code, result_of(output)) == (0, repr(annotation_blob(NAME, "ask-2"))), output
    others = [json.loads(line)["correlation_id"] for line in blobs.read(annotation_blob(NAME, "ask-2")).splitlines()]
    assert len(others) == 500
    assert not set(others) & {line["correlation_id"] for line in lines}, "these have their labels"
    blobs.delete(f"labels/{NAME}/ask-1.jsonl")


def test_the_same_drift_is_known_and_opens_no_second_one(drifted: Service) -> None:
    assert monitored(drifted) == "'nothing'"
    assert records(drifted)[0].outcome == "alarm"
    assert len(Investigations(drifted.platform.blobs, NAME).opened()) == 1
    assert "Known already:\n  - age drifted" in perennial(drifted, "explain", NAME)


def test_a_person_closes_it(drifted: Service) -> None:
    store = Investigations(drifted.platform.blobs, NAME)
    identity = store.opened()[0].id
    done = perennial(drifted, "investigation", "close", NAME, identity, "--because", "they moved here", "--by", "Ada")
    assert f"{identity} was closed: they moved here" in done
    assert store.opened() == []
    assert "Nothing is being investigated" in perennial(drifted, "investigations", NAME)
    closed = [entry for entry in Ledger(drifted.platform.blobs, NAME).entries() if entry.kind == "closed"]
    assert [(entry.key, entry.by) for entry in closed] == [(identity, "Ada")]


def test_without_the_records_all_of_it_is_seen_anew(drifted: Service) -> None:
    """Deleting them forgets, and harms nothing."""
    blobs = drifted.platform.blobs
    for blob in list(blobs.list(f"windows/{NAME}/")):
        blobs.delete(blob.name)
    assert monitored(drifted) == "'nothing'"
    assert [one.outcome for one in records(drifted)] == ["finding"]


def links(stack: Service, key: str) -> list[str]:
    """To reports, on the page of the run that monitored the window of that key."""
    found = HTTP.post(
        f"{stack.addresses['prefect']}/api/artifacts/filter",
        json={
            "artifacts": {
                "key": {"any_": [f"{NAME}-evidently-report"]},
                "flow_run_id": {"any_": [key.partition("-")[2]]},
            }
        },
    )
    return [artifact["data"] for artifact in found.raise_for_status().json()]


def test_a_report_whose_run_was_killed_is_drawn_by_the_next_one(drifted: Service) -> None:
    """It is killed where the report lies with the model's run, and nothing links it yet."""
    blobs = drifted.platform.blobs
    run(drifted, "monitor", f"{NAME!r}", kill_after="Models.log_text")
    lost = records(drifted)[0].key
    pending = PendingReports(blobs, NAME)
    assert pending.get(lost) is not None
    assert links(drifted, lost) == []
    for blob in list(blobs.list(f"reports/{NAME}/pending/")):
        old = blob.modified.timestamp() - 3600
        os.utime(drifted.settings.blobs / blob.name, (old, old))
    code, output = drifted.run("monitor", f"{NAME!r}")
    assert code == 0, output
    for key in (lost, records(drifted)[0].key):
        assert len(links(drifted, key)) == 1
        assert "age drifted" in blobs.read(f"reports/{NAME}/{key}.html").decode()
        assert json.loads(blobs.read(f"reports/{NAME}/{key}.json"))["name"].startswith(f"{NAME}: ")
    assert list(blobs.list(f"reports/{NAME}/pending/")) == []
