"""Azure's adapters where the service fails: they try again where that is right, or tell what was refused, and why."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from platforms.azure.clients import AzureClients
from platforms.azure.endpoints import AzureOnlineEndpoints
from platforms.azure.models import AzureModels
from platforms.ports import JobSpec, JobStatus, NotFound, Refused, RegisteredModel, SlotState, Unavailable
from tests.conftest import ROOT
from tests.platforms.conftest import EmulatedAzure
from tests.platforms.test_compute_contract import COPY, COUNT, ended
from tests.platforms.test_endpoints import settled
from tests.toy_model import pack_toy_model

BUSY = {"status": 429, "headers": {"Retry-After": "1"}}
BROKEN = {"status": 500}


@pytest.fixture
def spec(azure: EmulatedAzure, tmp_path: Path) -> JobSpec:
    name = f"job-{uuid4().hex[:12]}"
    azure.platform.blobs.write(f"{name}/one.txt", b"hello")
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "script.py").write_text(COPY)
    command = ("python", "code/script.py", "{data}", "{out}")
    return JobSpec(name=name, code=tmp_path / "code", command=command, dataset_prefix=f"{name}/")


@pytest.mark.parametrize("how", [BUSY, BROKEN])
def test_a_job_is_submitted_though_the_service_stumbles(azure: EmulatedAzure, spec: JobSpec, how: dict) -> None:
    with (spec.code / "script.py").open("a") as script:
        script.write(f"# {spec.name}: code that was not uploaded before")
    for pattern in ("PUT .*/jobs/", "PUT .*/data/", "POST .*/startPendingUpload", "GET .*/jobs/job-"):
        azure.fail(pattern, times=1, **how)
    compute = azure.platform.compute
    compute.submit(spec)
    assert ended(compute, spec.name).status is JobStatus.COMPLETED
    assert azure.heal() == 0


def test_a_service_that_stays_down_is_unavailable(azure: EmulatedAzure) -> None:
    azure.fail("GET .*/jobs/", times=20, status=503, message="The service is resting.")
    with pytest.raises(Unavailable, match=r"get of job absent failed: .*The service is resting"):
        azure.platform.compute.get("absent")


def test_a_refusal_names_resource_operation_and_words_and_no_secret(azure: EmulatedAzure, spec: JobSpec) -> None:
    message = "Quota exceeded. https://x.blob.core.windows.net/c?sv=1&sig=abcd Bearer eyJhbGciOi.eyJzdWIi.c2ln"
    azure.fail("PUT .*/jobs/", times=9, status=400, code="QuotaExceeded", message=message)
    with pytest.raises(Refused) as caught:
        azure.platform.compute.submit(spec)
    told = str(caught.value)
    assert f"submit of job {spec.name} failed" in told
    assert "QuotaExceeded" in told
    assert "abcd" not in told
    assert "eyJ" not in told
    assert caught.value.__cause__ is None
    azure.heal()
    with pytest.raises(NotFound):
        azure.platform.compute.get(spec.name)


def test_a_caller_killed_once_it_had_submitted_finds_its_job(azure: EmulatedAzure, spec: JobSpec) -> None:
    (spec.code / "script.py").write_text(COUNT)
    killed = f"""
import os, signal
from pathlib import Path
from platforms.choose import choose_platform
from platforms.ports import JobSpec
from platforms.settings import load_settings
platform = choose_platform(load_settings())
platform.compute.submit(JobSpec(name={spec.name!r}, code=Path({str(spec.code)!r}), command={spec.command!r},
                                dataset_prefix={spec.dataset_prefix!r}))
os.kill(os.getpid(), signal.SIGKILL)
"""
    place = {"PERENNIAL_PLATFORM": "azure-emulated", "PERENNIAL_STATE": str(azure.settings.state)}
    done = subprocess.run([sys.executable, "-c", killed], cwd=ROOT, env={**os.environ, **place}, check=False)
    assert done.returncode == -signal.SIGKILL
    compute = azure.platform.compute
    compute.submit(spec)
    assert ended(compute, spec.name).status is JobStatus.COMPLETED
    assert (compute.fetch_outputs(spec.name, spec.code.parent / "o") / "n").read_text() == "x"


def test_a_deployment_over_quota_says_so(azure: EmulatedAzure) -> None:
    name = f"toy-{uuid4().hex[:8]}"
    azure.platform.endpoints.ensure(name, {})
    azure.fail("PUT .*/deployments/blue", times=9, status=400, code="OutOfQuota", message="Not enough cores: 12 of 8.")
    version = RegisteredModel("toy", 1, "", {}, (), datetime.now(UTC))
    with pytest.raises(Refused, match=rf"deploy of {name}/blue failed: .*OutOfQuota.*Not enough cores: 12 of 8"):
        azure.platform.endpoints.deploy(name, "blue", version, {"model_version": "1"})


def test_developments_identity_reaches_no_other_stage(azure: EmulatedAzure) -> None:
    settings = azure.settings.require_azure()
    development = settings.development
    for stage in ("staging", "production"):
        other = getattr(settings, stage).model_copy(update={"client_id": development.client_id})
        clients = AzureClients(settings.model_copy(update={stage: other}))
        endpoints = AzureOnlineEndpoints(clients, AzureModels(clients))
        name = "toy-staging" if stage == "staging" else "toy"
        with pytest.raises(Refused, match="AuthorizationFailed"):
            endpoints.get(name)
        with pytest.raises(Refused, match="AuthorizationFailed"):
            endpoints.ensure(name, {})


def test_productions_identity_trains_nothing(azure: EmulatedAzure, spec: JobSpec) -> None:
    settings = azure.settings.require_azure()
    other = settings.development.model_copy(update={"client_id": settings.production.client_id})
    clients = AzureClients(settings.model_copy(update={"development": other}))
    from platforms.azure.compute import AzureCompute

    with pytest.raises(Refused, match="AuthorizationFailed"):
        AzureCompute(clients, azure.platform.blobs).submit(spec)


def test_a_slot_for_which_there_are_no_cores_is_refused_before_it_is_begun(azure: EmulatedAzure) -> None:
    clients = AzureClients(azure.settings.require_azure().model_copy(update={"serving_instances": 100}))
    endpoints = AzureOnlineEndpoints(clients, AzureModels(clients))
    name = f"toy-{uuid4().hex[:8]}"
    endpoints.ensure(name, {})
    version = RegisteredModel("toy", 1, "", {}, (), datetime.now(UTC))
    with pytest.raises(Refused, match=r"480 cores of .* are needed in westeurope, 400 are allowed"):
        endpoints.deploy(name, "blue", version, {"model_version": "1"})
    assert endpoints.get(name).slots == {}


def test_a_caller_killed_once_it_had_deployed_finds_its_slot(azure: EmulatedAzure, tmp_path: Path) -> None:
    name, models = f"toy-{uuid4().hex[:8]}", azure.platform.models
    packed = tmp_path / "model"
    packed.mkdir()
    pack_toy_model(packed)
    (packed / "MLmodel").write_text("flavors: {}")
    version = models.register(name, models.start_run(name, "one", {}), packed, "one", {})
    killed = f"""
import os, signal
from platforms.choose import choose_platform
from platforms.settings import load_settings
platform = choose_platform(load_settings())
platform.endpoints.ensure({name!r}, {{}})
platform.endpoints.deploy({name!r}, "blue", platform.models.get({name!r}, 1), {{"model_version": "1"}})
os.kill(os.getpid(), signal.SIGKILL)
"""
    place = {"PERENNIAL_PLATFORM": "azure-emulated", "PERENNIAL_STATE": str(azure.settings.state)}
    done = subprocess.run([sys.executable, "-c", killed], cwd=ROOT, env={**os.environ, **place}, check=False)
    assert done.returncode == -signal.SIGKILL
    azure.platform.endpoints.deploy(name, "blue", version, {"model_version": "1"})
    assert settled(azure.platform.endpoints, name, "blue") is SlotState.HEALTHY
    assert len(list((azure.settings.state / "emulator" / "serving" / "production" / name).glob("blue-*"))) == 1
