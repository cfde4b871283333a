"""What our processes find in their environment."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from deployments.environment import process_environment
from platforms.settings import Settings


@pytest.mark.parametrize(("scheme", "expected"), [("http", 1), ("https", None)])
def test_clients_of_a_plain_prefect_read_one_authority_and_others_the_webs(
    tmp_path: Path, scheme: str, expected: int | None
) -> None:
    addresses = {"prefect": f"{scheme}://127.0.0.1:4200", "mlflow": "http://127.0.0.1:5000"}
    file = process_environment(Settings(state=tmp_path), addresses).get("PREFECT_API_SSL_CERT_FILE")
    read = None if file is None else ssl.create_default_context(cafile=file).cert_store_stats()["x509_ca"]
    assert read == expected
