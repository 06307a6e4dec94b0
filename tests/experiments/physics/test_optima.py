"""Exact optima as an architect looks at them, and what lies beyond the ends of the lists."""

from dataclasses import replace

import numpy as np
import pytest

from experiments.physics.boundary_sensitivity import NO_PART, best_with, boundary_table
from experiments.physics.optima import CRITERIA, optimum_table


@pytest.fixture(scope="module")
def optima(study, exact):
    return optimum_table(study, exact)


@pytest.fixture(scope="module")
def beyond(study, exact):
    return boundary_table(study, exact)


def test_an_optimum_has_the_score_of_the_exact_answer(study, exact, optima):
    edap = optima["energy_J"] * optima["latency_s"] * optima["area_mm2"]
    largest = edap[optima["criterion"] == "edap_max"].max()
    assert largest == pytest.approx(exact["edap_max"].value, rel=1e-12)
    assert set(optima["criterion"]) == set(CRITERIA)


def test_no_optimum_breaks_a_limit(optima):
    assert (optima["snr_adc_dB"] >= 16).all()
    assert (optima["area_mm2"] <= 800).all()
    assert (optima["W_per_mm2"] <= 1 + 1e-12).all()
    assert optima["adc_share"].between(0, 1, inclusive="neither").all()


def test_efficiency_and_throughput_are_of_the_same_operations(study, optima):
    macs = dict(zip(study.names, study.cost_model().macs, strict=True))
    operations = 2 * optima["workload"].map(macs) / 1e12
    assert np.allclose(optima["tops"], operations / optima["interval_s"], rtol=1e-12)
    assert np.allclose(optima["tops_per_W"], operations / optima["energy_J"], rtol=1e-12)


def test_every_list_an_optimum_ends_is_extended(study, exact, beyond):
    rows = beyond[beyond["criterion"] == "edap_max"]
    levels = study.space.unrank(exact["edap_max"].ranks[:1])
    design = {n: v[0] for n, v in study.space.decode(levels).items()}
    told = dict(zip(rows["parameter"], rows["extended"], strict=False))
    if design["voltage_V"] == 1.0:
        assert told["voltage_V"] == pytest.approx(1.2)
    assert ("rows" in told) == (design["rows"] in (64, 128))
    assert {"link_bits", "glb_banks", "macros_per_tile"} <= set(told)


def test_a_gain_is_that_of_a_design_the_model_says_exists(study, exact, beyond):
    row = beyond.query("criterion == 'edap_max' and parameter == 'link_bits'").iloc[0]
    wider = replace(study.space, fixed={**study.space.fixed, "link_bits": int(row["extended"])})
    problem = replace(study, space=wider).problem()
    levels = wider.unrank(np.arange(wider.size))
    F, G = problem.score(levels, problem.model.evaluate(levels))
    edap = problem.costs(F[(G <= 0).all(axis=1)]).edap.max(axis=1)
    optimum = exact["edap_max"].value
    # Near the optimum is not everywhere, and the optimum itself is near.
    assert edap.min() <= row["best"] * (1 + 1e-12)
    assert row["gain"] == pytest.approx(1 - row["best"] / optimum)
    same = levels[[int(exact["edap_max"].ranks[0])]]
    current = problem.costs(problem.score(same, problem.model.evaluate(same))[0]).edap.max()
    assert row["best"] <= current * (1 + 1e-12)


def test_a_value_without_a_chip_says_which_limit_it_misses(study, exact):
    levels = study.space.unrank(exact["edap_max"].ranks[:1])
    design = {n: v[0] for n, v in study.space.decode(levels).items()}
    for parameter, value, reason in (
        ("rows", 2048, NO_PART),
        ("input_slice_bits", 4, "ADC SQNR, compute SNR"),
    ):
        told = best_with(study, "edap_max", design, parameter, value, np.ones(2))
        assert told == (None, reason)


def test_minimax_regret_is_against_chips_of_their_own(exact, optima, beyond):
    chips = optima[optima["criterion"] == "regret_minimax"]
    regret = exact["regret_minimax"].value
    assert chips["over_own_best"].max() == pytest.approx(1 + regret, rel=1e-9)
    assert (optima["over_own_best"] >= 1 - 1e-9).all()
    rows = beyond[(beyond["criterion"] == "regret_minimax") & beyond["best"].notna()]
    assert np.allclose(rows["gain"], 1 - rows["best"] / (1 + regret))


def test_an_optimum_exploits_neither_cells_nor_noise_that_are_not_there(optima):
    assert (optima["snr_dB"] <= optima[["snr_adc_dB", "snr_dev_dB"]].min(axis=1) + 1e-9).all()
    assert (optima["occupied_share"] <= 1 + 1e-9).all()
    assert (optima["hbm2_share"] <= 1).all()
    assert (optima["area_periphery_mm2"] > optima["area_mm2"]).all()
    assert (optima["macros"] * optima["rows"] * optima["cols"] == optima["cells"]).all()
