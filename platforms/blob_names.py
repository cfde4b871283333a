"""What may name a blob: one rule for every adapter, since names come from outside."""

from __future__ import annotations

from platforms.ports import Refused

_MOST_CHARACTERS = 1024  # Azure's limit for a name
_MOST_BYTES = 255  # a file system's limit for one part


def require_blob_name(name: str) -> None:
    """Refused unless the name means the same one blob everywhere and cannot lead out of its store."""
    if not name or not _is_path(name):
        raise Refused(
            f"{name[:200]!r} is no blob name: relative, parts separated by '/', none of them empty or ending in '.', "
            f"no backslash or control character, at most {_MOST_CHARACTERS} characters and {_MOST_BYTES} bytes a part."
        )


def require_blob_prefix(prefix: str) -> None:
    """Refused unless the folders in the prefix may be those of a name; what follows them may be part of a word."""
    folders = prefix.rpartition("/")[0]
    if folders or "/" in prefix:
        require_blob_name(folders)


def is_blob_name(name: str) -> bool:
    """Whether others, who know no such rule, have put a blob under a name that we may use."""
    return bool(name) and _is_path(name)


def _is_path(name: str) -> bool:
    if len(name) > _MOST_CHARACTERS or "\\" in name or any(ord(letter) < 32 or ord(letter) == 127 for letter in name):
        return False
    return all(_is_part(part) for part in name.split("/"))


def _is_part(part: str) -> bool:
    try:
        size = len(part.encode())
    except UnicodeEncodeError:  # half a surrogate pair
        return False
    return 0 < size <= _MOST_BYTES and not part.endswith(".")
