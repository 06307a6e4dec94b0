"""`imcmoo robust STUDY`: the robust chip under uncertain costs, and the better device."""

from __future__ import annotations

import argparse
import math
import shlex
from dataclasses import replace
from pathlib import Path
from typing import get_args

from rich.progress import TimeElapsedColumn

from imcmoo.answers.robust_answer import RobustAnswer
from imcmoo.answers.robust_folder import check_replaceable, robust_folder
from imcmoo.ask.robust import PROOF, QUICK, Options, expected_s, robust
from imcmoo.ask.unseen import unseen
from imcmoo.cli import arguments
from imcmoo.cli.arguments import QUIET, add, not_negative, option, whole
from imcmoo.cli.terminal import bars_with_state, console
from imcmoo.io.errors import InputError, input_errors
from imcmoo.io.executor import cores
from imcmoo.io.locks import folder_lock
from imcmoo.report.robust_figures import draw_robust
from imcmoo.report.robust_text import robust_lines
from imcmoo.space.design_space import Levels
from imcmoo.space.designs_csv import named_designs
from imcmoo.study.devices import StudyOfDevices
from imcmoo.study.study import Study
from imcmoo.study.uncertainty import WEIGHTED_SCORES, RobustCriterion, Score, uncertainty_settings

DESCRIPTION = """
Find the chip of STUDY that is best by a criterion over draws of uncertain costs, which device is
better with what probability, and what to measure first. Costs are drawn within the bands of the
assumptions of the physical model; the best chip of each draw is proven. Options override
the table [uncertainty] of the study. Writes DIR/robust/STUDY.

  imcmoo robust edge.toml
  imcmoo robust edge.toml --draws 100 --criterion robust_quantile --quantile 0.9
"""

INTERRUPTED = (
    "the proofs of finished draws are kept; the same command goes on with the others, and begins "
    "the proof of the robust chip again"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    arguments.add_study(parser)
    add(
        parser,
        arguments.results("robust/STUDY"),
        option("--draws N", whole(1), "draws of the costs (default: 300)"),
        option("--seed N", whole(0), "seed of the draws (default: 1)"),
        option("--by SCORE", get_args(Score), "score of a chip in a draw (default: edap_geomean)"),
        option("--criterion NAME", get_args(RobustCriterion),
               "what the robust chip has least of (default: robust_mean)",
               dest="robust_criterion"),
        option("--quantile Q", arguments.share, "quantile of the regrets that"
               " robust_quantile minimises (default: 0.95)"),
        option("--quick", bool, f"prove the best chips of the first {QUICK} draws only"),
        option("--time-limit SECONDS", not_negative,
               "of the proof of the robust chip of a device; the gap reached is stated, which then"
               " depends on the machine (default: a number of steps, about a minute; 0: no proof)"),
        option("--unseen", bool,
               "instead, leave out each network in turn, and try mixes of the networks"),
        option("--design FILE", Path, "CSV of designs of your own to judge as well"),
        option("--force", bool, "replace the answer of another study of this name; with --quick,"
               " also a proven one"),
        arguments.WORKERS,
        QUIET,
    )  # fmt: skip
    arguments.add_settings(parser)


CHANGES = {
    **{name: name for name in ("draws", "seed", "by", "quantile")},
    "criterion": "robust_criterion",
}
"""Keys of `[uncertainty]`, and the options that change them."""


def main(args: argparse.Namespace) -> None:
    """Find the robust chip of a study."""
    study = arguments.requested_study(args)
    folder = robust_folder(study.name, args.out or arguments.DEFAULT_OUT)
    own = {} if args.design is None else _own(args.design, study)
    terminal = console(quiet=args.quiet)
    if args.unseen:
        if own:
            raise InputError("--unseen takes no --design")
        _unseen(study, folder, args)
        return
    with folder_lock(folder):
        if not args.force:
            check_replaceable(study, folder, quick=args.quick)
        options = Options(
            folder,
            quick=args.quick,
            time_limit_s=args.time_limit,
            workers=_workers(args),
            own=own,
            command=_command(study, args),
        )
        terminal.print(_announcement(study, options, args), soft_wrap=True)
        answer = _answered(study, args, options)
        answer.save(folder)
        draw_robust(answer, folder)
    for line in robust_lines(answer):
        terminal.print(line, soft_wrap=True)
    terminal.print(f"written: {folder}", soft_wrap=True)


def _unseen(study: Study | StudyOfDevices, folder: Path, args: argparse.Namespace) -> None:
    """Print the regrets of a chip on networks that it was not designed for, and on mixes."""
    terminal = console(quiet=args.quiet)
    with input_errors():
        settings = uncertainty_settings(study.studies[0], **_changes(args))
    study = study.each(lambda one: one.replace(uncertainty=settings))
    weighted = settings.by in WEIGHTED_SCORES
    options = Options(quick=args.quick, time_limit_s=args.time_limit, workers=_workers(args))
    with folder_lock(folder):
        found = unseen(study, mix=options if weighted else None)
        found.save(folder)
    for line in found.statements:
        terminal.print(line, soft_wrap=True)
    terminal.print(f"written: {folder}", soft_wrap=True)


def _answered(
    study: Study | StudyOfDevices, args: argparse.Namespace, options: Options
) -> RobustAnswer:
    """The answer, with bars of its progress."""
    with bars_with_state(TimeElapsedColumn(), quiet=args.quiet) as progress:
        phase = "best chips as assumed"
        task = progress.add_task(study.name, total=None, state=phase)

        def on_draw(what: str, done: int, total: int) -> None:
            nonlocal phase, task
            if (begun := what.partition(":")[0]) != phase:
                phase = begun
                progress.remove_task(task)  # so that times and totals are of this phase
                # A proof may end before its limit, so that its remaining time is unknown.
                known = None if begun.startswith(PROOF) else total
                task = progress.add_task(study.name, total=known, state=what)
            progress.update(task, completed=done, state=what)

        return robust(study, replace(options, on_draw=on_draw), **_changes(args))


def _announcement(study: Study | StudyOfDevices, options: Options, args: argparse.Namespace) -> str:
    """Line on the time that the answer takes."""
    minutes = math.ceil(expected_s(study, options, **_changes(args)) / 60)
    n = len(study.studies)
    devices = f"{n} devices: " if n > 1 else ""
    return (
        f"{devices}about {minutes} min with {options.workers} "
        f"{'process' if options.workers == 1 else 'processes'}, less where draws are kept; Ctrl-C "
        "keeps finished draws, and the same command goes on"
    )


def _workers(args: argparse.Namespace) -> int:
    return args.workers or cores()


def _changes(args: argparse.Namespace) -> dict[str, object]:
    """Keys of `[uncertainty]` that options change."""
    given = {name: getattr(args, option) for name, option in CHANGES.items()}
    return {name: value for name, value in given.items() if value is not None}


def _command(study: Study | StudyOfDevices, args: argparse.Namespace) -> str:
    """The command line of the answer; `study.toml` in its folder has the settings of the study."""
    name = Path(study.file).name if study.file else study.name
    options = [f"--{n.replace('_', '-')} {value}" for n, value in _changes(args).items()]
    if args.design is not None:
        options.append(f"--design {shlex.quote(args.design.name)}")
    if args.time_limit is not None:
        options.append(f"--time-limit {args.time_limit:g}")
    return " ".join([f"imcmoo robust {name}", *options, *(["--quick"] if args.quick else [])])


def _own(path: Path, study: Study | StudyOfDevices) -> dict[str, Levels]:
    """Designs of the user by name."""
    if not isinstance(study, Study):
        raise InputError("--design needs a study of one device")
    return named_designs(path, study.space)
