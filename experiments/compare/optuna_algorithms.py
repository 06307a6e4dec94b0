"""Optuna's searches, from the same starts and counted in the same way; they need `optuna`.

Ordered parameters are integers to Optuna, others categories. Constraints are passed on
(`Trial.set_constraint`, constrained domination).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from experiments.compare.evaluation_counter import POPULATION, PROPOSALS, Counted, Start
from imcmoo.problem.criteria import SCORES
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.scores import Score
from imcmoo.search.archive import Archive

EDAP_GEOMEAN = SCORES["edap_geomean"]


def optuna_nsga2(start: Start) -> Archive:
    """NSGA-II of Optuna: uniform crossover, resampled parameters as mutation."""
    # Not at the top: nothing else needs it.
    import optuna

    sampler = optuna.samplers.NSGAIISampler(population_size=POPULATION, seed=start.seed)
    # Parents are of the generation before, so a whole generation can be asked for at once.
    return _run(start, sampler, at_once=POPULATION)


def optuna_tpe(start: Start, score: Score = EDAP_GEOMEAN) -> Archive:
    """Tree-structured Parzen estimator (Bergstra et al., 2011) of Optuna, on one score: for many
    objectives it computes hypervolumes, which do not end."""
    import optuna

    return _run(start, optuna.samplers.TPESampler(seed=start.seed), score=score)


def _run(start: Start, sampler: Any, *, score: Score | None = None, at_once: int = 1) -> Archive:
    """Run a sampler of Optuna, with a score as the only objective or all of the problem's, until
    the budget is spent or it has converged; so many designs are requested before any is
    evaluated."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    counted, names = Counted(start), start.problem.space.names
    distributions = _distributions(start.problem)
    n = 1 if score else start.problem.n_obj
    study = optuna.create_study(directions=["minimize"] * n, sampler=sampler)
    for design in start.initial[:POPULATION].tolist():
        study.enqueue_trial(dict(zip(names, design, strict=True)))
    while not counted.is_spent and counted.proposed < PROPOSALS * start.budget:
        trials = [study.ask(distributions) for _ in range(at_once)]
        levels = np.array([[trial.params[name] for name in names] for trial in trials])
        F, G = counted(levels)
        values = score(start.problem.costs(F))[:, None] if score else start.problem.coordinates(F)
        for trial, objectives, constraints in zip(trials, values.tolist(), G.tolist(), strict=True):
            for name, violation in zip(start.problem.constraint_names, constraints, strict=True):
                trial.set_constraint(name, violation)
            study.tell(trial, objectives)
    return counted.archive


def _distributions(problem: AcceleratorProblem) -> dict[str, Any]:
    import optuna

    return {
        p.name: optuna.distributions.IntDistribution(0, len(p) - 1)
        if p.is_ordered
        else optuna.distributions.CategoricalDistribution(range(len(p)))
        for p in problem.space.parameters
    }
