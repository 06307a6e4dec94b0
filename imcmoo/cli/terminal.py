"""Output of commands on the terminal: text, tables, warnings and progress."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.segment import Segment
from rich.table import Table

from imcmoo.display.rich_tables import fitted
from imcmoo.io.printable import printable
from imcmoo.networks.workloads import WorkloadSet

PIPE_WIDTH = 160
"""Columns of a line that does not go to a terminal."""


class _SafeConsole(Console):
    """Shows no character of a text that steers the terminal or cannot be seen."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Render an object to pieces of text."""
        for piece in super().render(renderable, options):
            yield piece if piece.control else piece._replace(text=printable(piece.text))


def console(*, stderr: bool = False, quiet: bool = False) -> Console:
    """A console that reads no markup, such as `[red]`, and no `:smile:` in what it prints.

    Lines have `PIPE_WIDTH` columns where it is no terminal and `COLUMNS` is not set.
    """
    made = _SafeConsole(stderr=stderr, quiet=quiet, markup=False, emoji=False, highlight=False)
    if not made.is_terminal and "COLUMNS" not in os.environ:
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
    for workload in workloads.workloads:
        if n := sum(workload.dynamic):
            warn(
                f"{n} of {len(workload)} layers of {workload.name} multiply two activations; the "
                "paper's model treats one of them as resident weights"
            )


REDRAW_S = 0.1
"""Shortest time between two drawings of the bars."""

TICK_S = 0.5
"""Time between two updates of work that cannot report."""

LINE_S = 10.0
"""Time between two lines of progress where there is no terminal."""


class Bars(Progress):
    """Bars that are drawn when they change, by no thread of their own, and go when they are done.

    A process with one thread can fork its workers (`imcmoo.io.processes`). Where there is no
    terminal, a line is printed every ten seconds instead.
    """

    def __init__(self, *columns: ProgressColumn, quiet: bool, **options: Any) -> None:
        terminal = console(stderr=True)
        shown = terminal.is_terminal
        self._lines = not shown and not quiet
        self._drawn = 0.0 if shown else time.monotonic()
        options |= {"auto_refresh": False, "transient": True, "disable": quiet or not shown}
        super().__init__(*columns, console=terminal, **options)

    def update(self, task_id: TaskID, *args: Any, **fields: Any) -> None:
        """Change a bar."""
        super().update(task_id, *args, **fields)
        self._draw()

    def advance(self, task_id: TaskID, advance: float = 1) -> None:
        """Move a bar on."""
        super().advance(task_id, advance)
        self._draw()

    def _draw(self) -> None:
        now = time.monotonic()
        if self._lines and now >= self._drawn + LINE_S:
            self._drawn = now
            for task in self.tasks:
                if (task.completed or task.total is None) and not task.finished:
                    self.console.print(_line(task), soft_wrap=True)
        elif not self.disable and (now > self._drawn + REDRAW_S or self.finished):
            self._drawn = now
            self.refresh()


def bars_with_state(*columns: ProgressColumn, quiet: bool) -> Bars:
    """Bars with further columns, of tasks that have a text `state`."""
    description = TextColumn("{task.description}", markup=False)
    state = TextColumn("{task.fields[state]}", markup=False)
    return Bars(description, BarColumn(bar_width=12), *columns, state, quiet=quiet)


def _line(task: Task) -> str:
    """Progress of a task: how much is done, and the remaining time if it is known."""
    state = f", {task.fields['state']}" if task.fields.get("state") else ""
    if not task.total:
        return f"{task.description}: {task.elapsed or 0:.0f} s{state}"
    before = task.fields.get("before", 0)  # of an earlier command
    new = task.completed - before
    left = remaining(task.elapsed or 0, new, task.total - before) if new else "an unknown time"
    done = f"{task.completed:,.0f} of {task.total:,.0f} ({task.percentage:.0f} %)"
    return f"{task.description}: {done}, about {left} left{state}"


def remaining(elapsed: float, completed: float, total: float) -> str:
    """Remaining time at the mean rate so far, of an elapsed time in seconds."""
    seconds = elapsed * (total - completed) / completed
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


@contextmanager
def counted(what: str, total: int, *, quiet: bool, done: int = 0) -> Iterator[Callable[..., None]]:
    """Show how many of some pieces of work are done; yields what to call after one piece, or n."""
    with Bars(quiet=quiet) as shown:
        task = shown.add_task(what, total=total, completed=done, before=done)
        yield lambda n=1: shown.advance(task, n)


@contextmanager
def timed(what: str, *, quiet: bool) -> Iterator[None]:
    """Show the elapsed time of work that cannot report. Uses a thread: do not fork inside."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
    done = threading.Event()
    with Bars(*columns, quiet=quiet) as shown:
        task = shown.add_task(what, total=None)

        def tick() -> None:
            while not done.wait(TICK_S):
                shown.advance(task)

        thread = threading.Thread(target=tick, daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
