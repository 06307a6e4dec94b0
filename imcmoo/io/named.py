"""A user's own code: objects by the name of their module and their own, and what they raise."""

from __future__ import annotations

import importlib
import inspect
import sys
import traceback
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, TypeVar

from imcmoo.io.errors import InputError

Result = TypeVar("Result")

_PACKAGE = __name__.partition(".")[0]
_loaded: set[str] = set()
"""Modules of users, by dotted name, whose errors are theirs to solve."""


def load(path: str, what: str, *, known: Collection[str]) -> Any:
    """An object by the name of its module and its own, `module:name`.

    Args:
        path: the name.
        what, known: what it is to be, and names that need no module, for the error.

    Raises:
        ValueError: no such module or object, or importing it fails, in whatever way.
    """
    module, colon, name = path.partition(":")
    if not colon:
        raise ValueError(f"unknown {what} {path!r}; known: {', '.join(known)}, or module:name")
    try:
        value = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ValueError(
            f"{what} {path!r} cannot be imported: {one_line(error)} (a study that names a module "
            "runs its code: use only files you trust)"
        ) from None
    except (Exception, SystemExit) as error:  # a module of a user's may do anything
        raise ValueError(
            f"{what} {path!r} cannot be imported: importing {module!r} raised {named_line(error)}"
        ) from None
    modules = {module, str(getattr(value, "__module__", module))}  # it may be defined elsewhere
    _loaded.update(m for m in modules if m.partition(".")[0] != _PACKAGE)
    return value


def find_modules_in(folder: Path) -> None:
    """Let modules in a folder be imported; those found elsewhere come first."""
    path = str(folder.absolute())
    if folder.is_dir() and path not in sys.path:
        sys.path.append(path)


def check_takes(function: object, what: str, *args: object, **kwargs: object) -> None:
    """Check that something of a user's can be called with some arguments, without calling it.

    Raises:
        ValueError: it is no function or class, takes other arguments, or does not state them, as
            some compiled code.
    """
    if not callable(function):
        raise ValueError(f"{what} is no function or class but {type(function).__name__}")
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        raise ValueError(
            f"{what} is compiled code that does not state its arguments: name a function in Python "
            "that calls it"
        ) from None
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        raise ValueError(f"{what}{signature} is called with other arguments: {error}") from None


def call_reporting(function: Callable[..., Result], *args: object) -> Result:
    """Call a function; what a user's code raises in it becomes an error of the input.

    Raises:
        InputError: an error that passed through a module that `load` has found.
    """
    try:
        return function(*args)
    except (InputError, OSError):
        raise
    except Exception as error:
        name = _raised_in(error)
        if name is None:
            raise
        raise InputError(f"{name} raised {named_line(error)}") from error


def call_own(function: Callable[..., Result], *args: object) -> Result:
    """Call a user's function, which may be compiled code or of another module than `load` found.

    Raises:
        InputError: the function raised an error or ended the program; names the function.
    """
    try:
        return function(*args)
    except (InputError, OSError):
        raise
    except (Exception, SystemExit) as error:
        module = getattr(function, "__module__", type(function).__module__)
        called = f"{module}:{getattr(function, '__qualname__', type(function).__qualname__)}"
        raise InputError(f"{_raised_in(error) or called} raised {named_line(error)}") from error


def _raised_in(error: BaseException) -> str | None:
    """`module:function` of the first call in a module that `load` found; None without one."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    first = next((f for f in frames if f.f_globals.get("__name__") in _loaded), None)
    return first and f"{first.f_globals['__name__']}:{first.f_code.co_qualname}"


def named_line(error: BaseException) -> str:
    """An error in one line: its class, what it says, and where it was raised."""
    stack = traceback.extract_tb(error.__traceback__)
    frames = [f for f in stack if f.filename[:1] != "<" and f.filename != __file__]
    where = f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""
    message = one_line(error)
    return f"{type(error).__name__}{f': {message}' if message else ''}{where}"


def one_line(error: BaseException) -> str:
    """The message of an error, its line breaks as spaces."""
    return " ".join(str(error).split())
