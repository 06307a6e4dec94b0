"""SNR of networks with data, from their own columns."""

from dataclasses import replace

import numpy as np
import pytest

from tests.extras import needs

needs("accuracy", "onnxruntime", "numba")

from imcmoo.accuracy.circuit_noise import CircuitNoise
from imcmoo.accuracy.own_statistics import layer_statistics
from imcmoo.api import Study
from imcmoo.model.physical.circuit import Circuit
from imcmoo.model.physical.model import PhysicalEvaluator, physical_model
from imcmoo.model.physical.noise.model import decibels, noise_of
from imcmoo.model.physical.parameters import ADC_WINDOWS
from imcmoo.networks.accuracy_data import AccuracyData, LayerData
from imcmoo.networks.workloads import WorkloadSet
from tests.model.physical.designs import DESIGN, columns
from tests.networks.accuracy_data import DATA

NETWORKS = ("resnet18", "mobilenet_v3")
CHIP = Circuit(64, 64, 1, 1, True, 3, 0.0073)


CHIPS = [
    {**DESIGN, "rows": 64, "active_rows": 64, "bits_per_cell": 1, "adc_bits": bits}
    for bits in (3, 4)
]


def data():
    """Accuracy data with two layers that ADCs of few bits disturb."""
    rng = np.random.default_rng(0)
    layers = []
    for old, columns_of in zip(DATA.layers, (24, 8), strict=True):
        inputs = np.maximum(rng.normal(0, 1, (1, 128, 100)), 0).astype(np.float32)
        weights = rng.normal(0, 1, (1, 100, columns_of)).astype(np.float32)
        numbers = 0.0, float(inputs.max()), 1.0, old.gain_white, old.gain_static
        layers.append(LayerData(old.name, weights, inputs, *numbers))
    return replace(DATA, layers=tuple(layers))


def by_columns(data, circuit):
    return CircuitNoise(None, by_columns=True)(data, circuit)


def executed(data, circuit):
    return CircuitNoise(None)(data, circuit)


def model(**options):
    networks = WorkloadSet.load(NETWORKS)
    settings = {"accuracy": {NETWORKS[0]: data()}, "circuit_noise": executed}
    space = Study.load("four_workload_sram_physical").space
    return physical_model(space, networks, **settings, **options)


def test_only_networks_with_data_get_the_snr_of_their_own_columns():
    chips = {n: np.array([c[n] for c in CHIPS]) for n in CHIPS[0]}
    usual, own = model(), model(own_noise=by_columns)
    before, after = usual.in_full(chips), own.in_full(chips)
    for part in ("snr_adc_dB", "snr_dev_dB", "snr_dB"):
        np.testing.assert_array_equal(getattr(before, part)[:, 1], getattr(after, part)[:, 1])
        assert (getattr(before, part)[:, 0] != getattr(after, part)[:, 0]).all()
    circuits = Circuit.of_designs(own.designs(chips), own._context.device, own.assumptions)
    expected = [by_columns(data(), c).sum(axis=1) for c in circuits]
    np.testing.assert_allclose(after.snr_adc_dB[:, 0], decibels(np.array(expected)[:, 0]))
    assert own.snr_sources == {NETWORKS[0]: "own data", NETWORKS[1]: "recorded operands"}
    # The model of a single network takes the network's own data, not those of another.
    alone = [own.for_network(name).in_full(chips).snr_dB[:, 0] for name in NETWORKS]
    np.testing.assert_array_equal(np.transpose(alone), after.snr_dB)


def test_layers_on_the_digital_unit_do_not_count():
    chips = columns(CHIPS[0])
    layer = WorkloadSet.load(NETWORKS).workloads[0].layers[0]
    named = replace(data().layers[0], name=layer)
    of_two = replace(data(), layers=(named, data().layers[1]))
    options = {"accuracy": {NETWORKS[0]: of_two}, "circuit_noise": executed}
    found = physical_model(
        "sram",
        WorkloadSet.load(NETWORKS),
        own_noise=by_columns,
        layers_digital={NETWORKS[0]: (layer,)},
        **options,
    ).in_full(chips)
    (circuit,) = Circuit.of_designs(
        model().designs(chips), model()._context.device, model().assumptions
    )
    adc, dev = by_columns(of_two, circuit)[:, 1]
    assert found.snr_dB[0, 0] == pytest.approx(decibels(adc + dev))


def test_noise_by_columns_is_near_the_executed_one_and_stored_beside_it(tmp_path):
    stored, known = CircuitNoise(tmp_path, by_columns=True), data()
    for change in ({}, {"input_bits": 6, "weight_bits": 6}, {"weight_clip": 0.7}):
        circuit = replace(CHIP, **change)
        noise, true = stored(known, circuit), executed(known, circuit)
        cut = executed(known, replace(circuit.without_errors(), weight_clip=circuit.weight_clip))
        total = true.sum(axis=0) - cut.sum(axis=0)
        assert np.abs(decibels(noise.sum(axis=0) / total)).max() < 1.5
        np.testing.assert_array_equal(noise, stored(known, circuit))
    assert len(list(tmp_path.iterdir())) == 3 * 8
    CircuitNoise(tmp_path)(known, CHIP)
    assert len(list(tmp_path.iterdir())) == 4 * 8


def test_cells_that_err_by_level_count_as_the_layer_programs_them():
    layer = data().layers[0]
    levels = Circuit(64, 64, 8, 2, True, 6, cell_errors="wan2022_1s")
    found = noise_of(layer_statistics(layer.weights.astype(float), layer, levels), levels)
    _, dev = executed(replace(data(), layers=(layer,)), levels)
    assert decibels(found.dev.sum() / dev[0]) == pytest.approx(0, abs=0.1)


def test_accuracy_data_of_a_file_are_equal_to_those_in_memory(tmp_path):
    data().write(tmp_path / "net.accuracy.npz")
    read = AccuracyData.read(tmp_path / "net.accuracy.npz")
    np.testing.assert_allclose(by_columns(read, CHIP), by_columns(data(), CHIP), rtol=0.05)


@pytest.mark.parametrize("stated", [{}, {"adc_window": np.array(["sigma"])}])
def test_windows_of_least_error_are_the_default_where_a_network_has_data(stated):
    chip = columns({n: v for n, v in CHIPS[0].items() if n != "adc_window"}) | stated
    generic = PhysicalEvaluator("sram", WorkloadSet.load(NETWORKS))
    expected = "sigma" if stated else "least_error"
    for measured in (model(), model().for_network(NETWORKS[1])):
        assert ADC_WINDOWS[measured.designs(chip).adc_window[0]] == expected
    assert ADC_WINDOWS[generic.designs(chip).adc_window[0]] == "sigma"
    space = model().space
    drawn = model()._decoded(space.random(3, np.random.default_rng(0)))
    assert (drawn.adc_window == ADC_WINDOWS.index("least_error")).all()
