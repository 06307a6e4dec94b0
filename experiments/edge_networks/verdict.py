"""Verdict on a network that was executed on several simulated chips of a design."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from imcmoo.accuracy.verdict import (
    ROUNDING,
    SURE,
    clustered_standard_error,
    reference_scores,
)
from imcmoo.arrays import Floats

MEAN_LOSS, WORST_LOSS, STANDARD_ERROR = 0.01, 0.03, 0.005
"""Largest loss of the mean and of the worst chip, and largest standard error, as shares of 1."""

Works = Literal["works", "undecided", "fails"]
WORST_FIRST: tuple[Works, ...] = ("fails", "undecided", "works")


@dataclass(frozen=True)
class Verdict:
    """Losses of a network on chips of one design, as shares of 1.

    Args:
        mean_loss: score of the reference less the mean score of the chips.
        worst_loss: score of the reference less that of the worst chip.
        standard_error: of `mean_loss`, over clusters of samples.
    """

    mean_loss: float
    worst_loss: float
    standard_error: float

    @classmethod
    def of_scores(cls, scores: Floats, in_float: Floats, on_integers: Floats) -> Verdict:
        """Verdict from the scores of samples.

        A sample must be independent of the others: the frames of a sequence, or the characters of a
        line, make up one sample.

        Args:
            scores: scores on each chip, shape (chips, n), n at least 2.
            in_float, on_integers: scores of the network in float and with integers, shape (n,). The
                one with the lower mean is the reference; integers, if the means are equal or every
                chip scores as they do, since then there is no difference to estimate.
        """
        reference = reference_scores(scores, in_float, on_integers)
        return cls(
            mean_loss=float(reference.mean() - scores.mean()),
            worst_loss=float(reference.mean() - scores.mean(axis=1).min()),
            standard_error=clustered_standard_error(
                reference - scores.mean(axis=0), np.arange(len(reference))
            ),
        )

    @property
    def works(self) -> Works:
        """ "works" within all limits; "undecided" if the standard error is too large to tell."""
        limits = ((self.mean_loss, MEAN_LOSS), (self.worst_loss, WORST_LOSS))
        above = max(loss - limit for loss, limit in limits)
        if self.standard_error > STANDARD_ERROR and above <= SURE * self.standard_error:
            return "undecided"
        return "works" if above <= ROUNDING else "fails"

    @property
    def is_settled(self) -> bool:
        """True if the worst chip loses so much that further chips cannot change the verdict."""
        return self.worst_loss - WORST_LOSS > max(SURE * self.standard_error, ROUNDING)

    def to_row(self) -> dict[str, Any]:
        """Columns of a table."""
        return {**vars(self), "verdict": self.works}


def worst(verdicts: Iterable[str]) -> str:
    """The worst of the verdicts at several noises of ADCs."""
    stated = [*verdicts]
    return next(each for each in WORST_FIRST if each in stated)


def with_margin(adc_noise: int) -> int:
    """1.2 times the noise of an ADC in whole percent, rounded up."""
    return -(-6 * adc_noise // 5)
