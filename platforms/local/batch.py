"""Batch endpoints in folders of this machine: jobs are detached processes in the model's own environment."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from platforms.batch_rules import require_fit
from platforms.folder_digest import SHA256
from platforms.local.blobs import LocalBlobStore
from platforms.local.compute import LocalCompute
from platforms.ports import BatchEndpoint, BatchSpec, Job, JobSpec, Models, NotFound, Refused, RegisteredModel
from scoring import BATCH_DRIVER, BATCH_SCRIPTS
from scoring.environment import build_environment

_SCORING = Path(__file__).parents[2] / "scoring"
_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9-]{1,30}[a-zA-Z0-9]")  # Azure ML's rule, held here, too
_TAGS, _DEFAULT = "tags.json", "default"
_LONGEST_SECONDS = 7 * 24 * 3600  # of a job; each mini-batch has a limit of its own


class LocalBatchEndpoints:
    """Implements `BatchEndpoints`: a folder an endpoint, below it one a deployment, which its jobs copy.

    A job writes its outputs straight into the blob store's folder, so that they are there whoever waits for it.
    """

    def __init__(self, root: Path, environments: Path, blobs: LocalBlobStore, models: Models) -> None:
        self._root = root
        self._environments = environments
        self._blobs = blobs
        self._models = models

    def ensure(self, name: str, tags: Mapping[str, str]) -> BatchEndpoint:
        _require_name(name)
        (self._root / name / "deployments").mkdir(parents=True, exist_ok=True)
        tags_file = self._root / name / _TAGS
        if not tags_file.exists():
            tags_file.write_text(json.dumps(dict(tags)))
        return self.get(name)

    def get(self, name: str) -> BatchEndpoint:
        folder = self._folder(name)
        deployments = {
            path.parent.name: json.loads(path.read_text()) for path in folder.glob(f"deployments/[!.]*/{_TAGS}")
        }
        chosen = folder / _DEFAULT
        return BatchEndpoint(name, deployments, chosen.read_text() if chosen.exists() else None)

    def names(self) -> list[str]:
        return sorted(path.parent.name for path in self._root.glob(f"[!.]*/{_TAGS}"))

    def deploy(self, endpoint: str, deployment: str, version: RegisteredModel, tags: Mapping[str, str]) -> None:
        _require_name(deployment)
        if self.get(endpoint).deployments.get(deployment) == dict(tags):
            return
        target = self._folder(endpoint) / "deployments" / deployment
        beside = Path(tempfile.mkdtemp(prefix=".", dir=target.parent))
        try:
            fetched = self._models.fetch(version.name, version.version, beside / "fetched")
            shutil.copytree(fetched, beside / "code" / "model")
            shutil.rmtree(beside / "fetched", ignore_errors=True)
            for script in (*BATCH_SCRIPTS, BATCH_DRIVER):
                shutil.copyfile(_SCORING / script, beside / "code" / script)
            environment = {
                "PERENNIAL_MODEL_VERSION": str(version.version),
                "PERENNIAL_MODEL_SHA256": version.tags.get(SHA256, ""),
            }
            (beside / "environment.json").write_text(json.dumps(environment))
            (beside / _TAGS).write_text(json.dumps(dict(tags)))
            shutil.rmtree(target, ignore_errors=True)
            beside.rename(target)
        finally:
            shutil.rmtree(beside, ignore_errors=True)

    def set_default(self, endpoint: str, deployment: str) -> BatchEndpoint:
        if deployment not in self.get(endpoint).deployments:
            raise Refused(f"{endpoint} has no deployment {deployment}: it cannot be the default one.")
        chosen = self._folder(endpoint) / f".{_DEFAULT}.part"
        chosen.write_text(deployment)
        chosen.replace(self._folder(endpoint) / _DEFAULT)
        return self.get(endpoint)

    def invoke(self, endpoint: str, spec: BatchSpec) -> Job:
        require_fit(spec)
        now = self.get(endpoint)
        jobs = self._jobs(endpoint)
        if (jobs.root / spec.name).exists():  # begun if whoever prepared it was killed; what it is, it has on disk
            return jobs.submit(JobSpec(spec.name, Path(), (), spec.input_prefix))
        deployment = spec.deployment or now.default
        if deployment is None or deployment not in now.deployments:
            raise NotFound(f"{endpoint} has no deployment {deployment or 'that is the default one'}.")
        return jobs.submit(self._job(endpoint, deployment, spec))

    def job(self, endpoint: str, name: str) -> Job:
        self._folder(endpoint)
        return self._jobs(endpoint).get(name)

    def logs(self, endpoint: str, name: str, last_lines: int = 200) -> str:
        self._folder(endpoint)
        return self._jobs(endpoint).logs(name, last_lines)

    def cancel(self, endpoint: str, name: str) -> None:
        self._folder(endpoint)
        self._jobs(endpoint).cancel(name)

    def delete_deployment(self, endpoint: str, deployment: str) -> None:
        now = self.get(endpoint)
        if now.default == deployment:
            raise Refused(f"{endpoint}/{deployment} is the default deployment; choose another one first.")
        if deployment in now.deployments:
            shutil.rmtree(self._folder(endpoint) / "deployments" / deployment)

    def delete(self, endpoint: str) -> None:
        if endpoint in self.names():
            shutil.rmtree(self._root / endpoint)

    def _folder(self, endpoint: str) -> Path:
        if endpoint not in self.names():
            raise NotFound(f"There is no batch endpoint {endpoint}.")
        return self._root / endpoint

    def _jobs(self, endpoint: str) -> LocalCompute:
        return LocalCompute(self._root / ".jobs" / endpoint, self._blobs)

    def _job(self, endpoint: str, deployment: str, spec: BatchSpec) -> JobSpec:
        """The driver over a copy of the deployment and of the input."""
        folder = self._root / endpoint / "deployments" / deployment
        job = self._root.resolve() / ".jobs" / endpoint / spec.name
        told = json.loads((folder / "environment.json").read_text())
        python = build_environment(self._environments, folder / "code" / "model" / "requirements.lock")
        limits = {
            "mini-batch-size": spec.mini_batch_size,
            "error-threshold": spec.error_threshold,
            "retries": spec.retries,
            "timeout": spec.timeout_seconds,
        }
        words = (str(python), f"code/{BATCH_DRIVER}", "--data", "{data}")
        return JobSpec(
            name=spec.name,
            code=folder / "code",
            command=(*words, *(f"--{name}={value}" for name, value in limits.items())),
            dataset_prefix=spec.input_prefix,
            environment={
                **told,
                "AZUREML_MODEL_DIR": str(job / "code" / "code" / "model"),
                "AZUREML_BI_OUTPUT_PATH": str(self._blobs.root.resolve() / spec.outputs),
            },
            time_limit_seconds=_LONGEST_SECONDS,
        )


def _require_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise Refused(f"{name!r} is no name: 3 to 32 letters, digits and '-', a letter first.")
