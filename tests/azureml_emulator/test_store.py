"""What was written is there after a restart, whatever the case of its id; children are the direct ones."""

from __future__ import annotations

from pathlib import Path

from azureml_emulator.store import Store


def test_it_outlives_the_process(tmp_path: Path) -> None:
    first = Store(tmp_path / "s.sqlite").put("/a/Data/x", "kind", {"uri": "u"}, "ada")
    found = Store(tmp_path / "s.sqlite").get("/A/data/X")
    assert found == first
    assert first["systemData"]["createdBy"] == "ada"


def test_who_made_it_stays(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.sqlite")
    made = store.put("/a", "kind", {}, "ada")["systemData"]
    changed = store.put("/a", "kind", {"new": 1}, "grace")["systemData"]
    assert (changed["createdAt"], changed["createdBy"]) == (made["createdAt"], "ada")
    assert changed["lastModifiedBy"] == "grace"


def test_children_are_the_direct_ones(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.sqlite")
    for identity in ("/w/data/a", "/w/data/a/versions/1", "/w/data/b", "/w/database/c", "/w/data_/d"):
        store.put(identity, "kind", {}, "ada")
    assert sorted(body["name"] for body in store.children("/w/data")) == ["a", "b"]
    assert [body["name"] for body in store.children("/W/DATA/a/versions")] == ["1"]
