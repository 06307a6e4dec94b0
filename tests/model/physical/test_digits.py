"""Accuracy of a small trained network against the closed form's signal to noise, and its knee."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import spearmanr

from imcmoo.model.physical.circuit import Circuit
from imcmoo.model.physical.constraints import DEFAULT_SNR_ADC_DB
from tests.model.physical.digits import accuracy, closed_form_dB, load, train

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

IMAGES = 300
LOSS_AT_KNEE = 0.02


@pytest.fixture(scope="module", params=[0.0, 0.3], ids=["plain", "trained with noise"])
def curve(request):
    """Exact accuracy, and closed form (dB) and accuracy of random arrays, shape (2, n)."""
    data = load(np.random.default_rng(0))
    network = train(data, np.random.default_rng(1), noise=request.param)
    few = replace(data, test=data.test[:IMAGES], test_digits=data.test_digits[:IMAGES])
    exact, operands = accuracy(network, few, None, np.random.default_rng(2))
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
        share, _ = accuracy(network, few, circuit, np.random.default_rng(3))
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
