"""The search and its parts for pymoo: an algorithm, and operators for other algorithms.

    problem = imcmoo.Study.load("four_workload_sram").problem()
    result = minimize(problem, CriteriaGuidedNSGA2(), ("n_eval", 3300), seed=1)

The operators take design problems, problems of the benchmark suite, and any problem of pymoo with
integer variables and bounds::

    parts = {"sampling": FeasibleSampling(), "repair": FeasibleRepair()}
    parts |= {"crossover": StepCrossover(), "mutation": StepMutation()}
    result = minimize(problem, NSGA2(pop_size=100, **parts), ("n_eval", 3300), seed=1)
"""

from __future__ import annotations

import numpy as np
from pymoo.core.algorithm import Algorithm
from pymoo.core.crossover import Crossover
from pymoo.core.mutation import Mutation
from pymoo.core.population import Population
from pymoo.core.problem import Problem
from pymoo.core.repair import Repair
from pymoo.core.sampling import Sampling
from pymoo.util.display.multi import MultiObjectiveOutput

from imcmoo.arrays import Values
from imcmoo.problem.integer_problem import IntegerProblem, searchable
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.solutions import indices
from imcmoo.search import operators
from imcmoo.search.algorithm import N_INITIAL, POPULATION, Search, Settings
from imcmoo.search.mating import ETA, FeasibleMating
from imcmoo.search.repair import repair
from imcmoo.search.sampling import draw_initial
from imcmoo.search.survival import Survival, survivors
from imcmoo.space.design_space import Levels

Rng = np.random.Generator

ENDLESS = 10**12
"""Budget of a search whose termination counts something else than evaluations."""


class CriteriaGuidedNSGA2(Algorithm):  # type: ignore[misc]  # pymoo ships no types
    """The criteria-guided memetic NSGA-II as an algorithm of pymoo.

    With the termination ("n_eval", N) it evaluates the same designs as `run_search` with the budget
    N and `rng=numpy.random.default_rng(seed)`. It ends earlier if no new design is left.

    Args:
        n_initial, pop_size, mating, survival: see `Search`, whose `population_size` is `pop_size`.
        output, settings: see `pymoo.core.algorithm.Algorithm`.

    Attributes:
        search: the `Search`, with its archive and trace.
        opt: the front of all evaluated designs; the least infeasible one if none is feasible.
        pop: the survivors of the last complete generation, or, if there is none, all designs.
    """

    def __init__(
        self,
        *,
        n_initial: int = N_INITIAL,
        pop_size: int = POPULATION,
        mating: FeasibleMating | None = None,
        survival: Survival = survivors,
        output: object = None,
        **settings: object,
    ) -> None:
        super().__init__(output=output or MultiObjectiveOutput(), **settings)
        self.parts = Settings(
            n_initial=n_initial, population_size=pop_size, mating=mating, survival=survival
        )

    def _setup(self, problem: Problem, **_: object) -> None:
        budget = getattr(self.termination, "n_max_evals", None) or ENDLESS
        rng = np.random.default_rng(self.seed)
        self.parts["budget"] = int(min(budget, ENDLESS))
        self.search = Search(problem, rng=rng, **self.parts)
        self._evaluated = Population.empty()

    def _initialize_infill(self) -> Population:
        return self._infill()

    def _initialize_advance(self, infills: Population | None = None, **_: object) -> None:
        self._advance(infills)

    def _infill(self) -> Population | None:
        levels = self.search.ask()
        if not len(levels):
            self.termination.force_termination = True
            return None
        return Population.new(X=_solutions(self.search.problem, levels))

    def _advance(self, infills: Population | None = None, **_: object) -> None:
        if infills is None:
            return
        self.search.tell(infills.get("F"), infills.get("G"))
        self._evaluated = Population.merge(self._evaluated, infills)
        population = self.search.population
        self.pop = self._evaluated[population] if len(population) else infills

    def _set_optimum(self) -> None:
        archive = self.search.archive
        best = archive.front if len(archive.front) else [archive.violation.argmin()]
        self.opt = self._evaluated[best]


class FeasibleSampling(Sampling):  # type: ignore[misc]
    """Feasible designs, drawn at random; see `draw_feasible`."""

    def _do(self, problem: Problem, n_samples: int, *, random_state: Rng, **_: object) -> Values:
        own = searchable(problem)
        return _solutions(own, draw_initial(own, n_samples, random_state))


class FeasibleRepair(Repair):  # type: ignore[misc]
    """Walks designs to ones that pass the screen of the cost model, if it has one; see `repair`."""

    def _do(self, problem: Problem, X: Values, *, random_state: Rng, **_: object) -> Values:
        own = searchable(problem)
        return _solutions(own, repair(own, _levels(own, X), random_state)[0])


class StepCrossover(Crossover):  # type: ignore[misc]
    """Exchanges parameters, and blends ordered ones by steps of few value indices.

    Args:
        prob: probability that a pair recombines.
        eta: distribution index; larger values keep children nearer to their parents.
    """

    def __init__(self, prob: float = 1.0, eta: float = ETA) -> None:
        super().__init__(2, 2, prob=prob)
        self.eta = eta

    def _do(self, problem: Problem, X: Values, *, random_state: Rng, **_: object) -> Values:
        own = searchable(problem)
        parents = np.stack([_levels(own, side) for side in X])
        children = operators.crossover(
            own.space, parents, random_state, probability=1.0, eta=self.eta
        )
        return np.stack([_solutions(own, side) for side in children])


class StepMutation(Mutation):  # type: ignore[misc]
    """Changes about two parameters of a design, ordered ones by few value indices.

    Args:
        prob: probability that a design is mutated.
        eta: distribution index; larger values make smaller steps.
    """

    def __init__(self, prob: float = 0.5, eta: float = ETA) -> None:
        super().__init__(prob=prob)
        self.eta = eta

    def _do(self, problem: Problem, X: Values, *, random_state: Rng, **_: object) -> Values:
        own = searchable(problem)
        levels = _levels(own, X)
        changed = operators.mutate(own.space, levels, random_state, probability=1.0, eta=self.eta)
        return _solutions(own, changed)


def _solutions(problem: AcceleratorProblem, levels: Levels) -> Values:
    """Solutions of pymoo with these value indices."""
    return problem.solutions(levels) if isinstance(problem, IntegerProblem) else levels


def _levels(problem: AcceleratorProblem, X: Values) -> Levels:
    """Value indices of solutions of pymoo; of other problems, solutions less the lower bounds."""
    lowest = problem.posed.xl if isinstance(problem, IntegerProblem) else 0
    return indices(problem.space, X - (0 if lowest is None else lowest))
