"""Random search by `evaluate(indices) -> F, G`: the whole interface of a problem.

python examples/benchmark/plain.py [PROBLEM]
"""

import sys

import numpy as np

from imcmoo import benchmark


def random_search(problem, budget, seed):
    """Objectives of the feasible ones of distinct random designs, shape (n, n_obj)."""
    rng = np.random.default_rng(seed)
    indices = rng.integers(0, problem.space.shape, size=(2 * budget, problem.n_var))
    distinct = np.sort(np.unique(indices, axis=0, return_index=True)[1])[:budget]
    F, G = problem.evaluate_indices(indices[distinct])
    return F[(G <= 0).all(axis=1)]


if __name__ == "__main__":
    name = sys.argv[1] if len(sys.argv) > 1 else "four_workload_sram-v1"
    problem = benchmark.get(name)
    print(problem.indicators(random_search(problem, budget=1000, seed=1)))
