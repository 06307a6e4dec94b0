"""Sampling of new feasible designs at random."""

from __future__ import annotations

from collections.abc import Set

import numpy as np

from imcmoo.io.units import MM2_PER_M2
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.search.repair import repair
from imcmoo.space.design_space import Levels
from imcmoo.space.sets import unseen

RARE, WALKERS = 1 / 32, 2
"""Share of feasible designs below which random designs are repaired, and how many are for each
wanted one: those that arrive first are taken."""

SMALL_SPACE = 1 << 17
"""Number of designs up to which all are checked at last, so that the last feasible one is found."""

PATIENCE = 3
"""Batches in a row without a new design after which a space counts as exhausted."""


class NoFeasibleDesign(ValueError):
    """No design of the space satisfies the constraints, as far as sampling can tell."""


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
    taken = set(seen)
    samples: list[Levels] = [np.empty((0, len(problem.space.shape)), dtype=np.int64)]
    while n > 0:
        drawn = draw_screened(problem, n, rng, seen=taken)
        if not len(drawn):
            break
        taken.update(problem.space.rank(drawn).tolist())
        samples.append(drawn[problem.feasibility.violation(drawn) <= 0])
        n -= len(samples[-1])
    return np.concatenate(samples)


def draw_screened(
    problem: AcceleratorProblem, n: int, rng: np.random.Generator, *, seen: Set[int] = frozenset()
) -> Levels:
    """Draw designs that pass the screen, where they are rare by repair; see `draw_feasible`."""
    space, feasibility = problem.space, problem.feasibility
    samples, taken, misses = np.empty((0, len(space.shape)), dtype=np.int64), set(seen), 0
    while (wanted := n - len(samples)) > 0 and misses < PATIENCE:
        drawn = space.random(wanted, rng)
        left = feasibility.screened(drawn)
        if (left <= 0).mean() < RARE:
            walkers = space.random(WALKERS * wanted, rng)
            drawn, left = repair(problem, walkers, rng, enough=wanted)
        new = unseen(space, drawn[left <= 0], taken)
        if not (len(new) or len(samples) or seen or misses) and feasibility.is_proven_empty():
            return samples
        misses = 0 if len(new) else misses + 1
        samples = np.concatenate([samples, new[:wanted]])
        taken.update(space.rank(new).tolist())
    if len(samples) < n and space.size <= SMALL_SPACE:
        free = np.setdiff1d(np.arange(space.size), np.fromiter(taken, np.int64, len(taken)))
        rest = space.unrank(rng.permutation(free))
        samples = np.concatenate([samples, rest[feasibility.screened(rest) <= 0]])
    return samples[:n]


def draw_initial(problem: AcceleratorProblem, n: int, rng: np.random.Generator) -> Levels:
    """Draw designs to begin a search with; see `draw_feasible`.

    Raises:
        NoFeasibleDesign: none was found.
    """
    samples = draw_feasible(problem, n, rng)
    if not len(samples):
        limit, names = problem.largest_area_m2 * MM2_PER_M2, ", ".join(problem.workload_names)
        raise NoFeasibleDesign(
            f"no feasible design found in space {problem.space.name} for {names} within "
            f"{limit:g} mm²: relax the area limit or widen the space"
        )
    return samples
