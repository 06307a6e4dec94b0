"""The criteria-guided memetic NSGA-II: proposals by `FeasibleMating`, and survival."""

from __future__ import annotations

import numpy as np

from imcmoo.arrays import Ints
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.record.evaluations import Evaluations
from imcmoo.search.mating import FeasibleMating
from imcmoo.search.sampling import draw_diverse
from imcmoo.search.schedule import Phase, Schedule
from imcmoo.search.survival import Survival, survivors
from imcmoo.space.design_space import Levels


class MemeticNSGA2:
    """NSGA-II with local search, guided by the criteria that select a design. Used by `Search`.

    It is memetic: most offspring come from local search, near the criteria's incumbents, near front
    members and, in a large space, near per-value elites (`FeasibleMating`). Rank and crowding
    choose the survivors (`survivors`). Both parts are arguments.

    Every design it proposes is feasible and was never evaluated before.

    Args:
        problem: the design problem.
        archive: evaluated designs; the caller appends to it.
        schedule: phases and sizes.
        budget: unique evaluations in all.
        initial: designs to begin with; None to draw them.
        mating: makes the offspring; `FeasibleMating()` by default.
        survival: selects the next population; `survivors` by default.

    Attributes:
        population: indices of the survivors in the archive, in their order, shape (n,).
    """

    def __init__(
        self,
        problem: AcceleratorProblem,
        archive: Evaluations,
        *,
        schedule: Schedule,
        budget: int,
        initial: Levels | None,
        mating: FeasibleMating | None = None,
        survival: Survival = survivors,
    ) -> None:
        self.problem, self.archive = problem, archive
        self.schedule, self.budget = schedule, budget
        self.population: Ints = np.arange(0)
        self.mating, self.survival = mating or FeasibleMating(), survival
        self._initial = initial

    def propose(self, rng: np.random.Generator) -> Levels:
        """Return the designs of the next generation, shape (n, n_parameters).

        Empty if the budget is spent or no new design is found.

        Raises:
            NoFeasibleDesign: the space has no feasible design.
        """
        spent = len(self.archive)
        if not spent:
            n_initial = self.schedule.initial_of(self.budget)
            initial = self._initial
            return draw_diverse(self.problem, n_initial, rng) if initial is None else initial
        if spent >= self.budget:
            return self.archive.levels[:0]
        phase, problem = self.phase_at(spent), self.problem
        n = min(self.mating.most_offspring(problem.space, phase), self.budget - spent)
        return self.mating.offspring(
            problem, self.archive, self.population, n, phase=phase, rng=rng
        )

    def phase_at(self, spent: int) -> Phase:
        """Phase of the generation after `spent` evaluations."""
        return self.schedule.phase_at(spent, self.budget)

    def select(self, n_new: int) -> None:
        """Select survivors of the population and the last `n_new` designs of the archive."""
        n = len(self.archive)
        candidates = np.concatenate([self.population, np.arange(n - n_new, n)])
        F, G = self.archive.F[candidates], self.archive.G[candidates]
        self.population = candidates[self.survival(self.problem, F, G, self.schedule.population)]
