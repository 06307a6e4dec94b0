"""The searches of a study: for all its networks at once, and for each alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from imcmoo.model.cost_model import CostModel
from imcmoo.model.metrics import Floats
from imcmoo.problem.nearest import nearest, nearest_text
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.selection import Candidates
from imcmoo.search.algorithm import SearchResult, run_search
from imcmoo.search.ask_tell import TraceRow
from imcmoo.search.sampling import LimitsUnmet
from imcmoo.study.study import Study

JOINT = "joint"
"""Name of the search for all workloads at once; the others are named like their workload."""

AHEAD = 4
"""Chips it pays to map in advance, per design that will be evaluated: searches ask about many more
chips than they evaluate, and mapping them by the handful takes twice the time."""

OnTrace = Callable[[str, TraceRow], None]
"""Called after every generation with the name of the search and its state."""


@dataclass(frozen=True)
class Found:
    """Result of one search.

    Args:
        problem: what was searched.
        result: every design evaluated, and the trace.
    """

    problem: AcceleratorProblem
    result: SearchResult

    def candidates(self, known_best: Floats | None = None) -> Candidates:
        """The front it found.

        Raises:
            ValueError: nothing feasible was found.
        """
        archive = self.result.archive
        front = archive.front()
        return Candidates(self.problem, archive.levels[front], archive.F[front], known_best)


def names(study: Study) -> list[str]:
    """Names of the searches of a study, in the order it does them."""
    return [JOINT, *(study.names if study.baselines else ())]


def run_searches(
    study: Study, checkpoint: Callable[[str], Path], on_trace: OnTrace
) -> dict[str, Found]:
    """Do all searches of a study; goes on from the checkpoints there are.

    Args:
        checkpoint: where the search of a name keeps its state.
        on_trace: called after every generation.

    Raises:
        NoFeasibleDesign: nothing in the space satisfies the constraints.
        LimitsUnmet: no design that was evaluated keeps the networks' limits; says which is nearest.
        ValueError: baselines are wanted of a model that cannot be had for one network.
    """
    model = study.cost_model()
    wanted = names(study)
    limit = np.inf if study.area_limit_m2 is None else study.area_limit_m2
    model.prepare(limit, at_most=AHEAD * study.budget * len(wanted))
    searches: dict[str, Found] = {}
    for stream, name in enumerate(wanted):
        problem = study.problem(model if name == JOINT else _of_network(model, name))
        result = run_search(
            problem,
            budget=study.budget,
            # Each search has its own stream of random numbers, so none depends on the others.
            rng=np.random.default_rng((study.seed, stream)),
            checkpoint=checkpoint(name),
            callback=partial(on_trace, name),
        )
        # Says how a search ended that was complete before the run was resumed.
        on_trace(name, result.trace[-1])
        archive = result.archive
        if not archive.feasible.any():
            raise LimitsUnmet(nearest_text(problem, nearest(problem, archive.levels, archive.G)))
        searches[name] = Found(problem, result)
    return searches


def _of_network(model: CostModel, name: str) -> CostModel:
    try:
        return model.for_network(name)
    except ValueError as error:
        raise ValueError(f"baselines: {error}") from None
