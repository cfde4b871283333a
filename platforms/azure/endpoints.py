"""Online endpoints: staging's in the staging workspace, production's in the production workspace."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecycle.names import stage_of
from platforms.azure.clients import AzureClients
from platforms.azure.errors import told, word
from platforms.azure.models import AzureModels
from platforms.azure.service_metrics import ServiceMetrics
from platforms.azure.serving import Serving
from platforms.ports import Endpoint, NotFound, PlatformError, Refused, RegisteredModel, Served, Slot, SlotState

if TYPE_CHECKING:
    from azure.ai.ml import MLClient
    from azure.ai.ml.entities import OnlineDeployment

_SCORING = Path(__file__).parents[2] / "scoring"
_CODE = ("score.py", "data_collector.py")  # the entry script, and what it imports on Azure
_STATES = {"Succeeded": SlotState.HEALTHY, "Failed": SlotState.FAILED, "Canceled": SlotState.FAILED}


class AzureOnlineEndpoints:
    """Implements `OnlineEndpoints`. Which workspace an endpoint lies in follows from its name.

    Scoring never goes through the SDK's `invoke`: it remembers a header of one call for all later ones.
    """

    def __init__(self, clients: AzureClients, models: AzureModels) -> None:
        self._clients = clients
        self._serving = Serving(clients, models)
        self._under_way: dict[tuple[str, str], Any] = {}  # pollers of this process, which know why one failed

    def ensure(self, name: str, tags: Mapping[str, str]) -> Endpoint:
        try:
            return self.get(name)
        except NotFound:
            wanted = self._serving.endpoint(name, tags)
        with told("create", f"endpoint {name}"):
            self._client(name).online_endpoints.begin_create_or_update(wanted).result()
        return self.get(name)

    def get(self, name: str) -> Endpoint:
        client = self._client(name)
        with told("get", f"endpoint {name}"):
            found = client.online_endpoints.get(name)
            deployments = list(client.online_deployments.list(name))
        slots = {
            str(one.name): self._slot(name, one) for one in deployments if word(one.provisioning_state) != "Deleting"
        }
        traffic = {slot: share for slot, share in (found.traffic or {}).items() if slot in slots and share}
        mirror = {slot: share for slot, share in (found.mirror_traffic or {}).items() if slot in slots and share}
        return Endpoint(name, str(found.scoring_uri), slots, traffic, dict(found.tags or {}), mirror)

    def names(self) -> list[str]:
        names: set[str] = set()
        for stage in ("staging", "production"):
            with told("list endpoints", f"the workspace of {stage}"):
                client = self._clients.workspace(stage)
                names |= {str(endpoint.name) for endpoint in client.online_endpoints.list()}
        return sorted(names)

    def deploy(self, endpoint: str, slot: str, version: RegisteredModel, tags: Mapping[str, str]) -> Slot:
        now = self.get(endpoint)
        there = now.slots.get(slot)
        if there is not None and dict(there.tags) == dict(tags) and there.state is not SlotState.FAILED:
            return there
        if now.traffic.get(slot, 0) > 0 or now.mirror.get(slot, 0) > 0:
            raise Refused(f"{endpoint}/{slot} has live traffic, or copies of it: it cannot be replaced.")
        if there is None:
            self._serving.require_room(endpoint)
        with tempfile.TemporaryDirectory() as code:
            for name in _CODE:
                shutil.copy(_SCORING / name, code)
            wanted = self._serving.deployment(endpoint, slot, version, tags, Path(code, _CODE[0]))
            with told("deploy", f"{endpoint}/{slot}"):
                poller = self._client(endpoint).online_deployments.begin_create_or_update(wanted)
        self._under_way[endpoint, slot] = poller
        return Slot(slot, SlotState.STARTING, dict(tags))

    def set_traffic(
        self, endpoint: str, traffic: Mapping[str, int], mirror: Mapping[str, int] | None = None
    ) -> Endpoint:
        now = self.get(endpoint)
        unfit = [
            slot
            for slot, share in [*traffic.items(), *(mirror or {}).items()]
            if share > 0 and (slot not in now.slots or now.slots[slot].state is not SlotState.HEALTHY)
        ]
        if unfit:
            raise Refused(f"{endpoint}: {', '.join(unfit)} cannot take traffic: no such slot, or it is not healthy.")
        client = self._client(endpoint)
        with told("set the traffic", f"endpoint {endpoint}"):
            found = client.online_endpoints.get(endpoint)
            found.traffic, found.mirror_traffic = dict(traffic), dict(mirror or {})
            client.online_endpoints.begin_create_or_update(found).result()
        return self.get(endpoint)

    def delete_slot(self, endpoint: str, slot: str) -> None:
        now = self.get(endpoint)
        if now.traffic.get(slot, 0) > 0 or now.mirror.get(slot, 0) > 0:
            raise Refused(f"{endpoint}/{slot} has live traffic, or copies of it: it cannot be deleted.")
        if slot not in now.slots:
            return
        with told("delete", f"{endpoint}/{slot}"):
            self._client(endpoint).online_deployments.begin_delete(slot, endpoint).result()

    def logs(self, endpoint: str, slot: str, last_lines: int = 200) -> str:
        with told("read the log", f"{endpoint}/{slot}"):
            return str(self._client(endpoint).online_deployments.get_logs(slot, endpoint, last_lines))

    def key(self, endpoint: str) -> str:
        with told("get the keys", f"endpoint {endpoint}"):
            return str(self._client(endpoint).online_endpoints.get_keys(endpoint).primary_key)

    def metrics(self, endpoint: str) -> dict[str, dict[str, Any]]:
        return self._metrics(endpoint).of(endpoint)

    def served(self, endpoint: str, since: datetime) -> dict[str, Served]:
        return self._metrics(endpoint).since(endpoint, since)

    def _metrics(self, endpoint: str) -> ServiceMetrics:
        stage = stage_of(endpoint)
        return ServiceMetrics(self._clients.credential(stage), self._clients.workspace_id(stage))

    def _client(self, endpoint: str) -> MLClient:
        return self._clients.workspace(stage_of(endpoint))

    def _slot(self, endpoint: str, found: OnlineDeployment) -> Slot:
        state = _STATES.get(word(found.provisioning_state), SlotState.STARTING)
        reason = self._why(endpoint, str(found.name)) if state is SlotState.FAILED else ""
        return Slot(str(found.name), state, {key: str(value) for key, value in (found.tags or {}).items()}, reason)

    def _why(self, endpoint: str, slot: str) -> str:
        """The service's words, where it was this process that deployed; the container's log tells more."""
        poller = self._under_way.get((endpoint, slot))
        if poller is None or not poller.done():
            return "its provisioning failed"
        try:
            with told("deploy", f"{endpoint}/{slot}"):
                poller.result()
        except PlatformError as error:
            return str(error)
        return "its provisioning failed"
