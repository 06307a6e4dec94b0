"""A limit on the average power of a scenario: bounded, proven, and stated where it is broken."""

import numpy as np
import pytest

from imcmoo.answers.explain import explain
from imcmoo.api import Study
from imcmoo.exact.enumeration import Enumeration
from imcmoo.exact.smallest_chip import nothing_feasible
from imcmoo.problem.nearest import nearest, nearest_text
from imcmoo.scenario.service import NETWORK_POWER
from imcmoo.solve.certify import certify
from imcmoo.solve.check_certificate import Checker

SRAM = {
    "base": "sram_physical",
    "voltage_V": [0.8, 1.0],
    "rows": 128,
    "cols": 128,
    "active_rows": 128,
    "weight_coding": "differential",
    "input_slice_bits": 1,
    "input_coding": "levels",
    "adc_bits": 7,
    "columns_per_adc": [2, 8],
    "sample_and_hold": 1,
    "ping_pong": [0, 1],
    "tiles_per_group": [2, 8],
    "router_groups": 32,
    "glb_KiB": [256, 4096],
    "dram": "x64",
    "buffer_words": 1,
    "adc_noise": 10,
}
RRAM = {
    "base": "rram_physical",
    "rows": [256, 512],
    "cols": 512,
    "active_rows": 16,
    "bits_per_cell": 1,
    "weight_coding": "differential",
    "input_slice_bits": 1,
    "input_coding": "pulses",
    "columns_per_adc": [16, 64],
    "sample_and_hold": 0,
    "tiles_per_group": [16, 32],
    "router_groups": 32,
    "glb_KiB": 2048,
    "schedule": "layer",
    "buffer_words": 1,
    "adc_noise": 1,
}
SCENARIOS = {
    "sram, on": ("sram", SRAM, "mobilenet_v3_onnx", {"interrupt": "layer"}),
    "sram, gated": ("sram", SRAM, "mobilenet_v3_onnx", {"idle": "gated"}),
    "rram, on": ("rram", RRAM, "alexnet_onnx", {}),
}


@pytest.fixture(scope="module", params=SCENARIOS)
def study(request):
    """A study of the smallest chip, without a limit."""
    device, space, second, scenario = SCENARIOS[request.param]
    return Study(
        name="few",
        model="physical",
        device=device,
        deployment="together" if device == "rram" else "alone",
        space=space,
        criterion="area",
        baselines=False,
        networks=[
            {"source": "resnet18_onnx", "rate_Hz": 6},
            {"source": second, "rate_Hz": 3},
        ],
        scenario=scenario,
    )


def limited(study, limit):
    return study.replace(scenario=study.scenario_table.replace(max_average_power_W=limit))


@pytest.fixture(scope="module")
def powers(study):
    """Average power, W, and area, m², of the feasible designs without a limit."""
    problem = study.problem()
    levels, metrics = problem.feasible(problem.space.grid(problem.space.names))
    assert len(levels) > 3
    return metrics.values["average_power"], metrics.area_m2


@pytest.fixture(scope="module")
def within(study, powers):
    """The study with a limit that its smallest chip breaks, and the smallest area within it, m²."""
    power, area = powers
    limit = float((power.min() + power[area.argmin()]) / 2)
    assert power[area.argmin()] > limit
    return limited(study, limit), area[power <= limit].min()


def test_the_proven_smallest_chip_within_the_limit_is_that_of_all_designs(within):
    study, area = within
    (proven,) = certify(study, "area")
    assert proven.gap == 0
    assert proven.value == pytest.approx(1e6 * area, rel=1e-9)
    answer = Enumeration(study.problem()).answer()
    assert answer.optima["area"].value == pytest.approx(proven.value, rel=1e-9)
    checker = Checker(study)
    checker.claim(proven)
    assert checker.validate() > 0


def test_bounds_of_power_hold_for_random_designs(within):
    problem = within[0].problem()
    tree = problem.model.partials(problem.largest_area_m2)
    levels = problem.space.random(40, np.random.default_rng(0))
    power = problem.model.evaluate(levels).values[NETWORK_POWER]
    runs = np.isfinite(power).all(axis=1)
    assert runs.any()
    assert (np.ptp(power[runs], axis=1) == 0).all()
    for stage in range(tree.bound_from, len(tree.stages) + 1):
        bound = tree.bound(tree.ancestors(levels[runs], stage)).values[NETWORK_POWER]
        assert (bound <= power[runs] * (1 + 1e-9)).all()
        assert (bound > 0).all()


def test_a_network_alone_is_limited_by_the_power_of_a_chip_for_it(within):
    model = within[0].cost_model()
    levels = within[0].space.random(10, np.random.default_rng(1))
    separately = model.time_multiplexed().evaluate(levels).values[NETWORK_POWER]
    for w, name in enumerate(model.workload_names):
        alone = model.time_multiplexed().for_network(name).evaluate(levels)
        expected = alone.values["average_power"]
        runs = np.isfinite(expected) & np.isfinite(separately[:, w])
        assert separately[runs, w] == pytest.approx(expected[runs], rel=1e-9)


def test_a_limit_that_no_chip_keeps_is_named_once_with_both_values(study, powers):
    most = float(0.999 * powers[0].min())
    strict = limited(study, most)
    problem = strict.problem()
    levels = problem.space.grid(problem.space.names)
    G = problem.score(levels, problem.model.evaluate(levels))[1]
    text = nearest_text(problem, nearest(problem, levels, G))
    assert text.count("max_average_power_W: ") == 1
    assert f"W against {most:g} W" in text


def test_the_least_power_is_named_where_only_its_limit_rules_all_chips_out(study, powers):
    least = powers[0].min()
    text = nothing_feasible(limited(study, float(least / 2)).problem())
    assert f"the least average power within all other limits is {least:.4g} W" in text
    assert f"above max_average_power_W = {least / 2:g}" in text


@pytest.mark.parametrize("study", ["sram, on"], indirect=True)
def test_the_least_power_is_not_named_where_chips_keep_the_limit_or_miss_another(study, powers):
    least = powers[0].min()
    # After a search that found no design that there is.
    assert "least average power" not in nothing_feasible(limited(study, 2 * float(least)).problem())
    with_load = limited(study, float(least / 2)).replace(
        networks=[{"source": n.source, "rate_Hz": 1e6} for n in study.networks]
    )
    assert "least average power" not in nothing_feasible(with_load.problem())


def test_a_limit_of_the_chip_has_one_row_in_an_explanation(study, powers):
    asked = limited(study, float(2 * powers[0].min()))
    levels = asked.space.random(1, np.random.default_rng(0))
    (explanation,) = explain(asked.problem(), asked.resolved_criterion, levels, [("one",)])
    limits = explanation.tables["limits"]
    (row,) = np.flatnonzero(limits["limit"] == "max_average_power_W")
    assert limits["network"][row] == ""
    # Other limits keep a row per network, in the order of the constraints.
    cells = limits[limits["limit"] == "cells"]["network"]
    assert cells.tolist() == asked.problem().workload_names


def test_a_study_without_the_limit_states_none(study):
    assert "max_average_power_W" not in study.to_config()["scenario"]
    metrics = study.cost_model().evaluate(study.space.random(1, np.random.default_rng(0)))
    assert NETWORK_POWER not in metrics.values
