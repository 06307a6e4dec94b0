"""What the operands' statistics mean for energy: pulses sent and conductance they pass."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imcmoo.model.physical.layers import LayerTable
from imcmoo.networks.operands import slice_moments
from imcmoo.networks.workloads import BITS

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class OperandSums:
    """Sums over slices, averaged over the occurrences of each of L distinct layers.

    With x_i the value of input slice i and ḡ_j the mean conductance of the cells of weight slice
    j as a share of its range, summed over both cells of a differential pair.

    Args:
        pulses: E[Σ_i x_i] by input coding (natural, offset) and d_x − 1, shape (2, 8, L).
        conductances: Σ_j ḡ_j by weight coding (offset, differential) and b − 1, shape (2, 8, L).
        products: E[Σ_i x_i] · Σ_j ḡ_j, shape (2, 8, 2, 8, L).
    """

    pulses: Floats
    conductances: Floats
    products: Floats

    @classmethod
    def of_layers(cls, layers: LayerTable) -> OperandSums:
        """Compute them for a layer table."""
        operands = layers.operands
        input_bits = layers.input_bits[layers.distinct].astype(int)
        weight_bits = layers.weight_bits[layers.distinct].astype(int)
        inputs = [
            [_slice_sums(joint, input_bits, width) for width in range(1, BITS + 1)]
            for joint in (operands.inputs, operands.inputs_offset)
        ]
        weights = [
            [_slice_sums(joint, bits, width, shares=True) for width in range(1, BITS + 1)]
            for joint, bits in (
                (operands.weights, weight_bits),
                (operands.magnitudes, weight_bits - 1),
            )
        ]
        return cls(
            pulses=np.array([[layers.average(x) for x in coding] for coding in inputs]),
            conductances=np.array([[layers.average(g) for g in coding] for coding in weights]),
            products=np.array(
                [
                    [
                        [[layers.average(x * g) for g in coding] for coding in weights]
                        for x in inputs_of_coding
                    ]
                    for inputs_of_coding in inputs
                ]
            ),
        )


def _slice_sums(
    joint: Floats, bits: NDArray[np.int64], width: int, *, shares: bool = False
) -> Floats:
    """Σ over slices of their mean, or of their mean share of full scale, per layer.

    Args:
        joint: as in `OperandBits`, shape (n_layers, n_bits, n_bits).
        bits: precision of each layer, shape (n_layers,).
        width: bits per slice.
        shares: divide each slice by its own largest value.
    """
    sums = np.empty(len(bits))
    for precision in np.unique(bits):
        here = bits == precision
        means, _ = slice_moments(joint[here], int(precision), width)
        full = slice_maxima(int(precision), width) if shares else np.ones(means.shape[1])
        sums[here] = (means / full).sum(axis=1)
    return sums


def slice_maxima(bits: int, width: int) -> Floats:
    """Largest value of each slice, least significant first; the last may be shorter."""
    lows = np.arange(0, bits, width)
    maxima: Floats = 2.0 ** np.minimum(width, bits - lows) - 1
    return maxima
