"""Every design of a problem, so that "best found" becomes "this far from the best there is".

What depends on few parameters is computed once: a chip's body (all but voltage and cycle time) is
screened and mapped once for all its operating points. A stretch of bodies then yields its feasible
designs, and of those only what can still be the best in the end: `Findings`. Findings of all
stretches, put together, yield the exact answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from moocore import is_nondominated
from numpy.typing import NDArray

from imcmoo.model.metrics import Floats
from imcmoo.model.reference.chips import OPERATING_POINT
from imcmoo.problem.problem import AcceleratorProblem, DesignEvaluator
from imcmoo.problem.scores import MM2_PER_M2, SCORES, edap, worst_regret
from imcmoo.space.design_space import Levels

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

BODIES_AT_ONCE = 2048
"""Bodies in a stretch: some 50 MB for nine networks, and work for a second."""

SCREENED_AT_ONCE = 1 << 18


@dataclass(frozen=True)
class Optimum:
    """The best value of a criterion, and every design that reaches it, by rank, ascending."""

    value: float
    ranks: Ints

    @classmethod
    def of(cls, scores: Floats, ranks: Ints) -> Optimum:
        """The optimum of some designs, given the score and rank of each; NaN does not count."""
        value = np.fmin.reduce(scores, initial=np.inf)
        return cls(float(value), np.sort(ranks[scores == value]))

    def or_better(self, other: Optimum) -> Optimum:
        """The optimum of the designs of both."""
        if self.value == other.value:
            return Optimum(self.value, np.union1d(self.ranks, other.ranks))
        return min(self, other, key=lambda o: o.value)


@dataclass(frozen=True)
class Findings:
    """What is left of some designs: all that can still be an optimum or on the front.

    Args:
        n_feasible: how many of the designs are feasible.
        ranks: the designs kept, shape (n,).
        F: their objectives, shape (n, n_objectives).
        alone: by workload, the smallest EDAP of a chip that need not run the others, J·s·mm².
    """

    n_feasible: int
    ranks: Ints
    F: Floats
    alone: list[Optimum]


@dataclass(frozen=True)
class Exact:
    """The exact answer of a problem.

    Args:
        n_feasible: number of feasible designs.
        optima: by criterion: those of `scores`; `alone_` and a workload, its best EDAP on a chip
            within the area limit that need not run the others; `regret_minimax`, the largest
            regret over the workloads against their best EDAP on any feasible design; and
            `regret_alone_minimax`, that against the `alone_` ones.
        front: distinct non-dominated objective vectors, sorted, shape (k, n_objectives).
        ranks: of each point the design of lowest rank, shape (k,).
        designs: how many designs share each point, shape (k,).
    """

    n_feasible: int
    optima: dict[str, Optimum]
    front: Floats
    ranks: Ints
    designs: Ints


def nothing_feasible(problem: AcceleratorProblem) -> str:
    """What to say where no design is feasible."""
    return (
        f"no design of space {problem.space.name} is feasible within "
        f"{problem.area_limit_m2 * MM2_PER_M2:g} mm²: relax the area limit"
    )


def scores(problem: AcceleratorProblem, F: Floats) -> dict[str, Floats]:
    """What designs are compared by, the smaller the better, shape (n,) each.

    Each of `SCORES`, EDAP by workload (J·s·mm²), and each objective: energy (J) and latency (s) by
    workload, area (m²) and cost.

    Args:
        F: objectives, shape (n, n_objectives).
    """
    split, names = problem.split(F), problem.workload_names
    found = {name: score(*split) for name, score in SCORES.items()}
    found |= {f"edap_{name}": v for name, v in zip(names, edap(*split).T, strict=True)}
    kinds = [f"{kind}_{name}" for kind in ("energy", "latency") for name in names]
    rest = [name.removesuffix("_m2") for name in problem.objective_names[len(kinds) :]]
    return found | dict(zip([*kinds, *rest], F.T, strict=True))


def stretches(problem: AcceleratorProblem, alone: DesignEvaluator | None = None) -> list[Levels]:
    """The bodies on which some workload may run within the area limit, in parts of equal length.

    Args:
        alone: the cost model of chips that need hold one workload only; by default the problem's.

    Returns:
        Levels of shape (at most `BODIES_AT_ONCE`, n_parameters), operating point at its first.
    """
    space = problem.space
    bodies = space.grid([n for n in space.names if n not in OPERATING_POINT])
    # Most operating parameters do not matter to the screen.
    points = np.unique(space.grid(OPERATING_POINT) * problem.constrained, axis=0)
    passes = np.zeros(len(bodies), dtype=bool)
    for at in range(0, len(bodies), SCREENED_AT_ONCE):
        some = slice(at, at + SCREENED_AT_ONCE)
        for point in points:
            quick = (alone or problem.evaluator).screen(bodies[some] + point)
            runs = (quick.missing_cells <= 0).any(axis=1)
            passes[some] |= runs & (quick.area_m2 <= problem.area_limit_m2)
    passing = bodies[passes]
    return [passing[i : i + BODIES_AT_ONCE] for i in range(0, len(passing), BODIES_AT_ONCE)]


def survey(
    problem: AcceleratorProblem, bodies: Levels, alone: DesignEvaluator | None = None
) -> Findings:
    """Evaluate every design of some bodies.

    Args:
        bodies: shape (n, n_parameters), operating point at its first level.
        alone: the cost model of chips that need hold one workload only; by default the problem's.
    """
    space = problem.space
    points = space.grid(OPERATING_POINT)
    designs = (bodies[:, None] + points).reshape(-1, points.shape[1])
    ranks = space.rank(designs)
    metrics = problem.evaluator.evaluate(designs)
    F, G = problem.score(designs, metrics)
    feasible = np.asarray((G <= 0).all(axis=1))
    by_body = np.where(feasible[:, None], F, np.inf).reshape(len(bodies), len(points), -1)
    fastest = points[:, space.names.index("cycle_s")] == 0
    beaten = _beaten_by_own_body(by_body, fastest).ravel()
    kept = np.flatnonzero(feasible)
    kept = kept[_lasting(problem, F[kept], ~beaten[kept])]
    own = alone.evaluate(designs) if alone else metrics
    area = own.resources.area_m2
    values = edap(own.energy_J, own.latency_s, area)
    values[area > problem.area_limit_m2] = np.nan
    best = [Optimum.of(v, ranks) for v in values.T]
    return Findings(int(feasible.sum()), ranks[kept], F[kept], best)


def _beaten_by_own_body(F: Floats, fastest: Bools) -> Bools:
    """Whether a design is dominated by one of the same body with the shortest cycle time.

    That is what most are dominated by, so little is left for the search for the front.

    Args:
        F: objectives, inf where infeasible, shape (n_bodies, n_points, n_objectives).
        fastest: which points have the shortest cycle time, shape (n_points,).

    Returns:
        Shape (n_bodies, n_points).
    """
    beaten = np.zeros(F.shape[:2], dtype=bool)
    for point in np.flatnonzero(fastest):
        rival = F[:, [point]]
        beaten |= (rival <= F).all(axis=2) & (rival < F).any(axis=2)
    return beaten


def _lasting(problem: AcceleratorProblem, F: Floats, unbeaten: Bools) -> Bools:
    """Which feasible designs, shape (n,), can be an optimum or on the front of more of them.

    Those no other dominates; those not worse than another in the EDAP of every workload at once,
    since only they can have the smallest largest regret, whatever the best EDAPs are in the end;
    and the best by every other criterion.

    Args:
        unbeaten: which may be on the front, shape (n,).
    """
    keep = np.zeros(len(F), dtype=bool)
    if len(F):
        rivals = np.flatnonzero(unbeaten)
        keep[rivals[is_nondominated(F[rivals], keep_weakly=True)]] = True
        keep |= _undefeated(edap(*problem.split(F)))
        for values in scores(problem, F).values():
            keep |= values == values.min()
    return keep


def _undefeated(values: Floats) -> Bools:
    """Rows of (n, W) for which no other row is smaller in every column."""
    best = np.unique(values[is_nondominated(values)], axis=0)
    # The most rivals are defeated by those with the smallest product.
    best = best[np.argsort(np.log(best).sum(axis=1))]
    left = np.arange(len(values))
    for row in best:
        left = left[~(row < values[left]).all(axis=1)]
    undefeated = np.zeros(len(values), dtype=bool)
    undefeated[left] = True
    return undefeated


def conclude(problem: AcceleratorProblem, findings: Sequence[Findings]) -> Exact:
    """The exact answer, from findings that together are about all designs.

    Raises:
        ValueError: no design is feasible.
    """
    n_feasible = sum(f.n_feasible for f in findings)
    if not n_feasible:
        raise ValueError(nothing_feasible(problem))
    ranks = np.concatenate([f.ranks for f in findings])
    order = np.argsort(ranks)
    ranks, F = ranks[order], np.concatenate([f.F for f in findings])[order]
    alone = {
        f"alone_{name}": optimum
        for w, name in enumerate(problem.workload_names)
        for optimum in [reduce(Optimum.or_better, (f.alone[w] for f in findings))]
    }
    by_criterion = scores(problem, F)
    values = edap(*problem.split(F))
    own_best = np.array([optimum.value for optimum in alone.values()])
    by_criterion["regret_minimax"] = worst_regret(values, values.min(axis=0))
    by_criterion["regret_alone_minimax"] = worst_regret(values, own_best)
    optima = {name: Optimum.of(score, ranks) for name, score in by_criterion.items()}
    on_front = is_nondominated(F, keep_weakly=True)
    front, first, designs = np.unique(F[on_front], axis=0, return_index=True, return_counts=True)
    return Exact(n_feasible, optima | alone, front, ranks[on_front][first], designs)
