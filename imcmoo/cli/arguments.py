"""Options that several commands share, and how their values are read."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args, overload

from imcmoo.cli.terminal import warn, warn_of_dynamic_products
from imcmoo.io.errors import InputError, input_errors
from imcmoo.io.executor import cores
from imcmoo.io.machines import Scheduler, Workers
from imcmoo.io.reading import as_number, as_whole
from imcmoo.model.cost_model import Deployment
from imcmoo.problem.criteria import find_criterion
from imcmoo.problem.own_score import NAME as SCORE
from imcmoo.study import catalogue
from imcmoo.study.devices import StudyOfDevices
from imcmoo.study.study import Study

T = TypeVar("T")

Option = tuple[str, dict[str, Any]]
"""Name of an option and its keywords of argparse."""

DEFAULT_OUT = Path("results")

MAX_SEEDS = 500
"""The folder of each is held open while they run, and few systems let more than 1,024 files be."""


def several(one: Callable[[str], T]) -> Callable[[str], tuple[T, ...]]:
    """A parser of values with commas between them."""
    return lambda text: tuple(map(one, text.split(",")))


def area(text: str) -> float:
    """An area in mm²."""
    value = number(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"must be positive, got {text}")
    return value


def not_negative(text: str) -> float:
    """A number that is at least 0."""
    value = number(text)
    if not value >= 0:
        raise argparse.ArgumentTypeError(f"must be at least 0, got {text}")
    return value


def share(text: str) -> float:
    """A number from 0 to 1."""
    value = number(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"must be from 0 to 1, got {text}")
    return value


def number(text: str) -> float:
    """A number, of any size."""
    try:
        return as_number(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number") from None


def assumed(text: str) -> tuple[str, float]:
    """Name and value of an assumption, from `NAME=VALUE`."""
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"'{text}' is not NAME=VALUE")
    return name, number(value)


def whole(at_least: int) -> Callable[[str], int]:
    """A parser of whole numbers from a smallest one."""

    def read(text: str) -> int:
        try:
            value = as_whole(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"'{text}' is not a whole number") from None
        if value < at_least:
            raise argparse.ArgumentTypeError(f"must be at least {at_least}, got {value}")
        return value

    return read


def budgets(text: str) -> tuple[int, ...]:
    """Parse numbers of designs.

    Args:
        text: numbers of at least 1, such as `1000,3300`.

    Returns:
        Distinct numbers, in ascending order.

    Raises:
        ArgumentTypeError: a part is no such number.
    """
    return tuple(sorted({whole(1)(part) for part in text.split(",")}))


def seeds(text: str) -> list[int]:
    """`1,2,5`, `1-10`, or a mix, of up to `MAX_SEEDS`."""
    numbers: list[int] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        low = whole(0)(first)
        end = (whole(low)(last) if dash else low) + 1
        if len(numbers) + end - low > MAX_SEEDS:
            raise argparse.ArgumentTypeError(f"'{text}' is more than {MAX_SEEDS:,} seeds")
        numbers += range(low, end)
    if len(set(numbers)) != len(numbers):
        raise argparse.ArgumentTypeError(f"a seed is listed twice in '{text}'")
    return numbers


def option(name: str, kind: object, text: str | None, **more: object) -> Option:
    """An option or argument of a command.

    Args:
        name: and, after a space, the form of its value in the help, such as `--gap SHARE`.
        kind: reads the value; or its choices, or `bool` for a switch.
        text: what it does.
        more: further keywords of argparse.
    """
    name, _, form = name.partition(" ")
    if kind is bool:
        return name, {"action": "store_true", "help": text, **more}
    key = "type" if callable(kind) else "choices"
    return name, {key: kind, "metavar": form or None, "help": text, **more}


def add(parser: argparse._ActionsContainer, *options: Option) -> None:
    """Add options to a parser, or to a group of one."""
    for name, keywords in options:
        parser.add_argument(name, **keywords)


def results(written: str) -> Option:
    """--out, the folder of all results, in which the command writes the path `written`."""
    text = f"folder of results; this command writes DIR/{written} (default: {DEFAULT_OUT})"
    return option("--out DIR", lambda given: Path(given).absolute(), text)


def file(form: str, *, required: bool = True) -> Option:
    """--out, a file to write."""
    return option(f"--out {form}", Path, "file to write", required=required)


QUIET = option("--quiet", bool, "print errors only")

FORCE = option("--force", bool, "write over files that this command has not written")

WIDEN = option("--widen", bool, "widen lists of values until no end binds, solving again each time")

WORKERS = option("--workers N", whole(1), "processes (default: cores)")


def add_study(parser: argparse.ArgumentParser, *, optional: bool = False) -> None:
    """Add STUDY, which a shell with argcomplete completes."""
    study = parser.add_argument(
        "study",
        nargs="?" if optional else None,
        metavar="STUDY",
        help="name of a study (imcmoo run --list shows them), a file (.toml), or the folder of an "
        "answer",
    )
    study.completer = lambda **_: catalogue.names()  # type: ignore[attr-defined]


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Options that change what a study asks."""
    add(
        parser.add_argument_group("settings of the study"),
        option("--area-limit MM2", area, "largest chip allowed (each study has a default)",
               dest="area_limit_mm2"),
        option("--deployment", get_args(Deployment),
               "resident weights: one network on the chip at a time (alone, the paper's rule) or "
               "all at once (together)"),
        option("--assume NAME=VALUE", assumed,
               "value of an assumption of the physical model, within its band; repeat for more",
               action="append", dest="assumptions"),
    )  # fmt: skip


def add_workers(parser: argparse.ArgumentParser) -> None:
    """Add the number of processes, or a scheduler's address; `workers` reads it."""
    group = parser.add_argument_group("processes and machines")
    address = "of Dask, such as tcp://127.0.0.1:8786, whose workers are to do the work instead"
    add(
        group.add_mutually_exclusive_group(),
        WORKERS,
        option("--scheduler ADDRESS", str, address),
    )
    trusted = "send work to another machine unencrypted (tcp://)"
    add(group, option("--trust-network", bool, trusted))


def workers(args: argparse.Namespace) -> Workers:
    """The workers that a command line requests.

    Raises:
        InputError: not a scheduler's address, an open one that is not trusted, or options of a
            scheduler without one.
    """
    if args.scheduler is None:
        if args.trust_network:
            raise InputError("--trust-network needs --scheduler")
        processes: int = args.workers or cores()
        if processes > cores():
            warn(f"{processes} processes share {cores()} cores: more is not faster")
        return processes
    with input_errors("--scheduler: "):
        return Scheduler(args.scheduler, args.trust_network)


def requested_study(
    args: argparse.Namespace,
    ordinary: Study | StudyOfDevices | None = None,
    *,
    criterion: str | None = None,
) -> Study | StudyOfDevices:
    """The study of a command line with its options; warns of products of activations and of weights
    that the criterion ignores.

    Args:
        args: arguments of the command.
        ordinary: the study without options; found by its name or file if None.
        criterion: name of another criterion that the command answers. If None, that of the study.

    Raises:
        InputError: there is no such study, or it does not allow these settings.
    """
    study = with_options(ordinary or catalogue.find(args.study), args)
    first = study.studies[0]
    warn_of_dynamic_products(first.network_set(), model=first.model, quiet=args.quiet)
    if (text := first.caution_on_weights(criterion)) and not args.quiet:
        warn(text)
    return study


def check_widens(study: Study | StudyOfDevices, criterion: str | None = None) -> None:
    """Refuse --widen by a criterion that is not the study's.

    Raises:
        InputError: says what to do instead.
    """
    of_study = study.studies[0].default_proof
    if criterion not in (None, of_study):
        raise InputError(
            f"--widen looks at the best design by the criterion of the study, "
            f"{of_study}, not by {criterion}"
        )


@overload
def with_options(study: Study, args: argparse.Namespace) -> Study: ...
@overload
def with_options(study: StudyOfDevices, args: argparse.Namespace) -> StudyOfDevices: ...
def with_options(study: Study | StudyOfDevices, args: argparse.Namespace) -> Study | StudyOfDevices:
    """A study with what a command line says otherwise.

    Raises:
        InputError: the study does not allow these settings.
    """
    names = ("budget", "criterion", "algorithm", "area_limit_mm2", "deployment")
    options = {n: value for n in names if (value := getattr(args, n, None)) is not None}
    if getattr(args, "no_baselines", False):
        options["baselines"] = False
    if assumptions := getattr(args, "assumptions", None):
        options["assumptions"] = {**(study.studies[0].assumptions or {}), **dict(assumptions)}
    with input_errors():
        if options.get("criterion", SCORE) != SCORE:
            find_criterion(str(options["criterion"]))  # its message names no key of a file
        return study.replace(**options)


def check_outputs(outputs: Mapping[str, Path | None], inputs: Iterable[Path | None]) -> None:
    """Check that nothing that is read is written over, and no file is written twice.

    Args:
        outputs: by the option that names them; None where there is none.
        inputs: files that are read.

    Raises:
        InputError: an output is an input, or another output.
    """
    named = [(option, path) for option, path in outputs.items() if path]
    for at, (option, path) in enumerate(named):
        for other, earlier in named[:at]:
            if same_file(path, earlier):
                raise InputError(f"{other} and {option} are the same file: {path}")
        for read in inputs:
            if read and same_file(path, read):
                raise InputError(f"{option} {path} is the same file as the input {read}")


def same_file(a: Path, b: Path) -> bool:
    """Tell whether two paths name one plain file, also by links."""
    if a.is_file() and b.is_file():
        return a.samefile(b)
    return a.resolve() == b.resolve() and not a.exists()
