"""A client of a plain address trusts nobody, and all others share what was read once."""

from __future__ import annotations

import ssl

import pytest

from deployments.environment import NOBODY
from platforms.trust import authorities, trust_for


def test_only_who_meets_certificates_reads_authorities() -> None:
    plain, secure = trust_for("http://127.0.0.1:5000"), trust_for("https://management.azure.com")
    assert plain.cert_store_stats()["x509_ca"] == 0
    assert plain.verify_mode is ssl.CERT_REQUIRED, "where a certificate is met all the same, it is refused"
    assert secure.cert_store_stats()["x509_ca"] > 0
    assert secure is authorities()


def test_another_file_of_authorities_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    before = authorities()
    monkeypatch.setenv("SSL_CERT_FILE", str(NOBODY))
    assert authorities().cert_store_stats()["x509_ca"] == 1
    monkeypatch.undo()
    assert authorities() is before
