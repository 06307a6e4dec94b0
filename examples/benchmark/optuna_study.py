"""Optuna's NSGA-II sampler, with constraints; needs `optuna` (5 or later).

python examples/benchmark/optuna_study.py [PROBLEM]
"""

import sys

import optuna

from imcmoo import benchmark


def distributions(problem):
    """Ordered parameters are value indices; categorical ones are categories."""
    return {
        p.name: optuna.distributions.IntDistribution(0, len(p) - 1)
        if p.is_ordered
        else optuna.distributions.CategoricalDistribution(p.values)
        for p in problem.space.parameters
    }


def search(problem, sampler, budget, at_once):
    """A study and the record of its designs, a generation of which is evaluated at a time."""
    study = optuna.create_study(directions=["minimize"] * problem.n_obj, sampler=sampler)
    record = problem.start_record()
    while len(record) < budget and record.n_calls < 10 * budget:
        trials = [study.ask(distributions(problem)) for _ in range(at_once)]
        indices = problem.indices([trial.params for trial in trials])
        F, G = problem.evaluate_indices(indices)
        for trial, objectives, constraints in zip(trials, F.tolist(), G.tolist(), strict=True):
            for name, value in zip(problem.constraint_names, constraints, strict=True):
                trial.set_constraint(name, value)
            study.tell(trial, objectives)
    return study, record


if __name__ == "__main__":
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    problem = benchmark.get(sys.argv[1] if len(sys.argv) > 1 else "four_workload_sram-v1")
    sampler = optuna.samplers.NSGAIISampler(population_size=100, seed=1)
    _, record = search(problem, sampler, budget=1000, at_once=100)
    print(problem.indicators(record.feasible_F(1000)))
