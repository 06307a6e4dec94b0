"""Local search for the Pareto front: new neighbours of front members selected by random weights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from imcmoo.arrays import Ints
from imcmoo.problem.scalarisation import span_scaled, tchebycheff
from imcmoo.search.offspring import OffspringBuilder
from imcmoo.search.sampling import unseen
from imcmoo.search.surrogate import Surrogate
from imcmoo.search.survival import best_in_turn
from imcmoo.space.design_space import Levels
from imcmoo.space.moves import move

SPARSITY = 0.2
"""Parameter of the Dirichlet distribution of weights; below 1, few objectives dominate."""

MEMBERS_PER_DESIGN = 4
"""Random front members looked at per wanted design; bounds the time where the front is large."""


def near_front(
    offspring: OffspringBuilder,
    population: Ints,
    moves: Sequence[Levels],
    wanted: int,
    rng: np.random.Generator,
    *,
    surrogate: type[Surrogate],
    fitted: int,
) -> Levels:
    """Propose new neighbours of front members, best first.

    As many random weight vectors as wanted designs each select the best front member that has a new
    neighbour. A surrogate orders the neighbours: the best by each weight vector in turn.

    Args:
        offspring: the generation; a feasible design was evaluated before it.
        population: indices of the survivors; the feasible ones compete with random members of the
            front, so that a small front has enough neighbours.
        moves: lead to neighbours, each of shape (n_moves, n_parameters); the first of them that
            lead to as many new neighbours as are wanted.
        wanted: number of designs that are wanted.
        rng: the source of chance.
        surrogate: class that predicts coordinates and violations of designs.
        fitted: designs that it is fitted to, at least 1.

    Returns:
        Designs that are predicted to be feasible, shape (n, n_parameters).
    """
    problem, archive = offspring.problem, offspring.archive
    front = archive.front
    members = np.union1d(rng.permutation(front)[: MEMBERS_PER_DESIGN * wanted], population)
    members = members[archive.feasible[members]]
    for reach in moves:
        neighbours, of = _new_neighbours(offspring, archive.levels[members], reach)
        if len(neighbours) >= wanted:
            break
    if not len(neighbours):
        return neighbours
    points = problem.coordinates(archive.F[front])
    weights = rng.dirichlet(np.full(points.shape[1], SPARSITY), size=wanted)
    scaled = span_scaled(problem.coordinates(archive.F[members]), points)
    distance = tchebycheff(scaled, weights)
    distance[np.bincount(of, minlength=len(members)) == 0] = np.inf
    chosen = np.bincount(distance.argmin(axis=0), minlength=len(members)) > 0
    neighbours = neighbours[chosen[of]]
    neighbours = offspring.likely(unseen(problem.space, neighbours, offspring.seen))
    predicted = surrogate.near(problem, archive, members[chosen], fitted).predict(neighbours)
    scaled = span_scaled(predicted, points)
    return neighbours[best_in_turn(tchebycheff(scaled, weights), len(neighbours))]


def _new_neighbours(
    offspring: OffspringBuilder, levels: Levels, moves: Levels
) -> tuple[Levels, Ints]:
    """New designs one move from designs, possibly repeated, and the index of the original of
    each."""
    space = offspring.problem.space
    designs, inside = move(space, levels, moves)
    neighbours, of = designs[inside], np.nonzero(inside)[0]
    new = [rank not in offspring.seen for rank in space.rank(neighbours).tolist()]
    return neighbours[new], of[new]
