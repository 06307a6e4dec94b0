"""A search on disk: all it needs to go on as if it had never been stopped."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from imcmoo.io.checksums import arrays_checksum
from imcmoo.io.errors import InputError
from imcmoo.io.files import replacing
from imcmoo.io.reading import of_json, read_arrays
from imcmoo.model.metrics import Floats, Ints
from imcmoo.problem.identity import differing_keys
from imcmoo.space.design_space import Levels

ARRAYS = ("levels", "F", "G", "generation")
"""Arrays of a `State`, in the order of their checksum."""


@contextmanager
def checkpoint_errors(path: Path) -> Iterator[None]:
    """Turn whatever a damaged checkpoint raises while it is read into one error.

    Raises:
        InputError: the block failed; says what to do.
    """
    try:
        yield
    except (ValueError, TypeError, LookupError, ArithmeticError):
        raise InputError(
            f"{path} is not a checkpoint of a search, or damaged: remove it, and the search begins "
            "anew"
        ) from None


@dataclass(frozen=True)
class State:
    """A search between two generations.

    Args:
        identity: what the search is, by name; JSON values.
        random: state of the random generator.
        levels, F, G, generation: everything evaluated, as in `Archive`.
    """

    identity: dict[str, Any]
    random: dict[str, Any]
    levels: Levels
    F: Floats
    G: Floats
    generation: Ints

    def save(self, path: Path) -> None:
        """Write to `path`; a kill leaves the file before or this one, never half of it."""
        words = {"identity": self.identity, "random": self.random}
        arrays: dict[str, Any] = {
            "words": np.array(json.dumps(words, default=np.ndarray.tolist)),
            **{name: getattr(self, name) for name in ARRAYS},
        }
        with replacing(path) as temporary, temporary.open("wb") as file:
            np.savez(file, **arrays, checksum=np.array(arrays_checksum(arrays)))

    @classmethod
    def load(cls, path: Path, *, identity: dict[str, Any]) -> State:
        """Read what `save` wrote.

        Args:
            path: an existing file.
            identity: of the search that wants to go on.

        Raises:
            InputError: not a checkpoint, damaged, or that of another search; names the first
                difference.
        """
        with checkpoint_errors(path):
            arrays: dict[str, Any] = {**read_arrays(path, "a checkpoint")}
            checksum = str(arrays.pop("checksum"))
            if checksum != arrays_checksum(arrays):
                raise ValueError("checksum")
            words = of_json(str(arrays.pop("words")), str(path))
            state = cls(**words, **arrays)
            if not isinstance(state.identity, dict):
                raise TypeError("identity")
        for name, value in identity.items():
            theirs = state.identity.get(name)
            if theirs != value:
                told = f"is {_short(theirs)}, not {_short(value)}"
                if name == "own code":  # digests say less than the names of what differs
                    told = f"differs in {', '.join(differing_keys(theirs, value))}"
                raise InputError(
                    f"checkpoint {path} is of another search: its {name} {told}. Remove it, and "
                    "the search begins anew"
                )
        return state


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:28]} ... {text[-28:]}"
