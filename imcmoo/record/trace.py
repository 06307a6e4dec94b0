"""Progress of a search by generation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from imcmoo.record.evaluations import Evaluations


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


class Searched(Protocol):
    """A finished search: all evaluated designs, and one row for each generation."""

    archive: Evaluations
    trace: list[TraceRow]


def trace_row(archive: Evaluations, generation: int) -> TraceRow:
    """State of a search whose last generation is in the archive."""
    problem, front = archive.problem, archive.F[archive.front]
    guides, costs = problem.guides, problem.costs(front)  # the first that guides is no regret
    scores = guides[0].scores(costs, None) if guides and len(front) else front[:, 0]
    return TraceRow(generation, len(archive), float(scores.min(initial=float("inf"))), len(front))
