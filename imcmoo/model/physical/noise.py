"""Signal to noise of a network's dot products: a proxy, not an accuracy.

Three sources: conversion (window and step), cells that hold a wrong value, reads that vary. What
is constant for a column is taken to be calibrated away. The lowest bits of the operands' moments
are guesses, see `imcmoo.networks.operands`.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.devices import Device
from imcmoo.model.physical.layers import LayerTable
from imcmoo.model.physical.operand_sums import slice_maxima
from imcmoo.model.physical.parameters import Designs
from imcmoo.networks.operands import slice_moments

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Circuit:
    """What of a design noise depends on.

    Args:
        active_rows: read at once.
        input_slice_bits: d_x.
        bits_per_cell: b.
        differential: whether a weight is the difference of two cells.
        adc_bits: b_a.
    """

    active_rows: int
    input_slice_bits: int
    bits_per_cell: int
    differential: bool
    adc_bits: int


@dataclass(frozen=True, eq=False)
class Noise:
    """Signal and noise power of every layer, in squares of the product of both LSBs.

    Args:
        signal: K E[X²] Var[W], shape (n_layers,).
        adc: of window and step of the converter, likewise.
        device: of cells, likewise.
        read: of reads, likewise.
    """

    signal: Floats
    adc: Floats
    device: Floats
    read: Floats


def layer_noise(
    layers: LayerTable,
    circuit: Circuit,
    *,
    given: Assumptions,
    sigma: float,
    unsigned_inputs: bool = True,
) -> Noise:
    """Noise of every layer of all networks.

    Args:
        layers: all n_layers occurrences count, moments differ.
        circuit: one design's.
        given: window and read noise.
        sigma: spread of a cell as a share of its range.
        unsigned_inputs: whether inputs that are never negative are coded without offset.
    """
    n_layers = len(layers.distinct)
    rows = layers.rows[layers.distinct]
    precisions = np.column_stack([layers.input_bits, layers.weight_bits])[layers.distinct]
    parts = [np.zeros(n_layers) for _ in range(4)]
    for bits in np.unique(precisions, axis=0).astype(int):
        here = np.flatnonzero((precisions == bits).all(axis=1))
        found = _noise(layers, here, rows[here], circuit, *bits, given, sigma, unsigned_inputs)
        for part, value in zip(parts, found, strict=True):
            part[here] = value
    return Noise(*parts)


def _noise(
    layers: LayerTable,
    here: Ints,
    rows: Floats,
    circuit: Circuit,
    input_bits: int,
    weight_bits: int,
    given: Assumptions,
    sigma: float,
    unsigned_inputs: bool,
) -> tuple[Floats, Floats, Floats, Floats]:
    """Signal and the three noises of layers of one precision."""
    operands = layers.operands.take(here)
    joint = operands.inputs if unsigned_inputs else operands.inputs_offset
    offset = operands.signed if unsigned_inputs else np.ones(len(here), bool)
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
    window = np.minimum(full, 2 * given.adc_window_sigmas.value * spread)
    step = window / 2.0**circuit.adc_bits
    quantised = np.where(step > 1, step**2 / 12, 0.0)
    total, total_square = slice_moments(joint, input_bits, input_bits)
    weight, weight_square = slice_moments(operands.weights, weight_bits, weight_bits)
    zero = np.where(offset, 2.0 ** (input_bits - 1), 0.0)
    mean, square = total[:, 0], total_square[:, 0]
    errors = cells * (g_top**2 * g_place).sum()
    return (
        rows * (square - 2 * zero * mean + zero**2) * (weight_square - weight**2)[:, 0],
        np.ceil(rows / active) * np.einsum("lij,i,j->l", quantised, x_place, g_place),
        rows * (square - mean**2) * sigma**2 * errors,
        rows * given.read_sigma.value**2 * errors * (xx @ x_place),
    )


def _signed_slice_means(signed_bits: Floats, bits: int, width: int) -> Floats:
    """E[sign · slice] of magnitudes, least significant slice first, shape (n_layers, n_slices)."""
    means = []
    for low in range(0, bits, width):
        high = min(low + width, bits)
        place = 2.0 ** np.arange(high - low - 1, -1, -1)
        means.append(signed_bits[:, bits - high : bits - low] @ place)
    return np.stack(means, axis=1)


class NoiseMemory:
    """Signal to noise of every network, worked out once per circuit.

    Args:
        layers: the networks' layers.
        given: assumptions.
        device: whose cells they are.
        unsigned_inputs: as in `layer_noise`.
        perfect_cells: whether cells and reads are free of error.
    """

    def __init__(
        self,
        layers: LayerTable,
        given: Assumptions,
        device: Device,
        *,
        unsigned_inputs: bool,
        perfect_cells: bool,
    ) -> None:
        self._layers = layers
        self._given = given
        self._sigma = 0.0 if perfect_cells else device.sigma(given)
        self._unsigned = unsigned_inputs
        self._lock = Lock()
        self._keys = np.empty(0, np.int64)
        self._known = np.empty((0, 3, layers.n_networks))

    def of(self, designs: Designs) -> Floats:
        """1/SNR of conversion, of cells and reads, and of all, shape (n, 3, W)."""
        key = designs.active_rows.astype(np.int64)
        for values, bits in (
            (designs.input_slice_bits, 4),
            (designs.bits_per_cell, 4),
            (designs.differential, 1),
            (designs.adc_bits, 5),
        ):
            key = (key << bits) | values.astype(np.int64)
        with self._lock:
            at = np.searchsorted(self._keys, key)
            last = len(self._keys) - 1
            if last < 0 or np.any(self._keys[np.minimum(at, last)] != key):
                self._learn(key)
                at = np.searchsorted(self._keys, key)
            known = self._known
        return known[at]

    def _learn(self, key: Ints) -> None:
        for new in np.setdiff1d(key, self._keys).tolist():
            circuit = Circuit(
                active_rows=new >> 14,
                input_slice_bits=new >> 10 & 15,
                bits_per_cell=new >> 6 & 15,
                differential=bool(new >> 5 & 1),
                adc_bits=new & 31,
            )
            at = int(np.searchsorted(self._keys, new))
            self._keys = np.insert(self._keys, at, new)
            self._known = np.insert(self._known, at, self._networks(circuit), axis=0)

    def _networks(self, circuit: Circuit) -> Floats:
        """Σ over a network's layers of noise over signal, shape (3, W)."""
        layers = self._layers
        noise = layer_noise(
            layers,
            circuit,
            given=self._given,
            sigma=self._sigma,
            unsigned_inputs=self._unsigned,
        )
        static = ~layers.dynamic[layers.distinct]
        owner = layers.owner[layers.distinct][static]
        cells = noise.device + noise.read
        sums = [
            np.bincount(owner, (part / noise.signal)[static], layers.n_networks)
            for part in (noise.adc, cells, noise.adc + cells)
        ]
        return np.array(sums)


def decibels(inverse: Floats) -> Floats:
    """SNR in dB of its inverse; infinite where there is no noise."""
    with np.errstate(divide="ignore"):
        power: Floats = -10 * np.log10(inverse)
    return power
