"""`make azure-smoke`: every operation that the adapters use, once, on the configured Azure, and a transcript by form.

    python -m deployments.azure.smoke [--compare OTHER.jsonl]

It takes some minutes of the cluster and of one serving machine, and cleans up after itself, also when it fails.
The transcript holds keys and types, no values: it may be shown to others, and compared with the emulator's.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import typer

from deployments.azure.compare import compare, read_transcript
from deployments.azure.smoke_cleaning import clean
from deployments.azure.smoke_steps import STEPS, Scratch, Step
from deployments.azure.transcript import Transcript
from platforms.azure.clients import AzureClients
from platforms.azure.settings import AzureSettings
from platforms.choose import choose_platform
from platforms.secrets import without_secrets
from platforms.settings import Settings, load_settings

TRANSCRIPT = Path(".perennial/azure-smoke/transcript.jsonl")
PATIENCE_SECONDS = 3600.0  # a first job waits for its image


def smoke(
    settings: Settings, transcript: Path, patience: float = PATIENCE_SECONDS, steps: Sequence[Step] = STEPS
) -> list[str]:
    """Every step, and what failed, a line each; a step that fails does not stop the next. The transcript is written."""
    azure = settings.require_azure()
    name = f"perennial-smoke-{uuid4().hex[:6]}"
    failed: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        scratch = Scratch(settings, choose_platform(settings), name, Path(folder), patience)
        recorded = Transcript(_names(azure), name)
        with recorded.recording():
            try:
                for step in steps:
                    failed += _try(step.__name__, lambda step=step: step(scratch))
            finally:
                failed += [f"cleaning: {line}" for line in clean(scratch)]
                recorded.write(transcript)
    return failed


def _try(name: str, step: object) -> list[str]:
    try:
        step()  # type: ignore[operator]
    except Exception as error:  # whatever it is: the others are tried, and it is told
        typer.echo(f"{name}: FAILED")
        return [f"{name}: {type(error).__name__}: {without_secrets(str(error))}"]
    typer.echo(f"{name}: done")
    return []


def _names(azure: AzureSettings) -> dict[str, str]:
    """What the settings name, by what stands in the transcript for it."""
    region = AzureClients(azure).region
    own = {
        azure.subscription: "{subscription}", azure.resource_group: "{group}",
        azure.compute: "{compute}", azure.datastore: "{datastore}", azure.container: "{container}", region: "{region}",
    }  # fmt: skip
    own |= {azure.registry: "{registry}"} if azure.registry else {}
    for stage in ("development", "staging", "production"):
        where = getattr(azure, stage)
        named = {where.workspace: "{workspace}", where.resource_group: "{group}", where.subscription: "{subscription}"}
        own |= {value: instead for value, instead in named.items() if value}
    return own


def main(
    compare_with: Annotated[Path | None, typer.Option("--compare", help="Another, such as the emulator's.")] = None,
    transcript: Annotated[Path, typer.Option(help="Where to write this one.")] = TRANSCRIPT,
) -> None:
    """Drive the configured Azure once through everything; write what it answered like."""
    failed = smoke(load_settings(), transcript)
    typer.echo(f"{len(read_transcript(transcript))} exchanges in {transcript}")
    for line in failed:
        typer.echo(line)
    different = (
        [] if compare_with is None else list(compare(read_transcript(transcript), read_transcript(compare_with)))
    )
    for line in different:
        typer.echo(line)
    raise typer.Exit(int(bool(failed or different)))


if __name__ == "__main__":
    typer.run(main)
