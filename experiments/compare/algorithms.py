"""Algorithms to compare: ours, pymoo's, the published GA and textbook methods.

All begin with the first of the same feasible, diverse designs, as many as their population takes,
and are counted in unique designs evaluated, infeasible ones included. Ours and the random search
evaluate constraints before designs, which `check_counter` counts.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from pymoo.algorithms.moo.ctaea import CTAEA
from pymoo.algorithms.moo.nsga2 import NSGA2, RankAndCrowdingSurvival
from pymoo.algorithms.moo.nsga3 import NSGA3
from pymoo.algorithms.soo.nonconvex.ga import GA
from pymoo.core.algorithm import Algorithm
from pymoo.core.mixed import MixedVariableGA
from pymoo.core.population import Population
from pymoo.operators.crossover.sbx import SBX
from pymoo.operators.mutation.pm import PM
from pymoo.operators.repair.rounding import RoundingRepair
from pymoo.util.ref_dirs import get_reference_directions

from experiments.compare.evaluation_counter import POPULATION, Counted, Method, Start, run
from imcmoo.problem.criteria import SCORES
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.scores import Score
from imcmoo.search.algorithm import run_search
from imcmoo.search.archive import Archive
from imcmoo.search.sampling import draw_feasible, unseen
from imcmoo.search.schedule import PAPER, Schedule
from imcmoo.space.design_space import Levels


def _integer() -> dict[str, Any]:
    """pymoo's default operators, rounded to value indices."""
    rounding = RoundingRepair()
    return {"crossover": SBX(repair=rounding), "mutation": PM(repair=rounding)}


def _directions(problem: AcceleratorProblem) -> Any:
    return get_reference_directions("energy", problem.n_obj, POPULATION, seed=1)


def ours(start: Start, schedule: Schedule = PAPER) -> Archive:
    """The customised NSGA-II."""
    rng = np.random.default_rng(start.seed)
    return run_search(
        start.problem, budget=start.budget, rng=rng, schedule=schedule, initial=start.initial
    ).archive


def nsga2(start: Start) -> Archive:
    """NSGA-II (Deb et al., 2002) as pymoo has it."""
    return run(start, lambda x: NSGA2(pop_size=POPULATION, sampling=x, **_integer()))


def nsga3(start: Start) -> Archive:
    """NSGA-III (Deb and Jain, 2014) as pymoo has it."""
    directions = _directions(start.problem)
    return run(start, lambda x: NSGA3(directions, pop_size=POPULATION, sampling=x, **_integer()))


def ctaea(start: Start) -> Archive:
    """C-TAEA (Li et al., 2019) as pymoo has it."""
    directions = _directions(start.problem)
    return run(start, lambda x: CTAEA(directions, sampling=x, **_integer()))


def agemoea2(start: Start) -> Archive:
    """AGE-MOEA-II (Panichella, 2022) as pymoo has it; needs numba."""
    # Not at the top: it cannot be imported without numba, which nothing else needs.
    from pymoo.algorithms.moo.age2 import AGEMOEA2

    return run(start, lambda x: AGEMOEA2(pop_size=POPULATION, sampling=x, **_integer()))


def mixed_nsga2(start: Start) -> Archive:
    """pymoo's mixed-variable mating with the survival of NSGA-II."""
    names = start.problem.space.names

    def make(initial: Levels) -> Algorithm:
        rows = [dict(zip(names, row, strict=True)) for row in initial.tolist()]
        return MixedVariableGA(
            pop_size=POPULATION,
            sampling=Population.new(X=np.array(rows, dtype=object)),
            survival=RankAndCrowdingSurvival(),
        )

    return run(start, make, mixed=True)


PAPER_MUTATION = (1.0, 0.5, 0.2, 0.05)
"""Mutation probability in each of the four phases of the published notebooks."""

EDAP_MAX = SCORES["edap_max"]


def paper_ga(start: Start, score: Score = EDAP_MAX) -> Archive:
    """The published method: a genetic algorithm on one score from Hamming-diverse designs, in four
    phases whose operators take ever smaller steps."""
    counted = Counted(start)
    initial = start.initial[: PAPER.initial_of(start.budget)]
    F, _ = counted(initial)
    order = np.argsort(score(start.problem.costs(F)), kind="stable")
    best = initial[order[: PAPER.population]]
    mutations = dict(zip(PAPER.phases, PAPER_MUTATION, strict=True))
    rounding = RoundingRepair()

    def enter_phase(algorithm: Algorithm, spent: int) -> None:
        phase = PAPER.phase_at(spent, start.budget)
        crossover = {"eta": phase.eta, "prob": phase.crossover_probability}
        algorithm.mating.crossover = SBX(**crossover, repair=rounding)
        algorithm.mating.mutation = PM(eta=phase.eta, prob=mutations[phase], repair=rounding)

    return run(
        start,
        lambda _: GA(pop_size=PAPER.population, sampling=best),
        counted,
        enter_phase,
        score=score,
    )


def plain_ga(start: Start, score: Score = EDAP_MAX) -> Archive:
    """pymoo's genetic algorithm with its own operators on one score, from the first designs."""
    return run(start, lambda x: GA(pop_size=POPULATION, sampling=x, **_integer()), score=score)


def random_search(start: Start) -> Archive:
    """Random feasible designs."""
    counted = Counted(start)
    counted(start.initial[:POPULATION])
    rng = np.random.default_rng(start.seed)
    while not counted.is_spent:
        n = min(500, start.budget - len(counted.archive))
        drawn = draw_feasible(start.problem, n, rng, seen=counted.archive.seen)
        if not len(drawn):
            break
        counted(drawn)
    return counted.archive


EXPLORED_AT_ONCE = 8
"""Designs whose neighbours a local search evaluates before it looks at the front again."""


def pareto_local_search(start: Start) -> Archive:
    """Pareto local search (Paquete et al., 2004): all neighbours of random designs of the front,
    a few at a time, until the neighbourhood of each was looked at."""
    counted, space = Counted(start), start.problem.space
    counted(start.initial[:POPULATION])
    rng = np.random.default_rng(start.seed)
    explored: set[int] = set()
    while not counted.is_spent:
        front = [i for i in counted.archive.front().tolist() if i not in explored]
        if not front:
            break
        chosen = rng.permutation(front)[:EXPLORED_AT_ONCE]
        explored.update(chosen.tolist())
        around = np.concatenate([space.neighbours(x) for x in counted.archive.levels[chosen]])
        around = unseen(space, rng.permutation(around), counted.archive.seen)
        if len(around):
            counted(around)
    return counted.archive


def from_random(method: Method, start: Start) -> Archive:
    """Search from random instead of diverse feasible designs."""
    rng = np.random.default_rng((start.seed, 2))
    initial = draw_feasible(start.problem, len(start.initial), rng)
    return method(replace(start, initial=initial))


METHODS: dict[str, Method] = {
    "ours": ours,
    "NSGA-II": nsga2,
    "NSGA-II, mixed": mixed_nsga2,
    "NSGA-III": nsga3,
    "AGE-MOEA-II": agemoea2,
    "C-TAEA": ctaea,
    "Pareto local search": pareto_local_search,
    "random": random_search,
    "paper's GA": paper_ga,
}
"""Every algorithm by its usual name. SMS-EMOA is missing: with nine objectives its exact
hypervolumes take more than ten minutes per run."""

PHASED = frozenset({"ours", "paper's GA"})
"""Algorithms that plan ahead for their budget."""
