"""What a job has put out becomes data assets and models once the job is done, as on the service."""

from __future__ import annotations

from azureml_emulator.assets import Assets
from azureml_emulator.store import Document


class OutputAssets:
    """Each named output is a version of an asset: of the name that the job asked for, or of one made of the job's."""

    def __init__(self, assets: Assets) -> None:
        self._assets = assets

    def register(self, workspace: str, job: str, outputs: Document) -> None:
        """Write each output's `assetId` into it; the default one, which holds logs and artifacts, has none."""
        for key, output in outputs.items():
            if key != "default":
                self._register(workspace, job, key, output)

    def _register(self, workspace: str, job: str, key: str, output: Document) -> None:
        kind = "models" if output["jobOutputType"].endswith("_model") else "data"
        name = output.get("assetName") or f"azureml_{job}_output_data_{key}"
        version = output.get("assetVersion") or self._assets.next_version(workspace, kind, name)
        words = {"models": ("modelUri", "modelType"), "data": ("dataUri", "dataType")}[kind]
        origin = {"jobName": job, "isAnonymous": not output.get("assetName")}
        content = {words[0]: output["uri"], words[1]: output["jobOutputType"], **origin}
        made, _ = self._assets.create(workspace, kind, name, version, {"properties": content})
        output["assetId"] = made["id"]
