"""SNR of a network's dot products: a proxy, not an accuracy.

Three sources: conversion (window and step), cells that hold a wrong value, reads that vary. What
is constant for a column is taken to be calibrated away. The lowest bits of the operands' moments
are guesses, see `imcmoo.networks.operands`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from imcmoo.model.metrics import Floats
from imcmoo.model.physical.action_counts import slice_maxima
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.cache import Arrays, KeyedCache
from imcmoo.model.physical.layers import LayerTable
from imcmoo.model.physical.memory_cells import MemoryCell
from imcmoo.model.physical.parameters import LIMITS, Designs
from imcmoo.networks.operands import OperandBits, slice_moments

HIGHEST_ADC_BITS = LIMITS["adc_bits"][1]


@dataclass(frozen=True)
class Circuit:
    """Parameters of a design that noise depends on, beside the resolution of its ADCs.

    Args:
        active_rows: read at once.
        input_slice_bits: d_x.
        bits_per_cell: b.
        differential: whether a weight is the difference of two cells.
    """

    active_rows: int
    input_slice_bits: int
    bits_per_cell: int
    differential: bool


@dataclass(frozen=True, eq=False)
class Noise:
    """Signal and noise power of every layer, in squares of the product of both LSBs.

    Args:
        signal: K E[X²] Var[W], shape (n_layers,).
        adc: of window and step of ADCs of several resolutions, shape (n, n_layers).
        device: of cells, shape (n_layers,).
        read: of reads, likewise.
    """

    signal: Floats
    adc: Floats
    device: Floats
    read: Floats


def layer_noise(
    layers: LayerTable,
    circuit: Circuit,
    adc_bits: Sequence[int],
    *,
    assumptions: Assumptions,
    sigma: float,
    unsigned_inputs: bool = True,
) -> Noise:
    """Noise of every layer of all networks.

    Args:
        layers: all n_layers occurrences count, moments differ.
        circuit: one design's.
        adc_bits: n resolutions.
        assumptions: window and read noise.
        sigma: spread of a cell as a share of its range.
        unsigned_inputs: whether inputs that are never negative are coded without offset.
    """
    n_layers = len(layers.distinct)
    rows = layers.rows[layers.distinct]
    precisions = np.column_stack([layers.input_bits, layers.weight_bits])[layers.distinct]
    parts = [np.zeros(n_layers), np.zeros((len(adc_bits), n_layers))]
    parts += [np.zeros(n_layers), np.zeros(n_layers)]
    for bits in np.unique(precisions, axis=0).astype(int):
        alike = np.flatnonzero((precisions == bits).all(axis=1))
        powers = _noise(
            layers.operands.take(alike),
            rows[alike],
            circuit,
            adc_bits,
            input_bits=int(bits[0]),
            weight_bits=int(bits[1]),
            assumptions=assumptions,
            sigma=sigma,
            unsigned_inputs=unsigned_inputs,
        )
        for part, value in zip(parts, powers, strict=True):
            part[..., alike] = value
    return Noise(*parts)


def _noise(
    operands: OperandBits,
    rows: Floats,
    circuit: Circuit,
    adc_bits: Sequence[int],
    *,
    input_bits: int,
    weight_bits: int,
    assumptions: Assumptions,
    sigma: float,
    unsigned_inputs: bool,
) -> tuple[Floats, Floats, Floats, Floats]:
    """Signal and the three noises of layers of one precision."""
    joint = operands.inputs if unsigned_inputs else operands.inputs_offset
    offset = operands.signed if unsigned_inputs else np.ones(len(rows), bool)
    width, cell = circuit.input_slice_bits, circuit.bits_per_cell
    x, xx = slice_moments(joint, input_bits, width)
    x_top = slice_maxima(input_bits, width)
    if circuit.differential:
        _, gg = slice_moments(operands.magnitudes, weight_bits - 1, cell)
        g = _signed_slice_means(operands.signed_magnitudes, weight_bits - 1, cell)
        g_top, sides, cells = slice_maxima(weight_bits - 1, cell), 2.0, 2.0
    else:
        g, gg = slice_moments(operands.weights, weight_bits, cell)
        g_top, sides, cells = slice_maxima(weight_bits, cell), 1.0, 1.0
    x_place, g_place = 4.0 ** (width * np.arange(len(x_top))), 4.0 ** (cell * np.arange(len(g_top)))
    active = np.minimum(circuit.active_rows, rows)
    spread = np.sqrt(
        active[:, None, None]
        * np.maximum(xx[:, :, None] * gg[:, None, :] - (x[:, :, None] * g[:, None, :]) ** 2, 0.0)
    )
    full = sides * active[:, None, None] * x_top[:, None] * g_top
    window = np.minimum(full, 2 * assumptions.adc_window_sigmas.value * spread)
    place = x_place[:, None] * g_place
    loud = window**2 * place
    quantised = [
        np.einsum("lij,lij->l", loud, window > 2.0**bits, optimize=False) / 12 / 4.0**bits
        for bits in adc_bits
    ]
    total, total_square = slice_moments(joint, input_bits, input_bits)
    weight, weight_square = slice_moments(operands.weights, weight_bits, weight_bits)
    zero = np.where(offset, 2.0 ** (input_bits - 1), 0.0)
    mean, square = total[:, 0], total_square[:, 0]
    errors = cells * (g_top**2 * g_place).sum()
    return (
        rows * (square - 2 * zero * mean + zero**2) * (weight_square - weight**2)[:, 0],
        np.ceil(rows / active) * np.array(quantised),
        rows * (square - mean**2) * sigma**2 * errors,
        rows * assumptions.read_sigma.value**2 * errors * (xx @ x_place),
    )


def _signed_slice_means(signed_bits: Floats, bits: int, width: int) -> Floats:
    """E[sign · slice] of magnitudes, least significant slice first, shape (n_layers, n_slices)."""
    means = []
    for low in range(0, bits, width):
        high = min(low + width, bits)
        place = 2.0 ** np.arange(high - low - 1, -1, -1)
        means.append(signed_bits[:, bits - high : bits - low] @ place)
    return np.stack(means, axis=1)


class NoiseModel:
    """SNR of every network, computed once per circuit.

    Args:
        layers: the networks' layers.
        assumptions: assumptions.
        device: whose cells they are.
        unsigned_inputs: as in `layer_noise`.
        perfect_cells: whether cells and reads are free of error.
    """

    def __init__(
        self,
        layers: LayerTable,
        assumptions: Assumptions,
        device: MemoryCell,
        *,
        unsigned_inputs: bool,
        perfect_cells: bool,
    ) -> None:
        self._layers = layers
        self._assumptions = assumptions
        self._sigma = 0.0 if perfect_cells else device.sigma(assumptions)
        self._unsigned = unsigned_inputs
        self._cache = KeyedCache(np.inf)

    def of(self, designs: Designs) -> Floats:
        """ADC SQNR, SNR from cell variation and compute SNR in dB, shape (n, 3, W)."""
        parts = (
            (designs.active_rows, 0),
            (designs.input_slice_bits, 4),
            (designs.bits_per_cell, 4),
            (designs.differential, 1),
        )
        keys = np.zeros(len(designs), np.int64)
        for values, bits in parts:
            keys = (keys << bits) | values.astype(np.int64)
        (store,), places = self._cache.of(keys, lambda index: self._work_out(designs.take(index)))
        return store[places, designs.adc_bits - 1]

    def _work_out(self, designs: Designs) -> Arrays:
        """SNR of each design's circuit, for ADCs of all resolutions, shape (n, 16, 3, W)."""
        snr = np.empty((len(designs), HIGHEST_ADC_BITS, 3, self._layers.n_networks))
        for at in range(len(designs)):
            circuit = Circuit(
                active_rows=int(designs.active_rows[at]),
                input_slice_bits=int(designs.input_slice_bits[at]),
                bits_per_cell=int(designs.bits_per_cell[at]),
                differential=bool(designs.differential[at]),
            )
            snr[at] = self._networks(circuit)
        return (snr,)

    def _networks(self, circuit: Circuit) -> Floats:
        """From Σ over a network's layers of noise over signal: dB, shape (resolutions, 3, W)."""
        layers = self._layers
        noise = layer_noise(
            layers,
            circuit,
            range(1, HIGHEST_ADC_BITS + 1),
            assumptions=self._assumptions,
            sigma=self._sigma,
            unsigned_inputs=self._unsigned,
        )
        static = ~layers.dynamic[layers.distinct]
        networks = np.eye(layers.n_networks)[layers.owner[layers.distinct]] * static[:, None]
        adc = (noise.adc / noise.signal) @ networks
        cells = np.broadcast_to(((noise.device + noise.read) / noise.signal) @ networks, adc.shape)
        return decibels(np.stack([adc, cells, adc + cells], axis=1))


def decibels(inverse: Floats) -> Floats:
    """SNR in dB of its inverse; infinite where there is no noise."""
    with np.errstate(divide="ignore"):
        power: Floats = -10 * np.log10(inverse)
    return power
