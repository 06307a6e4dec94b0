"""Messages about a wrong study: one line for each fault, with its key and what is allowed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from imcmoo.io.errors import FAULTS_SHOWN, did_you_mean
from imcmoo.io.printable import printable_line
from imcmoo.space.restricted import ValueFaults

_TEXTS = {
    "missing": "is missing",
    "int_type": "needs a whole number, got {value!r}",
    "int_from_float": "needs a whole number, got {value!r}",
    "float_type": "needs a number, got {value!r}",
    "string_type": "needs a text in quotes, got {value!r}",
    "bool_type": "needs true or false, got {value!r}",
    "tuple_type": "needs a list, [...], got {value!r}",
    "dict_type": "needs a table, got {value!r}",
    "model_type": "needs a table, got {value!r}",
    "greater_than": "must be above {gt:g}, got {value!r}",
    "greater_than_equal": "must be at least {ge:g}, got {value!r}",
    "less_than_equal": "must be at most {le:g}, got {value!r}",
    "finite_number": "must be finite, got {value!r}",
}
"""What is wrong, by pydantic's type of error."""


def fault_lines(error: ValidationError, keys: Mapping[str, Sequence[str]]) -> list[str]:
    """The faults that pydantic found, a line each, such as `networks[0].weight: must be ...`.

    At most `FAULTS_SHOWN`; the last line then counts the others.

    Args:
        error: of a study.
        keys: names of the keys of each table; those of the study itself under "".
    """
    lines = [f"{key}: {text}" if key else text for key, text in listed_faults(error, keys)]
    more = error.error_count() - FAULTS_SHOWN
    return [*lines, f"and {more:,} more faults"] if more > 0 else lines


def listed_faults(
    error: ValidationError, keys: Mapping[str, Sequence[str]]
) -> list[tuple[str, str]]:
    """The first `FAULTS_SHOWN` faults as key and text; see `fault_lines`."""
    faults: list[tuple[str, str]] = []
    # The space, checked after the networks, comes before them in a file.
    ordered = sorted(
        error.errors(include_url=False), key=lambda fault: _is_late(fault["loc"], keys)
    )
    for fault in ordered[:FAULTS_SHOWN]:
        cause = fault.get("ctx", {}).get("error")
        if isinstance(cause, ValueFaults):
            place = () if cause.of_study else fault["loc"]
            texts = {(*place, name): text for name, text in cause.faults.items()}
        else:
            texts = {tuple(fault["loc"]): _text(fault, keys)}
        faults += [(_key(loc), text) for loc, text in texts.items()]
    return faults


def _is_late(place: tuple[int | str, ...], keys: Mapping[str, Sequence[str]]) -> bool:
    """True for keys from `networks` on, but for the space."""
    top = keys.get("", ())
    early = (*top[: top.index("networks")], "space") if "networks" in top else ("space",)
    return bool(place) and place[0] not in early


def unknown_key(key: str, known: Sequence[str]) -> str:
    """Text on a key that does not exist."""
    return f"unknown key; {did_you_mean(key, known)}allowed: {', '.join(known)}"


def _key(loc: Sequence[int | str]) -> str:
    """The key as people write it: `networks[1].weight`."""
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return printable_line(text)


def _text(fault: Any, keys: Mapping[str, Sequence[str]]) -> str:
    kind, value, ctx = fault["type"], fault["input"], fault.get("ctx", {})
    if kind == "extra_forbidden":
        return unknown_key(fault["loc"][-1], keys.get(fault["loc"][0], keys[""]))
    if kind == "literal_error":
        allowed = [part.strip(" '") for part in ctx["expected"].replace(" or ", ",").split(",")]
        return f"unknown {value!r}; {did_you_mean(value, allowed)}allowed: {', '.join(allowed)}"
    if kind in _TEXTS:
        return _TEXTS[kind].format(value=value, **ctx)
    return str(ctx["error"]) if "error" in ctx else f"{fault['msg']}, got {value!r}"
