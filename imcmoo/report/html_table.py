"""Tables of the terminal as HTML: what is said once is shown in both places."""

from __future__ import annotations

from html import escape

from rich.console import RenderableType
from rich.table import Column, Table
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
    heads = "".join(
        f"<th scope='col'{_side(c)}>{_broken(str(c.header))}</th>" for c in part.columns
    )
    cells = zip(*(list(c.cells) for c in part.columns), strict=True)
    rows = "".join(
        f"<tr{_kind(row.style == 'bold', row.end_section)}>{_cells(part, row_cells)}</tr>"
        for row, row_cells in zip(part.rows, cells, strict=True)
    )
    caption = f"<p class='said'>{_broken(str(part.caption))}</p>" if part.caption else ""
    return (
        f"<h4>{_broken(str(part.title or ''))}</h4><div class='wide'><table>"
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>{caption}"
    )


def _cells(table: Table, cells: tuple[RenderableType, ...]) -> str:
    pairs = zip(table.columns, cells, strict=True)
    return "".join(
        f"<td{_side(c, c.style == 'bold')}>{_broken(str(text))}</td>" for c, text in pairs
    )


def _side(column: Column, bold: bool = False) -> str:
    return _classes(("number", column.justify == "right"), ("bold", bold))


def _kind(bold: bool, last: bool) -> str:
    return _classes(("bold", bold), ("last", last))


def _classes(*names: tuple[str, bool]) -> str:
    classes = " ".join(name for name, there in names if there)
    return f" class='{classes}'" if classes else ""


def _broken(text: str) -> str:
    return escape(text).replace("\n", "<br>")
