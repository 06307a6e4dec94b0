"""What can be wrong with what a user gave."""

from collections.abc import Collection


class InputError(Exception):
    """The user's input is at fault; the message says what and where, a line for each fault."""


def check_choice(name: str, value: object, known: Collection[str]) -> None:
    """Check that an argument is one of the words it can be.

    Raises:
        ValueError: it is not; names the argument and the words.
    """
    if value not in known:
        raise ValueError(f"{name} {value!r} is not one of {', '.join(known)}")
