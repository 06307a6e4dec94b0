"""Properties of a problem of the suite: of its front, its constraints and its landscape.

    exact = front_properties(problem)
    sampled = landscape_properties(problem, np.random.default_rng(1))

`benchmarks/properties.py` makes the published tables.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.ndimage import label
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.stats import spearmanr

from imcmoo.arrays import Bools, Floats, Ints
from imcmoo.benchmark.benchmark_problem import BenchmarkProblem
from imcmoo.exact.regret import ExactRegret
from imcmoo.io.errors import InputError
from imcmoo.problem.scalarisation import TOLERANCE, spans
from imcmoo.search.sampling import draw_feasible
from imcmoo.space.design_space import Levels

DRAWN, STARTS, MOST_CHECKED = 1000, 20, 5000
"""Random designs, starts of descents and paths, and designs checked for each path."""

CHUNK_SIZE = 1 << 16
"""Designs evaluated at once."""

ACTIVE = float(np.log2(1.01))
"""Distance, log2 of value over limit, up to which a constraint counts as active: 1 %."""

EXPLAINED = 0.95
"""Share of the variance that principal components of the front explain."""

PAIRS_CHUNK_SIZE = 64
"""Pairs of front points that a round adds for each objective set that does not suffice."""

Row = dict[str, Any]


def front_properties(problem: BenchmarkProblem) -> Row:
    """Describe the exact front.

    Returns:
        objectives; constant_objectives (number of those with one value on the front);
        least_objectives (size of the smallest set that keeps all points non-dominated and
        distinct); least_set (its names, joined by spaces); components_95 (principal components for
        95 % of the variance of the varying objectives, each scaled by its range);
        intrinsic_dimension (see `intrinsic_dimension`).

    Raises:
        InputError: the exact front is not known.
    """
    if problem.answer is None:
        raise InputError(f"{problem.name()}: the exact front is not known; solve() finds it")
    front = problem.coordinates(problem.answer.front)
    varying = np.ptp(front, axis=0) > TOLERANCE
    scaled = ((front - front.min(axis=0)) / spans(front))[:, varying]
    chosen = least_objectives(front)
    names = [problem.objective_names[at] for at in chosen]
    return {
        "objectives": front.shape[1],
        "constant_objectives": int((~varying).sum()),
        "least_objectives": len(chosen),
        "least_set": " ".join(names),
        "components_95": _components(scaled),
        "intrinsic_dimension": intrinsic_dimension(scaled),
    }


def least_objectives(front: Floats) -> Ints:
    """Find a smallest set of objectives in which all points stay non-dominated and distinct.

    Args:
        front: mutually non-dominated points, shape (k, m), on the scale of `coordinates`; values
            that differ by no more than `TOLERANCE` count as equal.

    Returns:
        Columns of the set, ascending.

    Source: minimum objective subset of Brockhoff and Zitzler, Objective reduction in evolutionary
        multiobjective optimization, Evolutionary Computation 17(2), 2009, as a set cover whose
        rows are added where a set fails.
    """
    steps = np.rint((front - front.min(axis=0)) / TOLERANCE).astype(np.int64)
    m = front.shape[1]
    better = np.empty((0, m), dtype=bool)
    while True:
        chosen = _smallest_cover(better)
        failing = _lost_pairs(steps, chosen)
        if not len(failing):
            return chosen
        better = np.unique(np.concatenate([better, failing]), axis=0)


def _smallest_cover(rows: Bools) -> Ints:
    """Columns of a smallest set with a True in each row; the first column without rows."""
    if not len(rows):
        return np.array([0])
    solved = milp(
        np.ones(rows.shape[1]),
        integrality=np.ones(rows.shape[1]),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(rows.astype(float), lb=1),
    )
    return np.flatnonzero(solved.x > 0.5)


def _lost_pairs(steps: Ints, chosen: Ints) -> Bools:
    """Objectives in which a point beats another one, for some pairs that need one more of them."""
    columns = steps[:, chosen]
    order = np.lexsort(columns.T[::-1])
    columns, rows = columns[order], steps[order]
    beaten: list[Bools] = []
    for at, point in enumerate(columns[1:], start=1):
        # A point that dominates or equals another one comes before it in the order.
        before = np.flatnonzero((columns[:at] <= point).all(axis=1))[:1]
        needed = rows[at] < rows[before]
        beaten.extend(needed[needed.any(axis=1)])
        if len(beaten) >= PAIRS_CHUNK_SIZE:
            break
    return np.array(beaten).reshape(-1, steps.shape[1])


def _components(scaled: Floats) -> int:
    """Number of principal components that explain `EXPLAINED` of the variance."""
    variances = np.linalg.svd(scaled - scaled.mean(axis=0), compute_uv=False) ** 2
    return int(np.searchsorted(np.cumsum(variances) / variances.sum(), EXPLAINED) + 1)


def intrinsic_dimension(points: Floats) -> float:
    """Estimate the dimension of the set that points lie on, from their two nearest neighbours.

    Args:
        points: distinct points, shape (k, m).

    Returns:
        The dimension; NaN of fewer than 3 points.

    Source: maximum likelihood of Facco et al., Estimating the intrinsic dimension of datasets by a
        minimal neighborhood information, Scientific Reports 7, 2017.
    """
    from scipy.spatial import KDTree  # only few commands need it

    if len(points) < 3:
        return np.nan
    distance, _ = KDTree(points).query(points, k=3)
    first, second = distance[:, 1], distance[:, 2]
    ratios = np.log(second[first > 0] / first[first > 0])
    return float(len(ratios) / ratios.sum())


def constraint_properties(problem: BenchmarkProblem, rng: np.random.Generator) -> list[Row]:
    """Describe how tight each constraint is.

    Returns:
        A row for each constraint: constraint; violated (share of `DRAWN` random designs); alone
        (share that violates no other one); active (share of the front within 1 % of the limit; NaN
        without an exact front, and for constraints that are 0 wherever they are kept).
    """
    _, G = problem.evaluate_indices(problem.space.random(DRAWN, rng))
    violated = G > 0
    alone = violated & (violated.sum(axis=1, keepdims=True) == 1)
    active = np.full(G.shape[1], np.nan)
    if problem.answer is not None:
        _, of_front = problem.evaluate_indices(problem.space.unrank(problem.answer.ranks))
        states_slack = (np.concatenate([G, of_front]) < 0).any(axis=0)
        active = np.where(states_slack, (of_front > -ACTIVE).mean(axis=0), np.nan)
    shares = violated.mean(axis=0), alone.mean(axis=0), active
    columns = zip(problem.constraint_names, *shares, strict=True)
    names = ("constraint", "violated", "alone", "active")
    return [dict(zip(names, row, strict=True)) for row in columns]


def feasible_components(problem: BenchmarkProblem) -> Row:
    """Count connected components of feasible designs, by evaluating every design.

    Neighbours are those of `landscape_properties`.

    Returns:
        components, and largest_component (its share of the feasible designs).
    """
    space, kept = problem.space, np.empty(problem.space.size, dtype=bool)
    for at in range(0, space.size, CHUNK_SIZE):
        ranks = np.arange(at, min(at + CHUNK_SIZE, space.size))
        levels = space.unrank(ranks)
        _, G = problem.accelerator.score(levels, problem.accelerator.model.evaluate(levels))
        kept[ranks] = (G <= 0).all(axis=1)
    if not kept.any():
        return {"components": 0, "largest_component": np.nan}
    labels, n = label(kept.reshape(space.shape))
    pairs = [_joined_along(labels, axis) for axis in np.flatnonzero(~space.is_ordered).tolist()]
    ends = np.concatenate([np.empty((0, 2), np.int64), *pairs]).T
    graph = coo_array((np.ones(ends.shape[1]), tuple(ends)), shape=(n + 1, n + 1))
    _, component = connected_components(graph, directed=False)
    sizes = np.bincount(component[labels[labels > 0]])
    sizes = sizes[sizes > 0]
    return {"components": len(sizes), "largest_component": sizes.max() / sizes.sum()}


def _joined_along(labels: Ints, axis: int) -> Ints:
    """Pairs of labels, shape (k, 2), that one variable without order joins; 0 is no label."""
    lines = np.moveaxis(labels, axis, -1).reshape(-1, labels.shape[axis])
    largest = lines.max(axis=1, keepdims=True)
    joined = np.stack(np.broadcast_arrays(largest, lines), axis=-1)[lines > 0]
    return np.unique(joined, axis=0)


def landscape_properties(problem: BenchmarkProblem, rng: np.random.Generator) -> Row:
    """Describe the landscape of feasible designs, by samples.

    A neighbour differs in one variable: by one value index if ordered, in any way if not.

    Returns:
        connected (share of `STARTS` random feasible designs from which steps between feasible
        neighbours lead to the best design by `edap_geomean`, of at most `MOST_CHECKED` checked
        designs each: at least so many belong to its component); and for each criterion NAME,
        optima_NAME (distinct local optima in which steepest descents from these designs end),
        global_NAME (share of the descents that end in a global optimum) and fdc_NAME (rank
        correlation, over random feasible designs, of the criterion and the number of variables
        that differ from the nearest optimum). Empty if no feasible design is found.

    Source: fitness-distance correlation of Jones and Forrest, ICGA 1995, with ranks.

    Raises:
        InputError: the exact optima are not known.
    """
    if problem.answer is None or problem.optima is None:
        raise InputError(f"{problem.name()}: the optima are not known; solve() finds them")
    feasible = draw_feasible(problem.accelerator, DRAWN // 10, rng)
    if not len(feasible):
        return {}
    starts = feasible[:STARTS]
    target = problem.optima["edap_geomean"].X[0]
    row: Row = {"connected": np.mean([_leads_to(problem, start, target) for start in starts])}
    judge = ExactRegret(problem.accelerator, problem.answer)
    of_sample = _regrets(judge, feasible)
    for name in of_sample:
        optima = problem.optima[name].X
        ends = [_descend(judge, start, name) for start in starts]
        best = set(problem.space.rank(optima).tolist())
        distance = (feasible[:, None] != optima).sum(axis=2).min(axis=1)
        row[f"optima_{name}"] = len(set(ends))
        row[f"global_{name}"] = np.mean([end in best for end in ends])
        row[f"fdc_{name}"] = float(spearmanr(of_sample[name], distance).statistic)
    return row


def _regrets(judge: ExactRegret, levels: Levels) -> dict[str, Floats]:
    """Regret of designs by criterion, infinite where they are infeasible, shape (n,) each."""
    problem = judge.problem
    F, G = problem.score(levels, problem.model.evaluate(levels))
    kept: Bools = np.asarray((G <= 0).all(axis=1))
    spread = {}
    for name, values in judge.regrets(F[kept]).items():
        spread[name] = np.full(len(kept), np.inf)
        spread[name][kept] = values
    return spread


def _descend(judge: ExactRegret, start: Levels, criterion: str) -> int:
    """Rank of the local optimum in which steepest descent over feasible designs ends."""
    space = judge.problem.space
    at, least = start, float(_regrets(judge, start[None])[criterion][0])
    while True:
        around = space.neighbours(at)
        values = _regrets(judge, around)[criterion]
        best = int(np.argmin(values))
        if not values[best] < least:
            return int(space.rank(at[None])[0])
        at, least = around[best], float(values[best])


def _leads_to(problem: BenchmarkProblem, start: Levels, target: Levels) -> bool:
    """True if steps between feasible neighbours lead from one design to another; the nearest goes
    first."""
    rank = problem.space.rank
    waiting = {int(rank(start[None])[0]): start}
    seen = set(waiting)
    while waiting and len(seen) <= MOST_CHECKED:
        nearest = min(waiting, key=lambda key: int(np.abs(waiting[key] - target).sum()))
        at = waiting.pop(nearest)
        if (at == target).all():
            return True
        around = problem.space.neighbours(at)
        new = [n for n, key in enumerate(rank(around).tolist()) if key not in seen]
        seen.update(rank(around[new]).tolist())
        _, G = problem.evaluate_indices(around[new])
        kept = around[new][(G <= 0).all(axis=1)]
        waiting |= dict(zip(rank(kept).tolist(), kept, strict=True))
    return False
