"""A card's sections as Markdown, and the Markdown as a page that stands alone."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_STYLE = """
body {font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1b1f24}
table {border-collapse: collapse; margin: .5rem 0 1.5rem; display: block; overflow-x: auto}
th, td {border: 1px solid #d0d7de; padding: .25rem .6rem; text-align: left; vertical-align: top}
th {background: #f6f8fa}
""".strip()


@dataclass(frozen=True)
class Section:
    """text: Markdown. tables: rows that have the keys of the first one."""

    title: str
    text: str = ""
    tables: Sequence[Sequence[Mapping[str, object]]] = ()


def as_markdown(title: str, sections: Sequence[Section]) -> str:
    """The whole card."""
    parts = [f"# {title}"]
    for section in sections:
        parts.append(f"## {section.title}")
        parts += [section.text] if section.text else []
        parts += [_table(rows) for rows in section.tables if rows]
    return "\n\n".join(parts) + "\n"


def as_page(title: str, markdown: str) -> str:
    """HTML without scripts; what the Markdown holds of HTML is shown as text."""
    from markdown_it import MarkdownIt

    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(markdown)
    head = f'<meta charset="utf-8"><title>{html.escape(title)}</title><style>{_STYLE}</style>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>\n{body}</body></html>\n'


def _table(rows: Sequence[Mapping[str, object]]) -> str:
    names = list(rows[0])
    lines: list[list[object]] = [[*names], ["---"] * len(names), *([row[name] for name in names] for row in rows)]
    return "\n".join("| " + " | ".join(_cell(value) for value in line) + " |" for line in lines)


def _cell(value: object) -> str:
    if value is None:
        return ""
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return " ".join(text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").split())
