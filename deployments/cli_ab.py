"""`perennial ab`: A/B tests between two versions."""

from __future__ import annotations

from typing import Annotated

import typer

from deployments.cli_words import AsJson, Workload

ab = typer.Typer(help="A/B tests between two versions.", no_args_is_help=True, rich_markup_mode=None)


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
