"""ingest: raw blobs and labelled predictions become one immutable dataset version."""

from __future__ import annotations

from datetime import datetime

from prefect import flow

from flows.parameters import WorkloadName
from lifecycle.dataset import DatasetManifest
from tasks.context import Context, open_context
from tasks.ingestion import Intake, read_labelled, validate, write_version
from tasks.raw_data import find_raw
from tasks.story import record, tell, tell_table

MOST_TOLD = 50  # files of a kind, in the text on the run's page


@flow(
    name="ingest", flow_run_name="ingest-{workload}", description="Validate the raw data and write a dataset version."
)
def ingest(workload: WorkloadName) -> str:
    """The dataset version's name. Fails where no row can be used; what is broken goes into quarantine.

    Args:
        workload: The model's name, as its workload.yaml says, such as diabetes.
    """
    return ingest_into(open_context(workload)).version


def ingest_into(context: Context, since: datetime | None = None) -> DatasetManifest:
    """The steps of `ingest`, for flows that have a context already. since: rows from before are left out."""
    files = find_raw(context)
    labelled = read_labelled(context)
    columns, intakes = validate(context, files, labelled)
    told = [intake.as_row() for intake in intakes if intake.is_told]
    tell_table(context, "sources", told, "What was read, and what was wrong with it")
    manifest = write_version(context, columns, intakes, since)
    _tell(context, manifest, intakes)
    return manifest


def _tell(context: Context, manifest: DatasetManifest, intakes: list[Intake]) -> None:
    summary = (
        f"Dataset {manifest.version}: {manifest.rows} rows ({manifest.train_rows} to train on, "
        f"{manifest.holdout_rows} held out), {manifest.quarantined_rows} in quarantine."
    )
    text = f"### {summary}\n\n{manifest.raw_rows} raw rows, {manifest.labelled_rows} labelled predictions."
    if manifest.since is not None:
        text += f" Those from before {manifest.since:%Y-%m-%d %H:%M} UTC are of another world, and were left out."
    unusable = [intake for intake in intakes if intake.problem and not intake.passed_over]
    passed_over = [intake for intake in intakes if intake.passed_over]
    text += _list("Not used, or not to their end", unusable) + _list("Passed over", passed_over)
    tell(context, "dataset", text)
    record(
        context,
        "ingested",
        manifest.version,
        summary,
        dataset_version=manifest.version,
        evidence=manifest.model_dump(mode="json", include={"rows", "raw_rows", "labelled_rows", "quarantined_rows"}),
    )


def _list(title: str, intakes: list[Intake]) -> str:
    """A heading and a line each, for the first of them; nothing where there are none."""
    lines = [f"- `{intake.name}`: {intake.problem}" for intake in intakes[:MOST_TOLD]]
    if len(intakes) > MOST_TOLD:
        lines.append(f"- and {len(intakes) - MOST_TOLD} more, in the table of sources")
    return "".join([f"\n\n**{title}:**\n", "\n".join(lines)]) if lines else ""
