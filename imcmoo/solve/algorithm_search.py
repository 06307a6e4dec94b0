"""Search by an algorithm of pymoo, recorded as the built-in search is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from pymoo.core.problem import Problem

from imcmoo.io.named import call_own
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.solutions import indices
from imcmoo.record.evaluations import Evaluations
from imcmoo.record.trace import TraceRow, trace_row

PROPOSALS = 20
"""Most designs that an algorithm may propose per unique design of its budget: one that proposes
little else than repetitions has converged."""


class RecordedProblem(Problem):  # type: ignore[misc]  # pymoo ships no types
    """A design problem for pymoo that records distinct designs, infeasible ones too, up to a
    budget."""

    def __init__(self, problem: AcceleratorProblem, budget: int) -> None:
        self.accelerator, self.vars, self.budget = problem, problem.vars, budget
        self.archive = Evaluations(problem)
        self.generation = self.proposed = 0
        super().__init__(
            n_var=problem.n_var,
            n_obj=problem.n_obj,
            n_ieq_constr=problem.n_ieq_constr,
            xl=problem.xl,
            xu=problem.xu,
            vtype=int,
        )

    @property
    def is_spent(self) -> bool:
        """True once the budget is used, or many times as many designs were proposed."""
        left = self.budget - len(self.archive)
        return not left or self.proposed >= PROPOSALS * self.budget

    def _evaluate(self, X: ArrayLike, out: dict[str, Any], *args: object, **kwargs: object) -> None:
        problem, archive = self.accelerator, self.archive
        levels = indices(problem.space, X)
        self.proposed += len(levels)
        metrics = problem.model.evaluate(levels)
        out["F"], out["G"] = problem.score(levels, metrics)
        ranks = problem.space.rank(levels)
        first = np.sort(np.unique(ranks, return_index=True)[1]).tolist()
        new = [at for at in first if ranks[at] not in archive.seen][: self.budget - len(archive)]
        archive.append(levels[new], metrics.take(np.array(new, int)), generation=self.generation)


@dataclass
class AlgorithmSearch:
    """A finished search: all evaluated designs, and one row for each generation with new ones."""

    archive: Evaluations
    trace: list[TraceRow] = field(default_factory=list)


def search_by(
    algorithm: Any,
    problem: AcceleratorProblem,
    *,
    budget: int,
    seed: int,
    callback: Callable[[TraceRow], None],
) -> AlgorithmSearch:
    """Search until the budget is spent or the algorithm ends or converges.

    Args:
        algorithm: an algorithm of pymoo that was not set up; it is used up.
        problem: what to search.
        budget: unique designs, infeasible ones included.
        seed: of the algorithm.
        callback: called with each generation that evaluates new designs.

    Raises:
        InputError: the algorithm raised an error, such as one for a single objective.
    """
    recorded = RecordedProblem(problem, budget)
    found = AlgorithmSearch(recorded.archive)
    endless = ("n_eval", PROPOSALS * budget)
    termination = algorithm.termination or endless
    call_own(partial(algorithm.setup, recorded, seed=seed, termination=termination))
    # Some of pymoo's parts break ties by the global generator instead of their own.
    np.random.seed(seed)  # noqa: NPY002
    while not recorded.is_spent and algorithm.has_next():
        proposed, n_before = recorded.proposed, len(recorded.archive)
        call_own(algorithm.next)
        if recorded.proposed == proposed:
            break  # it has nothing to offer any more
        if len(recorded.archive) > n_before:
            found.trace.append(trace_row(recorded.archive, recorded.generation))
            callback(found.trace[-1])
            recorded.generation += 1
    return found
