"""Enumeration and proof choose the same of designs with equal scores, and the check tells."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from imcmoo.exact.bounded_criteria import bounded_criteria
from imcmoo.exact.branch_and_bound import BranchAndBound, RootExpansion, prove
from imcmoo.exact.check import Claim, Refused, check_bounds, feasible_costs
from imcmoo.exact.enumeration import Enumeration
from imcmoo.exact.node_expander import EnumerationTree, NodeExpander
from imcmoo.model.cost_model import CostModel
from imcmoo.model.metrics import AREA, ENERGY, LATENCY, Metrics
from imcmoo.problem.criteria import Criterion, find_criterion
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.space.design_space import DesignSpace
from imcmoo.space.parameters import Ordinal

SPACE = DesignSpace("dice", tuple(Ordinal(name, (1, 2, 3, 4)) for name in "abc"))


@dataclass(frozen=True)
class Dice(CostModel):
    """Two networks with random small numbers of costs, by rank: nearly all scores have equals."""

    seed: int
    space = SPACE
    workload_names = ("one", "two")
    quantities = (ENERGY, LATENCY, AREA)
    resource_names = ()

    def evaluate(self, levels):
        rng, rank = np.random.default_rng(self.seed), SPACE.rank(levels)
        energy, latency = rng.integers(1, 3, (2, SPACE.size, 2)).astype(float)
        area = rng.integers(1, 4, SPACE.size) * 1e-6
        values = {"energy": energy[rank], "latency": latency[rank], "area": area[rank]}
        return Metrics(values, {})

    def partials(self, area_limit_m2):
        return TightTree(self)


class TightTree(EnumerationTree):
    """Bounds that are the least costs of all completions, with no digit to spare."""

    def bound(self, partial):
        every = SPACE.unrank(np.arange(SPACE.size))
        costs = self._model.evaluate(every).values
        inside = [((row < 0) | (every == row)).all(axis=1) for row in partial]
        return Metrics(
            {n: np.array([v[at].min(axis=0) for at in inside]) for n, v in costs.items()}, {}
        )


def own_area(costs):
    return costs["area"]


SMALLEST = replace(find_criterion("area"), needs=("area",))
OWN = Criterion("own", own_area, needs=("area",), monotone=True)


def problem_of(seed):
    return AcceleratorProblem(Dice(seed), requested=[SMALLEST, OWN])


@pytest.mark.parametrize("seed", range(4))
def test_proof_and_enumeration_choose_the_same_of_equal_designs(seed, monkeypatch):
    # Dives evaluate nearly all designs of so small a space.
    monkeypatch.setattr(BranchAndBound, "dive", lambda self: None)
    problem = problem_of(seed)
    optima = Enumeration(problem).answer().optima
    several = 0
    for name in bounded_criteria(problem):
        proof = prove(problem, name)
        assert proof.breaks_ties
        assert problem.space.rank(proof.levels[None])[0] == optima[name].ranks[0], name
        several += len(optima[name].ranks) > 1
    assert several > 2
    # Rank alone decides by a criterion of a user's, energy first by the other one.
    own, area = optima["own"].ranks, optima["area"].ranks
    assert sorted(area) == sorted(own) == own.tolist()
    energies = feasible_costs(problem, problem.space.unrank(area))["energy"].prod(axis=1)
    assert energies[0] == energies.min()


def test_the_check_refuses_any_other_of_equal_designs():
    problem, goals = problem_of(0), bounded_criteria(problem_of(0))
    tree = problem.model.partials(np.inf)
    for name in ("area", "own"):
        optimum, ties = Enumeration(problem).answer().optima[name], problem.ties(goals[name])
        for at, rank in enumerate(optimum.ranks.tolist()):
            costs = feasible_costs(problem, problem.space.unrank([rank]))
            place, _ = ties.first(costs, np.array([rank]))
            claim = Claim(goals[name], float(goals[name].score(costs)[0]), place)
            if at == 0:
                assert check_bounds(problem, tree, [claim]).all == problem.space.size
            else:
                with pytest.raises(Refused, match=f"{name}: a design with an equal score comes"):
                    check_bounds(problem, tree, [claim])


def test_a_proof_with_a_gap_does_not_claim_the_choice_among_equal_designs():
    expander = NodeExpander(problem_of(0))
    goal = bounded_criteria(expander.problem)["area"]
    search = BranchAndBound(expander, RootExpansion.expand(expander), goal, gap=0.1)
    assert not search.run(lambda _: False).breaks_ties
