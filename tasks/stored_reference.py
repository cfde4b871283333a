"""What a dataset version's windows are held against, in the blob store: made of its hold-out once, then read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lifecycle.names import reference_blob
from platforms.ports import NotFound
from tasks.context import Context
from tasks.datasets import read_holdout

if TYPE_CHECKING:
    from monitoring.window_reference import WindowReference

PART = "window-reference.json"


def stored_reference(context: Context, dataset_version: str) -> WindowReference:
    """Read, or made and written where there is none that can be read: an older form of ours, or a broken one.

    NotFound where the dataset version is not there; ValueError where its manifest cannot be read.
    """
    from monitoring.window_reference import WindowReference, window_reference

    blobs, name = context.platform.blobs, reference_blob(context.name, dataset_version, PART)
    try:
        return WindowReference.model_validate_json(blobs.read(name))
    except (NotFound, ValueError):
        holdout = read_holdout(context, dataset_version)
        made = window_reference(holdout.features, holdout.manifest.columns)
        blobs.write(name, made.model_dump_json().encode())
        return made
