"""The physical model by value indices of a space, as searches and proofs call it."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from imcmoo.api import Study
from imcmoo.exact.enumeration import Enumeration
from imcmoo.exact.regret import ExactRegret
from imcmoo.model.physical.chip import build_chip
from imcmoo.model.physical.constraints import MOST_DB, CircuitLimits, limit_use
from imcmoo.model.physical.model import PhysicalEvaluator
from imcmoo.networks.workloads import WorkloadSet
from imcmoo.search.algorithm import run_search
from imcmoo.space.design_space import DesignSpace
from imcmoo.space.parameters import Ordinal
from tests.model.physical.spaces import DEVICE_SPACES, NETWORKS, SPACE

STUDY = Study(name="physical", space=SPACE, networks=NETWORKS, model="physical")


@pytest.fixture(scope="module")
def problem():
    return STUDY.problem()


def test_figures_are_those_of_the_model_and_of_networks_alone(problem):
    levels = SPACE.unrank(np.arange(SPACE.size))
    ours = problem.model.evaluate(levels)
    plain = PhysicalEvaluator("sram", WorkloadSet.load(NETWORKS))
    theirs = plain.in_full(SPACE.decode(levels))
    np.testing.assert_allclose(ours.area_m2, theirs.area_m2, rtol=1e-14)
    runs = ours.runs
    assert 0 < runs.all(axis=1).sum() < SPACE.size
    np.testing.assert_allclose(ours.energy_J[runs], theirs.energy_J[runs], rtol=1e-12)
    np.testing.assert_allclose(ours.latency_s[runs], theirs.latency_s[runs], rtol=1e-12)
    assert (theirs.snr_adc_dB[runs] >= 16).all()
    assert np.isnan(ours.energy_J[~runs]).all()
    alone = problem.model.for_network("alexnet").evaluate(levels)
    np.testing.assert_allclose(alone.latency_s[:, 0], ours.latency_s[:, 1], rtol=1e-12)
    with pytest.raises(ValueError, match="must fix `device`"):
        Study(
            name="p", space=DesignSpace("s", SPACE.parameters), networks=NETWORKS, model="physical"
        ).cost_model()


@pytest.mark.parametrize("model", ["zigzag", "sar_noise"])
def test_a_space_of_several_noises_needs_adcs_that_pay_for_less(model):
    noises = Ordinal("adc_noise", (10, 20))
    space = replace(SPACE, parameters=(*SPACE.parameters, noises)).fix("adc_noise", 10)
    space = replace(space, fixed={**space.fixed, "adc_model": model})
    several = replace(
        space,
        parameters=(*SPACE.parameters, noises),
        fixed={n: v for n, v in space.fixed.items() if n != "adc_noise"},
    )
    PhysicalEvaluator(space, WorkloadSet.load(NETWORKS))
    if model == "sar_noise":
        PhysicalEvaluator(several, WorkloadSet.load(NETWORKS))
        return
    with pytest.raises(ValueError, match=r"space.adc_noise: .* needs adc_model = sar_noise only"):
        PhysicalEvaluator(several, WorkloadSet.load(NETWORKS))


def test_noise_of_a_network_alone_is_exactly_that_among_others():
    """It is worked out, or taken over from the model of all networks, which knows it or not."""
    levels = SPACE.unrank(np.arange(SPACE.size))
    joint = STUDY.cost_model()
    before = joint.for_network("alexnet").in_full(levels).snr_dB[:, 0]
    among = joint.in_full(levels).snr_dB[:, joint.workload_names.index("alexnet")]
    after = joint.for_network("alexnet").in_full(levels[::-1]).snr_dB[::-1, 0]
    assert np.isfinite(among).any()
    np.testing.assert_array_equal(before, among)
    np.testing.assert_array_equal(after, among)


def test_a_study_is_enumerated_searched_and_judged(problem):
    answer = Enumeration(problem).answer()
    levels = SPACE.unrank(np.arange(SPACE.size))
    F, G = problem.evaluate(levels)
    feasible = (G <= 0).all(axis=1)
    assert answer.n_feasible == feasible.sum()
    assert answer.optima["edap_max"].value == problem.costs(F[feasible]).edap.max(axis=1).min()
    archive = run_search(problem, budget=150, rng=np.random.default_rng(1)).archive
    regrets = ExactRegret(problem, answer).regrets(archive.F[archive.feasible])
    assert max(values.min() for values in regrets.values()) == 0


@pytest.mark.parametrize("device", DEVICE_SPACES)
@pytest.mark.parametrize("schedule", ["layer", "pipelined"])
def test_a_design_costs_the_same_in_any_company(device, schedule):
    """To the last digit: a search in several processes must find what one process finds."""
    networks = ("resnet18", "mobilenet_v3", "vision_transformer_onnx")
    model = PhysicalEvaluator(device, WorkloadSet.load(networks))
    space = DEVICE_SPACES[device].fix("schedule", schedule)
    levels = space.random(301, np.random.default_rng(5))
    columns = space.decode(levels)
    together = model.in_full(columns)
    assert together.has_capacity.any()
    for n in (1, 2, 3, 7, 100):
        part = slice(11, 11 + n)
        alone = model.in_full({name: values[part] for name, values in columns.items()})
        for name in ("energy_J", "latency_s", "interval_s", "power_W", "glb_bits", "dram_bits"):
            assert getattr(alone, name).tobytes() == getattr(together, name)[part].tobytes()


@pytest.mark.parametrize("device", ["rram", "sram"])
def test_resources_are_those_of_an_evaluation_and_a_screen_never_sees_more_missing(device):
    space = DEVICE_SPACES[device]
    levels = space.random(3000, np.random.default_rng(0))
    model = Study(name="p", space=space, networks=NETWORKS, model="physical").cost_model()
    quick, known = model.screen(levels), model.resources(levels)
    features = model._context.features
    assert not any(map(len, features)), "capacity shortfall is known without features"
    metrics = model.evaluate(levels)
    np.testing.assert_array_equal(known.area_m2, metrics.area_m2)
    np.testing.assert_array_equal(quick.area_m2, metrics.area_m2)
    for name in model.resource_names:
        exact, screened = known.resources[name], quick.resources[name]
        np.testing.assert_array_equal(exact.own, metrics.resources[name].own)
        np.testing.assert_array_equal(exact.missing, metrics.resources[name].missing)
        assert np.all(screened.missing <= exact.missing), name
    runs = metrics.runs
    assert 0 < runs.sum() < runs.size / 2
    assert np.all(quick.runs[runs])
    # Only designs on which some network runs are costed.
    assert len(features[0]) < len(levels) * 0.6


@pytest.mark.parametrize("device", ["rram", "sram"])
def test_a_screen_depends_on_what_it_says_and_on_nothing_else(device):
    space = DEVICE_SPACES[device]
    levels = space.random(500, np.random.default_rng(1))
    model = Study(name="p", space=space, networks=NETWORKS, model="physical").cost_model()
    relevant = np.array([name in model.screened_by for name in space.names])
    assert {name for name in space.names if name not in model.screened_by} == (
        {"link_bits", "schedule"} if device == "rram" else {"link_bits"}
    )
    whole, part = model.screen(levels), model.screen(levels * relevant)
    np.testing.assert_array_equal(whole.area_m2, part.area_m2)
    for name in model.resource_names:
        for which in ("own", "missing"):
            one, other = (getattr(m.resources[name], which) for m in (whole, part))
            np.testing.assert_array_equal(one, other)


def test_snr_to_spare_counts_up_to_the_largest_that_is_stated():
    snr = np.array([[429.0, np.inf, 40.0]])
    known = SimpleNamespace(
        snr_adc_dB=snr,
        snr_dB=snr,
        missing_cells=snr,
        level_sigmas=np.ones(1),
        ir_drop=np.ones(1),
        sampling=np.ones(1),
    )
    limits = CircuitLimits(snr_dB=15.0)
    spare = -10 * np.log10(limit_use(known, limits)["compute_snr"])
    assert spare[0] == pytest.approx([MOST_DB - 15, MOST_DB - 15, 25])
    with pytest.raises(ValueError, match="at most 100 dB"):
        CircuitLimits(snr_dB=200.0)


def test_stricter_limits_of_circuits_are_lacked_and_nothing_else_changes():
    networks = WorkloadSet.load(NETWORKS)
    strict = PhysicalEvaluator(SPACE, networks, limits=CircuitLimits(snr_adc_dB=25.0))
    default = PhysicalEvaluator(SPACE, networks)
    levels = SPACE.unrank(np.arange(0, SPACE.size, 7))
    one, two = (m.in_full(levels) for m in (default, strict))
    assert np.array_equal(one.energy_J, two.energy_J, equal_nan=True)
    missing = strict.evaluate(levels).resources["snr"].missing
    assert np.array_equal(missing <= 0, one.snr_adc_dB >= 25.0)
    assert (missing >= default.evaluate(levels).resources["snr"].missing).all()
    assert strict.for_network("alexnet").screen(levels).resources["snr"].missing.max() > 0
    assert strict.data_digest != default.data_digest


def test_the_chip_of_a_design_is_built_once(monkeypatch):
    built = []

    def counting(context, designs, point):
        built.append(len(designs))
        return build_chip(context, designs, point)

    space = DEVICE_SPACES["sram"]
    model = PhysicalEvaluator(space, WorkloadSet.load(NETWORKS))
    monkeypatch.setattr("imcmoo.model.physical.batch.build_chip", counting)
    assert model.evaluate(space.random(200, np.random.default_rng(2))).runs.any()
    assert sum(built) == 200


def test_a_device_in_place_of_a_space_takes_design_columns():
    space, networks = DEVICE_SPACES["rram"], WorkloadSet.load(NETWORKS)
    levels = space.random(50, np.random.default_rng(4))
    by_columns = PhysicalEvaluator("rram", networks)
    by_index = PhysicalEvaluator(space, networks)
    columns = space.decode(levels)
    found, expected = by_columns.in_full(columns), by_index.in_full(levels)
    np.testing.assert_array_equal(found.energy_J, expected.energy_J)
    parts = by_columns.breakdown(columns).energy_J
    np.testing.assert_array_equal(parts, by_index.breakdown(levels).energy_J)
    with pytest.raises(ValueError, match="device 'flash' is not one of rram, sram"):
        PhysicalEvaluator("flash", networks)
