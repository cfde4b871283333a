"""The form by which a person answers in Prefect's UI; the `perennial` command and CI fill in the same one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from prefect.input import RunInput
from pydantic import Field, SecretStr

from lifecycle.approval import Request


@dataclass(frozen=True)
class Given:
    """What somebody filled in."""

    approve: bool
    comment: str
    by: str
    token: str = field(default="", repr=False)


class Approval(RunInput):
    """What a person says of a model that waits, where nothing proves who they are."""

    approve: Annotated[bool, Field(title="Approve", description="Leave it off to reject.")] = False
    by: Annotated[str, Field(title="Your name", description="Nothing proves it: it is recorded as unverified")] = (
        "unknown"
    )
    comment: Annotated[str, Field(title="Comment")] = ""

    def given(self) -> Given:
        """What was filled in."""
        return Given(self.approve, self.comment, self.by)


class VerifiedApproval(RunInput):
    """What a person says of a model that waits, where a token must prove who they are."""

    approve: Annotated[bool, Field(title="Approve", description="Leave it off to reject.")] = False
    token: Annotated[
        SecretStr, Field(title="Token", description="Proves who you are, for this decision only; deleted once checked")
    ] = SecretStr("")
    comment: Annotated[str, Field(title="Comment")] = ""

    def given(self) -> Given:
        """What was filled in."""
        return Given(self.approve, self.comment, "somebody", self.token.get_secret_value())


def form_of(request: Request) -> type[Approval] | type[VerifiedApproval]:
    """The form, with what is to be decided in words."""
    words = f"{request.evidence.workload}, version {request.evidence.model_version}: {request.evidence.reason}"
    form: type[Approval] | type[VerifiedApproval] = VerifiedApproval if request.verified else Approval
    return form.with_initial_data(description=f"{words}. The evidence is on the run's page.")
