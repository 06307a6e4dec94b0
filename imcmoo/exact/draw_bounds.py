"""Excesses of nodes and designs in many draws of the costs, one draw at a time.

Bounds of all draws would cost as much as a proof per draw. No chip has a score below the best of
the draw, so 0 bounds the excess of a draw that is not looked at. Most nodes are ruled out after a
few draws.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from imcmoo.arrays import Bools, Floats, Ints
from imcmoo.exact.bounded_criteria import BoundedCosts, BoundedCriterion
from imcmoo.exact.node_expander import NodeExpander
from imcmoo.exact.robust_criteria import TIE, UNBOUNDED, RobustCriterion
from imcmoo.model.metrics import Metrics
from imcmoo.model.partials import PartialDesignTree
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.space.design_space import Levels


class Draw:
    """Bounds and scores in one draw of the costs.

    Args:
        problem: the problem with the costs of the draw.
        goal: criterion of a chip in a draw; its scores compare as ratios.
        best: proven best score.
        alike: a draw that differs in the weights of networks only, whose search tree is used. If
            None, the draw has its own.
    """

    def __init__(
        self,
        problem: AcceleratorProblem,
        goal: BoundedCriterion,
        best: float,
        alike: Draw | None = None,
    ) -> None:
        self.problem = problem
        self._alike = alike
        self.goal = goal
        self.log_best = float(goal.score_scale.log(best))

    @cached_property
    def expander(self) -> NodeExpander:
        """Search tree with the bounds of the draw, built when it is first needed."""
        return NodeExpander(self.problem) if self._alike is None else self._alike.expander

    def relaxed(self, rows: Levels, stage: int) -> Floats | None:
        """Lower bounds of the excess of all children of n nodes, shape (n * m,); None if there are
        no relaxed bounds."""
        quick = self.expander.partials.relaxed_bound(rows, stage)
        return None if quick is None else self._bounded(quick, rows)

    def bound(self, rows: Levels) -> Floats:
        """Lower bounds of the excess of nodes, shape (n,)."""
        excess = np.full(len(rows), np.inf)
        fits = np.flatnonzero(self.expander.screened(rows))
        if len(fits):
            excess[fits] = self._bounded(self.expander.partials.bound(rows[fits]), rows[fits])
        return excess

    def excess(self, levels: Levels) -> Floats:
        """Excess of designs, infinite where they are infeasible, shape (n,)."""
        feasible, metrics = self.problem.feasible(levels)
        excess = np.full(len(levels), np.inf)
        if len(feasible):
            rank = self.problem.space.rank
            scores = self.goal.score(self.problem.costs(self.problem.score(feasible, metrics)[0]))
            excess[np.isin(rank(levels), rank(feasible))] = self._log(scores)
        return excess

    def _bounded(self, bounds: Metrics, rows: Levels) -> Floats:
        within = self.expander.within(bounds)
        filled = self.expander.partials.representative_designs(rows)
        costs = BoundedCosts.from_bounds(bounds, self.problem, filled, len(within) // len(rows))
        with np.errstate(invalid="ignore", over="ignore"):
            return np.where(within, self._log(self.goal.lower_bound(costs)), np.inf)

    def _log(self, scores: Floats) -> Floats:
        return self.goal.score_scale.log(scores) - self.log_best


NUMBERS_CHUNK_SIZE = 1 << 22
"""Excesses of children that are held at once; bounds memory."""

PROBED = 8
"""Draws that are looked at before it is estimated whether the others would rule a node out."""

CAUTION = 0.1
"""Share of its excess on known designs that a draw is expected to add before it was looked at."""

LARGEST_GAIN = 10.0
"""Excess above which it does not matter how much a draw adds."""


@dataclass
class DrawBounds:
    """Rules out nodes by their excess in as few draws as possible.

    Draws that ruled out most at a stage come first. A node that the first draws do not rule out is
    left as it is if, by estimate, the others would not do so either.

    Args:
        draws: the draws.
        criterion: the criterion over draws.
        expected: what each draw is expected to add, shape (n_draws,).
        stop: returns True if nodes are to be left as they are.

    Attributes:
        pairs: number of pairs of a node or design and a draw that were looked at.
    """

    draws: Sequence[Draw]
    criterion: RobustCriterion
    expected: Floats
    stop: Callable[[], bool] = lambda: False

    def __post_init__(self) -> None:
        self._gains: dict[tuple[str, int], Floats] = {}
        self._bounded_in: set[int] = set()
        self.pairs = 0

    @property
    def tree(self) -> PartialDesignTree:
        """Search tree of the space, equal in all draws."""
        return self.draws[0].expander.partials

    @property
    def draws_used(self) -> int:
        """Number of draws whose bounds were needed."""
        return len(self._bounded_in)

    def expect(self, excess: Floats) -> None:
        """Look first at the draws in which a good design has the largest excess, (n_draws,)."""
        self.expected = CAUTION * np.minimum(excess, 1.0)

    def unknown(self, n: int) -> Floats:
        """Lower bounds of the excess of any n nodes, shape (n, n_draws)."""
        return np.full((n, len(self.draws)), -TIE)

    def relaxed(
        self, rows: Levels, excess: Floats, stage: int, limit: float
    ) -> tuple[Bools, Floats] | None:
        """Rule out children of nodes by relaxed bounds.

        Args:
            rows: nodes, shape (n, n_columns).
            excess: lower bounds of their excesses, shape (n, n_draws).
            stage: stage to choose.
            limit: level above which children are ruled out.

        Returns:
            True for the children that are left, shape (n * m,), and lower bounds of the excesses of
            these; None if there are no relaxed bounds.
        """
        first = self.draws[0].relaxed(rows[:1], stage)
        if first is None:
            return None
        m = len(first)
        at_once = max(1, NUMBERS_CHUNK_SIZE // (m * len(self.draws)))
        parts = [
            self._relaxed_chunk(rows[at : at + at_once], excess[at : at + at_once], stage, limit, m)
            for at in range(0, len(rows), at_once)
        ]
        left, known = zip(*parts, strict=True)
        return np.concatenate(left), np.concatenate(known)

    def _relaxed_chunk(
        self, rows: Levels, excess: Floats, stage: int, limit: float, m: int
    ) -> tuple[Bools, Floats]:
        def of_children(draw: Draw, some: Ints) -> Floats:
            parents, at = np.unique(some // m, return_inverse=True)
            bounds = draw.relaxed(rows[parents], stage)
            assert bounds is not None
            return bounds[at * m + some % m]

        excess = np.repeat(excess, m, axis=0)
        left = self._narrow(("relaxed", stage), excess, of_children, limit)
        return left, excess[left]

    def bounded(self, rows: Levels, excess: Floats, stage: int, limit: float) -> Bools:
        """Rule out nodes by their bounds.

        Args:
            rows: nodes, shape (n, n_columns).
            excess: lower bounds of their excesses, shape (n, n_draws); raised in place.
            stage: number of chosen stages.
            limit: level above which nodes are ruled out.

        Returns:
            True for the nodes that are left, shape (n,).
        """
        return self._narrow(
            ("bound", stage), excess, lambda draw, some: draw.bound(rows[some]), limit
        )

    def evaluated(self, levels: Levels, excess: Floats, limit: float) -> Bools:
        """Evaluate designs in one draw after another until they are ruled out.

        Args:
            levels: designs, shape (n, n_parameters).
            excess: lower bounds of their excesses, shape (n, n_draws); those of designs that are
                left become exact.
            limit: level above which designs are ruled out.

        Returns:
            True for the designs that are left, shape (n,).
        """
        return self._narrow(
            ("design", 0),
            excess,
            lambda draw, some: draw.excess(levels[some]),
            limit,
            to_the_end=True,
        )

    def _narrow(
        self,
        kind: tuple[str, int],
        excess: Floats,
        of_draw: Callable[[Draw, Ints], Floats],
        limit: float,
        *,
        to_the_end: bool = False,
    ) -> Bools:
        """Raise excesses draw by draw; returns True for rows that are not ruled out.

        With `to_the_end`, all draws are looked at, whatever the estimate says.
        """
        most = self.criterion.most(limit)
        total = self.criterion.parts(excess, limit).sum(axis=1)
        left = total <= most
        gained = np.zeros(len(excess))
        gains = self._gains.setdefault(kind, self.expected.copy())
        some = np.flatnonzero(left)
        for n_seen, at in enumerate(np.argsort(-gains, kind="stable"), 1):
            if not len(some) or (self.stop() and not to_the_end):
                break
            if not to_the_end:
                self._bounded_in.add(int(at))
            self.pairs += len(some)
            known = excess[some, at]
            excess[some, at] = found = np.maximum(known, of_draw(self.draws[at], some))
            more = self.criterion.parts(found, limit) - self.criterion.parts(known, limit)
            total[some] += more
            gained[some] += more
            gains[at] = (gains[at] + np.minimum(more, LARGEST_GAIN).mean()) / 2
            left[some] = total[some] <= most
            some = some[left[some]]
            if n_seen >= PROBED and not to_the_end:
                others = len(self.draws) - n_seen
                some = some[total[some] + gained[some] / n_seen * others > most]
        return left


def pruning_level(level: float) -> float:
    """Level above which no design can be as good as one of a level, which may be infinite."""
    return min(level + TIE, UNBOUNDED)
