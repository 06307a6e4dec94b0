"""One criterion as a problem of IOHprofiler, with its logger; needs `ioh`.

The value is the natural logarithm of the criterion over its exact optimum, where that is known. A
design that is not feasible has a large constant plus its total constraint violation.

python examples/benchmark/ioh_logging.py [FOLDER]
"""

import sys

import ioh
import numpy as np

from imcmoo import benchmark


def integer_problem(problem, criterion="edap_geomean", infeasible=100.0):
    """A problem of `ioh`; an index above the last one of a parameter stands for the last."""
    (score,) = (c for c in problem.accelerator.criteria if c.name == criterion)
    optimum = (problem.optima or {}).get(criterion)

    def value(indices):
        F, G = problem.evaluate_indices(indices)
        if (G > 0).any():
            return infeasible + float(np.maximum(G, 0).sum())
        if optimum or score.is_regret:
            return float(np.log1p(problem.regrets(F)[criterion]))
        return float(np.log(score.scores(problem.accelerator.costs(F), None)[0]))

    return ioh.wrap_problem(
        value,
        name=f"{problem.name().replace('/', '.')}.{criterion}",
        problem_class=ioh.ProblemClass.INTEGER,
        dimension=problem.n_var,
        ub=max(problem.space.shape) - 1,
        calculate_objective=(lambda *_: (optimum.X[0], 0.0)) if optimum else None,
    )


if __name__ == "__main__":
    problem = benchmark.get("four_workload_sram-v1")
    wrapped, record = integer_problem(problem), problem.start_record()
    logger = ioh.logger.Analyzer(root=sys.argv[1] if len(sys.argv) > 1 else "ioh")
    wrapped.attach_logger(logger)  # `ioh` does not keep it alive: the name must stay
    rng = np.random.default_rng(1)
    while len(record) < 200:
        wrapped(rng.integers(0, problem.space.shape))
    wrapped.detach_logger()
    print("best value", wrapped.state.current_best.y)
