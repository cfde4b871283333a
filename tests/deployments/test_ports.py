"""Ports in use are reported by name, before anything is started."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployments.ports import PortInUse, free_ports, parse_ports, require_free
from tests.deployments.test_command import perennial


@pytest.fixture(name="taken")
def _taken() -> Iterator[int]:
    """A port on which we listen ourselves."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_who_has_a_port_is_said(taken: int) -> None:
    free = free_ports(["prefect"])
    with pytest.raises(PortInUse) as error:
        require_free({**free, "mlflow": taken})
    assert f"port {taken} (mlflow) is in use by pid {os.getpid()}" in str(error.value)
    assert "prefect)" not in str(error.value)
    require_free(free)


def test_up_starts_nothing_where_a_port_is_in_use(tmp_path: Path, taken: int) -> None:
    ports = free_ports(["prefect", "gateway", "gateway_admin"])
    words = [word for name, port in {**ports, "mlflow": taken}.items() for word in ("--ports", f"{name}={port}")]
    done = perennial(tmp_path, "up", *words)
    assert done.returncode == 1
    assert f"port {taken} (mlflow) is in use" in done.stderr
    assert not (tmp_path / "s" / "stack.json").exists()


@pytest.mark.parametrize("word", ["mlflow", "mlflow=", "mlflow=0", "mlflow=70000", "other=80", "mlflow=x"])
def test_a_word_that_is_no_port_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match="write NAME=PORT"):
        parse_ports([word])
