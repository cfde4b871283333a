"""An environment that asks for verified identity, and a release that is forced there: who asks may not approve."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deployments.releasing import RELEASE, start_release
from deployments.token_sources import TokenSource
from platforms.ledger import Ledger
from tests.conftest import HTTP, Service, result_of
from tests.deployments.test_command import COMMAND
from tests.flows.test_loop import champion, until
from tests.issuing import ADA, BOB, Issuer, issuing
from tests.people import make_people

NAME = "vouched"


@pytest.fixture(scope="module", name="issuer")
def _issuer() -> Iterator[Issuer]:
    with issuing() as issuer:
        yield issuer


@pytest.fixture(scope="module", name="vouched")
def _vouched(stack: Service, issuer: Issuer) -> Service:
    """A model that fails its gates; releases of it run where the issuer is believed."""
    stack.platform.blobs.write(f"{NAME}/raw/people.csv", make_people(1200, seed=8).to_csv(index=False).encode())
    code, output = stack.run("train", repr(NAME))
    assert (code, result_of(output)) == (0, "1"), output
    api = f"{stack.addresses['prefect']}/api"
    of_all = HTTP.get(f"{api}/deployments/name/{RELEASE}").json()
    kept = ("flow_id", "entrypoint", "path", "pull_steps", "work_pool_name", "parameter_openapi_schema")
    believing = {**of_all["job_variables"], "env": issuer.environment}
    own = {**{name: of_all[name] for name in kept}, "name": NAME, "job_variables": believing}
    HTTP.post(f"{api}/deployments/", json=own).raise_for_status()
    return stack


def release(stack: Service, token: Path | None = None, by: str | None = None) -> None:
    """As `perennial release` does it, in the environment that believes the issuer."""
    reason = None if by is None else "an emergency"
    start_release(stack.settings, NAME, 1, by, reason, TokenSource(file=token), f"release/{NAME}")


def perennial(stack: Service, *words: str, token: str | None = None) -> subprocess.CompletedProcess[str]:
    """The command, as somebody with that token calls it."""
    shown = [] if token is None else ["--token-file", "-"]
    environment = {**os.environ, **stack.environment}
    return subprocess.run(
        [COMMAND, *words, *shown], env=environment, input=token or "", capture_output=True, text=True, check=False
    )


def waiting(stack: Service) -> dict[str, Any]:
    """What `perennial status` tells of what waits."""
    told = perennial(stack, "status", "--json")
    assert told.returncode == 0, told.stderr
    return next(
        (one for record in json.loads(told.stdout) if record["workload"] == NAME for one in record["waiting"]), {}
    )


def runs(stack: Service) -> list[dict[str, Any]]:
    found = HTTP.post(f"{stack.addresses['prefect']}/api/flow_runs/filter", json={}).json()
    return [one for one in found if one["parameters"].get("workload") == NAME]


def everything_told(stack: Service) -> str:
    """Logs, artifacts, inputs and runs that Prefect keeps, and every blob and tag of ours."""
    api = f"{stack.addresses['prefect']}/api"
    told = [HTTP.post(f"{api}/{kind}/filter", json={}).text for kind in ("logs", "artifacts", "flow_runs", "events")]
    for run in runs(stack):
        told.append(HTTP.post(f"{api}/flow_runs/{run['id']}/input/filter", json={"prefix": ""}).text)
    told += [path.read_text(errors="replace") for path in Path(stack.settings.blobs).rglob("*.json")]
    return "\n".join([*told, str(stack.platform.models.get(NAME, 1).tags)])


def test_only_somebody_else_who_is_verified_lets_a_forced_release_through(
    vouched: Service, issuer: Issuer, tmp_path: Path
) -> None:
    code, output = vouched.run("release", f"{NAME!r}, 1")
    assert code == 0
    assert "was rejected" in output
    release(vouched, by="Ada")
    until("the refusal of a typed name", lambda: [one for one in runs(vouched) if one["state_type"] == "FAILED"])
    failed = next(one for one in runs(vouched) if one["state_type"] == "FAILED")
    assert "a typed name counts for nothing here" in failed["state"]["message"]

    request = issuer.entra(ADA, jti="request")
    (tmp_path / "token").write_text(request)
    release(vouched, tmp_path / "token", by="Ada")
    until("a request", lambda: waiting(vouched), 90)
    request_told = waiting(vouched)
    assert f"forced by entra:{ADA} (Ada): an emergency" in request_told["summary"]
    assert f"entra:{BOB}" in request_told["who may answer"]

    approve = ("approve", NAME, "1", "--comment", "seen", "--evidence", request_told["evidence"][:12])
    nameless = perennial(vouched, *approve, "--by", "Bob")
    assert nameless.returncode == 1
    assert "A typed name counts for nothing" in nameless.stderr
    other = perennial(vouched, "approve", NAME, "1", "--evidence", "0" * 12, token=issuer.entra())
    assert "waits with other evidence" in other.stderr
    own = issuer.entra(ADA, jti="own")
    oneself = perennial(vouched, *approve, token=own)
    assert oneself.returncode == 1
    assert "somebody else must approve it" in oneself.stderr
    assert champion(vouched, NAME) is None

    until("the next try", lambda: paused(vouched))
    bobs = issuer.entra(BOB, jti="bobs", name="Bob")
    done = perennial(vouched, *approve, token=bobs)
    assert done.returncode == 0, done.stderr
    assert f"approved by entra:{BOB} (Bob)" in done.stdout
    until("its promotion", lambda: champion(vouched, NAME) == 1, 90)
    told = everything_told(vouched)
    for token in (request, own, bobs):
        assert token not in told
        assert token.split(".")[1] not in told
    is_marked_everywhere(vouched)


def paused(stack: Service) -> bool:
    return any(one["state_type"] == "PAUSED" for one in runs(stack))


def is_marked_everywhere(stack: Service) -> None:
    """Tags, status, history and explain."""
    forced = f"forced by entra:{ADA} (Ada): an emergency"
    tags = stack.platform.models.get(NAME, 1).tags
    assert tags["perennial.forced"] == forced
    assert tags["perennial.approved-by"] == f"entra:{BOB} (Bob)"
    entries = Ledger(stack.platform.blobs, NAME).entries()
    assert all(forced in entry.summary for entry in entries if entry.kind in ("approved", "promoted"))
    for command in (("status",), ("history", NAME), ("explain", NAME)):
        told = " ".join(perennial(stack, *command).stdout.split())
        assert "forced" in told, command
