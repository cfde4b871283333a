"""An environment that asks for verified identity, and a release that is forced there: who asks may not approve."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deployments.answering import NotAnswered, answer
from deployments.explain import explain_last
from deployments.releasing import RELEASE, start_release
from deployments.status import read_status
from deployments.token_sources import TokenSource
from platforms.approvals import open_requests
from platforms.ledger import Ledger
from tests.conftest import HTTP, Service, clean, result_of
from tests.deployments.test_command import COMMAND
from tests.flows.test_loop import champion
from tests.issuing import ADA, BOB, Issuer, issuing
from tests.people import make_people
from tests.service import calling
from tests.waiting import until

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


def perennial(stack: Service, *words: str, token: str = "") -> subprocess.CompletedProcess[str]:
    """The command, as somebody with that token calls it."""
    shown = [] if not token else ["--token-file", "-"]
    environment = {**os.environ, **stack.environment}
    return subprocess.run(
        [COMMAND, *words, *shown], env=environment, input=token, capture_output=True, text=True, check=False
    )


def waiting(stack: Service) -> dict[str, Any]:
    """What `perennial status` tells of what waits."""
    until(lambda: list(open_requests(stack.platform.blobs, NAME)), 240, what="a request")
    told = perennial(stack, "status", "--json")
    assert told.returncode == 0, told.stderr
    records = {record["workload"]: record for record in json.loads(told.stdout)}
    found: dict[str, Any] = records[NAME]["waiting"][0]
    return found


def runs(stack: Service) -> list[dict[str, Any]]:
    found = HTTP.post(f"{stack.addresses['prefect']}/api/flow_runs/filter", json={}).json()
    return [one for one in found if one["parameters"].get("workload") == NAME]


def everything_told(stack: Service) -> str:
    """What Prefect keeps of the runs, and every blob and tag of ours."""
    api = f"{stack.addresses['prefect']}/api"
    told = []
    for run in runs(stack):
        of_run = {"flow_run_id": {"any_": [run["id"]]}}
        about = {"filter": {"any_resource": {"id": [f"prefect.flow-run.{run['id']}"]}}}
        for path, body in (
            ("logs/filter", {"logs": of_run}),
            ("artifacts/filter", {"artifacts": of_run}),
            ("events/filter", about),
            (f"flow_runs/{run['id']}/input/filter", {"prefix": "", "limit": 200}),
        ):
            answer = HTTP.post(f"{api}/{path}", json=body)
            answer.raise_for_status()
            told.append(answer.text)
    told += [path.read_text(errors="replace") for path in Path(stack.settings.blobs).rglob("*.json")]
    return "\n".join([*told, str(runs(stack)), str(stack.platform.models.get(NAME, 1).tags)])


def answered(stack: Service, evidence: str, token: TokenSource) -> str:
    """As `perennial approve` does it."""
    return answer(stack.settings, NAME, 1, True, "seen", "Bob", token, evidence)


def test_only_somebody_else_who_is_verified_lets_a_forced_release_through(
    vouched: Service, issuer: Issuer, tmp_path: Path
) -> None:
    by_name = calling("release", f"{NAME!r}, 1, forced_by='Ada', force_reason='an emergency'")
    code, output = vouched.forks.run(by_name, {**clean(), **vouched.environment, **issuer.environment})
    assert code == 1
    assert "a typed name counts for nothing here" in output

    (tmp_path / "request").write_text(issuer.entra(ADA, jti="request"))
    release(vouched, tmp_path / "request", by="Ada")
    told = waiting(vouched)
    assert f"forced by entra:{ADA} (Ada): an emergency" in told["summary"]
    assert f"entra:{BOB}" in told["who may answer"]

    with pytest.raises(NotAnswered, match="A typed name counts for nothing"):
        answered(vouched, told["evidence"], TokenSource())
    (tmp_path / "own").write_text(issuer.entra(ADA, jti="own"))
    with pytest.raises(NotAnswered, match="waits with other evidence"):
        answered(vouched, "0" * 12, TokenSource(tmp_path / "own"))
    until(lambda: paused(vouched), what="the run to wait")
    with pytest.raises(NotAnswered, match="somebody else must approve it"):
        answered(vouched, told["evidence"], TokenSource(tmp_path / "own"))
    assert champion(vouched, NAME) is None

    until(lambda: paused(vouched), what="the run to wait again")
    bobs = issuer.entra(BOB, jti="bobs", name="Bob")
    done = perennial(vouched, "approve", NAME, "1", "--comment", "seen", "--evidence", told["evidence"], token=bobs)
    assert done.returncode == 0, done.stderr
    assert f"approved by entra:{BOB} (Bob)" in done.stdout
    until(lambda: champion(vouched, NAME) == 1, what="its promotion")
    kept = everything_told(vouched)
    for token in ((tmp_path / "request").read_text(), (tmp_path / "own").read_text(), bobs):
        assert token.split(".")[1] not in kept
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
    assert forced in explain_last(stack.settings, NAME)
    assert next(one for one in read_status(stack.settings) if one["workload"] == NAME)["forced"] == forced
