"""`imcmoo check-certificate`: verify certificates by another walk through all designs."""

from __future__ import annotations

import argparse
from pathlib import Path

from imcmoo.cli import arguments
from imcmoo.cli.arguments import QUIET, add, add_settings, option
from imcmoo.cli.terminal import Bars, console
from imcmoo.exact.check import Refused
from imcmoo.study import catalogue
from imcmoo.study.catalogue import check_trusted
from imcmoo.study.check_certificate import Checker, certificates, certified_study

DESCRIPTION = """
Verify that no design of a study lies below the bound of DIR/certificate.json and that its design
has the stated value, likewise for every DIR/*/certificate.json. If STUDY is given, they must have
its settings, or those of the options. Another walk counts every design of the space once. Its
bounds are those of the cost model; they are compared with the evaluated costs of feasible designs
first. A certificate that does not hold is refused, and so is one of another table, network, space
or cost model.
"""

VALIDATED = "re-walked and re-counted; bounds validated on {n:,} designs"
EVALUATED = "re-walked and re-counted; no bounds used, all designs evaluated"
UNVALIDATED = "re-walked and re-counted with the cost model's bounds"

INTERRUPTED = "nothing was written; the same command begins anew"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    add(
        parser,
        option("folder DIR", Path, "where imcmoo certify wrote"),
        option("--study STUDY", str,
               "name or file of the study (default: by the name in the certificate)"),
        QUIET,
    )  # fmt: skip
    add_settings(parser)


def main(args: argparse.Namespace) -> None:
    """Check certificates."""
    terminal = console(quiet=args.quiet)
    paths = certificates(args.folder)
    first = next(iter(paths.values()))
    stored = str(first.settings.get("study"))
    ordinary = catalogue.find_study(args.study) if args.study else catalogue.named_study(stored)
    study = arguments.with_options(ordinary, args)
    is_stated = args.study or args.area_limit_mm2 or args.deployment
    for path, certificate in paths.items():
        check_trusted(str(certificate.settings.get("criterion")), study, path)
    checker = Checker(study if is_stated else certified_study(first, study))
    for path, certificate in paths.items():
        try:
            checker.claim(certificate)
        except Refused as error:
            raise Refused(f"{path}: refused: {error}") from None
    with Bars(quiet=args.quiet) as progress:
        task = progress.add_task(first.criterion, total=first.designs)
        try:
            validated = checker.validate()
            walks = checker.prove(lambda done: progress.update(task, completed=done))
        except Refused as error:
            raise Refused(f"{args.folder}: refused: {error}") from None
    for path, certificate in paths.items():
        terminal.print(
            f"{path}: accepted: {certificate.score_name} ≥ {certificate.bound:.6g}, gap "
            f"{certificate.gap:.3%}",
            soft_wrap=True,
        )
    for counts in walks:
        terminal.print(
            f"{counts.infeasible:,} designs infeasible, {counts.excluded:,} excluded, "
            f"{counts.evaluated:,} evaluated",
            soft_wrap=True,
        )
    bounded = any(counts.excluded for counts in walks)
    verdict = VALIDATED if validated else UNVALIDATED if bounded else EVALUATED
    terminal.print(verdict.format(n=validated), soft_wrap=True)
