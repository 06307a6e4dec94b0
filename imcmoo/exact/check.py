"""Verify a certificate by a second walk over the search tree, without a queue or an incumbent.

`check_bounds` walks the whole tree depth first and tests if a partial design may hold a design
below the certified bound. It completes and evaluates random samples of the excluded partial
designs.

Both walks use the same bounds, and a bound that is too high loses designs. So `validate_bounds`
compares the bounds with evaluated costs: no ancestor of a feasible design may bound it above its
cost, at any stage.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from imcmoo.arrays import Bools, Floats
from imcmoo.exact.bounded_criteria import BoundedCosts, BoundedCriterion
from imcmoo.io.errors import InputError
from imcmoo.model.metrics import Metrics, edp
from imcmoo.model.partials import PartialDesignTree
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.scores import Costs
from imcmoo.problem.ties import Place
from imcmoo.search.sampling import draw_feasible
from imcmoo.space.design_space import Levels

CHILDREN_PER_CHECK_CHUNK = 1 << 16
"""Partial designs bounded at once. They have few parents, so cached values are reused."""

DESIGNS_PER_CHECK_CHUNK = 1 << 13
"""Designs evaluated at once."""

SAMPLED = 8
"""Partial designs sampled per kind and step among the excluded; one completion of each is
evaluated."""


class Refused(InputError):
    """A certificate does not hold; one line says why."""


@dataclass(frozen=True)
class Claim:
    """The claim that no feasible design scores below a bound by a criterion.

    Args:
        goal: the criterion.
        bound: the bound.
        place: place of a design whose score is equal to the bound, if it is also claimed that no
            design with an equal score comes before it; None if not.
    """

    goal: BoundedCriterion
    bound: float
    place: Place | None = None

    @property
    def threshold(self) -> float:
        """Smallest score of designs that cannot violate the claim."""
        return self.bound if self.place is None else self.goal.pruning_threshold(self.bound, 0.0)


@dataclass
class DesignCounts:
    """Numbers of designs by outcome; each design counts once."""

    infeasible: int = 0
    excluded: int = 0
    evaluated: int = 0

    @property
    def all(self) -> int:
        """Sum of all numbers."""
        return self.infeasible + self.excluded + self.evaluated


def check_bounds(
    problem: AcceleratorProblem,
    partials: PartialDesignTree,
    claims: Sequence[Claim],
    on_step: Callable[[int], None] = lambda _: None,
) -> DesignCounts:
    """Check in one walk that no feasible design scores below any claim.

    Args:
        problem: problem of the study.
        partials: search tree of its model, from `node_expander.search_tree`.
        claims: certified lower bounds.
        on_step: called with the number of counted designs.

    Returns:
        Outcome of all designs; `excluded` counts designs that cannot violate a claim.

    Raises:
        Refused: a design scores below a claim, or designs are missing.
    """
    walk = _Walk(problem, partials, claims)
    counts = DesignCounts()
    open_: list[tuple[Levels, int]] = [(partials.start, 0)]
    while open_:
        rows, stage = open_.pop()
        if stage == len(partials.stages):
            counts.evaluated += len(rows)
            walk.look_at(partials.designs(rows), lost=False)
        else:
            left = walk.further(rows, stage, counts)
            open_ += [(chunk, stage + 1) for chunk in walk.chunks(left, stage + 1)]
        on_step(counts.all)
    walk.look_at_left_out(at_least=1)
    if counts.all != problem.space.size:
        raise Refused(f"{counts.all:,} designs were counted of {problem.space.size:,}")
    return counts


class _Walk:
    """Steps of `check_bounds`."""

    def __init__(
        self, problem: AcceleratorProblem, partials: PartialDesignTree, claims: Sequence[Claim]
    ) -> None:
        self._problem = problem
        self._partials = partials
        self._claims = claims
        self._rng = np.random.default_rng(0)
        self._left_out: dict[bool, list[Levels]] = {False: [], True: []}

    def chunks(self, rows: Levels, stage: int) -> Iterator[Levels]:
        """Nodes in chunks that are expanded at once."""
        at_once = DESIGNS_PER_CHECK_CHUNK
        if len(rows) and stage < len(self._partials.stages):
            children, _ = self._partials.children(rows[:1], stage)
            at_once = max(1, CHILDREN_PER_CHECK_CHUNK // max(1, len(children)))
        for at in range(0, len(rows), at_once):
            yield rows[at : at + at_once]

    def further(self, rows: Levels, stage: int, counts: DesignCounts) -> Levels:
        """Children that may violate a claim."""
        children, relaxed = self._relaxed_children(rows, stage, counts)
        quick = self._partials.screen(children)
        fits = (quick.area_m2 <= self._problem.largest_area_m2) & np.isfinite(quick.area_m2)
        may = np.asarray(quick.runs.all(axis=1) & fits)
        counts.infeasible += self._leave_out(children[~may], stage + 1, feasible=False)
        children = children[may]
        bounded = self._partials.bound_from <= stage + 1
        if not bounded or (relaxed and stage + 1 < self._partials.refined_from):
            return children
        runs, below = self._bounded(self._partials.bound(children), children)
        counts.infeasible += self._leave_out(children[~runs], stage + 1, feasible=False)
        counts.excluded += self._leave_out(children[runs & ~below], stage + 1, feasible=True)
        return children[below]

    def _relaxed_children(
        self, rows: Levels, stage: int, counts: DesignCounts
    ) -> tuple[Levels, bool]:
        """Children that may violate a claim by relaxed bounds, and whether there are such
        bounds."""
        quick = self._partials.relaxed_bound(rows, stage)
        if quick is None:
            children, _ = self._partials.children(rows, stage)
            counts.infeasible += self._count(rows) - self._count(children)
            return children, False
        runs, below = self._bounded(quick, rows)
        designs = self._partials.child_leaves(rows, stage)
        counts.infeasible += int(designs[~runs].sum())
        counts.excluded += int(designs[runs & ~below].sum())
        for out, feasible in ((~runs, False), (runs & ~below, True)):
            if out.any():
                sampled = np.unique(self._rng.choice(np.flatnonzero(out), SAMPLED))
                children, _ = self._partials.children(rows, stage, sampled)
                self._leave_out(children, stage + 1, feasible=feasible)
        return self._partials.children(rows, stage, np.flatnonzero(below))[0], True

    def _bounded(self, bounds: Metrics, rows: Levels) -> tuple[Bools, Bools]:
        """True for bounds that may be feasible, and for those of them that may be below a claim."""
        if any(np.isnan(values).any() for values in bounds.values.values()):
            raise Refused("a bound is no number")
        runs = np.isfinite(bounds.energy_J + bounds.latency_s).all(axis=1)
        runs &= self._problem.limits.may_be_kept(bounds.values).all(axis=1)
        runs &= bounds.area_m2 <= self._problem.largest_area_m2
        filled = self._partials.representative_designs(rows)
        each = len(runs) // max(1, len(rows))
        costs = BoundedCosts.from_bounds(bounds, self._problem, filled, each)
        below = np.logical_or.reduce(
            [c.goal.lower_bound(costs) < c.threshold for c in self._claims]
        )
        return runs, runs & below

    def _count(self, rows: Levels) -> int:
        return int(self._partials.n_leaves(rows).sum())

    def _leave_out(self, rows: Levels, stage: int, *, feasible: bool) -> int:
        """Count the designs of excluded nodes, and sample a few for evaluation."""
        if len(rows):
            sampled = rows[self._rng.integers(0, len(rows), SAMPLED)]
            self._left_out[feasible].append(completions(self._partials, sampled, stage, self._rng))
            self.look_at_left_out(at_least=DESIGNS_PER_CHECK_CHUNK // SAMPLED)
        return self._count(rows)

    def look_at_left_out(self, at_least: int) -> None:
        """Evaluate the sampled excluded designs once there are enough."""
        for feasible, drawn in self._left_out.items():
            if len(drawn) >= at_least:
                self.look_at(np.concatenate(drawn), lost=not feasible)
                drawn.clear()

    def look_at(self, levels: Levels, *, lost: bool) -> None:
        """Evaluate designs."""
        feasible, metrics = self._problem.feasible(levels)
        costs = self._problem.costs(self._problem.score(feasible, metrics)[0])
        ranks = self._problem.space.rank(feasible)
        if lost and len(costs):
            raise Refused("a design that was ruled out as infeasible is feasible")
        for claim in self._claims if len(costs) else ():
            scores = claim.goal.lower_bound(costs)
            least = scores.min()
            if least < claim.bound:
                raise Refused(
                    f"{claim.goal.score_name}: a design scores {least:.9g}, below the bound "
                    f"{claim.bound:.9g}"
                )
            tied = np.flatnonzero(scores < claim.threshold)
            if claim.place is not None and len(tied):
                ties = self._problem.ties(claim.goal)
                if ties.first(costs.take(tied), ranks[tied])[0] < claim.place:
                    raise Refused(
                        f"{claim.goal.score_name}: a design with an equal score comes first by "
                        f"{ties}"
                    )


def completions(
    partials: PartialDesignTree, rows: Levels, stage: int, rng: np.random.Generator
) -> Levels:
    """A random design of each partial design that has any, shape (n, n_parameters).

    Args:
        partials: the search tree.
        rows: partial designs, shape (n, n_columns).
        stage: number of their chosen stages.
        rng: random numbers.
    """
    for later in range(stage, len(partials.stages)):
        children, parents = partials.children(rows, later)
        order = rng.permutation(len(children))
        _, first = np.unique(parents[order], return_index=True)
        rows = children[order[first]]
    return partials.designs(rows)


def feasible_costs(problem: AcceleratorProblem, levels: Levels) -> Costs:
    """Costs of the feasible designs among `levels`."""
    return problem.costs(problem.score(*problem.feasible(levels))[0])


RANDOM_DESIGNS = 1300
CHILDREN_LOOKED_FOR = 16
"""Number of designs that are searched among all children of their ancestors."""


def validate_bounds(
    problem: AcceleratorProblem,
    partials: PartialDesignTree,
    optima: Sequence[Levels],
) -> int:
    """Compare bounds of all ancestors of feasible designs with the costs of these designs.

    The designs are random ones, certified optima, and feasible neighbours of the optima.

    Args:
        problem: problem of the study.
        partials: search tree of its model.
        optima: certified designs, shape (n, n_parameters) each.

    Returns:
        Number of designs; 0 if the tree has no bounds or cannot name ancestors.

    Raises:
        Refused: a bound exceeds the cost of a design, or the tree lacks a design.
    """
    if partials.ancestors(np.zeros((1, len(problem.space.shape)), np.int64), 0) is None:
        return 0
    rng = np.random.default_rng(0)
    neighbours = [problem.space.neighbours(design) for levels in optima for design in levels]
    drawn = draw_feasible(problem, RANDOM_DESIGNS, rng)
    levels = np.unique(np.concatenate([drawn, *optima, *neighbours]), axis=0)
    # Bounds of average power hold only for chips that serve their load.
    levels, metrics = problem.feasible(levels)
    if not len(levels):
        return 0
    for stage in range(len(partials.stages)):
        _validate_stage(partials, levels, _costs(metrics), stage, rng)
    return len(levels)


def _costs(metrics: Metrics) -> dict[str, Floats]:
    values = metrics.values
    costs = {**values, "edp": edp(metrics.energy_J, metrics.latency_s)}
    if {"leak", "dram_rest", "interval"} <= set(values):
        static = values["leak"] + values["dram_rest"]
        costs["static_power"] = static
        costs["dynamic_energy"] = values["energy"] - static[:, None] * values["interval"]
    return costs


def _validate_stage(
    partials: PartialDesignTree,
    levels: Levels,
    costs: dict[str, Floats],
    stage: int,
    rng: np.random.Generator,
) -> None:
    """Validate tree, screen, relaxed bounds and bounds of one stage."""
    parents, rows = partials.ancestors(levels, stage), partials.ancestors(levels, stage + 1)
    assert parents is not None
    assert rows is not None
    name = partials.stages[stage]
    sampled = rng.choice(len(rows), min(CHILDREN_LOOKED_FOR, len(rows)), replace=False)
    for at in sampled:
        children, _ = partials.children(parents[[at]], stage)
        if not (children == rows[at]).all(axis=1).any():
            raise Refused(f"the search tree lacks a feasible design at stage {name}")
    screened = partials.screen(rows)
    _refuse(~screened.runs.all(axis=1) | ~(screened.area_m2 <= costs["area"]), "screen", name)
    relaxed = partials.relaxed_bound(parents, stage)
    if relaxed is not None:
        children, of = partials.children(parents, stage)
        positions = np.flatnonzero((children == rows[of]).all(axis=1))
        if len(positions) != len(rows):
            raise Refused(f"the search tree lacks a feasible design at stage {name}")
        _compare(relaxed, positions, costs, "relaxed bound", name)
    if stage + 1 >= partials.bound_from:
        _compare(partials.bound(rows), np.arange(len(rows)), costs, "bound", name)


def _compare(
    bounds: Metrics,
    at: np.ndarray[tuple[int], np.dtype[np.int64]],
    costs: dict[str, Floats],
    what: str,
    name: str,
) -> None:
    for quantity, values in bounds.values.items():
        _refuse(~(values[at] <= costs[quantity]), f"{what} of {quantity}", name)


def _refuse(wrong: Bools, what: str, stage: str) -> None:
    if wrong.any():
        n = int(wrong.reshape(len(wrong), -1).any(axis=1).sum())
        raise Refused(
            f"{what} at stage {stage} is above the cost of {n:,} of {len(wrong):,} designs"
        )
