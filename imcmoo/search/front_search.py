"""Local search for the Pareto front: new neighbours of front members that random weights select.

Source: augmented Tchebycheff scalarisation of Steuer and Choo, An interactive weighted Tchebycheff
procedure for multiple objective programming, Mathematical Programming 26, 1983.
"""

from __future__ import annotations

import numpy as np

from imcmoo.model.metrics import Floats, Ints
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.search.archive import Archive
from imcmoo.search.sampling import unseen
from imcmoo.search.surrogate import Surrogate
from imcmoo.search.survival import elite, span_scaled
from imcmoo.space.design_space import Levels
from imcmoo.space.moves import move, single_moves

MEMBERS = 6
"""Random front members looked at per design wanted: bounds the time where the front is large."""

WEIGHTS = 2
"""Weight vectors drawn per design wanted."""

SPARSITY = 0.2
"""Parameter of the Dirichlet distribution of weights: below 1, few objectives get most of it."""

AUGMENTATION = 0.05
"""Share of the weighted sum in a scalarisation, so that it prefers non-dominated designs."""


def near_front(
    problem: AcceleratorProblem,
    archive: Archive,
    wanted: int,
    fitted: int,
    rng: np.random.Generator,
) -> Levels:
    """New neighbours of front members, best first.

    Each weight vector selects the best front member that has a new neighbour one move away. The
    neighbours of all selected members are ordered by what a surrogate predicts for the weights: the
    best by each weight vector in turn.

    Args:
        problem: what is searched.
        archive: what was evaluated, something feasible in it.
        wanted: number of designs that are wanted.
        fitted: designs the surrogate is fitted to; 0 for neighbours in random order.

    Returns:
        Designs that pass the screen, shape (n, n_parameters).
    """
    space, front = problem.space, archive.front()
    members = rng.permutation(front)[: MEMBERS * wanted]
    neighbours, of = _new_neighbours(problem, archive, archive.levels[members])
    if not len(of):
        return neighbours
    points = problem.coordinates(archive.F[front])
    weights = rng.dirichlet(np.full(points.shape[1], SPARSITY), size=WEIGHTS * wanted)
    extensible = np.unique(of)
    scaled = span_scaled(problem.coordinates(archive.F[members[extensible]]), points)
    chosen = np.unique(extensible[tchebycheff(scaled, weights).argmin(axis=0)])
    neighbours = unseen(space, neighbours[np.isin(of, chosen)], set())
    if not fitted:
        return rng.permutation(neighbours)
    surrogate = Surrogate.near(problem, archive, members[chosen], fitted)
    scaled = span_scaled(surrogate.predict(neighbours), points)
    return neighbours[elite(tchebycheff(scaled, weights), len(neighbours))]


def _new_neighbours(
    problem: AcceleratorProblem, archive: Archive, levels: Levels
) -> tuple[Levels, Ints]:
    """Designs one move from designs (n, n_parameters) that pass the screen and were not evaluated.

    Returns:
        Designs, some repeated, and the index of the design that each is a neighbour of.
    """
    designs, inside = move(problem.space, levels, single_moves(problem.space))
    neighbours, of = designs[inside], np.nonzero(inside)[0]
    ranks = problem.space.rank(neighbours).tolist()
    new = np.array([rank not in archive.seen for rank in ranks], dtype=bool)
    new[new] = problem.feasibility.screened(neighbours[new]) <= 0
    return neighbours[new], of[new]


def tchebycheff(points: Floats, weights: Floats) -> Floats:
    """Augmented weighted Tchebycheff distance from the ideal point 0.

    Args:
        points: smaller is better, shape (n, n_objectives).
        weights: shape (n_weights, n_objectives).

    Returns:
        Shape (n, n_weights).
    """
    largest = np.full((len(points), len(weights)), -np.inf)
    total = np.zeros_like(largest)
    # Column by column, so that equal points are equal to the last digit on every machine.
    for point, weight in zip(points.T, weights.T, strict=True):
        term = point[:, None] * weight
        np.maximum(largest, term, out=largest)
        total += term
    return largest + AUGMENTATION * total
