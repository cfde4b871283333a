"""From raw blobs and labelled predictions to one immutable dataset version; what is broken goes into quarantine."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pandas as pd

from lifecycle.columns import Column
from lifecycle.dataset import DatasetManifest
from lifecycle.names import digest, quarantine_prefix
from monitoring.errors import SchemaMismatch, UnusableData
from monitoring.inference import infer_columns
from monitoring.quality import split_rows
from platforms.labels import read_labels
from tasks.context import Context
from tasks.dataset_content import IDENTITY, SOURCE, content_version, is_held_out, without_repeats
from tasks.datasets import newest_manifest, write_dataset
from tasks.raw_data import OBSERVED_AT, RawFile
from tasks.step import step

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LABELLED = "labelled predictions"


@dataclass
class Intake:
    """What came of one source: a raw blob, or the labelled predictions."""

    name: str
    rows: int = 0
    good: pd.DataFrame = field(default_factory=pd.DataFrame)
    quarantined: pd.DataFrame = field(default_factory=pd.DataFrame)
    problem: str = ""  # why the source as a whole could not be used

    def as_row(self) -> dict[str, object]:
        """For the table on the run's page."""
        counts = self.quarantined["_problem"].value_counts().head(3).to_dict() if len(self.quarantined) else {}
        told = "; ".join(f"{problem} ({count})" for problem, count in counts.items())
        return {
            "source": self.name,
            "rows": self.rows,
            "used": len(self.good),
            "quarantined": len(self.quarantined),
            "what is wrong": self.problem or told,
        }


@step(name="read labelled predictions")
def read_labelled(context: Context) -> pd.DataFrame:
    """What production was asked and what turned out to be true: features, label, time; a row each."""
    labels = read_labels(context.platform.blobs, context.name)
    if labels.empty:
        return pd.DataFrame()
    predictions = context.platform.predictions.between(context.name, EARLIEST, datetime.max.replace(tzinfo=UTC, hour=0))
    newest_label = labels.sort_values("observed_at").drop_duplicates("correlation_id", keep="last")
    joined = predictions.drop_duplicates("correlation_id").merge(newest_label, on="correlation_id")
    frame = pd.DataFrame(list(joined["inputs"]))
    frame[context.workload.data.label] = joined["label"].to_numpy()
    frame[OBSERVED_AT] = joined["time"].to_numpy()
    frame[IDENTITY] = joined["correlation_id"].to_numpy()
    return frame


@step(name="validate")
def validate(context: Context, files: list[RawFile], labelled: pd.DataFrame) -> tuple[tuple[Column, ...], list[Intake]]:
    """Split every source into rows that can be used and rows that cannot; write the latter into quarantine."""
    columns = _columns(context, files)
    intakes = [_take_in(context, columns, file.name, file.frame, file.problem, file.modified) for file in files]
    for file, intake in zip(files, intakes, strict=True):
        if file.unreadable_lines:
            cut = pd.DataFrame(
                {"line": file.unreadable_lines, "_problem": "the line has too many fields or is no record"}
            )
            intake.quarantined = pd.concat([intake.quarantined, cut], ignore_index=True)
            intake.rows += len(cut)
    if len(labelled):
        intakes.append(_take_in(context, columns, LABELLED, labelled, "", None))
    for intake in intakes:
        _quarantine(context, intake)
    return columns, intakes


@step(name="write dataset version")
def write_version(context: Context, columns: tuple[Column, ...], intakes: list[Intake]) -> DatasetManifest:
    """Write the dataset version that these rows make, or find it. UnusableData where no model can be made of them."""
    usable = [intake.good for intake in intakes if len(intake.good)]
    if not usable:
        told = "\n".join(f"- {intake.name}: {intake.as_row()['what is wrong']}" for intake in intakes)
        raise UnusableData(f"No usable row in {len(intakes)} sources:\n{told}")
    data = context.workload.data
    names = [*(column.name for column in columns), data.label]
    rows = pd.concat(usable, ignore_index=True).sort_values(OBSERVED_AT, kind="stable", ignore_index=True)
    rows = without_repeats(rows, names)
    if data.newest_rows is not None:
        rows = rows.tail(data.newest_rows).reset_index(drop=True)
    _refuse_one_class(context, rows)
    held_out = is_held_out(rows, names)
    manifest = DatasetManifest(
        workload=context.name,
        version=content_version(rows, names, columns),
        kind=context.workload.kind,
        label=data.label,
        id=data.id,
        columns=columns,
        rows=len(rows),
        train_rows=int((~held_out).sum()),
        holdout_rows=int(held_out.sum()),
        raw_rows=sum(intake.rows for intake in intakes if intake.name != LABELLED),
        labelled_rows=sum(len(intake.good) for intake in intakes if intake.name == LABELLED),
        quarantined_rows=sum(len(intake.quarantined) for intake in intakes),
        newest=rows[OBSERVED_AT].max().to_pydatetime(),
        sources=tuple(intake.name for intake in intakes if len(intake.good)),
    )
    kept = [*names, OBSERVED_AT]
    write_dataset(context.platform.blobs, manifest, rows.loc[~held_out, kept], rows.loc[held_out, kept])
    return manifest


def _columns(context: Context, files: list[RawFile]) -> tuple[Column, ...]:
    """The schema: the workload's, or that of the dataset before, or what the first raw data looks like."""
    data = context.workload.data
    if data.columns:
        return data.columns
    before = newest_manifest(context.platform.blobs, context.name)
    if before is not None:
        return before.columns
    first = next((file.frame for file in files if len(file.frame)), None)
    if first is None:
        told = "\n".join(f"- {file.name}: {file.problem}" for file in files)
        raise UnusableData(f"No raw file holds a row:\n{told}")
    aside = {data.label} | ({data.id} if data.id else set())
    return infer_columns(first, exclude=aside)


def _take_in(
    context: Context,
    columns: tuple[Column, ...],
    name: str,
    frame: pd.DataFrame,
    problem: str,
    modified: datetime | None,
) -> Intake:
    data = context.workload.data
    intake = Intake(name, rows=len(frame), problem=problem)
    if problem:
        return intake
    try:
        good, intake.quarantined = split_rows(
            frame, columns, data.label, context.workload.kind, whole=False, distinct=data.id is not None
        )
    except (SchemaMismatch, UnusableData) as error:
        intake.problem = str(error)
        intake.quarantined = frame.assign(_problem=str(error))
        return intake
    good = good.copy()
    good[OBSERVED_AT] = pd.to_datetime(frame.loc[good.index, OBSERVED_AT] if modified is None else modified, utc=True)
    good[SOURCE] = name
    good[IDENTITY] = _identities(frame, data.id).loc[good.index]
    intake.good = good
    return intake


def _identities(frame: pd.DataFrame, column: str | None) -> pd.Series:
    """Whose row each is: the correlation id of a prediction, the workload's id column, or nobody knows."""
    named = next((name for name in (IDENTITY, column) if name in frame.columns), None)
    if named is None:
        return pd.Series("", index=frame.index)
    return frame[named].fillna("").astype(str)


def _quarantine(context: Context, intake: Intake) -> None:
    """Under a name made of the content: the same broken rows are kept once, however often they are read."""
    if intake.quarantined.empty:
        return
    content = intake.quarantined.to_csv(index=False).encode()
    base = intake.name.rpartition("/")[2].rpartition(".")[0] or "labelled-predictions"
    context.platform.blobs.put_if_absent(f"{quarantine_prefix(context.name)}{base}-{digest(content)}.csv", content)


def _refuse_one_class(context: Context, rows: pd.DataFrame) -> None:
    label = context.workload.data.label
    if context.workload.kind == "classification" and rows[label].nunique() < 2:
        raise UnusableData(f"The label {label} has one class only ({rows[label].iloc[0]}) in all {len(rows)} rows.")
