"""Ablations: our search with one part changed at a time."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from experiments.compare.algorithms import from_random, this_work
from experiments.compare.evaluation_counter import Method
from imcmoo.arrays import Floats, Ints
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.search.mating import FeasibleMating
from imcmoo.search.offspring import OffspringBuilder
from imcmoo.search.sampling import draw_feasible
from imcmoo.search.surrogate import Surrogate
from imcmoo.space.design_space import Levels

FAR = 10.0
"""Factors of e by which a design is predicted to be better than the designs that were fitted."""


class RandomSurrogate(Surrogate):
    """Tells nothing about a design but that it is promising: so a random design is offered."""

    @classmethod
    def fit_violations(cls, *_: Any) -> None:
        """No violation is predicted."""

    def predict(self, levels: Levels) -> Floats:
        """Coordinates that are alike in every run, shape (n, n_objectives)."""
        random = np.random.default_rng(len(levels)).random((len(levels), len(self._mean)))
        return self._mean - FAR + random


class NoPredictedViolation(Surrogate):
    """Candidates are checked in the order of their promise, whatever they may violate."""

    @classmethod
    def fit_violations(cls, *_: Any) -> None:
        """No violation is predicted."""


class RandomFilling(FeasibleMating):
    """Fills a generation up with random feasible designs, without crossover and mutation."""

    def recombine(self, offspring: OffspringBuilder) -> None:
        """Add random feasible designs for all that are missing."""
        problem, n, seen = offspring.problem, offspring.missing, offspring.seen
        offspring.append(draw_feasible(problem, n, offspring.rng, seen=seen))


class NoFrontSearch(FeasibleMating):
    """Leaves the share of neighbours of front members to children."""

    def near_front(self, offspring: OffspringBuilder, wanted: int) -> Levels:
        """Return no design."""
        return offspring.levels[:0]


def _random_survivors(_: AcceleratorProblem, F: Floats, G: Floats, n: int) -> Ints:
    """Random designs, the feasible ones first."""
    mixed = np.random.default_rng(len(F)).permutation(len(F))
    violation = np.maximum(G[mixed], 0).sum(axis=1)
    return mixed[np.argsort(violation, kind="stable")][:n]


ABLATIONS: dict[str, Method] = {
    "ours": this_work,
    "no local search": partial(this_work, mating=FeasibleMating(children_share=1.0)),
    "no search near the front": partial(this_work, mating=NoFrontSearch()),
    "no search by criteria": partial(this_work, mating=FeasibleMating(criteria_share=0.0)),
    "random survivors": partial(this_work, survival=_random_survivors),
    "no crossover or mutation": partial(this_work, mating=RandomFilling()),
    "no per-value elites": partial(this_work, mating=FeasibleMating(large_space=np.inf)),
    "no surrogate": partial(this_work, mating=FeasibleMating(surrogate=RandomSurrogate)),
    "no predicted violation": partial(
        this_work, mating=FeasibleMating(surrogate=NoPredictedViolation)
    ),
    "surrogate of 400": partial(this_work, mating=FeasibleMating(fitted=400)),
    "500 initial designs": partial(this_work, n_initial=500),
    "random start": partial(from_random, this_work),
}
"""Every ablation by its name in tables."""
