"""The whole examination of a candidate: of the model before it has a slot, then of its slot.

What was found is kept under a key made of all that it depends on. A release that waits for a person is run again
when they answer, and one that was killed, too: both find it, so that nothing is measured twice and nobody approves
other figures than those they saw.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from lifecycle.base import Frozen
from lifecycle.names import digest, staging_endpoint, suite_blob
from platforms.folder_digest import folder_digest
from platforms.packing import load_packed
from platforms.ports import NotFound, RegisteredModel, Unavailable
from tasks.baseline import remove_baseline
from tasks.context import Context
from tasks.gates import Candidate
from tasks.own_tests import FOLDER as TESTS
from tasks.staging_checks.contract import TITLE as CONTRACT
from tasks.staging_checks.contract import contract
from tasks.staging_checks.endpoint import endpoint
from tasks.staging_checks.own_tests import own_tests
from tasks.staging_checks.part import Examination, Part, Subject, examined
from tasks.staging_checks.sample_requests import FOLDER as REQUESTS
from tasks.staging_checks.sample_requests import sample_requests
from tasks.staging_checks.security import security
from tasks.staging_checks.sensitivity import sensitivity
from tasks.staging_checks.slices import slices
from tasks.staging_checks.training_data import training_data
from tasks.step import step

OF_MODEL: dict[str, Examination] = {
    "quality on slices": slices,
    "training data": training_data,
    "importance and sensitivity": sensitivity,
    "security": security,
}
OF_SLOT: dict[str, Examination] = {
    "contract": contract,
    "sample requests": sample_requests,
    "the workload's own tests": own_tests,
    "endpoint under load": endpoint,
}


class _Kept(Frozen):
    parts: tuple[Part, ...]


@step(name="examine the model", attempts=3)
def examine_model(context: Context, candidate: Candidate, champion: RegisteredModel | None) -> list[Part]:
    """What can be told of the model without a slot: a candidate that fails here costs none."""
    kept = kept_parts(context, candidate, champion, "model")
    if kept is not None:
        return kept
    with _subject(context, candidate, champion) as subject:
        parts = [examined(title, of, subject) for title, of in OF_MODEL.items()]
    return _keep(context, candidate, champion, "model", parts)


@step(name="examine the slot", attempts=3)
def examine_slot(context: Context, candidate: Candidate, champion: RegisteredModel | None) -> list[Part]:
    """The contract of the slot, its own tests, and its figures under load. Unavailable where it does not answer."""
    kept = kept_parts(context, candidate, champion, "slot")
    if kept is not None:
        remove_baseline(context)  # of a release that a kill kept from it
        return kept
    try:
        with _subject(context, candidate, champion) as subject:
            parts = [examined(title, of, subject) for title, of in OF_SLOT.items()]
    except (Unavailable, httpx.TransportError) as error:
        remove_baseline(context)  # whether it is tried again or not: nothing stays that costs
        raise Unavailable(f"{staging_endpoint(context.name)} does not answer: {error}") from error
    return _keep(context, candidate, champion, "slot", parts)


def keeps_contract(parts: Sequence[Part]) -> bool:
    """Whether the slot was examined, and answers as it must."""
    return any(part.title == CONTRACT and part.passed for part in parts)


def beside(context: Context, candidate: Candidate, champion: RegisteredModel | None) -> RegisteredModel | None:
    """The champion, where it is yet to be measured beside the candidate."""
    return champion if kept_parts(context, candidate, champion, "slot") is None else None


def kept_parts(
    context: Context, candidate: Candidate, champion: RegisteredModel | None, half: str
) -> list[Part] | None:
    """What an earlier run of this very release found, or nothing."""
    try:
        content = context.platform.blobs.read(_blob(context, candidate, champion, half))
    except NotFound:
        return None
    return list(_Kept.model_validate_json(content).parts)


def _keep(
    context: Context, candidate: Candidate, champion: RegisteredModel | None, half: str, parts: Sequence[Part]
) -> list[Part]:
    content = _Kept(parts=tuple(parts)).model_dump_json().encode()
    context.platform.blobs.put_if_absent(_blob(context, candidate, champion, half), content)
    return list(parts)


def _blob(context: Context, candidate: Candidate, champion: RegisteredModel | None, half: str) -> str:
    """Named by what the findings depend on: the limits, the champion, the workload's own tests and requests."""
    own = [context.folder / name for name in (TESTS, REQUESTS)]
    parts = [context.workload.model_dump_json(), "none" if champion is None else str(champion.version)]
    parts += [folder_digest(folder) for folder in own if folder.is_dir()]
    return suite_blob(context.name, candidate.version.version, f"{digest(chr(0).join(parts).encode())}-{half}")


@contextmanager
def _subject(context: Context, candidate: Candidate, champion: RegisteredModel | None) -> Iterator[Subject]:
    models = context.platform.models
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        packed = models.fetch(context.name, candidate.version.version, folder)
        theirs = None if champion is None else load_packed(models.fetch(context.name, champion.version, folder))
        yield Subject(context, candidate, champion, theirs, packed)
