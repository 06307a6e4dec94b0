"""Limits of predicted accuracy are kept by enumeration and by certificates."""

import numpy as np
import pytest

from imcmoo.model.physical.model import physical_model
from imcmoo.model.physical.predicted_accuracy import PredictedAccuracy
from imcmoo.model.physical.settings import Operands
from imcmoo.networks.workloads import Workload
from imcmoo.problem.scores import edap
from problems import SRAM_EXTENDED
from tests.exact.certified_spaces import NETWORKS, agrees, enumerated, parts, study_on
from tests.model.physical.test_predicted_accuracy import DATA, scalar


def noise(data, circuit):
    """Noise that falls with ADC bits and row blocks, and shifts from one kind to the other."""
    adc = 2.0 ** (-2 * circuit.adc_bits) * circuit.active_rows**2 * circuit.input_slice_bits
    # Where row blocks fill a macro, its rows do not matter.
    filled = circuit.rows % circuit.active_rows == 0
    blocks = -(-300 // (circuit.active_rows if filled else circuit.rows))
    dev = 0.002 * circuit.bits_per_cell**2 * (1 + circuit.differential) * blocks
    return np.array([[adc, 0.1 * adc], [dev, 0.5 * dev]])


def drop(values):
    """The drop of a design by the plain formula, not by tables."""

    class Circuit:
        active_rows, rows = values["active_rows"], values["rows"]
        adc_bits, input_slice_bits = values["adc_bits"], values["input_slice_bits"]
        bits_per_cell = values["bits_per_cell"]
        differential = values["weight_coding"] == "differential"

    return DATA.float_score - scalar(noise(DATA, Circuit), 0.01)[0]


def problems(study, max_drop, **options):
    """A problem without a limit of accuracy, and with one of the first network."""
    limited = physical_model(
        study.space,
        study.network_set(),
        accuracy={NETWORKS[0]: DATA},
        max_accuracy_drop={NETWORKS[0]: max_drop},
        circuit_noise=noise,
        objectives=("accuracy_drop",),
        **options,
    )
    return study.problem(), study.problem(limited)


def limit_between(space):
    """An allowed drop that about half of the designs of a space keep."""
    levels = space.random(200, np.random.default_rng(0))
    values = {**{n: space.column(levels, n) for n in (*space.names, *space.fixed)}}
    drops = [
        drop({n: np.broadcast_to(v, 200)[i].item() for n, v in values.items()}) for i in range(200)
    ]
    return float(np.quantile(drops, 0.5)) + 1e-9


def test_a_limited_network_has_no_limits_on_snr_and_others_keep_theirs():
    study = study_on(SRAM_EXTENDED)
    data = {"accuracy": {NETWORKS[0]: DATA}, "circuit_noise": noise}
    free = study.problem(physical_model(study.space, study.network_set(), **data))
    _, limited = problems(study, 1.0)
    levels = study.space.random(300, np.random.default_rng(0))
    before, after = (p.model.resources(levels).resources for p in (free, limited))
    for name in ("snr", "compute_snr"):
        assert (before[name].missing > 0).any(axis=0).all(), name
        assert not after[name].missing[:, 0].any()
        np.testing.assert_array_equal(after[name].missing[:, 1], before[name].missing[:, 1])
    assert limited.model.compute_snr_limits_dB.tolist() == [-np.inf, 15.0]
    used = limited.model.resource_use(levels)
    assert not used["snr"][:, 0].any()
    assert used["snr"][:, 1].all()
    assert not np.array_equal(before["snr"].missing[:, 0], after["accuracy"].missing[:, 0])


@pytest.mark.parametrize(("max_drop", "passes"), [(0.25, 0.5), (0.0, 0.01)])
def test_where_chips_are_executed_twice_the_allowed_drop_passes(max_drop, passes):
    (study,) = parts("rram", 5, 1, 1200)
    _, limited = problems(study, max_drop, filter_factor=2.0)
    levels = study.space.random(300, np.random.default_rng(5))
    decoded = study.space.decode(levels)
    drops = np.array([drop({n: v[i].item() for n, v in decoded.items()}) for i in range(300)])
    missing = limited.model.resources(levels).resources["accuracy"].missing[:, 0]
    assert (missing == 0).any() == (max_drop > 0)
    np.testing.assert_allclose(missing, np.maximum(drops - passes, 0), atol=1e-12)
    used = limited.model.resource_use(levels)["accuracy"][:, 0]
    np.testing.assert_allclose(used, drops / passes)
    with pytest.raises(ValueError, match=r"max_accuracy_drop = 0 of .* costs"):
        problems(study, 0.0, filter_factor=9.0, input_bits=4)


CHANGED = {
    "weight_clip": {NETWORKS[1]: 0.7},
    "layers_digital": {NETWORKS[1]: Workload.load(NETWORKS[1]).layers[1:6:2]},
}
"""Settings of the second network, which has no data."""


@pytest.mark.parametrize(
    ("device", "options"),
    [
        pytest.param("rram", CHANGED, id="rram-changed"),
        pytest.param("sram", {}, id="sram-usual"),
        pytest.param("rram", {}, id="rram-usual", marks=pytest.mark.slow),
        pytest.param("sram", CHANGED, id="sram-changed", marks=pytest.mark.slow),
    ],
)
def test_certified_optima_under_a_limit_are_the_enumerated_ones(device, options):
    feasible = []
    for study in parts(device, 4, 1, 1200):
        _, limited = problems(study, limit_between(study.space), **options)
        feasible.append(agrees(limited))
    assert any(feasible)


@pytest.mark.parametrize("device", ["rram", "sram"])
def test_a_network_runs_where_it_ran_and_its_drop_is_allowed(device):
    (study,) = parts(device, 5, 1, 1200)
    space = study.space
    max_drop = limit_between(space)
    free, limited = problems(study, max_drop)
    levels = space.random(300, np.random.default_rng(5))
    unlimited = study.replace(compute_snr_limit_dB=-np.inf, adc_snr_limit_dB=-np.inf)
    before = unlimited.problem().model.evaluate(levels)
    usual, after = free.model.evaluate(levels), limited.model.evaluate(levels)
    decoded = space.decode(levels)
    drops = [drop({n: v[i].item() for n, v in decoded.items()}) for i in range(300)]
    allowed = np.array(drops) <= max_drop
    assert 0 < allowed.sum() < 300
    np.testing.assert_array_equal(after.runs[:, 0], before.runs[:, 0] & allowed)
    np.testing.assert_array_equal(after.runs[:, 1], usual.runs[:, 1])
    both = after.runs[:, 0]
    np.testing.assert_array_equal(after.energy_J[both, 0], before.energy_J[both, 0])
    np.testing.assert_allclose(after.values["accuracy_drop"][both, 0], np.array(drops)[both])
    missing = after.resources["accuracy"].missing[:, 0]
    np.testing.assert_allclose(missing, np.maximum(np.array(drops) - max_drop, 0), atol=1e-12)
    assert limited.model.data_digest != free.model.data_digest


def test_without_a_limit_no_evaluation_predicts_accuracy_but_a_breakdown_does(monkeypatch):
    study = study_on(SRAM_EXTENDED)
    problem = study.problem(
        physical_model(
            study.space, study.network_set(), accuracy={NETWORKS[0]: DATA}, circuit_noise=noise
        )
    )
    levels = problem.space.random(3, np.random.default_rng(0))
    predicted = []
    known = PredictedAccuracy.drops
    monkeypatch.setattr(
        PredictedAccuracy, "drops", lambda *given: predicted.append(1) or known(*given)
    )
    assert "accuracy_drop" not in problem.model.evaluate(levels).values
    problem.model.resources(levels)
    problem.model.resource_use(levels)
    assert not predicted
    assert problem.model.breakdown(levels).details["accuracy_drop"].shape == (3, len(NETWORKS))


@pytest.mark.parametrize(("points", "kept"), [(0.0, True), (0.04, True), (0.06, False)])
def test_where_no_drop_is_allowed_one_of_0_0_points_is_none(points, kept):
    start, decades = DATA.rounding[8, 8], points / 100 / (DATA.white[0] - DATA.white[1])
    adc = start * (10**decades - 1) / DATA.layers[0].gain_white
    study = study_on(SRAM_EXTENDED)
    model = physical_model(
        study.space,
        study.network_set(),
        accuracy={NETWORKS[0]: DATA},
        max_accuracy_drop={NETWORKS[0]: 0.0},
        circuit_noise=lambda *_: np.array([[adc, 0.0], [0.0, 0.0]]),
    )
    metrics = model.evaluate(study.space.random(1, np.random.default_rng(0)))
    missing = metrics.resources["accuracy"].missing[0, 0]
    assert missing == pytest.approx(0 if kept else points / 100)


@pytest.mark.parametrize("device", ["rram", "sram"])
def test_a_single_network_optimum_is_of_a_chip_with_the_precision_of_that_network(device):
    (study,) = parts(device, 6, 1, 600)
    space, usual = study.space, study.cost_model()
    bits = Operands(input_bits=(8, 4), weight_bits=(8, 4))
    model = type(usual)(space, study.network_set(), operands=bits)
    problem = study.problem(model)
    optima = enumerated(problem)
    levels = space.unrank(np.arange(space.size))
    together = model.evaluate(levels)
    for w, name in enumerate(model.workload_names):
        alone = model.for_network(name).evaluate(levels)
        costs = [alone.values[n] for n in ("energy", "latency", "area")]
        edaps = edap(*costs)[alone.area_m2 <= problem.largest_area_m2, 0]
        assert optima[f"alone_{name}"].value == np.nanmin(edaps)
        runs = together.runs[:, w]
        narrower = alone.values["energy"][runs, 0] < together.values["energy"][runs, w]
        assert narrower.all() == (name == NETWORKS[1])


def test_an_objective_without_data_is_refused():
    study = study_on(SRAM_EXTENDED)
    with pytest.raises(ValueError, match="accuracy_drop needs accuracy data of a network"):
        type(study.cost_model())(SRAM_EXTENDED, study.network_set(), objectives=("accuracy_drop",))
