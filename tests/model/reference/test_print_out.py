"""What the reference prints: femtojoule per bit operation, with three significant digits."""

import numpy as np
import pytest

from imcmoo.model.reference.breakdown import _as_printed

ONE_MAC = np.ones((1, 8), dtype=np.int64)
OPERATIONS = 512
"""Bits of inputs times bits of weights times bits of outputs, for one multiplication."""


@pytest.mark.parametrize(
    ("femtojoule", "printed"),
    [(0.1234375, 0.123), (0.12351, 0.124), (98.76, 98.8), (1234.0, 1230.0), (5.0, 5.0)],
)
def test_three_digits_are_printed(femtojoule, printed):
    picojoule = np.full((1, 1, 1), femtojoule * OPERATIONS / 1000)
    found = _as_printed(picojoule, ONE_MAC, np.ones((1, 1)))
    assert found[0, 0, 0] == pytest.approx(printed * OPERATIONS * 1e-15, rel=1e-12, abs=0)


def test_operations_are_whole_ones_per_cycle():
    """Three multiplications in five cycles: 307 operations a cycle, so 1,535, not 1,536."""
    shape = np.array([[1, 3, 1, 1, 1, 1, 1, 1]])
    found = _as_printed(np.full((1, 1, 1), 1.535), shape, np.full((1, 1), 5.0))
    assert found[0, 0, 0] == pytest.approx(1.535e-12, rel=1e-12, abs=0)


def test_a_layer_that_does_not_run_costs_nothing():
    assert _as_printed(np.zeros((1, 1, 2)), ONE_MAC, np.zeros((1, 1))).tolist() == [[[0.0, 0.0]]]
