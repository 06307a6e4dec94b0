"""Sensitivity of a network to noise, and the accuracy that is predicted from it."""

from dataclasses import replace

import numpy as np
import pytest

from tests.extras import needs

needs("accuracy", "onnxruntime", "numba")
needs("dev", "sklearn")

import onnx
from onnx import helper, numpy_helper

from experiments.edge_networks.data import write_digits
from experiments.edge_networks.prediction import RRAM, chip
from imcmoo.accuracy import sensitivity
from imcmoo.accuracy.assess import Assessment
from imcmoo.accuracy.circuit_noise import CircuitNoise
from imcmoo.accuracy.sensitivity import Before, Probe, measure, steps
from imcmoo.networks.accuracy_data import AccuracyData
from tests.networks.accuracy_data import ABOUT

CHIP = chip(64, 2, 2, "differential", 5, RRAM)
HARSH = replace(CHIP, adc_bits=3)
NOISY = replace(CHIP, adc_bits=7, sigma=0.2)
CLIPPED = replace(CHIP, adc_bits=9, sigma=0.01, weight_clip=0.8)


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    return Assessment(*write_digits(tmp_path_factory.mktemp("digits")))


@pytest.fixture(scope="module")
def data(digits):
    done = []
    found = measure(digits, about=ABOUT, after_each=lambda: done.append(1))
    assert len(done) == steps(digits)
    return found


def predict(digits, data, design):
    return digits.predicted(design, data, CircuitNoise(None), allowed_drop=0.01)


def test_noise_of_the_last_layer_reaches_the_logits_unchanged(data):
    hidden, classes = data.layers
    assert classes.gain_white == pytest.approx(1, abs=0.25)
    assert classes.gain_static == pytest.approx(1, abs=0.35)
    assert 0 < hidden.gain_white < 1


def test_a_gain_from_the_samples_before_a_layer_is_that_from_the_inputs(digits, data):
    probe = Probe(digits)
    inputs = Before(0, digits.batches(slice(probe.probed)))
    assert [before.node for _, before in probe.walk()] == [0, 1]
    for layer, before in probe.walk():
        for static in (False, True):
            gains = [probe.gain(layer, b, static=static, draws=2) for b in (before, inputs)]
            assert gains[0] == gains[1]


def test_the_number_of_scored_samples_can_be_set(digits):
    assert measure(digits, about={}, scored=30).about["samples"] == 30
    assert Probe(digits, scored=10**6).scored == digits.samples


def test_curves_begin_at_the_float_score_and_never_rise(data):
    for curve in (data.white, data.static):
        assert curve[0] == pytest.approx(data.float_score, abs=0.02)
        assert curve[-1] < 0.5
        assert (np.diff(curve) <= 0).all()


def test_curves_end_where_nothing_is_left_to_lose(data):
    for gain, curve in (("gain_white", data.white), ("gain_static", data.static)):
        beyond = data.levels >= 10 * data.gains(gain).sum()
        assert len(set(curve[beyond])) == 1
        assert curve[beyond][0] < 0.3


def test_a_layer_before_a_logarithm_may_have_no_noise(digits, tmp_path):
    """Its inputs and weights are never negative; with noise its outputs are."""
    model = onnx.load(digits.path)
    names = [node.name for node in model.graph.node]
    del model.graph.node[names.index("classes") :]
    model.graph.node.extend(
        [
            helper.make_node("MatMul", ["h", "filters"], ["power"], name="filters"),
            helper.make_node("Add", ["power", "floor"], ["raised"]),
            helper.make_node("Log", ["raised"], ["logarithm"]),
            helper.make_node("Softmax", ["logarithm"], ["y"], axis=-1),
        ]
    )
    few = np.random.default_rng(0).random((48, 10)) < 0.02
    for name, values in (("filters", few), ("floor", [1e-6])):
        values = np.asarray(values, np.float32)
        model.graph.initializer.append(numpy_helper.from_array(values, name))
    path = tmp_path / "logarithm.onnx"
    onnx.save(model, path)
    found = measure(Assessment(path, digits.data_file), about=ABOUT)
    assert found.digital_only == ["filters"]
    assert np.isfinite(found.white).all()
    assert found.white[0] == pytest.approx(found.float_score, abs=0.05)


def test_of_a_large_network_each_chip_gets_its_share_of_the_samples(digits, data, monkeypatch):
    monkeypatch.setattr(sensitivity, "GAIN_MACS", 1)
    large = measure(digits, about={})
    for curve in ("white", "static"):
        np.testing.assert_allclose(getattr(large, curve), getattr(data, curve), atol=0.08)


def test_fewer_bits_round_more(data):
    assert data.rounding[4, 4] > data.rounding[6, 6] > data.rounding[8, 8] > 0


def test_without_noise_the_prediction_is_the_score_on_integers(digits, data):
    lossless = replace(CHIP, adc_bits=12, sigma=0.0)
    for bits in (8, 4):
        design = replace(lossless, input_bits=bits, weight_bits=bits)
        exact, _ = digits.on_chips(design, 1)
        predicted, _ = predict(digits, data, design)
        expected = min(exact.on_integers, exact.in_float)
        assert predicted.accuracy == pytest.approx(expected, abs=1e-9)
        assert predicted.on_integers == data.rounded[bits, bits] == exact.accuracy


@pytest.mark.parametrize("design", [CHIP, HARSH, NOISY, CLIPPED])
def test_prediction_agrees_with_exact_execution(digits, data, design):
    exact, _ = digits.on_chips(design, 3)
    predicted, _ = predict(digits, data, design)
    assert predicted.nsr_out_dB == pytest.approx(exact.nsr_out_dB, abs=1.5)
    assert predicted.accuracy == pytest.approx(exact.accuracy, abs=0.05)


def test_a_layer_on_the_digital_unit_adds_no_noise(digits, data):
    digital = Assessment(digits.path, digits.data_file, layers_digital=["classes"])
    exact, _ = digital.on_chips(HARSH, 3)
    predicted, errors = predict(digital, data, HARSH)
    assert [e.layer for e in errors if e.adc == e.dev == 0] == ["classes"]
    assert predicted.worst_layer == "hidden"
    assert predicted.nsr_out_dB == pytest.approx(exact.nsr_out_dB, abs=1.5)
    analog, _ = digits.on_chips(HARSH, 3)
    assert exact.nsr_out_dB < analog.nsr_out_dB - 2


def test_a_file_holds_all_that_predictions_need(data, tmp_path):
    path = tmp_path / "digits.accuracy.npz"
    data.write(path)
    read = AccuracyData.read(path)
    assert AccuracyData.read(path).fingerprint == read.fingerprint
    assert read.about["metric"] == "top1"
    # Only the vectors are stored at half precision.
    noise = [CircuitNoise(None)(each, CHIP) for each in (data, read)]
    np.testing.assert_allclose(*noise, rtol=0.05)
    for name in ("levels", "white", "static"):
        np.testing.assert_array_equal(getattr(read, name), getattr(data, name))
    assert (read.rounding, read.rounded) == (data.rounding, data.rounded)


@pytest.mark.parametrize("errors", [{}, {"adc_window": "least_error", "read_sigma": 0.02}])
def test_noise_of_a_circuit_is_kept(data, tmp_path, errors):
    folder = tmp_path / "kept"
    noise, chip = CircuitNoise(folder), replace(CHIP, **errors)
    noise(data, chip)
    # One execution gives the noise at other resolutions.
    assert len(list(folder.iterdir())) == 8
    for bits in (3, 5, 10):
        other = replace(chip, adc_bits=bits)
        np.testing.assert_array_equal(noise(data, other), CircuitNoise(None)(data, other))
    # Blocks of 64 rows are the same in macros of 64 and of 128.
    noise(data, replace(chip, rows=128))
    assert len(list(folder.iterdir())) == 8
    noise(data, replace(chip, rows=100))
    noise(data, replace(chip, adc_bits=12))
    assert len(list(folder.iterdir())) == 17
