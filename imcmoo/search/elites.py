"""ValueElites: where to look in a large space besides around the best designs.

A niche is all designs that share one level of one parameter. In a space of many parameters the best
design differs from others nearly as good in several of them at once, each change of which is bad by
itself: no one or two moves lead from one to the other. But in the niche of any one of these levels
it is the best as well, and the way there goes downhill. So every niche has incumbents of its own,
which are improved although they are worse than those of the whole space.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imcmoo.model.metrics import Floats, Ints
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.search.archive import Archive
from imcmoo.search.operators import crossover, mutate
from imcmoo.search.surrogate import Surrogate, around
from imcmoo.space.design_space import DesignSpace, Levels

LARGE_SPACE = 1 << 30
"""Designs above which niches are looked into: a smaller space can be enumerated, and all that
matters in it is two moves away."""

CHILDREN = 60
"""Children of a niche's incumbent, of which one is offered: the most promising that passes."""

RECOMBINED = 0.5
"""Share of these that take after an incumbent of the whole space as well."""

ETA = 25.0
"""Distribution index of their crossover and mutation: small steps."""

SCREENED = 4
"""The most promising children of a niche, which are screened before others."""

AROUND = 12
"""Designs near each niche's incumbent that the surrogate is fitted to."""

OFTENER = 2
"""Generations in place of one of the schedule, so that the surrogate learns as much oftener."""


@dataclass(frozen=True)
class ValueElites:
    """All niches in which something feasible was evaluated.

    Args:
        parameters: index of the parameter of each, shape (n,).
        levels: its level, shape (n,).
        incumbents: best design of each by each score, shape (n, n_scores).
        tries: designs evaluated in the niche after that one, shape (n, n_scores).
    """

    parameters: Ints
    levels: Ints
    incumbents: Ints
    tries: Ints

    @classmethod
    def of(cls, levels: Levels, scores: Floats) -> ValueElites:
        """Incumbents among feasible designs.

        Args:
            levels: shape (n_designs, n_parameters).
            scores: smaller is better, shape (n_designs, n_scores).
        """
        rows = []
        for parameter, column in enumerate(levels.T):
            for level in np.unique(column).tolist():
                inside = np.flatnonzero(column == level)
                first = scores[inside].argmin(axis=0)
                rows.append((parameter, level, inside[first], len(inside) - 1 - first))
        return cls(*(np.array(column) for column in zip(*rows, strict=True)))

    def drawn(self, shortfall: Floats, n: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
        """At most `n` niches drawn at random, each with a score: likelier the nearer its incumbent
        is to the best of the whole space, and the less was tried there since it was found. No
        incumbent is drawn twice for one niche, and none that is the best of the whole space.

        Args:
            shortfall: as a factor, at least 1, shape (n_niches, n_scores).

        Returns:
            Indices of niches and scores, shape (at most n,) each.
        """
        pairs = rng.permutation(np.argwhere(shortfall > 1))
        designs = np.column_stack([pairs[:, 0], self.incumbents[tuple(pairs.T)]])
        pairs = pairs[np.unique(designs, axis=0, return_index=True)[1]]
        weight = 1.0 / (shortfall * (1.0 + self.tries))[tuple(pairs.T)]
        if len(pairs) > n:
            pairs = pairs[rng.choice(len(pairs), n, replace=False, p=weight / weight.sum())]
        niche, score = pairs.T
        return niche, score


def from_elites(
    problem: AcceleratorProblem,
    archive: Archive,
    wanted: int,
    guided: bool,
    rng: np.random.Generator,
) -> Levels:
    """New designs that pass the screen, each the most promising child of the incumbent of a niche
    by one score.

    Args:
        problem: what is searched.
        archive: what was evaluated, something feasible in it.
        wanted: how many niches to draw: of some no child passes.
        guided: whether a surrogate tells which child is the most promising; at random otherwise.

    Returns:
        Shape (at most wanted, n_parameters).
    """
    levels, F = archive.levels[archive.feasible], archive.F[archive.feasible]
    scores, space = problem.guide_scores(F), problem.space
    niches = ValueElites.of(levels, scores)
    niche, score = niches.drawn(_shortfall(problem, scores, niches), wanted, rng)
    own = niches.incumbents[niche, score]
    children = _children(space, levels[own], levels[scores.argmin(axis=0)], rng)
    of = np.repeat(np.arange(len(own)), CHILDREN)
    children[np.arange(len(of)), niches.parameters[niche][of]] = niches.levels[niche][of]
    new = [rank not in archive.seen for rank in space.rank(children).tolist()]
    children, of = children[new], of[new]
    guessed = rng.random(len(of))
    if guided and len(of):
        known = around(space, levels, np.unique(own), AROUND * len(own))
        surrogate = Surrogate(space, levels[known], problem.coordinates(F[known]))
        told = problem.from_coordinates(surrogate.predict(children))
        guessed = problem.guide_scores(told, problem.own_best(F))[np.arange(len(of)), score[of]]
    order = np.lexsort((guessed, of))
    return _first_passing(problem, children[order], of[order])


def _first_passing(problem: AcceleratorProblem, children: Levels, of: Ints) -> Levels:
    """The first child of each niche that passes the screen, shape (n, n_parameters).

    A few of each are screened, then twice as many of those niches of which none has passed.

    Args:
        children: shape (n_children, n_parameters).
        of: niche of each, ascending, shape (n_children,).
    """
    found = [children[:0]]
    few = SCREENED
    while len(of):
        tried = np.arange(len(of)) - np.searchsorted(of, of) < few
        passes = np.flatnonzero(tried)[problem.feasibility.screened(children[tried]) <= 0]
        first = passes[np.unique(of[passes], return_index=True)[1]]
        found.append(children[first])
        left = ~tried & ~np.isin(of, of[first])
        children, of, few = children[left], of[left], 2 * few
    return np.concatenate(found)


def _shortfall(problem: AcceleratorProblem, scores: Floats, niches: ValueElites) -> Floats:
    """Score of each niche's incumbents relative to the best score, (n_niches, n_scores)."""
    zero = np.zeros(scores.shape[1])
    zero[: len(problem.guides)] = [criterion.zero for criterion in problem.guides]
    best = scores.min(axis=0) + zero
    own = scores[niches.incumbents, np.arange(scores.shape[1])] + zero
    return np.divide(own, best, out=np.ones_like(own), where=best > 0)


def _children(
    space: DesignSpace, incumbents: Levels, best: Levels, rng: np.random.Generator
) -> Levels:
    """Mutants of some incumbents, `CHILDREN` of each in a row, a share of them recombined with
    designs of the whole space; shape (n_incumbents · CHILDREN, n_parameters)."""
    own = np.repeat(incumbents, CHILDREN, axis=0)
    others = best[rng.integers(len(best), size=len(own))]
    pairs = np.stack([own, others])
    children, _ = crossover(space, pairs, rng, probability=RECOMBINED, eta=ETA)
    return mutate(space, children, rng, probability=1.0, eta=ETA)
