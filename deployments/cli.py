"""The `perennial` command. Each command imports what it needs when it is called: `--help` must be quick."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deployments.cli_ab import ab
from deployments.cli_releases import releases
from deployments.cli_words import AsJson, Workload

app = typer.Typer(
    help="Models that keep themselves current.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
investigation = typer.Typer(help="One investigation.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(investigation, name="investigation")
app.add_typer(ab, name="ab")
app.add_typer(releases)

State = Annotated[Path, typer.Option(envvar="PERENNIAL_STATE", help="Folder of the service's state.")]
Where = Annotated[str, typer.Option(envvar="PERENNIAL_PLATFORM", help="local, azure or azure-emulated.")]
Identity = Annotated[str, typer.Argument(help="Its id, as `perennial investigations` tells it.")]


@app.command()
def up(
    state: State = Path(".perennial/service"),
    ports: Annotated[
        list[str] | None, typer.Option(help="NAME=PORT: prefect, mlflow, gateway, gateway_admin, emulator.")
    ] = None,
    platform: Where = "local",
) -> None:
    """Start the service and leave it running; harmless when it runs."""
    from deployments.apply import deploy as apply
    from deployments.ports import DEFAULT_PORTS, parse_ports
    from deployments.stack import up as start
    from platforms.settings import Settings

    settings = Settings.model_validate({"state": state.resolve(), "platform": platform})
    stack = start(settings, {**DEFAULT_PORTS, **parse_ports(ports or [])})
    typer.echo(f"Started: {', '.join(stack.started)}." if stack.started else "All of it was running already.")
    for line in apply(settings):
        typer.echo(f"  {line}")
    typer.echo(f"Prefect UI: {stack.addresses['prefect']}")
    if "mlflow" in stack.addresses:
        typer.echo(f"MLflow UI:  {stack.addresses['mlflow']}")
    if "gateway" in stack.addresses:
        typer.echo(f"Endpoints:  {stack.addresses['gateway']}/endpoints/NAME/score")
    typer.echo("`make down` stops it.")


@app.command()
def down(
    state: Annotated[Path | None, typer.Option(help="Folder of state; none: the service's and the demo's.")] = None,
) -> None:
    """Stop the service, and what the demo left running."""
    from deployments.stack import STATES
    from deployments.stack import down as stop

    ended = sum(stop(one) for one in ([state] if state else STATES))
    typer.echo(f"{ended} processes ended." if ended else "Nothing was running.")


@app.command()
def deploy() -> None:
    """Bring deployments, schedules, limits and notifications in line with the files. As often as you like."""
    from deployments.apply import deploy as apply
    from platforms.settings import load_settings

    for line in apply(load_settings()):
        typer.echo(line)


@app.command()
def check(path: Annotated[Path, typer.Argument(help="A workload's folder or file.")]) -> None:
    """Validate a workload, and say what is wrong in which field."""
    from platforms.workloads import load_workload

    found = load_workload(path)
    typer.echo(f"{found.workload.name} is valid: {found.workload.kind}, {found.workload.metric} decides.")


@app.command()
def new(
    name: Workload,
    source: Annotated[Path, typer.Option("--from", help="A CSV file of raw data.")],
    label: Annotated[str | None, typer.Option(help="The column to predict; none: the last.")] = None,
) -> None:
    """Write a first workload from data."""
    from deployments.scaffold import write_workload
    from platforms.settings import load_settings

    typer.echo(write_workload(load_settings(), name, source, label))


@app.command()
def upload(
    name: Workload,
    files: Annotated[list[Path], typer.Argument(help="Raw data, such as CSV, Parquet, JSON lines.")],
) -> None:
    """Put raw data where the workload looks for it."""
    from deployments.scaffold import upload_raw
    from platforms.settings import load_settings

    for line in upload_raw(load_settings(), name, files):
        typer.echo(line)


@app.command()
def history(name: Workload, as_json: AsJson = False) -> None:
    """The whole story of a model, from data to production."""
    from deployments.history import show_history
    from platforms.settings import load_settings

    show_history(load_settings(), name, as_json)


@app.command()
def explain(name: Workload) -> None:
    """What monitoring decided last, and why, in words."""
    from deployments.explain import explain_last
    from platforms.settings import load_settings

    typer.echo(explain_last(load_settings(), name))


@app.command()
def investigations(
    name: Annotated[str | None, typer.Argument(help="The workload's name; none: all.")] = None,
    closed: Annotated[bool, typer.Option("--all", help="Those that are closed, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """What is being looked into."""
    from deployments.investigations import show_investigations
    from platforms.settings import load_settings

    show_investigations(load_settings(), name, closed, as_json)


@investigation.command("show")
def show_investigation(name: Workload, identity: Identity) -> None:
    """The text of an investigation, ready for a ticket."""
    from deployments.investigations import ticket_of
    from platforms.settings import load_settings

    typer.echo(ticket_of(load_settings(), name, identity))


@investigation.command("close")
def close_investigation(
    name: Workload,
    identity: Identity,
    because: Annotated[str, typer.Option(help="Why it is over.")],
    by: Annotated[str | None, typer.Option(help="Who says so; none: your user name.")] = None,
) -> None:
    """Say that an investigation is over: the same drift opens a new one then."""
    from deployments.investigations import close
    from platforms.settings import load_settings

    typer.echo(close(load_settings(), name, identity, because, by))


@app.command()
def evidently(
    name: Workload, port: Annotated[int, typer.Option(help="Port of its UI on 127.0.0.1.", min=1, max=65535)] = 8000
) -> None:
    """Evidently's own UI over a workload's windows; Ctrl-C ends it."""
    from deployments.evidently_ui import serve_evidently
    from platforms.settings import load_settings

    raise typer.Exit(serve_evidently(load_settings(), name, port, typer.echo))


@app.command()
def front(
    name: Workload,
    port: Annotated[int, typer.Option(help="Where clients score; 0: any that is free.", min=0, max=65535)] = 8090,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
) -> None:
    """Stand before a workload's endpoint and give each caller of an A/B test its version; Ctrl-C ends it."""
    from deployments.front import run_front
    from platforms.settings import load_settings

    raise typer.Exit(run_front(load_settings(), name, host, port, typer.echo))


@app.command()
def status(as_json: AsJson = False) -> None:
    """What serves where."""
    from deployments.status import show_status
    from platforms.settings import load_settings

    show_status(load_settings(), as_json)


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """What the service needs, on Azure or here: what is missing, and the command that mends it."""
    from deployments.doctor import doctor as look

    raise typer.Exit(look(as_json))


@app.command()
def emulate(
    state: Annotated[Path, typer.Option(help="Folder of everything it keeps.")] = Path(".perennial/emulate"),
    port: Annotated[int, typer.Option(help="Port of its proxy on 127.0.0.1; 0: any that is free.")] = 8443,
    azurite: Annotated[bool, typer.Option("--azurite", help="Blobs in Azurite, which needs Node.js.")] = False,
    background: Annotated[bool, typer.Option("--background", help="Leave it running.")] = False,
) -> None:
    """An emulated Azure ML alone, to try the Azure SDK against; Ctrl-C ends it."""
    from deployments.emulate import emulate as start

    start(state.resolve(), port, azurite, background)


@app.command()
def demo(
    data: Annotated[Path | None, typer.Option(help="Raw patients instead of generated ones.")] = None,
    platform: Where = "local",
    started_at: Annotated[float | None, typer.Option(hidden=True)] = None,
) -> None:
    """Run the whole loop until a drifted model has been replaced; on this machine, or on an emulated Azure."""
    from deployments.demo.run import main as run

    raise typer.Exit(run(data, started_at, platform))


OURS = ("deployments", "lifecycle", "monitoring", "platforms", "tasks")


def main() -> None:
    """What pyproject.toml calls. Expected errors are one readable message; all others show where they come from."""
    import sys

    try:
        app()
    except (LookupError, ValueError, RuntimeError, OSError) as error:
        if type(error).__module__.split(".")[0] in (*OURS, "builtins"):
            sys.exit(f"perennial: {error}")
        raise
