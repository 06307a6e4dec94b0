"""Stamps: what a stored result depends on, and the comparison that tells whether it still holds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from imcmoo.version import __version__

PARTS = {
    "versions": "another version (imcmoo, cost model, scores, data or libraries)",
    "settings": "other settings",
    "each network": "other networks",
    "networks": "other networks",
    "data": "other data (component table, networks or precision)",
    "space": "another space",
    "question": "another question (objectives, limits, criteria or weights)",
    "own code": "other code of your own",
}
"""Parts of stamps in the order of comparison, and the difference that each stands for."""

OPTIONAL = {"each network"}
"""Parts that stamps of earlier versions lack: they name what differs in another part."""

OLDER = f"an older version of imcmoo than {__version__}"
"""Difference of a result whose stamp is missing, incomplete or of another form."""

MAX_NAMED = 3
"""Differing entries of a part that are named; the others are only counted."""

LONGEST_SHOWN = 60
"""Characters of a value up to which it is shown; no digest is that short."""


@dataclass(frozen=True)
class Stamp:
    """Everything that a stored result depends on.

    Make the stamp of the result that is wanted and store `to_json()` with it. When a stored result
    is read, make the stamp again and call `difference` with the stored one.

    Args:
        parts: JSON values or arrays by names of `PARTS`; a table of named values, or a digest.

    Raises:
        ValueError: a part has no name of `PARTS`; it would never be compared.
    """

    parts: Mapping[str, Any]

    def __post_init__(self) -> None:
        if unknown := sorted(self.parts.keys() - PARTS.keys()):
            raise ValueError(f"unknown part of a stamp: {unknown[0]}; known: {', '.join(PARTS)}")

    def only(self, *names: str) -> Stamp:
        """A stamp of some parts, to compare no others."""
        return Stamp({name: self.parts[name] for name in names})

    def to_json(self) -> dict[str, Any]:
        """The parts as JSON gives them back."""
        plain: dict[str, Any] = json.loads(self._text())
        return plain

    def digest(self) -> str:
        """SHA-256 (hex) of all parts."""
        return hashlib.sha256(self._text().encode()).hexdigest()

    def difference(self, stored: object) -> str:
        """Name the first part in which a stored stamp differs, and the values that differ.

        Args:
            stored: parts as `to_json` gives them; parts that this stamp lacks are not compared. It
                can be anything, since files can.

        Returns:
            A noun phrase that fits behind "is of", such as `other settings: budget 20 (here 30)`;
            empty if there is no difference.
        """
        parts = self.to_json()
        if not (isinstance(stored, Mapping) and stored.keys() >= parts.keys() - OPTIONAL):
            return OLDER
        for name in (name for name in PARTS if name in parts and name in stored):
            if stored[name] != parts[name]:
                details = _details(stored[name], parts[name])
                return f"{PARTS[name]}{': ' if details else ''}{details}"
        return ""

    def _text(self) -> str:
        return json.dumps(dict(self.parts), default=np.ndarray.tolist)


def _details(stored: Any, current: Any) -> str:
    """The entries in which two tables differ; empty for values that are no tables."""
    if not (isinstance(stored, Mapping) and isinstance(current, Mapping)):
        return ""
    names = _differing(stored, current)
    shown = ", ".join(_entry(name, stored, current) for name in names[:MAX_NAMED])
    more = len(names) - MAX_NAMED
    return f"{shown} and {more} more" if more > 0 else shown


def _entry(name: str, stored: Mapping[str, Any], current: Mapping[str, Any]) -> str:
    """An entry with both values if they are short, with the keys that differ if it is a table."""
    before, now = stored.get(name), current.get(name)
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        return f"{name} ({', '.join(_differing(before, now))})"
    texts = [json.dumps(value, ensure_ascii=False) for value in (before, now)]
    if max(map(len, texts)) > LONGEST_SHOWN:
        return name
    return f"{name} {texts[0]} (here {texts[1]})"


def _differing(stored: Mapping[str, Any], current: Mapping[str, Any]) -> list[str]:
    return [k for k in {**current, **stored} if stored.get(k) != current.get(k)]
