"""How a rollout waits for its next look: in its process where that is soon, else without one.

A hold may take hours, and a worker runs only so many flows at once. A run whose next look is far off gives its process
up, as one that is suspended for an approval does, and is due again at the time of the look: the worker starts it, it
finds its rollout as it stands, and carries on. One run stays the page of the whole rollout. It costs the start of a
process a look (seconds), so looks of short holds are waited for.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from prefect import get_run_logger, runtime
from prefect.client.orchestration import get_client
from prefect.exceptions import Pause
from prefect.states import Scheduled, State

from tasks.clock import now
from tasks.under_way import HOLDING

IN_PROCESS = timedelta(seconds=30)


def hold(pause: timedelta) -> None:
    """Return after the pause; or end this process, and have the run's deployment start it again then."""
    if pause <= IN_PROCESS or runtime.deployment.id is None:
        time.sleep(pause.total_seconds())
        return
    due = now() + pause
    get_run_logger().info("The next look is at %s; until then the run holds no process.", due.isoformat())
    state: State[Any] = Scheduled(scheduled_time=due, name=HOLDING)
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(runtime.flow_run.id, state, force=True)
    raise Pause(state=state)
