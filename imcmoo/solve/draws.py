"""A study in draws of its uncertain costs: the proven best chip of each draw, and scores of chips.

drawn = DrawnStudy(study)
drawn.prove(0).value
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from typing import cast

import numpy as np

from imcmoo.arrays import Floats
from imcmoo.exact.bounded_criteria import (
    BoundedCriterion,
    ProofTask,
    SingleNetworkOptima,
    proof_plan,
    regret_criteria,
)
from imcmoo.exact.branch_and_bound import BranchAndBound, Proof, RootExpansion
from imcmoo.exact.node_expander import NodeExpander, search_tree
from imcmoo.exact.regret import ROUNDING
from imcmoo.model.cost_model import CostModel
from imcmoo.model.partials import PartialDesignTree
from imcmoo.model.physical.draws import DrawTable
from imcmoo.model.physical.model import PhysicalEvaluator
from imcmoo.problem.criteria import NAMED, Criterion
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.space.design_space import Levels
from imcmoo.study.draws import draw_costs
from imcmoo.study.study import Study
from imcmoo.study.uncertainty import UncertaintyTable

MEDIAN, ASSUMED = -1, -2
"""Indices of the costs at their medians, and as assumed, beside those of draws."""


@dataclass(frozen=True, eq=False)
class BestChip:
    """The proven best chip of a draw.

    Args:
        levels: its value indices, shape (1, n_parameters); (0, n_parameters) if none is feasible.
        value: its score; NaN without chip.
        bound: lower bound of the scores of all chips; infinite if it is proven that none is
            feasible.
    """

    levels: Levels
    value: float
    bound: float


class DrawnStudy:
    """A study whose costs are drawn as its key `uncertainty` says.

    Best chips of earlier draws are incumbents of later ones. They change no result.

    Args:
        study: a study with the key `uncertainty`.
    """

    def __init__(self, study: Study) -> None:
        self.study = study
        settings = study.uncertainty
        assert settings is not None, "the study says how its costs are drawn"
        self.settings: UncertaintyTable = settings
        self.model = cast("PhysicalEvaluator", study.cost_model())
        self._incumbents: dict[str, list[Levels]] = defaultdict(list)
        self._problem: tuple[int, AcceleratorProblem] | None = None
        self._tree: tuple[CostModel, PartialDesignTree] | None = None

    @cached_property
    def table(self) -> DrawTable:
        """The draws."""
        return draw_costs(self.study, self.settings)

    @property
    def is_regret(self) -> bool:
        """True if scores of a draw are against the networks' own optima in it."""
        return self.settings.by not in NAMED or NAMED[self.settings.by].is_regret

    def problem(self, at: int) -> AcceleratorProblem:
        """The problem of a draw, by its index, or at `MEDIAN` or `ASSUMED` costs."""
        if self._problem is None or self._problem[0] != at:
            self._problem = at, self.new_problem(at)
        return self._problem[1]

    def new_problem(self, at: int, moved: Collection[str] = ()) -> AcceleratorProblem:
        """Return a new problem of a draw; see `problem` and `DrawTable.assumptions`."""
        if at == ASSUMED:
            return self.study.problem()
        table = self.table
        assumed = table.median_assumptions if at == MEDIAN else table.assumptions(at, moved)
        # Draws of weights alone share a model, and so its search tree.
        drawn = self.model.with_assumptions(assumed) if table.drawn else self.model
        problem = self.study.problem(drawn)
        if at == MEDIAN or table.weights is None:
            return problem
        return problem.with_weights(table.weights[at])

    def optima(self, at: int) -> Floats:
        """Proven best EDAP of each network in a draw, J·s·mm², shape (W,); infinite without any.

        On any chip, or on chips that run all networks where the score is a joint regret.
        """
        problem, values = self.problem(at), []
        for task in proof_plan(problem, [self.settings.by])[:-1]:
            of_task = task.problem(problem)
            values += [self._proof(of_task, g).value for g in task.criteria(of_task, None)]
        return np.array(values)

    def prove(self, at: int, optima: Floats | None = None) -> BestChip:
        """Prove the best chip of a draw.

        Args:
            at: index of the draw, or `MEDIAN` or `ASSUMED`.
            optima: best EDAP of each network, shape (W,), if the score is a regret.
        """
        problem = self.problem(at)
        proof = self._proof(problem, self.goal(problem, optima))
        if proof.levels is None:
            return BestChip(
                np.empty((0, len(problem.space.names)), np.int64), math.nan, proof.bound
            )
        value, bound = proof.value + self.offset, proof.bound + self.offset
        return BestChip(proof.levels[None], value, bound)

    def goal(self, problem: AcceleratorProblem, optima: Floats | None) -> BoundedCriterion:
        """The score as a bounded criterion, without `offset`; arguments as of `prove`."""
        own = None if optima is None else SingleNetworkOptima(optima, optima)
        (goal,) = ProofTask((self.settings.by,)).criteria(problem, own)
        return goal

    @property
    def offset(self) -> float:
        """Difference of score and criterion: a regret counts from 1."""
        return 1.0 if self.is_regret else 0.0

    def _proof(self, problem: AcceleratorProblem, goal: BoundedCriterion) -> Proof:
        """Prove a criterion, beginning with the best chips of earlier draws."""
        if self._tree is None or self._tree[0] is not problem.model:
            self._tree = problem.model, search_tree(problem)
        expander = NodeExpander(problem, partials=self._tree[1])
        known = self._incumbents[goal.name]
        start = [np.unique(np.concatenate(known), axis=0)] if known else []
        root = RootExpansion.expand(expander, start)
        proof = BranchAndBound(expander, root, goal).run(lambda _: False)
        if proof.levels is not None:
            known.append(proof.levels[None])
        return proof

    def scores(self, levels: Levels, at: int, optima: Floats | None = None) -> Floats:
        """Scores of chips in a draw, infinite where a limit is broken, shape (n,).

        Args:
            levels: value indices, shape (n, n_parameters).
            at, optima: see `prove`.
        """
        return self._scores(self.problem(at), levels, optima)

    def silent_groups(self, levels: Levels, optima: Floats | None = None) -> set[str]:
        """Groups of assumptions whose draws change no score of some chips in any draw.

        In each draw they get their values of the next one: all that are silent so far together,
        and one by one if that changes a score.

        Args:
            levels: value indices, shape (n, n_parameters).
            optima: best EDAP of each network in each draw, shape (n_draws, W), if the score is a
                regret.
        """
        silent = set(self.table.groups)
        for at in range(self.table.n if silent else 0):
            own = None if optima is None else optima[at]
            scores = self.scores(levels, at, own)
            differs = partial(self._differs, levels, at, own, scores)
            if differs(silent):
                silent = {group for group in silent if not differs([group])}
        return silent

    def _differs(
        self, levels: Levels, at: int, optima: Floats | None, scores: Floats, moved: Collection[str]
    ) -> bool:
        """True if scores of a draw are others with some groups moved."""
        found = self._scores(self.new_problem(at, moved), levels, optima)
        return not np.allclose(found, scores, rtol=ROUNDING, atol=0)

    def _scores(self, problem: AcceleratorProblem, levels: Levels, optima: Floats | None) -> Floats:
        """Scores of chips by a problem; see `scores`."""
        metrics = problem.model.evaluate(levels)
        kept = problem.keeps_limits(levels, metrics)
        F, _ = problem.score(levels[kept], metrics.take(kept))
        scores = np.full(len(levels), np.inf)
        scores[kept] = self._criterion(problem).scores(problem.costs(F), optima) + self.offset
        return scores

    def _criterion(self, problem: AcceleratorProblem) -> Criterion:
        by = self.settings.by
        regrets = {n: c for c in regret_criteria(problem).values() for n in (c.name, c.joint_name)}
        return regrets[by] if by in regrets else {c.name: c for c in problem.criteria}[by]


@lru_cache(maxsize=4)
def drawn_study(study: Study) -> DrawnStudy:
    """The draws of a study, made once per process."""
    return DrawnStudy(study)


@dataclass(frozen=True)
class DrawTask:
    """Some draws of a study, for a worker.

    Args:
        study: a study with the key `uncertainty`.
        draws: indices of draws.
        optima: best EDAPs of the networks in each of them, shape (n_draws, W); None if the score
            is no regret.
        levels: chips to score, shape (n, n_parameters); None to prove the best ones.
    """

    study: Study
    draws: Sequence[int]
    optima: Floats | None = None
    levels: Levels | None = None

    def _optima(self, i: int) -> Floats | None:
        return None if self.optima is None else self.optima[i]


def prove_draws(task: DrawTask) -> list[BestChip]:
    """Best chips of the draws of a task."""
    drawn = drawn_study(task.study)
    return [drawn.prove(at, task._optima(i)) for i, at in enumerate(task.draws)]


def optima_of_draws(task: DrawTask) -> list[Floats]:
    """Best EDAP of each network in the draws of a task, shape (W,) each."""
    drawn = drawn_study(task.study)
    return [drawn.optima(at) for at in task.draws]


def scores_of_draws(task: DrawTask) -> Floats:
    """Scores of the chips of a task in its draws, shape (n_chips, n_draws)."""
    drawn = drawn_study(task.study)
    assert task.levels is not None, "chips to score"
    columns = [drawn.scores(task.levels, at, task._optima(i)) for i, at in enumerate(task.draws)]
    return np.stack(columns, axis=1)
