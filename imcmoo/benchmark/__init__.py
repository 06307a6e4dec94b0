"""Benchmark suite for many-objective, constrained, mixed-variable optimization.

    problem = get("four_workload_sram-v1")
    result = minimize(problem, NSGA2(100), ("n_eval", 3000), seed=1)
    problem.indicators(result.F)

Problems are pymoo problems with exact Pareto fronts. `names()` lists them; `docs/benchmark.md`
leads to a table of them, recipes and the protocol.
"""

from __future__ import annotations

from imcmoo.benchmark.benchmark_problem import BenchmarkProblem, OptimalDesigns, Record
from imcmoo.benchmark.problem_names import KINDS, name_ending, names, problem_study
from imcmoo.benchmark.published_runs import baselines
from imcmoo.benchmark.random_problems import random_study

__all__ = [
    "KINDS",
    "BenchmarkProblem",
    "OptimalDesigns",
    "Record",
    "baselines",
    "get",
    "names",
    "random_problem",
]


def get(name: str) -> BenchmarkProblem:
    """Create a problem by name.

    Args:
        name: one of `names()`; any other member of a family, such as
            `sram/resnet18+vgg16/200mm2-v1`; or `random/physical/SEED-v3`.

    Raises:
        InputError: there is no such problem; says what names look like.
    """
    return BenchmarkProblem(name, problem_study(name))


def random_problem(seed: int, *, model: str = "physical") -> BenchmarkProblem:
    """Create a random problem that is small enough to be enumerated.

    Args:
        seed: at least 0; equal seeds give equal problems.
        model: `physical`, with categorical and conditional parameters, or `reference`, with ordered
            parameters and, at several technology nodes, a conditional one.

    Raises:
        InputError: the model is unknown, or the seed is negative.
    """
    stem = f"random/{model}/{seed}"
    return BenchmarkProblem(f"{stem}{name_ending(stem)}", random_study(seed, model))
