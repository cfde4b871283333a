"""A forced release: gates that failed do not stop it, but somebody answers for it, and it stays marked."""

from __future__ import annotations

from lifecycle.approval import Forced
from lifecycle.identity import Identity, typed, why_not
from platforms.ports import RegisteredModel
from tasks.context import Context
from tasks.identity import requester_of_this_run


class NotForced(ValueError):
    """A release that may not be forced like that, and why."""


def forced_release(context: Context, version: RegisteredModel, by: str | None, reason: str | None) -> Forced | None:
    """Who forces this run's release and why; None where nobody does.

    NotForced where the name or the reason is missing, or an environment that verifies identities knows no approver by
    the token that came with the run: there a typed name counts for nothing.
    """
    if by is None and reason is None:
        return None
    if not (by or "").strip() or not (reason or "").strip():
        raise NotForced("A forced release needs a name and a reason: give forced_by and force_reason.")
    who = _who(context, version, str(by))
    return Forced(by=who, reason=" ".join(str(reason).split()))


def _who(context: Context, version: RegisteredModel, name: str) -> Identity:
    if not context.settings.approval.asks_for_identity:
        return typed(name)
    who = requester_of_this_run(context, version.version) or typed(name)
    why = why_not(who, context.workload.release.approvers, None, approves=True)
    if why is not None:
        raise NotForced(f"The release of version {version.version} of {context.name} is not forced: {why}.")
    return who
