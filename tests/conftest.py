"""What all tests share: the running service and Azurite."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from deployments.azurite.server import Azurite
from tests.service import ROOT, SHARED, Service, clean, result_of, running_service, shared_service

__all__ = ["HTTP", "ROOT", "Service", "clean", "result_of"]

# To loopback; each new client would read all of TLS' authorities anew. Idle servers end a connection after 5 s.
HTTP = httpx.Client(trust_env=False, timeout=90, limits=httpx.Limits(keepalive_expiry=1.0))
AZURITE = ROOT / ".perennial" / "azurite"  # where npm puts it
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as deployments.environment says, and before it is loaded
sys.path.insert(0, str(ROOT))  # the tests' own factories
# No test meets the Prefect of whoever runs it, nor has one started that it did not ask for.
_PREFECT_HOME = tempfile.TemporaryDirectory(prefix="prefect-")
os.environ |= {"PREFECT_HOME": _PREFECT_HOME.name, "PREFECT_SERVER_EPHEMERAL_ENABLED": "false"}
os.environ.pop("PREFECT_API_URL", None)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service, for all tests of the session, or of several sessions side by side."""
    shared = os.environ.get(SHARED)
    with (
        running_service(tmp_path_factory.mktemp("service")) if shared is None else shared_service(Path(shared))
    ) as service:
        yield service


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    """Azurite on loopback, its state in a temporary folder. Skips where there is no Node."""
    from deployments.azurite.install import NoNode, require_node
    from deployments.azurite.server import running_azurite

    try:
        require_node()
    except NoNode as reason:
        pytest.skip(str(reason))
    with running_azurite(AZURITE, tmp_path_factory.mktemp("azurite")) as running:
        yield running
