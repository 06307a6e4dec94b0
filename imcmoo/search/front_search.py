"""Local search for the Pareto front: new neighbours of front members selected by random weights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from imcmoo.arrays import Ints
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.scalarisation import span_scaled, tchebycheff
from imcmoo.record.evaluations import Evaluations
from imcmoo.search.sampling import first_passing, unseen
from imcmoo.search.surrogate import Surrogate
from imcmoo.search.survival import best_in_turn
from imcmoo.space.design_space import Levels
from imcmoo.space.moves import move

SURPLUS = 2
"""Neighbours proposed per wanted design, since some are infeasible."""

SPARSITY = 0.2
"""Parameter of the Dirichlet distribution of weights; below 1, few objectives dominate."""


def near_front(
    problem: AcceleratorProblem,
    archive: Evaluations,
    moves: Sequence[Levels],
    wanted: int,
    rng: np.random.Generator,
    *,
    surrogate: type[Surrogate],
    fitted: int,
    members_per_design: int = 4,
) -> Levels:
    """Propose new neighbours of front members, best first.

    As many random weight vectors as wanted designs each select the best front member that has a new
    neighbour. A surrogate orders the neighbours: the best by each weight vector in turn.

    Args:
        problem: what is searched.
        archive: what was evaluated, something feasible in it.
        moves: lead to neighbours, each of shape (n_moves, n_parameters); the first of them that
            lead to as many new neighbours as are wanted.
        wanted: number of designs that are wanted.
        rng: the source of chance.
        surrogate: class that predicts coordinates of designs.
        fitted: evaluated designs that it is fitted to, at least 1.
        members_per_design: random front members looked at per design wanted, at least 1. By default
            4, which bounds the time where the front is large.

    Returns:
        Designs that pass the screen, shape (n, n_parameters).
    """
    front, screened = archive.front, problem.feasibility.screened
    members = rng.permutation(front)[: members_per_design * wanted]
    for reach in moves:
        neighbours, of = _new_neighbours(archive, archive.levels[members], reach)
        passing = first_passing(problem, neighbours, np.arange(float(len(of)))[:, None], wanted)
        if len(passing) >= wanted:
            break
    if not len(passing):
        return neighbours[:0]
    points = problem.coordinates(archive.F[front])
    weights = rng.dirichlet(np.full(points.shape[1], SPARSITY), size=wanted)
    scaled = span_scaled(problem.coordinates(archive.F[members]), points)
    distance = tchebycheff(scaled, weights)
    distance[np.bincount(of, minlength=len(members)) == 0] = np.inf
    while True:  # Neighbours of a member are screened only once it is selected.
        chosen = np.bincount(distance.argmin(axis=0), minlength=len(members)) > 0
        rows = np.flatnonzero(chosen[of])
        rows = rows[screened(neighbours[rows]) <= 0]
        barren = chosen & (np.bincount(of[rows], minlength=len(members)) == 0)
        if not barren.any():
            break
        distance[barren] = np.inf
    neighbours = unseen(problem.space, neighbours[rows], set())
    predicted = surrogate.near(problem, archive, members[chosen], fitted).predict(neighbours)
    scaled = span_scaled(predicted, points)
    return neighbours[best_in_turn(tchebycheff(scaled, weights), SURPLUS * wanted)]


def _new_neighbours(archive: Evaluations, levels: Levels, moves: Levels) -> tuple[Levels, Ints]:
    """New designs one move from designs, possibly repeated, and the index of the original of
    each."""
    designs, inside = move(archive.space, levels, moves)
    neighbours, of = designs[inside], np.nonzero(inside)[0]
    new = [rank not in archive.seen for rank in archive.space.rank(neighbours).tolist()]
    return neighbours[new], of[new]
