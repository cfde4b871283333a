"""Automations that `perennial deploy` makes by the SDK, since triggers in prefect.yaml only start deployments."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

BROKEN_OFF = "perennial-run-without-heartbeat"
SILENT = timedelta(seconds=90)  # three heartbeats (PREFECT_FLOWS_HEARTBEAT_FREQUENCY)
_ENDED = ("Completed", "Failed", "Cancelled", "Crashed", "Paused", "Suspended", "Scheduled", "Holding", "AwaitingRetry")


def apply_automations() -> list[str]:
    """Make them, or bring them up to date, by name; a line each."""
    from prefect.automations import Automation

    wanted: Any = _run_without_heartbeat()
    try:
        there: Any = Automation.read(name=BROKEN_OFF)
    except ValueError:
        wanted.create()
        return [f"automation {BROKEN_OFF}: made"]
    wanted.id, wanted.enabled = there.id, there.enabled  # an operator may have switched it off
    wanted.update()
    return [f"automation {BROKEN_OFF}: brought up to date"]


def _run_without_heartbeat() -> Any:
    """A run whose worker was killed with it says nothing any more, and nobody else would: it crashed."""
    from prefect.automations import Automation
    from prefect.client.schemas.objects import StateType
    from prefect.events.actions import ChangeFlowRunState
    from prefect.events.schemas.automations import EventTrigger, Posture

    heartbeat = "prefect.flow-run.heartbeat"
    return Automation(
        name=BROKEN_OFF,
        description="Made by `perennial deploy`: a run that gives no sign of life has crashed.",
        trigger=EventTrigger(
            match={"prefect.resource.id": "prefect.flow-run.*"},
            after={heartbeat},
            expect={heartbeat, *(f"prefect.flow-run.{name}" for name in _ENDED)},
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=SILENT,
        ),
        actions=[
            ChangeFlowRunState(
                name=None,
                state=StateType.CRASHED,
                force=False,
                message=f"No sign of life for {SILENT.seconds} s, nor an end.",
            )
        ],
    )
