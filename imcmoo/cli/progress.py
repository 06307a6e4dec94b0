"""Progress of a run on the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from imcmoo.report.labels import label
from imcmoo.search.algorithm import TraceRow
from imcmoo.study.pipeline import OnTrace, searches
from imcmoo.study.study import Study


@contextmanager
def progress(study: Study, *, quiet: bool) -> Iterator[OnTrace]:
    """Show one line per search; yields what the searches report to.

    EDAP is the best so far of the worst workload, in J·s·mm².
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=12),
        MofNCompleteColumn(),
        TextColumn("{task.fields[state]}"),
    )
    with Progress(*columns, console=Console(stderr=True), disable=quiet) as bars:
        tasks = {
            name: bars.add_task(label(name), total=study.budget, state="waiting")
            for name in searches(study)
        }

        def on_trace(name: str, row: TraceRow) -> None:
            state = (
                f"gen. {row.generation} {row.phase} · "
                f"EDAP {row.best_edap_max:.3e} · front {row.front}"
            )
            bars.update(tasks[name], completed=row.evaluations, state=state)

        yield on_trace
