"""The console of every command, which shows text as it is, and warnings."""

from __future__ import annotations

import os

from rich.console import Console, RenderableType
from rich.table import Table

from imcmoo.networks.workloads import WorkloadSet
from imcmoo.report.rich_tables import fitted

PIPE_WIDTH = 160
"""Columns of a table that does not go to a terminal."""


def console(*, stderr: bool = False, quiet: bool = False, wide: bool = False) -> Console:
    """A console that reads no markup, such as `[red]`, and no `:smile:` in what it prints.

    With `wide`, lines have `PIPE_WIDTH` columns where it is no terminal and `COLUMNS` is not set.
    """
    made = Console(stderr=stderr, quiet=quiet, markup=False, emoji=False, highlight=False)
    if wide and not made.is_terminal and "COLUMNS" not in os.environ:
        made.width = PIPE_WIDTH
    return made


def show(terminal: Console, *parts: RenderableType) -> None:
    """Print text, and tables in parts that fit the width."""
    for part in parts:
        for piece in fitted(part, terminal.width) if isinstance(part, Table) else [part]:
            terminal.print(piece)


def warn(text: str) -> None:
    """Say something on stderr that changes no result."""
    console(stderr=True).print(f"warning: {text}", soft_wrap=True)


def warn_of_dynamic_products(workloads: WorkloadSet, *, model: str, quiet: bool = False) -> None:
    """Say on stderr which networks multiply activations, which only the reference model takes for
    products with weights."""
    if model != "reference" or quiet:
        return
    terminal = console(stderr=True)
    for workload in workloads.workloads:
        n = sum(workload.dynamic)
        if n:
            terminal.print(
                f"warning: {n} of {len(workload)} layers of {workload.name} multiply two "
                "activations; the paper's model treats one of them as resident weights",
                soft_wrap=True,
            )
