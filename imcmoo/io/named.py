"""Objects by the name of their module and their own."""

from __future__ import annotations

import importlib
from collections.abc import Collection
from typing import Any


def load(path: str, what: str, *, known: Collection[str]) -> Any:
    """An object by the name of its module and its own, `module:name`.

    Args:
        what: what it is to be, for the error.
        known: names that need no module, for the error.

    Raises:
        ValueError: no such module or object.
    """
    module, colon, name = path.partition(":")
    if not colon:
        raise ValueError(f"unknown {what} '{path}'; known: {', '.join(known)}, or module:name")
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ValueError(
            f"{what} '{path}' cannot be had: {error} (a study that names a module runs its code: "
            "use only files you trust)"
        ) from None
