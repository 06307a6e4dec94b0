"""Errors in a user's input, and checks of it."""

import difflib
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
"""Names of studies and networks: safe as files, folders, columns, and on any terminal."""

NAME_RULE = "letters, digits, '_', '.' and '-', beginning with a letter or digit"

FAULTS_SHOWN = 10
"""Faults of a file that are reported; the others are only counted."""

NEARLY_EQUAL = 0.9
"""Similarity of names, 0 to 1, from which on several are suggested instead of the closest."""


class InputError(Exception):
    """The user's input is at fault; the message says what and where, a line for each fault."""


class Infeasible(InputError):
    """No design is feasible, or none was found; says which is nearest."""


class OwnCodeError(InputError, ValueError):
    """A cost model, criterion or score does not return what it must; one line."""


class Conflict(ValueError):
    """Values that are allowed each, but not together; says which and why."""


@contextmanager
def input_errors(
    where: str = "", of: type[Exception] | tuple[type[Exception], ...] = ValueError
) -> Iterator[None]:
    """Turn errors `of` these kinds into an `InputError` whose message begins with `where`."""
    try:
        yield
    except of as error:
        raise InputError(f"{where}{error}") from None


def check_choice(name: str, value: object, known: Collection[str]) -> None:
    """Check that an argument is one of the words it can be.

    Raises:
        ValueError: it is not; names the argument and the words.
    """
    if value not in known:
        raise ValueError(f"{name} {value!r} is not one of {', '.join(known)}")


def did_you_mean(value: object, known: Collection[str], *, most: int = 1) -> str:
    """A hint at the closest of some names, or nothing; ends with a space. At most so many names
    that are nearly equal are listed."""
    name = str(value)
    close = difflib.get_close_matches(name, known, n=most, cutoff=NEARLY_EQUAL)
    close = close or difflib.get_close_matches(name, known, n=1)
    *others, last = (f"'{each}'" for each in close or ("",))
    either = f"{', '.join(others)} or {last}" if others else last
    return f"did you mean {either}? " if close else ""


def did_you_mean_or_known(value: object, known: Collection[str]) -> str:
    """A hint at the closest of some names, or all of them."""
    return did_you_mean(value, known).rstrip() or f"known: {', '.join(known)}"


def check_name(what: str, name: str) -> None:
    """Check that a study or a network can have a name.

    Args:
        what: whose name it is, for the error.
        name: the name.

    Raises:
        ValueError: it cannot; says what is allowed.
    """
    if not NAME.fullmatch(name):
        raise ValueError(f"{what} must be {NAME_RULE}, got {name!r}")
