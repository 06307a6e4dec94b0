"""`imcmoo flip`: where an assumption changes the chip, or the better device."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path

from rich.progress import TimeElapsedColumn

from imcmoo.ask.flip import COLUMNS, Flip, Point, flip
from imcmoo.cli import arguments
from imcmoo.cli.arguments import FORCE, QUIET, add, option
from imcmoo.cli.terminal import bars_with_state, console
from imcmoo.display.columns import headed, quantity
from imcmoo.display.labels import label
from imcmoo.display.units import number, on_screen
from imcmoo.io.files import writing
from imcmoo.report.robust_text import all_at_once
from imcmoo.study import catalogue
from imcmoo.study.devices import StudyOfDevices
from imcmoo.study.study import Study

DESCRIPTION = """
Find the values of an assumption of the physical model, within its band, at which the recommended
chip of STUDY changes, by the criterion, delay and area of the study, or the better device of a
study that lists devices. With OTHER, a study of the same networks on another device, find where the
better device changes (geometric-mean EDAP).

  imcmoo flip STUDY --factor adc_energy_factor
  imcmoo flip SRAM_STUDY RRAM_STUDY --factor adc_energy_factor --exact --out flip.csv

Designs of stored runs and enumerations are evaluated again, with all limits; --exact proves the
best chip at each value instead. An unknown FACTOR is refused with the known ones.
"""

TABLE = re.compile(",".join(COLUMNS).encode())
"""How the files begin that this command writes."""

INTERRUPTED = "nothing was written"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    arguments.add_study(parser)
    add(
        parser,
        option("other OTHER", str, "study to compare with, by name or file", nargs="?"),
        option("--factor NAME", str, "assumption whose band has width", required=True),
        option("--exact", bool, "prove the best chip at each value, as imcmoo certify does"),
        arguments.file("FILE.csv", required=False),
        option("--results DIR", Path,
               "folder of stored results (default: results, or that of the folder STUDY)"),
        QUIET,
        FORCE,
    )  # fmt: skip


def main(args: argparse.Namespace) -> None:
    """Find where an assumption changes the chip or the better study."""
    study = arguments.requested_study(args)
    other = None if args.other is None else catalogue.find_study(args.other)
    studies = [s for s in (study, other) if s is not None]
    files = [Path(s.file) for s in studies if s.file is not None]
    arguments.check_outputs({"--out": args.out}, files)
    writes = writing(args.out, ours=TABLE, force=args.force) if args.out else nullcontext()
    with writes as target:
        found = _found(study, other, args)
        if target is not None:
            found.table.to_csv(target, index=False, lineterminator="\n")
    terminal = console(quiet=args.quiet)
    what = "the chip" if other is None else "the better study"
    if isinstance(study, StudyOfDevices):
        what = "the best device"
    names = [one.name for each in studies for one in each.studies]
    for line in (*report(found, names, what), all_at_once(study)):
        terminal.print(line, soft_wrap=True, end="\n" if line else "")
    if args.out is not None:
        terminal.print(f"written: {args.out}", soft_wrap=True)


def _found(study: Study | StudyOfDevices, other: Study | None, args: argparse.Namespace) -> Flip:
    with bars_with_state(TimeElapsedColumn(), quiet=args.quiet) as progress:
        task = progress.add_task(args.factor, total=None, state="")
        return flip(
            study,
            other,
            args.factor,
            out=args.results or _results(args.study),
            exact=args.exact,
            on_value=lambda value: progress.update(task, state=f"at {value:.4g}"),
        )


def _results(study: str) -> Path:
    """Folder of all results: that of the folder of an answer, else the default."""
    folder = Path(study)
    return folder.absolute().parents[1] if folder.is_dir() else Path(arguments.DEFAULT_OUT)


def report(found: Flip, studies: Sequence[str], what: str) -> Iterator[str]:
    """Lines of text: what was compared, each crossing with the chips on both sides, and limits.

    Args:
        found: what was found.
        studies: names of the compared studies.
        what: what changes at a crossing.
    """
    a = found.assumption
    yield f"{found.factor}: today {a.value:g}, band {a.low:g} to {a.high:g}"
    names = " and ".join(studies)
    yield f"{names}, {label(found.criterion)}; EDAP by {found.edap}; {_compared(found)}"
    if len(found.today.answers) > 1:
        yield f"today: {_answer(found, found.today)}"
    for crossing in found.crossings:
        ends = crossing.below.value, crossing.above.value
        yield f"{what} changes between {ends[0]:.4g} and {ends[1]:.4g}"
        for point in (crossing.below, crossing.above):
            yield f"  at {point.value:.4g}{_won(found, point)}"
            yield from _chips(point)
    if not found.crossings:
        yield f"none within the band: {what} is the same at all {len(found.points)} values"
        yield from _chips(found.points[0])
    yield "A chip that wins only between two values is missed."


def _won(found: Flip, point: Point) -> str:
    return f": {_answer(found, point)}" if len(point.answers) > 1 else ""


def _answer(found: Flip, point: Point) -> str:
    """The better study, the next one, and the factors between their chips."""
    best, second = point.ranking[:2]
    factors = {"EDAP": second.edap / best.edap} | {
        headed(column).partition(" (")[0]: value / best.mean_costs[column]
        for column, value in second.mean_costs.items()
    }
    shown = ", ".join(f"{name} × {number(value)}" for name, value in factors.items())
    scores = f"{label(found.criterion)} {best.score:.4g} and {second.score:.4g}"
    return f"{best.study.name}, next {second.study.name} ({scores}) with {shown}"


def _compared(found: Flip) -> str:
    if found.n_designs is None:
        return "proven"
    return f"of {' and '.join(f'{n:,}' for n in found.n_designs)} stored designs"


def _chips(point: Point) -> Iterator[str]:
    if not point.answers:
        yield "    no design is feasible"
    for chip, ratio in zip(point.answers, point.ratios, strict=True):
        yield f"    {chip.study.name}: {chip.text}"
        shown = [
            quantity(column, on_screen(column.rpartition("_")[2])[0] * value)
            for column, value in chip.mean_costs.items()
        ]
        edap = f"EDAP {chip.edap:.4g} J·s·mm², ratio {ratio:.4g}"
        yield f"      {edap}; {', '.join(shown)}"
