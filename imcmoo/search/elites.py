"""Per-value elites: incumbents of each value of each parameter in a large space (cf. MAP-Elites).

A value's elites are the best designs among those that have one value of one parameter. In a space
of many parameters the best design differs from others nearly as good in several of them at once,
each change of which is bad by itself: no one or two moves lead from one to the other. Among designs
with any one of these values it is the best as well, and the way there goes downhill. So the elites
of every value are improved although they are worse than the best of the whole space.

Source: Mouret and Clune, Illuminating search spaces by mapping elites, 2015.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imcmoo.arrays import Floats, Ints
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.record.evaluations import Evaluations
from imcmoo.search.operators import crossover, mutate
from imcmoo.search.surrogate import Surrogate
from imcmoo.space.design_space import DesignSpace, Levels

CHILDREN = 60
"""Children of an elite, of which one is offered: the most promising that passes."""

RECOMBINED = 0.5
"""Share of these that take after an incumbent of the whole space as well."""

ETA = 25.0
"""Distribution index of their crossover and mutation: small steps."""

SCREENED = 4
"""The most promising children of an elite, which are screened before others."""


@dataclass(frozen=True)
class ValueElites:
    """Elites of all values of which a feasible design was evaluated.

    Args:
        parameters: index of the parameter of each, shape (n,).
        levels: its level, shape (n,).
        incumbents: best design of each by each score, shape (n, n_scores).
        tries: designs evaluated with the value after that one, shape (n, n_scores).
    """

    parameters: Ints
    levels: Ints
    incumbents: Ints
    tries: Ints

    @classmethod
    def from_scores(cls, levels: Levels, scores: Floats) -> ValueElites:
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
        """Draw at most `n` values, each with a score, at random.

        A value is likelier the nearer its elite is to the best of the whole space, and the fewer
        designs with the value were evaluated since. No elite is drawn twice for one value, and none
        that is the best of the whole space.

        Args:
            shortfall: as a factor, at least 1, shape (n_values, n_scores).

        Returns:
            Indices of values and scores, shape (at most n,) each.
        """
        pairs = rng.permutation(np.argwhere(shortfall > 1))
        designs = np.column_stack([pairs[:, 0], self.incumbents[tuple(pairs.T)]])
        pairs = pairs[np.unique(designs, axis=0, return_index=True)[1]]
        weight = 1.0 / (shortfall * (1.0 + self.tries))[tuple(pairs.T)]
        if len(pairs) > n:
            pairs = pairs[rng.choice(len(pairs), n, replace=False, p=weight / weight.sum())]
        value, score = pairs.T
        return value, score


def from_elites(
    problem: AcceleratorProblem,
    archive: Evaluations,
    wanted: int,
    rng: np.random.Generator,
    pair_ratios: Floats | None = None,
    *,
    surrogate: type[Surrogate],
    fitted_per_elite: int = 12,
) -> Levels:
    """New designs that pass the screen, each the most promising child of a value's elite.

    Args:
        problem: what is searched.
        archive: what was evaluated, something feasible in it.
        wanted: number of values to draw; of some no child passes.
        rng: the source of chance.
        pair_ratios: as of `AcceleratorProblem.guide_scores`.
        surrogate: class that predicts coordinates of designs.
        fitted_per_elite: evaluated designs that it is fitted to, per elite, at least 1.

    Returns:
        Shape (at most wanted, n_parameters).
    """
    feasible, space = np.flatnonzero(archive.feasible), problem.space
    levels, F = archive.levels[feasible], archive.F[feasible]
    scores = problem.guide_scores(F, pair_ratios=pair_ratios)
    elites = ValueElites.from_scores(levels, scores)
    value, score = elites.drawn(_shortfall(problem, scores, elites), wanted, rng)
    incumbents = elites.incumbents[value, score]
    children = _children(space, levels[incumbents], levels[scores.argmin(axis=0)], rng)
    of = np.repeat(np.arange(len(incumbents)), CHILDREN)
    children[np.arange(len(of)), elites.parameters[value][of]] = elites.levels[value][of]
    new = [rank not in archive.seen for rank in space.rank(children).tolist()]
    children, of = children[new], of[new]
    if not len(of):
        return children
    parents = feasible[np.unique(incumbents)]
    fitted = surrogate.near(problem, archive, parents, fitted_per_elite * len(incumbents))
    predicted_F = problem.from_coordinates(fitted.predict(children))
    best = problem.best_joint_edap(F)
    predicted_scores = problem.guide_scores(predicted_F, best, pair_ratios=pair_ratios)
    order = np.lexsort((predicted_scores[np.arange(len(of)), score[of]], of))
    return _first_passing_of_each(problem, children[order], of[order])


def _first_passing_of_each(problem: AcceleratorProblem, children: Levels, of: Ints) -> Levels:
    """The first child of each value that passes the screen, shape (n, n_parameters).

    A few of each are screened, then twice as many of those values of which none has passed.

    Args:
        children: shape (n_children, n_parameters).
        of: value of each, ascending, shape (n_children,).
    """
    passed = [children[:0]]
    few = SCREENED
    while len(of):
        tried = np.arange(len(of)) - np.searchsorted(of, of) < few
        passes = np.flatnonzero(tried)[problem.feasibility.screened(children[tried]) <= 0]
        first = passes[np.unique(of[passes], return_index=True)[1]]
        passed.append(children[first])
        left = ~tried & ~np.isin(of, of[first])
        children, of, few = children[left], of[left], 2 * few
    return np.concatenate(passed)


def _shortfall(problem: AcceleratorProblem, scores: Floats, elites: ValueElites) -> Floats:
    """Score of each value's elites relative to the best score, shape (n_values, n_scores)."""
    zero = np.zeros(scores.shape[1])
    zero[: len(problem.guides)] = [criterion.zero for criterion in problem.guides]
    best = scores.min(axis=0) + zero
    best_of_elites = scores[elites.incumbents, np.arange(scores.shape[1])] + zero
    return np.divide(best_of_elites, best, out=np.ones_like(best_of_elites), where=best > 0)


def _children(
    space: DesignSpace, incumbents: Levels, best: Levels, rng: np.random.Generator
) -> Levels:
    """Mutants of some incumbents, `CHILDREN` of each in a row, a share of them recombined with
    designs of the whole space; shape (n_incumbents · CHILDREN, n_parameters)."""
    parents = np.repeat(incumbents, CHILDREN, axis=0)
    others = best[rng.integers(len(best), size=len(parents))]
    pairs = np.stack([parents, others])
    children, _ = crossover(space, pairs, rng, probability=RECOMBINED, eta=ETA)
    return mutate(space, children, rng, probability=1.0, eta=ETA)
