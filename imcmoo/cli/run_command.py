"""`imcmoo run STUDY`: one joint design, and all that led to it."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.progress import MofNCompleteColumn, TimeRemainingColumn

from imcmoo.cli import arguments, catalogue
from imcmoo.cli.arguments import option, whole
from imcmoo.cli.terminal import bars_with_state, console, counted, show, warn
from imcmoo.exact.enumeration import ExactAnswer
from imcmoo.exact.smallest_chip import nothing_feasible
from imcmoo.io.checksums import SUMS
from imcmoo.io.errors import InputError
from imcmoo.io.executor import imap_unordered
from imcmoo.io.files import name_os_errors, replacing
from imcmoo.io.locks import folder_lock
from imcmoo.io.machines import Workers, open_executor
from imcmoo.problem.criteria import MINIMAX, NAMED
from imcmoo.problem.score_range import text
from imcmoo.problem.scores import MM2_PER_M2
from imcmoo.report import terminal_tables
from imcmoo.report.figures import draw_figures
from imcmoo.report.labels import label
from imcmoo.search.ask_tell import TraceRow
from imcmoo.search.sampling import LimitsUnmet, NoFeasibleDesign
from imcmoo.study import provenance, result_tables
from imcmoo.study.enumerate_study import find_answer
from imcmoo.study.results import CONFIG, Results, RunFolder
from imcmoo.study.searches import OnTrace, Outcome, run_searches, search_models, search_names
from imcmoo.study.study import Study

DESCRIPTION = """
Search the designs of a study for all its networks at once and for each alone, select one
joint design, and write tables and figures to DIR/STUDY/seed-N. The same command gives the
same files. An earlier run in the same folder is replaced when the new one is complete.
"""

INTERRUPTED = "the same command with --resume continues"


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
               "continue a run that was killed; starts it if there is none, keeps it if complete"),
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
    study = arguments.study_of(args)
    run(
        [study.replace(seed=seed) for seed in args.seeds or study.seeds or [study.seed]],
        out=args.out or arguments.DEFAULT_OUT,
        resume=args.resume,
        quiet=args.quiet,
        workers=arguments.workers(args),
    )


def _list() -> None:
    terminal = console()
    for name, study in catalogue.studies().items():
        limit = (study.area_limit_m2 or 0) * MM2_PER_M2
        terminal.print(
            f"{name}: {study.space.size:,} designs of space {study.space.name}, "
            f"for {', '.join(study.names)}" + (f", at most {limit:g} mm²" if limit else ""),
            soft_wrap=True,
        )


Run = tuple[Study, RunFolder]

SECONDS_PER_DESIGN = 5e-4
"""Time of a search per design on one core, roughly, with the reference model; that of other models
depends on their designs."""


def run(
    studies: Sequence[Study], *, out: Path, resume: bool, quiet: bool, workers: Workers
) -> None:
    """Run studies that differ in their seed only.

    Args:
        studies: at least one.
        out: results go to `out`/study/seed-n.
        resume: continue what was killed and keep what is finished; else start over.
        quiet: print nothing.
        workers: processes, if there are several seeds, or who sends work to other machines.

    Raises:
        InputError: a folder is in use, holds another run and `resume` is set, or the exact answer
            among the results is damaged: nothing was done. Or no design of the study is feasible:
            its work is discarded.
        OSError: a folder cannot be written to.
    """
    terminal = console(quiet=quiet, wide=True)
    home = out / studies[0].name
    runs = [(s, RunFolder(home / f"seed-{s.seed}", provenance.config(s))) for s in studies]
    with ExitStack() as stack:
        # All at once and until the end: the summary is of these runs and no others.
        for _, folder in runs:
            stack.enter_context(folder_lock(folder.path))
            if resume:
                folder.check_resumable()
        answer = find_answer(studies[0], out, lambda line: None if quiet else warn(line))
        finished = [folder for _, folder in runs if resume and folder.is_finished()]
        for folder in finished:
            folder.discard_work()
            terminal.print(f"already finished: {folder.path}", soft_wrap=True)
        todo = [task for task in runs if task[1] not in finished]
        results: dict[Path, Results] = {}
        if todo:
            terminal.print(_announced(studies[0], len(todo)))
        if len(runs) == len(todo) == 1 and isinstance(workers, int):
            with progress(studies[0], quiet=quiet) as on_trace:
                results[todo[0][1].path] = run_one(todo[0], answer, resume, on_trace)
        elif todo:
            results = _run_all(todo, answer, resume=resume, quiet=quiet, workers=workers)
        if len(runs) > 1:
            of_runs = {s.seed: results.get(f.path) or Results.read(f.path) for s, f in runs}
            _summarise(studies[0], of_runs, answer, home / "seeds.csv", terminal)
        elif todo:
            _, folder = todo[0]
            _show(results.get(folder.path) or Results.read(folder.path), terminal)
            terminal.print("written:", *folder.files(), sep="\n  ", soft_wrap=True)


def _announced(study: Study, n_seeds: int) -> str:
    """Line with the searches of a run, and how long they take on one core if that is known."""
    n = n_seeds * len(search_names(study))
    known = study.model == "reference"
    time = f", about {n * study.budget * SECONDS_PER_DESIGN:.0f} s" if known else ""
    return (
        f"{study.name}: {n} searches of {study.budget:,} designs out of {study.space.size:,}{time}"
    )


@contextmanager
def progress(study: Study, *, quiet: bool) -> Iterator[OnTrace]:
    """Show one line per search; yields what the searches report to.

    `best` is the smallest score so far by the first criterion that guides the search.
    """
    columns = MofNCompleteColumn(), TimeRemainingColumn(compact=True)
    with bars_with_state(*columns, quiet=quiet) as shown:
        tasks = {
            name: shown.add_task(label(name), total=study.budget, state="waiting", start=False)
            for name in search_names(study)
        }

        def on_trace(name: str, row: TraceRow) -> None:
            best = text(row.best, ".3e")
            state = f"gen. {row.generation} {row.phase} · best {best} · front {row.front}"
            if shown.tasks[tasks[name]].start_time is None:
                shown.start_task(tasks[name])
            shown.update(tasks[name], completed=row.evaluations, state=state)

        yield on_trace


def run_one(
    task: Run,
    answer: ExactAnswer | None,
    resume: bool,
    on_trace: OnTrace = lambda name, row: None,
) -> Results:
    """Search, select, and write tables and figures.

    Raises:
        InputError: no design of the study is feasible.
    """
    study, folder = task
    models = search_models(study)
    with name_os_errors(folder.path):
        folder.begin(resume=resume)
        try:
            searches = run_searches(study, models, folder.checkpoint, on_trace)
            outcome = Outcome.of(study, searches, answer)
        except LimitsUnmet as error:
            folder.discard_work()
            raise InputError(str(error)) from None
        except NoFeasibleDesign:
            folder.discard_work()
            raise InputError(nothing_feasible(study.problem())) from None
        results = result_tables.results_of(outcome, answer, folder.path, folder.config)
        folder.write_results(results)
        draw_figures(results, folder.figures)
        folder.publish()
        return results


def _run_all(
    runs: Sequence[Run],
    answer: ExactAnswer | None,
    *,
    resume: bool,
    quiet: bool,
    workers: Workers,
) -> dict[Path, Results]:
    """Run several seeds side by side; returns the results of those run here, by their folder."""
    with (
        counted("seeds", len(runs), quiet=quiet) as advance,
        open_executor(workers, len(runs)) as executor,
    ):
        if isinstance(workers, int):
            local, results = partial(run_one, answer=answer, resume=resume), {}
            for index, result in imap_unordered(executor, local, runs):
                results[runs[index][1].path] = result
                advance()
            return results
        elsewhere = partial(_run_elsewhere, answer)
        studies = [study.with_absolute_paths() for study, _ in runs]
        for index, files in imap_unordered(executor, elsewhere, studies):
            _publish(files, runs[index][1])
            advance()
        return {}


def _run_elsewhere(answer: ExactAnswer | None, study: Study) -> dict[str, bytes]:
    """Run a study on a machine that may not see the folder; returns its files by path."""
    with TemporaryDirectory() as scratch:
        folder = RunFolder(Path(scratch), provenance.config(study))
        run_one((study, folder), answer, resume=False)
        made_anew = CONFIG, SUMS
        files = [p for p in folder.path.rglob("*") if p.is_file() and p.name not in made_anew]
        return {p.relative_to(folder.path).as_posix(): p.read_bytes() for p in files}


def _publish(files: Mapping[str, bytes], folder: RunFolder) -> None:
    """Put what a run left elsewhere into its folder."""
    folder.begin(resume=False)
    for name, content in files.items():
        folder.write(name, content)
    folder.publish()


def _show(results: Results, terminal: Console) -> None:
    selection, *others = terminal_tables.run_tables(
        results, results.explanations, width=terminal.width
    )
    show(terminal, selection)
    if results.design.get("caution"):
        terminal.print(results.design["caution"])
    show(terminal, *others)


def _summarise(
    study: Study,
    runs: Mapping[int, Results],
    answer: ExactAnswer | None,
    path: Path,
    terminal: Console,
) -> None:
    """A table over seeds, also as a CSV: the seeds of this command, no others."""
    frame = result_tables.seeds(study, runs, answer)
    with replacing(path) as temporary:
        frame.to_csv(temporary, index=False, lineterminator="\n")
    show(terminal, terminal_tables.seeds_table(frame, study))
    terminal.print(f"written:\n  {path}", soft_wrap=True)
