"""Azurite, once for all tests that need it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deployments import azurite as emulator


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The account's URL."""
    try:
        with emulator.azurite(tmp_path_factory.mktemp("azurite")) as url:
            yield url
    except emulator.AzuriteMissing as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def connection_string(azurite: str) -> str:
    """How the SDK is told of the account."""
    return emulator.connection_string(azurite)
