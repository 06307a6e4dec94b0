"""Ablations: our search with one part changed at a time."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from experiments.compare.algorithms import changed, from_random, ours
from experiments.compare.evaluation_counter import Method
from imcmoo.model.metrics import Floats, Ints
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.record.evaluations import Evaluations
from imcmoo.search import mating, memetic_nsga2, surrogate
from imcmoo.search.mating import FeasibleMating
from imcmoo.search.offspring import OffspringBuilder
from imcmoo.search.sampling import draw_feasible
from imcmoo.search.schedule import PAPER, Schedule
from imcmoo.search.surrogate import Surrogate
from imcmoo.space.design_space import Levels

FAR = 10.0
"""Factors of e by which a design is predicted to be better than the designs that were fitted."""


def _with_local_search(factor: float) -> Schedule:
    """Multiply every phase's share of local search."""
    phases = tuple(
        replace(phase, local_search=factor * phase.local_search) for phase in PAPER.phases
    )
    return replace(PAPER, phases=phases)


_ONE_PHASE = replace(PAPER, phases=(replace(PAPER.phases[1], generations=40),))
"""Designs vary in every phase as in the second one."""


def _random_coordinates(fitted: Surrogate, levels: Levels) -> Floats:
    """Coordinates that tell nothing about a design but that it is promising: so a random design is
    offered. They are alike in every run."""
    n = fitted._n_objectives
    return fitted._mean[:n] - FAR + np.random.default_rng(len(levels)).random((len(levels), n))


def _random_survivors(_: AcceleratorProblem, F: Floats, G: Floats, n: int) -> Ints:
    """Random designs, the feasible ones first."""
    mixed = np.random.default_rng(len(F)).permutation(len(F))
    violation = np.maximum(G[mixed], 0).sum(axis=1)
    return mixed[np.argsort(violation, kind="stable")][:n]


def _fill_at_random(
    mating: FeasibleMating,
    offspring: OffspringBuilder,
    population: Ints,
    rng: np.random.Generator,
) -> None:
    """Fill a generation up with random feasible designs."""
    if n := offspring.missing:
        offspring.append(draw_feasible(mating.problem, n, rng, seen=offspring.seen))


def _nothing(problem: AcceleratorProblem, archive: Evaluations, *_: object) -> Levels:
    return archive.levels[:0]


ABLATIONS: dict[str, Method] = {
    "ours": ours,
    "no local search": partial(ours, schedule=_with_local_search(0)),
    "half the local search": partial(ours, schedule=_with_local_search(0.5)),
    "no search near the front": changed(mating, "near_front", _nothing),
    "no search by criteria": changed(mating, "CRITERIA_SHARE", 0.0),
    "random survivors": changed(memetic_nsga2, "survivors", _random_survivors),
    "no crossover or mutation": changed(FeasibleMating, "_fill", _fill_at_random),
    "no per-value elites": changed(mating, "LARGE_SPACE", np.inf),
    "no surrogate": changed(Surrogate, "predict", _random_coordinates),
    "surrogate of 400": changed(surrogate, "FITTED", 400),
    "one phase": partial(ours, schedule=_ONE_PHASE),
    "150 initial designs": partial(ours, schedule=replace(PAPER, initial=150)),
    "random start": partial(from_random, ours),
}
"""Every ablation by its name in tables."""
