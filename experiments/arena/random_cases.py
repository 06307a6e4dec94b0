"""Design problems drawn at random, small enough to be enumerated, that no search was tuned to.

A case is a device, some of the shipped networks, an area limit, and a space in which each parameter
keeps a few of the levels of the device's own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from imcmoo.exact.enumeration import Enumeration, ExactAnswer
from imcmoo.networks.workloads import SHIPPED
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.scores import MM2_PER_M2
from imcmoo.space.design_space import DesignSpace
from imcmoo.space.parameters import Parameter
from imcmoo.study.study import Study
from problems.rram import RRAM
from problems.sram import SRAM_LARGE

SPACES = (RRAM, SRAM_LARGE)
"""One for each device. None whose parameters depend on others: those are not to be thinned."""

NETWORKS = (2, 6)
"""Fewest and most networks of a case."""

AREA_LIMITS_MM2 = (60.0, 3200.0)
"""Smallest and largest area limit, drawn evenly in its logarithm."""

DESIGNS = (100_000, 1_000_000)
"""Smallest and largest space: far beyond any budget, and enumerated in seconds."""

FEWEST_LEVELS = 2

FEWEST_FEASIBLE = 1000
"""A case with fewer feasible designs is drawn again: a small budget would exhaust it."""


@dataclass(frozen=True)
class Case:
    """A random problem and its exact answer.

    Args:
        study: what was drawn.
        problem: what is to be searched.
        answer: its exact answer.
    """

    study: Study
    problem: AcceleratorProblem
    answer: ExactAnswer


def draw_case(seed: int, number: int) -> Case:
    """A case of a series; each is the same whichever others are drawn.

    Args:
        seed: of the series.
        number: of the case in it, from 0 on.
    """
    rng = np.random.default_rng((seed, number))
    # Once and for all: few small chips of resident weights hold several networks.
    device = SPACES[rng.integers(len(SPACES))]
    while True:
        study = draw(device, rng)
        problem = study.problem()
        enumeration = Enumeration(problem)
        findings = [enumeration.survey(bodies) for bodies in enumeration.stretches()]
        if sum(found.n_feasible for found in findings) >= FEWEST_FEASIBLE:
            return Case(study, problem, enumeration.conclude(findings))


def draw(device: DesignSpace, rng: np.random.Generator) -> Study:
    """Networks, an area limit and a thinned space of a device, whatever is feasible in it."""
    n_networks = rng.integers(NETWORKS[0], NETWORKS[1] + 1)
    chosen = np.sort(rng.choice(len(SHIPPED), n_networks, replace=False))
    limit_mm2 = np.exp(rng.uniform(*np.log(AREA_LIMITS_MM2)))
    return Study(
        name="random_case",
        space=thinned(device, rng),
        workloads=tuple(SHIPPED[i] for i in chosen),
        area_limit_m2=float(limit_mm2) / MM2_PER_M2,
    )


def thinned(space: DesignSpace, rng: np.random.Generator) -> DesignSpace:
    """A space of a size within `DESIGNS`; each parameter keeps a random choice of its levels."""
    while True:
        parameters = tuple(_fewer_levels(p, rng) for p in space.parameters)
        small = replace(space, name=f"{space.name}_thinned", parameters=parameters)
        if DESIGNS[0] <= small.size <= DESIGNS[1]:
            return small


def _fewer_levels(parameter: Parameter, rng: np.random.Generator) -> Parameter:
    n = rng.integers(min(FEWEST_LEVELS, len(parameter)), len(parameter) + 1)
    kept = np.sort(rng.choice(len(parameter), n, replace=False))
    kind = Parameter if parameter.is_ordered else type(parameter)
    return kind(parameter.name, tuple(parameter.values[i] for i in kept), parameter.unit)
