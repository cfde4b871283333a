"""A candidate that passed staging, trained anew on production's data: what comes of it is released in its place.

As the MLOps v2 architecture has it in staging. What was trained there would be approved unseen, so it is a candidate
like any other: it passes every gate itself. Where nothing has come since, the very same version goes on.
"""

from __future__ import annotations

from lifecycle.names import RETRAIN, staging_trigger
from lifecycle.tags import DATASET, REASON, RETRAINED, VERDICT
from platforms.ports import RegisteredModel
from tasks.context import Context
from tasks.starting import start_once
from tasks.story import record

ASKED = "asked"  # in the place of a version: its retraining has begun


def is_to_be_retrained(context: Context, version: RegisteredModel) -> bool:
    """Whether the workload wants it, and it was not."""
    return context.workload.release.retrained and version.tags.get(RETRAINED, "") in ("", ASKED)


def start_retraining(context: Context, version: RegisteredModel, most: int | None = None) -> str:
    """Start `retrain` for a candidate that passed, or find the run that does it; the run's id.

    GivenUp where `most` runs did not end well.
    """
    if not version.tags.get(RETRAINED):  # a run that was begun may have written by now what came of it
        context.platform.models.tag(context.name, version.version, {RETRAINED: ASKED})
    trigger = staging_trigger(version.version)
    parameters = {
        "workload": context.name,
        "reason": f"Version {version.version} passed staging.",
        "key": trigger,
        "instead_of": version.version,
    }
    return start_once(RETRAIN, parameters, f"retrain-{context.name}-{trigger}", most=most)


def take_the_place(context: Context, version: RegisteredModel, passed: int) -> None:
    """The version, trained anew, is to be released, and the one that passed no more, unless they are the same or
    somebody forced its release meanwhile."""
    models = context.platform.models
    models.tag(context.name, version.version, {RETRAINED: str(passed)})
    tags = models.get(context.name, passed).tags
    if version.version == passed or tags.get(VERDICT):
        return
    reason = f"version {version.version}, trained anew on the newest data, takes its place"
    record(
        context,
        "rejected",
        str(passed),
        f"Version {passed} of {context.name} passed staging: {reason}.",
        model_version=passed,
        dataset_version=tags[DATASET],
        evidence={"retrained": version.version},
    )
    models.tag(context.name, passed, {REASON: reason, VERDICT: "rejected"})
