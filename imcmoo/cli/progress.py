"""Progress on the terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TextColumn,
)

from imcmoo.cli.terminal import console
from imcmoo.problem.score_range import text
from imcmoo.report.labels import label
from imcmoo.search.ask_tell import TraceRow
from imcmoo.study.searches import OnTrace, names
from imcmoo.study.study import Study

REDRAW_S = 0.1
"""Shortest time between two drawings of the bars."""


class Bars(Progress):
    """Bars that are drawn when they change, by no thread of their own.

    A process with one thread can fork its workers (`imcmoo.io.processes`).
    """

    def __init__(self, *columns: ProgressColumn, **options: Any) -> None:
        self._drawn = 0.0
        super().__init__(*columns, auto_refresh=False, **options)

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
        if now > self._drawn + REDRAW_S or self.finished:
            self._drawn = now
            self.refresh()


@contextmanager
def bars(*columns: ProgressColumn, quiet: bool) -> Iterator[Progress]:
    """Bars that go when they are done, on a terminal only.

    Args:
        columns: those of rich by default.
        quiet: show nothing.
    """
    terminal = console(stderr=True)
    hidden = quiet or not terminal.is_terminal
    with Bars(*columns, console=terminal, transient=True, disable=hidden) as shown:
        yield shown


@contextmanager
def progress(study: Study, *, quiet: bool) -> Iterator[OnTrace]:
    """Show one line per search; yields what the searches report to.

    `best` is the smallest score so far by the first criterion that guides the search.
    """
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=12),
        MofNCompleteColumn(),
        TextColumn("{task.fields[state]}"),
    )
    with Bars(*columns, console=console(stderr=True), disable=quiet) as shown:
        tasks = {
            name: shown.add_task(label(name), total=study.budget, state="waiting")
            for name in names(study)
        }

        def on_trace(name: str, row: TraceRow) -> None:
            best = text(row.best, ".3e")
            state = f"gen. {row.generation} {row.phase} · best {best} · front {row.front}"
            shown.update(tasks[name], completed=row.evaluations, state=state)

        yield on_trace


@contextmanager
def counted(what: str, total: int, *, quiet: bool, done: int = 0) -> Iterator[Callable[[], None]]:
    """Show how many of some pieces of work are done; yields what to call after each."""
    with bars(quiet=quiet) as shown:
        task = shown.add_task(what, total=total, completed=done)
        yield lambda: shown.advance(task)
