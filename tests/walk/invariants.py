"""What must hold of a workload after any harm, once it has recovered: each told from what is deployed and written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from lifecycle.ledger import LedgerEntry
from lifecycle.names import CHAMPION, PREVIOUS, ledger_prefix, staging_endpoint
from lifecycle.tags import VERDICT
from platforms.ports import Endpoint, NotFound, Platform, RegisteredModel
from tasks.approval import approval_of, overtaken
from tasks.endpoints import version_in

OUTAGE_SECONDS = 5.0  # in which it answers again where the scoring service itself was killed


@dataclass(frozen=True)
class Seen:
    """A workload as it stands."""

    versions: Sequence[RegisteredModel]
    endpoint: Endpoint
    staging: Endpoint | None
    ledger: Sequence[LedgerEntry]  # in the order of their being written, whatever clock the runs had
    missed: Sequence[str]  # what clients were not answered, in words
    silent_seconds: float  # the longest that clients got no answer at all
    service_killed: bool = False  # the scoring service itself: what was in flight may be lost

    def bearing(self, alias: str) -> list[int]:
        """The versions with that alias."""
        return [one.version for one in self.versions if alias in one.aliases]

    @property
    def champion(self) -> int | None:
        """None where there is not exactly one."""
        found = self.bearing(CHAMPION)
        return found[0] if len(found) == 1 else None


def look(
    platform: Platform, workload: str, missed: Sequence[str], silent_seconds: float, service_killed: bool = False
) -> Seen:
    """Read all of it anew."""
    try:
        staging = platform.endpoints.get(staging_endpoint(workload))
    except NotFound:
        staging = None
    return Seen(
        platform.models.versions(workload),
        platform.endpoints.get(workload),
        staging,
        _as_written(platform, workload),
        missed,
        silent_seconds,
        service_killed,
    )


def one_champion(seen: Seen) -> str:
    """Exactly one."""
    found = seen.bearing(CHAMPION)
    return "" if len(found) == 1 else f"champions: {found}"


def production_answers(seen: Seen) -> str:
    """Every request; where the scoring service itself was killed, again within five seconds."""
    if seen.service_killed:
        silent = seen.silent_seconds
        return "" if silent <= OUTAGE_SECONDS else f"production was silent for {silent:.1f} s"
    return "" if not seen.missed else f"{len(seen.missed)} requests failed, such as {seen.missed[0]}"


def ledger_explains(seen: Seen) -> str:
    """Its last promotion or rollback, or alias brought in line, names the champion."""
    told = [entry for entry in seen.ledger if entry.kind in ("promoted", "rolled-back", "reconciled")]
    last = told[-1].model_version if told else None
    return "" if last == seen.champion else f"the ledger ends with version {last}, the champion is {seen.champion}"


def traffic_agrees(seen: Seen) -> str:
    """The champion gets all the requests, and nobody a copy of any."""
    shares = {version_in(seen.endpoint.slots.get(slot)): share for slot, share in _given(seen.endpoint.traffic).items()}
    if shares == {seen.champion: 100} and not _given(seen.endpoint.mirror):
        return ""
    return f"traffic {shares}, mirror {dict(seen.endpoint.mirror)}, champion {seen.champion}"


def tags_agree(seen: Seen) -> str:
    """The champion was promoted, and neither a candidate nor an approval that holds lies forgotten."""
    verdicts = {one.version: one.tags.get(VERDICT, "") for one in seen.versions}
    if seen.champion is not None and verdicts[seen.champion] != "promoted":
        return f"the champion, version {seen.champion}, is tagged {verdicts[seen.champion]!r}"
    waiting = [one.version for one in seen.versions if verdicts[one.version] == "" or _holds(seen, one)]
    return f"nobody carries on with the versions {waiting}" if waiting else ""


def _holds(seen: Seen, version: RegisteredModel) -> bool:
    """Whether it may replace what serves now."""
    approved = approval_of(version)
    return approved is not None and overtaken(version, approved, seen.champion, seen.versions) is None


def nothing_costs(seen: Seen) -> str:
    """No slot without traffic but the warm one that served before; none in staging."""
    kept = {seen.champion, *seen.bearing(PREVIOUS)}
    idle = {slot.name: version for slot in seen.endpoint.slots.values() if (version := version_in(slot)) not in kept}
    staging = [] if seen.staging is None else sorted(seen.staging.slots)
    return f"slots that serve nobody: {idle}, in staging {staging}" if idle or staging else ""


INVARIANTS: Mapping[str, Callable[[Seen], str]] = {
    "one champion": one_champion,
    "production answers": production_answers,
    "the ledger explains": ledger_explains,
    "traffic agrees": traffic_agrees,
    "tags agree": tags_agree,
    "nothing costs": nothing_costs,
}


def broken(seen: Seen) -> list[str]:
    """What does not hold, in words; none: all is well."""
    return [f"{name}: {why}" for name, invariant in INVARIANTS.items() if (why := invariant(seen))]


def _as_written(platform: Platform, workload: str) -> list[LedgerEntry]:
    blobs = sorted(platform.blobs.list(ledger_prefix(workload)), key=lambda blob: blob.modified)
    return [LedgerEntry.model_validate_json(platform.blobs.read(blob.name)) for blob in blobs]


def _given(shares: Mapping[str, int]) -> dict[str, int]:
    return {slot: share for slot, share in shares.items() if share}
