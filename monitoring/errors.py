"""What monitoring refuses, in words that say what to do."""

from __future__ import annotations

import difflib
from collections.abc import Sequence


class UnusableData(ValueError):
    """There are rows, but nothing can be learnt from them."""


class SchemaMismatch(ValueError):
    """Columns are missing. `renamed` maps a missing column to the one that looks like it under another name."""

    def __init__(self, missing: Sequence[str], unexpected: Sequence[str], renamed: dict[str, str]) -> None:
        self.missing = tuple(missing)
        self.unexpected = tuple(unexpected)
        self.renamed = dict(renamed)
        super().__init__(_told(self.missing, self.unexpected, self.renamed))


def require_columns(names: Sequence[str], found: Sequence[str], expected: Sequence[str] = ()) -> None:
    """SchemaMismatch unless every name is found; `expected` are further names that are not called unexpected."""
    missing = [name for name in names if name not in set(found)]
    if not missing:
        return
    known = {*names, *expected}
    unexpected = [str(name) for name in found if name not in known]
    renamed: dict[str, str] = {}
    plain = {_plain(name): name for name in unexpected}
    for name in missing:
        close = difflib.get_close_matches(_plain(name), list(plain), n=1, cutoff=0.7)
        if close:
            # One column is the new name of one other, so it is used up.
            renamed[name] = plain.pop(close[0])
    raise SchemaMismatch(missing, unexpected, renamed)


def _plain(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def _told(missing: Sequence[str], unexpected: Sequence[str], renamed: dict[str, str]) -> str:
    parts = [f"The data lacks {_names(missing)}"]
    if renamed:
        parts.append("renamed, it seems: " + ", ".join(f"{old} is now {new}" for old, new in renamed.items()))
    others = [name for name in unexpected if name not in renamed.values()]
    if others:
        parts.append(f"unexpected: {', '.join(others)}")
    return "; ".join(parts) + ". Mend the source, or describe the columns anew in the workload's data.columns."


def _names(names: Sequence[str]) -> str:
    return f"the column{'s' if len(names) > 1 else ''} {', '.join(names)}"
