"""The table of a walk: by harm and act how many boundaries held, and what was broken where."""

from __future__ import annotations

from collections.abc import Sequence

from tests.walk.playing import Outcome


def table(outcomes: Sequence[Outcome]) -> str:
    """In Markdown; below it a line for each broken one."""
    lines = ["| harm | act | boundaries | held | broken |", "|---|---|---|---|---|"]
    groups: dict[tuple[str, str], list[Outcome]] = {}
    for one in outcomes:
        groups.setdefault((one.scenario.harm.name, one.scenario.act.name), []).append(one)
    for (harm, act), ones in groups.items():
        lost = sum(bool(one.broken) for one in ones)
        lines.append(f"| {harm} | {act} | {len(ones)} | {len(ones) - lost} | {lost} |")
    lines.append(f"| all | | {len(outcomes)} | {sum(not one.broken for one in outcomes)} | {_lost(outcomes)} |")
    lines += [f"\n{one.scenario}: {'; '.join(one.broken)}" for one in outcomes if one.broken]
    return "\n".join(lines)


def _lost(outcomes: Sequence[Outcome]) -> int:
    return sum(bool(one.broken) for one in outcomes)
