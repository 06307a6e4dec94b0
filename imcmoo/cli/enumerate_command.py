"""`imcmoo enumerate`: the exact answer of a study, by evaluating all its designs."""

from __future__ import annotations

import argparse
import time
from functools import partial
from pathlib import Path

from rich.console import Console

from imcmoo.answers.answer import Answer, answer_from_enumeration
from imcmoo.answers.answers import Answers, comparison_folder
from imcmoo.answers.robust_folder import robust_note
from imcmoo.ask.widen import Solve, enumerated
from imcmoo.cli import arguments
from imcmoo.cli.comparison import show_comparison
from imcmoo.cli.terminal import Bars, console
from imcmoo.cli.widening import widen_and_show, widen_devices_and_show
from imcmoo.display.labels import label
from imcmoo.display.limits import GENERIC, SNR
from imcmoo.display.units import on_screen
from imcmoo.exact.answer import optima_table
from imcmoo.exact.enumeration import ExactAnswer
from imcmoo.io.errors import InputError
from imcmoo.problem.criteria import EDAP_UNIT, NAMED, SINGLE_NETWORK
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.report.answer_card import card_of_answer
from imcmoo.solve.devices import enumerate_devices
from imcmoo.solve.enumerate import enumerate_to, enumeration_folder
from imcmoo.study import catalogue
from imcmoo.study.devices import StudyOfDevices
from imcmoo.study.study import Study

DESCRIPTION = """
Evaluate every design of a study and write the exact optima (optima.csv) and Pareto front
(front.csv) to DIR/enumerated/STUDY, with all files of a run. Runs of the study with the same --out
then report their regret. The same command continues an interrupted one. A study that lists devices
is enumerated for each, in DIR/enumerated/STUDY/DEVICE, and compared in
DIR/enumerated/STUDY/comparison.
"""

INTERRUPTED = "the same command continues"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    arguments.add_study(parser)
    criterion = "answer a criterion of your own as well"
    arguments.add(
        parser,
        arguments.results("enumerated/STUDY"),
        arguments.option("--criterion MODULE:NAME", str, criterion),
        arguments.option("--force", bool, "replace the answer of another study of this name"),
        arguments.option("--all", bool, "print the optima of all criteria", dest="optima"),
        arguments.WIDEN,
        arguments.QUIET,
    )
    arguments.add_settings(parser)
    arguments.add_workers(parser)


def main(args: argparse.Namespace) -> None:
    """Enumerate a study."""
    began = time.perf_counter()
    ordinary = catalogue.find(args.study)
    if args.out is None and arguments.with_options(ordinary, args) != ordinary:
        raise InputError("--out is required when settings differ from the study")
    study = arguments.requested_study(args, ordinary)
    if args.widen:
        arguments.check_widens(study)
    workers = arguments.workers(args)
    out = args.out or arguments.DEFAULT_OUT
    terminal = console(quiet=args.quiet)
    with Bars(quiet=args.quiet) as progress:
        for one in study.studies:
            terminal.print(f"{one.name}: {one.space.size:,} designs")
        screening = progress.add_task("screening", total=None)
        tasks = {one.name: progress.add_task(one.name, total=None) for one in study.studies}

        def on_progress(one: Study, done: int, total: int) -> None:
            progress.update(tasks[one.name], completed=done, total=total)

        options = {
            "force": args.force,
            "workers": workers,
            "on_screened": lambda n, total: progress.update(screening, completed=n, total=total),
            "on_estimate": lambda seconds: terminal.print(_to_go(seconds)),
        }
        if isinstance(study, StudyOfDevices):
            compared = enumerate_devices(study, out, on_progress=on_progress, **options)
        else:
            answer = enumerate_to(study, out, on_progress=partial(on_progress, study), **options)
            seconds = time.perf_counter() - began
    if isinstance(study, StudyOfDevices):
        _show_devices(terminal, compared, comparison_folder(study, out / "enumerated"), out, args)
    else:
        _show(terminal, study, answer, seconds, out, optima=args.optima)
        if args.widen:
            study = _widened(terminal, study, answer, out, args)
        terminal.print(f"written: {enumeration_folder(study, out)}", soft_wrap=True)


def _show_devices(
    terminal: Console, compared: Answers, folder: Path, out: Path, args: argparse.Namespace
) -> None:
    """Print the comparison of devices, and widen each if asked."""
    show_comparison(terminal, compared, folder, out)
    if args.widen:
        each = partial(enumeration_folder, out=out)
        widen_devices_and_show(terminal, compared, _solver(out, args), each, force=args.force)


def _widened(
    terminal: Console, study: Study, answer: ExactAnswer, out: Path, args: argparse.Namespace
) -> Study:
    """Widen an enumerated study and show the last answer; returns the last study."""
    first, folder = answer_from_enumeration(study, answer), partial(enumeration_folder, out=out)
    solve = _solver(out, args)
    widening = widen_and_show(terminal, study, first, solve, folder, force=args.force)
    if widening.steps:
        card = card_of_answer(widening.study, widening.best.evidence)
        card = card.after_widening(widening.left)
        terminal.print(card.text(terminal.width), soft_wrap=True)
    return widening.study


def _solver(out: Path, args: argparse.Namespace) -> Solve:
    """Enumerates the widened studies of a command line."""

    def solve(wider: Study, *, force: bool) -> Answer:
        with Bars(quiet=args.quiet) as progress:
            task = progress.add_task(wider.name, total=None)
            return enumerated(
                wider,
                out,
                force=force,
                workers=arguments.workers(args),
                on_progress=lambda n, total: progress.update(task, completed=n, total=total),
            )

    return solve


def _to_go(seconds: float) -> str:
    if seconds < 120:
        return f"about {seconds:.0f} s to go"
    return f"about {seconds / 60:.0f} min to go"


def _show(
    terminal: Console, study: Study, answer: ExactAnswer, seconds: float, out: Path, *, optima: bool
) -> None:
    terminal.print(
        f"{study.space.size:,} designs, {answer.n_feasible:,} feasible, "
        f"{len(answer.front):,} points on the front, {seconds:.1f} s",
    )
    problem, score_name = study.problem(), study.score_name
    if score_name in answer.optima:  # a criterion that compares candidates has no optimum
        card = card_of_answer(study, answer)
        (design,) = study.space.designs(study.space.unrank(answer.optima[score_name].ranks[:1]))
        card = card.with_robustness(robust_note(study, design, out))
        terminal.print(card.text(terminal.width), soft_wrap=True)
    if score_name in answer.optima and not optima:
        return
    for name, rows in optima_table(answer, problem).groupby("criterion", sort=False):
        ties = f" ({len(rows)} designs)" if len(rows) > 1 else ""
        terminal.print(f"  {_optimum(str(name), rows['value'].iloc[0], problem)}{ties}")


def _optimum(name: str, value: float, problem: AcceleratorProblem) -> str:
    """Text of an optimum, its name and unit as people read them."""
    title, unit = label(name), NAMED[name].unit if name in NAMED else ""
    for network in problem.workload_names:
        titles = {
            f"{SINGLE_NETWORK}{network}": f"EDAP, chip for {label(network)}",
            f"edap_{network}": f"EDAP of {label(network)} on a chip for all",
        }
        if name in titles:
            title, unit = titles[name], EDAP_UNIT
        for quantity in problem.model.quantities:
            if quantity.per_workload and name == f"{quantity.name}_{network}":
                title, unit = f"{label(quantity.name)} of {label(network)}", quantity.unit
                if quantity.name == SNR and network in problem.model.generic_operands:
                    title += f", {GENERIC}"
            elif not quantity.per_workload and name == quantity.name:
                unit = quantity.unit
    factor, shown = on_screen(unit)
    return f"{title}: {factor * value:.4g} {shown}".rstrip()
