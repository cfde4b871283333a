"""Who asks for a release and who answers: a token is checked where it is used, used once, and written down nowhere.

A token comes as an input of the flow run, which Prefect keeps in its database: it is deleted there as soon as what it
proved is written. Until then it could be read by whoever shares Prefect's credential, so a token is good for one
decision: shown for another one, it is refused.
"""

from __future__ import annotations

import json
from uuid import UUID

from prefect import runtime
from prefect.client.orchestration import get_client
from prefect.exceptions import PrefectHTTPStatusError
from prefect.input.actions import delete_flow_run_input, read_flow_run_input

from lifecycle.identity import Identity, typed
from lifecycle.names import requester_blob, used_token_blob
from platforms.ports import NotFound
from platforms.tokens import NotVerified, verify
from tasks.context import Context

REQUESTER = "requester"  # the input of a flow run that bears the token of who started it
REQUEST = "request"  # what such a token is for


def identity_by(context: Context, token: str, model_version: int, purpose: str) -> Identity:
    """Whom the token proves. NotVerified says why it proves nothing here, also where it was used already."""
    if not context.settings.approval.asks_for_identity:
        raise NotVerified("no token is believed here: PERENNIAL_APPROVAL__… names no issuer")
    shown = verify(token.strip(), context.settings.approval, context.name, model_version, purpose)
    used_for = json.dumps({"workload": context.name, "model_version": model_version, "for": purpose}).encode()
    blobs, name = context.platform.blobs, used_token_blob(shown.fingerprint)
    if not blobs.put_if_absent(name, used_for) and blobs.read(name) != used_for:
        raise NotVerified("the token was used for another decision already: get a new one")
    return shown.identity


def requester_of_this_run(context: Context, model_version: int) -> Identity | None:
    """Who started this run: verified by the token that came with it, else as Prefect names them, unverified; or None.

    NotVerified where a token came that proves nothing.
    """
    name = requester_blob(context.name, str(runtime.flow_run.id))
    try:
        found = Identity.model_validate_json(context.platform.blobs.read(name))
    except NotFound:
        token = read_flow_run_input(REQUESTER)
        if not token:
            return _as_prefect_knows()
        try:
            found = identity_by(context, str(token), model_version, REQUEST)
        except NotVerified as refusal:
            forget_input(REQUESTER)
            raise NotVerified(f"Who asks for this release is not known: {refusal}.") from None
        context.platform.blobs.write(name, found.model_dump_json().encode())
    forget_input(REQUESTER)
    return found


def forget_input(key: str) -> None:
    """Delete an input of this run, whether it is there or not."""
    try:
        delete_flow_run_input(key)
    except PrefectHTTPStatusError as error:
        if error.response.status_code != 404:
            raise


def _as_prefect_knows() -> Identity | None:
    with get_client(sync_client=True) as client:
        by = client.read_flow_run(UUID(str(runtime.flow_run.id))).created_by
    told = None if by is None else (by.display_value or by.type)
    return None if not told else typed(told)
