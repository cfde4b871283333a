"""`perennial status`: what serves where, read from the endpoints and the registry themselves."""

from __future__ import annotations

import json
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from lifecycle.approval import Request
from lifecycle.approval_text import command_of, compared_in_words, summary_of, who_may
from lifecycle.batch_default import BatchWord
from lifecycle.names import CHAMPION, batch_endpoint, staging_endpoint, version_of
from lifecycle.tags import APPROVED_BY, FORCED, REASON, VERDICT
from platforms.approvals import open_requests
from platforms.choose import choose_platform
from platforms.ports import NotFound, Platform, RegisteredModel
from platforms.settings import Settings
from platforms.workloads import all_workloads


def read_status(settings: Settings) -> list[dict[str, Any]]:
    """A record a workload: champion, newest version and its verdict, slots with version, state and traffic, URL."""
    platform = choose_platform(settings)
    valid, broken = all_workloads(settings.workloads)
    records = [_of_workload(platform, found.workload.name) for found in valid]
    return records + [{"workload": str(error.path), "problem": str(error)} for error in broken]


def show_status(settings: Settings, as_json: bool) -> None:
    """Print it."""
    records = read_status(settings)
    if as_json:
        print(json.dumps(records, indent=1))
        return
    table = Table(title="What serves where", title_justify="left", box=None, pad_edge=False)
    for title in ("workload", "champion", "newest version", "production", "staging"):
        table.add_column(title)
    for record in records:
        if "problem" in record:
            table.add_row(record["workload"], "", "", record["problem"], "")
            continue
        table.add_row(
            record["workload"],
            _champion(record),
            _newest(record["newest"]),
            _slots(record["production"]),
            _slots(record["staging"]),
        )
    console = Console()
    console.print(table)
    for waiting in (one for record in records for one in record.get("waiting", ())):
        console.print(f"\n{escape(waiting['summary'])}")
        for title in ("gates", "comparison", "who may answer", "command"):
            console.print(f"  {title}: {escape(waiting[title])}", soft_wrap=True)
    for record in (one for one in records if one.get("batch", {}).get("told")):
        console.print(f"\n{escape(record['batch']['told'])}", soft_wrap=True)
        console.print(f"  command: {escape(record['batch']['command'])}", soft_wrap=True)


def _of_workload(platform: Platform, name: str) -> dict[str, Any]:
    champion = platform.models.by_alias(name, CHAMPION)
    versions = platform.models.versions(name)
    production, url = _endpoint(platform, name)
    staging, _ = _endpoint(platform, staging_endpoint(name))
    return {
        "workload": name,
        "champion": None if champion is None else champion.version,
        "forced": None if champion is None else champion.tags.get(FORCED) or None,
        "newest": {"version": versions[-1].version, "verdict": _verdict(versions[-1])} if versions else None,
        "production": production,
        "staging": staging,
        "url": url,
        "batch": _batch(platform, name, champion),
        "waiting": [_waiting(request) for request in open_requests(platform.blobs, name)],
    }


def _batch(platform: Platform, name: str, champion: RegisteredModel | None) -> dict[str, Any]:
    """The version that the batch endpoint takes where none is named, and where that is not the champion, why."""
    try:
        default = platform.batch.get(batch_endpoint(name)).default
    except NotFound:
        return {"version": None, "told": ""}
    version = version_of(default)
    if champion is None or version in (None, champion.version):
        return {"version": version, "told": ""}
    word = BatchWord.of(champion.tags)
    why = "it was not compared on a batch yet" if word is None else word.why
    told = (
        f"Batches of {name} are scored by version {version}, and not by the champion, version {champion.version}: {why}"
    )
    command = f"perennial batch-default {name} {champion.version} --reason WORDS"
    return {"version": version, "told": told, "command": command}


def _waiting(request: Request) -> dict[str, Any]:
    """What is to be decided."""
    evidence = request.evidence
    return {
        "version": evidence.model_version,
        "summary": summary_of(request),
        "evidence": evidence.digest,
        "gates": evidence.reason,
        "comparison": compared_in_words(evidence),
        "forced": None if evidence.forced is None else evidence.forced.told,
        "who may answer": who_may(request),
        "until": request.until.isoformat(),
        "command": command_of(request),
        "refusals": [one.model_dump(mode="json") for one in request.refusals],
    }


def _endpoint(platform: Platform, name: str) -> tuple[list[dict[str, Any]], str | None]:
    try:
        endpoint = platform.endpoints.get(name)
    except NotFound:
        return [], None
    slots = [
        {
            "slot": slot.name,
            "version": int(slot.tags.get("model_version", "0")),
            "state": str(slot.state),
            "traffic": endpoint.traffic.get(slot.name, 0),
        }
        for slot in endpoint.slots.values()
    ]
    return slots, endpoint.scoring_url


def _verdict(version: RegisteredModel) -> str:
    """What became of a version: approved, promoted, rejected and why, or nothing yet."""
    verdict = version.tags.get(VERDICT, "not released")
    forced = f", {version.tags[FORCED]}" if version.tags.get(FORCED) else ""
    if verdict == "approved":
        return f"approved by {version.tags.get(APPROVED_BY, 'nobody')}, not promoted yet{forced}"
    if verdict == "promoted":
        return f"promoted{forced}"
    return f"{verdict}: {version.tags[REASON]}" if verdict == "rejected" and REASON in version.tags else verdict


def _champion(record: dict[str, Any]) -> str:
    if record["champion"] is None:
        return "none"
    forced = f", {escape(record['forced'])}" if record["forced"] else ""
    return f"version {record['champion']}{forced}"


def _newest(newest: dict[str, Any] | None) -> str:
    return "none" if newest is None else f"version {newest['version']}, {newest['verdict']}"


def _slots(slots: list[dict[str, Any]]) -> str:
    told = [f"{slot['slot']}: version {slot['version']}, {slot['state']}, {slot['traffic']} %" for slot in slots]
    return "\n".join(told) or "nothing"
