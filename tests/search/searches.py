"""Searches of two made-up problems, and the designs they begin with."""

import numpy as np

from imcmoo.record.evaluations import Evaluations
from imcmoo.search.algorithm import Search, run_search
from imcmoo.search.offspring import OffspringBuilder
from imcmoo.search.sampling import draw_feasible
from problems import RRAM
from tests.fakes import SMALL, fake_problem

LARGE_PROBLEM = fake_problem(RRAM)
SMALL_PROBLEM = fake_problem(SMALL, 3)
SMALL_FEASIBLE = 150
"""Feasible designs of the small problem."""
N_INITIAL = 150
"""Initial designs: fewer than by default, so that small budgets have generations."""


class Stop(Exception):
    """Raised in a callback: the search ends as if it was killed."""


def search(problem=LARGE_PROBLEM, *, seed=1, **options):
    options = {"n_initial": N_INITIAL, **options}
    return run_search(problem, rng=np.random.default_rng(seed), **options)


def new_search(problem=LARGE_PROBLEM, *, budget=650, seed=1):
    """A search by ask and tell."""
    rng = np.random.default_rng(seed)
    return Search(problem, budget=budget, rng=rng, n_initial=N_INITIAL)


def bytes_of(result):
    """All that a search has evaluated, and its trace."""
    archive = result.archive
    arrays = (archive.levels, archive.F, archive.G, archive.generation, archive.front)
    return b"".join(a.tobytes() for a in arrays) + repr(result.trace).encode()


def archive_of(problem, levels):
    """An archive of these designs, evaluated."""
    archive = Evaluations(problem)
    archive.append(levels, problem.model.evaluate(levels), generation=0)
    return archive


def builder(archive, wanted=10, *, population=(), seed=0, **settings):
    """A generation that is begun, without designs."""
    rows, rng = np.array(population, dtype=int), np.random.default_rng(seed)
    return OffspringBuilder(archive.problem, archive, {}, rows, wanted, rng, **settings)


def evaluated(problem, n):
    """An archive of `n` random feasible designs."""
    return archive_of(problem, draw_feasible(problem, n, np.random.default_rng(0)))
