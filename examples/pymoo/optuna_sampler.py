"""A study searched by a sampler of Optuna, with the folder, card, front and page of `imcmoo run`.

Needs `pip install optuna`. The same from the command line, in this folder:

    PYTHONPATH=. imcmoo run four_workload_sram --algorithm optuna_sampler:make --budget 500
"""

import numpy as np
import optuna
from optuna.distributions import CategoricalDistribution, IntDistribution
from pymoo.core.algorithm import Algorithm
from pymoo.core.population import Population
from pymoo.core.variable import Integer

from imcmoo import Study

optuna.logging.set_verbosity(optuna.logging.WARNING)


class OptunaSampler(Algorithm):
    """A sampler of Optuna as an algorithm of pymoo.

    Args:
        make: a function from a seed to a sampler.
        batch: solutions of a generation, all requested before any is evaluated.
    """

    def __init__(self, make, batch=50, **settings):
        super().__init__(**settings)
        self.make, self.batch = make, batch

    def _setup(self, problem, **kwargs):
        self.distributions = {
            name: IntDistribution(*variable.bounds)
            if isinstance(variable, Integer)
            else CategoricalDistribution(range(len(variable.options)))
            for name, variable in problem.vars.items()
        }
        directions = ["minimize"] * problem.n_obj
        self.study = optuna.create_study(directions=directions, sampler=self.make(self.seed))

    def _infill(self):
        self.trials = [self.study.ask(self.distributions) for _ in range(self.batch)]
        rows = [[trial.params[name] for name in self.distributions] for trial in self.trials]
        return Population.new(X=np.array(rows))

    def _advance(self, infills=None, **kwargs):
        for trial, solution in zip(self.trials, infills, strict=True):
            for at, violation in enumerate(solution.G.tolist()):
                trial.set_constraint(f"g{at}", violation)
            self.study.tell(trial, solution.F.tolist())
        self.pop = Population.merge(self.pop, infills)

    _initialize_infill = _infill

    def _initialize_advance(self, infills=None, **kwargs):
        self.pop = Population.empty()
        self._advance(infills)


def make():
    """NSGA-II of Optuna."""
    return OptunaSampler(lambda seed: optuna.samplers.NSGAIISampler(population_size=50, seed=seed))


if __name__ == "__main__":
    study = Study.load("four_workload_sram").replace(baselines=False)
    run = study.run(algorithm=make(), budget=500, out="optuna_results")
    print(run.card)
