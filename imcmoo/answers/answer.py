"""The answer of a study: its best chip, how it was found, and how good it is.

answer = solve(study)
answer.design, answer.score, answer.gap
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

import numpy as np

from imcmoo.arrays import Floats
from imcmoo.io.errors import Infeasible
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.scores import AGGREGATIONS, EdapDefinition
from imcmoo.space.design_space import Levels
from imcmoo.study.assessment import mean_costs
from imcmoo.study.study import Study

CERTIFIED, ENUMERATED, SEARCHED = "certified", "enumerated", "searched"
INFEASIBLE, REFUSED = "no feasible chip", "refused"


@dataclass(frozen=True, repr=False)
class Answer:
    """The best chip of a study. A study without a feasible chip has an answer without a design.

    Args:
        study: the study.
        how: how the chip was found: "certified", "enumerated", "searched"; "no feasible chip", or
            "refused" if the cost model refuses the study.
        levels: value indices of the chip, shape (1, n_parameters); (0, n_parameters) without chip.
        score: its score by the criterion of the study; NaN without chip.
        bound: lower bound of the scores of all chips; NaN if unknown, infinite if it is proven that
            no chip is feasible.
        gap: share by which the score may be above the least there is; NaN if unknown.
        front: feasible chips that may be on the Pareto front, shape (n, n_parameters). If None, the
            chip itself.
        why: why there is no chip; empty if there is one.
        note: a remark on how the chip was found; empty if there is none.
        evidence: what the answer rests on: certificates by criterion, an `ExactAnswer`, or a `Run`.
    """

    study: Study
    how: str
    levels: Levels
    score: float = math.nan
    bound: float = math.nan
    gap: float = math.nan
    front: Levels | None = None
    why: str = ""
    note: str = ""
    evidence: Any = field(default=None, compare=False)

    @classmethod
    def without_chip(
        cls, study: Study, why: Infeasible | str, *, how: str = INFEASIBLE, bound: float = math.nan
    ) -> Self:
        """The answer of a study that has no feasible chip, or is refused."""
        nothing = np.empty((0, len(study.space.names)), dtype=np.int64)
        return cls(study, how, nothing, bound=bound, why=str(why))

    @property
    def has_chip(self) -> bool:
        """True if there is a feasible chip."""
        return len(self.levels) > 0

    @cached_property
    def problem(self) -> AcceleratorProblem:
        """The problem of the study."""
        return self.study.problem()

    @cached_property
    def design(self) -> dict[str, Any]:
        """Value of each parameter and fixed value of the chip; empty without chip."""
        return next(iter(self.study.space.designs(self.levels)), {})

    @property
    def text(self) -> str:
        """Names and values of the parameters of the chip, as text; empty without chip."""
        return self.study.space.text_of(self.levels[0]) if self.has_chip else ""

    @cached_property
    def designs(self) -> tuple[Levels, Floats]:
        """Distinct feasible chips of `front`, by rank, and their objectives.

        Shapes (n, n_parameters) and (n, n_objectives).
        """
        return feasible_designs(self.problem, self.levels if self.front is None else self.front)

    @cached_property
    def costs(self) -> dict[str, float]:
        """Costs of the chip by name with unit; empty without chip.

        Energy, latency and interval of an inference, and EDAPs by each definition, are geometric
        means over the networks; areas are those of the chip and of its package, mm².
        """
        if not self.has_chip:
            return {}
        values = self.problem.model.evaluate(self.levels).values
        images = self.problem.model.images or (1,)
        edaps = {
            f"edap_{d.delay}_{d.area}_J_s_mm2": float(
                AGGREGATIONS["geomean"](d.of_images(images).of(values), self.problem.weights)[0]
            )
            for d in EdapDefinition.every()
        }
        return {**mean_costs(self.problem, self.levels), **edaps}

    def __repr__(self) -> str:
        if not self.has_chip:
            return f"Answer({self.study.name}: {self.how}: {self.why})"
        return f"Answer({self.study.name}: {self.how}, {self.study.selected_by} {self.score:.6g})"


def feasible_designs(problem: AcceleratorProblem, designs: Levels) -> tuple[Levels, Floats]:
    """The distinct feasible ones of some designs, by rank, and their objectives."""
    feasible, metrics = problem.feasible(np.unique(designs, axis=0))
    return feasible, problem.score(feasible, metrics)[0]


def select(study: Study, designs: Levels, reference_edap: Floats | None, **known: Any) -> Answer:
    """The best of some designs by the criterion of a study.

    Args:
        study: the study.
        designs: candidates, shape (n, n_parameters).
        reference_edap: EDAP of each network that regrets are against, J·s·mm², shape (W,).
        known: further fields of the answer, such as `how` and `evidence`. With `gap` 0 the best
            design of the space is among the candidates.

    Returns:
        The answer; one without chip if no candidate is feasible.
    """
    problem = study.problem()
    front, F = feasible_designs(problem, designs)
    if not len(front):
        return Answer.without_chip(study, "no candidate is feasible")
    criterion, costs = study.asked_criterion, problem.costs(F)
    scores = criterion.scores(costs, reference_edap)
    best = problem.ties(criterion).best(scores, costs, problem.space.rank(front))
    score = float(scores[best])
    bound = score if known.get("gap") == 0.0 else math.nan
    return Answer(study, levels=front[[best]], score=score, bound=bound, front=front, **known)
