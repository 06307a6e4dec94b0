"""Designs that stand for sub-domains, without the columns of free parameters."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from numpy.typing import NDArray

from imcmoo.model.metrics import Bools, Ints
from imcmoo.model.partials import NoBounds
from imcmoo.model.physical.parameters import COLUMNS, Designs


class IncompleteDesigns(Designs):
    """Designs that lack columns: to read one of these would make a bound that does not hold."""

    @classmethod
    def without(cls, designs: Designs, names: Collection[str]) -> IncompleteDesigns:
        """Designs without the columns of some names."""
        return cls._of({n: values for n, values in vars(designs).items() if n not in names})

    @classmethod
    def _of(cls, columns: Mapping[str, NDArray[Any]]) -> IncompleteDesigns:
        designs = object.__new__(cls)
        vars(designs).update(columns)
        return designs

    def take(self, index: slice | Ints | Bools) -> IncompleteDesigns:
        """Some of the designs."""
        return self._of({name: values[index] for name, values in vars(self).items()})

    def __getattr__(self, name: str) -> NDArray[Any]:
        """Refuse a column that is not there.

        Raises:
            NoBounds: names the column.
        """
        if name in COLUMNS:
            raise NoBounds(f"no bounds: they read {name}, which has no most optimistic value")
        raise AttributeError(name)
