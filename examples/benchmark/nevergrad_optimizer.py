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


def search(problem, budget, method="DE", seed=1, first=20):
    """Objectives of the feasible designs among the first distinct ones, shape (n, n_obj).

    `pareto_front()` of nevergrad would keep designs that are not feasible.
    """
    space, record = parametrization(problem), problem.start_record()
    space.random_state.seed(seed)
    optimizer = ng.optimizers.registry[method](space, budget=budget)
    asked, worst = [optimizer.ask() for _ in range(first)], None
    while asked:
        F, G = problem.evaluate_indices(problem.indices([c.value for c in asked]))
        points, violation = problem.coordinates(F), np.maximum(G, 0).sum(axis=1)
        if worst is None:  # where volumes end: the worst feasible values of the first designs
            worst = (points[violation == 0] if (violation == 0).any() else points).max(axis=0)
            optimizer.tell(ng.p.MultiobjectiveReference(), worst.tolist())
        for candidate, point, excess in zip(asked, points, violation, strict=True):
            # A design that is not feasible is worse than the worst, the more it violates.
            optimizer.tell(candidate, (worst + 100 + excess if excess else point).tolist())
        asked = [optimizer.ask()] if len(record) < budget and record.n_calls < 10 * budget else []
    return record.feasible_F(budget)


if __name__ == "__main__":
    problem = benchmark.get(sys.argv[1] if len(sys.argv) > 1 else "four_workload_sram-v1")
    print(problem.indicators(search(problem, budget=100)))
