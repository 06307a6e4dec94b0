"""Networks executed on a chip."""

from dataclasses import replace

import numpy as np
import pytest

from tests.extras import needs

needs("accuracy", "onnxruntime", "numba")

from imcmoo.accuracy.simulation import Simulation, calibrate
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.circuit import Circuit
from imcmoo.model.physical.memory_cells import MEMORY_CELLS
from imcmoo.model.physical.parameters import LIMITS, TEXTS, Designs
from tests.accuracy.networks import LOSSLESS, cut, nsr
from tests.networks.onnx_import.models import exactly, node, tensor


def test_a_lossless_chip_gives_the_outputs_of_the_integers(simulated, inputs):
    for chip in (LOSSLESS, replace(LOSSLESS, differential=False)):
        simulation = simulated(chip)
        expected = simulation.run_integers(inputs)
        np.testing.assert_array_equal(simulation.run(inputs)["y"], expected["y"])
        assert all(each.adc == each.dev == 0 for each in simulation.analyse())


def test_layers_on_the_digital_unit_have_no_errors(network, calibration, inputs):
    chip = replace(LOSSLESS, adc_bits=2, sigma=0.3, weight_clip=0.5)
    names = [layer.name for layer in network.layers]
    for digital in (names, names[1:]):
        simulation = Simulation(network, chip, calibration, digital)
        simulation.manufacture(0)
        assert [e.layer for e in simulation.analyse() if e.adc == e.dev == 0] == digital
    simulation = Simulation(network, chip, calibration, names)
    simulation.manufacture(0)
    without = Simulation(network, LOSSLESS, calibration).run_integers(inputs)
    np.testing.assert_array_equal(simulation.run(inputs)["y"], without["y"])


def test_integers_of_many_bits_give_the_outputs_of_the_float_network(network, simulated, inputs):
    expected = network.run_whole(inputs)
    errors = {}
    for bits in (6, 8, 14):
        chip = replace(LOSSLESS, input_bits=bits, weight_bits=bits, adc_bits=None)
        simulation = simulated(chip)
        errors[bits] = nsr(simulation.run_integers(inputs), expected)
    assert errors[14] < 1e-6
    assert errors[6] == pytest.approx(16 * errors[8], rel=0.5)


def test_calibration_knows_the_inputs_of_each_layer(network, calibration, inputs):
    assert calibration["dense"].lowest == pytest.approx(inputs["x"].min())
    assert calibration["depthwise"].lowest == 0
    assert {name: c.vectors.shape for name, c in calibration.items()} == {
        "dense": (1, 256, 27),
        "depthwise": (4, 160, 9),
        "first": (1, 40, 16),
        "second": (1, 40, 16),
    }


def test_a_channel_without_weights_has_no_noise(tmp_path):
    weights = np.random.default_rng(0).normal(0, 1, (16, 4)).astype(np.float32)
    weights[:, 1] = 0
    nodes, stored = [node("MatMul", "xw", "y", name="only")], [exactly("w", weights, np.float32)]
    network = cut(tmp_path, nodes, [tensor("x", ("n", 16))], stored)
    x = {"x": np.random.default_rng(1).normal(0, 1, (60, 16)).astype(np.float32)}
    calibration = calibrate(network, [x], np.random.default_rng(0))
    for coding in (True, False):
        chip = replace(LOSSLESS, adc_bits=3, sigma=0.1, differential=coding)
        simulation = Simulation(network, chip, calibration)
        simulation.manufacture(0)
        outputs = simulation.run(x)["y"]
        assert outputs[:, 0].any()
        assert not outputs[:, 1].any()


@pytest.mark.parametrize(
    "errors", [{"sigma": 0.03}, {"stuck_share": 0.3}, {"sigma": 0.03, "reference_columns": 1.0}]
)
def test_without_adcs_all_noise_is_that_of_cells(simulated, errors):
    chip = replace(LOSSLESS, adc_bits=None, **errors)
    chips = [simulated(chip, seed).analyse() for seed in range(8)]
    for layer in zip(*chips, strict=True):
        total = np.mean([each.adc + each.dev for each in layer])
        dev = np.mean([each.dev for each in layer])
        assert 0.75 < dev / total <= 1


def test_coarser_adcs_err_more(simulated, inputs):
    errors = []
    for bits in (8, 7, 6, 5):
        simulation = simulated(replace(LOSSLESS, adc_bits=bits, adc_window="sigma"))
        errors.append(nsr(simulation.run(inputs), simulation.run_integers(inputs)))
    assert errors == sorted(errors)
    assert errors[-1] > 1e-3


def test_layers_that_share_their_weights_share_their_cells(simulated):
    simulation = simulated(replace(LOSSLESS, sigma=0.05))
    first, second, dense = (simulation._layers[n] for n in ("first", "second", "dense"))
    np.testing.assert_array_equal(first._crossbar._cells, second._crossbar._cells)
    assert first._crossbar._cells.shape != dense._crossbar._cells.shape


def test_chips_differ_by_their_seed(simulated, inputs):
    chip = replace(LOSSLESS, sigma=0.05)
    outputs = [simulated(chip, seed).run(inputs)["y"] for seed in (0, 0, 1)]
    np.testing.assert_array_equal(outputs[0], outputs[1])
    assert np.abs(outputs[0] - outputs[2]).max() > 1e-3


def test_a_design_of_the_physical_model_gives_its_chip():
    columns = {name: np.array([low]) for name, (low, _) in LIMITS.items()}
    columns |= {name: np.array([0]) for name in TEXTS} | {"voltage_V": np.array([0.9])}
    columns |= {"rows": [256], "active_rows": [128], "bits_per_cell": [2], "adc_bits": [7]}
    columns |= {"input_slice_bits": [4], "weight_coding": ["differential"], "adc_noise": [12]}
    designs = Designs.of_columns(columns)
    assumptions = Assumptions().having(adc_window_sigmas=5, rram_sigma=0.02, rram_read_sigma=0.01)
    assumptions = assumptions.having(rram_stuck_share=1e-4)
    assert Circuit.of_designs(designs, MEMORY_CELLS["rram"], assumptions) == [
        Circuit(
            rows=256,
            active_rows=128,
            bits_per_cell=2,
            input_slice_bits=4,
            differential=True,
            adc_bits=7,
            sigma=0.02,
            read_sigma=0.01,
            stuck_share=1e-4,
            window_sigmas=5,
            adc_noise=0.12,
        )
    ]
    with pytest.raises(ValueError, match="1 for SRAM"):
        Circuit.of_designs(designs, MEMORY_CELLS["sram"], assumptions)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"active_rows": 65}, "active_rows must be 1 to 64"),
        ({"weight_clip": 0.0}, "weight_clip must be above 0"),
        ({"input_bits": 1}, "input_bits must be 2 to 16"),
        ({"redundancy": 0}, "redundancy must be 1 to 4"),
        ({"reference_columns": -1}, "reference_columns must be at least 0 and finite, got -1"),
        ({"stuck_share": 1.1}, "stuck_share must be 0 to 1, got 1.1"),
        ({"adc_noise": -0.1}, "adc_noise must be at least 0 and finite, got -0.1"),
        ({"adc_window": "narrow"}, "adc_window 'narrow' is not one of"),
    ],
)
def test_chips_that_cannot_be_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        replace(LOSSLESS, **change)
