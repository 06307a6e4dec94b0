"""The criteria-guided memetic NSGA-II one generation at a time: `ask` for designs, `tell` metrics.

It is memetic: most offspring come from local search, near the criteria's incumbents, near front
members and, in a large space, near per-value elites (`FeasibleMating`). Rank and crowding choose
the survivors (`survivors`). Both parts are arguments. Nothing depends on the budget but the end.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from imcmoo.arrays import Ints
from imcmoo.io.errors import InputError
from imcmoo.io.own_code import module_of
from imcmoo.io.stamp import Stamp
from imcmoo.model.metrics import Metrics
from imcmoo.problem.identity import stamp_of
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.record import checkpoint
from imcmoo.record.evaluations import Evaluations
from imcmoo.search.mating import FeasibleMating
from imcmoo.search.offspring import Refused
from imcmoo.search.sampling import draw_diverse
from imcmoo.search.survival import Survival, survivors
from imcmoo.space.design_space import Levels
from imcmoo.version import __version__

BUDGET = 3300
"""Unique designs that the paper evaluates."""

N_INITIAL = 300
"""Diverse feasible designs that a search begins with."""

POPULATION = 70
"""Designs that survive a generation: that of the paper."""


@dataclass(frozen=True)
class TraceRow:
    """State of a search after a generation.

    Args:
        generation: 0 for the initial designs.
        evaluations: unique designs evaluated so far.
        best: smallest score of a feasible design by the first criterion that guides the search, or
            by the first objective if none does; infinite without a feasible design.
        front: number of non-dominated feasible designs found so far.
    """

    generation: int
    evaluations: int
    best: float
    front: int


class Search:
    """A search that leaves the evaluation of designs to you.

    Create a search, then alternate `ask` and `tell` until `ask` returns no design::

        search = Search(problem, budget=1500, rng=np.random.default_rng(1))
        while len(levels := search.ask()):
            search.tell(problem.model.evaluate(levels))
        best = search.archive.levels[search.archive.front]

    This loop evaluates the same designs as `run_search`, bit for bit.

    Args:
        problem: the design problem. Its model is only used to check feasibility. Every proposed
            design is feasible and was never evaluated before.
        budget: number of unique designs, at least 1. A larger budget evaluates the same designs
            first.
        rng: source of all random choices; its state advances.
        initial: feasible, distinct initial designs, shape (n, n_parameters); surplus ones are not
            used. If None, they are drawn at random.
        n_initial: largest number of initial designs, at least 1. By default 300.
        population_size: designs that survive a generation, at least 2. By default 70, as in the
            paper.
        mating: makes the offspring; `FeasibleMating()` by default.
        survival: a function that selects the next population; `survivors` by default.

    Attributes:
        archive: all evaluated designs with their metrics, in order.
        refused: designs that failed a check; they are not evaluated.
        population: indices of the survivors in the archive, in their order, shape (n,).
        trace: one row per evaluated generation.

    Raises:
        ValueError: the budget, a number of designs or the population is too small.
    """

    def __init__(
        self,
        problem: AcceleratorProblem,
        *,
        budget: int = BUDGET,
        rng: np.random.Generator,
        initial: Levels | None = None,
        n_initial: int = N_INITIAL,
        population_size: int = POPULATION,
        mating: FeasibleMating | None = None,
        survival: Survival = survivors,
    ) -> None:
        if budget < 1:
            raise ValueError(f"budget must be at least 1, got {budget}")
        if n_initial < 1 or population_size < 2:
            raise ValueError(
                f"n_initial must be at least 1 and population_size at least 2, got {n_initial} and "
                f"{population_size}"
            )
        self.problem = problem
        self.budget, self.n_initial, self.population_size = budget, n_initial, population_size
        self.refused = Refused(problem.space)
        self.mating, self.survival = mating or FeasibleMating(), survival
        self.archive = Evaluations(problem)
        self.population: Ints = np.arange(0)
        self.trace: list[TraceRow] = []
        self._initial = initial
        self._asked: Levels | None = None
        self._rng = rng
        self._stamp = self._stamp_before()
        self._held: tuple[Levels, Metrics] | None = None
        self._remember_state()

    def ask(self) -> Levels:
        """Return the designs of the next generation; the same designs until `tell`.

        Returns:
            New designs, shape (n, n_parameters). Empty if the budget is spent or no new design is
            left.

        Raises:
            NoFeasibleDesign: the space has no feasible design.
            InputError: the file that was loaded has other designs in its last generation.
        """
        if self._asked is None:
            self._asked = self._propose()
            self._check_held(self._asked)
            if self._held and len(self._asked) == len(self._held[0]):
                self._complete(*self._held)
                self._asked = self._propose()
        return self._asked[len(self._held[0]) :] if self._held else self._asked

    def tell(self, metrics: Metrics) -> TraceRow:
        """Report the metrics of the designs of the last `ask`.

        Args:
            metrics: metrics of these designs, in order, for the networks of the problem, with all
                resources that the model names.

        Returns:
            State of the search.

        Raises:
            ValueError: `ask` was not called, or the metrics do not fit the designs or are not
                finite; the state is unchanged.
        """
        levels = self._asked
        if levels is None or not len(levels):
            raise ValueError("no design is asked for: call ask first")
        if self._held:
            metrics = Metrics.joined([self._held[1], metrics])
        self._complete(levels, metrics)
        return self.trace[-1]

    def save(self, path: Path) -> None:
        """Write the state of the search to a file; a kill leaves the file before or this one."""
        checkpoint.save(self.archive, path, stamp=self._stamp, state=self._state)

    def load(self, path: Path) -> Evaluations:
        """Restore the state that `save` wrote; the search continues as if uninterrupted.

        Designs that were requested but not evaluated are requested again. The budget may be larger
        than that of the stored search: the archive will be that of a search with this budget.

        Returns:
            All stored designs, also those of a generation that a smaller budget cut.

        Raises:
            ValueError: `ask` was called before.
            InputError: the file is not of such a search; says what differs.
        """
        if self._asked is not None or self.trace:
            raise ValueError("a search that has begun cannot go on from a file")
        stored, state = checkpoint.load(path, self.problem, stamp=self._stamp)
        if len(stored) > self.budget:
            too_many = f"{len(stored)} designs, more than the budget of {self.budget}"
            raise checkpoint.other_search(path, too_many)
        try:
            self._rng.bit_generator.state = state.random
        except (ValueError, TypeError, KeyError, OverflowError):
            raise checkpoint.damaged(path) from None
        self.refused.append(state.refused, state.violation)
        n_generations = stored.generation.max(initial=-1) + 1
        is_cut = state.budget <= len(stored) < self.budget
        for generation in range(n_generations):
            rows = stored.generation == generation
            one = stored.levels[rows], stored.metrics.take(rows)
            if is_cut and generation == n_generations - 1:
                self._held = one
            else:
                self._record(*one)
        self._remember_state()
        return stored

    def _check_held(self, asked: Levels) -> None:
        """Refuse a loaded generation that does not begin the one that is asked for."""
        held = self._held
        if held is not None and not np.array_equal(asked[: len(held[0])], held[0]):
            raise InputError("the checkpoint is of other initial designs: begin without it")

    def _complete(self, levels: Levels, metrics: Metrics) -> None:
        """Record the generation that was asked for."""
        self._record(levels, metrics)
        self._asked = self._held = None
        if len(self.archive) < self.budget:
            # A budget may cut a generation: a larger one needs the state before it.
            self._remember_state()

    def _remember_state(self) -> None:
        """Remember the state that the next generation is drawn from."""
        random, refused = dict(self._rng.bit_generator.state), self.refused
        self._state = checkpoint.SearchState(random, self.budget, refused.levels, refused.violation)

    def _record(self, levels: Levels, metrics: Metrics) -> None:
        """Add an evaluated generation, select its survivors, and add a row to the trace."""
        self.archive.append(levels, metrics, generation=len(self.trace))
        self._select(len(levels))
        self.trace.append(self._row())

    def _propose(self) -> Levels:
        """Designs of the next generation, shape (n, n_parameters)."""
        spent, problem = len(self.archive), self.problem
        if spent >= self.budget:
            return self.archive.levels[:0]
        if spent:
            levels = self.mating.offspring(
                problem,
                self.archive,
                self.refused,
                self.population,
                rng=self._rng,
            )
        elif self._initial is not None:
            levels = self._initial[: self.n_initial]
        else:
            levels = draw_diverse(problem, self.n_initial, self._rng)
        return levels[: self.budget - spent]

    def _select(self, n_new: int) -> None:
        """Select survivors of the population and the last `n_new` designs of the archive."""
        n = len(self.archive)
        candidates = np.concatenate([self.population, np.arange(n - n_new, n)])
        F, G = self.archive.F[candidates], self.archive.G[candidates]
        self.population = candidates[self.survival(self.problem, F, G, self.population_size)]

    def _row(self) -> TraceRow:
        """State of the search after its last generation."""
        archive = self.archive
        front, guides = archive.F[archive.front], self.problem.guides
        costs = self.problem.costs(front)  # the first that guides is no regret
        scores = guides[0].scores(costs, None) if guides and len(front) else front[:, 0]
        return TraceRow(
            generation=len(self.trace),
            evaluations=len(archive),
            best=float(scores.min(initial=np.inf)),
            front=len(front),
        )

    def _stamp_before(self) -> Stamp:
        """Stamp of a search that has not begun; its settings are named, so that a difference is
        clear."""
        problem, mating, survival = self.problem, self.mating, self.survival
        parts = type(mating), mating.surrogate, mating.search_front, survival
        chosen = [module_of(part) for part in parts]
        settings = {
            "workloads": problem.workload_names,
            "objectives": problem.objective_names,
            "area limit in m²": problem.area_limit_m2,
            "guides": [criterion.name for criterion in problem.guides],
            "weights": problem.weights.tolist(),
            "initial designs": self.n_initial,
            "population": self.population_size,
            "checks": problem.feasibility.is_checked,
            "mating": {"class": type(mating).__qualname__}
            | {field.name: _named(getattr(mating, field.name)) for field in fields(mating)},
            "survival": _named(survival),
            "seed": self._rng.bit_generator.state,
        }
        version = {"imcmoo": __version__}
        return stamp_of(problem, versions=version, modules=chosen, settings=settings)


def _named(part: Any) -> str:
    """Name of a part, or its value: not its address, which differs between processes."""
    if isinstance(part, partial):
        return f"{_named(part.func)} with {part.args}, {sorted(part.keywords.items())}"
    return str(getattr(part, "__qualname__", repr(part)))
