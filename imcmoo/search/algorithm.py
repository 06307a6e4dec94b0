"""A complete search, from the first to the last design."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from imcmoo.io.errors import InputError
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.record.evaluations import Evaluations
from imcmoo.search.ask_tell import Search, TraceRow
from imcmoo.search.schedule import PAPER, Schedule
from imcmoo.space.design_space import Levels

SAVE_EVERY_S = 0.5
"""Shortest time between checkpoints, s, except the last."""

PROOF = 8
"""Number of designs of a checkpoint that are evaluated again, to detect a changed cost model."""


@dataclass(frozen=True)
class SearchResult:
    """All evaluated designs, in order, and one trace row per generation."""

    archive: Evaluations
    trace: list[TraceRow]


def run_search(
    problem: AcceleratorProblem,
    *,
    budget: int = PAPER.budget,
    rng: np.random.Generator,
    schedule: Schedule = PAPER,
    initial: Levels | None = None,
    checkpoint: Path | None = None,
    callback: Callable[[TraceRow], None] | None = None,
) -> SearchResult:
    """Search until `budget` unique designs are evaluated or no feasible design is left.

    Equal problem, budget, schedule and state of `rng` give equal results, bit for bit. Use `Search`
    to evaluate the designs yourself.

    Args:
        problem: the design problem; only feasible designs are evaluated.
        budget: number of unique designs, at least 1. A small budget is mostly spent on initial
            designs.
        rng: source of all random choices; its state advances.
        schedule: phases of the search, scaled in proportion to the budget.
        initial: feasible, distinct initial designs, shape (n, n_parameters); surplus ones are not
            used. Pass the same ones to compare searches. If None, they are drawn at random.
        checkpoint: file for the state of the search. If it exists, the search continues from it as
            if uninterrupted. If None, no state is saved.
        callback: called after each generation; not for generations before a checkpoint.

    Raises:
        ValueError: the budget is below 1, or the space has no feasible design.
        InputError: the checkpoint is damaged, or of another search or cost model.
    """
    search = Search(problem, budget=budget, rng=rng, schedule=schedule, initial=initial)
    if checkpoint is not None and checkpoint.exists():
        search.load(checkpoint)
        _check_model(problem, search.archive)
    saved_at, n_saved = -math.inf, len(search.trace)
    while len(levels := search.ask()):
        row = search.tell(problem.model.evaluate(levels))
        if checkpoint is not None and time.monotonic() >= saved_at + SAVE_EVERY_S:
            search.save(checkpoint)
            saved_at, n_saved = time.monotonic(), len(search.trace)
        if callback is not None:
            callback(row)
    if checkpoint is not None and n_saved < len(search.trace):
        search.save(checkpoint)
    return SearchResult(search.archive, search.trace)


def _check_model(problem: AcceleratorProblem, archive: Evaluations) -> None:
    """Check that the cost model gives the metrics of the archive."""
    rows = np.linspace(0, len(archive) - 1, min(PROOF, len(archive))).astype(int)
    levels = archive.levels[rows]
    F, G = problem.score(levels, problem.model.evaluate(levels))
    if not (np.allclose(F, archive.F[rows], atol=0) and np.allclose(G, archive.G[rows])):
        raise InputError("the checkpoint was made with another cost model: its figures differ")
