"""A small network trained on scikit-learn's digits, run exactly and as an analog array runs it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.layers import LayerTable
from imcmoo.model.physical.noise import Circuit, layer_noise
from imcmoo.networks.operands import OperandBits
from imcmoo.networks.workloads import Workload, WorkloadSet
from tests.model.physical.bit_sliced import product

Floats = NDArray[np.float64]

HIDDEN = 96
EPOCHS, BATCH, RATE = 60, 64, 2e-3


@dataclass(frozen=True)
class Data:
    """Images of 64 pixels between 0 and 1, and the digits they show."""

    train: Floats
    train_digits: NDArray[np.int64]
    test: Floats
    test_digits: NDArray[np.int64]


@dataclass(frozen=True)
class Network:
    """Two weight matrices with a rectifier between them."""

    first: Floats
    second: Floats


def load(rng):
    """Two thirds to train with, the rest to test with."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    order = rng.permutation(len(digits.target))
    images, target = digits.data[order] / 16.0, digits.target[order]
    n = 2 * len(target) // 3
    return Data(images[:n], target[:n], images[n:], target[n:])


def train(data, rng, *, noise):
    """Adam on the cross entropy, with Gaussian noise on every product while training.

    Args:
        data: what to train with.
        rng: draws weights, batches and noise.
        noise: standard deviation of the noise as a share of that of each layer's products.
    """
    weights = [
        rng.standard_normal((64, HIDDEN)) / 8,
        rng.standard_normal((HIDDEN, 10)) / np.sqrt(HIDDEN),
    ]
    mean, square, step = [np.zeros_like(w) for w in weights], [np.zeros_like(w) for w in weights], 0
    for _ in range(EPOCHS):
        for batch in np.array_split(rng.permutation(len(data.train)), len(data.train) // BATCH):
            x, target = data.train[batch], np.eye(10)[data.train_digits[batch]]
            a = x @ weights[0]
            a = a + noise * a.std() * rng.standard_normal(a.shape)
            h = np.maximum(a, 0)
            z = h @ weights[1]
            z = z + noise * z.std() * rng.standard_normal(z.shape)
            p = np.exp(z - z.max(axis=1, keepdims=True))
            d = (p / p.sum(axis=1, keepdims=True) - target) / len(batch)
            gradients = [x.T @ ((d @ weights[1].T) * (a > 0)), h.T @ d]
            step += 1
            for i, g in enumerate(gradients):
                mean[i] = 0.9 * mean[i] + 0.1 * g
                square[i] = 0.999 * square[i] + 0.001 * g**2
                scaled = mean[i] / (1 - 0.9**step), square[i] / (1 - 0.999**step)
                weights[i] = weights[i] - RATE * scaled[0] / (np.sqrt(scaled[1]) + 1e-8)
    return Network(*weights)


def accuracy(network, data, array, rng):
    """Share of test images recognised with 8-bit operands, and the operands of each layer.

    Args:
        network: what to run.
        data: gives the test images.
        array: what makes the products; None for exact ones.
        rng: draws the errors of the cells.
    """
    x, seen = data.test, []
    for index, weights in enumerate((network.first, network.second)):
        codes = np.rint(255 * x / x.max()).astype(np.int64)
        whole = np.rint(127 * weights / np.abs(weights).max()).astype(np.int64)
        seen.append((codes, whole))
        y = codes @ whole if array is None else product(codes, whole, array, rng)
        x = np.maximum(y, 0) if index == 0 else y
    return float(np.mean(x.argmax(axis=1) == data.test_digits)), seen


def proxy_dB(operands, array):
    """The model's signal to noise of the whole network."""
    circuit = Circuit(
        array.active_rows,
        array.input_slice_bits,
        array.bits_per_cell,
        array.differential,
    )
    inverse = 0.0
    for codes, whole in operands:
        table = _layer(codes, whole)
        noise = layer_noise(
            table, circuit, [array.adc_bits], assumptions=Assumptions(), sigma=array.sigma
        )
        inverse += float((noise.adc[0] + noise.device)[0] / noise.signal[0])
    return -10 * np.log10(inverse) if inverse > 0 else np.inf


def _layer(codes, whole):
    """A fully connected layer with the moments of these operands."""
    resnet = Workload.load("resnet18")
    layer = replace(
        resnet,
        name="digits",
        layers=("0",),
        kinds=("Linear",),
        shapes=np.array([[len(whole), whole.shape[1], 1, 1, 1, 1, 1, 1]]),
        strides=np.ones((1, 2), np.int64),
        input_bits=resnet.input_bits[:1],
        weight_bits=resnet.weight_bits[:1],
    )
    inputs = np.bincount(codes.ravel(), minlength=256)[None] / codes.size
    weights = np.bincount(whole.ravel() + 128, minlength=256)[None] / whole.size
    offset = np.concatenate([np.zeros((1, 128)), inputs.reshape(1, 128, 2).sum(axis=2)], axis=1)
    moments = OperandBits.of_codes(inputs, offset, weights, np.array([False]))
    return replace(LayerTable.of_workloads(WorkloadSet((layer,))), operands=moments)
