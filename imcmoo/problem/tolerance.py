"""Choose by a second criterion among designs that are nearly best by the first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from imcmoo.arrays import Floats
from imcmoo.problem.criteria import Criterion
from imcmoo.problem.scale import LARGEST, Scale
from imcmoo.problem.scores import Costs

SUFFIX = "_within_tolerance"
"""End of the name of a second criterion among nearly best designs."""


@dataclass(frozen=True)
class Tolerance:
    """Among designs within a share of the best by the first criterion, the best by the second.

    Args:
        share: allowed excess over the best score, as a share; a difference where scores are
            differences.
        first: the first criterion.
        second: the second one.
        joint: whether regrets are against chips that run all networks.

    Raises:
        ValueError: a criterion has no exact optimum, may prefer a design that costs more, or both
            are the same.
    """

    share: float
    first: Criterion
    second: Criterion
    joint: bool = False

    def __post_init__(self) -> None:
        for criterion in (self.first, self.second):
            if not (criterion.is_judged and criterion.monotone):
                raise ValueError(
                    f"tolerance: criterion {criterion.name} may prefer a design that costs more; "
                    "allowed: criteria that never do"
                )
        if self.first.name == self.second.name:
            raise ValueError(
                f"second_criterion: {self.second.name} is the criterion itself; name another"
            )

    @property
    def certificate_name(self) -> str:
        """Name of the certificate by the first criterion, which the share counts from."""
        return self.first.certificate_name(joint=self.joint)

    @property
    def first_name(self) -> str:
        """Name of the score by the first criterion."""
        return self.first.score_name(joint=self.joint)

    @property
    def second_name(self) -> str:
        """Name of the score by the second criterion."""
        return self.second.score_name(joint=self.joint)

    @property
    def name(self) -> str:
        """Name of the score by the second criterion among nearly best designs."""
        return f"{self.second.name}{SUFFIX}"

    @property
    def is_own(self) -> bool:
        """True if one of the criteria runs a user's code."""
        return self.first.is_own or self.second.is_own

    @property
    def score_scale(self) -> Scale:
        """Scale on which scores by the second criterion compare."""
        return self.second.score_scale

    def limit(self, best: float) -> float:
        """Largest allowed score by the first criterion, if the smallest is `best`."""
        return self.first.score_scale.limit(best, self.share)

    def scores(self, first: Floats, second: Floats) -> Floats:
        """Scores by the second criterion, infinite where the first exceeds its limit.

        Args:
            first: scores by the first criterion of all designs, shape (n,).
            second: scores by the second one, shape (n,).
        """
        return np.where(first <= self.limit(float(first.min())), second, np.inf)

    def criterion(self, best: float, reference_edap: Floats | None) -> Criterion:
        """The second criterion among designs within the tolerance of a known optimum.

        Args:
            best: smallest score by the first criterion.
            reference_edap: reference EDAP of regrets, J·s·mm², shape (W,).
        """
        score = partial(
            _within, first=self.first, second=self.second, limit=self.limit(best),
            reference_edap=reference_edap,
        )  # fmt: skip
        return replace(
            self.second, name=self.name, score=score, against="nothing", guides=False,
            orders_like=None, log10_score=None,
        )  # fmt: skip


def _within(
    costs: Costs,
    *,
    first: Criterion,
    second: Criterion,
    limit: float,
    reference_edap: Floats | None,
) -> Floats:
    """Scores by the second criterion, `LARGEST` where the first exceeds its limit."""
    within = first.unchecked_scores(costs, reference_edap) <= limit
    return np.where(within, second.unchecked_scores(costs, reference_edap), LARGEST)
