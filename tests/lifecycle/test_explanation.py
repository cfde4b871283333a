"""A decision in words."""

from __future__ import annotations

from lifecycle.alarms import judge
from lifecycle.decision import Circumstances, decide
from lifecycle.explanation import explain
from lifecycle.ledger import LedgerEntry
from tests.lifecycle.seen import Past, at, finding, record, span, workload


def test_it_says_what_was_seen_confirmed_made_of_it_and_in_the_way() -> None:
    findings = [
        finding("performance", subject="roc_auc"),
        finding("drift", subject="Age"),
        finding("drift", subject="Weight", score=3.0),
        finding("drift", False, False, subject="Region"),
        finding("drift", False, subject="Height"),
    ]
    toy = workload()
    past = Past([record(0, 24, findings[1])])
    judged = judge(span(24, 48), findings, toy.monitor, past)
    decision = decide(toy, findings, judged, Circumstances(now=at(48), under_way=("release-toy",)))
    entry = LedgerEntry(
        kind="decided",
        key="k",
        at=at(48),
        by="policy",
        summary=f"{decision.action}: {decision.reason}",
        model_version=3,
        dataset_version="d1",
        evidence={
            "start": at(24).isoformat(), "end": at(48).isoformat(), "rows": 900, "labelled": 450,
            "findings": [one.model_dump(mode="json") for one in findings],
            "raised": [one.model_dump(mode="json") for one in judged.raised],
            "awaiting": [one.model_dump(mode="json") for one in judged.awaiting],
            "decision": decision.model_dump(mode="json"), "blob": "evidence/toy/k.json", "investigation": "3-abc",
        },
    )  # fmt: skip
    text = explain(LedgerEntry.model_validate_json(entry.model_dump_json()))
    for told in (
        "investigate.", "version 3, trained on dataset d1", "900 predictions, 450 of them labelled",
        "1 check saw nothing", "Inconclusive, which is not the same as fine:\n  - drift was not seen",
        "performance was seen; at once", "drift was seen; window 0-24 saw it too",
        "Waits for a second window that does not overlap:\n  - drift was seen",
        "it is investigated, people were told", "release-toy under way", "Investigation 3-abc is open",
        "evidence/toy/k.json",
    ):  # fmt: skip
        assert told in text, text


def test_an_entry_of_before_is_told_as_far_as_it_goes() -> None:
    old = LedgerEntry(
        kind="decided",
        key="k",
        at=at(0),
        by="policy",
        summary="notify: drift was seen. No retraining: no loss of performance is shown.",
        model_version=1,
        dataset_version="d1",
        evidence={"findings": [finding().model_dump(mode="json", exclude={"effect", "confidence"})]},
    )
    text = explain(old)
    assert "notify." in text
    assert "no loss of performance is shown." in text
