"""A benchmark suite for many-objective, constrained, mixed-variable optimisation.

`get("four_workload_sram-v1")` makes a problem of pymoo with its exact Pareto front;
`names()` lists the problems. `docs/benchmark.md` has a table of them, recipes and the protocol.
"""

from __future__ import annotations

from imcmoo.benchmark.benchmark_problem import BenchmarkProblem, OptimalDesigns, Record
from imcmoo.benchmark.problem_names import KINDS, names, problem_study
from imcmoo.benchmark.random_problems import random_study

__all__ = [
    "KINDS",
    "BenchmarkProblem",
    "OptimalDesigns",
    "Record",
    "get",
    "names",
    "random_problem",
]


def get(name: str) -> BenchmarkProblem:
    """The problem of a name, such as `four_workload_sram-v1`.

    Args:
        name: one of `names()`; any other member of a family, such as
            `sram/resnet18+vgg16/200mm2-v1`; or `random/MODEL/SEED-v1`.

    Raises:
        InputError: no such problem; says what names look like.
    """
    return BenchmarkProblem(name, problem_study(name))


def random_problem(seed: int, *, model: str = "physical") -> BenchmarkProblem:
    """A random problem, small enough to be enumerated; the same seed gives the same problem.

    Args:
        seed: at least 0.
        model: `physical`, with categorical and conditional parameters, or `reference`, with
            ordered ones and, at several technology nodes, a conditional one.

    Raises:
        InputError: an unknown model, or no such seed.
    """
    return BenchmarkProblem(f"random/{model}/{seed}-v1", random_study(seed, model))
