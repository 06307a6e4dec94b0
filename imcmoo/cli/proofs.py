"""Proofs of `imcmoo certify`, shown in the terminal.

It shows progress, prints certificates as lines or cards, compares listed devices, and widens lists.
"""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from rich.console import Console
from rich.progress import TimeElapsedColumn

from imcmoo.answers.answer import answer_from_certificates
from imcmoo.answers.answers import Answers, comparison_folder
from imcmoo.answers.certificates import answer_certificate, certified_folder, is_apart
from imcmoo.answers.robust_folder import robust_note
from imcmoo.ask.widen import WideningResult, certified
from imcmoo.cli import arguments
from imcmoo.cli.command_line import SIGNALLED
from imcmoo.cli.comparison import show_comparison
from imcmoo.cli.terminal import bars_with_state, console
from imcmoo.cli.widening import widen_and_show, widen_devices_and_show
from imcmoo.display.labels import criterion_unit
from imcmoo.exact.certificate import Certificate, NothingToCertify
from imcmoo.io.errors import InputError
from imcmoo.report.answer_card import card_of_certificate
from imcmoo.solve.certify import ALL, write_certificates
from imcmoo.solve.devices import certify_devices
from imcmoo.space.designs_csv import read_designs
from imcmoo.space.parameters import text_of_value
from imcmoo.study.devices import StudyOfDevices
from imcmoo.study.study import Study

KEPT = (
    "    bound kept from an earlier certificate, not proven now: imcmoo check-certificate {folder}"
    "{study} verifies it"
)


LARGE_GAP = 10.0
"""Gap from which its size says nothing: a proof begins with a bound near 0."""


def _state(value: float, bound: float, gap: float) -> str:
    """Value, bound and gap of an unfinished proof, as text."""
    size = f"{gap:.2%}" if gap < LARGE_GAP else f"above {LARGE_GAP:.0%}"
    return f"best {value:.4e} · bound {bound:.4e} · gap {size}"


def certify(study: Study, criterion: str, ordinary: Study, args: argparse.Namespace) -> None:
    """Prove a criterion of a study, write and print the certificates, and widen the study if asked.

    Args:
        study: the study with the settings of the command line.
        criterion: name of the criterion, or `all`.
        ordinary: the study without the criterion of the command line.
        args: arguments of the command.
    """
    out, study_criterion = args.out or arguments.DEFAULT_OUT, ordinary.default_proof
    apart = is_apart(study, ordinary)
    folder = certified_folder(study, out, is_apart=apart)
    terminal = console(quiet=args.quiet)
    start = None if args.run is None else read_designs(args.run / "front.csv", study.space)
    with bars_with_state(TimeElapsedColumn(), quiet=args.quiet) as progress:
        terminal.print(f"{study.name}: {study.space.size:,} designs")
        task = progress.add_task(study.name, total=None, state="bounding")

        def on_step(name: str, value: float, bound: float, gap: float) -> None:
            state = _state(value, bound, gap)
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


def certify_listed_devices(
    study: StudyOfDevices, criterion: str, ordinary: Study, args: argparse.Namespace
) -> None:
    """Prove a criterion on each device, and print and write the comparison; see `certify`."""
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
    with ending() as ended, bars_with_state(TimeElapsedColumn(), quiet=terminal.quiet) as progress:
        for one in study.studies:
            terminal.print(f"{one.name}: {one.space.size:,} designs")
        task = progress.add_task(study.name, total=None, state="bounding")
        found: list[tuple[Certificate, Path]] = []

        def on_step(one: Study, name: str, value: float, bound: float, gap: float) -> None:
            state = _state(value, bound, gap)
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
