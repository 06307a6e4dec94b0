"""Products of integers on simulated arrays, and what the closed form says of their noise."""

from __future__ import annotations

import numpy as np

from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.noise.model import noise_of
from imcmoo.model.physical.noise.statistics import assumed_statistics
from imcmoo.networks.operands import OperandBits
from tests.extras import needs


def product(x, w, circuit, rng, *, zero=0):
    """(x − zero) @ w as an array with cell errors gives it, its columns calibrated.

    Args:
        x: unsigned 8-bit codes, shape (n, K).
        w: weights, −127 to 127, shape (K, M).
        circuit: of the array.
        rng: draws the errors of the cells, once.
        zero: code of 0.
    """
    needs("accuracy", "numba")
    from imcmoo.accuracy.crossbar import Crossbar

    crossbar, codes = Crossbar(w[None], circuit, zero=zero), x[None].astype(np.uint16)
    crossbar.program(rng)
    crossbar.calibrate(codes)
    return crossbar.multiply(codes)[0]


def operands_of(x, w, *, signed=False):
    """Frequencies of the codes of inputs and weights of one layer."""
    inputs = np.bincount(x.ravel(), minlength=256)[None] / x.size
    weights = np.bincount(w.ravel() + 128, minlength=256)[None] / w.size
    return from_codes(inputs, weights, signed=signed)


def from_codes(inputs, weights, *, signed=False):
    """Operands of one layer from how often each code occurs, shape (1, 256) each."""
    shifted = np.concatenate([np.zeros((1, 128)), inputs.reshape(1, 128, 2).sum(axis=2)], axis=1)
    return OperandBits.from_codes(
        inputs, inputs if signed else shifted, weights, np.array([signed])
    )


def closed_form(operands, rows, circuit, **assumed):
    """Noise over signal of one layer."""
    assumptions = Assumptions().having(**assumed)
    statistics = assumed_statistics(
        operands,
        np.array([float(rows)]),
        bits=(8, 8),
        slices=(circuit.input_slice_bits, circuit.bits_per_cell),
        differential=circuit.differential,
        assumptions=assumptions,
        cell_errors=circuit.cell_errors,
    )
    return noise_of(statistics, circuit)
