"""Slots brought up, tested and switched: what staging and production have in common."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import httpx

from platforms.ports import Endpoint, OnlineEndpoints, RegisteredModel, Slot, SlotState, Unavailable
from platforms.trust import authorities
from tasks.context import Context

if TYPE_CHECKING:
    import pandas as pd  # half a second, and a promotion does without

PROBE = "probe-"  # correlation ids that start so are our own requests, and no patients
# A slot that fails is told so by the platform, long before: on Azure a machine and an image are brought up first.
START_LIMIT_SECONDS = 1800.0


class SlotFailed(RuntimeError):
    """A slot did not come up; the message holds the end of its log."""


def slot_tags(version: RegisteredModel) -> dict[str, str]:
    """What a slot says of itself."""
    return {"model": version.name, "model_version": str(version.version), "run_id": version.run_id}


def version_in(slot: Slot | None) -> int | None:
    """The model version that a slot holds."""
    return None if slot is None else int(slot.tags.get("model_version", "0")) or None


def is_idle(endpoint: Endpoint, slot: str) -> bool:
    """Whether no client's request reaches it, nor a copy of one."""
    return endpoint.traffic.get(slot, 0) == 0 and endpoint.mirror.get(slot, 0) == 0


def live_slot(endpoint: Endpoint, champion: int | None = None) -> Slot | None:
    """The slot that serves the champion or, where none of the traffic goes to it, the one that has most."""
    shares = {name: share for name, share in endpoint.traffic.items() if share > 0}
    of_champion = [name for name in shares if champion is not None and version_in(endpoint.slots.get(name)) == champion]
    if of_champion:
        return endpoint.slots.get(of_champion[0])
    return endpoint.slots.get(max(shares, key=lambda name: shares[name])) if shares else None


def bring_up(context: Context, endpoint: str, slot: str, version: RegisteredModel) -> Slot:
    """Deploy the version to the slot, or find it there, and wait until it is healthy. SlotFailed with the log."""
    context.platform.endpoints.deploy(endpoint, slot, version, slot_tags(version))
    return await_healthy(context, endpoint, slot, version)


def await_healthy(context: Context, endpoint: str, slot: str, version: RegisteredModel) -> Slot:
    """Wait until a slot that was deployed is healthy. SlotFailed with the log where it does not become so."""
    endpoints = context.platform.endpoints
    deadline = time.monotonic() + START_LIMIT_SECONDS
    while True:
        state = endpoints.get(endpoint).slots[slot]
        if state.state is SlotState.HEALTHY:
            from prefect import get_run_logger  # a rollback to a warm slot does without

            get_run_logger().info("%s/%s serves version %s", endpoint, slot, version.version)
            return state
        if state.state is SlotState.FAILED or time.monotonic() > deadline:
            log = endpoints.logs(endpoint, slot)
            why = state.reason or f"it was not healthy within {START_LIMIT_SECONDS:.0f} s"
            raise SlotFailed(
                f"{endpoint}/{slot} with version {version.version}: {why}. The end of its log:\n{log[-3000:]}"
            )
        time.sleep(0.1)


def client_for(endpoints: OnlineEndpoints, endpoint: str, slot: str) -> httpx.Client:
    """A client that reaches this slot whatever the traffic says."""
    headers = {"Authorization": f"Bearer {endpoints.key(endpoint)}", "azureml-model-deployment": slot}
    hooks = {"response": [_require_available]}
    return httpx.Client(headers=headers, timeout=60.0, event_hooks=hooks, verify=authorities())


def answered_status(response: httpx.Response) -> int:
    """The status that the model's server gave. Azure tells any but 200 as 424, and the server's in a header."""
    return int(response.headers.get("ms-azureml-model-error-statuscode", response.status_code))


def _require_available(response: httpx.Response) -> None:
    """Unavailable where the endpoint answers in the slot's stead that it does not: no word of the model's."""
    if response.status_code in (502, 503, 504):
        response.read()
        raise Unavailable(f"{response.request.url}: HTTP {response.status_code}: {response.text[:500]}")


def request_body(rows: pd.DataFrame) -> dict[str, object]:
    """Rows as a scoring request; missing values become null; marked as our own."""
    clean = rows.astype(object).where(rows.notna(), None)
    data = {"columns": list(rows.columns), "data": clean.to_numpy().tolist()}
    return {"input_data": data, "correlation_ids": [f"{PROBE}{number}" for number in range(len(rows))]}
