"""Who somebody is, and whether an issuer vouches for it: a typed name is a claim, a verified token an identity."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator

from lifecycle.base import Frozen

_GUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_ENTRA = re.compile(rf"^entra:{_GUID}$")
_GITHUB = re.compile(r"^github:[A-Za-z0-9._-]+/[A-Za-z0-9._-]+:[^:\s][^:]*$")


def _named(subject: str) -> str:
    if subject.startswith("entra:"):
        subject = subject.lower()
    if not _ENTRA.match(subject) and not _GITHUB.match(subject):
        raise ValueError(
            f"{subject!r} is no identity: write entra:OBJECT-ID (az ad user show --id WHO --query id) or "
            "github:OWNER/REPOSITORY:ENVIRONMENT"
        )
    return subject


Subject = Annotated[str, AfterValidator(_named)]


class Identity(Frozen):
    """Somebody who asks or answers."""

    subject: str  # as an issuer names it, entra:OID or github:OWNER/REPOSITORY:ENVIRONMENT; unverified: a typed name
    verified: bool
    detail: str = ""  # what the issuer says beside, such as a person's name: to be read, never to be decided by

    @property
    def told(self) -> str:
        """In words, for tags, tables and the ledger."""
        if not self.verified:
            return f"{self.subject} (unverified)"
        return f"{self.subject} ({self.detail})" if self.detail else self.subject


def typed(name: str) -> Identity:
    """Somebody of whom only a typed name is known."""
    return Identity(subject=" ".join(name.split())[:200] or "unknown", verified=False)


def entra_subject(object_id: str) -> str:
    """The identity of a person or an application in Microsoft Entra ID, by its object id."""
    return f"entra:{object_id.lower()}"


def github_subject(repository: str, environment: str) -> str:
    """The identity of a job that GitHub let into an environment of a repository, such as octo/models, production."""
    return f"github:{repository}:{environment}"


def why_not(identity: Identity, approvers: Sequence[str], requester: Identity | None, *, approves: bool) -> str | None:
    """Why somebody's answer counts for nothing where identities are verified, in words; None where it counts.

    approvers: the subjects that may answer. requester: who asked for the release, as far as it is known; whoever asked
    may withdraw it, but not approve it.
    """
    if not identity.verified:
        return "a typed name counts for nothing here: give a token"
    if not approvers:
        return "release.approvers of the workload names nobody who may answer"
    if identity.subject not in approvers:
        return f"{identity.told} is not among release.approvers of the workload"
    if approves and requester is not None and requester.verified and requester.subject == identity.subject:
        return f"{identity.told} asked for this release: somebody else must approve it"
    return None
