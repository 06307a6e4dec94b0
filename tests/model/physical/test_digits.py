"""Accuracy of a small network trained on scikit-learn's digits against their closed-form SNR."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from imcmoo.model.physical.circuit import Circuit
from imcmoo.model.physical.constraints import DEFAULT_SNR_ADC_DB
from tests.extras import needs
from tests.model.physical.simulated import closed_form, operands_of, product

needs("dev", "sklearn")

HIDDEN = 96
EPOCHS, BATCH, RATE = 20, 64, 2e-3
IMAGES = 300
LOSS_AT_KNEE = 0.02


def load(rng):
    """Images of 64 pixels, 0 to 1, and their digits: two thirds to train with, and the rest."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    order = rng.permutation(len(digits.target))
    images, target = digits.data[order] / 16.0, digits.target[order]
    n = 2 * len(target) // 3
    return (images[:n], target[:n]), (images[n:], target[n:])


def train(images, digits, rng, *, noise):
    """Two weight matrices with a rectifier between them, by Adam on the cross entropy.

    Every product has Gaussian noise, in standard deviations of the layer's products.
    """
    weights = [
        rng.standard_normal((64, HIDDEN)) / 8,
        rng.standard_normal((HIDDEN, 10)) / np.sqrt(HIDDEN),
    ]
    mean, square, step = [np.zeros_like(w) for w in weights], [np.zeros_like(w) for w in weights], 0
    for _ in range(EPOCHS):
        for batch in np.array_split(rng.permutation(len(images)), len(images) // BATCH):
            x, target = images[batch], np.eye(10)[digits[batch]]
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
    return weights


def accuracy(network, images, digits, circuit, rng):
    """Share of images recognised with 8-bit operands, and the operands of each layer.

    The array of the circuit makes the products, with errors of its cells; None for exact ones.
    """
    x, seen = images, []
    for index, weights in enumerate(network):
        codes = np.rint(255 * x / x.max()).astype(np.int64)
        whole = np.rint(127 * weights / np.abs(weights).max()).astype(np.int64)
        seen.append((codes, whole))
        y = codes @ whole if circuit is None else product(codes, whole, circuit, rng)
        x = np.maximum(y, 0) if index == 0 else y
    return float(np.mean(x.argmax(axis=1) == digits)), seen


def closed_form_dB(operands, circuit):
    """The model's signal to noise of the whole network."""
    inverse = 0.0
    for codes, whole in operands:
        noise = closed_form(operands_of(codes, whole), len(whole), circuit)
        inverse += float(noise.adc[0] + noise.dev[0])
    return -10 * np.log10(inverse) if inverse > 0 else np.inf


@pytest.fixture(scope="module", params=[0.0, 0.3], ids=["plain", "trained with noise"])
def curve(request):
    """Exact accuracy, and closed form (dB) and accuracy of random arrays, shape (2, n)."""
    training, others = load(np.random.default_rng(0))
    network = train(*training, np.random.default_rng(1), noise=request.param)
    few = [values[:IMAGES] for values in others]
    exact, operands = accuracy(network, *few, None, np.random.default_rng(2))
    rng = np.random.default_rng(5)
    points = []
    for _ in range(45):
        circuit = Circuit(
            rows=96,
            active_rows=int(rng.choice([16, 64, 96])),
            input_slice_bits=int(rng.choice([2, 4, 8])),
            bits_per_cell=int(rng.choice([2, 4])),
            differential=bool(rng.integers(2)),
            adc_bits=int(rng.integers(2, 9)),
            sigma=float(rng.choice([0.0, 0.02, 0.043, 0.1, 0.2])),
        )
        share, _ = accuracy(network, *few, circuit, np.random.default_rng(3))
        points.append((closed_form_dB(operands, circuit), share))
    return exact, np.array(points).T


def test_accuracy_is_kept_above_the_limit_and_follows_the_closed_form_below(curve):
    exact, (decibels, share) = curve
    above, below = decibels >= DEFAULT_SNR_ADC_DB, decibels < DEFAULT_SNR_ADC_DB
    far_below = decibels < DEFAULT_SNR_ADC_DB - 20
    assert min(above.sum(), far_below.sum()) >= 5
    assert np.all(share[above] >= exact - LOSS_AT_KNEE)
    assert np.all(share[far_below] < exact - 0.1)
    assert spearmanr(decibels[below], share[below]).statistic > 0.8
