"""Searches to compare: ours, pymoo's, and what the paper and the textbooks do.

All begin with the first of the same feasible, diverse designs, as many as their population takes,
and are counted in unique designs evaluated, infeasible ones included. What the constraints cost to
check is not counted: ours and the random search ask about them before they evaluate.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from pymoo.algorithms.moo.ctaea import CTAEA
from pymoo.algorithms.moo.nsga2 import NSGA2, RankAndCrowdingSurvival
from pymoo.algorithms.moo.nsga3 import NSGA3
from pymoo.algorithms.soo.nonconvex.ga import GA
from pymoo.core.algorithm import Algorithm
from pymoo.core.mixed import MixedVariableGA
from pymoo.core.population import Population
from pymoo.core.problem import Problem
from pymoo.core.variable import Choice, Integer
from pymoo.operators.crossover.sbx import SBX
from pymoo.operators.mutation.pm import PM
from pymoo.operators.repair.rounding import RoundingRepair
from pymoo.util.ref_dirs import get_reference_directions

from imcmoo.algorithm import run_search
from imcmoo.archive import Archive
from imcmoo.metrics import Floats
from imcmoo.objectives import SCORES, Score
from imcmoo.problem import AcceleratorProblem, as_levels
from imcmoo.sampling import draw_feasible, unseen
from imcmoo.schedule import PAPER, Schedule
from imcmoo.space import Levels

POPULATION = 100
"""Of every method that has one and does not say otherwise: pymoo's default."""

REPEATS = 2
"""Designs a method may propose per unique design of its budget. Repeats cost it nothing, but one
that proposes little else has converged."""


@dataclass(frozen=True)
class Start:
    """What a search is given.

    Args:
        problem: what to search.
        initial: feasible designs to begin with, shape (n, n_parameters), as many as wanted.
        budget: unique designs.
        seed: of all chance.
    """

    problem: AcceleratorProblem
    initial: Levels
    budget: int
    seed: int


Method = Callable[[Start], Archive]


class Counted:
    """Evaluates designs and keeps each one in an archive the first time, up to a budget."""

    def __init__(self, start: Start) -> None:
        p = start.problem
        self.problem = p
        self.budget = start.budget
        self.proposed = 0
        self.archive = Archive(p.space, n_objectives=p.n_obj, n_constraints=p.n_constr)

    @property
    def is_spent(self) -> bool:
        """Whether the budget is used up."""
        return len(self.archive) >= self.budget

    def __call__(self, levels: Levels) -> tuple[Floats, Floats]:
        """Objectives and constraints, shapes (n, n_objectives) and (n, n_constraints)."""
        F, G = self.problem.evaluate(levels)
        self.proposed += len(levels)
        ranks = self.problem.space.rank(levels)
        first = np.sort(np.unique(ranks, return_index=True)[1])
        new = [i for i in first.tolist() if ranks[i] not in self.archive.seen]
        new = new[: self.budget - len(self.archive)]
        self.archive.append(levels[new], F[new], G[new], generation=0)
        return F, G


class _Posed(Problem):  # type: ignore[misc]  # pymoo ships no types
    """The problem as pymoo's own algorithms see it: with one objective or all, and counted."""

    def __init__(
        self, counted: Counted, *, score: Score | None = None, mixed: bool = False
    ) -> None:
        p = counted.problem
        self._counted, self._score = counted, score
        names = p.space.names
        variables = {
            q.name: Integer(bounds=(0, len(q) - 1))
            if q.is_ordered
            else Choice(options=range(len(q)))
            for q in p.space.parameters
        }
        self._names = names
        super().__init__(
            n_obj=1 if score else p.n_obj,
            n_ieq_constr=p.n_constr,
            **({"vars": variables} if mixed else {"n_var": p.n_var, "xl": p.xl, "xu": p.xu}),
        )

    def _evaluate(self, X: Any, out: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        if isinstance(X[0], dict):
            X = [[x[name] for name in self._names] for x in X]
        F, out["G"] = self._counted(as_levels(X))
        out["F"] = self._score(*self._counted.problem.split(F))[:, None] if self._score else F


def _run(
    start: Start,
    make: Callable[[Levels], Algorithm],
    counted: Counted | None = None,
    each_generation: Callable[[Algorithm, int], None] | None = None,
    **posed: Any,
) -> Archive:
    """Let an algorithm of pymoo run until the budget is spent or it has converged.

    Args:
        make: makes the algorithm, given the designs to begin with.
        counted: what was evaluated before, if anything.
        each_generation: changes the algorithm as it goes; hears how many designs are spent.
        posed: see `_Posed`.
    """
    counted = counted or Counted(start)
    algorithm = make(start.initial[:POPULATION])
    # Some of pymoo's parts break ties by the global generator instead of their own.
    np.random.seed(start.seed)  # noqa: NPY002
    algorithm.setup(_Posed(counted, **posed), seed=start.seed, termination=("n_gen", 10**9))
    while not counted.is_spent and counted.proposed < REPEATS * start.budget:
        if each_generation:
            each_generation(algorithm, len(counted.archive))
        before = counted.proposed
        algorithm.next()
        if counted.proposed == before:
            break  # its mating has nothing to offer any more
    return counted.archive


def _integer() -> dict[str, Any]:
    """pymoo's default operators, rounded to levels."""
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
    return _run(start, lambda x: NSGA2(pop_size=POPULATION, sampling=x, **_integer()))


def nsga3(start: Start) -> Archive:
    """NSGA-III (Deb and Jain, 2014) as pymoo has it."""
    directions = _directions(start.problem)
    return _run(start, lambda x: NSGA3(directions, pop_size=POPULATION, sampling=x, **_integer()))


def ctaea(start: Start) -> Archive:
    """C-TAEA (Li et al., 2019) as pymoo has it."""
    directions = _directions(start.problem)
    return _run(start, lambda x: CTAEA(directions, sampling=x, **_integer()))


def agemoea2(start: Start) -> Archive:
    """AGE-MOEA-II (Panichella, 2022) as pymoo has it; needs numba."""
    # Not at the top: it cannot be imported without numba, which nothing else needs.
    from pymoo.algorithms.moo.age2 import AGEMOEA2

    return _run(start, lambda x: AGEMOEA2(pop_size=POPULATION, sampling=x, **_integer()))


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

    return _run(start, make, mixed=True)


PAPER_MUTATION = (1.0, 0.5, 0.2, 0.05)
"""Mutation probability in each of the four phases of the paper's published notebooks."""


EDAP_MAX = SCORES["edap_max"]


def paper_ga(start: Start, score: Score = EDAP_MAX) -> Archive:
    """The paper's method: a genetic algorithm on one score from Hamming-diverse designs, in four
    phases whose operators take ever smaller steps."""
    counted = Counted(start)
    initial = start.initial[: PAPER.initial_of(start.budget)]
    F, _ = counted(initial)
    order = np.argsort(score(*start.problem.split(F)), kind="stable")
    best = initial[order[: PAPER.population]]
    mutations = dict(zip(PAPER.phases, PAPER_MUTATION, strict=True))
    rounding = RoundingRepair()

    def enter_phase(algorithm: Algorithm, spent: int) -> None:
        phase = PAPER.phase_at(spent, start.budget)
        crossover = {"eta": phase.eta, "prob": phase.crossover_probability}
        algorithm.mating.crossover = SBX(**crossover, repair=rounding)
        algorithm.mating.mutation = PM(eta=phase.eta, prob=mutations[phase], repair=rounding)

    return _run(
        start,
        lambda _: GA(pop_size=PAPER.population, sampling=best),
        counted,
        enter_phase,
        score=score,
    )


def plain_ga(start: Start, score: Score = EDAP_MAX) -> Archive:
    """pymoo's genetic algorithm with its own operators on one score, from the first designs."""
    return _run(start, lambda x: GA(pop_size=POPULATION, sampling=x, **_integer()), score=score)


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
"""Every method of the comparison by the name people know it by. SMS-EMOA is not among them: with
nine objectives its exact hypervolumes take more than ten minutes per run."""

PHASED = frozenset({"ours", "paper's GA"})
"""Methods that plan ahead for their budget."""
