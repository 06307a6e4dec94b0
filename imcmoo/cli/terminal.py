"""The console of every command: it shows text as it is, whatever a user has named."""

from __future__ import annotations

import os

from rich.console import Console, RenderableType
from rich.table import Table

from imcmoo.report.fitted import fitted

PIPE_WIDTH = 160
"""Columns of a table that does not go to a terminal."""


def console(*, stderr: bool = False, quiet: bool = False, wide: bool = False) -> Console:
    """A console that reads no markup, such as `[red]`, and no `:smile:` in what it prints.

    Args:
        stderr: print to stderr instead of stdout.
        quiet: print nothing.
        wide: where it is no terminal and `COLUMNS` is not set, lines of `PIPE_WIDTH` columns.
    """
    made = Console(stderr=stderr, quiet=quiet, markup=False, emoji=False, highlight=False)
    if wide and not made.is_terminal and "COLUMNS" not in os.environ:
        made.width = PIPE_WIDTH
    return made


def show(terminal: Console, *parts: RenderableType) -> None:
    """Print text, and tables in parts that fit the width.

    Args:
        terminal: where to.
        parts: tables and other text, in order.
    """
    for part in parts:
        for piece in fitted(part, terminal.width) if isinstance(part, Table) else [part]:
            terminal.print(piece)
