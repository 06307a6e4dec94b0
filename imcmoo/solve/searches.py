"""Searches of a study and their outcome: one for all networks, and one per network (baselines)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np

from imcmoo.answers.outcome import JOINT
from imcmoo.io.errors import input_errors
from imcmoo.model.cost_model import CostModel
from imcmoo.problem.nearest import nearest, nearest_text
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.record.trace import Searched, TraceRow
from imcmoo.search.algorithm import N_INITIAL, run_search
from imcmoo.search.sampling import NoFeasibleDesign, draw_diverse
from imcmoo.solve.algorithm_search import search_by
from imcmoo.space.design_space import Levels
from imcmoo.space.sets import unseen
from imcmoo.study.study import Study

CHIPS_MAPPED_PER_EVALUATION = 4
"""Chips pre-mapped per budgeted design, at most. Searches check many more chips than they evaluate,
and mapping a few at a time takes twice as long."""

OnTrace = Callable[[str, TraceRow], None]
"""Called after every generation with the name and state of the search."""


class LimitsUnmet(NoFeasibleDesign):
    """Networks run, but no evaluated design meets their limits."""


def search_names(study: Study) -> list[str]:
    """Names of the searches of a study, in order."""
    return [JOINT, *(study.names if study.baselines else ())]


def search_models(study: Study) -> dict[str, CostModel]:
    """Cost models of the searches of a study, by name.

    Raises:
        InputError: the study has baselines, but its model cannot be built for one network; or its
            algorithm cannot be found.
    """
    if study.algorithm is not None:
        study.algorithm.make()
    model = study.cost_model()
    with input_errors("baselines: "):
        return {n: model if n == JOINT else model.for_network(n) for n in search_names(study)}


def run_searches(
    study: Study,
    models: Mapping[str, CostModel],
    checkpoint: Callable[[str], Path],
    on_trace: OnTrace,
) -> dict[str, Searched]:
    """Run all searches of a study, continuing from existing checkpoints.

    Args:
        study: the study.
        models: see `search_models`.
        checkpoint: returns the path of the checkpoint of a search.
        on_trace: called after every generation.

    Raises:
        NoFeasibleDesign: no design satisfies the constraints.
        LimitsUnmet: no evaluated design meets the limits of the networks; names the nearest.
    """
    limit = np.inf if study.area_limit_m2 is None else study.area_limit_m2
    models[JOINT].prepare(limit, at_most=CHIPS_MAPPED_PER_EVALUATION * study.budget * len(models))
    searches: dict[str, Searched] = {}
    for stream, (name, model) in enumerate(models.items()):
        problem = study.problem(model)
        # Each search has its own stream of random numbers, so none depends on the others.
        rng = np.random.default_rng((study.seed, stream))
        start = study.start_levels if name == JOINT else None
        result = _search(study, problem, rng, start, checkpoint(name), partial(on_trace, name))
        # Says how a search ended that was complete before the run was resumed.
        on_trace(name, result.trace[-1])
        archive = result.archive
        if not archive.feasible.any():
            raise LimitsUnmet(nearest_text(problem, nearest(problem, archive.levels, archive.G)))
        searches[name] = result
    return searches


def _search(
    study: Study,
    problem: AcceleratorProblem,
    rng: np.random.Generator,
    start: Levels | None,
    checkpoint: Path,
    callback: Callable[[TraceRow], None],
) -> Searched:
    """Search a problem with the budget and algorithm of a study, from a start if there is one."""
    if study.algorithm is not None:
        made, limits = study.algorithm.make(), {"budget": study.budget, "seed": study.seed}
        return search_by(made, problem, **limits, callback=callback)
    searched = problem.without_checks() if study.count_checks else problem
    return run_search(
        searched,
        budget=study.budget,
        rng=rng,
        initial=None if start is None else _beginning_with(start, searched, rng),
        checkpoint=checkpoint,
        callback=callback,
    )


def _beginning_with(start: Levels, problem: AcceleratorProblem, rng: np.random.Generator) -> Levels:
    """Initial designs of a search: the start, shape (1, n_parameters), then drawn ones."""
    drawn = draw_diverse(problem, N_INITIAL, rng)
    return unseen(problem.space, np.concatenate([start, drawn]), frozenset())
