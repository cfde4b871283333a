"""The `perennial` command. Each command imports what it needs when it is called: `--help` must be quick."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from deployments.token_sources import TokenSource

app = typer.Typer(
    help="Models that keep themselves current.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
investigation = typer.Typer(help="One investigation.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(investigation, name="investigation")
ab = typer.Typer(help="A/B tests between two versions.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(ab, name="ab")

State = Annotated[Path, typer.Option(envvar="PERENNIAL_STATE", help="Folder of the service's state.")]
Where = Annotated[str, typer.Option(envvar="PERENNIAL_PLATFORM", help="local, azure or azure-emulated.")]
Workload = Annotated[str, typer.Argument(help="The workload's name.")]
Identity = Annotated[str, typer.Argument(help="Its id, as `perennial investigations` tells it.")]
ModelVersion = Annotated[int, typer.Argument(help="Its version in the registry.", min=1)]
Comment = Annotated[str, typer.Option(help="Why; it stays with the answer.")]
Evidence = Annotated[str | None, typer.Option(help="What the answer is about, as `perennial status` tells it.")]
By = Annotated[str | None, typer.Option(help="Your name, where nothing asks for a token; none: your user name.")]
TokenFile = Annotated[Path | None, typer.Option(help="A token that proves who you are; -: standard input.")]
AzureCli = Annotated[bool, typer.Option("--azure-cli", help="Get the token from the Azure CLI.")]
GithubActions = Annotated[bool, typer.Option("--github-actions", help="Get the token of this job of GitHub Actions.")]
GithubUrl = Annotated[str | None, typer.Option(envvar="ACTIONS_ID_TOKEN_REQUEST_URL", hidden=True)]
GithubSecret = Annotated[str | None, typer.Option(envvar="ACTIONS_ID_TOKEN_REQUEST_TOKEN", hidden=True)]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]


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


@ab.command("start")
def start_ab_test(
    name: Workload,
    challenger: Annotated[int, typer.Option(help="The version to compare with the champion.", min=1)],
    share: Annotated[int, typer.Option(help="Per cent of the callers that get it.", min=1, max=99)] = 50,
    metric: Annotated[str, typer.Option(help="loss: how far off predictions were; label: what came true.")] = "loss",
    better: Annotated[str, typer.Option(help="smaller or larger; none: a smaller loss, a larger label.")] = "",
    lasts: Annotated[str, typer.Option("--for", help="Such as 14d; empty: until it is ended.")] = "14d",
    stop_when_decided: Annotated[bool, typer.Option("--stop-when-decided", help="End once one is better.")] = False,
    alpha: Annotated[float, typer.Option(help="How often a difference may be told that is none.")] = 0.05,
) -> None:
    """Compare a version with the champion, by the callers of `perennial front`."""
    from deployments.ab_tests import start_test
    from platforms.settings import load_settings

    asked = {"challenger": challenger, "share": share, "metric": metric, "better": better, "lasts": lasts}
    more = {"stop_when_decided": stop_when_decided, "alpha": alpha}
    typer.echo(start_test(load_settings(), name, {**asked, **more}))


@ab.command("show")
def show_ab_test(name: Workload, as_json: AsJson = False) -> None:
    """How the newest A/B test stands, with its interval."""
    from deployments.ab_tests import show_test
    from platforms.settings import load_settings

    typer.echo(show_test(load_settings(), name, as_json))


@ab.command("stop")
def stop_ab_test(name: Workload, reason: Annotated[str, typer.Option(help="Why, in words.")] = "by hand") -> None:
    """End the A/B test that runs: all callers get the champion."""
    import getpass

    from deployments.ab_tests import stop_test
    from platforms.settings import load_settings

    typer.echo(stop_test(load_settings(), name, reason, getpass.getuser()))


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
def rollback(
    name: Workload,
    reason: Annotated[str, typer.Option(help="Why, in words.")] = "by hand",
    to: Annotated[int | None, typer.Option(help="The version to go to; none: the champion before.", min=1)] = None,
) -> None:
    """The version before serves again; a rollout under way is ended."""
    from deployments.rollback import roll_back
    from platforms.settings import load_settings

    for line in roll_back(load_settings(), name, reason, to):
        typer.echo(line)


@app.command("batch-default")
def batch_default(
    name: Workload,
    version: ModelVersion,
    reason: Annotated[str, typer.Option(help="Why, in words; it stays with the version.")],
    by: By = None,
) -> None:
    """That version scores batches from now on, where none is named."""
    import getpass

    from deployments.batch_default import choose_default
    from platforms.settings import load_settings

    typer.echo(choose_default(load_settings(), name, version, reason, by or getpass.getuser()))


@app.command()
def status(as_json: AsJson = False) -> None:
    """What serves where."""
    from deployments.status import show_status
    from platforms.settings import load_settings

    show_status(load_settings(), as_json)


@app.command()
def approve(
    name: Workload,
    version: ModelVersion,
    comment: Comment = "",
    by: By = None,
    evidence: Evidence = None,
    token_file: TokenFile = None,
    azure_cli: AzureCli = False,
    github_actions: GithubActions = False,
    github_url: GithubUrl = None,
    github_secret: GithubSecret = None,
) -> None:
    """Approve a version that waits for an answer."""
    token = _token_source(token_file, azure_cli, github_actions, github_url, github_secret)
    _answer(name, version, True, comment, by, evidence, token)


@app.command()
def reject(
    name: Workload,
    version: ModelVersion,
    comment: Comment = "",
    by: By = None,
    evidence: Evidence = None,
    token_file: TokenFile = None,
    azure_cli: AzureCli = False,
    github_actions: GithubActions = False,
    github_url: GithubUrl = None,
    github_secret: GithubSecret = None,
) -> None:
    """Reject a version that waits for an answer."""
    token = _token_source(token_file, azure_cli, github_actions, github_url, github_secret)
    _answer(name, version, False, comment, by, evidence, token)


@app.command()
def release(
    name: Workload,
    version: ModelVersion,
    force: Annotated[bool, typer.Option("--force", help="Gates that fail do not stop it; it stays marked.")] = False,
    by: Annotated[str | None, typer.Option(help="Who answers for a forced release.")] = None,
    reason: Annotated[str | None, typer.Option(help="Why it is forced; it stays with the version.")] = None,
    token_file: TokenFile = None,
    azure_cli: AzureCli = False,
    github_actions: GithubActions = False,
    github_url: GithubUrl = None,
    github_secret: GithubSecret = None,
) -> None:
    """Release a version: through its gates, staging and approval, to production."""
    from deployments.releasing import start_release
    from platforms.settings import load_settings

    if force and not (by and reason):
        raise typer.BadParameter("a forced release needs --by NAME and --reason WHY")
    if not force and (by or reason):
        raise typer.BadParameter("--by and --reason are for a release with --force")
    token = _token_source(token_file, azure_cli, github_actions, github_url, github_secret)
    typer.echo(start_release(load_settings(), name, version, by, reason, token))


@app.command()
def promote(name: Workload, version: ModelVersion) -> None:
    """Take a version to production that a release approved."""
    from deployments.releasing import start_promotion
    from platforms.settings import load_settings

    typer.echo(start_promotion(load_settings(), name, version))


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


def _token_source(
    file: Path | None, azure_cli: bool, github_actions: bool, github_url: str | None, github_secret: str | None
) -> TokenSource:
    """Where the token comes from that proves who calls."""
    from deployments.token_sources import TokenSource

    return TokenSource(file, azure_cli, github_actions, github_url, github_secret)


def _answer(
    name: str, version: int, approve: bool, comment: str, by: str | None, evidence: str | None, token: TokenSource
) -> None:
    import getpass

    from deployments.answering import answer
    from platforms.settings import load_settings

    who = by or getpass.getuser()
    typer.echo(answer(load_settings(), name, version, approve, comment, who, token, evidence))


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
