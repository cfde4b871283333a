"""Azurite is installed from a lock that holds anywhere, and its absence is said in words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deployments.azurite.install import NoNode, install_azurite
from tests.conftest import ROOT


def test_without_node_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoNode, match="node and npm not found on the PATH"):
        install_azurite(tmp_path / "azurite")
    assert not list(tmp_path.iterdir())


def test_the_lock_names_no_registry_and_pins_every_package_by_hash() -> None:
    lock = json.loads((ROOT / "deployments" / "azurite" / "package-lock.json").read_text())
    packages = {name: one for name, one in lock["packages"].items() if name}
    assert packages["node_modules/azurite"]["version"] == "3.35.0"
    assert not [name for name, one in packages.items() if "resolved" in one]
    assert not [name for name, one in packages.items() if not one.get("integrity", "").startswith("sha512-")]
