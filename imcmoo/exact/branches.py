"""Partial designs of a problem with their bounds, and what becomes of their completions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imcmoo.exact.goal import BoundedCosts, NotProvable, check_provable
from imcmoo.io.executor import threads
from imcmoo.model.cost_model import BoundsPartials, Partials
from imcmoo.model.metrics import Floats, Metrics
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.space.design_space import LARGEST_RANK, Levels

Ints = NDArray[np.int64]

ROWS_AT_ONCE = 8192


@dataclass(frozen=True)
class Nodes:
    """Partial designs of one stage that may have feasible completions.

    Args:
        rows: as the model has them, shape (n, n_columns).
        costs: lower bounds of what their completions cost; None where there are none yet.
    """

    rows: Levels
    costs: BoundedCosts | None


@dataclass(frozen=True)
class Expanded:
    """What some partial designs become with one stage more chosen.

    Args:
        nodes: the children that are left.
        infeasible: designs that are ruled out, in all.
    """

    nodes: Nodes
    infeasible: int


class Branches:
    """The tree of partial designs of a problem.

    Args:
        problem: its model must know bounds of partial designs.

    Raises:
        NotProvable: it does not, or a limit or quantity of the problem is not bounded by these.
    """

    def __init__(self, problem: AcceleratorProblem) -> None:
        check_provable(problem)
        if problem.space.size > LARGEST_RANK:
            raise NotProvable(f"{problem.space.size:,} designs are more than can be counted here")
        if not isinstance(problem.model, BoundsPartials):
            raise NotProvable(
                f"cost model {type(problem.model).__name__} has no bounds of partial designs: "
                "enumerate, or offer `partials` (imcmoo.model.cost_model.BoundsPartials)"
            )
        limit = problem.area_limit_m2
        self.problem = problem
        self._limit_m2 = np.inf if limit is None else limit
        try:
            self.partials: Partials = problem.model.partials(self._limit_m2)
        except ValueError as error:
            raise NotProvable(str(error)) from None
        self.stages = tuple(self.partials.stages)

    @property
    def start(self) -> Nodes:
        """The one node that stands for all designs."""
        return Nodes(self.partials.start, None)

    def designs(self, rows: Levels) -> int:
        """How many designs some partial designs stand for."""
        return int(self.partials.completions(rows).sum())

    def expand(self, rows: Levels, stage: int) -> Expanded:
        """Choose one stage more: the children that may be feasible, with bounds where there are.

        Args:
            rows: of which the stages before are chosen.
            stage: which to choose.
        """
        children, _ = self.partials.options(rows, stage)
        parts = [children[at : at + ROWS_AT_ONCE] for at in range(0, len(children), ROWS_AT_ONCE)]
        kept = _spread(self._feasible, parts)
        left = np.concatenate([children[:0], *kept])
        costs = None
        if stage + 1 >= self.partials.bound_from:
            bounds = self.partials.bound(left)
            fits = self._within(bounds)
            costs = BoundedCosts.of(bounds, self.problem.weights).take(fits)
            left = left[fits]
        return Expanded(Nodes(left, costs), self.designs(rows) - self.designs(left))

    def _feasible(self, rows: Levels) -> Levels:
        quick = self.partials.screen(rows)
        fits: NDArray[np.bool_] = quick.runs.all(axis=1) & np.isfinite(quick.area_m2)
        return rows[fits & (quick.area_m2 <= self._limit_m2)]

    def _within(self, bounds: Metrics) -> NDArray[np.bool_]:
        """Which bounded designs may run every network within the limits, shape (n,)."""
        finite = np.isfinite(bounds.energy_J).all(axis=1) & np.isfinite(bounds.latency_s).all(axis=1)
        within = self.problem.limits.within(bounds.values).all(axis=1)
        return np.asarray(finite & within)

    def evaluate(self, rows: Levels) -> tuple[Levels, Floats]:
        """As `feasible`, of fully chosen partial designs."""
        return self.feasible(self.partials.designs(rows))

    def feasible(self, levels: Levels) -> tuple[Levels, Floats]:
        """Those of some designs that are feasible, and their objectives."""
        F, G = self.problem.score(levels, self.problem.model.evaluate(levels))
        feasible = (G <= 0).all(axis=1)
        return levels[feasible], F[feasible]


def _spread(work: Callable[[Levels], Levels], parts: Sequence[Levels]) -> list[Levels]:
    """Results of some parts, in order, by as many threads as there may be."""
    if min(threads(), len(parts)) <= 1:
        return [work(part) for part in parts]
    with ThreadPoolExecutor(threads()) as pool:
        return list(pool.map(work, parts))
