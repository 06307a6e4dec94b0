"""The criteria-guided memetic NSGA-II as an algorithm of pymoo."""

from __future__ import annotations

from typing import Any

from pymoo.algorithms.base.genetic import GeneticAlgorithm
from pymoo.core.population import Population

from imcmoo.model.metrics import Ints
from imcmoo.search.archive import Archive
from imcmoo.search.elites import OFFSPRING
from imcmoo.search.mating import FeasibleMating
from imcmoo.search.sampling import DiverseFeasibleSampling
from imcmoo.search.schedule import Schedule
from imcmoo.search.survival import SpreadSurvival
from imcmoo.space.design_space import Levels


class MemeticNSGA2(GeneticAlgorithm):  # type: ignore[misc]  # pymoo ships no types
    """NSGA-II with local search, guided by the criteria that select a design.

    It is memetic: most offspring are neighbours of the criteria's incumbents and of front members
    (`FeasibleMating`); rank and crowding choose the survivors (`SpreadSurvival`).

    Every design it proposes is feasible and was never evaluated before. It ends when the budget
    is spent, or when no such design can be found.

    Args:
        schedule: phases and sizes.
        budget: unique evaluations in all.
        archive: what was evaluated; whoever evaluates keeps it up to date.
        initial: designs to begin with; None to draw them.
    """

    def __init__(
        self, *, schedule: Schedule, budget: int, archive: Archive, initial: Levels | None
    ) -> None:
        super().__init__(
            pop_size=schedule.population,
            sampling=DiverseFeasibleSampling() if initial is None else initial,
            survival=SpreadSurvival(),
            mating=FeasibleMating(phase=schedule.phases[0], archive=archive),
            eliminate_duplicates=False,  # sampling and mating see to it, over the whole run
        )
        self.schedule = schedule
        self.budget = budget

    def _initialize_infill(self) -> Population:
        n_samples = self.schedule.initial_of(self.budget)
        return self.initialization.do(self.problem, n_samples, random_state=self.random_state)

    def _initialize_advance(self, infills: Population | None = None, **kwargs: Any) -> None:
        # pymoo would keep all initial designs for a generation; the best are enough.
        self._advance(None)

    def _set_optimum(self, **kwargs: Any) -> None:
        """Leave the optimum to the archive, which has the front of all designs."""

    def _infill(self) -> Population | None:
        spent = self.evaluator.n_eval
        self.mating.phase = self.schedule.phase_at(spent, self.budget)
        offspring = self.mating.phase.offspring
        if self.mating.has_elites:
            offspring = min(offspring, OFFSPRING)
        self.n_offsprings = min(offspring, self.budget - spent)
        return super()._infill()

    def restore(self, population: Ints, *, generations: int) -> None:
        """Put a fresh algorithm where another stood, but for its random state.

        Args:
            population: indices of the survivors in the archive, in their order, shape (n,).
            generations: how many there were, the initial designs included.
        """
        archive: Archive = self.mating.archive
        self._initialize()
        self.pop = Population.new(
            X=archive.levels[population],
            F=archive.F[population],
            G=archive.G[population],
            index=population,
        )
        self.is_initialized = True
        self.n_iter = generations + 1
        self.evaluator.n_eval = len(archive)
        self.termination.update(self)
