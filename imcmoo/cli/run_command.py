"""`imcmoo run STUDY`: one joint design, and all that led to it."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Self

import pandas as pd
from rich.console import Console
from rich.progress import MofNCompleteColumn, TimeRemainingColumn

from imcmoo.answers.answers import Answers, comparison_folder
from imcmoo.answers.results import Results
from imcmoo.cli import arguments
from imcmoo.cli.arguments import option, whole
from imcmoo.cli.comparison import show_comparison
from imcmoo.cli.terminal import (
    bars_with_state,
    console,
    counted,
    show,
    warn,
)
from imcmoo.cli.widening import widen_and_show, widen_devices_and_show
from imcmoo.display.labels import label
from imcmoo.io.errors import InputError
from imcmoo.io.units import MM2_PER_M2
from imcmoo.problem.criteria import MINIMAX, NAMED
from imcmoo.record.trace import TraceRow
from imcmoo.report import terminal_tables
from imcmoo.report.answer_card import AnswerCard
from imcmoo.report.finished_run import Run
from imcmoo.run import Observer, answer_from_run, run_devices, run_studies, runs_folder, searched
from imcmoo.solve.searches import OnTrace, search_names
from imcmoo.study import catalogue
from imcmoo.study.devices import StudyOfDevices
from imcmoo.study.study import Study

DESCRIPTION = """
Search the designs of a study for all its networks at once and for each alone, select one
joint design, and write tables and figures to DIR/STUDY/seed-N. The same command gives the
same files. An earlier run in the same folder is replaced when the new one is complete. A study that
lists devices is run for each, in DIR/STUDY/DEVICE/seed-N, and compared in DIR/STUDY/comparison.
"""

INTERRUPTED = "the same command with --resume continues, or begins if nothing was stored yet"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    arguments.add_study(parser, optional=True)
    arguments.add(parser, option("--list", bool, "list the studies and stop"))
    arguments.add(
        parser.add_mutually_exclusive_group(),
        option("--seed N", lambda seed: [whole(0)(seed)], "1 by default", dest="seeds"),
        option("--seeds LIST", arguments.seeds, "several, such as 1-10 or 1,2,5"),
    )
    arguments.add(
        parser,
        arguments.results("STUDY/seed-N"),
        option("--resume", bool,
               "continue a run that was killed, or extend one to a larger --budget; starts it if "
               "there is none, keeps it if complete"),
        option("--force", bool, "replace runs of another study of this name, or of other settings"),
        arguments.WIDEN,
        option("--all", bool, "also print the designs of all criteria, of the single networks, and "
               "the files", dest="tables"),
        arguments.QUIET,
    )  # fmt: skip
    arguments.add(
        parser.add_argument_group("search"),
        option("--budget N", whole(1),
               "unique designs evaluated by each search (default: the study's, 3300)"),
        option("--criterion NAME", str,
               f"criterion that selects the design: {', '.join(NAMED)}, or module:name of one of "
               f"your own (default: the study's, {MINIMAX}); all are reported"),
        option("--no-baselines", bool, "skip the searches for single networks"),
        option("--algorithm MODULE:NAME", str,
               "algorithm of pymoo that searches instead, its class, or a function that makes one"),
    )  # fmt: skip
    arguments.add_settings(parser)
    arguments.add_workers(parser)


def main(args: argparse.Namespace) -> None:
    """Run what a command line asks for."""
    if args.list:
        _list()
        return
    if args.study is None:
        raise InputError(f"which study? known: {', '.join(catalogue.names())}")
    study = arguments.requested_study(args)
    workers = arguments.workers(args)
    out = args.out or arguments.DEFAULT_OUT
    seeds = args.seeds or study.studies[0].seeds
    if args.widen:
        arguments.check_widens(study)
        if len(seeds) > 1:
            raise InputError("--widen takes one seed: its rounds follow the best design of one run")
    with Shown(quiet=args.quiet, tables=args.tables) as observer:
        options = {
            "resume": args.resume,
            "force": args.force,
            "workers": workers,
            "observer": observer,
        }
        if isinstance(study, StudyOfDevices):
            compared = run_devices(study, out, seeds=seeds, **options)
        else:
            (run, *_) = run_studies([study.replace(seeds=seed) for seed in seeds], out, **options)
            if args.widen:
                _widen(run, out, observer, options)
            return
    show_comparison(console(quiet=args.quiet), compared, comparison_folder(study, out), out)
    if args.widen:
        _widen_devices(compared, out, options)


def _widen(run: Run, out: Path, observer: Shown, options: Mapping[str, object]) -> None:
    """Widen the study of a run, run each widened one, and print the card of the last."""
    observer.is_round = True
    solve = partial(searched, out=out, observer=observer, workers=options["workers"])
    folder, force = partial(runs_folder, out=out), bool(options["force"])
    terminal = observer.terminal
    widening = widen_and_show(
        terminal, run.study, answer_from_run(run.study, run), solve, folder, force=force
    )
    if widening.steps:
        best: Run = widening.best.evidence
        observer.show(best, best.card.after_widening(widening.left), [])


def _widen_devices(compared: Answers, out: Path, options: Mapping[str, Any]) -> None:
    """Widen the study of each device, and run each widened one."""
    observer: Shown = options["observer"]
    solve = partial(searched, out=out, workers=options["workers"])
    folder, force = partial(runs_folder, out=out), bool(options["force"])
    widen_devices_and_show(observer.terminal, compared, solve, folder, force=force)


def _list() -> None:
    terminal = console()
    listed = [(n, one) for n, study in catalogue.studies().items() for one in study.studies]
    for name, study in listed:
        limit = (study.area_limit_m2 or 0) * MM2_PER_M2
        terminal.print(
            f"{name}: {study.space.size:,} designs of space {study.space.name}, "
            f"for {', '.join(study.names)}" + (f", at most {limit:g} mm²" if limit else ""),
            soft_wrap=True,
        )


SECONDS_PER_DESIGN = 5e-4
"""Time of a search per design on one core, roughly, with the reference model; that of other models
depends on their designs."""


class Shown(Observer):
    """Shows runs on the terminal, with bars of progress until it is closed.

    Args:
        quiet: print nothing.
        tables: print the tables of a run below its card.

    Set `is_round` for runs of which only the bars are shown.
    """

    def __init__(self, *, quiet: bool, tables: bool = False) -> None:
        super().__init__()
        self._quiet, self._tables = quiet, tables
        self.terminal = console(quiet=quiet)
        self._bars = ExitStack()
        self._advance: Callable[[], None] = lambda: None
        self.is_round = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._bars.close()

    def warned(self, text: str) -> None:
        """Print a warning."""
        if not self._quiet:
            warn(text)

    def already_finished(self, folder: Path) -> None:
        """Print the folder."""
        self.terminal.print(f"already finished: {folder}", soft_wrap=True)

    def begun(self, study: Study, n_runs: int, *, side_by_side: bool) -> None:
        """Print what is searched, and show bars."""
        self._bars.close()  # those of another device, if its study ended by an error
        if not self.is_round:
            self.terminal.print(_announced(study, n_runs))
        if side_by_side:
            self._advance = self._bars.enter_context(counted("seeds", n_runs, quiet=self._quiet))
        else:
            self.on_trace = self._bars.enter_context(progress(study, quiet=self._quiet))

    def run_done(self) -> None:
        """Move the bar of the seeds."""
        self._advance()

    def finished(self, run: Run, files: Sequence[Path]) -> None:
        """Print the card of a run, unless it is a round of widening."""
        self._bars.close()
        if not self.is_round:
            self.show(run, run.card, files)

    def show(self, run: Run, card: AnswerCard, files: Sequence[Path]) -> None:
        """Print a card of a run; with `tables`, its tables and files."""
        self._bars.close()
        self.terminal.print(card.text(self.terminal.width), soft_wrap=True)
        if self._tables:
            _show_tables(run.results, self.terminal)
            self.terminal.print("written:", *files, sep="\n  ", soft_wrap=True)
        else:
            self.terminal.print(f"written: {run.folder}", soft_wrap=True)

    def compared(self, study: Study, seeds: pd.DataFrame, path: Path) -> None:
        """Print the table of the seeds."""
        self._bars.close()
        show(self.terminal, terminal_tables.seeds_table(seeds, study))
        self.terminal.print(f"written:\n  {path}", soft_wrap=True)


def _announced(study: Study, n_seeds: int) -> str:
    """Line with the searches of a run, and how long they take on one core if that is known."""
    n = n_seeds * len(search_names(study))
    is_timed = study.model == "reference"
    budget = min(study.budget, study.space.size)
    time = f", about {n * budget * SECONDS_PER_DESIGN:.0f} s" if is_timed else ""
    searches = "1 search" if n == 1 else f"{n} searches"
    return f"{study.name}: {searches} of {budget:,} designs out of {study.space.size:,}{time}"


@contextmanager
def progress(study: Study, *, quiet: bool) -> Iterator[OnTrace]:
    """Show one line per search; yields what the searches report to.

    `best` is the smallest score so far by the first criterion that guides the search.
    """
    columns = MofNCompleteColumn(), TimeRemainingColumn(compact=True)
    with bars_with_state(*columns, quiet=quiet) as shown:
        tasks = {
            name: shown.add_task(
                label(name), total=min(study.budget, study.space.size), state="waiting", start=False
            )
            for name in search_names(study)
        }

        def on_trace(name: str, row: TraceRow) -> None:
            state = f"gen. {row.generation} · best {row.best:.3e} · front {row.front}"
            if shown.tasks[tasks[name]].start_time is None:
                shown.start_task(tasks[name])
            shown.update(tasks[name], completed=row.evaluations, state=state)

        yield on_trace


def _show_tables(results: Results, terminal: Console) -> None:
    """Print the designs of all criteria, requests, accuracy and baselines."""
    show(
        terminal,
        *terminal_tables.run_tables(results, results.explanations, width=terminal.width),
    )
