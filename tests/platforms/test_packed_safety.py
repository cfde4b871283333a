"""What must not be served: types of strangers, pickles, requirements that may become others."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path

import pytest

from platforms.packed_safety import loose_requirements, pickled_files, untrusted_types
from tests.toy_model import pack_toy_model

HASH = "--hash=sha256:" + "0" * 64


@pytest.fixture(scope="module", name="fine")
def _fine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pack_toy_model(tmp_path_factory.mktemp("fine"))


@pytest.fixture(name="packed")
def _packed(fine: Path, tmp_path: Path) -> Path:
    """A copy that may be spoilt."""
    return Path(shutil.copytree(fine, tmp_path / "model"))


class Stranger:
    """A type that is of no trusted package."""


def test_what_we_pack_is_fine(fine: Path) -> None:
    assert untrusted_types(fine) == pickled_files(fine) == loose_requirements(fine) == []


def test_a_strangers_type_is_found_whatever_the_description_says(packed: Path) -> None:
    import skops.io

    skops.io.dump({"model": Stranger()}, packed / "model.skops")
    assert untrusted_types(packed) == [f"{__name__}.Stranger"]


def test_a_description_that_trusts_too_much_is_found(packed: Path) -> None:
    description = json.loads((packed / "perennial.json").read_text())
    description["trusted_types"].append("os.system")
    (packed / "perennial.json").write_text(json.dumps(description))
    assert untrusted_types(packed) == ["os.system"]


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_pickle_is_known_by_its_bytes(packed: Path, protocol: int) -> None:
    (packed / "notes.txt").write_bytes(pickle.dumps([1, 2], protocol))
    (packed / "old.joblib").write_bytes(b"")
    assert pickled_files(packed) == ["notes.txt", "old.joblib"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (f"numpy==2.4.6 {HASH}", []),
        (f"numpy==2.4.6 ; python_version > '3.10' \\\n    {HASH} \\\n    {HASH}", []),
        ("numpy==2.4.6", ["numpy"]),
        (f"numpy>=2 {HASH}", ["numpy"]),
        (f"numpy==2.* {HASH}", ["numpy"]),
        ("numpy==2.4.6 --hash=sha256:short", ["numpy"]),
        ("numpy==2.4.6 --hash=md5:" + "0" * 32, ["numpy"]),
        (f"numpy @ https://user:secret@example.org/numpy.whl {HASH}", ["numpy"]),
        ("--editable https://user:secret@example.org/numpy", ["--editable"]),
        ("", ["there is none"]),
    ],
)
def test_loose_requirements_are_told_without_addresses(packed: Path, line: str, told: list[str]) -> None:
    (packed / "requirements.lock").write_text(f"# pinned\n{line}\n")
    assert loose_requirements(packed) == told
