"""Sampling of new feasible designs: diverse or random."""

from __future__ import annotations

from collections.abc import Set

import numpy as np

from imcmoo.arrays import Floats, Ints
from imcmoo.io.units import MM2_PER_M2
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.search.repair import repair
from imcmoo.space.design_space import Levels
from imcmoo.space.sets import unseen

DRAWS = 16
"""Random designs per wanted feasible design. Only the least violated are repaired, so that few
samples move to the edge of the feasible region."""

SMALL_SPACE = 1 << 17
"""Number of designs up to which all are checked, so that the last feasible one is found."""

PATIENCE = 3
"""Batches in a row without a new design after which a space counts as exhausted."""

PILOT = 64
"""Least violated designs that are repaired first, to notice a space without feasible designs."""

BATCH = 16
"""Smallest number of designs drawn for."""


class NoFeasibleDesign(ValueError):
    """No design of the space satisfies the constraints, as far as sampling can tell."""


def confirmed(problem: AcceleratorProblem, levels: Levels, n: int) -> Levels:
    """First `n` feasible designs among those that passed the screen; checks no more than needed."""
    kept: list[Levels] = [levels[:0]]
    while n > 0 and len(levels):
        batch, levels = levels[:n], levels[n:]
        kept.append(batch[problem.feasibility.violation(batch) <= 0])
        n -= len(kept[-1])
    return np.concatenate(kept)


def draw_feasible(
    problem: AcceleratorProblem, n: int, rng: np.random.Generator, *, seen: Set[int] = frozenset()
) -> Levels:
    """Draw distinct feasible designs at random.

    Args:
        problem: the design problem.
        n: number of wanted designs.
        rng: random generator.
        seen: ranks that must not be drawn.

    Returns:
        Shape (at most n, n_parameters), in random order.
    """
    space = problem.space
    taken = set(seen)
    samples: list[Levels] = [np.empty((0, len(space.shape)), dtype=np.int64)]
    while n > 0:
        drawn = draw_screened(problem, max(n, BATCH), rng, seen=taken)
        if not len(drawn):
            break
        taken.update(space.rank(drawn).tolist())
        samples.append(confirmed(problem, drawn, n))
        n -= len(samples[-1])
    return np.concatenate(samples)


def draw_screened(
    problem: AcceleratorProblem, n: int, rng: np.random.Generator, *, seen: Set[int] = frozenset()
) -> Levels:
    """Draw designs that pass the screen.

    Far below 1 % of a space may be feasible, so the least violated of random designs are repaired.
    The distribution is nearly uniform; it prefers the edge of the feasible region.
    """
    space, violation = problem.space, problem.feasibility.screened
    if space.size <= SMALL_SPACE:
        free = np.setdiff1d(np.arange(space.size), np.fromiter(seen, np.int64, len(seen)))
        drawn = space.unrank(rng.permutation(free))
        return drawn[violation(drawn) <= 0][:n]
    samples, misses = np.empty((0, len(space.shape)), dtype=np.int64), 0
    while len(samples) < n and misses < PATIENCE:
        drawn = space.random(DRAWS * n, rng)
        nearest = np.argsort(violation(drawn), kind="stable")[: 2 * n]
        if not (len(samples) or seen or misses):
            _, left = repair(problem, drawn[nearest[:PILOT]])
            if (left > 0).all() and problem.feasibility.is_proven_empty():
                break
        repaired, left = repair(problem, drawn[nearest])
        new = unseen(space, repaired[left <= 0], seen | set(space.rank(samples).tolist()))
        misses = 0 if len(new) else misses + 1
        samples = np.concatenate([samples, new])
    return rng.permutation(samples)[:n]


def spread_out(points: Ints | Floats, n: int, *, chosen: list[int], hamming: bool) -> list[int]:
    """Greedy max-min selection: repeatedly add the point farthest from its nearest chosen one.

    Args:
        points: shape (n_points, n_columns).
        n: number of points to choose in all.
        chosen: indices of initial points, at least one.
        hamming: True for the number of columns that differ, False for the Euclidean distance.

    Returns:
        Indices, in order; the first of equally far points.
    """

    def distance(one: int) -> Floats:
        gaps = points != points[one] if hamming else (points - points[one]) ** 2
        return gaps.sum(axis=1, dtype=float)

    taken = list(chosen)
    nearest = np.min([distance(one) for one in taken], axis=0)
    nearest[taken] = -np.inf
    while len(taken) < min(n, len(points)):
        taken.append(int(np.argmax(nearest)))
        nearest = np.minimum(nearest, distance(taken[-1]))
        nearest[taken[-1]] = -np.inf
    return taken


def draw_diverse(problem: AcceleratorProblem, n: int, rng: np.random.Generator) -> Levels:
    """Draw twice as many feasible designs as wanted; keep the half of greatest Hamming spread.

    Source: the paper draws 1,000 feasible designs and keeps 500, greedily by the largest smallest
        Hamming distance to those already kept, beginning with the first draw.

    Returns:
        Shape (at most n, n_parameters); fewer if the space has no more.

    Raises:
        NoFeasibleDesign: none was found.
    """
    drawn = draw_screened(problem, 2 * n, rng)
    if len(drawn):
        # By columns: sums over short rows take three times as long.
        drawn = drawn[spread_out(np.asfortranarray(drawn), len(drawn), chosen=[0], hamming=True)]
    samples, seen = confirmed(problem, drawn, n), set(problem.space.rank(drawn).tolist())
    more = draw_feasible(problem, n - len(samples), rng, seen=seen)
    samples = np.concatenate([samples, more])
    if not len(samples):
        limit, names = problem.largest_area_m2 * MM2_PER_M2, ", ".join(problem.workload_names)
        raise NoFeasibleDesign(
            f"no feasible design found in space {problem.space.name} for {names} within "
            f"{limit:g} mm²: relax the area limit or widen the space"
        )
    return samples
