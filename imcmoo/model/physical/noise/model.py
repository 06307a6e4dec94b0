"""Noise over signal of layers in circuits, and the SNR of networks.

Four sources: ADCs (noise, steps, and sums beyond the window), wrong cell values, read noise, and
integer rounding of operands (with clipped weights). Constant errors of a column are calibrated
away.

Formulas: docs/physical_model.md, section 7. In the code x are inputs, g weights, a the rows of a
block, dev cells and reads.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np

from imcmoo.arrays import Floats, Ints
from imcmoo.keyed_cache import Arrays, KeyedCache, Keys
from imcmoo.model.physical.circuit import Circuit
from imcmoo.model.physical.components import Technology
from imcmoo.model.physical.constraints import MOST_DB
from imcmoo.model.physical.layers import LayerTable
from imcmoo.model.physical.noise.row_blocks import MeasuredBlocks, RowBlocks, row_blocks
from imcmoo.model.physical.noise.statistics import Statistics, assumed_statistics
from imcmoo.model.physical.noise.windows import noise_of_windows
from imcmoo.model.physical.parameters import Designs, circuit_keys

CHUNK = 1 << 15
"""Sums computed at once; their arrays fit the cache."""


@dataclass(frozen=True, eq=False)
class Noise:
    """Noise over signal of layers, shape (n_layers,): of ADCs, of cells and reads, of rounding."""

    adc: Floats
    dev: Floats
    rounding: Floats


def noise_of(statistics: Statistics, circuit: Circuit) -> Noise:
    """Noise over signal of n layers; their statistics have the slices of the circuit."""
    adc, dev = noise_of_circuits(statistics, [circuit], np.array([circuit.adc_bits]))
    return Noise(adc[0, 0], dev[0, 0], statistics.rounding)


def noise_of_circuits(
    statistics: Statistics, circuits: Sequence[Circuit], adc_bits: Ints
) -> tuple[Floats, Floats]:
    """Noise over signal of ADCs, and of cells and reads, shape (n_bits, n_circuits, n_layers).

    Args:
        statistics: statistics of n_layers with the slices of the circuits.
        circuits: circuits that differ only in their rows; ADC bits are `adc_bits`. With measured
            columns each reads all rows of a block at once.
        adc_bits: resolutions for every circuit, shape (n_bits,).
    """
    s = statistics
    fewest = min(circuit.active_rows for circuit in circuits)
    assert s.columns is None or fewest >= s.rows.max(), "measured sums are of whole row blocks"
    at, layer, rows, count = _all_row_blocks(s.rows, circuits)
    # Circuits share row blocks, above all the last ones of layers.
    first, kind = _distinct(layer, rows)
    power = _power_of_blocks(s, layer[first], rows[first], circuits[0], adc_bits)
    shape = len(circuits), len(s.rows)
    index = at * len(s.rows) + layer
    adc, dev = (
        np.stack(
            [np.bincount(index, p[kind] * count, shape[0] * shape[1]).reshape(shape) for p in each]
        )
        for each in power
    )
    return adc / s.signal, dev / s.signal


def _power_of_blocks(
    statistics: Statistics, layer: Ints, rows: Floats, circuit: Circuit, adc_bits: Ints
) -> Floats:
    """Power that ADCs, and cells and reads, add to the product in row blocks, (2, n_bits, n)."""
    s, x, g = statistics, statistics.inputs, statistics.weights
    x_place = 4.0 ** (circuit.input_slice_bits * np.arange(len(x.maxima)))
    g_place = 4.0 ** (circuit.bits_per_cell * np.arange(len(g.maxima)))
    place = x_place[:, None] * g_place
    # Input slices use the same cell, so its errors add up to those of the whole code.
    coherence = s.input_variance / np.maximum((x.variance * x_place).sum(axis=1), 1e-300)
    power = np.empty((2, len(adc_bits), len(layer)))
    n = max(1, CHUNK // (place.size * len(adc_bits)))
    blocks_of: type[RowBlocks] = RowBlocks if s.columns is None else MeasuredBlocks
    for start in range(0, len(layer), n):
        chunk = slice(start, start + n)
        layers = layer[chunk]
        blocks = blocks_of(s, layers, rows[chunk], circuit)
        noises = noise_of_windows(blocks, adc_bits, coherence[layers])
        for sums, noise in zip(power, noises, strict=True):
            # Unlike a matrix product, a sum does not depend on the other row blocks.
            sums[:, chunk] = (noise * place).reshape(*noise.shape[:2], -1).sum(axis=-1)
    return power


def _all_row_blocks(rows: Floats, circuits: Sequence[Circuit]) -> tuple[Ints, Ints, Floats, Floats]:
    """Circuit, layer, length and number of all kinds of row blocks, shape (n,) each."""
    kinds = []
    for at, circuit in enumerate(circuits):
        for length, count in row_blocks(rows, circuit):
            layers = np.flatnonzero(count)
            kinds.append((np.full(len(layers), at), layers, length[layers], count[layers]))
    at_all, layer, length, count = (np.concatenate(v) for v in zip(*kinds, strict=True))
    return at_all, layer, length, count


def _distinct(layer: Ints, rows: Floats) -> tuple[Ints, Ints]:
    """Indices of distinct row blocks by layer and length, and the inverse, shape (n,)."""
    keys = layer * (int(rows.max()) + 1) + rows.astype(np.int64)
    _, first, kind = np.unique(keys, return_index=True, return_inverse=True)
    return first, kind


class NoiseModel:
    """SNR of every network, computed once per circuit.

    Args:
        layers: layers of the networks.
        technology: cells and their errors, ADC windows, and statistics of operands.
        own: by index of a network with data, its noise over signal of ADCs and of cells in a
            circuit, shape (2,); replaces that of assumed distributions. If None, there are none.
        part_of: model of several networks to reuse, and the index of the only network of `layers`
            in it. All else must be equal. If None, everything is computed.
    """

    def __init__(
        self,
        layers: LayerTable,
        technology: Technology,
        *,
        own: Mapping[int, Callable[[Circuit], Floats]] | None = None,
        part_of: tuple[NoiseModel, int] | None = None,
    ) -> None:
        self._part_of = part_of
        self._own = own or {}
        self._technology = technology
        self._cache = KeyedCache(np.inf)
        stored = np.flatnonzero(~layers.digital[layers.distinct])
        distinct = layers.distinct[stored]
        self._n_layers = len(stored)
        self._n_networks = layers.n_networks
        self._owner = layers.owner[distinct]
        precision = np.column_stack([layers.input_bits, layers.weight_bits])[distinct].astype(int)
        self._by_precision = [
            ((int(bits[0]), int(bits[1])), np.flatnonzero((precision == bits).all(axis=1)))
            for bits in np.unique(precision, axis=0)
        ]
        self._operands = layers.operands.take(stored)
        self._rows = layers.rows[distinct]
        self._statistics: dict[tuple[int, int, bool, str], list[Statistics]] = {}

    def with_technology(self, technology: Technology) -> NoiseModel:
        """The model of the same device with other assumptions; `self` if none decides noise."""
        if self._technology.has_noise_of(technology):
            return self
        model = copy(self)
        vars(model).pop("_snr_of_rounding", None)
        model._technology, model._part_of = technology, None
        model._cache, model._statistics = KeyedCache(np.inf), {}
        return model

    def snr_dB(self, designs: Designs) -> Floats:
        """SNR in dB of ADCs, of cell variation, of both, and of operand rounding, shape (n, 4,
        W)."""
        keys = circuit_keys(designs)

        def work_out(index: Ints) -> Arrays:
            return (self._work_out(designs.take(index), keys[index]),)

        (store,), places = self._cache.look_up(keys, work_out)
        return store[places]

    def _work_out(self, designs: Designs, keys: Keys) -> Floats:
        """SNR of each design's circuit, shape (n, 4, W)."""
        if self._part_of is None:
            return self._snr_of(designs)
        snr = np.empty((len(designs), 4, 1))
        model, network = self._part_of
        store, places = model._cache.known(keys)
        known, new = np.flatnonzero(places >= 0), np.flatnonzero(places < 0)
        if store is not None:
            snr[known] = store[0][places[known], :, network, None]
        snr[new] = self._snr_of(designs.take(new))
        return snr

    def _snr_of(self, designs: Designs) -> Floats:
        """SNR of each design's circuit from its noise, shape (n, 4, W)."""
        if self._technology.device.exact:
            return np.repeat(self._snr_of_rounding[None], len(designs), axis=0)
        each = Circuit.of_technology(designs, self._technology)
        row_of = {circuit: row for row, circuit in enumerate(dict.fromkeys(each))}
        snr = np.empty((len(row_of), 4, self._n_networks))
        cuts = np.searchsorted(self._owner, np.arange(self._n_networks + 1))
        for circuits, adc_bits, places in _alike_circuits(list(row_of)):
            adc, dev, rounding = self._noise(circuits, adc_bits)
            parts = np.stack([adc, dev, adc + dev, np.broadcast_to(rounding, adc.shape)], axis=2)
            sums = [parts[..., a:b].sum(axis=-1) for a, b in pairwise(cuts)]
            snr[places] = decibels(np.stack(sums, axis=-1))
        for network, noise in self._own.items():
            parts = np.empty((len(row_of), 2))
            # Circuits with the same sums follow each other, so that statistics are made once.
            for circuit in sorted(row_of, key=_sums_of):
                parts[row_of[circuit]] = noise(circuit)
            with_total = np.column_stack([parts, parts.sum(axis=1)])
            snr[:, :3, network] = decibels(with_total)
        return snr[[row_of[circuit] for circuit in each]]

    @cached_property
    def _snr_of_rounding(self) -> Floats:
        """SNR of circuits whose only noise is that of rounding, however sliced, shape (4, W)."""
        rounding = np.empty(self._n_layers)
        circuit = Circuit(1, 1, 1, 1, differential=False, adc_bits=None)
        for (_, alike), statistics in zip(self._by_precision, self._sliced(circuit), strict=True):
            rounding[alike] = statistics.rounding
        snr = np.full((4, self._n_networks), MOST_DB)
        snr[3] = decibels(np.bincount(self._owner, rounding, self._n_networks).astype(float))
        return snr

    def _noise(self, circuits: Sequence[Circuit], adc_bits: Ints) -> tuple[Floats, Floats, Floats]:
        """Noise over signal of ADCs and of cells, (n_bits, n_circuits, n_layers), and of
        rounding."""
        adc, dev = np.empty((2, len(adc_bits), len(circuits), self._n_layers))
        rounding = np.empty(self._n_layers)
        for (_, alike), statistics in zip(
            self._by_precision, self._sliced(circuits[0]), strict=True
        ):
            adc[..., alike], dev[..., alike] = noise_of_circuits(statistics, circuits, adc_bits)
            rounding[alike] = statistics.rounding
        return adc, dev, rounding

    def _sliced(self, circuit: Circuit) -> list[Statistics]:
        """Statistics for the slices of a circuit, by precision."""
        slices = circuit.input_slice_bits, circuit.bits_per_cell
        key = (*slices, circuit.differential, circuit.cell_errors)
        if key not in self._statistics:
            self._statistics[key] = [
                assumed_statistics(
                    self._operands.take(alike),
                    self._rows[alike],
                    bits=bits,
                    slices=slices,
                    differential=circuit.differential,
                    assumptions=self._technology.assumptions,
                    unsigned_inputs=self._technology.switches.unsigned_inputs,
                    cell_errors=circuit.cell_errors,
                )
                for bits, alike in self._by_precision
            ]
        return self._statistics[key]


def _sums_of(circuit: Circuit) -> tuple[int, ...]:
    """Parameters on which the sums of a circuit without errors depend; rows last."""
    slices = circuit.input_slice_bits, circuit.bits_per_cell
    return circuit.active_rows, *slices, circuit.differential, circuit.rows


def _alike_circuits(circuits: list[Circuit]) -> Iterator[tuple[list[Circuit], Ints, Ints]]:
    """Circuits that differ only in rows; their ADC bits; and the index of each, (n_bits,
    n_circuits)."""
    by_bits: dict[Circuit, dict[int, int]] = defaultdict(dict)
    for at, circuit in enumerate(circuits):
        assert circuit.adc_bits is not None, "sums of a design are converted"
        by_bits[replace(circuit, adc_bits=None)][circuit.adc_bits] = at
    alike: dict[tuple[Circuit, tuple[int, ...]], list[Circuit]] = defaultdict(list)
    for circuit, places in by_bits.items():
        but_for_rows = replace(circuit, rows=1, active_rows=1)
        alike[but_for_rows, tuple(sorted(places))].append(circuit)
    for (_, bits), same in alike.items():
        yield same, np.array(bits), np.array([[by_bits[c][b] for c in same] for b in bits])


def decibels(inverse: Floats) -> Floats:
    """SNR in dB from noise over signal; infinite without noise."""
    with np.errstate(divide="ignore"):
        power: Floats = -10 * np.log10(inverse)
    return power
