"""One hash for what a folder holds, by which a packed model is known again wherever it is copied."""

from __future__ import annotations

import hashlib
from pathlib import Path

SHA256 = "perennial.sha256"  # the tag of a model version that holds it: what was tested is what serves


def folder_digest(folder: Path) -> str:
    """sha256, in hexadecimal, over the files' paths and contents in the order of the paths.

    `scoring/score.py` computes the same before it serves, and imports nothing of ours.
    """
    content = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        content.update(f"{path.relative_to(folder).as_posix()}\0{path.stat().st_size}\0".encode())
        content.update(path.read_bytes())
    return content.hexdigest()
