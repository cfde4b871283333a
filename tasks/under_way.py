"""What already runs for a workload, as Prefect knows it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tasks.context import Context

if TYPE_CHECKING:
    from prefect.client.schemas.objects import FlowRun

HOLDING = "Holding"  # the state of a run whose next look is due later
_LATELY = timedelta(days=1)
HOLDERS = ("promote", "ab-test")  # the flows that hold so
REPLACING = ("retrain", "release", "promote")  # the flows that may end with another champion


def replacement_under_way(context: Context) -> list[str]:
    """The names of the runs that may end with another champion."""
    return [run.name for run in _under_way(context, REPLACING)]


def promotion_under_way(context: Context, version: int) -> bool:
    """Whether that version is on its way to production."""
    return any(run.parameters.get("model_version") == version for run in _under_way(context, ("promote",)))


def broken_off_releases(context: Context) -> list[dict[str, Any]]:
    """The parameters of the workload's releases that lately crashed or failed, the newest first, each once."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import (
        FlowFilter,
        FlowFilterName,
        FlowRunFilter,
        FlowRunFilterStartTime,
        FlowRunFilterState,
        FlowRunFilterStateType,
    )
    from prefect.client.schemas.sorting import FlowRunSort
    from prefect.states import StateType

    broken = FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.CRASHED, StateType.FAILED]))
    lately = FlowRunFilterStartTime.model_validate({"after_": datetime.now(UTC) - _LATELY})
    with get_client(sync_client=True) as client:
        runs = client.read_flow_runs(
            flow_filter=FlowFilter(name=FlowFilterName(any_=["release"])),
            flow_run_filter=FlowRunFilter(state=broken, start_time=lately),
            sort=FlowRunSort.START_TIME_DESC,
        )
    found: list[dict[str, Any]] = []
    for parameters in (run.parameters for run in runs):
        if parameters.get("workload") == context.name and parameters not in found:
            found.append(parameters)
    return found


def ab_test_under_way(context: Context) -> bool:
    """Whether a run carries an A/B test out."""
    return bool(_under_way(context, ("ab-test",)))


def _under_way(context: Context, flows: Sequence[str]) -> list[FlowRun]:
    """The runs of the workload that are due or running, or wait for a person; a schedule's next run is not due yet."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import (
        FlowFilter,
        FlowFilterName,
        FlowRunFilter,
        FlowRunFilterExpectedStartTime,
        FlowRunFilterState,
        FlowRunFilterStateName,
        FlowRunFilterStateType,
    )
    from prefect.states import StateType

    unfinished = [StateType.SCHEDULED, StateType.PENDING, StateType.RUNNING, StateType.PAUSED]
    with get_client(sync_client=True) as client:
        state = FlowRunFilterState(type=FlowRunFilterStateType(any_=unfinished))
        due = FlowRunFilterExpectedStartTime.model_validate({"before_": datetime.now(UTC)})
        runs = client.read_flow_runs(
            flow_filter=FlowFilter(name=FlowFilterName(any_=list(flows))),
            flow_run_filter=FlowRunFilter(state=state, expected_start_time=due),
        )
        holding = [one for one in flows if one in HOLDERS]
        if holding:  # one that holds a step of its rollout is due again later, and under way all the same
            runs += client.read_flow_runs(
                flow_filter=FlowFilter(name=FlowFilterName(any_=holding)),
                flow_run_filter=FlowRunFilter(
                    state=FlowRunFilterState(name=FlowRunFilterStateName(any_=[HOLDING])),
                ),
            )
    own = {run.id: run for run in runs if run.parameters.get("workload") == context.name}
    return list(own.values())
