"""Three algorithms on one problem, judged by its exact front; needs `optuna` (5 or later).

python examples/benchmark/three_algorithms.py [PROBLEM]
"""

import sys

import optuna
from optuna_study import search
from pymoo.algorithms.moo.nsga2 import RankAndCrowding
from pymoo.algorithms.moo.nsga3 import NSGA3
from pymoo.core.mixed import MixedVariableGA
from pymoo.optimize import minimize
from pymoo.util.ref_dirs import get_reference_directions

from imcmoo import benchmark


def igd_plus(problem, run):
    """IGD+ of all feasible designs that an algorithm evaluates."""
    record = problem.start_record()
    run()
    return problem.indicators(record.feasible_F())["igd_plus"]


if __name__ == "__main__":
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    problem = benchmark.get(sys.argv[1] if len(sys.argv) > 1 else "four_workload_sram-v1")
    nsga3 = NSGA3(get_reference_directions("energy", problem.n_obj, 100, seed=1))
    mixed = MixedVariableGA(pop_size=100, survival=RankAndCrowding())
    sampler = optuna.samplers.NSGAIISampler(population_size=100, seed=1)
    budget = ("n_eval", 1000)
    print("NSGA-III", igd_plus(problem, lambda: minimize(problem, nsga3, budget, seed=1)))
    print("MixedVariableGA", igd_plus(problem, lambda: minimize(problem, mixed, budget, seed=1)))
    print("Optuna NSGA-II", igd_plus(problem, lambda: search(problem, sampler, 1000, 100)))
