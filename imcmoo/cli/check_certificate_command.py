"""`imcmoo check-certificate`: verify certificates by another walk through all designs."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import TimeElapsedColumn

from imcmoo.answers.certificates import certificates, certified_study, executed_in
from imcmoo.answers.drawn_device import device_name
from imcmoo.answers.executed import Executed
from imcmoo.answers.provenance import (
    check_runs_no_code,
    check_trusted,
    ordinary_study,
)
from imcmoo.answers.robust_folder import is_of_robust
from imcmoo.cli import arguments
from imcmoo.cli.arguments import QUIET, add, add_settings, option
from imcmoo.cli.terminal import Bars, bars_with_state, console, warn
from imcmoo.exact.certificate import FILE, Certificate, read_certificates
from imcmoo.exact.check import DesignCounts, Refused
from imcmoo.io.errors import InputError
from imcmoo.solve.check_certificate import Checker
from imcmoo.solve.check_robust import WALKED, RobustCertificate, check_robust
from imcmoo.solve.confirm import Confirmation
from imcmoo.study import catalogue
from imcmoo.study.devices import COMPARISON, StudyOfDevices
from imcmoo.study.study import Study
from imcmoo.study.study_file import STUDY, read_study

DESCRIPTION = """
Verify that no design of a study lies below the bound of DIR/certificate.json and that its design
has the stated value, likewise for every DIR/*/certificate.json. If STUDY is given, they must have
its settings, or those of the options. Another walk counts every design of the space once. Its
bounds are those of the cost model; they are compared with the evaluated costs of feasible designs
first. A certificate that does not hold is refused, and so is one of another table, network, space
or cost model. In DIR of a study that lists devices, those of all devices are verified, and that
DIR/comparison/certificate.json follows from them. In DIR of a robust chip, the draws are made
again, its chips are evaluated in all draws, and the proofs of five random draws are walked again.
"""

VALIDATED = "re-walked and re-counted; bounds validated on {n:,} designs"
EVALUATED = "re-walked and re-counted; no bounds used, all designs evaluated"
UNVALIDATED = "re-walked and re-counted with the cost model's bounds"

TRUSTED = "executions of {n} circuits are taken as stated; --execute repeats them"
REPEATED = "executions of {n} circuits repeated: the same scores"

APART = "{path} was not checked: certificates of {criterion} are checked by themselves"

INTERRUPTED = "nothing was written; the same command begins anew"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    add(
        parser,
        option("folder DIR", Path, "where imcmoo certify wrote"),
        option("--study STUDY", str,
               "name or file of the study (default: of the certificate)"),
        option("--criterion MODULE:NAME", str,
               "your criterion that the certificate states, whose module is imported"),
        option("--execute", bool, "repeat the executions of networks that certificates state"),
        option("--all", bool, f"of a robust chip: the proofs of all draws, not of {WALKED}"),
        QUIET,
    )  # fmt: skip
    add_settings(parser)


def main(args: argparse.Namespace) -> None:
    """Check certificates."""
    home = args.folder.resolve()  # "." has no name
    for folder in (home, home / COMPARISON):
        if COMPARISON in (folder.name, folder.parent.name) and (folder / FILE).is_file():
            _check_devices(folder, args)
            return
    if is_of_robust(home):
        _check_robust(home, args)
        return
    terminal = console(quiet=args.quiet)
    paths = certificates(args.folder)
    first = next(iter(paths.values()))
    stored = str(first.settings.get("study"))
    study = arguments.with_options(ordinary_study(home, stored, args.study), args)
    is_stated = _is_stated(args)
    for path, certificate in paths.items():
        check_trusted(str(certificate.settings.get("criterion")), study, path)
    study = study if is_stated else certified_study(first.settings, study)
    executed = [record for certificate in paths.values() for record in executed_in(certificate)]
    checker = Checker(study, executed=executed)
    for path, certificate in paths.items():
        try:
            checker.claim(certificate)
        except Refused as error:
            raise Refused(f"{path}: refused: {error}{_beside(args.folder, stored)}") from None
    validated, walks = _walked(checker, args, first)
    for path, certificate in paths.items():
        terminal.print(
            f"{path}: accepted: {certificate.score_name} ≥ {certificate.bound:.6g}, gap "
            f"{certificate.gap:.3%}",
            soft_wrap=True,
        )
    for path, certificate in read_certificates(args.folder).items():
        if path not in paths:
            warn(APART.format(path=path, criterion=certificate.criterion))
    _show_walks(terminal, walks, validated)
    if executed:
        terminal.print(_executions(study, executed, again=args.execute), soft_wrap=True)


def _executions(study: Study, executed: Sequence[Executed], *, again: bool) -> str:
    """What is known of stated executions; if asked for, repeats them and refuses other scores."""
    distinct = [e for at, e in enumerate(executed) if e not in executed[:at]]
    if not again:
        return TRUSTED.format(n=len(distinct))
    confirmation = Confirmation(study, fresh=True)
    for record in distinct:
        if not confirmation.repeats(record):
            raise Refused(f"refused: executed again, {record.network} has other scores")
    return REPEATED.format(n=len(distinct))


def _walked(
    checker: Checker, args: argparse.Namespace, first: Certificate
) -> tuple[int, list[DesignCounts]]:
    """Validate the bounds and walk the proofs of all claims, with a bar."""
    with Bars(quiet=args.quiet) as progress:
        task = progress.add_task(first.criterion, total=first.designs)
        try:
            validated = checker.validate()
            walks = checker.prove(lambda done: progress.update(task, completed=done))
        except Refused as error:
            raise Refused(f"{args.folder}: refused: {error}") from None
    return validated, walks


def _beside(folder: Path, study: str) -> str:
    """Hint for the folder of a device or criterion, whose regrets are against optima elsewhere."""
    home = folder.absolute().parent
    apart = home.parent / COMPARISON / folder.name
    for compared, checked in ((home / COMPARISON, home), (apart, apart)):
        if (compared / FILE).is_file():
            return f"; to check all devices that are compared: {checked}"
    paths = [home / FILE, *home.glob(f"*/{FILE}")]
    others = [p.parent for p in paths if p.is_file() and p.parent != folder.absolute()]
    is_part = any(Certificate.load(other).settings.get("study") == study for other in others)
    return f"; to check all certificates of the study: {home}" if is_part else ""


def _check_robust(folder: Path, args: argparse.Namespace) -> None:
    """Check the certificate of a robust chip."""
    stated = RobustCertificate.load(folder)
    study = arguments.with_options(_study_of_robust(folder, stated, args.study), args)
    if not _is_stated(args):
        settings = {
            n: one.get("stamp", {}).get("settings", {}) for n, one in stated.devices.items()
        }
        study = study.each(lambda one: certified_study(settings.get(device_name(one), {}), one))
    terminal = console(quiet=args.quiet)
    # Steps take times too different for an estimate of the remaining one.
    with bars_with_state(TimeElapsedColumn(), quiet=args.quiet) as progress:
        task = progress.add_task(stated.study, total=None, state="")
        lines = check_robust(
            folder,
            study.studies,
            everything=args.all,
            on_step=lambda what, done, total: progress.update(
                task, state=f"{what}: {done:,} of {total:,}"
            ),
        )
    for line in lines:
        terminal.print(f"{folder}: {line}", soft_wrap=True)


def _study_of_robust(
    folder: Path, stated: RobustCertificate, name: str | None
) -> Study | StudyOfDevices:
    """The study of a robust answer: by its name or file, a known one, or its file in the folder."""
    own = folder / STUDY
    if name is None and len(stated.devices) == 1 and own.is_file():
        return ordinary_study(folder, stated.study)
    if name is not None or stated.study in catalogue.names() or not own.is_file():
        return catalogue.find(name) if name else catalogue.named(stated.study)
    check_runs_no_code(own)
    return read_study(own)


def _is_stated(args: argparse.Namespace) -> bool:
    """True if the command line says what the settings are."""
    stated = (args.study, args.criterion, args.area_limit_mm2, args.deployment, args.assumptions)
    return any(stated)


def _check_devices(folder: Path, args: argparse.Namespace) -> None:
    """Check the certificate of a comparison, and those of all devices."""
    # Tables take a third of a second to import, which other certificates do without.
    from imcmoo.solve.comparison_certificate import (
        ComparisonCertificate,
        check_comparison,
        devices_folder,
    )

    terminal = console(quiet=args.quiet)
    stated = ComparisonCertificate.load(folder)
    study = catalogue.find(args.study) if args.study else catalogue.named(stated.study)
    if not isinstance(study, StudyOfDevices):
        raise InputError(f"{folder} compares devices, and study {study.name} lists none")
    study = arguments.with_options(study, args)
    for one in study.studies:
        check_trusted(str(stated.settings_of(one).get("criterion")), one, folder)
    if not _is_stated(args):
        study = study.each(lambda one: certified_study(stated.settings_of(one), one))
    with Bars(quiet=args.quiet) as progress:
        task = progress.add_task(stated.criterion, total=None)
        compared, validated, walks = check_comparison(
            folder, study, lambda done: progress.update(task, completed=done)
        )
    for device in stated.devices:
        terminal.print(f"{devices_folder(folder) / device}: accepted", soft_wrap=True)
    for line in compared.statements:
        terminal.print(line, soft_wrap=True)
    terminal.print(
        f"{folder}: accepted: {stated.criterion} ≥ {stated.bound:.6g}, gap {stated.gap:.3%}",
        soft_wrap=True,
    )
    _show_walks(terminal, walks, validated)


def _show_walks(terminal: Console, walks: Sequence[DesignCounts], validated: int) -> None:
    for counts in walks:
        terminal.print(
            f"{counts.infeasible:,} designs infeasible, {counts.excluded:,} excluded, "
            f"{counts.evaluated:,} evaluated",
            soft_wrap=True,
        )
    bounded = any(counts.excluded for counts in walks)
    verdict = VALIDATED if validated else UNVALIDATED if bounded else EVALUATED
    terminal.print(verdict.format(n=validated), soft_wrap=True)
