"""Investigations in the blob store: one blob when it is opened, another when it is closed, neither ever changed."""

from __future__ import annotations

from collections.abc import Iterable

from lifecycle.investigation import Closing, Investigation
from lifecycle.names import investigations_prefix
from platforms.ports import BlobStore, NotFound

_OPENED, _CLOSED = "/opened.json", "/closed.json"


class Investigations:
    """Those of one workload."""

    def __init__(self, blobs: BlobStore, workload: str) -> None:
        self._blobs = blobs
        self._workload = workload
        self._prefix = investigations_prefix(workload)

    def open(self, one: Investigation) -> bool:
        """Write it; False where one of its id was written before, open or closed."""
        return self._blobs.put_if_absent(f"{self._prefix}{one.id}{_OPENED}", one.model_dump_json(indent=1).encode())

    def close(self, closing: Closing) -> bool:
        """Write that it is over; False where somebody had. LookupError where there is none of that id."""
        self.get(closing.id)
        name = f"{self._prefix}{closing.id}{_CLOSED}"
        return self._blobs.put_if_absent(name, closing.model_dump_json(indent=1).encode())

    def get(self, identity: str) -> Investigation:
        """LookupError where there is none of that id."""
        found = next((one for one, _ in self.all() if one.id == identity), None)
        if found is None:
            known = ", ".join(one.id for one in self.opened()) or "none"
            raise LookupError(f"{self._workload} has no investigation {identity!r}. Open are: {known}.")
        return found

    def closing(self, identity: str) -> Closing | None:
        """How it ended; None while it is open."""
        return self._closing(f"{self._prefix}{identity}")

    def opened(self) -> list[Investigation]:
        """Those that are not over, the oldest first."""
        names = {blob.name for blob in self._blobs.list(self._prefix)}
        closed = {name.removesuffix(_CLOSED) for name in names if name.endswith(_CLOSED)}
        return self._read(name for name in names if name.removesuffix(_OPENED) not in closed)

    def all(self) -> list[tuple[Investigation, Closing | None]]:
        """Every one with how it ended, the oldest first."""
        found = self._read(blob.name for blob in self._blobs.list(self._prefix))
        return [(one, self._closing(f"{self._prefix}{one.id}")) for one in found]

    def _read(self, names: Iterable[str]) -> list[Investigation]:
        contents = [self._blobs.read(name) for name in names if name.endswith(_OPENED)]
        found = [Investigation.model_validate_json(content) for content in contents]
        return sorted(found, key=lambda one: (one.opened_at, one.id))

    def _closing(self, folder: str) -> Closing | None:
        try:
            return Closing.model_validate_json(self._blobs.read(f"{folder}{_CLOSED}"))
        except NotFound:
            return None
