"""Exact optima and fronts against brute force that shares no code with them.

Two oracles. Small spaces of real chips, every design costed by the plain scalar model; and made-up
costs full of ties, where arithmetic is exact. In both, plain loops find what is best.
"""

import itertools
import math
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from imcmoo.exact import enumeration as exhaustive
from imcmoo.exact.enumeration import Enumeration, NothingFeasible, Optimum
from imcmoo.exact.smallest_chip import nothing_feasible
from imcmoo.model.cost_model import CostModel
from imcmoo.model.metrics import AREA, ENERGY, LATENCY, Metrics, Resource
from imcmoo.model.reference.evaluator import Evaluator
from imcmoo.networks.workloads import WorkloadSet
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.space.design_space import DesignSpace
from imcmoo.space.parameters import Ordinal
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


def answer_of(problem):
    enumeration = Enumeration(problem)
    return enumeration.merge([enumeration.evaluate_chunk(b) for b in enumeration.chunks()])


@cache
def exact_of(name):
    return answer_of(CASES[name].problem())


@dataclass(frozen=True)
class Design:
    """What brute force knows of one design.

    Args:
        within: whether its area is within the limit.
        edaps: by network, None where it does not run.
        alone: the same on a chip that need not run the others.
        objectives: of no meaning unless all run.
    """

    within: bool
    edaps: list
    alone: list
    objectives: tuple

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
    found = []
    for values, cost, alone in zip(everyone, costs_of(name), costs_of(name, False), strict=True):
        extra = [cost.area * 1e4 * per_cm2[values["technology_nm"]]] if per_cm2 else []
        objectives = (*cost.energy, *cost.latency, cost.area, *extra)
        within = cost.area <= case.limit_mm2 * 1e-6
        found.append(Design(within, edaps(cost), edaps(alone), objectives))
    return found


def brute_scores(names, design):
    """By criterion the score of a feasible design, regrets and `alone_` left out."""
    values, n = design.edaps, len(names)
    named = {
        "edap_max": max(values),
        "edap_mean": sum(values) / n,
        "edap_product": math.prod(values),
        "edap_geomean": math.exp(sum(math.log(v) for v in values) / n),
    }
    energy, latency, area = (
        design.objectives[:n],
        design.objectives[n:][:n],
        design.objectives[2 * n],
    )
    named["ela_max"] = max(energy) * max(latency) * (area * 1e6)
    named["ela_mean"] = sum(energy) / n * (sum(latency) / n) * (area * 1e6)
    named |= {f"edap_{name}": v for name, v in zip(names, values, strict=True)}
    kinds = [f"{kind}_{name}" for kind in ("energy", "latency") for name in names]
    return named | dict(zip([*kinds, "area", "cost"], design.objectives, strict=False))


def least(scores, tolerance):
    """Smallest value of {rank: score}, and who has it."""
    best = min(scores.values())
    return best, [rank for rank, score in scores.items() if score <= best + tolerance * abs(best)]


def brute_optima(names, designs, tolerance=0.0):
    """By criterion the best value and the ranks that reach it."""
    feasible = {rank: d for rank, d in enumerate(designs) if d.feasible}
    table = {rank: brute_scores(names, d) for rank, d in feasible.items()}
    criteria = {c: {r: row[c] for r, row in table.items()} for c in next(iter(table.values()))}
    found = {c: least(scores, tolerance) for c, scores in criteria.items()}
    for w, name in enumerate(names):
        alone = {
            rank: d.alone[w]
            for rank, d in enumerate(designs)
            if d.within and d.alone[w] is not None
        }
        found[f"alone_{name}"] = least(alone, tolerance)
    for regret, kind in (("regret_minimax", "alone"), ("regret_minimax_joint", "edap")):
        own = [found[f"{kind}_{name}"][0] for name in names]
        worst = {
            rank: max(v / best for v, best in zip(d.edaps, own, strict=True))
            for rank, d in feasible.items()
        }
        ratio, ranks = least(worst, tolerance)
        found[regret] = ratio - 1, ranks
    return found


def dominates(one, other):
    return all(a <= b for a, b in zip(one, other, strict=True)) and one != other


def brute_front(designs, digits=None):
    """By non-dominated point, the designs that share it, ascending."""

    def shown(value):
        return value if digits is None else float(f"{value:.{digits - 1}e}")

    points = {}
    for rank, design in enumerate(designs):
        if design.feasible:
            points.setdefault(tuple(map(shown, design.objectives)), []).append(rank)
    return {p: r for p, r in points.items() if not any(dominates(q, p) for q in points)}


def on_front(exact):
    """By lowest rank, how many designs share a point of the front."""
    return dict(zip(exact.ranks.tolist(), exact.designs.tolist(), strict=True))


def assert_identical(one, other):
    """To the last bit."""
    assert one.n_feasible == other.n_feasible
    assert list(one.optima) == list(other.optima)
    for name, optimum in one.optima.items():
        assert optimum.value == other.optima[name].value, name
        np.testing.assert_array_equal(optimum.ranks, other.optima[name].ranks, err_msg=name)
    np.testing.assert_array_equal(one.front, other.front)
    np.testing.assert_array_equal(one.ranks, other.ranks)
    np.testing.assert_array_equal(one.designs, other.designs)


# Real chips against the scalar model.


@pytest.mark.parametrize("name", CASES)
def test_every_design_costs_what_the_plain_model_says(name):
    problem, expected = CASES[name].problem(), costs_of(name)
    metrics = problem.model.evaluate(problem.space.unrank(np.arange(problem.space.size)))
    assert metrics.runs.tolist() == [[not x for x in c.lacks] for c in expected]
    assert metrics.area_m2 == pytest.approx([c.area for c in expected], rel=SAME, abs=0)
    for ours, theirs in ((metrics.energy_J, "energy"), (metrics.latency_s, "latency")):
        values = np.array([getattr(c, theirs) for c in expected], dtype=float)
        np.testing.assert_allclose(ours, values, rtol=SAME)


def test_the_cases_hold_all_that_can_go_wrong():
    """Else the comparisons below would say little."""
    lacks = {name: {x for c in costs_of(name) for x in c.lacks} for name in CASES}
    assert lacks["rram"] == {"", "cells", "places", "buffer"}
    assert lacks["sram"] == lacks["technology"] == {"", "buffer"}
    for name in CASES:
        designs = designs_of(name)
        assert any(None not in d.edaps and not d.within for d in designs)
        assert sum(d.feasible for d in designs) > 50
        assert len(brute_front(designs, digits=12)) > 3
        assert any(len(ranks) > 1 for _, ranks in brute_optima(CASES[name].names, designs).values())
    optima = brute_optima(CASES["rram"].names, designs_of("rram"))
    best_alone = optima["alone_light"][1]
    assert not any(designs_of("rram")[rank].feasible for rank in best_alone)
    assert optima["regret_minimax"] != optima["regret_minimax_joint"]
    assert sum(d.feasible for d in designs_of("together")) < sum(
        d.feasible for d in designs_of("rram")
    )


@pytest.mark.parametrize("name", CASES)
def test_feasible_designs_are_counted(name):
    assert exact_of(name).n_feasible == sum(d.feasible for d in designs_of(name))


def is_about_chips_alone(criterion):
    return criterion.startswith("alone_") or criterion == "regret_minimax"


def assert_optima(name, criteria):
    found, expected = exact_of(name).optima, brute_optima(CASES[name].names, designs_of(name), SAME)
    assert set(found) == set(expected)
    for criterion in filter(criteria, expected):
        value, ranks = expected[criterion]
        assert found[criterion].value == pytest.approx(value, rel=SAME, abs=0), criterion
        assert found[criterion].ranks.tolist() == ranks, criterion


@pytest.mark.parametrize("name", CASES)
def test_optima_and_their_ties_are_those_of_brute_force(name):
    assert_optima(name, lambda criterion: not is_about_chips_alone(criterion))


@pytest.mark.parametrize("name", CASES)
def test_the_best_of_a_chip_that_need_not_run_the_others_is_that_of_brute_force(name):
    assert_optima(name, is_about_chips_alone)


@pytest.mark.parametrize("name", CASES)
def test_the_front_is_that_of_brute_force(name):
    exact, expected = exact_of(name), brute_front(designs_of(name), digits=12)
    assert on_front(exact) == {ranks[0]: len(ranks) for ranks in expected.values()}
    point_of = {ranks[0]: point for point, ranks in expected.items()}
    np.testing.assert_allclose(exact.front, [point_of[r] for r in exact.ranks], rtol=SAME)


@pytest.mark.parametrize("length", [1, 3, 7])
@pytest.mark.parametrize("name", CASES)
def test_the_length_of_stretches_does_not_matter(name, length, monkeypatch):
    expected = exact_of(name)
    enumeration = Enumeration(CASES[name].problem())
    monkeypatch.setattr(exhaustive, "DESIGNS_AT_ONCE", length * len(enumeration.points))
    monkeypatch.setattr(exhaustive, "SCREENED_AT_ONCE", 5)
    parts = enumeration.chunks()
    assert {len(bodies) for bodies in parts[:-1]} == {length}
    findings = [enumeration.evaluate_chunk(bodies) for bodies in parts]
    assert_identical(enumeration.merge(findings), expected)
    assert_identical(enumeration.merge(findings[::-1]), expected)


@pytest.mark.parametrize("name", CASES)
def test_stretches_hold_every_body_on_which_some_network_may_run_once(name):
    space = CASES[name].space
    enumeration = Enumeration(CASES[name].problem())
    assert enumeration.point_parameters == ["voltage_V", "cycle_s"]
    bodies = np.concatenate(enumeration.chunks()).tolist()
    assert len(set(bodies)) == len(bodies)
    assert bodies == sorted(bodies)
    runs = [r for r, d in enumerate(designs_of(name)) if d.within and d.edaps != [None, None]]
    ranks = space.rank(space.unrank(np.array(runs)), enumeration.mapping_parameters)
    assert set(ranks.tolist()) <= set(bodies)


@pytest.mark.parametrize("last", [True, False])
def test_a_parameter_that_does_nothing_doubles_every_tie(last):
    case, nothing = CASES["rram"], Ordinal("colour", (1, 2))
    few = case.space.parameters
    parameters = (*few, nothing) if last else (few[0], nothing, *few[1:])
    space = DesignSpace("coloured", parameters, case.space.fixed)
    exact, doubled = exact_of("rram"), answer_of(case.problem(space=space))

    def coloured(ranks):
        """The designs of these ranks in both colours, by rank, colour by colour."""
        levels = case.space.unrank(ranks)
        at = space.names.index("colour")
        return np.stack([space.rank(np.insert(levels, at, c, axis=1)) for c in (0, 1)])

    assert doubled.n_feasible == 2 * exact.n_feasible
    for name, optimum in exact.optima.items():
        assert doubled.optima[name].value == optimum.value
        both = np.sort(coloured(optimum.ranks).ravel())
        np.testing.assert_array_equal(doubled.optima[name].ranks, both)
    np.testing.assert_array_equal(doubled.front, exact.front)
    np.testing.assert_array_equal(doubled.ranks, coloured(exact.ranks)[0])
    np.testing.assert_array_equal(doubled.designs, 2 * exact.designs)


def test_a_network_by_itself_has_no_regret_where_it_is_best():
    case = CASES["rram"]
    optima = answer_of(case.problem(networks=case.networks[1:])).optima
    assert optima["regret_minimax"].value == optima["regret_minimax_joint"].value == 0
    for name in ("regret_minimax", "edap_max", "edap_light", "alone_light"):
        np.testing.assert_array_equal(optima[name].ranks, optima["edap_mean"].ranks)
    assert optima["alone_light"].value == exact_of("rram").optima["alone_light"].value


def test_no_design_small_enough_is_said_to_be_so():
    problem = CASES["rram"].problem(limit_mm2=5)
    enumeration = Enumeration(problem)
    assert enumeration.chunks() == []
    with pytest.raises(NothingFeasible) as error:
        enumeration.merge([])
    assert error.value.nearest.shape == (0, len(problem.space.names))
    assert "few_rram is feasible within 5 mm² for wide, light: " in nothing_feasible(problem)


def test_no_design_for_all_networks_is_said_to_be_so():
    """Though each of them runs on some."""
    light = min(d.objectives[-1] for d in designs_of("rram") if d.edaps[1] is not None)
    both = min(d.objectives[-1] for d in designs_of("rram") if None not in d.edaps)
    assert light < both
    problem = CASES["rram"].problem(limit_mm2=(light + both) / 2 * 1e6)
    enumeration = Enumeration(problem)
    findings = [enumeration.evaluate_chunk(bodies) for bodies in enumeration.chunks()]
    assert [len(f.alone[1].ranks) > 0 for f in findings] == [True]
    with pytest.raises(NothingFeasible):
        enumeration.merge(findings)
    assert f"takes {both * 1e6:.4g} mm²" in nothing_feasible(problem)


# Made-up costs: few distinct values, so nearly every comparison is a tie.

AREA_UNIT = 2.0**-10
"""m²; small multiples times 1e6 are exact."""


@dataclass(frozen=True)
class Chance(CostModel):
    """A cost model of random small numbers, by rank, that can do nothing but evaluate; all
    arithmetic on them is exact.

    Args:
        space: the designs.
        n_workloads: 1 or more.
        n_values: how many values energy, latency and area may have.
        seed: decides them.
    """

    space: DesignSpace
    n_workloads: int
    n_values: tuple
    seed: int

    quantities = (ENERGY, LATENCY, AREA)
    resource_names = ("cells", "buffer_bits")

    @property
    def workload_names(self):
        return [f"net{w}" for w in range(self.n_workloads)]

    def draws(self):
        """Energy and latency (n, W), area (n,), missing cells and missing bits (n, W)."""
        rng = np.random.default_rng(self.seed)
        n, w = self.space.size, self.n_workloads
        kinds = zip(self.n_values, [(n, w), (n, w), n], strict=True)
        energy, latency, area = (rng.integers(1, most + 1, shape) for most, shape in kinds)
        missing = rng.integers(0, 12, (2, n, w)) == 0
        # Networks of different sizes, so that the largest EDAP is seldom the largest regret.
        return energy * 8 ** np.arange(w), latency, area, *missing

    def known(self, levels):
        """Area and resources."""
        rank = self.space.rank(levels)
        _, _, area, *lacks = self.draws()
        resources = {
            name: Resource(np.full(len(rank), 100.0), 50.0 * missing[rank])
            for name, missing in zip(self.resource_names, lacks, strict=True)
        }
        return Metrics({"area": area[rank] * AREA_UNIT}, resources)

    def evaluate(self, levels):
        known = self.known(levels)
        rank = self.space.rank(levels)
        energy, latency = (np.where(known.runs, x[rank], np.nan) for x in self.draws()[:2])
        return Metrics({"energy": energy, "latency": latency, **known.values}, known.resources)

    def designs(self, limit, per_cm2):
        """The same for brute force, in plain numbers."""
        energy, latency, area, cells, bits = (x.tolist() for x in self.draws())
        nodes = self.space.column(self.space.unrank(np.arange(self.space.size)), "technology_nm")
        for rank in range(self.space.size):
            a = area[rank] * AREA_UNIT
            edaps = [
                None if any(lacks) else e * t * (a * 1e6)
                for e, t, *lacks in zip(
                    energy[rank], latency[rank], cells[rank], bits[rank], strict=True
                )
            ]
            extra = [a * 1e4 * per_cm2[int(nodes[rank])]] if per_cm2 else []
            objectives = (*energy[rank], *latency[rank], a, *extra)
            yield Design(area[rank] <= limit, edaps, edaps, objectives)


class AbleChance(Chance):
    """The same with a screen, and bodies that share work."""

    mapping_parameters = ("technology_nm", "rows", "cols")

    @property
    def screened_by(self):
        return tuple(self.space.names)

    def screen(self, levels):
        known = self.known(levels)
        bits = known.resources["buffer_bits"]
        unknown = Resource(bits.own, np.zeros_like(bits.missing))
        return Metrics(known.values, {**known.resources, "buffer_bits": unknown})


def chance_space(order):
    """108 designs; the operating point stands where `order` puts it."""
    parameters = [
        Ordinal("voltage_V", (1, 2)),
        Ordinal("cycle_s", (1, 2, 3)),
        Ordinal("technology_nm", (1, 2)),
        Ordinal("rows", (1, 2, 3)),
        Ordinal("cols", (1, 2, 3)),
    ]
    return DesignSpace("chance", tuple(parameters[i] for i in order))


ROUNDED = ("edap_product", "edap_geomean", "ela_max", "ela_mean")
"""Criteria whose arithmetic is not exact, so that equal scores may come out as nearly equal."""


@pytest.mark.parametrize("model", [Chance, AbleChance])
@given(
    order=st.permutations(range(5)),
    n_workloads=st.integers(1, 3),
    n_values=st.tuples(*[st.integers(1, 6)] * 3),
    seed=st.integers(0, 2**32 - 1),
    limit=st.integers(1, 6),
    per_cm2=st.sampled_from([None, {1: 1.0, 2: 1.0}, {1: 4.0, 2: 1.0}]),
    length=st.sampled_from([1, 6, 12, 30, 2048]),
)
@settings(max_examples=300, deadline=None)
def test_made_up_costs_have_the_optima_ties_and_front_of_brute_force(
    model, order, n_workloads, n_values, seed, limit, per_cm2, length
):
    """Whatever the model can do besides evaluate."""
    chance = model(chance_space(order), n_workloads, n_values, seed)
    names, designs = chance.workload_names, list(chance.designs(limit, per_cm2))
    assume(any(d.feasible for d in designs))
    problem = AcceleratorProblem(chance, area_limit_m2=limit * AREA_UNIT, cost_per_cm2=per_cm2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exhaustive, "DESIGNS_AT_ONCE", length)
        exact = answer_of(problem)
    assert exact.n_feasible == sum(d.feasible for d in designs)
    expected = brute_optima(names, designs)
    near = brute_optima(names, designs, SAME)
    assert set(exact.optima) == set(expected)
    for criterion, (value, ranks) in expected.items():
        found = exact.optima[criterion]
        assert found.value == pytest.approx(value, rel=SAME, abs=SAME), criterion
        if criterion in ROUNDED:
            assert set(found.ranks.tolist()) <= set(near[criterion][1])
            assert len(found.ranks)
        else:
            assert found.ranks.tolist() == ranks, criterion
    front = brute_front(designs)
    assert sorted(map(tuple, exact.front.tolist())) == sorted(front)
    assert on_front(exact) == {ranks[0]: len(ranks) for ranks in front.values()}


def test_equals_in_largest_regret_count_even_where_one_dominates_the_other():
    """Two chips differ only in what the less affected network takes, so both have the least."""
    space = DesignSpace(
        "three",
        (Ordinal("voltage_V", (1,)), Ordinal("cycle_s", (1,)), Ordinal("rows", (1, 2, 3))),
    )
    energy = np.array([[3.0, 480.0], [4.0, 20.0], [4.0, 30.0]])
    latency = np.array([[1.0, 1.0], [2.0, 2.0], [2.0, 2.0]])
    area = np.array([1.0, 2.0, 2.0])

    class Three(Chance):
        def draws(self):
            nothing = np.zeros((2, 3, 2), dtype=bool)
            return energy, latency, area, *nothing

    problem = AcceleratorProblem(Three(space, 2, (1, 1, 1), 0), area_limit_m2=2 * AREA_UNIT)
    exact = answer_of(problem)
    # Ratios: 480 / 80, then 16 / 3 twice.
    assert exact.optima["regret_minimax_joint"].value == pytest.approx(13 / 3)
    assert exact.optima["regret_minimax_joint"].ranks.tolist() == [1, 2]
    assert exact.ranks.tolist() == [0, 1]


@given(
    st.lists(st.tuples(st.sampled_from([1.0, 2.0, 3.0, np.nan]), st.booleans()), min_size=1),
)
def test_the_optimum_of_parts_is_that_of_the_whole(scored):
    scores = np.array([score for score, _ in scored])
    ranks = np.arange(len(scores))[::-1]
    first = np.array([own for _, own in scored])
    parts = [Optimum.of(scores[own], ranks[own]) for own in (first, ~first)]
    whole = Optimum.of(scores, ranks)
    for one, other in itertools.permutations(parts):
        both = one.or_better(other)
        assert both.value == whole.value == min([s for s in scores if s == s], default=np.inf)
        np.testing.assert_array_equal(both.ranks, whole.ranks)
    assert whole.ranks.tolist() == sorted(ranks[scores == whole.value].tolist())
