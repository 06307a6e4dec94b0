"""Run a study: search, select a design, and write tables and figures to a folder.

In Python call `Study.run`; the command line calls `run_studies`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from imcmoo.answers import provenance, result_tables
from imcmoo.answers.answer import Answer, select
from imcmoo.answers.answers import Answers, check_replaceable, comparison_folder, least_edap
from imcmoo.answers.folder import RunFolder
from imcmoo.answers.provenance import SEARCHED
from imcmoo.answers.results import CONFIG, Results
from imcmoo.ask.widen import Solver
from imcmoo.exact.certificate import BEST_FOUND, EXACT
from imcmoo.exact.enumeration import ExactAnswer
from imcmoo.io.checksums import SUMS
from imcmoo.io.errors import Infeasible, InputError
from imcmoo.io.executor import imap_unordered
from imcmoo.io.files import name_os_errors, replacing
from imcmoo.io.locks import folder_lock
from imcmoo.io.machines import Workers, open_executor
from imcmoo.report.finished_run import Run
from imcmoo.solve.enumerate import find_answer
from imcmoo.solve.searches import OnTrace
from imcmoo.solve.together import confirmed_outcome
from imcmoo.study.devices import StudyOfDevices
from imcmoo.study.study import BUDGET, Study

Made = TypeVar("Made")


class Observer:
    """Receives events of runs; subclass it to show progress. By default it only warns.

    Args:
        on_trace: called after each generation with the name and the state of the search.
    """

    def __init__(self, on_trace: OnTrace = lambda search, row: None) -> None:
        self.on_trace = on_trace

    def warned(self, text: str) -> None:
        """Called with a warning that changes no result."""
        warnings.warn(text, stacklevel=2)

    def already_finished(self, folder: Path) -> None:
        """Called when the run to resume is complete."""

    def begun(self, study: Study, n_runs: int, *, side_by_side: bool) -> None:
        """Called before the runs; `side_by_side` if several run in other processes."""

    def run_done(self) -> None:
        """Called when one of several runs is complete."""

    def finished(self, run: Run, files: Sequence[Path]) -> None:
        """Called when the only run is complete and its folder is still locked."""

    def compared(self, study: Study, seeds: pd.DataFrame, path: Path) -> None:
        """Called when several runs are complete and their table is written to `path`."""


Task = tuple[Study, RunFolder]


def run_study(
    study: Study,
    out: Path,
    *,
    resume: bool = False,
    force: bool = False,
    progress: OnTrace | None = None,
) -> Run:
    """Run a study with its first seed; see `Study.run`."""
    observer = Observer() if progress is None else Observer(progress)
    (run,) = run_studies([study], out, resume=resume, force=force, observer=observer)
    return run


def run_studies(
    studies: Sequence[Study],
    out: Path,
    *,
    resume: bool = False,
    force: bool = False,
    workers: Workers = 1,
    observer: Observer | None = None,
    some_infeasible: bool = False,
) -> list[Run]:
    """Run studies that differ only in their seed.

    Args:
        studies: one or more studies.
        out: results are written to OUT/STUDY/seed-N.
        resume: continue interrupted runs and keep complete ones. If False, replace them.
        force: also replace runs of a different study with the same name.
        workers: number of processes for several seeds, or a pool of other machines.
        observer: receives the events. If None, only warnings are shown.
        some_infeasible: leave out seeds that find no feasible design, with a warning, unless no
            seed finds one. If False, one such seed is an error.

    Returns:
        The runs, in the order of `studies`.

    Raises:
        InputError: a folder is in use or holds another run, the budget exceeds the number of
            designs, or the stored exact answer is damaged: nothing is done.
        Infeasible: a run finds no feasible design; its work is discarded.
        OSError: a folder cannot be written to.
    """
    observer = observer or Observer()
    _check_budget(studies[0])
    home = out / studies[0].name
    tasks = [(s, RunFolder(home / f"seed-{s.seed}", provenance.run_config(s))) for s in studies]
    with ExitStack() as stack:
        # All folders stay locked, so that the summary is of these runs.
        for _, folder in tasks:
            stack.enter_context(_locked(folder, resume=resume, force=force))
        answer = find_answer(studies[0], out, observer.warned)
        todo = _without_finished(tasks, observer) if resume else tasks
        results: dict[Path, Results] = {}
        lacking: dict[Path, Infeasible] = {}
        in_process = len(tasks) == len(todo) == 1 and isinstance(workers, int)
        if todo:
            observer.begun(studies[0], len(todo), side_by_side=not in_process)
        if in_process:
            results[todo[0][1].path] = run_one(todo[0], answer, resume, observer.on_trace)
        elif todo:
            several = partial(_run_all, resume=resume, workers=workers, on_done=observer.run_done)
            results, lacking = several(todo, answer, some_infeasible=some_infeasible)
        runs = _runs(tasks, results, lacking, observer)
        if len(tasks) > 1:
            _compare(runs, answer, home / "seeds.csv", observer)
        if len(tasks) == 1 and todo:
            observer.finished(runs[0], todo[0][1].files())
    return runs


def _runs(
    tasks: Sequence[Task],
    results: Mapping[Path, Results],
    lacking: Mapping[Path, Infeasible],
    observer: Observer,
) -> list[Run]:
    """The runs with a feasible design; warns of the others, unless no run has one."""
    if len(lacking) == len(tasks):
        raise next(iter(lacking.values()))
    for path, why in lacking.items():
        observer.warned(f"{path}: {why}")
    return [
        Run(folder.path, study, results.get(folder.path))
        for study, folder in tasks
        if folder.path not in lacking
    ]


@contextmanager
def _locked(folder: RunFolder, *, resume: bool, force: bool) -> Iterator[None]:
    """Lock the folder of a run; refuse one whose run must not be continued or replaced."""
    with folder_lock(folder.path):
        if resume:
            folder.check_resumable()
        elif not force:
            folder.check_replaceable()
        yield


def _without_finished(tasks: Sequence[Task], observer: Observer) -> list[Task]:
    """Tasks whose runs are not complete; work files of complete ones are removed."""
    finished = [folder for _, folder in tasks if folder.is_finished()]
    for folder in finished:
        folder.discard_work()
        observer.already_finished(folder.path)
    return [task for task in tasks if task[1] not in finished]


def run_devices(
    study: StudyOfDevices,
    out: Path,
    *,
    seeds: Sequence[int],
    force: bool = False,
    **options: Any,
) -> Answers:
    """Run the study of each device, and compare the best chips that its seeds find, if any.

    Args:
        study: the study that lists devices.
        out: results are written to OUT/STUDY/DEVICE/seed-N and OUT/STUDY/comparison.
        seeds: one or more.
        force: replace runs and a comparison with the same name but other settings.
        options: `resume`, `workers` and `observer` of `run_studies`.

    Raises:
        InputError: no device has a feasible chip, or the comparison in the folder is of another
            study; also see `run_studies`.
    """
    options |= {"force": force}
    for one in study.studies:
        _check_budget(one)
    folder = comparison_folder(study, out)
    runs: dict[str, list[Run]] = {}
    lacking: dict[str, Infeasible] = {}
    with folder_lock(folder):
        if not force:
            check_replaceable(study, folder)
        for device, one in zip(study.devices, study.studies, strict=True):
            several = [one.replace(seeds=seed) for seed in seeds]
            try:
                runs[device] = run_studies(several, out, some_infeasible=True, **options)
            except Infeasible as error:
                lacking[device] = error
        compared = _compare_devices(study, runs, lacking)
        compared.save(folder)
        return compared


def _compare_devices(
    study: StudyOfDevices,
    runs: Mapping[str, Sequence[Run]],
    lacking: Mapping[str, Infeasible],
) -> Answers:
    """The best chip of each device by all its runs; regrets are against the best of all devices."""
    first = study.studies[0]
    results = [run.results for several in runs.values() for run in several]
    is_regret = first.resolved_criterion.is_regret
    reference = least_edap([r.reference_edap for r in results]) if is_regret else None
    exact = all(r.regret_reference == EXACT for r in results) and not lacking
    best = []
    for device, one in zip(study.devices, study.studies, strict=True):
        if device in lacking:
            best.append(Answer.without_chip(one, lacking[device]))
            continue
        names = one.space.names
        fronts = [{n: run.front[n].to_numpy() for n in names} for run in runs[device]]
        designs = np.concatenate([one.space.encode(front) for front in fronts])
        best.append(select(one, designs, reference, how=SEARCHED, evidence=runs[device]))
    against = (EXACT if exact else BEST_FOUND) if is_regret else ""
    return Answers(study.name, tuple(best), first.score_name, against)


def _check_budget(study: Study) -> None:
    """Refuse a budget above the number of designs, unless it is the default."""
    if study.budget > max(study.space.size, BUDGET):
        raise InputError(
            f"a budget of {study.budget:,} is above the {study.space.size:,} designs of the space: "
            f"`imcmoo enumerate {study.file or study.name}` evaluates them all"
        )


def run_one(
    task: Task,
    answer: ExactAnswer | None,
    resume: bool,
    on_trace: OnTrace = lambda name, row: None,
) -> Results:
    """Search, select, and write tables and figures; returns what was written.

    Raises:
        Infeasible: no design of the study is feasible.
    """
    # Imported on first use: other commands start sooner without Matplotlib.
    from imcmoo.report.figures import draw_figures

    study, folder = task
    with name_os_errors(folder.path):
        folder.begin(resume=resume)
        try:
            outcome = confirmed_outcome(study, folder.checkpoint, on_trace, answer)
        except Infeasible:
            folder.discard_work()
            raise
        results = result_tables.make_results(outcome, folder.path, folder.config)
        folder.write_results(results)
        draw_figures(results, folder.figures)
        folder.publish()
        return results


def _run_all(
    tasks: Sequence[Task],
    answer: ExactAnswer | None,
    *,
    resume: bool,
    workers: Workers,
    some_infeasible: bool,
    on_done: Callable[[], None],
) -> tuple[dict[Path, Results], dict[Path, Infeasible]]:
    """Run several seeds side by side; returns, by folder, the results of runs on this machine and
    the errors of runs without a feasible design."""
    results: dict[Path, Results] = {}
    lacking: dict[Path, Infeasible] = {}
    run: Callable[[Any], Results | dict[str, bytes]] = partial(
        run_one, answer=answer, resume=resume
    )
    sent: Sequence[object] = tasks
    if not isinstance(workers, int):
        run, sent = partial(_run_elsewhere, answer), [s.with_absolute_paths() for s, _ in tasks]
    attempt = partial(_or_infeasible, run) if some_infeasible else run
    with open_executor(workers, len(tasks)) as executor:
        for index, done in imap_unordered(executor, attempt, sent):
            folder = tasks[index][1]
            if isinstance(done, Infeasible):
                lacking[folder.path] = done
            elif isinstance(done, Results):
                results[folder.path] = done
            else:
                _publish(done, folder)
            on_done()
    return results, lacking


def _or_infeasible(run: Callable[[Any], Made], task: object) -> Made | Infeasible:
    """Result of a run, or its error that no design is feasible, so that other runs go on."""
    try:
        return run(task)
    except Infeasible as error:
        return error


def _run_elsewhere(answer: ExactAnswer | None, study: Study) -> dict[str, bytes]:
    """Run a study on a machine that may not see the folder; returns its files by path."""
    with TemporaryDirectory() as scratch:
        folder = RunFolder(Path(scratch), provenance.run_config(study))
        run_one((study, folder), answer, resume=False)
        made_anew = CONFIG, SUMS
        files = [p for p in folder.path.rglob("*") if p.is_file() and p.name not in made_anew]
        return {p.relative_to(folder.path).as_posix(): p.read_bytes() for p in files}


def _publish(files: Mapping[str, bytes], folder: RunFolder) -> None:
    """Write the files of a remote run into its folder."""
    folder.begin(resume=False)
    for name, content in files.items():
        folder.write(name, content)
    folder.publish()


def _compare(
    runs: Sequence[Run], answer: ExactAnswer | None, path: Path, observer: Observer
) -> None:
    """Write the table of the seeds of these runs."""
    study = runs[0].study
    frame = result_tables.seeds(study, {run.study.seed: run.results for run in runs}, answer)
    with replacing(path) as temporary:
        frame.to_csv(temporary, index=False, lineterminator="\n")
    observer.compared(study, frame, path)


def searched(study: Study, out: Path, *, force: bool, **options: Any) -> Answer:
    """The answer of a run of a study; writes the run.

    Args:
        study: the study.
        out: folder of all results.
        force: replace the run of a different study of this name.
        options: see `run_studies`.
    """
    (run,) = run_studies([study], out, force=force, **options)
    return answer_from_run(study, run)


def answer_from_run(study: Study, run: Run) -> Answer:
    """The answer of a run."""
    row = run.design.iloc[0].to_dict()
    levels = study.space.levels_of({name: row[name] for name in study.space.names})
    return Answer(study, SEARCHED, levels, score=run.explain().score, evidence=run)


def runs_folder(study: Study, out: Path) -> Path:
    """Folder of the runs of a study."""
    return out / study.name


SOLVER = Solver(searched, runs_folder)
"""Solver of `Study.widen` by runs."""
