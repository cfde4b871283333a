"""The arms of a test: sticky, of the right size, independent of other tests, moved as little as can be."""

from __future__ import annotations

import subprocess
import sys

from scoring.assignment import assign
from scoring.front import with_caller
from scoring.score import BadRequest, caller_of
from tests.conftest import ROOT

CALLERS = [f"caller-{number}" for number in range(20_000)]


def challengers(salt: str, share: float) -> set[str]:
    return {one for one in CALLERS if assign("t", salt, one, share).arm == "challenger"}


def test_the_arms_have_their_shares_and_those_of_two_tests_are_independent() -> None:
    one, other = challengers("one", 0.3), challengers("other", 0.5)
    assert abs(len(one) / len(CALLERS) - 0.3) < 0.015
    assert abs(len(other) / len(CALLERS) - 0.5) < 0.015
    assert abs(len(one & other) / len(one) - 0.5) < 0.03


def test_more_for_the_challenger_moves_nobody_away_from_it() -> None:
    few, more = challengers("salt", 0.1), challengers("salt", 0.25)
    assert few < more
    assert abs(len(more - few) / len(CALLERS) - 0.15) < 0.015
    assert challengers("salt", 0.0) == set()
    assert challengers("salt", 1.0) == set(CALLERS)


def test_another_process_says_the_same() -> None:
    """Nothing of it depends on Python's own hash, which differs from process to process."""
    code = "from scoring.assignment import assign; print(assign('t-1', 'salt', 'Zoë', 0.5).logged)"
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == assign("t-1", "salt", "Zoë", 0.5).logged
    assert told.stdout.strip() == "t-1.champion.957cb4d5423c4319036ecf4c73b55f25"  # as openssl has it


def test_what_is_logged_is_no_id_and_what_the_server_takes() -> None:
    logged = assign("20261121t2200-ab12", "salt", "ada@example.org", 0.5).logged
    assert "ada" not in logged
    assert caller_of({"caller": logged}) == logged
    assert logged != assign("20261121t2200-ab12", "pepper", "ada@example.org", 0.5).logged
    for unhashed in ("ada@example.org", logged + "0", 7):
        try:
            caller_of({"caller": unhashed})
        except BadRequest:
            continue
        raise AssertionError(unhashed)


def test_the_caller_is_written_behind_whatever_the_client_wrote() -> None:
    assert with_caller(b'{"a": 1}', "x") == b'{"a": 1, "caller": "x"}'
    assert with_caller(b' {"caller": "me"}\n', "x") == b'{"caller": "me", "caller": "x"}'
    for other in (b"", b"{}", b"[1]", b"no json", b'{"a": 1'):
        assert with_caller(other, "x") == other
