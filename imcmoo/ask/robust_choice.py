"""The chip of a set that is best over draws of uncertain costs."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from imcmoo.analysis.draws import mean_log, order_statistic, regrets
from imcmoo.arrays import Floats
from imcmoo.exact.robust_criteria import MEAN, QUANTILE, TIE
from imcmoo.io.errors import Infeasible
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.space.design_space import Levels
from imcmoo.study.uncertainty import UncertaintyTable


@dataclass(frozen=True, eq=False)
class Candidates:
    """Chips of a device in the draws in which some chip is feasible.

    Args:
        levels: value indices, shape (n, n_parameters).
        scores: infinite where infeasible, shape (n, n_draws).
        best: what regrets are against, shape (n_draws,).
    """

    levels: Levels
    scores: Floats
    best: Floats

    def logs(self, settings: UncertaintyTable) -> Floats:
        """Logarithm of the criterion as a factor, infinite where it is, shape (n,).

        A mean logarithm of scores, or of a quantile of 1 + regret.
        """
        if settings.criterion == MEAN:
            return mean_log(self.scores)
        q = settings.quantile if settings.criterion == QUANTILE else 1.0
        return np.asarray(np.log1p(order_statistic(regrets(self.scores, self.best), q)))

    def choose(self, settings: UncertaintyTable, problem: AcceleratorProblem) -> tuple[int, float]:
        """Index of the best chip, and the logarithm of its criterion.

        Of equal ones, the one with the least mean logarithm of scores comes first, then the order
        of the `TieRule`.

        Args:
            settings: the criterion.
            problem: a problem whose costs order equal chips.

        Raises:
            Infeasible: the criterion of every chip is infinite.
        """
        logs = self.logs(settings)
        tied = np.arange(len(logs))
        for values in (logs, mean_log(self.scores)):
            least = float(values[tied].min())
            if values is logs and not math.isfinite(least):
                raise self._no_chip(settings)
            if math.isfinite(least):
                tied = tied[values[tied] <= least + TIE]
        levels = self.levels[tied]
        F, _ = problem.score(levels, problem.model.evaluate(levels))
        _, first = problem.ties().first(problem.costs(F), problem.space.rank(levels))
        return int(tied[first]), float(logs[tied[first]])

    def _no_chip(self, settings: UncertaintyTable) -> Infeasible:
        n = self.scores.shape[1]
        most = int(np.isfinite(self.scores).sum(axis=1).max())
        # Rounded down, so that the recommended quantile is finite.
        q = math.floor(1e4 * most / n) / 1e4
        return Infeasible(
            f"no chip keeps its limits in all {n} draws in which some chip does, the best one in "
            f"{most}: raise the limits of the study, or use --criterion {QUANTILE} "
            f"--quantile {q:g}, which leaves the worst draws out"
        )


def display_value(log: float, settings: UncertaintyTable) -> float:
    """The criterion as it is stated: a mean logarithm, or a quantile of regrets."""
    return log if settings.criterion == MEAN else math.expm1(log)
