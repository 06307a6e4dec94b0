"""A complete search, from the first to the last design."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from imcmoo.problem.identity import other_numbers
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.record.checkpoint import other_search
from imcmoo.record.evaluations import Evaluations
from imcmoo.search.ask_tell import BUDGET, N_INITIAL, POPULATION, Search, TraceRow
from imcmoo.search.mating import FeasibleMating
from imcmoo.search.survival import Survival, survivors
from imcmoo.space.design_space import Levels

PROOF = 8
"""Number of designs of a checkpoint that are evaluated again, to detect a changed cost model."""

RTOL, ATOL = 1e-5, 1e-8
"""Differences of their objectives and constraints that are allowed: a user's model may compute in
single precision."""


@dataclass(frozen=True)
class SearchResult:
    """All evaluated designs, in order, and one trace row per generation."""

    archive: Evaluations
    trace: list[TraceRow]


def run_search(
    problem: AcceleratorProblem,
    *,
    budget: int = BUDGET,
    rng: np.random.Generator,
    initial: Levels | None = None,
    n_initial: int = N_INITIAL,
    population_size: int = POPULATION,
    mating: FeasibleMating | None = None,
    survival: Survival = survivors,
    checkpoint: Path | None = None,
    save_every_s: float = 0.5,
    callback: Callable[[TraceRow], None] | None = None,
) -> SearchResult:
    """Search until `budget` unique designs are evaluated or no feasible design is left.

    Equal problem, budget and state of `rng` give equal results, bit for bit; a larger budget
    evaluates the same designs first. Use `Search` to evaluate the designs yourself.

    Args:
        problem: what to search; only feasible designs of it are evaluated.
        budget: unique designs, at least 1.
        rng: the only source of chance; it is advanced.
        initial: feasible designs to begin with, all different, shape (n, n_parameters), so that
            searches can be compared from equal starts. Drawn by default.
        n_initial: largest number of initial designs, at least 1. By default 300.
        population_size: designs that survive a generation, at least 2. By default 70.
        mating: makes the offspring; `FeasibleMating()` by default. Its arguments set shares of the
            sources of offspring, the reach of local search and its surrogate.
        survival: a function that selects the next population; `survivors` by default.
        checkpoint: file that holds the state after a generation. If it exists, the search goes on
            from it and ends as if it had never been stopped, also with a larger budget than
            before. None, the default, stores nothing.
        save_every_s: shortest time between two checkpoints but the last, in seconds: a kill costs
            that much work, and the generation that is being evaluated. By default 0.5.
        callback: hears of every generation as it ends, not of those before a checkpoint.

    Raises:
        ValueError: the budget is below 1, or the space has no feasible design.
        InputError: the checkpoint is damaged, or of another search or cost model.
    """
    search = Search(
        problem,
        budget=budget,
        rng=rng,
        initial=initial,
        n_initial=n_initial,
        population_size=population_size,
        mating=mating,
        survival=survival,
    )
    if checkpoint is not None and checkpoint.exists():
        stored = search.load(checkpoint)
        if differs := _other_numbers(problem, stored):
            raise other_search(checkpoint, differs)
    saved_at, n_saved = -math.inf, len(search.trace)
    while len(levels := search.ask()):
        row = search.tell(problem.model.evaluate(levels))
        if checkpoint is not None and time.monotonic() >= saved_at + save_every_s:
            search.save(checkpoint)
            saved_at, n_saved = time.monotonic(), len(search.trace)
        if callback is not None:
            callback(row)
    if checkpoint is not None and n_saved < len(search.trace):
        search.save(checkpoint)
    return SearchResult(search.archive, search.trace)


def _other_numbers(problem: AcceleratorProblem, archive: Evaluations) -> str:
    """Name the first number that the cost model gives differently for designs of an archive."""
    if not len(archive):
        return ""
    rows = np.linspace(0, len(archive) - 1, min(PROOF, len(archive))).astype(int)
    levels = archive.levels[rows]
    F, G = problem.score(levels, problem.model.evaluate(levels))
    for names, stored, current, atol in (
        (problem.objective_names, archive.F[rows], F, 0.0),
        (problem.constraint_names, archive.G[rows], G, ATOL),
    ):
        by_name = (dict(zip(names, matrix.T, strict=True)) for matrix in (stored, current))
        if differs := other_numbers(*by_name, rtol=RTOL, atol=atol):
            return differs
    return ""
