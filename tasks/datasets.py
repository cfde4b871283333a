"""Dataset versions in the blob store: found, written once, read."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lifecycle.dataset import OBSERVED_AT, DatasetManifest
from lifecycle.names import dataset_prefix, job_prefix
from platforms.ports import BlobStore, NotFound
from tasks.context import Context

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Holdout:
    """The rows that no training saw, the newest last."""

    frame: pd.DataFrame
    manifest: DatasetManifest

    @property
    def features(self) -> pd.DataFrame:
        return self.frame[self.manifest.features]

    @property
    def label(self) -> pd.Series:
        return self.frame[self.manifest.label]

    def newest(self, rows: int) -> Holdout:
        """The newest of them."""
        return Holdout(self.frame.tail(rows), self.manifest)


def write_dataset(blobs: BlobStore, manifest: DatasetManifest, train: pd.DataFrame, holdout: pd.DataFrame) -> bool:
    """Write the version; False where it was there. The manifest comes last: with it, the version is whole."""
    prefix = dataset_prefix(manifest.workload, manifest.version)
    if any(blobs.list(f"{prefix}manifest.json")):
        return False
    seen_by_job = {
        "kind": manifest.kind,
        "label": manifest.label,
        "id": manifest.id,
        "features": manifest.features,
        "columns": [column.model_dump(mode="json") for column in manifest.columns],
        "series": None if manifest.forecast is None else manifest.forecast.for_job(manifest.newest),
    }
    job = job_prefix(manifest.workload, manifest.version)
    blobs.write(f"{job}train.parquet", _parquet(train.drop(columns=[OBSERVED_AT])))
    blobs.write(f"{job}manifest.json", json.dumps(seen_by_job, indent=1).encode())
    blobs.write(f"{prefix}holdout.parquet", _parquet(holdout))
    return blobs.put_if_absent(f"{prefix}manifest.json", manifest.model_dump_json(indent=1).encode())


def read_manifest(blobs: BlobStore, workload: str, version: str) -> DatasetManifest:
    """The manifest of a dataset version. NotFound, in words, where there is none."""
    try:
        content = blobs.read(f"{dataset_prefix(workload, version)}manifest.json")
    except NotFound:
        raise NotFound(f"{workload} has no dataset version {version}.") from None
    return DatasetManifest.model_validate_json(content)


def newest_manifest(blobs: BlobStore, workload: str) -> DatasetManifest | None:
    """The dataset version that was written last."""
    manifests = [blob for blob in blobs.list(f"datasets/{workload}/") if blob.name.endswith("/manifest.json")]
    manifests = [blob for blob in manifests if "/data/" not in blob.name]
    if not manifests:
        return None
    newest = max(manifests, key=lambda blob: blob.modified)
    return DatasetManifest.model_validate_json(blobs.read(newest.name))


def read_holdout(context: Context, version: str) -> Holdout:
    """The held-out rows of a dataset version."""
    import pandas as pd  # 90 MB, which a wait for a job does without

    blobs = context.platform.blobs
    manifest = read_manifest(blobs, context.name, version)
    frame = pd.read_parquet(io.BytesIO(blobs.read(f"{dataset_prefix(context.name, version)}holdout.parquet")))
    return Holdout(frame.sort_values(OBSERVED_AT, kind="stable"), manifest)


def _parquet(frame: pd.DataFrame) -> bytes:
    return bytes(frame.to_parquet(index=False))
