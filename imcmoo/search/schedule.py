"""Schedule of a search: initial designs, then phases of generations."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate


@dataclass(frozen=True)
class Phase:
    """Generations with equal parameters of variation.

    Args:
        name: as the trace shows it.
        generations: how many.
        offspring: unique designs evaluated per generation; fewer, in more generations, in a large
            space (see `FeasibleMating.large_space_offspring`).
        crossover_probability: that a pair of parents recombines.
        mutation_probability: that a child is mutated.
        eta: distribution index of crossover and mutation: larger makes smaller steps.
        local_search: share of the offspring that are neighbours of incumbents and of front members;
            less in a large space (see `FeasibleMating.large_space_local_search`), where neighbours
            of front members also fill the rest of the generation.
        value_elites: share of the offspring that are children of per-value elites, in a large space
            only (see `FeasibleMating.large_space`).

    Raises:
        ValueError: a count is below 1, a probability or share outside 0..1, or an index negative.
    """

    name: str
    generations: int
    offspring: int
    crossover_probability: float
    mutation_probability: float
    eta: float
    local_search: float = 0.0
    value_elites: float = 0.85

    def __post_init__(self) -> None:
        if self.generations < 1 or self.offspring < 1:
            raise ValueError(f"phase {self.name}: needs a generation and an offspring at least")
        probabilities = self.crossover_probability, self.mutation_probability
        shares = *probabilities, self.local_search, self.value_elites
        if not all(0 <= share <= 1 for share in shares) or self.eta < 0:
            raise ValueError(
                f"phase {self.name}: probabilities lie in 0..1 and eta is not negative"
            )


@dataclass(frozen=True)
class Schedule:
    """Schedule of a search; pass one to `run_search` or `Search` instead of `PAPER`.

    Args:
        initial: diverse feasible initial designs.
        population: designs that survive a generation.
        phases: phases in order.

    Raises:
        ValueError: there is no initial design or phase, or the population is below 2.
    """

    initial: int
    population: int
    phases: tuple[Phase, ...]

    def __post_init__(self) -> None:
        if self.initial < 1 or self.population < 2 or not self.phases:
            raise ValueError("a schedule needs an initial design, a population of 2 and a phase")

    @property
    def budget(self) -> int:
        """Unique evaluations of the unscaled schedule."""
        return self.initial + sum(p.generations * p.offspring for p in self.phases)

    def initial_of(self, budget: int) -> int:
        """Number of initial designs at another budget, in proportion.

        At least a population, if the budget allows; at most `initial`, since generations use a
        large budget better.
        """
        share = self.initial * budget // self.budget
        return min(budget, self.initial, max(self.population, share))

    def phase_at(self, evaluations: int, budget: int) -> Phase:
        """Phase after a number of evaluations; each phase keeps its share of the budget."""
        costs = [p.generations * p.offspring for p in self.phases]
        initial = self.initial_of(budget)
        spent = (evaluations - initial) * sum(costs)
        for phase, end in zip(self.phases, accumulate(costs), strict=True):
            if spent < end * (budget - initial):
                return phase
        return self.phases[-1]


PAPER = Schedule(
    initial=500,
    population=70,
    phases=(
        Phase("explore", 7, 100, 1.0, 0.5, eta=3, local_search=0.85, value_elites=0.85),
        Phase("balance", 7, 100, 0.9, 0.2, eta=7, local_search=0.95, value_elites=0.85),
        Phase("converge", 7, 100, 1.0, 0.1, eta=15, local_search=0.95, value_elites=0.3),
        Phase("refine", 5, 140, 1.0, 0.05, eta=25, local_search=0.95, value_elites=0.3),
    ),
)
"""The paper's four phases of 700 designs after 500 initial designs: 3,300 evaluations.

Sizes, crossover probabilities and indices are those of its published notebooks (github.com/
OlgaKrestinskaya/JointHardwareWorkloadOptimizationIMC, HWC_01_mainTest), but its phases have ten
generations of 70 designs; fewer and larger ones save time. Its mutation probabilities are 1, 0.5,
0.2 and 0.05: rounding undoes about half of its mutations and none of ours. Local search is ours.
"""
