"""Prove anew what a certificate says: no heap, no order of search, no design found on the way.

Walks the whole tree of partial designs depth first and looks at nothing but whether each may hold a
design below the certified bound. Shares with the solver the model's tables, `evaluate` and bounds
of partial designs, and the score; of the partial designs it leaves out it draws some at random,
completes them at random and evaluates those designs, to see that nothing is lost with them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from imcmoo.exact.branches import area_limit
from imcmoo.exact.certificate import Certificate
from imcmoo.exact.goal import BoundedCosts, Goal
from imcmoo.io.errors import InputError
from imcmoo.model.metrics import Floats
from imcmoo.model.partials import Partials
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.scores import Costs
from imcmoo.space.design_space import Levels

ROWS_AT_ONCE = 1024
"""Partial designs that are taken one stage further together."""

SAMPLED = 4
"""Partial designs left out, of each kind and step, of which one completion is evaluated."""


class Refused(InputError):
    """A certificate does not hold; one line says why."""


@dataclass
class Counts:
    """What became of the designs of a space, each counted once."""

    infeasible: int = 0
    excluded: int = 0
    evaluated: int = 0

    @property
    def all(self) -> int:
        """Their sum."""
        return self.infeasible + self.excluded + self.evaluated


def check_statement(certificate: Certificate, problem: AcceleratorProblem, goal: Goal) -> None:
    """Check what needs no walk: counts, the design found, value, bound and gap.

    Raises:
        Refused: something is not so.
    """
    counts = [n for stage in certificate.stages.values() for n in stage.values()]
    counts.append(certificate.evaluated)
    if not all(type(n) is int and n >= 0 for n in counts) or type(certificate.designs) is not int:
        raise Refused("counts must be whole numbers")
    if certificate.designs != problem.space.size:
        raise Refused(f"the space has {problem.space.size:,} designs, not {certificate.designs:,}")
    if sum(counts) != certificate.designs:
        raise Refused(f"counts add up to {sum(counts):,} designs, not {certificate.designs:,}")
    if sorted(certificate.design) != sorted(problem.space.names):
        raise Refused("the incumbent has other parameters than the space")
    values = {name: np.array([value]) for name, value in certificate.design.items()}
    try:
        levels = problem.space.encode(values)
    except ValueError as error:
        raise Refused(f"the incumbent is no design of the space: {error}") from None
    scores = _of_feasible(problem, goal.score, levels)
    if not len(scores):
        raise Refused("the incumbent is not feasible")
    if scores[0] != certificate.value:
        raise Refused(f"the incumbent scores {scores[0]!r}, not {certificate.value!r}")
    if certificate.bound > certificate.value:
        raise Refused("the bound is above the value of a design")
    if goal.gap(certificate.value, certificate.bound) != certificate.gap:
        raise Refused("the gap is not that of value and bound")


def check_bound(
    problem: AcceleratorProblem,
    partials: Partials,
    goal: Goal,
    bound: float,
    on_step: Callable[[int], None] = lambda _: None,
) -> Counts:
    """Check that no feasible design scores less than a bound.

    Args:
        problem: the study's.
        partials: of its model.
        goal: the criterion.
        bound: certified.
        on_step: hears how many designs are counted.

    Returns:
        What became of every design, counted once.

    Raises:
        Refused: a design scores less, or designs were lost.
    """
    walk = _Walk(problem, partials, goal, bound)
    counts = Counts()
    open_: list[tuple[Levels, int]] = [(partials.start, 0)]
    while open_:
        rows, stage = open_.pop()
        if stage == len(partials.stages):
            counts.evaluated += len(rows)
            walk.look_at(partials.designs(rows), lost=False)
        else:
            left = walk.further(rows, stage, counts)
            open_ += [(some, stage + 1) for some in _chunks(left)]
        on_step(counts.all)
    if counts.all != problem.space.size:
        raise Refused(f"{counts.all:,} designs were counted of {problem.space.size:,}")
    return counts


class _Walk:
    """Steps of `check_bound`."""

    def __init__(
        self, problem: AcceleratorProblem, partials: Partials, goal: Goal, bound: float
    ) -> None:
        self._problem = problem
        self._partials = partials
        self._goal = goal
        self._bound = bound
        self._rng = np.random.default_rng(0)

    def further(self, rows: Levels, stage: int, counts: Counts) -> Levels:
        """The partial designs with one stage more chosen that may hold a design below the bound."""
        children, _ = self._partials.options(rows, stage)
        quick = self._partials.screen(children)
        fits = (quick.area_m2 <= area_limit(self._problem)) & np.isfinite(quick.area_m2)
        may = np.asarray(quick.runs.all(axis=1) & fits)
        counts.infeasible += self._count(rows) - self._count(children)
        counts.infeasible += self._leave_out(children[~may], stage + 1, feasible=False)
        children = children[may]
        if stage + 1 < self._partials.bound_from:
            return children
        bounds = self._partials.bound(children)
        finite = np.isfinite(bounds.energy_J + bounds.latency_s).all(axis=1)
        within = self._problem.limits.within(bounds.values).all(axis=1)
        runs = np.asarray(finite & within)
        counts.infeasible += self._leave_out(children[~runs], stage + 1, feasible=False)
        filled = self._partials.filled(children)
        costs = BoundedCosts.of(bounds, self._problem, filled).take(runs)
        below = self._goal.bound(costs) < self._bound
        children = children[runs]
        counts.excluded += self._leave_out(children[~below], stage + 1, feasible=True)
        return children[below]

    def _count(self, rows: Levels) -> int:
        return int(self._partials.completions(rows).sum())

    def _leave_out(self, rows: Levels, stage: int, *, feasible: bool) -> int:
        """How many designs some partial designs stand for, once a few of them were looked at."""
        if len(rows):
            some = rows[self._rng.integers(0, len(rows), SAMPLED)]
            self.look_at(self._completed(some, stage), lost=not feasible)
        return self._count(rows)

    def _completed(self, rows: Levels, stage: int) -> Levels:
        """A random completion of each of a few partial designs."""
        for later in range(stage, len(self._partials.stages)):
            children, parents = self._partials.options(rows, later)
            order = self._rng.permutation(len(children))
            _, first = np.unique(parents[order], return_index=True)
            rows = children[order[first]]
        return self._partials.designs(rows)

    def look_at(self, levels: Levels, *, lost: bool) -> None:
        """Evaluate designs.

        Args:
            lost: whether none of them may be feasible.

        Raises:
            Refused: one is better than it may be.
        """
        least = _of_feasible(self._problem, self._goal.bound, levels)
        if lost and len(least):
            raise Refused("a design that was ruled out as infeasible is feasible")
        if len(least) and least.min() < self._bound:
            raise Refused(f"a design scores {least.min():.9g}, below the bound {self._bound:.9g}")


def _of_feasible(
    problem: AcceleratorProblem, score: Callable[[Costs], Floats], levels: Levels
) -> Floats:
    """What the feasible ones of some designs score, shape (n_feasible,)."""
    F, G = problem.score(levels, problem.model.evaluate(levels))
    feasible = np.asarray((G <= 0).all(axis=1))
    if not feasible.any():
        return np.empty(0)
    return score(problem.costs(F[feasible]))


def _chunks(rows: Levels) -> Iterator[Levels]:
    for at in range(0, len(rows), ROWS_AT_ONCE):
        yield rows[at : at + ROWS_AT_ONCE]
