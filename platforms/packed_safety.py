"""Whether a packed model is what may be served: no pickle, types that are trusted, requirements that are pinned."""

from __future__ import annotations

import json
import re
from pathlib import Path

from platforms.packing import TRUSTED_ROOTS

PICKLED = {".pkl", ".pickle", ".joblib", ".cloudpickle", ".dill", ".pt", ".pth"}
_PINNED = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*(\[[A-Za-z0-9,._-]+\])?==[^\s;,*]+$")
_HASH = re.compile(r"^--hash=sha256:[0-9a-f]{64}$")


def untrusted_types(folder: Path) -> list[str]:
    """Types in the model's file, or trusted by its description, that are of no trusted package.

    The file is asked itself: what its description says of it proves nothing.
    """
    import skops.io

    description = json.loads((folder / "perennial.json").read_text())
    held = {str(kind) for kind in skops.io.get_untrusted_types(file=folder / description["model_file"])}
    wanted = held | {str(kind) for kind in description["trusted_types"]}
    return sorted(kind for kind in wanted if not kind.startswith(TRUSTED_ROOTS))


def pickled_files(folder: Path) -> list[str]:
    """Files that would run code when they are loaded, by their endings or by the first bytes of a pickle."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return sorted(path.relative_to(folder).as_posix() for path in files if _is_pickle(path))


def loose_requirements(folder: Path) -> list[str]:
    """Requirements that do not name one version with its hashes; options too, since they say where packages are had."""
    text = (folder / "requirements.lock").read_text()
    lines = [line.strip() for line in text.replace("\\\n", " ").splitlines()]
    entries = [line for line in lines if line and not line.startswith("#")]
    return ["there is none"] if not entries else [_told(entry) for entry in entries if not _is_pinned(entry)]


def _is_pinned(entry: str) -> bool:
    requirement, *words = re.split(r"\s+(?=--)", entry)
    pinned = _PINNED.match(requirement.partition(";")[0].strip()) is not None
    return pinned and bool(words) and all(_HASH.match(word.strip()) for word in words)


def _told(entry: str) -> str:
    """Without what may be a secret: an address may hold one."""
    name = re.match(r"[A-Za-z0-9._-]+", entry)
    return name[0] if name else "an option"


def _is_pickle(path: Path) -> bool:
    """By its ending, or a PROTO opcode of protocols 2 to 5 and the STOP at the end (Python's pickletools)."""
    if path.suffix in PICKLED:
        return True
    with path.open("rb") as file:
        head = file.read(2)
        if len(head) < 2 or head[0] != 0x80 or head[1] not in (2, 3, 4, 5):
            return False
        file.seek(-1, 2)
        return file.read(1) == b"."
