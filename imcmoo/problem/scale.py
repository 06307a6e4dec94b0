"""Compare scores of a criterion: by how much one exceeds another, and what an excess allows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeVar, cast

import numpy as np

from imcmoo.arrays import Floats

Number = TypeVar("Number", float, Floats)

Kind = Literal["ratio", "difference", "log10"]

SMALLEST, LARGEST = 1e-290, 1e290
"""Range of a positive score, in which float64 loses no digits."""

LARGEST_LOG10 = 300.0
"""Largest decimal logarithm of a number that is computed."""

ROUNDING = 1e-12
"""Relative error of a few operations on scores."""


@dataclass(frozen=True)
class Scale:
    """The scale of the scores of a criterion; smaller scores are better.

    Args:
        kind: "ratio" if scores compare as shares, "difference" if they may have any sign, "log10"
            if they are decimal logarithms of numbers that compare as shares.
        zero: added to scores before a ratio is taken; 1 for minimax regret, which is 0 for a chip
            as good as each network's own.
        root: shares are those of this root of the numbers: of a product over W networks they are
            those of the geometric mean.
    """

    kind: Kind = "ratio"
    zero: float = 0.0
    root: float = 1.0

    def excess(self, score: Number, best: float | Floats) -> Number:
        """Excess of scores over best ones: a share, or a difference of kind "difference".

        Infinite where a ratio has no positive reference, or is too large.
        """
        if self.kind == "difference":
            return score - best  # type: ignore[return-value]
        if self.kind == "log10":
            log10 = (score - best) / self.root
            share = np.power(10.0, np.minimum(log10, LARGEST_LOG10)) - 1.0
            excess: Number = np.where(log10 < LARGEST_LOG10, share, math.inf)[()]  # type: ignore[assignment]
            return excess
        counted = best + self.zero
        lacks = counted <= 0
        if np.all(lacks):
            return score * 0.0 + math.inf
        share = ((score + self.zero) / counted) ** (1 / self.root) - 1.0
        return cast("Number", np.where(lacks, math.inf, share) if np.any(lacks) else share)

    def log(self, score: Number) -> Number:
        """Natural logarithm of scores plus `zero`, of kind "ratio" and root 1.

        log(a) - log(b) is the logarithm of 1 + `excess(a, b)`.
        """
        log: Number = np.log(score + self.zero)
        return log

    def limit(self, best: float, excess: float) -> float:
        """Largest score whose excess over `best` is at most `excess`; of root 1."""
        if self.kind == "difference":
            return best + excess
        if self.kind == "log10":
            return best + math.log10(1.0 + excess)
        # Maximised objectives are negative.
        counted = best + self.zero
        return counted * (1.0 + math.copysign(excess, counted)) - self.zero

    def least(self, score: float, excess: float) -> float:
        """Smallest number that a score exceeds by at most `excess`, never more than the score.

        Rounded up by `ROUNDING`, so that the computed excess over it is never above `excess`.
        """
        if self.kind == "difference":
            return score - excess
        log10 = self.root * math.log10(1.0 + excess)
        if self.kind == "log10":
            return min(score, score - log10 + ROUNDING * (1.0 + abs(score)))
        if log10 > LARGEST_LOG10:
            return SMALLEST - self.zero
        least = (score + self.zero) / (1.0 + excess) ** self.root * (1.0 + ROUNDING)
        return min(score, max(least, SMALLEST) - self.zero)


RATIO = Scale()
"""Scale of positive scores."""
