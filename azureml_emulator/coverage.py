"""Renders the README's tables of what the tests drove and how near the answers are to recorded ones.

    python -m azureml_emulator.coverage

`coverage.json`, of which they are made, is written of what the tests drove (`tests/azureml_emulator/make_coverage.py`).
Nothing between the markers is written by hand.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from azureml_emulator.routing import REGISTRY, WORKSPACE

FOLDER = Path(__file__).parent
FILE, README = FOLDER / "coverage.json", FOLDER / "README.md"
_SHORT = {REGISTRY: "{registry}", WORKSPACE: "{workspace}"}


def read() -> dict[str, Any]:
    """What the tests drove when they last wrote it down."""
    content: dict[str, Any] = json.loads(FILE.read_text())
    return content


def render(coverage: dict[str, Any]) -> dict[str, str]:
    """The text of each marked part of the README."""
    return {
        "operations": _operations(coverage),
        "routes": _routes(coverage["routes"]),
        "recorded": _recorded(coverage["recorded"]),
    }


def placed(text: str, parts: dict[str, str]) -> str:
    """The README with each part between its markers."""
    for name, part in parts.items():
        begin, end = f"<!-- {name}: generated -->\n", f"<!-- /{name} -->"
        before, _, rest = text.partition(begin)
        _, found, after = rest.partition(end)
        if not found:
            raise ValueError(f"The README has no part {name!r} between {begin.strip()} and {end}.")
        text = f"{before}{begin}{part}\n{end}{after}"
    return text


def _operations(coverage: dict[str, Any]) -> str:
    driven, left = _by_property(coverage["operations"]), _by_property(coverage["not_driven"])
    total = len(coverage["operations"]) + len(coverage["not_driven"])
    lines = [
        f"{len(coverage['operations'])} of the {total} public operations of `MLClient` ({coverage['sdk']}) come to"
        " their end in a test.",
        "",
        "| of `MLClient` | driven with success | not driven |",
        "|---|---|---|",
    ]
    for name, methods in driven.items():
        lines.append(f"| `{name}` | {_words(methods)} | {_words(left.get(name, []))} |")
    nothing = [name for name in left if name not in driven]
    return "\n".join([*lines, "", f"Not driven at all: {_words(nothing)}."])


def _routes(routes: dict[str, list[str] | None]) -> str:
    driven = {name: versions for name, versions in routes.items() if versions is not None}
    left = [name for name, versions in routes.items() if versions is None]
    lines = [f"{len(driven)} of {len(routes)} routes answered a test with success.", ""]
    lines += ["| route | in the api-versions |", "|---|---|"]
    lines += [f"| `{_route(name)}` | {', '.join(versions)} |" for name, versions in driven.items()]
    return "\n".join([*lines, "", f"There, and driven by no test: {_words([_route(name) for name in left])}."])


def _recorded(recorded: dict[str, Any]) -> str:
    if not recorded:
        return "Nothing recorded."
    lines = ["| answer | recorded paths | ours has | lacks | ours alone |", "|---|---|---|---|---|"]
    for name, found in recorded.items():
        share = f"{found['same'] / found['paths']:.0%}"
        lines.append(f"| `{name}` | {found['paths']} | {share} | {_words(found['lacks'])} | {_words(found['alone'])} |")
    same, paths = (sum(found[key] for found in recorded.values()) for key in ("same", "paths"))
    return "\n".join([f"In all: {same} of {paths} paths, {same / paths:.0%}.", "", *lines])


def _by_property(names: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in sorted(names):
        of, _, method = name.partition(".")
        found.setdefault(of, []).append(method)
    return found


def _route(name: str) -> str:
    for long, short in _SHORT.items():
        name = name.replace(long, short)
    return name


def _words(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or ""


if __name__ == "__main__":
    README.write_text(placed(README.read_text(), render(read())))
