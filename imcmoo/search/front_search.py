"""Local search for the Pareto front: new neighbours of front members selected by random weights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from imcmoo.model.metrics import Ints
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.scalarisation import span_scaled, tchebycheff
from imcmoo.record.evaluations import Evaluations
from imcmoo.search.sampling import first_passing, unseen
from imcmoo.search.surrogate import Surrogate
from imcmoo.search.survival import best_in_turn
from imcmoo.space.design_space import Levels
from imcmoo.space.moves import move

MEMBERS = 4
"""Random front members considered per wanted design; bounds the time."""

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
) -> Levels:
    """Propose new neighbours of front members, best first.

    As many random weight vectors as wanted designs each select the best front member that has a new
    neighbour. A surrogate orders the neighbours: the best by each weight vector in turn.

    Args:
        problem: the design problem.
        archive: evaluated designs, at least one feasible.
        moves: sets of moves, each of shape (n_moves, n_parameters); the first set with enough new
            neighbours is used.
        wanted: number of wanted designs.
        rng: random generator.

    Returns:
        Designs that pass the screen, shape (n, n_parameters).
    """
    front, screened = archive.front(), problem.feasibility.screened
    members = rng.permutation(front)[: MEMBERS * wanted]
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
    surrogate = Surrogate.near(problem, archive, members[chosen])
    scaled = span_scaled(surrogate.predict(neighbours), points)
    return neighbours[best_in_turn(tchebycheff(scaled, weights), SURPLUS * wanted)]


def _new_neighbours(archive: Evaluations, levels: Levels, moves: Levels) -> tuple[Levels, Ints]:
    """New designs one move from designs, possibly repeated, and the index of the original of
    each."""
    designs, inside = move(archive.space, levels, moves)
    neighbours, of = designs[inside], np.nonzero(inside)[0]
    new = [rank not in archive.seen for rank in archive.space.rank(neighbours).tolist()]
    return neighbours[new], of[new]
