"""The criteria-guided memetic NSGA-II: a complete search, or one generation at a time.

It is memetic: most offspring come from local search, near the criteria's incumbents, near front
members and, in a large space, near per-value elites (`FeasibleMating`). Rank and crowding choose
the survivors (`survivors`). Both parts are arguments. The budget only decides when a search ends.
"""

from __future__ import annotations

import math
import time
import zlib
from collections.abc import Callable
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import TypedDict, Unpack

import numpy as np
from pymoo.core.problem import Problem

from imcmoo.arrays import Floats, Ints
from imcmoo.io.own_code import module_of
from imcmoo.io.stamp import Stamp
from imcmoo.model.metrics import Metrics
from imcmoo.problem.identity import problem_stamp
from imcmoo.problem.integer_problem import searchable
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.record import checkpoint
from imcmoo.record.checkpoint import check_numbers
from imcmoo.record.evaluations import Evaluations
from imcmoo.record.trace import TraceRow, trace_row
from imcmoo.search.mating import FeasibleMating
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
            design is feasible, unless the study counts checks, and was never evaluated before. Or
            any problem of pymoo that `IntegerProblem` accepts; `search.problem.solutions(levels)`
            are then its solutions.
        budget: unique designs, at least 1. A larger budget evaluates the same designs first.
        rng: source of all random choices; its state advances.
        initial: feasible, distinct initial designs, shape (n, n_parameters); surplus ones are not
            used. If None, they are drawn at random.
        n_initial: largest number of initial designs, at least 1. By default 300.
        population_size: designs that survive a generation, at least 2. By default 70.
        mating: makes the offspring; `FeasibleMating()` by default.
        survival: a function that selects the next population; `survivors` by default.

    Attributes:
        archive: all evaluated designs with their metrics, in order.
        refused: violation of designs that failed a check, octaves, by rank; they are not evaluated.
        population: indices in the archive of the survivors of the last complete generation, in
            their order, shape (n,).
        trace: one row per evaluated generation.

    Raises:
        ValueError: the budget, a number of designs or the population is too small, or the problem
            of pymoo has continuous variables or equality constraints.
    """

    def __init__(
        self,
        problem: AcceleratorProblem | Problem,
        *,
        budget: int = BUDGET,
        rng: np.random.Generator,
        initial: Levels | None = None,
        n_initial: int = N_INITIAL,
        population_size: int = POPULATION,
        mating: FeasibleMating | None = None,
        survival: Survival = survivors,
    ) -> None:
        self.problem = searchable(problem)
        self.budget, self.n_initial, self.population_size = budget, n_initial, population_size
        for name, least in (("budget", 1), ("n_initial", 1), ("population_size", 2)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, got {getattr(self, name)}")
        self.refused: dict[int, float] = {}
        self.mating, self.survival = mating or FeasibleMating(), survival
        self.archive, self.trace = Evaluations(self.problem), list[TraceRow]()
        self.population: Ints = np.arange(0)
        if initial is not None:
            self.problem.space.validate(initial)
            initial = initial.astype(np.int64)
        self._initial, self._rng = initial, rng
        self._stamp = self._stamp_before()
        self._asked = self.archive.levels  # of the generation in progress, evaluated or not

    def ask(self) -> Levels:
        """Return the designs of the next generation; the same designs until `tell`.

        Returns:
            New designs, shape (n, n_parameters). Empty if the budget is spent or no new design is
            left.

        Raises:
            NoFeasibleDesign: the space has no feasible design.
        """
        n_left = self.budget - len(self.archive)
        is_exhausted = len(self.archive) and not len(self._asked)
        if n_left and not len(self._missing()) and not is_exhausted:
            self._asked = self._propose()
        return self._missing()[:n_left]

    def tell(self, result: Metrics | Floats, G: Floats | None = None) -> TraceRow:
        """Report the designs of the last `ask`, in order: `tell(metrics)` or `tell(F, G)`.

        Args:
            result: metrics for the networks of the problem, with all resources that the model
                names; or objectives F, shape (n, n_objectives).
            G: constraints, violated where positive, shape (n, n_constraints), if `result` is F.
                Leave it out if there are none.

        Returns:
            State of the search.

        Raises:
            ValueError: `ask` was not called, or the numbers do not fit the designs or are not
                finite; the state is unchanged.
        """
        missing, n_left = self._missing(), self.budget - len(self.archive)
        levels = missing[:n_left]
        if not len(levels):
            raise ValueError("no design is asked for: call ask first")
        if not isinstance(result, np.ndarray):
            metrics = result  # checked by the archive
        elif len(result) == len(levels):
            metrics = self.problem.metrics_of(result, G)
        else:
            raise ValueError(f"F must have a row for each of {len(levels)} designs: {len(result)}")
        # A budget may have cut the generation, and a larger one completes it.
        generation = len(self.trace) - (len(missing) < len(self._asked))
        self.archive.append(levels, metrics, generation=generation)
        self._close(generation, is_complete=len(levels) == len(missing))
        return self.trace[-1]

    def save(self, path: Path) -> None:
        """Write the state of the search to a file; a kill leaves the former file or the new one."""
        random = dict(self._rng.bit_generator.state)
        state = checkpoint.SearchState(random, self._asked, self.refused)
        checkpoint.save(self.archive, path, stamp=self._stamp, state=state)

    def load(self, path: Path) -> None:
        """Restore the state that `save` wrote; the search continues as if uninterrupted.

        Designs that were requested but not evaluated are requested again. The budget may be larger
        than that of the stored search: the archive will be that of a search with this budget.

        Raises:
            ValueError: `ask` was called before.
            InputError: the file is not of such a search; says what differs.
        """
        if len(self._asked) or self.trace:
            raise ValueError("a search that has begun cannot go on from a file")
        stored, state = checkpoint.load(path, self.problem, stamp=self._stamp)
        if len(stored) > self.budget:
            too_many = f"{len(stored)} designs, more than the budget of {self.budget}"
            raise checkpoint.other_search(path, too_many)
        try:
            self._rng.bit_generator.state = state.random
        except (ValueError, TypeError, KeyError, OverflowError):
            raise checkpoint.damaged(path) from None
        self._asked, self.refused = state.asked, state.refused
        for generation in np.unique(stored.generation).tolist():
            rows = stored.generation == generation
            metrics = stored.metrics.take(rows)
            self.archive.append(stored.levels[rows], metrics, generation=generation)
            is_cut = 0 < len(self._missing()) < len(self._asked)
            self._close(generation, is_complete=not is_cut)

    def _missing(self) -> Levels:
        """Designs of the generation in progress that are not evaluated, in order."""
        ranks = self.problem.space.rank(self._asked).tolist()
        return self._asked[[rank not in self.archive.seen for rank in ranks]]

    def _propose(self) -> Levels:
        """Designs of the next generation, shape (n, n_parameters)."""
        problem, archive, rng = self.problem, self.archive, self._rng
        if len(archive):
            return self.mating.offspring(problem, archive, self.refused, self.population, rng=rng)
        if self._initial is not None:
            return self._initial[: self.n_initial]
        return draw_diverse(problem, self.n_initial, rng)

    def _close(self, generation: int, *, is_complete: bool) -> None:
        """Select the survivors of a complete generation, and write the row of the trace."""
        archive = self.archive
        if is_complete:
            new = np.flatnonzero(archive.generation == generation)
            rows = np.concatenate([self.population, new])
            F, G = archive.F[rows], archive.G[rows]
            self.population = rows[self.survival(self.problem, F, G, self.population_size)]
        self.trace[generation:] = [trace_row(archive, generation)]

    def _stamp_before(self) -> Stamp:
        """Stamp of a search that has not begun; names its settings, for clear differences."""
        problem, initial = self.problem, self._initial
        mating, survival = self.mating, self.survival
        modules = [module_of(part) for part in (type(mating), mating.surrogate, survival)]
        settings = {
            "workloads": problem.workload_names,
            "objectives": problem.objective_names,
            "area limit in m²": problem.area_limit_m2,
            "guides": [criterion.name for criterion in problem.guides],
            "weights": problem.weights.tolist(),
            "initial designs": self.n_initial,
            "designs to begin with": None if initial is None else zlib.crc32(initial.tobytes()),
            "population": self.population_size,
            "checks": problem.feasibility.is_checked,
            "mating": {"class": type(mating).__qualname__}
            | {field.name: _named(getattr(mating, field.name)) for field in fields(mating)},
            "survival": _named(survival),
            "seed": self._rng.bit_generator.state,
        }
        versions = {"imcmoo": __version__}
        return problem_stamp(problem, versions=versions, modules=modules, settings=settings)


def _named(part: object) -> str:
    """Name of a part, or its value: not its address, which differs between processes."""
    if isinstance(part, partial):
        return f"{_named(part.func)} with {part.args}, {sorted(part.keywords.items())}"
    return str(getattr(part, "__qualname__", repr(part)))


class Settings(TypedDict, total=False):
    """Arguments of `Search` beside the problem and the source of random choices."""

    budget: int
    initial: Levels | None
    n_initial: int
    population_size: int
    mating: FeasibleMating | None
    survival: Survival


def run_search(
    problem: AcceleratorProblem | Problem,
    *,
    rng: np.random.Generator,
    checkpoint: Path | None = None,
    save_every_s: float = 0.5,
    callback: Callable[[TraceRow], None] | None = None,
    **settings: Unpack[Settings],
) -> Search:
    """Search until the budget of unique designs is spent or no feasible design is left.

    Equal problem, settings and state of `rng` give equal results, bit for bit; a larger budget
    evaluates the same designs first. Use `Search` to evaluate the designs yourself.

    Args:
        problem: what to search; only feasible designs of it are evaluated.
        rng: the only source of chance; it is advanced.
        checkpoint: file that holds the state after a generation. If it exists, the search goes on
            from it and ends as if it had never been stopped, also with a larger budget than
            before. None, the default, stores nothing.
        save_every_s: shortest time between two checkpoints but the last, in seconds: a kill costs
            that much work, and the generation that is being evaluated. By default 0.5.
        callback: called with each generation as it ends, not with those of a checkpoint.
        settings: see `Search`.

    Returns:
        The finished search, with its `archive` and `trace`.

    Raises:
        ValueError: a setting is not allowed, or the space has no feasible design.
        InputError: the checkpoint is damaged, or of another search or cost model.
    """
    search = Search(problem, rng=rng, **settings)
    if checkpoint is not None and checkpoint.exists():
        search.load(checkpoint)
        check_numbers(checkpoint, search.archive)
    saved_at, n_saved = -math.inf, 0  # a checkpoint of unread bytes is replaced as well
    while len(levels := search.ask()):
        row = search.tell(search.problem.model.evaluate(levels))
        if checkpoint is not None and time.monotonic() >= saved_at + save_every_s:
            search.save(checkpoint)
            saved_at, n_saved = time.monotonic(), len(search.archive)
        if callback is not None:
            callback(row)
    if checkpoint is not None and n_saved < len(search.archive):
        search.save(checkpoint)
    return search
