"""SMS-EMOA with approximate hypervolume contributions, for many objectives, in pymoo.

Of the last front that does not fit, points with the least contribution go one by one. A
contribution is the mean over directions of the power m of the length of a ray from the point to
the region that others dominate, or to the reference point.

Source: Beume et al., EJOR 181(3), 2007; Shang, Ishibuchi & Ni, R2-based hypervolume contribution
approximation, IEEE Trans. Evolutionary Computation 24(1), 2020.

python examples/benchmark/sms_emoa.py [PROBLEM]
"""

import sys

import numpy as np
from pymoo.algorithms.moo.nsga2 import NSGA2
from pymoo.core.survival import Survival
from pymoo.util.nds.non_dominated_sorting import NonDominatedSorting

from imcmoo import benchmark


class LeastContribution(Survival):
    """Survival by front, then by contribution."""

    def __init__(self, problem, n_directions=100, seed=1):
        super().__init__(filter_infeasible=True)
        normal = np.abs(np.random.default_rng(seed).normal(size=(n_directions, problem.n_obj)))
        self.directions = normal / np.linalg.norm(normal, axis=1, keepdims=True)

    def _do(self, problem, pop, *args, n_survive=None, **kwargs):
        points = problem.coordinates(pop.get("F"))
        kept = []
        for rank, front in enumerate(NonDominatedSorting().do(points, n_stop_if_ranked=n_survive)):
            left = list(front)
            if len(kept) + len(left) > n_survive:
                left = self.reduced(points, left, n_survive - len(kept))
            for individual in pop[left]:
                individual.set("rank", rank)
                individual.set("crowding", 0.0)
            kept += left
        return pop[kept]

    def reduced(self, points, left, n):
        """The `n` of a front that stay."""
        F = points[left]
        F = (F - F.min(axis=0)) / np.maximum(np.ptp(F, axis=0), 1e-12)
        rays = np.stack([((F - f)[:, None] / self.directions).max(axis=2) for f in F])
        rays[np.arange(len(F)), np.arange(len(F))] = np.inf
        border = ((1.1 - F)[:, None] / self.directions).min(axis=2)
        stay = np.arange(len(F))
        while len(stay) > n:
            length = np.minimum(rays[np.ix_(stay, stay)].min(axis=1), border[stay])
            stay = np.delete(stay, (length ** F.shape[1]).mean(axis=1).argmin())
        return [left[i] for i in stay]


def evolve(problem, algorithm, budget):
    """The record of an algorithm of pymoo that stops after a number of distinct designs."""
    algorithm.setup(problem, termination=("n_eval", 10 * budget), seed=1)
    record = problem.start_record()
    while algorithm.has_next() and len(record) < budget:
        algorithm.next()
    return record


if __name__ == "__main__":
    problem = benchmark.get(sys.argv[1] if len(sys.argv) > 1 else "four_workload_sram-v1")
    algorithm = NSGA2(pop_size=100, n_offsprings=20, survival=LeastContribution(problem))
    print(problem.indicators(evolve(problem, algorithm, 1000).feasible_F(1000)))
