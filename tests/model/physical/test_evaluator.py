"""The physical model behind the seam: a study with it is searched, enumerated and judged."""

import numpy as np
import pytest

from imcmoo.exact.enumeration import Enumeration
from imcmoo.exact.regret import ExactRegret
from imcmoo.model.physical.constraints import CircuitLimits
from imcmoo.model.physical.model import PhysicalEvaluator, PhysicalModel
from imcmoo.networks.workloads import WorkloadSet
from imcmoo.search.algorithm import run_search
from imcmoo.space.design_space import DesignSpace
from imcmoo.space.parameters import Categorical, Conditional, Ordinal
from imcmoo.study.study import Study

SPACE = DesignSpace(
    "physical_sram",
    (
        Ordinal("voltage_V", (0.7, 0.8, 0.9)),
        Ordinal("rows", (64, 128, 256)),
        Ordinal("columns_per_adc", (4, 8, 16)),
        Ordinal("adc_bits", (3, 4, 6, 8)),
        Ordinal("router_groups", (2, 4, 8)),
    ),
    fixed={
        "device": "sram",
        "technology_nm": 22,
        "cols": 128,
        "active_rows": 32,
        "bits_per_cell": 1,
        "input_slice_bits": 1,
        "macros_per_tile": 16,
        "tiles_per_group": 8,
        "glb_KiB": 2048,
        "glb_banks": 4,
        "link_bits": 128,
        "dram": "x32",
        "schedule": "layer",
    },
)
ROWS = Ordinal("rows", (64, 128, 256))
DEVICE_SPACES = {
    device: DesignSpace(
        device,
        (
            Ordinal("technology_nm", (22, 32)),
            Ordinal("voltage_V", (0.7, 1.0)),
            ROWS,
            Conditional("active_rows", ROWS, {r: (r // 8, r) for r in ROWS.values}),
            Ordinal("bits_per_cell", bits),
            Ordinal("input_slice_bits", (1, 4)),
            Categorical("input_coding", ("levels", "pulses")),
            Categorical("weight_coding", ("offset", "differential")),
            Ordinal("adc_bits", (5, 8)),
            Ordinal("columns_per_adc", (1, 8)),
            Ordinal("sample_and_hold", (0, 1)),
            Ordinal("tiles_per_group", (2, 32)),
            Ordinal("router_groups", (4, 64)),
            Ordinal("glb_KiB", (256, 8192)),
            Ordinal("link_bits", (32, 512)),
            Categorical("dram", ("none", "x32")),
            Categorical("schedule", ("layer", "pipelined")),
        ),
        fixed={"device": device, "cols": 256, "macros_per_tile": 16, "glb_banks": 4},
    )
    for device, bits in (("rram", (1, 2, 4)), ("sram", (1,)))
}
NETWORKS = ("resnet18", "alexnet")
STUDY = Study("physical", SPACE, NETWORKS, model="physical")


@pytest.fixture(scope="module")
def problem():
    return STUDY.problem()


def test_figures_are_those_of_the_model(problem):
    levels = SPACE.unrank(np.arange(SPACE.size))
    ours = problem.model.evaluate(levels)
    plain = PhysicalModel(WorkloadSet.load(NETWORKS), device="sram")
    theirs = plain.evaluate(SPACE.decode(levels))
    np.testing.assert_allclose(ours.area_m2, theirs.area_m2, rtol=1e-14)
    runs = ours.runs
    assert 0 < runs.all(axis=1).sum() < SPACE.size
    np.testing.assert_allclose(ours.energy_J[runs], theirs.energy_J[runs], rtol=1e-12)
    np.testing.assert_allclose(ours.latency_s[runs], theirs.latency_s[runs], rtol=1e-12)
    assert (theirs.snr_adc_dB[runs] >= 16).all()
    assert np.isnan(ours.energy_J[~runs]).all()


def test_a_study_is_enumerated_searched_and_judged(problem):
    enumeration = Enumeration(problem)
    answer = enumeration.merge([enumeration.evaluate_chunk(b) for b in enumeration.chunks()])
    levels = SPACE.unrank(np.arange(SPACE.size))
    F, G = problem.evaluate(levels)
    feasible = (G <= 0).all(axis=1)
    assert answer.n_feasible == feasible.sum()
    assert answer.optima["edap_max"].value == problem.costs(F[feasible]).edap.max(axis=1).min()
    archive = run_search(problem, budget=150, rng=np.random.default_rng(1)).archive
    regrets = ExactRegret(problem, answer).regrets(archive.F[archive.feasible])
    assert max(values.min() for values in regrets.values()) == 0


def test_one_network_alone_costs_what_it_costs_among_others(problem):
    levels = SPACE.unrank(np.arange(0, SPACE.size, 7))
    alone = problem.model.for_network("alexnet").evaluate(levels)
    among = problem.model.evaluate(levels)
    np.testing.assert_allclose(alone.latency_s[:, 0], among.latency_s[:, 1], rtol=1e-12)


@pytest.mark.parametrize("device", DEVICE_SPACES)
@pytest.mark.parametrize("schedule", ["layer", "pipelined"])
def test_a_design_costs_the_same_in_any_company(device, schedule):
    """To the last digit: a search in several processes must find what one process finds."""
    networks = ("resnet18", "mobilenet_v3", "vision_transformer_onnx", "gpt2_medium_onnx")
    model = PhysicalModel(WorkloadSet.load(networks), device=device)
    space = DEVICE_SPACES[device].fix("schedule", schedule)
    levels = space.random(301, np.random.default_rng(5))
    columns = space.decode(levels)
    together = model.evaluate(columns)
    assert together.runs.any()
    for n in (1, 2, 3, 7, 100):
        some = slice(11, 11 + n)
        alone = model.evaluate({name: values[some] for name, values in columns.items()})
        for name in ("energy_J", "latency_s", "interval_s", "power_W", "glb_bits", "dram_bits"):
            assert getattr(alone, name).tobytes() == getattr(together, name)[some].tobytes()


def test_a_breakdown_is_offered_behind_the_seam(problem):
    levels = SPACE.unrank(np.arange(0, SPACE.size, 50))
    model = problem.model
    parts, found = model.breakdown(levels), model.evaluate(levels)
    owner = np.array([name for name, _ in parts.layers])
    np.testing.assert_allclose(parts.area_m2.sum(axis=1), found.area_m2, rtol=1e-12)
    for w, name in enumerate(NETWORKS):
        energy = parts.energy_J[:, owner == name].sum(axis=(1, 2))
        runs = found.runs[:, w]
        np.testing.assert_allclose(energy[runs], found.energy_J[runs, w], rtol=1e-12)


@pytest.mark.parametrize("device", ["rram", "sram"])
def test_resources_are_those_of_an_evaluation_and_a_screen_never_sees_more_missing(device):
    space = DEVICE_SPACES[device]
    levels = space.random(3000, np.random.default_rng(0))
    model = Study("p", space, NETWORKS, model="physical").cost_model()
    quick, known = model.screen(levels), model.resources(levels)
    features = model._model.context.features
    assert not any(map(len, features)), "capacity shortfall is known without features"
    found = model.evaluate(levels)
    np.testing.assert_array_equal(known.area_m2, found.area_m2)
    np.testing.assert_array_equal(quick.area_m2, found.area_m2)
    for name in model.resource_names:
        exact, screened = known.resources[name], quick.resources[name]
        np.testing.assert_array_equal(exact.own, found.resources[name].own)
        np.testing.assert_array_equal(exact.missing, found.resources[name].missing)
        assert np.all(screened.missing <= exact.missing), name
    runs = found.runs
    assert 0 < runs.sum() < runs.size / 2
    assert np.all(quick.runs[runs])
    # Only designs on which some network runs are costed.
    assert len(features[0]) < len(levels) * 0.6
    plain = PhysicalModel(WorkloadSet.load(NETWORKS), device=device)
    theirs = plain.evaluate(space.decode(levels))
    np.testing.assert_allclose(found.latency_s[runs], theirs.latency_s[runs], rtol=1e-12)
    assert np.isnan(found.energy_J[~runs]).all()


@pytest.mark.parametrize("device", ["rram", "sram"])
def test_a_screen_depends_on_what_it_says_and_on_nothing_else(device):
    space = DEVICE_SPACES[device]
    levels = space.random(500, np.random.default_rng(1))
    model = Study("p", space, NETWORKS, model="physical").cost_model()
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


def test_a_space_without_a_device_is_refused():
    with pytest.raises(ValueError, match="must fix `device`"):
        Study("p", DesignSpace("s", SPACE.parameters), NETWORKS, model="physical").cost_model()


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
