"""Solutions evaluated side by side, as for a simulator that takes seconds.

pymoo hands the solutions of a generation to a pool of processes; the search proposes 50 at
a time. The designs are those of an evaluation one by one.
"""

import multiprocessing
import time

from pymoo.core.problem import ElementwiseProblem
from pymoo.optimize import minimize
from pymoo.parallelization.starmap import StarmapParallelization

from imcmoo.pymoo import CriteriaGuidedNSGA2
from imcmoo.search.mating import FeasibleMating


class Simulated(ElementwiseProblem):
    """Stands for a slow simulator: 10 ms for each solution."""

    def __init__(self, **more):
        super().__init__(n_var=6, n_obj=2, n_ieq_constr=1, xl=0, xu=15, vtype=int, **more)

    def _evaluate(self, x, out, *args, **kwargs):
        time.sleep(0.01)
        out["F"] = [float((x**2).sum()), float(((x - 12) ** 2).sum())]
        out["G"] = [float(x[0] + x[1] - 20) / 10]


def search(**more):
    """Front of 400 solutions, and the seconds it took."""
    algorithm = CriteriaGuidedNSGA2(n_initial=100, mating=FeasibleMating(size=50))
    began = time.perf_counter()
    result = minimize(Simulated(**more), algorithm, ("n_eval", 400), seed=1)
    return result.X.tolist(), time.perf_counter() - began


if __name__ == "__main__":
    with multiprocessing.Pool(4) as pool:
        side_by_side, parallel_s = search(elementwise_runner=StarmapParallelization(pool.starmap))
    one_by_one, alone_s = search()
    print(f"4 processes {parallel_s:.1f} s, one {alone_s:.1f} s")
    print(f"equal fronts of {len(one_by_one)} solutions: {side_by_side == one_by_one}")
