"""Small cases of the reference model, what each design of them costs by the plain scalar model, and
their exact answers.
"""

from dataclasses import dataclass
from functools import cache

from imcmoo.exact.enumeration import Enumeration
from imcmoo.model.reference.evaluator import Evaluator
from imcmoo.networks.workloads import WorkloadSet
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.space.design_space import DesignSpace
from tests.model.reference import scalar_energy as plain

SAME = 1e-9
"""Relative difference up to which numbers of the scalar model are ours, or ties."""


@dataclass(frozen=True)
class Case:
    """Chips, networks and limits small enough for the scalar model."""

    space: DesignSpace
    networks: tuple
    limit_mm2: float
    deployment: str = "alone"
    cost_per_cm2: tuple = ()

    @property
    def names(self):
        return [n.name for n in self.networks]

    def problem(self, **changes):
        space = changes.get("space", self.space)
        networks = changes.get("networks", self.networks)
        evaluator = Evaluator(space, WorkloadSet(networks), plain.TABLE, deployment=self.deployment)
        limit = changes.get("limit_mm2", self.limit_mm2)
        cost = dict(self.cost_per_cm2) or None
        return AcceleratorProblem(evaluator, area_limit_m2=limit * 1e-6, cost_per_cm2=cost)


CASES = {
    "rram": Case(plain.RRAM_FEW, plain.RESIDENT, limit_mm2=250),
    "together": Case(plain.RRAM_FEW, plain.RESIDENT, limit_mm2=250, deployment="together"),
    "sram": Case(plain.SRAM_FEW, plain.STREAMED, limit_mm2=60),
    "technology": Case(
        plain.TECHNOLOGY_FEW, plain.STREAMED, limit_mm2=20, cost_per_cm2=((7, 387.0), (22, 128.0))
    ),
}


@cache
def exact_of(name):
    return Enumeration(CASES[name].problem()).answer()


@dataclass(frozen=True)
class Design:
    """Costs of one design by brute force.

    Args:
        within: whether its area is within the limit.
        edaps: by network, None where it does not run.
        alone: the same on a chip that need not run the others.
        objectives: of no meaning unless all run.
        alone_costs: by network, energy, latency and area of a chip that need not run the others.
    """

    within: bool
    edaps: list
    alone: list
    objectives: tuple
    alone_costs: list

    @property
    def feasible(self):
        return self.within and None not in self.edaps


@cache
def costs_of(name, together=None):
    """The scalar model's costs of every design of a case, by rank."""
    case = CASES[name]
    if together is None:
        together = case.deployment == "together"
    designs = plain.every_design(case.space)
    return [plain.cost(d, case.networks, together=together) for d in designs]


def edaps(cost):
    return [
        None if e is None else e * t * cost.area * 1e6
        for e, t in zip(cost.energy, cost.latency, strict=True)
    ]


@cache
def designs_of(name):
    case = CASES[name]
    per_cm2 = dict(case.cost_per_cm2)
    everyone = plain.every_design(case.space)
    designs = []
    for values, cost, alone in zip(everyone, costs_of(name), costs_of(name, False), strict=True):
        extra = [cost.area * 1e4 * per_cm2[values["technology_nm"]]] if per_cm2 else []
        objectives = (*cost.energy, *cost.latency, cost.area, *extra)
        within = cost.area <= case.limit_mm2 * 1e-6
        alone_costs = [(e, t, alone.area) for e, t in zip(alone.energy, alone.latency, strict=True)]
        designs.append(Design(within, edaps(cost), edaps(alone), objectives, alone_costs))
    return designs
