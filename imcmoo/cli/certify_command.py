"""`imcmoo certify`: the best design of a study, with proof of how good it is."""

from __future__ import annotations

import argparse
import math
import shlex
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

from rich.console import Console
from rich.progress import TimeElapsedColumn

from imcmoo.answers.certificates import answer_certificate, certified_folder, is_apart
from imcmoo.cli import arguments
from imcmoo.cli.arguments import not_negative, option
from imcmoo.cli.command_line import SIGNALLED
from imcmoo.cli.terminal import bars_with_state, console
from imcmoo.exact.certificate import Certificate, NothingToCertify
from imcmoo.io.errors import InputError
from imcmoo.problem.criteria import JOINT_SUFFIX, SINGLE_NETWORK
from imcmoo.report.labels import criterion_unit
from imcmoo.solve.certify import ALL, write_certificates
from imcmoo.space.designs_csv import read_designs
from imcmoo.space.parameters import text_of_value
from imcmoo.study import catalogue
from imcmoo.study.devices import StudyOfDevices
from imcmoo.study.study import Study

if TYPE_CHECKING:
    from imcmoo.answers.answers import Answers
    from imcmoo.ask.widen import WideningResult

DESCRIPTION = """
Prove how good the best design of a study is, also where its designs are far too many to evaluate:
branch and bound over partial designs finds a design and a bound that no design of the space falls
short of. Writes DIR/certified/STUDY/certificate.json for the criterion of the study, and
DIR/certified/STUDY/NAME/certificate.json for every other one, such as the optima that the criterion
rests on. Certificates that are there and reach the gap are kept, which is stated beside them.
imcmoo check-certificate DIR/certified/STUDY verifies all of them independently. The devices of a
study that lists them are proven against the best single-network optima of all, in
DIR/certified/STUDY/DEVICE, and compared in DIR/certified/STUDY/comparison, by one criterion at a
time.
"""

KEPT = (
    "    bound kept from an earlier certificate, not proven now: imcmoo check-certificate {folder}"
    "{study} verifies it"
)

INTERRUPTED = "the certificates written are whole; the same command goes on with the others"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    arguments.add_study(parser)
    arguments.add(
        parser,
        arguments.results("certified/STUDY"),
        option("--criterion NAME", str, f"what to prove, or {ALL} (default: the study's)"),
        option("--gap SHARE", not_negative,
               "how far above the best the design may be (default: 0, the best itself)",
               default=0.0),
        option("--time-limit SECONDS", not_negative,
               "for each criterion; the gap reached by then is certified (default: none)",
               default=math.inf),
        option("--from RUN", Path, "begin with the designs of a run of imcmoo run (its front.csv)",
               dest="run"),
        option("--force", bool, "replace certificates of another study of this name"),
        arguments.WIDEN,
        arguments.QUIET,
    )  # fmt: skip
    arguments.add_settings(parser)


def main(args: argparse.Namespace) -> None:
    """Certify a study."""
    name = args.criterion
    further = ("edap_", SINGLE_NETWORK)
    if name and (name == ALL or name.startswith(further) or name.endswith(JOINT_SUFFIX)):
        args.criterion = None  # single-network criteria are no criteria of a study
    ordinary = catalogue.find(args.study)
    study = arguments.requested_study(args, ordinary, criterion=name)
    # A user's criterion is named by its module and proven under its own name.
    asked = study.studies[0].default_proof
    criterion = name if name and args.criterion is None else asked
    if args.widen:
        arguments.check_widens(study, criterion)
    if isinstance(study, StudyOfDevices):
        _certify_devices(study, criterion, ordinary.studies[0], args)
    else:
        _certify(study, criterion, ordinary.studies[0], args)


def _certify(study: Study, criterion: str, ordinary: Study, args: argparse.Namespace) -> None:
    out, study_criterion = args.out or arguments.DEFAULT_OUT, ordinary.default_proof
    apart = is_apart(study, ordinary)
    folder = certified_folder(study, out, is_apart=apart)
    terminal = console(quiet=args.quiet)
    start = None if args.run is None else read_designs(args.run / "front.csv", study.space)
    with bars_with_state(TimeElapsedColumn(), quiet=args.quiet) as progress:
        terminal.print(f"{study.name}: {study.space.size:,} designs")
        task = progress.add_task(study.name, total=None, state="bounding")

        def on_step(name: str, value: float, bound: float, gap: float) -> None:
            state = f"best {value:.4e} · bound {bound:.4e} · gap {gap:.2%}"
            progress.update(task, description=name, state=state)

        options = {
            "gap": args.gap,
            "time_limit_s": args.time_limit,
            "on_step": on_step,
            "report": lambda line: terminal.print(line, soft_wrap=True),
        }
        more = {"study_criterion": study_criterion, "force": args.force, "start": start}
        final = _proven(terminal, study, criterion, out, is_apart=apart, **more, **options)
        if args.widen:
            last = _widened(terminal, study, final, out, args.force, options)
            if last is not study:  # has the criterion of the command line
                study, study_criterion = last, criterion
                folder = certified_folder(study, out)
    is_in_folder = apart or criterion in (study_criterion, ALL)
    folder = folder if is_in_folder else folder / criterion
    terminal.print(f"written: {folder}", soft_wrap=True)


def _proven(
    terminal: Console, study: Study, criterion: str, out: Path, *, is_apart: bool, **options: Any
) -> Certificate:
    """Prove a criterion and print each certificate; returns the last one. SIGTERM ends the command
    with the best design so far."""
    folder, last = certified_folder(study, out, is_apart=is_apart), None
    options |= {"is_apart": is_apart}
    with (
        ending() as ended,
        closing(write_certificates(study, criterion, out, ended=ended, **options)) as proven,
    ):
        try:
            for last in proven:
                _show_proven(terminal, study, last, folder, is_apart=is_apart)
                if ended():
                    break
        except InputError:
            if not ended():
                raise
        if ended():
            _end([(last, folder)] if last else [])
    assert last is not None, "a proof without a certificate raises an error"
    return last


def _end(found: Sequence[tuple[Certificate, Path]]) -> NoReturn:
    """Say what SIGTERM has left, and end: the best design by the criterion that is proven last."""
    words = "no design was found so far"
    if found:
        name = found[-1][0].criterion
        best, folder = min((f for f in found if f[0].criterion == name), key=lambda f: f[0].value)
        words = f"the best design so far by {name} has a gap of {best.gap:.3%}: {folder}"
    console(stderr=True).print(f"imcmoo certify: ended by SIGTERM; {words}", soft_wrap=True)
    sys.exit(SIGNALLED + signal.SIGTERM)


@contextmanager
def ending() -> Iterator[Callable[[], bool]]:
    """Let the first SIGTERM end a proof at its next step; yields whether it came.

    The second one ends the program at once.
    """
    came = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield came.is_set
        return
    before = signal.getsignal(signal.SIGTERM)

    def first(number: int, frame: FrameType | None) -> None:
        came.set()
        signal.signal(number, before)

    signal.signal(signal.SIGTERM, first)
    try:
        yield came.is_set
    finally:
        signal.signal(signal.SIGTERM, before)


def _widened(
    terminal: Console,
    study: Study,
    certificate: Certificate,
    out: Path,
    force: bool,
    options: Mapping[str, Any],
) -> Study:
    """Widen a certified study and show the last certificate; returns the last study."""
    # Others do without.
    from imcmoo.answers.answer import answer_from_certificates
    from imcmoo.ask.widen import certified
    from imcmoo.cli.widening import widen_and_show

    # Certificates of earlier rounds are replaced without a line each.
    solve = partial(certified, out=out, **{**options, "report": lambda line: None})
    first = answer_from_certificates(study, {certificate.criterion: certificate})
    folder_in = partial(certified_folder, out=out)
    widening = widen_and_show(terminal, study, first, solve, folder_in, force=force)
    if widening.steps:
        folder = certified_folder(widening.study, out)
        _show_proven(terminal, widening.study, widening.best.certificate, folder, widening)
    return widening.study


def _show_proven(
    terminal: Console,
    study: Study,
    certificate: Certificate,
    folder: Path,
    widening: WideningResult | None = None,
    *,
    is_apart: bool = False,
) -> None:
    """Print a certificate: as a card if it is of the criterion of the study."""
    if certificate.criterion == answer_certificate(study):
        from imcmoo.answers.robust_answer import robust_note
        from imcmoo.report.answer_card import card_of_certificate

        card = card_of_certificate(study, certificate)
        card = card if widening is None else card.after_widening(widening.left)
        if (home := folder.parent.parent).name != "certified":
            card = card.with_robustness(robust_note(study, certificate.design, home))
        terminal.print(card.text(terminal.width), soft_wrap=True)
    else:
        _show(terminal, study, certificate)
    if not certificate.is_new:
        file = f" --study {shlex.quote(study.file)}" if study.file else ""
        file += f" --criterion {shlex.quote(study.criterion)}" if is_apart else ""
        terminal.print(KEPT.format(folder=shlex.quote(str(folder)), study=file), soft_wrap=True)


def _certify_devices(
    study: StudyOfDevices, criterion: str, ordinary: Study, args: argparse.Namespace
) -> None:
    # Tables take a third of a second to import, which other studies do without.
    from imcmoo.answers.answers import comparison_folder
    from imcmoo.cli.comparison import show_comparison

    if args.run is not None:
        raise InputError("--from is a run of one device; a study that lists devices takes none")
    terminal, out = console(quiet=args.quiet), args.out or arguments.DEFAULT_OUT
    apart = is_apart(study.studies[0], ordinary)
    compared = _proven_devices(
        terminal,
        study,
        criterion,
        out,
        study_criterion=ordinary.default_proof,
        is_apart=apart,
        force=args.force,
        gap=args.gap,
        time_limit_s=args.time_limit,
    )
    folder = comparison_folder(study, out / "certified", is_apart=apart)
    show_comparison(terminal, compared, folder, out)
    if args.widen:
        from imcmoo.ask.widen import certified
        from imcmoo.cli.widening import widen_devices_and_show

        solve = partial(certified, out=out, gap=args.gap, time_limit_s=args.time_limit)
        folder_in = partial(certified_folder, out=out)
        widen_devices_and_show(terminal, compared, solve, folder_in, force=args.force)


def _proven_devices(
    terminal: Console,
    study: StudyOfDevices,
    criterion: str,
    out: Path,
    *,
    is_apart: bool,
    **options: Any,
) -> Answers:
    """Prove all devices and print each certificate; returns the comparison. SIGTERM ends the
    command with the best design so far."""
    # Others do without.
    from imcmoo.solve.devices import certify_devices

    with ending() as ended, bars_with_state(TimeElapsedColumn(), quiet=terminal.quiet) as progress:
        for one in study.studies:
            terminal.print(f"{one.name}: {one.space.size:,} designs")
        task = progress.add_task(study.name, total=None, state="bounding")
        found: list[tuple[Certificate, Path]] = []

        def on_step(one: Study, name: str, value: float, bound: float, gap: float) -> None:
            state = f"best {value:.4e} · bound {bound:.4e} · gap {gap:.2%}"
            progress.update(task, description=f"{one.name} {name}", state=state)

        def on_proven(one: Study, proven: Certificate | NothingToCertify) -> None:
            terminal.print(one.name)
            if isinstance(proven, Certificate):
                _show(terminal, one, proven)
                found.append((proven, certified_folder(one, out, is_apart=is_apart)))
            else:
                terminal.print(f"  {proven}", soft_wrap=True)
            if ended():
                _end(found)

        options |= {"on_step": on_step, "on_proven": on_proven, "ended": ended}
        options |= {"is_apart": is_apart}
        options |= {"report": lambda line: terminal.print(line, soft_wrap=True)}
        try:
            return certify_devices(study, criterion, out, **options)
        except InputError:
            if not ended():
                raise
            _end(found)


def _show(terminal: Console, study: Study, certificate: Certificate) -> None:
    unit = criterion_unit(certificate.score_name, study.score)
    value, bound = (f"{v:.6g} {unit}".rstrip() for v in (certificate.value, certificate.bound))
    terminal.print(
        f"  {certificate.score_name}: {value}, bound {bound}, gap {certificate.gap:.3%}, "
        f"{certificate.seconds:.1f} s",
    )
    values = ", ".join(
        f"{name} {text_of_value(value)}" for name, value in certificate.design.items()
    )
    terminal.print(f"    {values}", soft_wrap=True)
