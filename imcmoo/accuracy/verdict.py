"""Verdict on a network that is executed on simulated chips of a circuit.

Chips are executed until the verdict is clear, `STAGES` of them in turn::

    for chips in STAGES:
        loss = Loss.of_scores(scores[:chips], in_float, on_integers)
        if loss.is_clear(allowed):
            break
    loss.works(allowed)
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from imcmoo.arrays import Floats, Ints

STAGES = (2, 4, 10)
"""Simulated chips after which the verdict may be clear; the last number decides in any case."""
SURE = 2.0
"""Standard errors between a loss and its limit from which a verdict is clear."""
WORST = 3.0
"""Factor of the allowed loss that the worst chip may lose."""
ROUNDING = 1e-9


@dataclass(frozen=True)
class Loss:
    """Loss of score on simulated chips, as shares of 1.

    Args:
        mean: score of the reference less the mean score of the chips.
        standard_error: of the mean, by samples and chips.
        worst: score of the reference less that of the worst chip.
        worst_error: standard error of `worst`, by samples.
        chips: number of chips.
    """

    mean: float
    standard_error: float
    worst: float
    worst_error: float
    chips: int

    @classmethod
    def of_scores(cls, scores: Floats, in_float: Floats, on_integers: Floats) -> Loss:
        """Loss from the scores of samples.

        A sample must be independent of the others: the frames of a sequence, or the characters of a
        line, make up one sample.

        Args:
            scores: scores on each chip, shape (chips, n).
            in_float, on_integers: scores of the network in float and with integers, shape (n,).
        """
        reference = reference_scores(scores, in_float, on_integers)
        worst = int(scores.mean(axis=1).argmin())
        of_chips = scores.mean(axis=1).std(ddof=1) if len(scores) > 1 else 0.0
        of_samples = _standard_error(reference - scores.mean(axis=0))
        return cls(
            mean=float(reference.mean() - scores.mean()),
            standard_error=math.hypot(of_samples, of_chips / math.sqrt(len(scores))),
            worst=float(reference.mean() - scores[worst].mean()),
            worst_error=_standard_error(reference - scores[worst]),
            chips=len(scores),
        )

    def is_clear(self, allowed: float) -> bool:
        """True if further chips are not expected to change the verdict."""
        return abs(self.mean - allowed) >= SURE * self.standard_error

    def excess(self, allowed: float) -> float:
        """Loss beyond what is allowed, 0 if the network works.

        Of the worst chip, which may lose `WORST` times as much, only what is certain counts.
        """
        certain = self.worst - SURE * self.worst_error
        beyond = max(self.mean - allowed, (certain - WORST * allowed) / WORST)
        return beyond if beyond > ROUNDING else 0.0

    def works(self, allowed: float) -> bool:
        """True if mean and worst chip lose no more than is allowed."""
        return self.excess(allowed) == 0


def reference_scores(scores: Floats, in_float: Floats, on_integers: Floats) -> Floats:
    """Scores that losses count from, shape (n,): the lower in the mean of float and integers.

    Integers, if the means are equal or every chip scores as they do, since then there is no
    difference to estimate.
    """
    if (scores == on_integers).all():
        return on_integers
    return min(on_integers, in_float, key=lambda each: float(each.mean()))


def _standard_error(differences: Floats) -> float:
    """Standard error of the mean of independent differences; 0 of a single one, which tells
    nothing."""
    error = clustered_standard_error(differences, np.arange(len(differences)))
    return 0.0 if math.isnan(error) else error


def clustered_standard_error(differences: Floats, clusters: Ints) -> float:
    """Standard error of the mean of differences that hang together in clusters.

    Args:
        differences: shape (n,).
        clusters: number of the cluster of each, from 0 without gaps, shape (n,).

    Returns:
        √(g/(g−1)·ΣD²)/n, with g clusters and D the sum of a cluster's deviations from the mean of
        all; NaN for a single cluster.

    Source: A. C. Cameron, D. L. Miller, J. Human Resources 50(2), 2015.
    """
    sums = np.bincount(clusters, differences - differences.mean())
    if len(sums) < 2:
        return math.nan
    return math.sqrt(len(sums) / (len(sums) - 1) * float((sums**2).sum())) / len(differences)
