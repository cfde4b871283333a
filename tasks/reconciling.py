"""The champion's alias where it differs from what serves.

What serves wins, since clients have it: a promotion may have been killed after its traffic had moved, or somebody moved
it by hand. But a version that was rejected and got all the requests all the same is on its way back: who wrote that it
is rejected was killed before they were the champion's again.
"""

from __future__ import annotations

from lifecycle.ledger import LedgerEntry
from lifecycle.names import CHAMPION, PREVIOUS
from lifecycle.rollout import GoBack, Standing, plan
from tasks.clock import now
from tasks.context import Context
from tasks.going_back import record_ended_rollout
from tasks.promotion import production
from tasks.rollout import carry_out, standing_of


def reconcile_alias(context: Context, by: str) -> str:
    """Make the champion what serves, with an entry in the ledger where another one was; a sentence on what was done.

    The caller holds the lock.
    """
    live = production(context)
    models = context.platform.models
    champion = models.by_alias(context.name, CHAMPION)
    if live is None:
        return (
            "Nothing serves in production."
            if champion is None
            else f"Version {champion.version} is champion, yet nothing serves."
        )
    if champion is not None and champion.version == live.version:
        return f"Version {live.version} serves and is the champion."
    standing = standing_of(context, live.version)
    if standing.stuck and standing.champion in standing.ready:
        return _take_back(context, standing, standing.champion, by)
    before = f"version {champion.version}" if champion else "nowhere"
    summary = f"Version {live.version} serves: the alias champion was moved to it from {before}."
    if champion is not None:
        _record(context, live.version, champion.version, summary, by)
        models.set_alias(context.name, PREVIOUS, champion.version)
    models.set_alias(context.name, CHAMPION, live.version)
    return summary


def _take_back(context: Context, standing: Standing, champion: int, by: str) -> str:
    carry_out(context, standing, plan(GoBack(standing.why_rejected), standing, now()))
    record_ended_rollout(context, standing.challenger, champion, standing.why_rejected, by)
    return f"Version {champion} serves again: version {standing.challenger} was rejected: {standing.why_rejected}."


def _record(context: Context, version: int, before: int, summary: str, by: str) -> None:
    at, told = now(), f"{context.name}: {summary}"
    key, evidence = f"{before}-{version}-{at.isoformat()}", {"from": before}
    entry = LedgerEntry(
        kind="reconciled", key=key, at=at, by=by, summary=told, model_version=version, evidence=evidence
    )
    context.ledger.write(entry)
