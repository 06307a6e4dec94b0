"""The studies and spaces there are: found through entry points, so that nothing here looks upward.

An installed package offers studies by an entry point of the group `imcmoo.studies`, and the spaces
that `imcmoo evaluate` knows by one of the group `imcmoo.spaces`; each names a dictionary.
"""

from __future__ import annotations

import difflib
from importlib.metadata import entry_points
from typing import Any

from imcmoo.io.errors import InputError
from imcmoo.space.design_space import DesignSpace
from imcmoo.study.study import Study


def studies() -> dict[str, Study]:
    """Every study that can be run, by name."""
    return _offered("imcmoo.studies")


def spaces() -> dict[str, DesignSpace]:
    """The widest space of each device, by name."""
    return _offered("imcmoo.spaces")


def find_study(name: str) -> Study:
    """The study of this name.

    Raises:
        InputError: unknown name; suggests the closest and lists the known ones.
    """
    known = studies()
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean '{close[0]}'? " if close else ""
        raise InputError(f"unknown study '{name}'; {hint}known: {', '.join(known)}")
    return known[name]


def _offered(group: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for entry in entry_points(group=group):
        found |= entry.load()
    if not found:
        raise InputError(f"no package offers {group}: install imcmoo (pip install -e .)")
    return found
