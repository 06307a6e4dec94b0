"""Per-value elites: the best designs with each value of each parameter (cf. MAP-Elites).

In a space of many parameters, the best design differs from others nearly as good in several
parameters, and each single change is worse, so local search cannot reach it. Among designs with one
of its values it is also the best, and the way there is downhill. So the elites of every value are
improved, although they are worse than the best of the space.

Source: Mouret and Clune, Illuminating search spaces by mapping elites, 2015.
"""

from __future__ import annotations

import numpy as np

from imcmoo.arrays import Floats, Ints
from imcmoo.search.offspring import OffspringBuilder
from imcmoo.search.operators import crossover, mutate
from imcmoo.space.design_space import Levels

CHILDREN = 60
"""Children of an elite, of which the most promising that passes a check is evaluated."""

RECOMBINED = 0.5
"""Share of children that are recombined with an incumbent of the whole space."""

ETA = 25.0
"""Distribution index of crossover and mutation; small steps."""


def draw_elites(levels: Levels, scores: Floats, n: int, rng: np.random.Generator) -> Ints:
    """Draw elites of values, the likelier the fewer designs are better or were tried since.

    No design is drawn twice for a value, and none that is the best of all.

    Args:
        levels: feasible designs in the order of their evaluation, shape (n_designs, n_parameters).
        scores: smaller is better, shape (n_designs, n_scores).
        n: number of elites.
        rng: random generator.

    Returns:
        Parameter, value index, index of the design and score of each, shape (4, at most n).
    """
    place = scores.argsort(axis=0, kind="stable").argsort(axis=0)
    rows = []
    for parameter, column in enumerate(levels.T):
        for level in np.unique(column).tolist():
            inside = np.flatnonzero(column == level)
            first = scores[inside].argmin(axis=0)
            for score, best in enumerate(inside[first].tolist()):
                tries = len(inside) - 1 - int(first[score])
                rows.append((parameter, level, best, score, int(place[best, score]), tries))
    elites = rng.permutation(np.array(rows))
    elites = elites[elites[:, 4] > 0]
    elites = elites[np.unique(elites[:, :3], axis=0, return_index=True)[1]]
    weight = 1.0 / (1 + elites[:, 4]) / (1 + elites[:, 5])
    if len(elites) > n:
        elites = elites[rng.choice(len(elites), n, replace=False, p=weight / weight.sum())]
    return elites[:, :4].T


def from_elites(offspring: OffspringBuilder, wanted: int) -> Levels:
    """Propose children of elites: the most promising of each, then the next ones.

    Args:
        offspring: the generation; a feasible design was evaluated before it.
        wanted: number of elites to draw.

    Returns:
        New designs, shape (n, n_parameters), not all of which need be feasible.
    """
    problem, archive, rng = offspring.problem, offspring.archive, offspring.rng
    feasible = np.flatnonzero(archive.feasible)
    levels, F = archive.levels[feasible], archive.F[feasible]
    scores = problem.guide_scores(F)
    parameter, value, design, score = draw_elites(levels, scores, wanted, rng)
    of = np.repeat(np.arange(len(design)), CHILDREN)
    # A share of them is recombined with the best designs of the space.
    best = levels[scores.argmin(axis=0)]
    parents = np.stack([levels[design][of], best[rng.integers(len(best), size=len(of))]])
    children, _ = crossover(problem.space, parents, rng, probability=RECOMBINED, eta=ETA)
    children = mutate(problem.space, children, rng, probability=1.0, eta=ETA)
    children[np.arange(len(of)), parameter[of]] = value[of]
    new = offspring.is_new(children)
    children, of = children[new], of[new]
    if not len(of):
        return children
    rows = feasible[np.unique(design)]
    predicted = problem.from_coordinates(offspring.predict(children, rows))
    promise = problem.guide_scores(predicted, problem.guide_reference(F))
    order = np.lexsort((promise[np.arange(len(of)), score[of]], of))
    _, first, of_group = np.unique(of[order], return_index=True, return_inverse=True)
    turn = np.arange(len(order)) - first[of_group]
    return children[order[np.argsort(turn, kind="stable")]]
