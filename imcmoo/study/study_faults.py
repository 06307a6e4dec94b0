"""Faults of a study file, one line each: the file, the key, the allowed values."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from imcmoo.io.errors import did_you_mean
from imcmoo.space.restricted import ValueFaults

_TEXTS = {
    "missing": "is missing",
    "int_type": "needs a whole number, got {value!r}",
    "int_from_float": "needs a whole number, got {value!r}",
    "float_type": "needs a number, got {value!r}",
    "string_type": "needs a text in quotes, got {value!r}",
    "bool_type": "needs true or false, got {value!r}",
    "list_type": "needs a list, [...], got {value!r}",
    "dict_type": "needs a table, got {value!r}",
    "model_type": "needs a table, got {value!r}",
    "greater_than": "must be above {gt:g}, got {value!r}",
    "greater_than_equal": "must be at least {ge:g}, got {value!r}",
    "less_than_equal": "must be at most {le:g}, got {value!r}",
    "finite_number": "must be finite, got {value!r}",
    "too_short": "needs at least {min_length}",
}
"""What is wrong, by pydantic's type of error."""

REMOVED_KEYS = {
    "scaling": "studies use the paper's technology scaling; in Python, "
    "Evaluator(space, networks, ComponentTable.read()) uses hwcomponents' own"
}
"""Removed keys of a study file, with the replacement of each."""


def fault_lines(file: Path, error: ValidationError, top: type[BaseModel]) -> str:
    """Every fault pydantic found, a line each; the fields of `top` are the keys allowed."""
    lines = []
    for fault in error.errors():
        cause = fault.get("ctx", {}).get("error")
        if isinstance(cause, ValueFaults):
            texts = {(*fault["loc"], name): text for name, text in cause.faults.items()}
        else:
            texts = {tuple(fault["loc"]): _text(fault, top)}
        lines += [f"{file}: {_key(loc)}{text}" for loc, text in texts.items()]
    return "\n".join(lines)


def _key(loc: Sequence[int | str]) -> str:
    """The key as people write it: `networks[1].weight: `."""
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return f"{text}: " if text else ""


def _text(fault: Any, top: type[BaseModel]) -> str:
    kind, value, ctx = fault["type"], fault["input"], fault.get("ctx", {})
    if kind == "extra_forbidden" and fault["loc"][-1] in REMOVED_KEYS:
        return f"was removed: {REMOVED_KEYS[fault['loc'][-1]]}"
    if kind == "extra_forbidden":
        keys = list(_model_at(top, fault["loc"][:-1]).model_fields)
        return f"unknown key; {did_you_mean(fault['loc'][-1], keys)}allowed: {', '.join(keys)}"
    if kind == "literal_error":
        allowed = [part.strip(" '") for part in ctx["expected"].replace(" or ", ",").split(",")]
        return f"unknown {value!r}; {did_you_mean(value, allowed)}allowed: {', '.join(allowed)}"
    if kind in _TEXTS:
        return _TEXTS[kind].format(value=value, **ctx)
    return str(ctx["error"]) if "error" in ctx else f"{fault['msg']}, got {value!r}"


def _model_at(top: type[BaseModel], loc: Sequence[int | str]) -> type[BaseModel]:
    """The model of a table by its key: that of the type its field is declared with."""
    model = top
    for part in loc:
        if isinstance(part, str):
            declared = model.model_fields[part].annotation
            model = next(t for t in _types(declared) if issubclass(t, BaseModel))
    return model


def _types(declared: Any) -> list[type]:
    """The classes a declared type is made of."""
    inner = getattr(declared, "__args__", ())
    return [t for part in inner for t in _types(part)] if inner else [declared]
