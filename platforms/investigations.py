"""Investigations in the blob store: one blob when it is opened, another when it is closed, neither ever changed."""

from __future__ import annotations

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

    def opened(self) -> list[Investigation]:
        """Those that are not over, the oldest first."""
        return [one for one, closing in self.all() if closing is None]

    def all(self) -> list[tuple[Investigation, Closing | None]]:
        """Every one with how it ended, the oldest first."""
        names = [blob.name for blob in self._blobs.list(self._prefix)]
        found = [
            (Investigation.model_validate_json(self._blobs.read(name)), self._closing(name.removesuffix(_OPENED)))
            for name in names
            if name.endswith(_OPENED)
        ]
        return sorted(found, key=lambda one: (one[0].opened_at, one[0].id))

    def _closing(self, folder: str) -> Closing | None:
        try:
            return Closing.model_validate_json(self._blobs.read(f"{folder}{_CLOSED}"))
        except NotFound:
            return None
