"""Searches of physical studies: their regret, and searches from known designs."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from imcmoo.exact.enumeration import ExactAnswer
from imcmoo.exact.regret import ExactRegret
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.search.algorithm import run_search
from imcmoo.search.archive import Archive
from imcmoo.search.sampling import DiverseFeasibleSampling, NoFeasibleDesign
from imcmoo.search.schedule import PAPER
from imcmoo.space.design_space import DesignSpace, Levels
from imcmoo.study.study import Study

SOLVED = 1e-9
"""Regret that counts as 0: the order of summation moves the last digits."""


def regrets(study: Study, answer: ExactAnswer, seed: int) -> pd.DataFrame:
    """Run one search and measure the regret of its best design by every criterion of the study.

    Args:
        study: the study, with its budget.
        answer: exact answer of the study.
        seed: of the search.

    Returns:
        Columns study, seed, criterion, regret (a share), solved and found_after (unique designs up
        to the best one).
    """
    problem = study.problem()
    archive = run_search(problem, budget=study.budget, rng=np.random.default_rng((seed, 0))).archive
    designs = np.flatnonzero(archive.feasible)
    regret = ExactRegret(problem, answer).regrets(archive.F[designs])
    return pd.DataFrame(
        [
            {
                "study": study.name,
                "seed": seed,
                "criterion": name,
                "regret": values.min(),
                "solved": bool(values.min() <= SOLVED),
                "found_after": int(designs[values.argmin()]) + 1,
            }
            for name, values in regret.items()
        ]
    )


def optimal_designs(space: DesignSpace, answer: ExactAnswer) -> Levels:
    """Return one optimal design by each criterion of an exact answer, each design once, shape
    (n, n_parameters)."""
    first = [optimum.ranks[0] for optimum in answer.optima.values() if len(optimum.ranks)]
    return space.unrank(np.unique(np.array(first, dtype=np.int64)))


def search_from(
    problem: AcceleratorProblem, known: Levels | None, budget: int, seed: int
) -> Archive:
    """Search from known designs: the feasible ones of them, and others sampled as usual.

    The result is then never worse than the known designs, even in a local optimum.

    Args:
        problem: the problem to search.
        known: different designs to begin with, shape (n, n_parameters), if any.
        budget: unique designs in total.
        seed: of the search.

    Raises:
        NoFeasibleDesign: none was found.
    """
    rng = np.random.default_rng((seed, 0))
    kept = problem.space.unrank(np.arange(0)) if known is None else known[feasible(problem, known)]
    wanted = PAPER.initial_of(budget)
    try:
        drawn: Levels = DiverseFeasibleSampling()._do(problem, wanted, random_state=rng)
    except NoFeasibleDesign:
        if not len(kept):
            raise
        drawn = kept[:0]
    new = ~np.isin(problem.space.rank(drawn), problem.space.rank(kept))
    initial = np.concatenate([kept, drawn[new]])[:wanted]
    return run_search(problem, budget=budget, rng=rng, initial=initial).archive


def feasible(problem: AcceleratorProblem, levels: Levels) -> NDArray[np.bool_]:
    """Check which designs, shape (n, n_parameters), keep all limits; returns shape (n,)."""
    _, G = problem.score(levels, problem.model.evaluate(levels))
    return np.asarray((G <= 0).all(axis=1))
