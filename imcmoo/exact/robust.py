"""Branch and bound over many draws of the costs, for a chip that is good in all of them.

    proof = prove(problems, "robust_mean", best, start)

Nodes are pruned by `DrawBounds`, chips that are left are evaluated in every draw.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from imcmoo.arrays import Floats, Ints
from imcmoo.exact.bounded_criteria import (
    BoundedCriterion,
    NotProvable,
    ProofTask,
    SingleNetworkOptima,
    bounded_criteria,
)
from imcmoo.exact.branch_and_bound import DIVE, STEPS_PER_DIVE
from imcmoo.exact.draw_bounds import Draw, DrawBounds, pruning_level
from imcmoo.exact.node_queue import NodeQueue
from imcmoo.exact.robust_criteria import QUANTILE, TIE, RobustCriterion, robust_criterion
from imcmoo.exact.robust_proof import RobustProof
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.space.design_space import Levels

GEOMEAN = "edap_geomean"

NODES_CHUNK_SIZE = 512
"""Nodes expanded at once, once there are bounds; the first stages are chosen for all at once."""

DESIGNS_CHUNK_SIZE = 1 << 12
"""Designs evaluated at once."""

Observer = Callable[[float, float, float, int], None]
"""Called after every step with value, bound, gap, and the number of pairs of `DrawBounds`."""


def prove(
    problems: Sequence[AcceleratorProblem],
    criterion: str,
    best: Floats,
    start: Levels,
    *,
    by: str = GEOMEAN,
    quantile: float = 0.95,
    optima: Sequence[SingleNetworkOptima] | None = None,
    most_pairs: int | None = None,
    time_limit_s: float | None = None,
    observer: Observer = lambda *_: None,
) -> RobustProof:
    """Prove the chip of a space that is best over several draws of the costs.

    Args:
        problems: a problem per draw, of one space and the same networks.
        criterion: "robust_mean", "robust_quantile" or "robust_worst".
        best: proven best score of each draw, shape (n_draws,); NaN where no chip is feasible. Such
            draws are left out.
        start: chips that are known to be good, shape (n, n_parameters). Without any the proof
            takes much longer.
        by: score of a chip in a draw; an EDAP, or a regret with `optima`.
        quantile: of the regrets, for "robust_quantile".
        optima: single-network optima of each draw, for a regret. If None, there are none.
        most_pairs: number of pairs of a node or design and a draw after which the proof ends with
            a gap, the same on every machine. If None, there is no limit.
        time_limit_s: time limit, s. If None, there is none.
        observer: called after every step.

    Returns:
        The proof. Among equal chips the one with the least mean excess comes first, then the order
        of the `TieRule` in the first of the draws.

    Raises:
        NotProvable: `by` or a limit has no bounds.
        ValueError: the criterion is unknown, or there is no draw.
    """
    draws = feasible_draws(problems, best, by, optima)
    robust = criterion_over(criterion, draws, quantile)
    deadline = math.inf if time_limit_s is None else time.monotonic() + time_limit_s
    limit = math.inf if most_pairs is None else most_pairs

    def stop() -> bool:
        return bounds.pairs > limit or time.monotonic() > deadline

    bounds = DrawBounds(draws, robust, np.zeros(len(draws)), stop=stop)
    search = RobustSearch(bounds, start)
    search.run(observer)
    return search.proof(by, quantile if criterion == QUANTILE else 1.0)


def feasible_draws(
    problems: Sequence[AcceleratorProblem],
    best: Floats,
    by: str,
    optima: Sequence[SingleNetworkOptima] | None,
) -> list[Draw]:
    """The draws with a feasible chip; arguments as of `prove`."""
    known: Sequence[SingleNetworkOptima | None] = optima or [None] * len(problems)
    draws: list[Draw] = []
    first: dict[tuple[int, int, float], Draw] = {}
    for problem, score, own in zip(problems, best, known, strict=True):
        if not math.isnan(score):
            # Draws of weights have one model, and trees take much memory.
            key = id(problem.model), id(problem.limits), problem.largest_area_m2
            draw = Draw(problem, bounded_score(problem, by, own), float(score), first.get(key))
            first.setdefault(key, draw)
            draws.append(draw)
    if not draws:
        raise ValueError("no draw has a feasible chip")
    return draws


def bounded_score(
    problem: AcceleratorProblem, by: str, own: SingleNetworkOptima | None
) -> BoundedCriterion:
    """The score of a chip in a draw, as a bounded criterion.

    Raises:
        NotProvable: it has no bounds.
    """
    if own is not None:
        return ProofTask((by,)).criteria(problem, own)[0]
    goals = bounded_criteria(problem)
    if by not in goals:
        raise NotProvable(f"{by} has no bounds in one draw; known: {', '.join(goals)}")
    return goals[by]


def criterion_over(name: str, draws: Sequence[Draw], quantile: float) -> RobustCriterion:
    """The criterion over some draws."""
    return robust_criterion(name, np.array([draw.log_best for draw in draws]), quantile)


class Incumbents:
    """The chips of the least level found so far, equal ones beside each other.

    Args:
        bounds: the draws and the criterion.
    """

    def __init__(self, bounds: DrawBounds) -> None:
        self._bounds = bounds
        self._space = bounds.draws[0].problem.space
        self.level = math.inf
        self.levels: Levels = np.empty((0, len(self._space.shape)), np.int64)
        self.excess: Floats = np.empty((0, len(bounds.draws)))

    @property
    def limit(self) -> float:
        """Level above which chips need no look."""
        return pruning_level(self.level)

    def update(self, levels: Levels, excess: Floats) -> bool:
        """Add chips with exact excesses; returns True if the least level falls."""
        former = self.level
        levels, excess = (
            np.concatenate([self.levels, levels]),
            np.concatenate([self.excess, excess]),
        )
        _, first = np.unique(self._space.rank(levels), return_index=True)
        level = self._bounds.criterion.level(excess[first])
        self.level = float(level.min(initial=math.inf))
        first = first[np.isfinite(level) & (level <= self.level + TIE)]
        self.levels, self.excess = levels[first], excess[first]
        return self.level < former - TIE

    @property
    def best(self) -> Ints:
        """Index of the best one, shape (1,), or (0,) if there is none."""
        if not len(self.levels):
            return np.empty(0, np.int64)
        mean = self.excess.mean(axis=1)
        tied = np.flatnonzero(~(mean > mean.min() + TIE))
        draw, levels = self._bounds.draws[0], self.levels[tied]
        problem = draw.problem
        costs = problem.costs(problem.score(levels, problem.model.evaluate(levels))[0])
        return tied[[problem.ties(draw.goal).first(costs, self._space.rank(levels))[1]]]


@dataclass
class RobustSearch:
    """State of a branch and bound over draws.

    Args:
        bounds: the draws and the criterion.
        start: chips to begin with, shape (n, n_parameters).
    """

    bounds: DrawBounds
    start: Levels
    incumbents: Incumbents = field(init=False)

    def __post_init__(self) -> None:
        self.incumbents = Incumbents(self.bounds)
        tree = self.bounds.tree
        self._n_columns = tree.start.shape[1]
        self._queues = [NodeQueue() for _ in tree.stages]
        self._evaluate(self.start, self.bounds.unknown(len(self.start)))
        self._enqueue(tree.start, self.bounds.unknown(1), 0)

    @property
    def _least(self) -> float:
        """Smallest level of all queued nodes."""
        return min(queue.least for queue in self._queues)

    @property
    def bound(self) -> float:
        """Lower bound of the level of all designs."""
        return min(self.incumbents.level, self._least)

    def run(self, observer: Observer = lambda *_: None) -> None:
        """Branch until no node can be as good as the incumbents, or until it is to stop."""
        steps, criterion = 0, self.bounds.criterion
        while self._least <= self.incumbents.limit and not self.bounds.stop():
            if steps % STEPS_PER_DIVE == 0 and not len(self.incumbents.levels):
                self._dive()
            steps += 1
            stage = int(np.argmin([queue.least for queue in self._queues]))
            at_once = NODES_CHUNK_SIZE if stage >= self.bounds.tree.bound_from else 1 << 30
            above = math.nextafter(self.incumbents.limit, math.inf)
            nodes = self._unpacked(self._queues[stage].pop(at_once, above))
            self._enqueue(*self._children(*nodes, stage), stage + 1)
            value, bound = criterion.value(self.incumbents.level), criterion.value(self.bound)
            observer(value, bound, criterion.gap(value, bound), self.bounds.pairs)

    def proof(self, by: str, quantile: float) -> RobustProof:
        """Proven values so far."""
        criterion, at = self.bounds.criterion, self.incumbents.best
        value, bound = criterion.value(self.incumbents.level), criterion.value(self.bound)
        return RobustProof(
            criterion=criterion.name,
            quantile=quantile,
            by=by,
            levels=self.incumbents.levels[at[0]] if len(at) else None,
            value=value,
            bound=bound,
            gap=criterion.gap(value, bound),
            draws=len(self.bounds.draws),
            draws_used=self.bounds.draws_used,
        )

    def _children(self, rows: Levels, excess: Floats, stage: int) -> tuple[Levels, Floats]:
        """Children that may be as good as the incumbents, and bounds of their excesses."""
        tree, limit = self.bounds.tree, self.incumbents.limit
        relaxed = self.bounds.relaxed(rows, excess, stage, limit)
        if relaxed is None:
            children, parents = tree.children(rows, stage)
            excess = excess[parents]
        else:
            left, excess = relaxed
            children, _ = tree.children(rows, stage, np.flatnonzero(left))
        if stage + 1 >= (tree.bound_from if relaxed is None else tree.refined_from):
            left = self.bounds.bounded(children, excess, stage + 1, limit)
            children, excess = children[left], excess[left]
        return children, excess

    def _enqueue(self, rows: Levels, excess: Floats, stage: int) -> None:
        """Evaluate leaves, and queue other nodes."""
        if stage == len(self._queues):
            self._evaluate(self.bounds.tree.designs(rows), excess)
        elif len(rows):
            # A queue holds whole numbers: the bits of the excesses are further columns.
            packed = np.hstack([rows, excess.view(np.int64)])
            level = self.bounds.criterion.level(excess)
            self._queues[stage].push(packed, np.arange(len(rows)), level)

    def _unpacked(self, packed: Levels) -> tuple[Levels, Floats]:
        """Nodes of a queue, and bounds of their excesses."""
        excess = np.ascontiguousarray(packed[:, self._n_columns :]).view(np.float64)
        return packed[:, : self._n_columns], excess

    def _evaluate(self, levels: Levels, excess: Floats) -> None:
        """Evaluate designs, and the neighbours of better incumbents."""
        better = False
        for at in range(0, len(levels), DESIGNS_CHUNK_SIZE):
            some, known = levels[at : at + DESIGNS_CHUNK_SIZE], excess[at : at + DESIGNS_CHUNK_SIZE]
            left = self.bounds.evaluated(some, known, self.incumbents.limit)
            better |= self.incumbents.update(some[left], known[left])
        if better:
            self.bounds.expect(self.incumbents.excess[0])
            neighbours = self.incumbents.levels[0]
            neighbours = self.bounds.draws[0].problem.space.neighbours(neighbours)
            self._evaluate(neighbours, self.bounds.unknown(len(neighbours)))

    def _dive(self) -> None:
        """Expand the nodes of smallest level to designs, to find an incumbent."""
        rows, excess = self._unpacked(np.empty((0, self._n_columns + len(self.bounds.draws)), int))
        for stage, queue in enumerate(self._queues):
            if queue.least < np.inf:
                first = self._unpacked(queue.first(DIVE))
                rows = np.concatenate([rows, first[0]])
                excess = np.concatenate([excess, first[1]])
            if len(rows):
                rows, excess = self._children(rows, excess, stage)
                order = np.argsort(self.bounds.criterion.level(excess), kind="stable")[:DIVE]
                rows, excess = rows[order], excess[order]
        self._evaluate(self.bounds.tree.designs(rows), excess)
