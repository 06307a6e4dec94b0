"""One criterion as a problem of IOHprofiler, with its logger; needs `ioh`.

The value is the natural logarithm of the criterion over its exact optimum, 0 at the optimum. A
design that is not feasible has a large constant plus its total constraint violation.

python examples/benchmark/ioh_logging.py [FOLDER]
"""

import sys

import ioh
import numpy as np

from imcmoo import benchmark

INFEASIBLE = 100.0


def integer_problem(problem, criterion="edap_geomean"):
    """A problem of `ioh`: one integer for each parameter, whose range is the widest there is.

    An index above the last one of a parameter stands for the last.
    """
    (score,) = (c for c in problem.accelerator.criteria if c.name == criterion)
    optimum = problem.optima[criterion].value

    def value(indices):
        F, G = problem.evaluate_indices(indices)
        if (G > 0).any():
            return INFEASIBLE + float(np.maximum(G, 0).sum())
        return float(np.log(score.scores(problem.accelerator.costs(F), None)[0] / optimum))

    return ioh.wrap_problem(
        value,
        name=f"{problem.name().replace('/', '.')}.{criterion}",
        problem_class=ioh.ProblemClass.INTEGER,
        dimension=problem.n_var,
        ub=max(problem.space.shape) - 1,
    )


if __name__ == "__main__":
    wrapped = integer_problem(benchmark.get("four_workload_sram-v1"))
    logger = ioh.logger.Analyzer(root=sys.argv[1] if len(sys.argv) > 1 else "ioh")
    wrapped.attach_logger(logger)  # `ioh` does not keep it alive: the name must stay
    rng = np.random.default_rng(1)
    for _ in range(200):
        wrapped(rng.integers(0, wrapped.bounds.ub + 1))
    wrapped.detach_logger()
    print("best value", wrapped.state.current_best.y)
