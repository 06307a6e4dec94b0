"""`imcmoo check-certificate`: prove anew what certificates say."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from rich.progress import BarColumn, Progress, TaskID, TextColumn

from imcmoo.cli import catalogue
from imcmoo.cli.progress import bars
from imcmoo.cli.study_of_run import check_trusted
from imcmoo.cli.terminal import console
from imcmoo.exact.check import Refused
from imcmoo.problem.score_range import text
from imcmoo.study.check_certificate import Checker, certificates, study_of

DESCRIPTION = """
Prove anew that no design of a study lies below the bound of DIR/certificate.json, and that its
design has the value it says, and the same of every DIR/*/certificate.json, counting every design of
the space once. The solver's bounds are not used, but where a cost model has no others; the last
line tells. Refused is what does not hold, and what is of another table, network, space or cost
model.
"""

ANEW = "checked without the solver's bounds"
SHARED = "checked with the model's bounds of partial designs, which the solver used, too"

INTERRUPTED = "nothing was written; the same command begins anew"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command and add what it takes."""
    parser.description = DESCRIPTION
    parser.add_argument("folder", type=Path, metavar="DIR", help="where imcmoo certify wrote")
    parser.add_argument(
        "--study",
        metavar="STUDY",
        help="name or file of the study (default: by the name in the certificate)",
    )
    parser.add_argument("--quiet", action="store_true", help="print errors only")


def main(args: argparse.Namespace) -> None:
    """Check certificates.

    Raises:
        InputError: one is refused, or there are none.
        OSError: a file cannot be read.
    """
    terminal = console(quiet=args.quiet)
    found = certificates(args.folder)
    first = next(iter(found.values()))
    stored = str(first.settings.get("study"))
    study = catalogue.find_study(args.study) if args.study else catalogue.named_study(stored)
    for path, certificate in found.items():
        check_trusted(str(certificate.settings.get("criterion")), study, path)
    asked = study_of(first, study)
    checker = Checker(asked)
    for path, certificate in found.items():
        try:
            study_of(certificate, study)
            checker.claim(certificate)
        except Refused as error:
            raise Refused(f"{path}: refused: {error}") from None
    with bars(
        TextColumn("{task.description}", markup=False), BarColumn(bar_width=12), quiet=args.quiet
    ) as shown:
        task = shown.add_task(first.criterion, total=first.designs)
        try:
            walks = checker.prove(partial(_advance, shown, task))
        except Refused as error:
            raise Refused(f"{args.folder}: refused: {error}") from None
    for path, certificate in found.items():
        terminal.print(
            f"{path}: accepted: {certificate.criterion} ≥ {text(certificate.bound)}, gap "
            f"{certificate.gap:.3%}",
            soft_wrap=True,
        )
    for counts in walks:
        terminal.print(
            f"{counts.infeasible:,} designs infeasible, {counts.excluded:,} excluded, "
            f"{counts.evaluated:,} evaluated",
            soft_wrap=True,
        )
    terminal.print(ANEW if checker.anew else SHARED, soft_wrap=True)


def _advance(shown: Progress, task: TaskID, done: int) -> None:
    shown.update(task, completed=done)
