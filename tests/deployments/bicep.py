"""Reads what tests ask of Bicep: declarations and their bodies. No compiler; `make check` parses the files whole."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_DECLARATION = re.compile(r"^(param|var|resource|module|output|using) +(\w+)?(.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Declaration:
    """One statement: `kind name rest`, the rest reaching to the next one."""

    kind: str
    name: str
    text: str

    @property
    def target(self) -> str:
        """What stands in the quotes after the name: a resource's type and version, a module's path."""
        found = re.match(r"\s*'([^']+)'", self.text)
        return found.group(1) if found else ""

    @property
    def existing(self) -> bool:
        return bool(re.match(r"\s*'[^']+' existing ", self.text))

    def value(self, path: str) -> str:
        """The value of a property anywhere in the body, as it is written; empty where there is none."""
        found = re.search(rf"^\s*{path}: *(.+)$", self.text, re.MULTILINE)
        return found.group(1).strip() if found else ""

    def parameters(self) -> set[str]:
        """What a module is given: the names one level into `params`."""
        return set(re.findall(r"^    (\w+):", self.text[self.text.index("  params: {") :], re.MULTILINE))


def declarations(file: Path) -> list[Declaration]:
    """All of a file, comments left out."""
    text = re.sub(r"^\s*//(?!checkov).*$", "", file.read_text(), flags=re.MULTILINE)
    found = list(_DECLARATION.finditer(text))
    ends = [one.start() for one in found[1:]] + [len(text)]
    return [
        Declaration(one.group(1), one.group(2) or "", text[one.start(3) : end])
        for one, end in zip(found, ends, strict=True)
    ]
