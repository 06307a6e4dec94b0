"""A small network trained on scikit-learn's digits, run exactly and as an analog array runs it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.model.physical.simulated import closed_form, operands_of, product

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


def accuracy(network, data, circuit, rng):
    """Share of test images recognised with 8-bit operands, and the operands of each layer.

    Args:
        network: what to run.
        data: gives the test images.
        circuit: of the array that makes the products; None for exact ones.
        rng: draws the errors of the cells.
    """
    x, seen = data.test, []
    for index, weights in enumerate((network.first, network.second)):
        codes = np.rint(255 * x / x.max()).astype(np.int64)
        whole = np.rint(127 * weights / np.abs(weights).max()).astype(np.int64)
        seen.append((codes, whole))
        y = codes @ whole if circuit is None else product(codes, whole, circuit, rng)
        x = np.maximum(y, 0) if index == 0 else y
    return float(np.mean(x.argmax(axis=1) == data.test_digits)), seen


def closed_form_dB(operands, circuit):
    """The model's signal to noise of the whole network."""
    inverse = 0.0
    for codes, whole in operands:
        noise = closed_form(operands_of(codes, whole), len(whole), circuit)
        inverse += float(noise.adc[0] + noise.dev[0])
    return -10 * np.log10(inverse) if inverse > 0 else np.inf
