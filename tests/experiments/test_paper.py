"""The full study: its tables follow from the EDAP of every design, its document from the tables."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments import questions
from experiments.claims import reproduction
from experiments.landscape import Landscape
from imcmoo import exhaustive
from problems.build import build

ROOT = Path(__file__).parent.parent.parent
PUBLISHED = ROOT / "results" / "published"


@pytest.fixture(scope="module")
def landscape():
    return Landscape.of(build("four_workload_rram")[0])


def test_the_landscape_has_the_exact_optima(landscape):
    problem = landscape.problem
    parts = [exhaustive.survey(problem, b) for b in exhaustive.stretches(problem)]
    optima = exhaustive.conclude(problem, parts).optima
    everything = range(len(landscape.workloads))
    for criterion in ("edap_max", "edap_mean", "edap_geomean", "regret_minimax"):
        index = landscape.best_for(everything, criterion)
        name = "regret_alone_minimax" if criterion == "regret_minimax" else criterion
        assert landscape.ranks[index] in optima[name].ranks
    own = [optima[f"alone_{name}"].value for name in landscape.workloads]
    assert landscape.own_best.tolist() == own


def test_a_design_for_fewer_networks_is_never_worse_for_them(landscape):
    everything = range(len(landscape.workloads))
    joint = landscape.edap[landscape.best_for(everything, "edap_mean")]
    for subset in ([0], [1, 2], [0, 2, 3]):
        own = landscape.edap[landscape.best_for(subset, "edap_mean")]
        assert own[subset].mean() <= joint[subset].mean()


def test_the_sequential_baseline_never_beats_the_joint_design(landscape):
    table = questions.joint_against_baselines(landscape, seed=1).set_index("design")
    assert (table["edap_max"].dropna() >= table.loc["joint, exact", "edap_max"]).all()
    assert np.isnan(table.loc["alone: mobilenet_v3", "edap_vgg16"])
    reductions = table["reduction_edap_max"].dropna()
    assert (reductions >= 0).all()


def test_some_value_of_every_parameter_costs_nothing(landscape):
    table = questions.sensitivity(landscape)
    over = [c for c in table if c.endswith("_over_best")]
    assert len(over) == 1 + len(landscape.problem.objective_names)
    assert (table.groupby("parameter")[over].min() == 1).all(axis=None)


def test_left_out_networks_are_judged_against_their_own_best(landscape):
    table = questions.leave_one_out(landscape, "edap_geomean")
    ratios = table[["unknown_over_own_best", "known_over_own_best"]].to_numpy()
    assert (ratios[~np.isnan(ratios)] >= 1).all()
    grown = questions.growing_sets(landscape, "edap_geomean", seed=1)
    sizes = grown.groupby("size").size()
    assert sizes.to_dict() == {1: 4 * 3, 2: 6 * 2, 3: 4}


@pytest.mark.skipif(not (PUBLISHED / "config.json").exists(), reason="nothing is published yet")
def test_the_document_is_what_the_published_tables_say():
    text = (ROOT / "docs" / "reproduction.md").read_text(encoding="utf-8")
    assert reproduction(PUBLISHED) == text


@pytest.mark.skipif(not (PUBLISHED / "config.json").exists(), reason="nothing is published yet")
def test_the_published_rram_tables_are_those_of_this_code(landscape):
    for name, table in (
        ("aggregations", questions.aggregations(landscape)),
        ("sensitivity", questions.sensitivity(landscape)),
    ):
        published = pd.read_csv(PUBLISHED / "four_workload_rram" / f"{name}.csv")
        pd.testing.assert_frame_equal(published, table, rtol=1e-9)
