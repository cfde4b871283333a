"""A workload's A/B tests in the blob store: plan, end and answer, each written once, and what the front reads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pydantic import TypeAdapter

from lifecycle.ab_test import AbEnd, AbLook, AbPlan
from lifecycle.names import ab_front_blob, ab_test_blob, ab_tests_prefix
from platforms.ports import BlobStore, NotFound

_LOOKS = TypeAdapter(list[AbLook])


class AbTests:
    """Those of one workload. Keys sort by when the tests began."""

    def __init__(self, blobs: BlobStore, workload: str) -> None:
        self._blobs = blobs
        self._workload = workload

    def names(self) -> list[str]:
        """Of all tests, the oldest first."""
        names = (blob.name.split("/") for blob in self._blobs.list(ab_tests_prefix(self._workload)))
        return sorted(parts[2] for parts in names if parts[3:] == ["plan.json"])

    def begin(self, plan: AbPlan) -> AbPlan:
        """Write the plan, or return the one that was written under its key before."""
        self._blobs.put_if_absent(self._name(plan.test, "plan"), plan.model_dump_json().encode())
        return self.plan(plan.test) or plan

    def plan(self, test: str) -> AbPlan | None:
        """None where there is none."""
        content = self._read(self._name(test, "plan"))
        return None if content is None else AbPlan.model_validate_json(content)

    def newest(self) -> AbPlan | None:
        """The test that began last, over or not."""
        keys = self.names()
        return self.plan(keys[-1]) if keys else None

    def open(self) -> AbPlan | None:
        """The one whose answer is not written yet: there is one at a time."""
        plan = self.newest()
        return None if plan is None or self.answer(plan.test) is not None else plan

    def end(self, test: str, end: AbEnd) -> AbEnd:
        """Write that it is over, or return what was written before."""
        self._blobs.put_if_absent(self._name(test, "end"), end.model_dump_json().encode())
        return self.ended(test) or end

    def ended(self, test: str) -> AbEnd | None:
        """None where it is not over."""
        content = self._read(self._name(test, "end"))
        return None if content is None else AbEnd.model_validate_json(content)

    def looks(self, test: str) -> list[AbLook]:
        """What was found so far, the oldest first."""
        content = self._read(self._name(test, "looks"))
        return [] if content is None else _LOOKS.validate_json(content, strict=True)

    def keep_looks(self, test: str, looks: Sequence[AbLook]) -> None:
        """Write them all; one run at a time does."""
        self._blobs.write(self._name(test, "looks"), _LOOKS.dump_json(list(looks)))

    def conclude(self, test: str, answer: dict[str, Any]) -> None:
        """Write the answer; with it, the test is none any more."""
        self._blobs.put_if_absent(self._name(test, "answer"), json.dumps(answer).encode())

    def answer(self, test: str) -> dict[str, Any] | None:
        """None before it is written."""
        content = self._read(self._name(test, "answer"))
        return None if content is None else json.loads(content)

    def tell_front(self, plan: AbPlan, slot: str) -> None:
        """From now on, fronts send the challenger's callers to that slot."""
        until = None if plan.until is None else plan.until.timestamp()
        told = {"test": plan.test, "salt": plan.salt, "share": plan.share, "slot": slot, "until": until}
        self._blobs.write(ab_front_blob(self._workload), json.dumps(told).encode())

    def withdraw(self) -> None:
        """From now on, fronts send everybody to the endpoint's own traffic."""
        self._blobs.write(ab_front_blob(self._workload), b"null")

    def front(self) -> bytes | None:
        """What fronts read."""
        return self._read(ab_front_blob(self._workload))

    def fronted(self, test: str) -> str | None:
        """The slot that fronts are told of for that test; None where it is not what they are told."""
        told = json.loads(self.front() or b"null") or {}
        return told.get("slot") if told.get("test") == test else None

    def _name(self, test: str, what: str) -> str:
        return ab_test_blob(self._workload, test, what)

    def _read(self, name: str) -> bytes | None:
        try:
            return self._blobs.read(name)
        except NotFound:
            return None
