"""Proof of the best chip over draws of the costs, and its content of a file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from imcmoo.io.errors import InputError
from imcmoo.problem.robust_names import ROBUST_CRITERIA
from imcmoo.space.design_space import DesignSpace, Levels


@dataclass(frozen=True)
class RobustProof:
    """Result of a branch and bound over draws.

    Args:
        criterion: name of the criterion.
        quantile: of the regrets; 1 of criteria other than "robust_quantile".
        by: score of a chip in a draw.
        levels: the best chip, shape (n_parameters,); None if no chip with a finite criterion was
            found.
        value: its criterion: a mean logarithm of the score, or a regret; infinite without chip.
        bound: lower bound of the criterion of all chips; infinite if it is proven to be infinite
            for every chip.
        gap: share by which the score, or 1 + regret, may be above the least there is.
        draws: number of draws in which some chip is feasible.
        draws_used: number of those whose bounds were needed.
    """

    criterion: str
    quantile: float
    by: str
    levels: Levels | None
    value: float
    bound: float
    gap: float
    draws: int
    draws_used: int

    def to_json(self, space: DesignSpace) -> dict[str, object]:
        """Content of a file: values of the chip by name, null for infinite numbers."""
        design = {} if self.levels is None else space.designs(self.levels[None])[0]
        return {
            "criterion": self.criterion,
            "quantile": self.quantile,
            "by": self.by,
            "design": {name: design[name] for name in space.names} if design else None,
            **{name: v if math.isfinite(v) else None for name, v in self._numbers.items()},
            "draws": self.draws,
            "draws_used": self.draws_used,
        }

    @property
    def _numbers(self) -> dict[str, float]:
        return {"value": self.value, "bound": self.bound, "gap": self.gap}

    @classmethod
    def of_json(cls, content: Mapping[str, object], space: DesignSpace) -> Self:
        """Inverse of `to_json`.

        Raises:
            InputError: a field is missing, of another type or out of range, or the chip is not of
                the space.
        """
        criterion, quantile = _text(content, "criterion"), _number(content, "quantile")
        if criterion not in ROBUST_CRITERIA:
            raise _wrong("criterion", criterion)
        if not 0 < quantile <= 1:
            raise _wrong("quantile", quantile)
        return cls(
            criterion=criterion,
            quantile=quantile,
            by=_text(content, "by"),
            levels=_chip(content.get("design"), space),
            value=_number(content, "value"),
            bound=_number(content, "bound"),
            gap=_number(content, "gap"),
            draws=_count(content, "draws"),
            draws_used=_count(content, "draws_used"),
        )


def _chip(design: object, space: DesignSpace) -> Levels | None:
    """Value indices of a chip that is given by name; None if there is none."""
    if design is None:
        return None
    if not isinstance(design, Mapping) or {*design} != {*space.names}:
        raise InputError(f"design of the robust proof is no chip of space {space.name}")
    try:
        return space.levels_of(design)[0]
    except ValueError as error:
        raise InputError(f"design of the robust proof: {error}") from None


def _text(content: Mapping[str, object], name: str) -> str:
    value = content.get(name)
    if not isinstance(value, str):
        raise _wrong(name, value)
    return value


def _count(content: Mapping[str, object], name: str) -> int:
    value = content.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise _wrong(name, value)
    return value


def _number(content: Mapping[str, object], name: str) -> float:
    """A number; infinite if it is null."""
    value = content.get(name, "")
    if value is None:
        return math.inf
    if not isinstance(value, int | float) or isinstance(value, bool) or math.isnan(value):
        raise _wrong(name, value)
    return float(value)


def _wrong(name: str, value: object) -> InputError:
    return InputError(f"{name} of the robust proof is {value!r}")
