"""Arguments and options that commands share."""

from __future__ import annotations

from typing import Annotated

import typer

Workload = Annotated[str, typer.Argument(help="The workload's name.")]
ModelVersion = Annotated[int, typer.Argument(help="Its version in the registry.", min=1)]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]
