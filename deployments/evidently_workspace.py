"""The reports of a workload as a workspace of Evidently's UI, which reads folders and no blob store.

A folder is a project, `metadata.json` names it, `dashboard.json` says what is plotted, and each file under `snapshots`
is a window: the layout of `evidently.ui.storage.local`, as of evidently 0.7. Names are made from ours, so that whoever
comes again adds what is new and nothing twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from lifecycle.names import report_key, report_prefix, snapshot_blob
from platforms.ports import BlobStore, NotFound

_NAMESPACE = UUID("0f5d7e1c-54a3-5a51-9f5e-65766964656e")
PANELS = 24  # more are no overview


def project_id(workload: str) -> UUID:
    """The project of a workload."""
    return uuid5(_NAMESPACE, workload)


def bring_up_to_date(blobs: BlobStore, workload: str, workspace: Path) -> int:
    """Add the windows that are new and take away those that were pruned; how many there are.

    The dashboard is made with the first of them and then left to whoever looks at it.
    """
    project = workspace / str(project_id(workload))
    windows = project / "snapshots"
    windows.mkdir(parents=True, exist_ok=True)
    _write_once(project / "metadata.json", _project(workload))
    wanted = dict(_snapshots(blobs, workload))
    for file in windows.glob("*.json"):
        if file.name not in wanted:
            file.unlink()
    for file_name, name in wanted.items():
        if not (windows / file_name).exists():
            try:
                content = blobs.read(name)
            except NotFound:  # pruned meanwhile
                continue
            _write_once(project / "dashboard.json", _dashboard(json.loads(content)))
            (windows / file_name).write_bytes(content)
    return len(wanted)


def _snapshots(blobs: BlobStore, workload: str) -> Iterator[tuple[str, str]]:
    """The name of each one's file, and of its blob."""
    for blob in blobs.list(report_prefix(workload)):
        key = report_key(blob.name)
        if blob.name == snapshot_blob(workload, key):
            yield f"{uuid5(project_id(workload), key)}.json", blob.name


def _write_once(file: Path, content: dict[str, Any]) -> None:
    if not file.exists():
        file.write_text(json.dumps(content, indent=1))


def _project(workload: str) -> dict[str, Any]:
    description = "What monitoring saw, window by window. The verdicts were decided before; nothing is judged here."
    return {"id": str(project_id(workload)), "name": workload, "description": description, "version": "2"}


def _dashboard(snapshot: dict[str, Any]) -> dict[str, Any]:
    """How many findings each window had, and every check's score with its threshold, other checks than drift first."""
    told = [result["metric_value_location"]["metric"]["params"] for result in snapshot["metric_results"].values()]
    checks = [(one["kind"], one["subject"]) for one in told if one["type"] == _metric("Score")]
    checks = sorted(dict.fromkeys(checks), key=lambda check: check[0] == "drift")[:PANELS]
    panels = [_panel("Findings, window by window", "full", [("findings", "Findings", {})])]
    for kind, subject in checks:
        about = {"kind": kind, "subject": subject}
        lines = [("score", "Score", about), ("threshold", "Threshold", about)]
        panels.append(_panel(subject if kind == "drift" else f"{subject} ({kind})", "half", lines))
    identity = str(uuid5(_NAMESPACE, "tab"))
    return {"tabs": [{"id": identity, "title": "Checks", "panels": [one["id"] for one in panels]}], "panels": panels}


def _panel(title: str, size: str, lines: Iterable[tuple[str, str, dict[str, str]]]) -> dict[str, Any]:
    values = [
        {"legend": legend, "metric": _metric(name), "metric_labels": labels, "tags": [], "metadata": {}}
        for legend, name, labels in lines
    ]
    identity = str(uuid5(_NAMESPACE, title))
    return {"id": identity, "title": title, "size": size, "values": values, "plot_params": {"plot_type": "line"}}


def _metric(name: str) -> str:
    """What Evidently calls a metric of `monitoring.evidently_metrics`."""
    return f"evidently:metric_v2:{name}"
