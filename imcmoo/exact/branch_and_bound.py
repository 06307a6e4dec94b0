"""Best-first branch and bound over the stages of a search tree, for one criterion.

Nodes are queued by stage. The smallest bound of queued nodes and evaluated designs is a lower bound
of the whole space at any time, so a proof can stop early.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from imcmoo.arrays import Bools, Floats, Ints
from imcmoo.exact.bounded_criteria import BoundedCosts, BoundedCriterion, bounded_criteria
from imcmoo.exact.node_expander import Expansion, NodeExpander, Nodes
from imcmoo.exact.node_queue import NodeQueue
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.ties import Place
from imcmoo.space.design_space import Levels

CHILDREN_PER_BOUND_CHUNK = 1 << 14
"""Partial designs bounded at once."""

MAX_NODES_PER_BRANCHING = 2048
"""Largest number of partial designs expanded at once."""

DIVE = 128
"""Partial designs kept at every stage of a dive."""

STEPS_PER_DIVE = 16


@dataclass(frozen=True)
class Proof:
    """Result of a branch and bound by one criterion.

    Args:
        goal: the criterion.
        levels: the best design, shape (n_parameters,); None if none is feasible.
        value: its score; infinite if there is none.
        bound: lower bound of the scores of all designs.
        breaks_ties: whether it is proven that no design with an equal score comes before it by the
            `TieRule` of the problem.
        infeasible, excluded: by stage, numbers of designs ruled out as infeasible and by `bound`.
        evaluated: number of evaluated designs.
    """

    goal: BoundedCriterion
    levels: Levels | None
    value: float
    bound: float
    breaks_ties: bool
    infeasible: dict[str, int]
    excluded: dict[str, int]
    evaluated: int

    @property
    def gap(self) -> float:
        """Largest relative distance of the incumbent from the optimum."""
        return self.goal.gap(self.value, self.bound)


@dataclass
class RootExpansion:
    """Expansion of the first stages, shared by all criteria.

    Args:
        nodes: nodes of the first stage that has bounds.
        stage: number of chosen stages.
        infeasible: number of infeasible designs, by stage.
        feasible: feasible designs evaluated so far, shape (n, n_parameters), and their objectives.
    """

    nodes: Nodes
    stage: int
    infeasible: dict[str, int]
    feasible: tuple[Levels, Floats]

    @classmethod
    def expand(cls, expander: NodeExpander, designs: Sequence[Levels] = ()) -> RootExpansion:
        """Choose stages until there are bounds.

        Args:
            expander: expander of the search tree.
            designs: initial incumbents, shape (n, n_parameters) each; infeasible ones are ignored.
        """
        nodes, infeasible = expander.start, {}
        stage = 0
        while nodes.costs is None:
            grown = expander.expand(nodes.rows, stage, lambda costs: np.ones(len(costs), bool))
            infeasible[expander.stages[stage]] = grown.infeasible
            nodes, stage = grown.nodes, stage + 1
        problem = expander.problem
        feasible = np.empty((0, len(problem.space.shape)), np.int64), np.empty((0, problem.n_obj))
        if designs:
            feasible = expander.feasible(np.concatenate(designs))
        return cls(nodes, stage, infeasible, feasible)


@dataclass
class BranchAndBound:
    """State of a branch and bound by one criterion; it may stop at a relative gap.

    The root expansion passes incumbents to the next criterion.
    """

    expander: NodeExpander
    root: RootExpansion
    goal: BoundedCriterion
    gap: float = 0.0
    value: float = np.inf
    levels: Levels | None = None
    evaluated: int = 0
    infeasible: dict[str, int] = field(default_factory=dict)
    excluded: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        stages = self.expander.stages
        self.infeasible = {name: self.root.infeasible.get(name, 0) for name in stages}
        self.excluded = dict.fromkeys(stages, 0)
        self._queues = [NodeQueue() for _ in stages]
        # Nodes that the last dive began with, by stage.
        self._dived: list[Levels] = []
        # Smallest bound of evaluated designs, which may be below their score.
        self._floor = np.inf
        # Smallest score of evaluated designs; that of the incumbent is equal to it.
        self._smallest = np.inf
        self._ties = self.expander.problem.ties(self.goal)
        # Place of the incumbent in the order of designs with equal scores.
        self._place: Place = ()
        # The least bound of nodes that `expand_shared_root` has not handed over yet.
        self.external_bound = np.inf
        self._options = [float(CHILDREN_PER_BOUND_CHUNK)] * len(
            stages
        )  # of each row; not known yet
        levels, F = self.root.feasible
        self._update_incumbent(levels, F)
        self.prune_or_enqueue(self.root.nodes, self.root.stage)
        self.dive()

    @property
    def bound(self) -> float:
        """Lower bound of the score of all designs."""
        least = min(self.goal.least, self.value)
        found = min(self._smallest, self._floor)
        return max(min(self.pruning_threshold, found, self._least), least)

    @property
    def pruning_threshold(self) -> float:
        """Nodes with at least this bound are excluded."""
        return self.goal.pruning_threshold(self._smallest, self.gap)

    @property
    def _least(self) -> float:
        """Smallest bound of all queued nodes, here or elsewhere (`external_bound`)."""
        return min(self.external_bound, *(w.least for w in self._queues))

    def run(self, stop: Callable[[BranchAndBound], bool]) -> Proof:
        """Branch until the gap is closed or `stop`, called after every step, returns True."""
        steps = 0
        while self._least < self.pruning_threshold and not stop(self):
            steps += 1
            if steps % STEPS_PER_DIVE == 0:
                # A new incumbent may leave nothing to branch.
                self.dive()
                continue
            stage = int(np.argmin([w.least for w in self._queues]))
            n = int(
                np.clip(CHILDREN_PER_BOUND_CHUNK / self._options[stage], 1, MAX_NODES_PER_BRANCHING)
            )
            self._branch(self._queues[stage].pop(n, self.pruning_threshold), stage)
        bound = self.bound
        is_whole = self._least >= self.pruning_threshold
        for stage, waiting in enumerate(self._queues):
            for rows in waiting.clear():
                self.excluded[self.expander.stages[stage - 1]] += self.expander.designs(rows)
        return Proof(
            self.goal,
            self.levels,
            self.value,
            bound,
            self.gap == 0 and is_whole and self.goal.gap(self.value, bound) == 0,
            self.infeasible,
            self.excluded,
            self.evaluated,
        )

    def _branch(self, rows: Levels, stage: int) -> None:
        grown = self.expander.expand(rows, stage, self.can_improve)
        self._options[stage] = max(grown.children, 1) / len(rows)
        self.count(grown, stage)
        self.prune_or_enqueue(grown.nodes, stage + 1)

    def count(self, grown: Expansion, stage: int) -> None:
        """Count the designs ruled out when a stage is chosen."""
        self.infeasible[self.expander.stages[stage]] += grown.infeasible
        self.excluded[self.expander.stages[stage]] += grown.excluded

    def restart(self, nodes: Nodes, others: int) -> None:
        """Queue only `nodes` after the root expansion; count `others` designs as excluded."""
        stage = self.root.stage
        self._queues[stage].clear()
        self.excluded[self.expander.stages[stage - 1]] = others
        self.prune_or_enqueue(nodes, stage)

    def can_improve(self, costs: BoundedCosts) -> Bools:
        """True for nodes that may improve the incumbent by more than the gap, shape (n,)."""
        return np.asarray(self.goal.bound(costs) < self.pruning_threshold)

    def prune_or_enqueue(self, nodes: Nodes, stage: int) -> None:
        """Exclude nodes that cannot improve, evaluate leaves, and queue the others."""
        assert nodes.costs is not None
        bounds = self.goal.bound(nodes.costs)
        better = bounds < self.pruning_threshold
        name = self.expander.stages[stage - 1]
        self.excluded[name] += int(nodes.n_designs[~better].sum())
        promising = np.flatnonzero(better)
        if stage < len(self.expander.stages):
            self._queues[stage].push(nodes.rows, promising, bounds[promising])
        elif len(promising):
            self.evaluated += len(promising)
            levels, F = self.expander.evaluate(nodes.rows[promising])
            least = self.goal.bound(self.expander.problem.costs(F))
            self._floor = min(self._floor, least.min(initial=np.inf))
            self._update_incumbent(levels, F)

    def _update_incumbent(self, levels: Levels, F: Floats) -> None:
        if not len(levels):
            return
        costs = self.expander.problem.costs(F)
        scores = self.goal.score(costs)
        self._smallest = min(self._smallest, float(scores.min()))
        limit = self.goal.largest_equal(self._smallest)
        tied = np.flatnonzero(scores <= limit)
        if not len(tied):
            return
        ranks = self.expander.problem.space.rank(levels[tied])
        place, first = self._ties.first(costs.take(tied), ranks)
        if self.value <= limit and self._place <= place:
            return
        best = tied[first]
        self.value, self.levels, self._place = float(scores[best]), levels[best], place
        known_levels, known_F = self.root.feasible
        self.root.feasible = (
            np.concatenate([known_levels, levels[[best]]]),
            np.concatenate([known_F, F[[best]]]),
        )

    def import_incumbent(self) -> None:
        """Adopt the best incumbent of the other criteria."""
        self._update_incumbent(*self.root.feasible)

    def dive(self) -> None:
        """Expand the nodes of smallest bound to leaves to find an incumbent; counts nothing.

        Nodes that were expanded by the last dive would lead to the same leaves.
        """
        rows = self.expander.start.rows[:0]
        first = [w.first(DIVE) if w.least < np.inf else rows for w in self._queues]
        if self._dived and all(map(np.array_equal, first, self._dived)):
            return
        self._dived = first
        for stage in range(self.root.stage, len(self.expander.stages)):
            rows = np.concatenate([rows, first[stage]])
            if len(rows):
                nodes = self.expander.expand(rows, stage, self.can_improve).nodes
                assert nodes.costs is not None
                order = np.argsort(self.goal.bound(nodes.costs), kind="stable")
                rows = nodes.rows[order[:DIVE]]
        if len(rows):
            self._update_incumbent(*self.expander.evaluate(rows))
        self._local_search()

    def _local_search(self) -> None:
        """Step to the best neighbour while it improves; counts nothing."""
        before = None
        while self.levels is not None and self.levels is not before:
            before = self.levels
            neighbours = self.expander.problem.space.neighbours(before)
            self._update_incumbent(*self.expander.feasible(neighbours))


def prove(problem: AcceleratorProblem, criterion: str) -> Proof:
    """Prove the best design of a problem by one of its `bounded_criteria`.

    Raises:
        NotProvable: a limit has no bounds, or the space is too large.
    """
    expander, goal = NodeExpander(problem), bounded_criteria(problem)[criterion]
    return BranchAndBound(expander, RootExpansion.expand(expander), goal).run(lambda _: False)


BRANCHED_CHUNK_SIZE = 1 << 13
"""Partial designs expanded at once in the shared expansion; enough for all cores."""

FIRST_BRANCHED = 1 << 9
"""Partial designs expanded first; doubled each time. Dives between the small steps save large ones.
"""


def expand_shared_root(searches: Sequence[BranchAndBound], stop: Callable[[], bool]) -> None:
    """Choose the costly stage after the root expansion for several new searches at once.

    Bounds of the model take most of the time and serve all criteria. `stop` is called after every
    step; remaining nodes are queued in each search.
    """
    expander, root = searches[0].expander, searches[0].root
    for search in searches:
        search.import_incumbent()
    if root.stage == len(expander.stages):
        return
    assert root.nodes.costs is not None
    nodes = root.nodes.take(np.flatnonzero(_can_improve_any(searches, root.nodes.costs)))
    others = int(root.nodes.n_designs.sum() - nodes.n_designs.sum())
    for search in searches:
        search.restart(nodes.take(np.arange(0)), others)
    assert nodes.costs is not None
    # All stages whose children have relaxed bounds only, and the first with tighter ones.
    last = max(root.stage + 1, expander.partials.refined_from)
    order, left = _order([s.goal.bound(nodes.costs) for s in searches])
    at, size = 0, FIRST_BRANCHED
    while at < len(order):
        for search, least in zip(searches, left, strict=True):
            search.external_bound = float(least[at])
        if stop():
            unexpanded = nodes.take(order[at:])
            for search in searches:
                search.restart(unexpanded, others)
            break
        batch = nodes.take(order[at : at + size])
        assert batch.costs is not None
        better = _can_improve_any(searches, batch.costs)
        rows, pruned = batch.rows[better], int(batch.n_designs[~better].sum())
        others += pruned
        for search in searches:
            search.excluded[expander.stages[root.stage - 1]] += pruned
        grown = _expand(searches, rows, range(root.stage, last))
        for search in searches:
            search.prune_or_enqueue(grown, last)
            if size < BRANCHED_CHUNK_SIZE:
                search.dive()
        at, size = at + size, min(2 * size, BRANCHED_CHUNK_SIZE)
    for search in searches:
        search.external_bound = np.inf


def _expand(searches: Sequence[BranchAndBound], rows: Levels, stages: range) -> Nodes:
    """Expand nodes over some stages, at least one; each search counts what is pruned."""
    for stage in stages:
        grown = searches[0].expander.expand(rows, stage, lambda c: _can_improve_any(searches, c))
        rows = grown.nodes.rows
        for search in searches:
            search.count(grown, stage)
    return grown.nodes


def _order(bounds: Sequence[Floats]) -> tuple[Ints, list[Floats]]:
    """Order of nodes, the smallest rank by any criterion first, and for each criterion the least
    bound of the nodes from each place of that order on, shape (n,)."""
    ranks = [np.argsort(np.argsort(bound, kind="stable")) for bound in bounds]
    order = np.argsort(np.min(ranks, axis=0), kind="stable")
    return order, [np.minimum.accumulate(bound[order][::-1])[::-1] for bound in bounds]


def _can_improve_any(searches: Sequence[BranchAndBound], costs: BoundedCosts) -> Bools:
    return np.logical_or.reduce([search.can_improve(costs) for search in searches])
