"""Three algorithms on one problem, judged by its exact front; needs `optuna` (5 or later).

python examples/benchmark/three_algorithms.py [PROBLEM]
"""

import sys

import optuna
from optuna_study import search
from pymoo.algorithms.moo.nsga2 import RankAndCrowding
from pymoo.algorithms.moo.nsga3 import NSGA3
from pymoo.core.mixed import MixedVariableGA
from pymoo.util.ref_dirs import get_reference_directions
from sms_emoa import evolve

from imcmoo import benchmark

if __name__ == "__main__":
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    problem = benchmark.get(sys.argv[1] if len(sys.argv) > 1 else "four_workload_sram-v1")
    nsga3 = NSGA3(get_reference_directions("energy", problem.n_obj, 100, seed=1))
    mixed = MixedVariableGA(pop_size=100, survival=RankAndCrowding())
    sampler = optuna.samplers.NSGAIISampler(population_size=100, seed=1)
    records = {
        "NSGA-III": evolve(problem, nsga3, 1000),
        "MixedVariableGA": evolve(problem, mixed, 1000),
        "Optuna NSGA-II": search(problem, sampler, budget=1000, at_once=100)[1],
    }
    for name, record in records.items():
        print(name, problem.indicators(record.feasible_F(1000))["igd_plus"])
