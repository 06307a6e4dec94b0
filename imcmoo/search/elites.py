"""Per-value elites: the best designs with each value of each parameter (cf. MAP-Elites).

In a space of many parameters, the best design differs from others nearly as good in several
parameters, and each single change is worse, so local search cannot reach it. Among designs with one
of its values it is also the best, and the way there is downhill. So the elites of every value are
improved, although they are worse than the best of the space.

Source: Mouret and Clune, Illuminating search spaces by mapping elites, 2015.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imcmoo.arrays import Floats, Ints
from imcmoo.problem.criteria import LARGEST
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.record.evaluations import Evaluations
from imcmoo.search.operators import crossover, mutate
from imcmoo.search.surrogate import Surrogate
from imcmoo.space.design_space import DesignSpace, Levels

CHILDREN = 60
"""Children of an elite, of which the most promising that passes a check is evaluated."""

RECOMBINED = 0.5
"""Share of children that are recombined with an incumbent of the whole space."""

FOCUS = 10.0
"""Exponent of the relative score of an elite in its weight: 7 % behind the best of the space halves
it. With an exponent of 1, most children are of elites that never catch up."""

FARTHEST = 1e3
"""Relative score beyond which elites have equal weights: a weight must not become zero."""

ETA = 25.0
"""Distribution index of crossover and mutation; small steps."""


@dataclass(frozen=True)
class ValueElites:
    """Elites of all values of which a feasible design was evaluated.

    Args:
        parameters: index of the parameter of each, shape (n,).
        levels: its value index, shape (n,).
        incumbents: best design of each by each score, shape (n, n_scores).
        tries: evaluations of the value since the incumbent was found, shape (n, n_scores).
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
        """Draw at most `n` values, each with a score.

        Values are likelier if their elite is near the best of the space and few designs with the
        value were evaluated since. No elite is drawn twice for a value, nor if it is the best of
        the space.

        Args:
            shortfall: score relative to the best, at least 1, shape (n_values, n_scores).
            n: number of values.
            rng: random generator.

        Returns:
            Indices of values and scores, shape (at most n,) each.
        """
        pairs = rng.permutation(np.argwhere(shortfall > 1))
        designs = np.column_stack([pairs[:, 0], self.incumbents[tuple(pairs.T)]])
        pairs = pairs[np.unique(designs, axis=0, return_index=True)[1]]
        weight = np.minimum(shortfall, FARTHEST) ** -FOCUS / (1.0 + self.tries)
        weight = weight[tuple(pairs.T)]
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
) -> tuple[Levels, Ints]:
    """Propose children of elites, the most promising of each first.

    Args:
        problem: what is searched.
        archive: what was evaluated, something feasible in it.
        wanted: number of values to draw, each with an elite.
        rng: the source of chance.
        pair_ratios: as of `AcceleratorProblem.guide_scores`.
        surrogate: class that predicts coordinates of designs.
        fitted_per_elite: evaluated designs that it is fitted to, per elite, at least 1.

    Returns:
        New designs, shape (n, n_parameters), not all of which need be feasible, and the number of
        the elite of each, shape (n,), in ascending order.
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
        return children, of
    parents = feasible[np.unique(incumbents)]
    fitted = surrogate.near(problem, archive, parents, fitted_per_elite * len(incumbents))
    predicted_F = problem.from_coordinates(fitted.predict(children))
    best = problem.best_joint_edap(F)
    predicted_scores = problem.guide_scores(predicted_F, best, pair_ratios=pair_ratios)
    order = np.lexsort((predicted_scores[np.arange(len(of)), score[of]], of))
    return children[order], of[order]


def _shortfall(problem: AcceleratorProblem, scores: Floats, elites: ValueElites) -> Floats:
    """Scores of elites relative to the best score, shape (n_values, n_scores)."""
    zero = np.zeros(scores.shape[1])
    zero[: len(problem.guides)] = [criterion.zero for criterion in problem.guides]
    best = scores.min(axis=0) + zero
    best_of_elites = scores[elites.incumbents, np.arange(scores.shape[1])] + zero
    shortfall = np.divide(best_of_elites, best, out=np.ones_like(best_of_elites), where=best > 0)
    for column, criterion in enumerate(problem.guides):
        if criterion.scale == "log10":
            excess = criterion.regret(best_of_elites[:, column], best[column])
            shortfall[:, column] = np.minimum(1.0 + excess, LARGEST)
    return shortfall


def _children(
    space: DesignSpace, incumbents: Levels, best: Levels, rng: np.random.Generator
) -> Levels:
    """`CHILDREN` mutants of each incumbent in a row, a share of them recombined with `best`."""
    parents = np.repeat(incumbents, CHILDREN, axis=0)
    others = best[rng.integers(len(best), size=len(parents))]
    pairs = np.stack([parents, others])
    children, _ = crossover(space, pairs, rng, probability=RECOMBINED, eta=ETA)
    return mutate(space, children, rng, probability=1.0, eta=ETA)
