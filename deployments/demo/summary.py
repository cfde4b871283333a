"""What happened, for `.perennial/demo.json` and for people."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from deployments.demo.waiting import DemoFailed
from lifecycle.ledger import LedgerEntry
from lifecycle.names import report_prefix
from lifecycle.tags import DATASET

if TYPE_CHECKING:
    from deployments.demo.clients import Clients
    from deployments.demo.run import _Loop
    from platforms.ports import RegisteredModel


def result_of(loop: _Loop, first: RegisteredModel, second: RegisteredModel, clients: Clients) -> dict[str, Any]:
    """The content of demo.json, all of it read from what the parts themselves hold."""
    from tasks.promotion import production

    live = production(loop.context)
    if live is None:
        raise DemoFailed("Nothing serves in production.")
    entries, creator = loop.context.ledger.entries(), loop.retrain.created_by
    return {
        "workload": loop.context.name,
        "raw_rows": loop.raw_rows,
        **_models(loop, first, second, entries),
        "drift": {"event_id": loop.drift["id"], "columns": loop.drift["payload"]["columns"]},
        "retrain": {
            "flow_run_id": str(loop.retrain.id),
            "created_by_type": creator.type if creator else None,
            "created_by_name": creator.display_value if creator else None,
        },
        "endpoint": {
            "url": live.endpoint.scoring_url,
            "serving": live.version,
            "requests": clients.tally.requests,
            "errors": clients.tally.errors,
        },
        "seconds": _seconds(loop),
        "reports": _reports(loop),
        "decided_by": {str(entry.model_version): entry.by for entry in entries if entry.kind == "approved"},
        "steps": {
            f"{number} {name}": round(run.total_run_time.total_seconds(), 2)
            for number, (name, run) in enumerate(loop.steps, 1)
        },
        "addresses": dict(loop.context.settings.addresses),
    }


def show(console: Console, result: dict[str, Any]) -> None:
    """The same, as tables."""
    first, second = result["first"], result["second"]
    models = Table(title="The champion was replaced", title_justify="left")
    for title in (
        "",
        "model version",
        "dataset version",
        "AUC when trained",
        "AUC on the newest labelled data",
        "approved by",
    ):
        models.add_column(title)
    approved = result["decided_by"]
    models.add_row(
        "before", str(first["model_version"]), first["dataset_version"], f"{first['auc']:.3f}",
        f"{second['auc_champion_before']:.3f}", approved.get(str(first["model_version"]), ""),
    )  # fmt: skip
    models.add_row(
        "now", str(second["model_version"]), second["dataset_version"], f"{second['auc_when_trained']:.3f}",
        f"{second['auc']:.3f}", approved.get(str(second["model_version"]), ""),
    )  # fmt: skip
    console.print(models)
    drift = Table(title="What drifted", title_justify="left")
    for title in ("column", "score", "threshold"):
        drift.add_column(title)
    for name, column in sorted(result["drift"]["columns"].items(), key=lambda item: -item[1]["score"]):
        drift.add_row(name, f"{column['score']:.3f}", f"{column['threshold']:.3f}")
    console.print(drift)
    steps = Table(title="How long each step took", title_justify="left")
    steps.add_column("flow")
    steps.add_column("seconds", justify="right")
    for name, seconds in result["steps"].items():
        steps.add_row(name, f"{seconds:.1f}")
    console.print(steps)
    _show_rest(console, result)


def _show_rest(console: Console, result: dict[str, Any]) -> None:
    endpoint, seconds, retrain = result["endpoint"], result["seconds"], result["retrain"]
    console.print(
        f"retrain was started by {retrain['created_by_type']} “{retrain['created_by_name']}”, "
        f"{seconds['event_to_running']:.1f} s after the event.\n"
        f"{endpoint['requests']} requests were scored, {endpoint['errors']} failed.\n"
        f"Set-up {seconds['setup']:.0f} s, loop {seconds['loop']:.0f} s, in all {seconds['total']:.0f} s.\n"
    )
    console.print("The service is still running; `make down` stops it. Look at:")
    names = {"prefect": "Prefect UI (runs, artifacts)", "mlflow": "MLflow UI (runs, models)"}
    for name, url in result["addresses"].items():
        if name in names:
            console.print(f"  {names[name]}: {url}", soft_wrap=True)
    console.print(f"  Endpoint: {endpoint['url']}", soft_wrap=True)
    for report in result["reports"]:
        console.print(f"  Evidently report: {report}", soft_wrap=True)
    console.print("  perennial history diabetes, perennial explain diabetes, perennial status")


def _entry(entries: list[LedgerEntry], kind: str, version: int) -> LedgerEntry:
    return next(entry for entry in entries if entry.kind == kind and entry.model_version == version)


def _models(
    loop: _Loop, first: RegisteredModel, second: RegisteredModel, entries: list[LedgerEntry]
) -> dict[str, dict[str, Any]]:
    from tasks.registration import metrics_of

    metric = loop.context.workload.metric
    compared = _entry(entries, "approved", second.version).evidence["comparison"]
    return {
        "first": {
            "model_version": first.version,
            "dataset_version": first.tags[DATASET],
            "auc": metrics_of(first)[metric],
        },
        "second": {
            "model_version": second.version,
            "dataset_version": second.tags[DATASET],
            "auc": compared["challenger"],
            "auc_champion_before": compared["champion"],
            "auc_when_trained": metrics_of(second)[metric],
        },
    }


def _seconds(loop: _Loop) -> dict[str, float]:
    times = loop.times
    return {
        "setup": round(times.set_up - times.started, 2),
        "loop": round(times.ended - times.set_up, 2),
        "event_to_running": round(_event_to_running(loop), 2),
        "total": round(times.ended - times.started, 2),
    }


def _event_to_running(loop: _Loop) -> float:
    started = loop.retrain.start_time
    if started is None:
        raise DemoFailed("The retraining never ran.")
    return started.timestamp() - datetime.fromisoformat(loop.request["occurred"]).timestamp()


def _reports(loop: _Loop) -> list[str]:
    """Files that a browser on this machine can open."""
    store, prefix = loop.context.platform.blobs, report_prefix(loop.context.name)
    if loop.context.settings.platform == "local":
        files = [loop.context.settings.blobs / blob.name for blob in store.list(prefix)]
    else:
        files = list(store.download(prefix, loop.context.settings.state / "reports"))
    return [str(file) for file in files if file.suffix == ".html"]
