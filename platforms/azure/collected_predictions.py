"""The predictions that Azure ML's data collector has written, by time window.

The collector writes `modelDataCollector/ENDPOINT/DEPLOYMENT/COLLECTION/yyyy/MM/dd/HH/INSTANCE.jsonl` into the
workspace's default container: a CloudEvent a line, with the rows of one or several requests in `data`, or the address
of a blob that holds them. Inputs and outputs are collections of their own, and may lie in different hours.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from platforms.azure.collected_paths import COLLECTIONS, ROOT, Collected, collected, may_hold
from platforms.azure.collected_rows import joined
from platforms.ports import BlobStore, NotFound, Refused
from platforms.prediction_log import prediction_frame

if TYPE_CHECKING:
    import pandas as pd

_log = logging.getLogger(__name__)
_AT_ONCE = 8  # blobs read at a time

Row = dict[str, Any]


class CollectedPredictions:
    """Implements `Predictions` over the container that the collector writes to.

    The service marks no copies: while a slot gets some, its predictions are told as if they were served.
    """

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs

    def between(self, endpoint: str, start: datetime, end: datetime, copies: bool = False) -> pd.DataFrame:  # noqa: ARG002
        blobs = list(self._of_window(endpoint, start, end))
        rows: dict[str, list[Row]] = {name: [] for name in COLLECTIONS}
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for blob, found in zip(blobs, pool.map(self._rows, blobs), strict=True):
                rows[blob.collection] += found
        records, halves = joined(rows)
        lost = len(prediction_frame(halves, start, end))
        if lost:
            _log.warning(
                "%s: %d predictions of the window have inputs or outputs only, and do not count.", endpoint, lost
            )
        return prediction_frame(records, start, end)

    def _of_window(self, endpoint: str, start: datetime, end: datetime) -> Iterator[Collected]:
        for blob in self._blobs.list(f"{ROOT}/{endpoint}/"):
            found = collected(blob.name)
            if found is not None and may_hold(found, start, end):
                yield found

    def _rows(self, blob: Collected) -> list[Row]:
        try:
            content = self._blobs.read(blob.name)
        except NotFound:  # a lifecycle rule has removed it since it was listed
            return []
        return list(self._of_events(blob, _events(content)))

    def _of_events(self, blob: Collected, events: Iterable[Row]) -> Iterator[Row]:
        for event in events:
            data = event.get("data")
            if isinstance(data, str):
                data = self._aside(blob, data)
            for row in data if isinstance(data, list) else ():
                if isinstance(row, dict) and isinstance(row.get("correlation_id"), str):
                    yield {**row, "slot": row.get("slot") or blob.deployment}

    def _aside(self, blob: Collected, address: str) -> list[Any]:
        """The rows of a payload that was too large for its line. Its address is not to be trusted: only its name is."""
        _, found, rest = unquote(urlsplit(address).path).partition(f"/{ROOT}/{blob.endpoint}/")
        name = f"{ROOT}/{blob.endpoint}/{rest}"
        try:
            if not found:
                raise NotFound(f"{address.partition('?')[0]} is none of this endpoint's blobs.")
            content = self._blobs.read(name)
        except (NotFound, Refused) as error:
            _log.warning("A payload named in %s is left out: %s", blob.name, error)
            return []
        rows: list[Any] = []
        for part in _json_lines(content):
            rows += part if isinstance(part, list) else [part]
        return rows


def _events(content: bytes) -> Iterator[Row]:
    return (event for event in _json_lines(content) if isinstance(event, dict))


def _json_lines(content: bytes) -> Iterator[Any]:
    """What the lines say; one that is cut short (it may be being written) is passed over, the others count."""
    for line in content.splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            continue
