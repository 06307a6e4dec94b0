"""Tables of the terminal as HTML: what is said once is shown in both places."""

from __future__ import annotations

from html import escape

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text


def html_of(part: RenderableType) -> str:
    """A table or a text that the terminal shows, as HTML; all of it escaped.

    Raises:
        TypeError: it is neither.
    """
    if isinstance(part, Text):
        return f"<p>{_broken(part.plain)}</p>"
    if not isinstance(part, Table):
        raise TypeError(f"a table or a text, got {type(part).__name__}")
    sides = ["number" if column.justify == "right" else "" for column in part.columns]
    heads = "".join(
        f"<th scope='col'{_classes(side)}>{_broken(str(column.header))}</th>"
        for side, column in zip(sides, part.columns, strict=True)
    )
    columns = [
        [
            f"<td{_classes(side, _bold(column.style))}>{_broken(str(cell))}</td>"
            for cell in column.cells
        ]
        for side, column in zip(sides, part.columns, strict=True)
    ]
    rows = "".join(
        f"<tr{_classes(_bold(row.style), 'last' if row.end_section else '')}>{''.join(cells)}</tr>"
        for row, cells in zip(part.rows, zip(*columns, strict=True), strict=True)
    )
    caption = f"<p class='said'>{_broken(str(part.caption))}</p>" if part.caption else ""
    return (
        f"<h4>{_broken(str(part.title or ''))}</h4><div class='wide'><table>"
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>{caption}"
    )


def _bold(style: object) -> str:
    return "bold" if style == "bold" else ""


def _classes(*names: str) -> str:
    """The attribute of those names that are not empty."""
    classes = " ".join(filter(None, names))
    return f" class='{classes}'" if classes else ""


def _broken(text: str) -> str:
    return escape(text).replace("\n", "<br>")
