"""Tables of Rich that fit the width of a terminal."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from copy import copy
from dataclasses import replace

from rich import box
from rich.cells import cell_len
from rich.table import Column, Table
from rich.text import Text

from imcmoo.display.labels import label

LONGEST_NAME = 20
"""Longest name of a network, in characters, that is not broken."""


def new_table(*columns: str, title: str, numbers: Iterable[str] = ()) -> Table:
    """Create a table; columns of `numbers` follow the others."""
    table = Table(*columns, title=title, title_justify="left", caption_justify="left")
    add_numbers(table, *numbers)
    return table


def open_table(*columns: str, title: str, networks: Iterable[str] | None = None) -> Table:
    """Create a table without lines between columns; the first column is for `networks`, if any."""
    table = Table(
        title=title, title_justify="left", title_style="bold", min_width=len(title),
        caption_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0),
    )  # fmt: skip
    if networks is not None:
        longest = max((len(label(name)) for name in networks), default=0)
        table.add_column("network", no_wrap=longest <= LONGEST_NAME, overflow="fold")
    for name in columns:
        table.add_column(name)
    return table


def add_numbers(table: Table, *headings: str, texts: Collection[str] = ()) -> None:
    """Add columns of numbers; those in `texts` are texts."""
    for heading in headings:
        table.add_column(heading, justify="left" if heading in texts else "right")


def fitted(table: Table, width: int) -> Iterator[Table]:
    """Split a table into tables that fit a width.

    Each begins with the first column. The first column, and one that is too wide, is folded.
    Numbers are never cut.
    """
    natural = [_widths(column) for column in table.columns]
    least = [min(low, max(1, width // 2)) for low, _ in natural]
    start = 1
    while start < len(table.columns) or start == 1:
        end = start + 1
        while end < len(table.columns) and _total(table, least, start, end + 1) <= width:
            end += 1
        chosen = [0, *range(start, min(end, len(table.columns)))]
        most = [natural[at][1] for at in chosen]
        widths = _shared([least[at] for at in chosen], most, width - _frame(table, len(chosen)))
        part = copy(table)
        if start > 1:
            part.title = part.min_width = None
        elif table.min_width:
            part.min_width = min(table.min_width, width)
        part.caption = table.caption if end >= len(table.columns) else None
        part.columns = [
            replace(table.columns[at], _index=new, width=room, no_wrap=False, overflow="fold")
            for new, (at, room) in enumerate(zip(chosen, widths, strict=True))
        ]
        yield part
        start = end


def transposed(table: Table, corner: str) -> Table:
    """Swap rows and columns; `corner` heads the first."""
    cells = [[str(c) for c in column.cells] for column in table.columns]
    turned = new_table(corner, title=str(table.title), numbers=cells[0])
    for column, values in zip(table.columns[1:], cells[1:], strict=True):
        turned.add_row(str(column.header), *values)
    return turned


def natural_width(table: Table) -> int:
    """Width of the table without wrapping, in characters."""
    most = [_widths(column)[1] for column in table.columns]
    return sum(most) + _frame(table, len(most))


def _widths(column: Column) -> tuple[int, int]:
    """Width of the longest word, and of the longest line."""
    cells = [c.plain if isinstance(c, Text) else str(c) for c in (column.header, *column.cells)]
    lines = [line for cell in cells for line in cell.split("\n")]
    words = [word for line in lines for word in _words(line, column)]
    return max(map(cell_len, words), default=0), max(map(cell_len, lines), default=0)


def _words(line: str, column: Column) -> list[str]:
    """Unbreakable parts of a text: a number with its unit, or a word."""
    is_value = column.justify == "right" and line[:1] in "+−-.0123456789"
    return [line] if column.no_wrap or is_value else line.split()


def _frame(table: Table, n: int) -> int:
    """Width of lines and padding around n columns."""
    _, right, _, left = table.padding
    lines = n - 1 + 2 * table.show_edge
    return n * (left + right) + lines * bool(table.box)


def _total(table: Table, least: Sequence[int], start: int, end: int) -> int:
    n = 1 + end - start
    return least[0] + sum(least[start:end]) + _frame(table, n)


def _shared(least: Sequence[int], most: Sequence[int], room: int) -> list[int]:
    """Widths between `least` and `most`, the widest reduced first, within `room` if possible."""
    widths = list(most)
    while sum(widths) > room:
        reducible = [at for at, low in enumerate(least) if widths[at] > low]
        if not reducible:
            break
        widths[max(reducible, key=lambda at: widths[at])] -= 1
    return widths
