"""A first workload written from data, and raw data put where a workload looks for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from platforms.settings import Settings
from platforms.workloads import FILE, InvalidWorkload, find_workload, load_workload

if TYPE_CHECKING:
    import pandas as pd

MOST_CLASSES = 10


def write_workload(settings: Settings, name: str, source: Path, label: str | None) -> str:
    """Write `workload.yaml` from a CSV file; what to do next, for people. ValueError where it is not possible."""
    import pandas as pd

    folder = settings.workloads / name
    if (folder / FILE).exists():
        raise ValueError(f"{folder / FILE} exists already; it was not touched.")
    if not source.is_file():
        raise ValueError(f"There is no file {source}.")
    frame = pd.read_csv(source, dtype=str)
    label = label or str(frame.columns[-1])
    if label not in frame:
        raise ValueError(f"{source} has no column {label}; it has {', '.join(frame.columns)}.")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE).write_text(_text(name, frame, label))
    try:
        workload = load_workload(folder).workload
    except InvalidWorkload:
        (folder / FILE).unlink()
        raise
    return (
        f"{folder / FILE} was written: {workload.kind} of {label} from {len(workload.data.columns)} columns.\n"
        f"Look it over, then:\n  perennial deploy\n  perennial upload {name} {source}\n"
        f"  prefect deployment run 'train/dev' -p workload={name} -p release=true --watch"
    )


def upload_raw(settings: Settings, name: str, files: list[Path]) -> Iterator[str]:
    """Copy raw files into the blob store, under the workload's prefix; a line each."""
    from platforms.local.blobs import LocalBlobStore
    from tasks.raw_formats.naming import ENDINGS, format_of

    workload = find_workload(settings.workloads, name).workload
    for file in files:
        if format_of(file.name) is None or not file.is_file():
            raise ValueError(f"{file} is no file of {ENDINGS}.")
        blob = LocalBlobStore(settings.blobs).upload(f"{workload.data.raw}{file.name}", file)
        yield f"{blob.name}: {blob.size} bytes"


def _text(name: str, frame: pd.DataFrame, label: str) -> str:
    """The file's text: what differs from the defaults, and what people will want to change first."""
    from monitoring.inference import infer_columns

    key = _identity(frame, label)
    columns = infer_columns(frame, exclude={label} | ({key} if key else set()))
    classes = frame[label].dropna().nunique()
    kind = "classification" if classes <= MOST_CLASSES or not _numeric(frame[label]) else "regression"
    data: dict[str, object] = {"raw": f"{name}/raw/", "label": label, **({"id": key} if key else {})}
    data["columns"] = {column.name: column.spell() for column in columns}
    content = {
        "name": name,
        "kind": kind,
        "data": data,
        "train": {"recipe": "gradient_boosting"},
        "gates": {"roc_auc": {"at_least": 0.7}} if kind == "classification" else {"r2": {"at_least": 0.2}},
        "monitor": {"every": "1h", "then": "retrain"},
        "budget": {"retrainings_per_week": 3},
    }
    return yaml.safe_dump(content, sort_keys=False, default_flow_style=None, width=110)


def _identity(frame: pd.DataFrame, label: str) -> str | None:
    """The column that looks like a key: named so, or different in nearly every row and no measurement."""
    for column in frame.columns:
        if column != label and str(column).lower().replace("_", "").endswith("id"):
            return str(column)
    return None


def _numeric(values: pd.Series) -> bool:
    import pandas as pd

    return bool(pd.to_numeric(values.dropna(), errors="coerce").notna().mean() > 0.95)
