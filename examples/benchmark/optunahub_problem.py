"""A problem with the interface of OptunaHub's benchmarks; needs `optuna` (5 or later).

python examples/benchmark/optunahub_problem.py
"""

import optuna
from optuna_study import distributions

from imcmoo import benchmark

try:
    from optunahub.benchmarks import BaseProblem
except ImportError:  # nothing but the base class is of OptunaHub
    BaseProblem = object


class Problem(BaseProblem):
    """A problem of the suite for `study.optimize(problem)`."""

    def __init__(self, name):
        self.problem = benchmark.get(name)

    @property
    def search_space(self):
        return distributions(self.problem)

    @property
    def directions(self):
        return [optuna.study.StudyDirection.MINIMIZE] * self.problem.n_obj

    def evaluate(self, params):
        return self.problem.evaluate_indices(self.problem.indices([params]))[0][0].tolist()

    def __call__(self, trial):
        """Objectives of a trial; its constraints are kept with it."""
        params = {n: trial._suggest(n, d) for n, d in self.search_space.items()}
        F, G = self.problem.evaluate_indices(self.problem.indices([params]))
        for name, value in zip(self.problem.constraint_names, G[0].tolist(), strict=True):
            trial.set_constraint(name, value)
        return F[0].tolist()


if __name__ == "__main__":
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    problem = Problem("four_workload_sram-v1")
    record, sampler = problem.problem.start_record(), optuna.samplers.NSGAIISampler(seed=1)
    study = optuna.create_study(directions=problem.directions, sampler=sampler)
    study.optimize(problem, 500, callbacks=[lambda *_: len(record) < 50 or study.stop()])
    print(problem.problem.indicators(record.feasible_F(50)))
