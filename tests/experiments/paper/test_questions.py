"""Aggregations, parameters, generality, cost and reductions: tables of all designs' costs."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from experiments.enumerated_study import EnumeratedStudy
from experiments.paper import questions
from experiments.paper.reductions import sequential
from experiments.publish import read_tables
from experiments.recorded import recorded_designs
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.space.parameters import Ordinal
from problems import RRAM, STUDIES
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


def test_the_cost_front_is_that_of_brute_force():
    nodes = Ordinal("technology_nm", (7, 14))
    space = replace(SMALL, parameters=(nodes, *SMALL.parameters))
    problem = AcceleratorProblem(
        FakeEvaluator(space, 2), area_limit_m2=1.0, cost_per_cm2={7: 300.0, 14: 150.0}
    )
    enumerated = EnumeratedStudy.from_problem(problem, largest=1)
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


def test_nodes_are_summed_up_from_their_fronts(published):
    tables = read_tables(published / questions.TECHNOLOGY)
    nodes = questions.by_node(tables["cost_front"])
    pd.testing.assert_frame_equal(nodes, tables["cost_nodes"].drop(columns="study"))


def test_from_the_largest_chip_the_levels_end_as_in_the_papers_notebook():
    """But for the buffer, which the notebook's last cell sets back by hand."""
    problem = STUDIES["four_workload_rram"].problem()
    space = problem.space
    ended = sequential(problem, "ela_max", np.array(space.shape) - 1)
    theirs = recorded_designs("four_workload_rram").set_index("design")
    theirs = theirs.loc["sequential from the largest"]
    decoded = {name: space.column(ended[None], name)[0] for name in space.names}
    same = [n for n in space.names if n != "glb_depth"]
    assert [decoded[n] for n in same] == [theirs[n] for n in same]


def test_our_model_meets_the_designs_the_paper_published():
    problem = STUDIES["four_workload_rram"].problem()
    frame = recorded_designs("four_workload_rram")
    assert len(frame) == 4
    levels = RRAM.encode({n: frame[n].to_numpy() for n in RRAM.names})
    metrics = problem.model.evaluate(levels)
    for w, name in enumerate(problem.workload_names):
        # Energies were printed with three digits per component and layer.
        assert metrics.energy_J[:, w] == pytest.approx(frame[f"energy_{name}_J"], rel=5e-3, abs=0)
        assert metrics.latency_s[:, w] == pytest.approx(frame[f"latency_{name}_s"], rel=1e-9, abs=0)
    assert metrics.area_m2 * 1e6 == pytest.approx(frame["area_mm2"], rel=1e-6, abs=0)
