"""The release of a candidate started, as a run of its own."""

from __future__ import annotations

from lifecycle.names import RELEASE, release_key
from lifecycle.tags import RETRAINED, VERDICT
from platforms.ports import RegisteredModel
from tasks.approval import approval_of
from tasks.context import Context
from tasks.starting import start_once
from tasks.under_way import promotion_under_way


def start_release(context: Context, version: RegisteredModel, most: int | None = None) -> str:
    """Start `release` as a run of its own, or find the one that runs or has ended well; the run's id.

    One that approved the version has not ended well where the promotion did not, nor one that ended for the sake of a
    retraining that brought nothing new: it is for `release` to start again. GivenUp where `most` runs did not end well.
    """

    def unfinished() -> bool:
        newest = context.platform.models.get(context.name, version.version)
        if newest.tags.get(RETRAINED) and not newest.tags.get(VERDICT):
            return True
        return approval_of(newest) is not None and not promotion_under_way(context, version.version)

    parameters = {"workload": context.name, "model_version": version.version}
    return start_once(RELEASE, parameters, release_key(context.name, version.version), unfinished, most)
