"""Batch endpoints and their deployments; what answers at NAME.REGION.inference.ml.azure.com/jobs."""

from __future__ import annotations

from starlette.responses import Response

from azureml_emulator import roles
from azureml_emulator.access import Access
from azureml_emulator.batch_scoring import BatchScoring
from azureml_emulator.errors import ServiceError, not_found, user_error
from azureml_emulator.jobs import Jobs
from azureml_emulator.operations import Operations
from azureml_emulator.routing import WORKSPACE, Call, Router, empty, reply
from azureml_emulator.store import Document
from azureml_emulator.traffic import check_name
from azureml_emulator.world import World

KIND = "batchEndpoints"
_DEFAULTS: Document = {
    "errorThreshold": -1,
    "loggingLevel": "Info",
    "maxConcurrencyPerInstance": 1,
    "miniBatchSize": 10,
    "outputAction": "AppendRow",
    "outputFileName": "predictions.csv",
}
_RETRIES = {"maxRetries": 3, "timeout": "PT30S"}


class BatchEndpoints:
    """Both are made at once: nothing runs until the endpoint is invoked."""

    def __init__(self, world: World, access: Access, operations: Operations, jobs: Jobs, scoring: BatchScoring) -> None:
        self._access = access
        self._world = world
        self._operations = operations
        self._jobs = jobs
        self._scoring = scoring

    def routes(self, router: Router) -> None:
        one = f"{WORKSPACE}/{KIND}/{{name}}"
        router.add_resource(one, self._list, self._get, self._put, self._delete)
        deployment = f"{one}/deployments/{{deployment}}"
        router.add("GET", f"{one}/deployments", self._deployments)
        router.add("GET", deployment, self._deployment)
        router.add("PUT", deployment, self._put_deployment)
        router.add("DELETE", deployment, self._delete_deployment)
        router.add("GET", f"/mferp/managementfrontend{one}/jobs", self._invocations)
        router.add("GET", f"/mferp/managementfrontend{deployment}/jobs", self._invocations)

    def owns(self, host: str) -> bool:
        """Whether a host is that of a batch endpoint."""
        return self._find(host) is not None

    def invoke(self, call: Call) -> Response:
        """A job that scores the input, by the deployment that is named or the default one."""
        client = self._world.tokens.client_of(call.headers.get("authorization", ""))
        found = self._find(call.host)
        if found is None or call.method != "POST" or call.path != "/jobs":
            raise not_found(f"{KIND}/{call.host.partition('.')[0]}")
        workspace, endpoint = found
        if not self._access.may(client, roles.WORKSPACE, workspace):
            raise ServiceError(403, "AuthorizationFailed", f"The client '{client}' may not invoke {endpoint['name']}.")
        defaults = endpoint["properties"].get("defaults") or {}
        name = call.headers.get("azureml-model-deployment") or defaults.get("deploymentName")
        if not name:
            raise user_error(f"The batch endpoint '{endpoint['name']}' has no default deployment; name one.")
        deployment = self._require(workspace, endpoint["name"], name)
        job = self._scoring.begin(self._jobs, workspace, deployment, call.json().get("properties") or {})
        self._world.store.put(workspace, f"invocations/{endpoint['name']}", job["name"], {"deployment": name})
        return reply(job, 201)

    def _find(self, host: str) -> tuple[str, Document] | None:
        name, _, rest = host.partition(".")
        settings = self._world.settings
        for workspace in settings.workspaces:
            endpoint = self._world.store.get(workspace, KIND, name)
            if endpoint is not None and rest.startswith(settings.region + "."):
                return workspace, endpoint
        return None

    def _list(self, call: Call) -> Response:
        return reply({"value": self._world.store.list(call.workspace, KIND)})

    def _get(self, call: Call) -> Response:
        return reply(self._world.require(call.workspace, KIND, call.parts["name"]))

    def _put(self, call: Call) -> Response:
        name, body = call.parts["name"], call.json()
        check_name(name)
        given = {key: value for key, value in body.get("properties", {}).items() if value is not None}
        chosen = (given.get("defaults") or {}).get("deploymentName")
        if chosen:
            self._require(call.workspace, name, chosen)
        host = f"https://{name}.{self._world.settings.region}.inference.ml.azure.com"
        known = {"scoringUri": f"{host}/jobs", "swaggerUri": None, "provisioningState": "Succeeded"}
        properties = {"authMode": "AADToken", "properties": {}, **given, **known}
        more = {"tags": body.get("tags") or {}, "location": self._world.settings.region}
        is_new = self._world.store.get(call.workspace, KIND, name) is None
        endpoint = self._world.resource(call.workspace, f"{KIND}/{name}", properties, **more)
        self._world.store.put(call.workspace, KIND, name, endpoint)
        return reply(endpoint, 201 if is_new else 200, self._operations.begin(call.workspace, "", name))

    def _delete(self, call: Call) -> Response:
        name = call.parts["name"]
        for deployment in self._world.store.list(call.workspace, f"batchDeployments/{name}"):
            self._world.store.delete(call.workspace, f"batchDeployments/{name}", deployment["name"])
        if not self._world.store.delete(call.workspace, KIND, name):
            return empty(204)
        return empty(202, self._operations.begin(call.workspace, "", name))

    def _deployments(self, call: Call) -> Response:
        self._get(call)
        return reply({"value": self._world.store.list(call.workspace, f"batchDeployments/{call.parts['name']}")})

    def _deployment(self, call: Call) -> Response:
        return reply(self._require(call.workspace, call.parts["name"], call.parts["deployment"]))

    def _require(self, workspace: str, endpoint: str, name: str) -> Document:
        found = self._world.store.get(workspace, f"batchDeployments/{endpoint}", name)
        if found is None:
            raise not_found(f"{KIND}/{endpoint}/deployments/{name}")
        return found

    def _put_deployment(self, call: Call) -> Response:
        endpoint, name, body = call.parts["name"], call.parts["deployment"], call.json()
        self._get(call)
        check_name(name)
        given = {key: value for key, value in body.get("properties", {}).items() if value is not None}
        if not (given.get("codeConfiguration") or {}).get("scoringScript"):
            raise ServiceError(501, "NotEmulated", "A batch deployment without a scoring script is not emulated.")
        properties = {**_DEFAULTS, **given, "provisioningState": "Succeeded"}
        properties["retrySettings"] = {**_RETRIES, **(given.get("retrySettings") or {})}
        more = {"tags": body.get("tags") or {}, "location": self._world.settings.region}
        is_new = self._world.store.get(call.workspace, f"batchDeployments/{endpoint}", name) is None
        path = f"{KIND}/{endpoint}/deployments/{name}"
        deployment = self._world.resource(call.workspace, path, properties, **more)
        self._world.store.put(call.workspace, f"batchDeployments/{endpoint}", name, deployment)
        return reply(deployment, 201 if is_new else 200, self._operations.begin(call.workspace, "", name))

    def _delete_deployment(self, call: Call) -> Response:
        endpoint, name = call.parts["name"], call.parts["deployment"]
        owner = self._world.require(call.workspace, KIND, endpoint)
        if (owner["properties"].get("defaults") or {}).get("deploymentName") == name:
            raise user_error(f"The deployment '{name}' is the default one; choose another default first.")
        if not self._world.store.delete(call.workspace, f"batchDeployments/{endpoint}", name):
            return empty(204)
        return empty(202, self._operations.begin(call.workspace, "", name))

    def _invocations(self, call: Call) -> Response:
        """The jobs of an endpoint, or of one of its deployments; the newest first."""
        self._get(call)
        jobs = [job for job in self._world.store.list(call.workspace, "jobs") if self._made_by(call, job["name"])]
        return reply({"value": jobs[::-1]})

    def _made_by(self, call: Call, job: str) -> bool:
        found = self._world.store.get(call.workspace, f"invocations/{call.parts['name']}", job)
        return found is not None and call.parts.get("deployment", found["deployment"]) == found["deployment"]
