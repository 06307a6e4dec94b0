"""ADC windows of least error of the product."""

from dataclasses import replace

import numpy as np
import pytest

from tests.extras import needs

needs("accuracy", "numba")

from imcmoo.accuracy import crossbar
from imcmoo.accuracy.lowering import MappedLayer
from imcmoo.accuracy.simulation import Calibration, SimulatedLayer
from imcmoo.model.physical.adc_window import CANDIDATE_SIGMAS
from imcmoo.model.physical.circuit import Circuit

BITS = range(3, 11)


def drawn(seed):
    """A random layer and circuit."""
    rng = np.random.default_rng(seed)
    groups = int(rng.choice([1, 1, 1, 2, 8]))
    rows, columns = int(rng.integers(8, 300 if groups == 1 else 60)), int(rng.integers(1, 64))
    weights = rng.standard_t(rng.choice([3, 8, 50]), (groups, rows, columns)) + rng.choice([0, 0.3])
    vectors = int(rng.choice([40, 128, 256]))
    inputs = rng.standard_t(rng.choice([3, 5, 50]), (groups, vectors, rows))
    inputs += rng.choice([0, 1.0]) * rng.normal(0, 1, (groups, vectors, 1))
    kind = rng.integers(4)
    if kind == 0:
        inputs = np.maximum(inputs, 0)
    elif kind == 1:
        inputs = np.abs(inputs) + 1
    elif kind == 2:
        inputs *= np.exp(rng.normal(0, 1, (groups, 1, rows)))
    macro = int(rng.choice([16, 32, 64, 128, 256]))
    circuit = Circuit(
        rows=macro,
        active_rows=int(rng.choice([macro, macro - 1, macro // 2])),
        input_slice_bits=int(rng.choice([1, 1, 2, 4])),
        bits_per_cell=int(rng.choice([1, 1, 2, 4])),
        differential=bool(rng.integers(2)),
        adc_bits=6,
        sigma=float(rng.choice([0, 0.0073, 0.043])),
        adc_window="least_error",
    )
    layer = MappedLayer("layer", "matrix", "x", "y", weights, None)
    return layer, Calibration(float(inputs.min()), float(inputs.max()), inputs), circuit


def noise_dB(layer, calibration, circuit, bits=BITS):
    """Noise over signal of the product on the calibration vectors, at least −40 dB."""
    simulated = SimulatedLayer(layer, circuit, calibration)
    simulated.program(0)
    noise = [adc + dev for adc, dev in simulated.at_resolutions(bits)]
    return np.maximum(10 * np.log10(np.maximum(noise, 1e-30)), -40)


def spectrum():
    """A Fourier transform of tones as matrix product, the front end of speech networks."""
    rng = np.random.default_rng(0)
    time, frequency = np.arange(128)[:, None], np.arange(32)
    phase = 2 * np.pi * time * frequency / 128
    window = np.hanning(128)[:, None]
    weights = np.concatenate([np.cos(phase) * window, np.sin(phase) * window], axis=1)[None]
    tones = rng.integers(1, 6, (100, 1))
    inputs = np.sin(2 * np.pi * tones * time.T / 128 + rng.uniform(0, 6, (100, 1)))
    inputs = (inputs * rng.uniform(0.2, 1, (100, 1)) + rng.normal(0, 0.02, (100, 128)))[None]
    layer = MappedLayer("layer", "matrix", "x", "y", weights, None)
    circuit = Circuit(128, 128, 1, 1, True, 6, 0.0073, adc_window="least_error")
    return layer, Calibration(float(inputs.min()), float(inputs.max()), inputs), circuit


def test_more_bits_and_another_rule_are_never_better_on_a_fourier_transform():
    layer, calibration, circuit = spectrum()
    noise = noise_dB(layer, calibration, circuit)
    assert np.diff(noise).max() <= 0.1
    of_sigma = noise_dB(layer, calibration, replace(circuit, adc_window="sigma"))
    assert (noise <= of_sigma + 0.1).all()

    assert noise[3] < of_sigma[3] - 3


@pytest.mark.parametrize("seed", [2, 15, 31, 66])
def test_more_bits_are_not_worse_on_some_random_layers(seed):
    assert np.diff(noise_dB(*drawn(seed))).max() <= 0.1


@pytest.mark.slow
def test_more_bits_are_not_worse_on_200_random_layers():
    assert max(np.diff(noise_dB(*drawn(seed))).max() for seed in range(200)) <= 0.1


@pytest.mark.parametrize("seed", [33, 83])
def test_no_width_that_all_slice_pairs_share_is_better(seed):
    """On these layers the descent from the best window of each pair ends with more noise."""
    rng = np.random.default_rng(seed)
    groups, rows = int(rng.choice([1, 4, 16])), int(rng.choice([9, 25]))
    columns = 1 if groups > 1 else int(rng.choice([8, 16]))
    weights = rng.standard_t(2, (groups, rows, columns))
    inputs = np.maximum(rng.standard_t(3, (groups, 100, rows)), -0.3)
    layer = MappedLayer("layer", "matrix", "x", "y", weights, None)
    calibration = Calibration(float(inputs.min()), float(inputs.max()), inputs)
    circuit = Circuit(64, 64, 2, 2, True, 6, 0.043, adc_window="least_error")
    noise = noise_dB(layer, calibration, circuit, range(3, 7))
    for width in CANDIDATE_SIGMAS:
        alike = replace(circuit, adc_window="sigma", window_sigmas=width)
        assert (noise <= noise_dB(layer, calibration, alike, range(3, 7)) + 1e-6).all()


@pytest.mark.parametrize("adc_noise", [0.0, 0.1])
def test_a_choice_on_few_vectors_is_not_worse_than_sigma_on_all(adc_noise, monkeypatch):
    layer, calibration, circuit = drawn(5)
    circuit = replace(circuit, adc_noise=adc_noise)
    of_sigma = noise_dB(layer, calibration, replace(circuit, adc_window="sigma"))
    monkeypatch.setattr(crossbar, "PRODUCTS", 1)
    monkeypatch.setattr(crossbar, "FEWEST_VECTORS", 3)
    allowed = 0.5 if adc_noise else 1e-6
    assert (noise_dB(layer, calibration, circuit) <= of_sigma + allowed).all()


@pytest.mark.parametrize("read_sigma", [0.0, 0.02])
def test_three_bits_alone_and_with_3_to_10_are_the_same(read_sigma):
    layer, calibration, circuit = drawn(5)
    made = []
    for bits in ([3], list(BITS), [10, 3, None]):
        simulated = SimulatedLayer(layer, replace(circuit, read_sigma=read_sigma), calibration)
        simulated.program(0)
        made.append(simulated.at_resolutions(bits)[bits.index(3)])
    assert made[0] == made[1] == made[2]


def test_vectors_without_large_sums_do_not_coarsen_the_steps_of_others():
    """A slice pair whose sums are 0 on most vectors has the same error in all windows there."""
    rng = np.random.default_rng(0)
    inputs = np.abs(rng.normal(0, 0.01, (1, 256, 64)))
    inputs[0, 0] *= 100
    weights = rng.normal(0, 1, (1, 64, 1000))
    layer = MappedLayer("layer", "matrix", "x", "y", weights, None)
    circuit = Circuit(64, 64, 1, 1, True, 6, adc_window="least_error")
    calibration = Calibration(0.0, float(inputs.max()), inputs)
    assert noise_dB(layer, calibration, circuit, [6])[0] <= -40


def test_the_share_of_clipped_sums_is_that_beyond_half_a_step():
    layer, calibration, circuit = spectrum()
    simulated = SimulatedLayer(layer, replace(circuit, adc_window="sigma"), calibration)
    simulated.manufacture(0)
    clipped = simulated.analyse().clipped
    assert 1e-3 < clipped < 0.05
    for lossless in ({"adc_bits": 9}, {"adc_bits": None}):
        simulated = SimulatedLayer(layer, replace(circuit, **lossless), calibration)
        simulated.manufacture(0)
        assert simulated.analyse().clipped == 0
