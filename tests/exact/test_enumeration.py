"""Exact optima and fronts against brute force that shares no code with them.

Two oracles. Small spaces of real chips, every design costed by the plain scalar model; and made-up
costs full of ties, where arithmetic is exact. In both, plain loops find what is best.
"""

import math
import re
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from imcmoo import Study
from imcmoo.exact import enumeration as exhaustive
from imcmoo.exact.enumeration import Enumeration, NothingFeasible
from imcmoo.exact.smallest_chip import nothing_feasible
from imcmoo.model.cost_model import CostModel
from imcmoo.model.metrics import AREA, ENERGY, LATENCY, Metrics, Resource
from imcmoo.model.physical.model import PhysicalEvaluator
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.space.design_space import DesignSpace
from imcmoo.space.parameters import Ordinal
from tests.exact.brute_force import CASES, SAME, Design, costs_of, designs_of, exact_of


def brute_scores(names, design):
    """By criterion the score of a feasible design, regrets and `alone_` left out."""
    values, n = design.edaps, len(names)
    named = {
        "edap_max": max(values),
        "edap_mean": sum(values) / n,
        "edap_product": math.prod(values),
        "edap_geomean": math.exp(sum(math.log(v) for v in values) / n),
    }
    energy, latency, (area, *_) = (design.objectives[at:][:n] for at in (0, n, 2 * n))
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
    optima = {c: least(scores, tolerance) for c, scores in criteria.items()}
    for w, name in enumerate(names):
        alone = {
            rank: d.alone[w]
            for rank, d in enumerate(designs)
            if d.within and d.alone[w] is not None
        }
        optima[f"alone_{name}"] = least(alone, tolerance)
    for regret, kind in (("regret_minimax", "alone"), ("regret_minimax_joint", "edap")):
        best_alone = [optima[f"{kind}_{name}"][0] for name in names]
        worst = {
            rank: max(v / best for v, best in zip(d.edaps, best_alone, strict=True))
            for rank, d in feasible.items()
        }
        ratio, ranks = least(worst, tolerance)
        optima[regret] = ratio - 1, ranks
    return optima


def first_of_equals(names, designs, criterion, ranks):
    """The design of least mean logarithm of energy, then of latency, then area, then rank."""

    def place(rank):
        n, costs = len(names), designs[rank].objectives
        kinds = [costs[:n], costs[n : 2 * n], costs[2 * n : 2 * n + 1]]
        if criterion.startswith("alone_"):
            of_network = designs[rank].alone_costs[names.index(criterion.removeprefix("alone_"))]
            kinds = [[value] for value in of_network]
        means = [sum(map(math.log, values)) / len(values) for values in kinds]
        return *(round(mean, 9) for mean in means), rank

    return min(ranks, key=place)


def with_first(names, designs, criterion, ranks):
    """Ranks in the order of an optimum: the chosen one, then the others, ascending."""
    chosen = first_of_equals(names, designs, criterion, ranks)
    return [chosen, *(rank for rank in ranks if rank != chosen)]


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
def test_optima_their_ties_and_the_front_are_those_of_brute_force(name):
    exact, designs = exact_of(name), designs_of(name)
    assert exact.n_feasible == sum(d.feasible for d in designs)
    optima = brute_optima(CASES[name].names, designs, SAME)
    assert set(exact.optima) == set(optima)
    for criterion, (value, ranks) in optima.items():
        assert exact.optima[criterion].value == pytest.approx(value, rel=SAME, abs=0), criterion
        expected = with_first(CASES[name].names, designs, criterion, ranks)
        assert exact.optima[criterion].ranks.tolist() == expected, criterion
    front = brute_front(designs, digits=12)
    assert on_front(exact) == {ranks[0]: len(ranks) for ranks in front.values()}
    point_of = {ranks[0]: point for point, ranks in front.items()}
    np.testing.assert_allclose(exact.front, [point_of[r] for r in exact.ranks], rtol=SAME)


def test_no_design_that_is_small_enough_or_runs_all_networks_is_said_to_be_so():
    problem = CASES["rram"].problem(limit_mm2=5)
    enumeration = Enumeration(problem)
    assert enumeration.chunks() == []
    with pytest.raises(NothingFeasible) as error:
        enumeration.merge([])
    assert error.value.nearest.shape == (0, len(problem.space.names))
    assert "few_rram is feasible within 5 mm² for wide, light: " in nothing_feasible(problem)
    # Each of the networks runs on some design.
    light = min(d.objectives[-1] for d in designs_of("rram") if d.edaps[1] is not None)
    both = min(d.objectives[-1] for d in designs_of("rram") if None not in d.edaps)
    assert light < both
    problem = CASES["rram"].problem(limit_mm2=(light + both) / 2 * 1e6)
    enumeration = Enumeration(problem)
    findings = [enumeration.evaluate_chunk(bodies) for bodies in enumeration.chunks()]
    assert [len(f.single_network[1].ranks) > 0 for f in findings] == [True]
    with pytest.raises(NothingFeasible):
        enumeration.merge(findings)
    wide = min(d.objectives[-1] for d in designs_of("rram") if d.alone[0] is not None)
    told = re.search(r"takes (\S+) mm² \((.+)\); (\w+) binds: alone it needs (\S+) mm²",
                     nothing_feasible(problem))  # fmt: skip
    assert told.group(1, 3, 4) == (f"{both * 1e6:.4g}", "wide", f"{wide * 1e6:.4g}")
    named = dict(value.split() for value in told[2].split(", "))
    values = {name: np.array([float(named[name])]) for name in problem.space.names}
    smallest = [
        rank
        for rank, d in enumerate(designs_of("rram"))
        if None not in d.edaps and d.objectives[-1] == pytest.approx(both, rel=1e-12, abs=0)
    ]
    chosen = first_of_equals(problem.workload_names, designs_of("rram"), "area", smallest)
    assert problem.space.rank(problem.space.encode(values)).item() == chosen
    # In a space that begins with the largest voltage, the same chip is not the lowest rank.
    voltage, *others = problem.space.parameters
    falling = replace(voltage, values=voltage.values[::-1])
    other = replace(problem.space, parameters=(falling, *others))
    unlike = CASES["rram"].problem(limit_mm2=problem.area_limit_m2 * 1e6, space=other)
    assert f"({told[2]})" in nothing_feasible(unlike)


def small_study(**limit):
    """Two networks on 96 designs of digital SRAM."""
    space = {
        **{"voltage_V": [0.8, 1.0], "rows": [64, 128], "cols": [64, 128], "active_rows": 64},
        **{"input_slice_bits": 1, "columns_per_adc": 8, "tree_stages": 1, "ping_pong": 0},
        **{"tiles_per_group": 4, "router_groups": [8, 16, 32], "glb_KiB": [256, 1024]},
        **{"dram": ["x64", "hbm2"], "buffer_words": 1},
    }
    networks = ["mobilenet_v3_onnx", "resnet18_onnx"]
    keys = {"name": "small", "model": "physical", "device": "dimc", "networks": networks}
    return Study(**keys, space=space, **limit)


def test_the_smallest_chip_follows_from_bounds_without_a_look_at_all_designs(monkeypatch):
    problem = small_study(area_limit_mm2=0.1).problem()
    known = problem.model.resources(problem.space.unrank(np.arange(problem.space.size)))
    areas = [known.area_m2[runs].min() for runs in (known.runs.all(axis=1), *known.runs.T)]
    monkeypatch.setattr(PhysicalEvaluator, "screen", None)
    told = re.search(
        r"takes (\S+) mm² .* binds: alone it needs (\S+) mm²", nothing_feasible(problem)
    )
    assert told.groups() == tuple(f"{1e6 * area:.4g}" for area in (areas[0], max(areas[1:])))


def test_no_chip_is_sought_where_no_area_limit_can_bind(monkeypatch):
    study = small_study(area_limit_mm2=None)
    for method in ("screen", "partials"):
        monkeypatch.setattr(PhysicalEvaluator, method, None)
    assert "no design of space small found that keeps all limits" in nothing_feasible(
        study.problem()
    )


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
        """Designs for brute force, in plain numbers."""
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
            alone = [(e, t, a) for e, t in zip(energy[rank], latency[rank], strict=True)]
            yield Design(area[rank] <= limit, edaps, edaps, objectives, alone)


class AbleChance(Chance):
    """A model of chance with a screen, and bodies that share work."""

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
@settings(max_examples=25, deadline=None)
def test_made_up_costs_have_the_optima_ties_and_front_of_brute_force(
    model, order, n_workloads, n_values, seed, limit, per_cm2, length
):
    """The model may offer a screen, or nothing but `evaluate`; chunks may be of any length and in
    any order."""
    chance = model(chance_space(order), n_workloads, n_values, seed)
    names, designs = chance.workload_names, list(chance.designs(limit, per_cm2))
    assume(any(d.feasible for d in designs))
    problem = AcceleratorProblem(chance, area_limit_m2=limit * AREA_UNIT, cost_per_cm2=per_cm2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exhaustive, "DESIGNS_PER_ENUMERATION_CHUNK", length)
        patch.setattr(exhaustive, "MAPPING_KEYS_PER_SCREEN", 5)
        enumeration = Enumeration(problem)
        chunks = enumeration.chunks()
    assert {len(chunk) for chunk in chunks[:-1]} <= {max(1, length // len(enumeration.points))}
    exact = enumeration.merge(
        [enumeration.evaluate_chunk(c) for c in chunks[:: 1 - 2 * (seed % 2)]]
    )
    assert exact.n_feasible == sum(d.feasible for d in designs)
    # Arithmetic of some criteria is not exact, so that equal scores may come out as nearly equal.
    expected = brute_optima(names, designs, SAME)
    assert set(exact.optima) == set(expected)
    for criterion, (value, ranks) in expected.items():
        optimum = exact.optima[criterion]
        assert optimum.value == pytest.approx(value, rel=SAME, abs=SAME), criterion
        ordered = with_first(names, designs, criterion, ranks)
        assert optimum.ranks.tolist() == ordered, criterion
    front = brute_front(designs)
    assert sorted(map(tuple, exact.front.tolist())) == sorted(front)
    assert on_front(exact) == {ranks[0]: len(ranks) for ranks in front.values()}
