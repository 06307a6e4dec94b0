"""Compare scores of a criterion: by how much one exceeds another, and the limit of an excess."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np

from imcmoo.arrays import Floats

Number = TypeVar("Number", float, Floats)

Kind = Literal["ratio", "difference", "log10"]


@dataclass(frozen=True)
class Scale:
    """The scale of the scores of a criterion; smaller scores are better.

    Args:
        kind: "ratio" if scores compare as shares, "difference" if they may have any sign, "log10"
            if they are decimal logarithms of numbers that compare as shares.
        zero: added to scores before a ratio is taken; 1 for minimax regret, which is 0 for a chip
            as good as each network's own.
    """

    kind: Kind = "ratio"
    zero: float = 0.0

    def excess(self, score: Number, best: float) -> Number:
        """Excess of scores over a best one: a share, or a difference of scale "difference".

        Infinite where a ratio has no positive reference.
        """
        if self.kind == "difference":
            return score - best
        if self.kind == "log10":
            with np.errstate(over="ignore"):
                return np.power(10.0, score - best) - 1.0
        if best + self.zero <= 0:
            return score * 0.0 + math.inf
        return (score + self.zero) / (best + self.zero) - 1.0

    def limit(self, best: float, excess: float) -> float:
        """Largest score whose excess over `best` is at most `excess`."""
        if self.kind == "difference":
            return best + excess
        if self.kind == "log10":
            return best + math.log10(1.0 + excess)
        return (best + self.zero) * (1.0 + excess) - self.zero
