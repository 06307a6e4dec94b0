"""Algorithms to compare: ours, pymoo's, Optuna's, the published GA and textbook methods.

All begin with the first of the same feasible, diverse designs, as many as their population takes,
and are counted in unique designs evaluated, infeasible ones included. Ours, the local searches and
the random search evaluate constraints before designs, which `CountingProblem` counts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial
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

from experiments.compare.evaluation_counter import (
    CRITERIA,
    POPULATION,
    PROPOSALS,
    Counted,
    Method,
    Objectives,
    Start,
    judged,
    run,
)
from imcmoo.arrays import Floats, Ints
from imcmoo.problem.criteria import SCORES
from imcmoo.problem.scalarisation import span_scaled, tchebycheff
from imcmoo.problem.scores import Score
from imcmoo.record.evaluations import Evaluations
from imcmoo.search.algorithm import run_search
from imcmoo.search.sampling import draw_feasible
from imcmoo.space.design_space import Levels
from imcmoo.space.sets import unseen


def _integer() -> dict[str, Any]:
    """Operators for integers as pymoo's manual has them (pymoo.org/customization/discrete.html).

    Its defaults are for continuous variables: rounding undoes most of their mutations.
    """
    settings = {"prob": 1.0, "eta": 3.0, "vtype": float, "repair": RoundingRepair()}
    return {"crossover": SBX(**settings), "mutation": PM(**settings)}


def this_work(start: Start, **parts: Any) -> Evaluations:
    """The criteria-guided memetic NSGA-II with parts as `run_search` takes them."""
    rng = np.random.default_rng(start.seed)
    return run_search(
        start.problem, budget=start.budget, rng=rng, initial=start.initial, **parts
    ).archive


@cache
def _directions(n_objectives: int) -> Floats:
    """Reference directions of NSGA-III and C-TAEA; they take longer than a short search."""
    directions: Floats = get_reference_directions("energy", n_objectives, POPULATION, seed=1)
    return directions


def _run_on_integers(
    start: Start, kind: Callable[..., Algorithm], objectives: Objectives | None = None, **how: Any
) -> Evaluations:
    """Run a kind of algorithm of pymoo with operators for integers."""
    return run(start, lambda x: kind(sampling=x, **_integer(), **how), objectives=objectives)


def nsga2(start: Start, objectives: Objectives | None = None) -> Evaluations:
    """NSGA-II (Deb et al., 2002) as pymoo has it."""
    return _run_on_integers(start, NSGA2, objectives, pop_size=POPULATION)


def nsga3(start: Start, objectives: Objectives | None = None) -> Evaluations:
    """NSGA-III (Deb and Jain, 2014) as pymoo has it."""
    n = objectives.count(start.problem) if objectives else start.problem.n_obj
    how = {"ref_dirs": _directions(n).copy(), "pop_size": POPULATION}
    return _run_on_integers(start, NSGA3, objectives, **how)


def ctaea(start: Start) -> Evaluations:
    """C-TAEA (Li et al., 2019) as pymoo has it."""
    directions = _directions(start.problem.n_obj).copy()
    return _run_on_integers(start, CTAEA, ref_dirs=directions)


def agemoea2(start: Start, objectives: Objectives | None = None) -> Evaluations:
    """AGE-MOEA-II (Panichella, 2022) as pymoo has it; needs numba."""
    # Not at the top: it cannot be imported without numba, which nothing else needs.
    from pymoo.algorithms.moo.age2 import AGEMOEA2

    return _run_on_integers(start, AGEMOEA2, objectives, pop_size=POPULATION)


def mixed_nsga2(start: Start) -> Evaluations:
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


@dataclass(frozen=True)
class PaperPhase:
    """Crossover probability, mutation probability and distribution index of a published phase."""

    crossover: float
    mutation: float
    eta: float


PAPER_PHASES = (
    PaperPhase(1.0, 1.0, 3),
    PaperPhase(0.9, 0.5, 7),
    PaperPhase(1.0, 0.2, 15),
    PaperPhase(1.0, 0.05, 25),
)
"""The four phases of the published notebooks (github.com/
OlgaKrestinskaya/JointHardwareWorkloadOptimizationIMC, HWC_01_mainTest), of equal length."""

PAPER_BUDGET, PAPER_INITIAL, PAPER_POPULATION = 3300, 500, 70
"""Designs evaluated, initial designs and population of the published search."""


def paper_initial(budget: int) -> int:
    """Number of initial designs at another budget, in proportion; a population at least."""
    share = PAPER_INITIAL * budget // PAPER_BUDGET
    return min(budget, PAPER_INITIAL, max(PAPER_POPULATION, share))


EDAP_MAX = SCORES["edap_max"]


def paper_ga(start: Start, score: Score = EDAP_MAX) -> Evaluations:
    """The published method: a genetic algorithm on one score from Hamming-diverse designs, in four
    phases whose operators take ever smaller steps."""
    counted = Counted(start)
    n_initial = paper_initial(start.budget)
    initial = start.initial[:n_initial]
    F, _ = counted(initial)
    order = np.argsort(score(start.problem.costs(F)), kind="stable")
    best = initial[order[:PAPER_POPULATION]]
    rounding = RoundingRepair()

    def enter_phase(algorithm: Algorithm, spent: int) -> None:
        share = (spent - n_initial) / (start.budget - n_initial)
        phase = PAPER_PHASES[int(share * len(PAPER_PHASES))]
        crossover = {"eta": phase.eta, "prob": phase.crossover}
        algorithm.mating.crossover = SBX(**crossover, repair=rounding)
        algorithm.mating.mutation = PM(eta=phase.eta, prob=phase.mutation, repair=rounding)

    return run(
        start,
        lambda _: GA(pop_size=PAPER_POPULATION, sampling=best),
        counted,
        enter_phase,
        objectives=Objectives.from_score(score),
    )


def plain_ga(start: Start, score: Score = EDAP_MAX) -> Evaluations:
    """pymoo's genetic algorithm with its own operators on one score, from the first designs."""
    return _run_on_integers(start, GA, Objectives.from_score(score), pop_size=POPULATION)


def random_search(start: Start) -> Evaluations:
    """Random feasible designs."""
    counted = Counted(start)
    counted(start.initial[:POPULATION])
    rng = np.random.default_rng(start.seed)
    while not counted.is_spent:
        n = min(500, start.budget - len(counted.archive))
        drawn = draw_feasible(start.problem, n, rng, seen=counted.seen)
        if not len(drawn):
            break
        counted(drawn)
    return counted.archive


Select = Callable[[Evaluations, Ints, np.random.Generator], Ints]
"""Selects designs to expand, from the archive and the indices of those not expanded yet."""

EXPANDED_CHUNK_SIZE = 8
"""Designs whose neighbours a local search evaluates before it selects again."""

SPARSITY = 0.2
"""Dirichlet parameter of the weights of Pareto local search: few objectives get most of it."""


def _expand(start: Start, select: Select) -> Evaluations:
    """Evaluate all new feasible neighbours of selected designs; when none is left, begin again from
    other designs of the start, then from random ones."""
    counted, problem = Counted(start), start.problem
    rng = np.random.default_rng(start.seed)
    seen, unused = counted.seen, start.initial
    while not counted.is_spent:
        first, unused = unseen(problem.space, unused[:POPULATION], seen), unused[POPULATION:]
        if not len(first):
            first = draw_feasible(problem, POPULATION, rng, seen=seen)
        if not len(first):
            break
        _climb(counted, first, select, rng)
    return counted.archive


def _climb(counted: Counted, first: Levels, select: Select, rng: np.random.Generator) -> None:
    """Expand designs until none is left to select, beginning with new designs."""
    p, expanded, new = counted.problem, set[int](), first
    local = Evaluations(p)
    while not counted.is_spent:
        if len(new):
            local.append(new, counted.evaluate(new), generation=0)
        left = np.array([i for i in np.flatnonzero(local.feasible) if i not in expanded], dtype=int)
        chosen = select(local, left, rng) if len(left) else left
        if not len(chosen):
            break
        expanded.update(chosen.tolist())
        around = np.concatenate([p.space.neighbours(x) for x in local.levels[chosen]])
        around = unseen(p.space, around, counted.seen)
        around = around[p.feasibility.screened(around) <= 0]
        new = rng.permutation(around[p.feasibility.violation(around) <= 0])


def pareto_local_search(start: Start) -> Evaluations:
    """Pareto local search (Paquete et al., 2004) that expands the front members which random
    sparse weights select by augmented Tchebycheff distance."""

    def select(archive: Evaluations, left: Ints, rng: np.random.Generator) -> Ints:
        front = archive.front
        left = np.intersect1d(left, front)
        weights = rng.dirichlet(np.full(archive.F.shape[1], SPARSITY), size=EXPANDED_CHUNK_SIZE)
        if not len(left):
            return left
        points = start.problem.coordinates(archive.F[front])
        scaled = span_scaled(start.problem.coordinates(archive.F[left]), points)
        return np.unique(left[tchebycheff(scaled, weights).argmin(axis=0)])

    return _expand(start, select)


def best_first(start: Start) -> Evaluations:
    """Best-first search by each criterion: expands the best design by each of them."""

    def select(archive: Evaluations, left: Ints, rng: np.random.Generator) -> Ints:
        best = start.problem.best_joint_edap(archive.F[archive.feasible])
        costs = start.problem.costs(archive.F[left])
        scores = [c.unchecked_scores(costs, best) for c in judged(start.problem)]
        return np.unique(left[np.argmin(scores, axis=1)])

    return _expand(start, select)


def optuna_nsga2(start: Start) -> Evaluations:
    """NSGA-II of Optuna: uniform crossover, resampled parameters as mutation."""
    # Not at the top: nothing else needs it.
    import optuna

    sampler = optuna.samplers.NSGAIISampler(population_size=POPULATION, seed=start.seed)
    # Parents are of the generation before, so a whole generation can be asked for at once.
    return _run_sampler(start, sampler, at_once=POPULATION)


def optuna_tpe(start: Start) -> Evaluations:
    """Tree-structured Parzen estimator (Bergstra et al., 2011) of Optuna, on one score: for many
    objectives it computes hypervolumes, which do not end."""
    import optuna

    sampler = optuna.samplers.TPESampler(seed=start.seed)
    return _run_sampler(start, sampler, score=SCORES["edap_geomean"])


def _run_sampler(
    start: Start, sampler: Any, *, score: Score | None = None, at_once: int = 1
) -> Evaluations:
    """Run a sampler of Optuna, with a score as the only objective or all of the problem's, until
    the budget is spent or it has converged; so many designs are requested before any is
    evaluated. Ordered parameters are integers to Optuna, others categories; constraints are passed
    on (`Trial.set_constraint`, constrained domination)."""
    import optuna
    from optuna.distributions import CategoricalDistribution, IntDistribution

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    counted, names = Counted(start), start.problem.space.names
    distributions: dict[str, Any] = {
        p.name: IntDistribution(0, len(p) - 1)
        if p.is_ordered
        else CategoricalDistribution(range(len(p)))
        for p in start.problem.space.parameters
    }
    n = 1 if score else start.problem.n_obj
    study = optuna.create_study(directions=["minimize"] * n, sampler=sampler)
    for design in start.initial[:POPULATION].tolist():
        study.enqueue_trial(dict(zip(names, design, strict=True)))
    while not counted.is_spent and counted.proposed < PROPOSALS * start.budget:
        trials = [study.ask(distributions) for _ in range(at_once)]
        levels = np.array([[trial.params[name] for name in names] for trial in trials])
        F, G = counted(levels)
        values = score(start.problem.costs(F))[:, None] if score else start.problem.coordinates(F)
        for trial, objectives, constraints in zip(trials, values.tolist(), G.tolist(), strict=True):
            for name, violation in zip(start.problem.constraint_names, constraints, strict=True):
                trial.set_constraint(name, violation)
            study.tell(trial, objectives)
    return counted.archive


def from_random(method: Method, start: Start) -> Evaluations:
    """Search from random instead of diverse feasible designs."""
    rng = np.random.default_rng((start.seed, 2))
    initial = draw_feasible(start.problem, len(start.initial), rng)
    return method(replace(start, initial=initial))


_GIVEN = {"NSGA-II": nsga2, "NSGA-III": nsga3, "AGE-MOEA-II": agemoea2}

METHODS: dict[str, Method] = {
    "ours": this_work,
    "NSGA-II": nsga2,
    "NSGA-II, mixed": mixed_nsga2,
    "NSGA-III": nsga3,
    "AGE-MOEA-II": agemoea2,
    "C-TAEA": ctaea,
    **{f"{name}, criteria": partial(peer, objectives=CRITERIA) for name, peer in _GIVEN.items()},
    "Pareto local search": pareto_local_search,
    "best-first": best_first,
    "random": random_search,
    "paper's GA": paper_ga,
}
"""Every algorithm by its usual name. SMS-EMOA is missing: with nine objectives its exact
hypervolumes take more than ten minutes per run."""

OPTUNA: dict[str, Method] = {"Optuna NSGA-II": optuna_nsga2, "Optuna TPE": optuna_tpe}
"""Algorithms that need `optuna`."""

PHASED = frozenset({"paper's GA"})
"""Algorithms that plan ahead for their budget."""

COMPILED = frozenset({"AGE-MOEA-II", "AGE-MOEA-II, criteria"})
"""Algorithms that need numba."""
