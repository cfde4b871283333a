"""The commands by which people take part in releases: ask, answer, promote, go back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deployments.cli_words import ModelVersion, Workload

if TYPE_CHECKING:
    from deployments.token_sources import TokenSource

releases = typer.Typer()

Comment = Annotated[str, typer.Option(help="Why; it stays with the answer.")]
Evidence = Annotated[str | None, typer.Option(help="What the answer is about, as `perennial status` tells it.")]
By = Annotated[str | None, typer.Option(help="Your name, where nothing asks for a token; none: your user name.")]
TokenFile = Annotated[Path | None, typer.Option(help="A token that proves who you are; -: standard input.")]
AzureCli = Annotated[bool, typer.Option("--azure-cli", help="Get the token from the Azure CLI.")]
GithubActions = Annotated[bool, typer.Option("--github-actions", help="Get the token of this job of GitHub Actions.")]
GithubUrl = Annotated[str | None, typer.Option(envvar="ACTIONS_ID_TOKEN_REQUEST_URL", hidden=True)]
GithubSecret = Annotated[str | None, typer.Option(envvar="ACTIONS_ID_TOKEN_REQUEST_TOKEN", hidden=True)]


@releases.command()
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


@releases.command()
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


@releases.command()
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


@releases.command()
def promote(name: Workload, version: ModelVersion) -> None:
    """Take a version to production that a release approved."""
    from deployments.releasing import start_promotion
    from platforms.settings import load_settings

    typer.echo(start_promotion(load_settings(), name, version))


@releases.command()
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


@releases.command("batch-default")
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
