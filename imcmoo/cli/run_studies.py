"""What one command line does: run studies one after the other, and say what came out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from imcmoo.cli.progress import progress
from imcmoo.exact.enumeration import Exact
from imcmoo.io.errors import InputError
from imcmoo.io.files import replacing
from imcmoo.report import terminal_tables as tables
from imcmoo.report.run_figures import draw_figures
from imcmoo.search.sampling import NoFeasibleDesign
from imcmoo.study import result_tables as report
from imcmoo.study.exact_comparison import find_answer
from imcmoo.study.pipeline import Outcome, run_study
from imcmoo.study.results_folder import FIGURES, RunFolder
from imcmoo.study.study import Study

PIPE_WIDTH = 160
"""Columns of a table that does not go to a terminal."""


def run(studies: Sequence[Study], *, out: Path, resume: bool, quiet: bool) -> None:
    """Run studies that differ in their seed only.

    Args:
        studies: at least one.
        out: results go to `out`/problem/seed-n.
        resume: continue what was killed and keep what is finished; else start over.
        quiet: print nothing.

    Raises:
        InputError: a folder holds another run and `resume` is set, or the exact answer among the
            results is of another cost model; nothing was done.
        OSError: a folder cannot be written to.
    """
    console = Console(quiet=quiet)
    if not console.is_terminal:
        console.width = PIPE_WIDTH
    home = out / studies[0].problem
    folders = {s.seed: RunFolder(home / f"seed-{s.seed}", s.config()) for s in studies}
    if resume:
        for folder in folders.values():
            folder.check_resumable()
    answer = find_answer(studies[0], out)
    for study in studies:
        folder = folders[study.seed]
        if resume and folder.is_finished():
            folder.tidy()
            console.print(f"already finished: {folder.path}", highlight=False, soft_wrap=True)
            continue
        outcome, written = _run_one(study, folder, answer, resume=resume, quiet=quiet)
        if len(studies) == 1:
            _show(outcome, answer, console)
        console.print("written:", *written, sep="\n  ", highlight=False, soft_wrap=True)
    if len(studies) > 1:
        _summarise(studies, {seed: f.path for seed, f in folders.items()}, home, console)


def _run_one(
    study: Study, folder: RunFolder, answer: Exact | None, *, resume: bool, quiet: bool
) -> tuple[Outcome, list[Path]]:
    folder.begin(resume=resume)
    try:
        with progress(study, quiet=quiet) as on_trace:
            outcome = run_study(study, folder, on_trace)
    except NoFeasibleDesign as error:
        folder.tidy()
        raise InputError(str(error)) from None
    report.write_tables(outcome, folder.staging, answer)
    draw_figures(outcome, folder.staging / FIGURES)
    return outcome, folder.publish()


def _show(outcome: Outcome, answer: Exact | None, console: Console) -> None:
    console.print(tables.selection_table(outcome))
    if outcome.baselines:
        console.print(tables.baseline_table(outcome))
    if answer:
        console.print(tables.regret_table(outcome, answer))


def _summarise(
    studies: Sequence[Study], folders: dict[int, Path], home: Path, console: Console
) -> None:
    """A table over seeds, also as `seeds.csv`: the seeds of this command, no others."""
    frame = report.seeds(folders)
    path = home / "seeds.csv"
    with replacing(path) as temporary:
        frame.to_csv(temporary, index=False, lineterminator="\n")
    study = studies[0]
    console.print(tables.seeds_table(frame, problem=study.problem, criterion=study.criterion))
    console.print(f"written:\n  {path}", highlight=False, soft_wrap=True)
