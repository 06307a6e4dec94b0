"""Aggregations, parameters, generality and cost: tables that follow from all designs' costs."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from experiments.enumerated_study import EnumeratedStudy
from experiments.paper import questions
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.space.parameters import Ordinal
from tests.fakes import SMALL, FakeEvaluator


def test_how_far_one_network_decides():
    # The first network has the largest EDAP on both designs, the largest latency on the second.
    energy = np.array([[9.0, 1.0], [8.0, 1.0]])
    latency = np.array([[1.0, 5.0], [2.0, 1.0]])
    result = questions.decided_by(energy, latency, np.array([1e-6, 1e-6]), 0)
    assert result["designs"] == 2
    assert result["largest_edap_share"] == 1
    assert result["largest_latency_share"] == 0.5
    assert result["edap_max_correlation"] == pytest.approx(1)
    assert result["ela_max_correlation"] == pytest.approx(-1)  # 45 and 16 against 9 and 16
    assert result["edap_max_excess"] == 0
    assert result["ela_max_excess"] == pytest.approx(16 / 9 - 1)


def factorial():
    """A space in which every design runs, with energy V² b and no other influence."""
    problem = AcceleratorProblem(FakeEvaluator(SMALL, 1), area_limit_m2=1.0)
    ranks = np.arange(SMALL.size)
    d = SMALL.decode(SMALL.unrank(ranks))
    energy = (d["voltage_V"] ** 2 * d["bits_per_cell"])[:, None]
    latency = d["cycle_s"][:, None] * np.where(d["rows"] == d["rows"].min(), d["cols"], 1)[:, None]
    return EnumeratedStudy(problem, ranks, energy, latency, 1e-6 * d["glb_depth"], largest=0)


def test_effects_of_independent_factors_add_up():
    table = questions.effects(factorial())
    energy = table[table["quantity"] == "energy_net0"].set_index("parameter")
    assert energy["share_alone"].sum() == pytest.approx(1)
    assert np.allclose(energy["share_alone"], energy["share_total"])
    spread = {"voltage_V": 2 * np.log([0.7, 0.5, 0.6]), "bits_per_cell": np.log([4, 1, 2])}
    total = sum(np.var(v) for v in spread.values())
    for name, logs in spread.items():
        assert energy.loc[name, "share_alone"] == pytest.approx(np.var(logs) / total)
    assert energy.loc["cols", "share_total"] == pytest.approx(0)


def test_what_acts_together_counts_in_total_only():
    table = questions.effects(factorial())
    latency = table[table["quantity"] == "latency_net0"].set_index("parameter")
    assert latency.loc["cols", "share_total"] > latency.loc["cols", "share_alone"] > 0
    assert latency["share_alone"].sum() < 1 < latency["share_total"].sum()


def test_the_cost_front_is_that_of_brute_force():
    nodes = Ordinal("technology_nm", (7, 14))
    space = replace(SMALL, parameters=(nodes, *SMALL.parameters))
    problem = AcceleratorProblem(
        FakeEvaluator(space, 2), area_limit_m2=1.0, cost_per_cm2={7: 300.0, 14: 150.0}
    )
    enumerated = EnumeratedStudy.of(problem, largest=1)
    rows = enumerated.joint
    levels = enumerated.levels(rows)
    worst = enumerated.edap[rows].max(axis=1)
    points = np.column_stack([problem.cost(levels, enumerated.area_m2[rows]), worst])

    def front(some):
        distinct = {tuple(p) for p in some.tolist()}
        # In order of cost, then EDAP: a point is kept if it has less EDAP than all before it.
        kept, least = set(), np.inf
        for price, edap in sorted(distinct):
            if edap < least:
                kept.add((price, edap))
                least = edap
        return kept

    table = questions.cost_front(enumerated)
    for level, node in enumerate(nodes.values):
        part = table[table["technology_nm"] == node]
        result = set(part[["cost", "edap_max_J_s_mm2"]].itertuples(index=False, name=None))
        assert result == front(points[levels[:, 0] == level])
    on_front = table[table["on_front"]][["cost", "edap_max_J_s_mm2"]]
    assert set(on_front.itertuples(index=False, name=None)) == front(points)


def test_nodes_are_summed_up_from_their_fronts():
    front = pd.DataFrame(
        {
            "technology_nm": [7, 7, 14],
            "cost": [1.0, 4.0, 2.0],
            "edap_max_J_s_mm2": [9.0, 3.0, 8.0],
            "on_front": [True, True, False],
        }
    )
    nodes = questions.by_node(front).set_index("technology_nm")
    assert nodes.loc[7].tolist() == [3.0, 4.0, 1.0, 2]
    assert nodes.loc[14].tolist() == [8.0, 2.0, 2.0, 0]
