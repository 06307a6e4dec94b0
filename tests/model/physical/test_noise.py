"""The signal-to-noise proxy against bit-sliced products of random operands."""

from dataclasses import replace

import numpy as np
import pytest

from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.layers import LayerTable
from imcmoo.model.physical.noise import Circuit, layer_noise
from imcmoo.networks import operands
from imcmoo.networks.operands import OperandBits
from imcmoo.networks.workloads import Workload, WorkloadSet
from tests.model.physical.bit_sliced import Array, product

TOLERANCE_DB = 1.5
K, M, N = 576, 200, 120


def histograms(kind):
    """Inputs and weights over 31 symmetric bins."""
    x = np.arange(-15, 16)
    weights = np.exp(-np.abs(x) / 3.0)
    inputs = np.where(x > 0, np.exp(-x / 4.0), np.where(x == 0, 1.5, 0.0))
    if kind == "signed":
        inputs = np.exp(-((x / 6.0) ** 2))
    return (inputs / inputs.sum())[None], (weights / weights.sum())[None]


def one_layer(kind):
    """A layer of K rows with these statistics."""
    inputs, weights = histograms(kind)
    resnet = Workload.load("resnet18")
    layer = replace(
        resnet,
        layers=("1",),
        kinds=("Conv2d",),
        shapes=np.array([[64, M, 7, 7, 3, 3, 1, 1]]),
        strides=resnet.strides[:1],
        input_bits=resnet.input_bits[:1],
        weight_bits=resnet.weight_bits[:1],
        name="one",
    )
    table = LayerTable.of_workloads(WorkloadSet((layer,)))
    return replace(table, operands=OperandBits.of_histograms(inputs, weights))


def operands_of(kind, rng):
    """Codes drawn from the histograms: inputs, weights, and the code of an input of 0."""
    inputs, weights = histograms(kind)
    codes = operands._offset_codes if kind == "signed" else operands._unsigned_codes
    x = rng.choice(256, (N, K), p=codes(inputs)[0])
    w = rng.choice(256, (K, M), p=operands._offset_codes(weights)[0]) - 128
    return x, np.maximum(w, -127), 128 if kind == "signed" else 0


CASES = [
    Array(active, slices, cell, differential, bits, sigma)
    for active, slices, cell, differential, bits, sigma in (
        (128, 1, 1, False, 4, 0.0),
        (128, 1, 2, False, 5, 0.0),
        (576, 2, 2, False, 6, 0.0),
        (64, 4, 3, False, 7, 0.0),
        (256, 8, 4, False, 8, 0.0),
        (128, 2, 2, True, 6, 0.0),
        (256, 4, 4, True, 7, 0.0),
        (64, 1, 3, True, 5, 0.0),
        (128, 1, 2, False, 10, 0.043),
        (128, 4, 4, False, 10, 0.011),
        (256, 2, 2, True, 10, 0.043),
        (128, 2, 1, True, 8, 0.02),
    )
]


@pytest.mark.parametrize("kind", ["rectified", "signed"])
@pytest.mark.parametrize("array", CASES, ids=str)
def test_the_proxy_agrees_with_a_simulation(array, kind):
    simulated, proxy = decibels(array, kind)
    assert proxy == pytest.approx(simulated, abs=TOLERANCE_DB)


def test_where_a_step_is_about_one_unit_the_proxy_is_pessimistic():
    """Below one unit nothing is lost, above the proxy takes a whole step's noise at once."""
    simulated, proxy = decibels(Array(128, 1, 1, False, 5), "rectified")
    assert proxy < simulated - TOLERANCE_DB
    circuit = Circuit(16, 1, 1, False)
    noise = layer_noise(one_layer("rectified"), circuit, [5], assumptions=Assumptions(), sigma=0.0)
    assert noise.adc[0, 0] == 0


def decibels(array, kind):
    """Signal to noise simulated, and by the proxy."""
    rng = np.random.default_rng(17)
    x, w, zero = operands_of(kind, rng)
    error = product(x, w, array, rng) - x @ w
    centred = w - w.mean()
    signal = np.mean(((x - zero) @ centred) ** 2.0)
    simulated = 10 * np.log10(signal / np.mean(error**2))
    circuit = Circuit(
        array.active_rows,
        array.input_slice_bits,
        array.bits_per_cell,
        array.differential,
    )
    noise = layer_noise(
        one_layer(kind), circuit, [array.adc_bits], assumptions=Assumptions(), sigma=array.sigma
    )
    proxy = 10 * np.log10(noise.signal / (noise.adc[0] + noise.device + noise.read))[0]
    return float(simulated), float(proxy)


def test_moments_are_those_of_the_codes():
    inputs, weights = histograms("rectified")
    moments = OperandBits.of_histograms(inputs, weights)
    p = operands._unsigned_codes(inputs)[0]
    for bits, width in ((8, 1), (8, 3), (8, 8), (6, 2), (5, 4)):
        means, squares = operands.slice_moments(moments.inputs, bits, width)
        codes = np.arange(256) >> (8 - bits)
        for i, low in enumerate(range(0, bits, width)):
            digits = (codes >> low) & (2 ** min(width, bits - low) - 1)
            assert means[0, i] == pytest.approx(p @ digits)
            assert squares[0, i] == pytest.approx(p @ digits**2)
