"""From raw blobs and labelled predictions to one immutable dataset version; what is broken goes into quarantine."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd

from lifecycle.columns import Column
from lifecycle.dataset import OBSERVED_AT, DatasetManifest
from lifecycle.sufficiency import FEWEST_ROWS
from monitoring.errors import UnusableData
from monitoring.inference import infer_columns
from platforms.labels import read_labels
from tasks.context import Context
from tasks.dataset_content import IDENTITY, SplitRows, content_version, is_held_out, without_repeats
from tasks.datasets import newest_manifest, write_dataset
from tasks.intake import Intake, IntakeOf, settle_classes
from tasks.observation import inputs_of
from tasks.raw_data import RawFile, read_batches
from tasks.raw_formats.batch import Batch, Unreadable
from tasks.raw_formats.naming import ENDINGS
from tasks.series import series_rows
from tasks.step import step

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LABELLED = "labelled predictions"


@step(name="read labelled predictions")
def read_labelled(context: Context) -> pd.DataFrame:
    """What production was asked and what turned out to be true: features, label, time; a row each."""
    labels = read_labels(context.platform.blobs, context.name)
    if labels.empty:
        return pd.DataFrame()
    predictions = context.platform.predictions.between(context.name, EARLIEST, datetime.max.replace(tzinfo=UTC, hour=0))
    newest_label = labels.sort_values("observed_at").drop_duplicates("correlation_id", keep="last")
    joined = predictions.drop_duplicates("correlation_id").merge(newest_label, on="correlation_id")
    frame = inputs_of(joined)
    frame[context.workload.data.label] = joined["label"].to_numpy()
    frame[OBSERVED_AT] = joined["time"].to_numpy()
    frame[IDENTITY] = joined["correlation_id"].to_numpy()
    return frame


@step(name="validate", attempts=3)
def validate(context: Context, files: list[RawFile], labelled: pd.DataFrame) -> tuple[tuple[Column, ...], list[Intake]]:
    """Split every source into rows that can be used and rows that cannot; write the latter into quarantine.

    A file is read batch by batch: what is held of all of them is the good rows, typed.
    """
    columns = _columns(context, files)
    intakes = [_take_in(context, columns, file) for file in files]
    if len(labelled):
        batch = Batch(labelled, range(1, len(labelled) + 1), "prediction", observed=labelled[OBSERVED_AT].tolist())
        intakes.append(IntakeOf(context, columns, LABELLED, IDENTITY).take([batch], None))
    settle_classes(context, intakes)
    return columns, intakes


@step(name="write dataset version")
def write_version(
    context: Context, columns: tuple[Column, ...], intakes: list[Intake], since: datetime | None = None
) -> DatasetManifest:
    """Write the dataset version that these rows make, or find it. UnusableData where no model can be made of them.

    since: rows from before are left out, unless no model could be made of the others alone.
    """
    usable = [intake.good for intake in intakes if len(intake.good)]
    if not usable:
        told = "\n".join(f"- {intake.name}: {intake.as_row()['what is wrong']}" for intake in intakes if intake.is_told)
        raise UnusableData(f"No usable row in {len(intakes)} sources:\n{told}")
    data = context.workload.data
    forecast = context.workload.forecast
    if forecast is not None:
        columns = forecast.row_columns(data.label, columns[1:])
    names = [*(column.name for column in columns), data.label]
    rows = pd.concat(usable, ignore_index=True).sort_values(OBSERVED_AT, kind="stable", ignore_index=True)
    since = since if _suffices(context, rows, since) else None
    if since is not None:
        rows = rows[rows[OBSERVED_AT] >= since].reset_index(drop=True)
    split = _split(context, rows, names)
    rows, held_out = split.rows, split.held_out
    manifest = DatasetManifest(
        workload=context.name,
        version=content_version(rows, names, columns, "" if forecast is None else forecast.model_dump_json()),
        kind=context.workload.kind,
        label=data.label,
        id=data.id,
        columns=columns,
        rows=len(rows),
        train_rows=int((~held_out).sum()),
        holdout_rows=int(held_out.sum()),
        raw_rows=sum(intake.rows for intake in intakes if intake.name != LABELLED),
        labelled_rows=sum(len(intake.good) for intake in intakes if intake.name == LABELLED),
        quarantined_rows=sum(intake.quarantined for intake in intakes),
        newest=rows[OBSERVED_AT].max().to_pydatetime(),
        since=since,
        sources=tuple(intake.name for intake in intakes if len(intake.good)),
        forecast=forecast,
        seasonal_error=split.seasonal_error,
    )
    kept = [*names, OBSERVED_AT]
    write_dataset(context.platform.blobs, manifest, rows.loc[~held_out, kept], rows.loc[held_out, kept])
    return manifest


def _suffices(context: Context, rows: pd.DataFrame, since: datetime | None) -> bool:
    """Whether there are others, and the rows since then are enough to learn from and of more than one class."""
    if since is None or context.workload.forecast is not None:
        return False
    kept = rows[rows[OBSERVED_AT] >= since]
    one_class = context.workload.kind == "classification" and kept[context.workload.data.label].nunique() < 2
    return FEWEST_ROWS <= len(kept) < len(rows) and not one_class


def _split(context: Context, rows: pd.DataFrame, names: list[str]) -> SplitRows:
    """The rows that count, and which of them no training sees."""
    data, forecast = context.workload.data, context.workload.forecast
    if forecast is not None:
        return series_rows(rows, forecast, data.label, data.newest_rows)
    rows = without_repeats(rows, names)
    if data.newest_rows is not None:
        rows = rows.tail(data.newest_rows).reset_index(drop=True)
    _refuse_one_class(context, rows)
    return SplitRows(rows, is_held_out(rows, names))


def _columns(context: Context, files: list[RawFile]) -> tuple[Column, ...]:
    """What the raw data must hold beside the label; of a series the time comes first."""
    forecast, given = context.workload.forecast, _given(context, files)
    return given if forecast is None else (Column(name=forecast.time, type="number"), *given)


def _given(context: Context, files: list[RawFile]) -> tuple[Column, ...]:
    """The schema: the workload's, or that of the dataset before, or what the first raw data looks like."""
    data, forecast = context.workload.data, context.workload.forecast
    if data.columns:
        return data.columns
    made = () if forecast is None else forecast.row_columns(data.label, ())
    ours = {column.name for column in made}
    before = newest_manifest(context.platform.blobs, context.name)
    if before is not None:
        return tuple(column for column in before.columns if column.name not in ours)
    blobs, told = context.platform.blobs, ""
    for file in files:
        if file.format_name is None:
            continue
        try:
            first = next((batch.frame for batch in read_batches(blobs, file) if len(batch.frame)), None)
        except Unreadable as problem:
            told += f"\n- {file.name}: {problem}"
            continue
        if first is not None:
            return infer_columns(first, exclude={data.label, *ours} | ({data.id} if data.id else set()))
    raise UnusableData(f"No raw file holds a row:{told}")


def _take_in(context: Context, columns: tuple[Column, ...], file: RawFile) -> Intake:
    if file.format_name is None:
        return Intake(file.name, problem=f"passed over: its ending is none of {ENDINGS}", passed_over=True)
    batches = read_batches(context.platform.blobs, file)
    intake = IntakeOf(context, columns, file.name, context.workload.data.id).take(batches, file.blob.modified)
    if not intake.rows and not intake.problem and file.format_name != "Avro":
        intake.problem = "it holds no rows"
    return intake


def _refuse_one_class(context: Context, rows: pd.DataFrame) -> None:
    label = context.workload.data.label
    if context.workload.kind == "classification" and rows[label].nunique() < 2:
        raise UnusableData(f"The label {label} has one class only ({rows[label].iloc[0]}) in all {len(rows)} rows.")
