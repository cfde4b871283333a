"""What our pictures have in common: an SVG that stands alone, its colours, and texts that come from data."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

GREY, BLUE, RED, INK, FAINT = "#b6bec9", "#2563eb", "#c2410c", "#1f2933", "#5b6773"


def document(width: int, height: int, title: str, parts: Sequence[str]) -> str:
    """The SVG of these parts, on white; width and height in pixels."""
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        'font-family="system-ui, Segoe UI, Helvetica, Arial, sans-serif" role="img">',
        f"<title>{printable(title)}</title>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    return "\n".join([*head, *parts, "</svg>"])


def label(
    x: float, y: float, text: str, colour: str, *, size: int = 11, bold: bool = False, anchor: str = "start"
) -> str:
    """A text at that place; size in pixels."""
    weight = ' font-weight="600"' if bold else ""
    place = f'x="{x:.5g}" y="{y:.5g}" text-anchor="{anchor}"'
    return f'<text {place} font-size="{size}" fill="{colour}"{weight}>{printable(text)}</text>'


def short(text: str, letters: int) -> str:
    """At most so many letters of it."""
    return text if len(text) <= letters else text[: letters - 1] + "…"


def printable(text: str) -> str:
    """Names come from data: neither markup nor characters that XML forbids get through."""
    return escape("".join(letter if letter.isprintable() else " " for letter in text))
