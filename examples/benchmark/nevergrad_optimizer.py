"""An optimizer of nevergrad on all objectives; needs `nevergrad`.

python examples/benchmark/nevergrad_optimizer.py [PROBLEM]
"""

import sys

import nevergrad as ng
import numpy as np

from imcmoo import benchmark


def parametrization(problem):
    """Ordered parameters are transitions between neighbours; categorical ones are choices."""
    return ng.p.Dict(
        **{
            p.name: ng.p.TransitionChoice(range(len(p)))
            if p.is_ordered
            else ng.p.Choice(list(p.values))
            for p in problem.space.parameters
        }
    )


def search(problem, budget, method="DE", seed=1):
    """Objectives of the feasible designs that an optimizer evaluated, shape (n, n_obj)."""
    space = parametrization(problem)
    space.random_state.seed(seed)
    optimizer = ng.optimizers.registry[method](space, budget=budget)
    # Objectives span orders of magnitude: an upper bound of each is the scale of volumes.
    optimizer.tell(ng.p.MultiobjectiveReference(), np.log(problem.nadir_point()).tolist())
    feasible = []
    for _ in range(budget):
        candidate = optimizer.ask()
        F, G = problem.evaluate_indices(problem.indices([candidate.value]))
        violation = np.maximum(G[0], 0).tolist()
        optimizer.tell(candidate, np.log(F[0]).tolist(), constraint_violation=violation)
        feasible += [F[0]] if not any(violation) else []
    return np.array(feasible)


if __name__ == "__main__":
    problem = benchmark.get(sys.argv[1] if len(sys.argv) > 1 else "four_workload_sram-v1")
    print(problem.indicators(search(problem, budget=100)))
