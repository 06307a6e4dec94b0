"""A network executed on a chip: calibration, programming, and errors of each layer."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from zlib import crc32

import numpy as np

from imcmoo.accuracy.codes import InputCoding, quantise_weights
from imcmoo.accuracy.crossbar import Crossbar
from imcmoo.accuracy.graph import CutNetwork
from imcmoo.accuracy.lowering import MappedLayer, Tensors
from imcmoo.arrays import Floats, Values
from imcmoo.model.physical.circuit import Circuit
from imcmoo.model.physical.noise.model import decibels

VECTORS = 256
"""Calibration vectors kept of a layer, at most."""
RARE = 0.01
"""Share of the products that count as the worst."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """Inputs of one layer in the float network.

    Args:
        lowest, highest: range over all calibration samples.
        vectors: random sample of the vectors it multiplies, shape (G, n, K).
    """

    lowest: float
    highest: float
    vectors: Values


@dataclass(frozen=True)
class LayerErrors:
    """Noise powers of a layer over its signal power, on the calibration vectors.

    Args:
        layer: name of the node.
        rounding: integer rounding of inputs and weights; NaN if unknown.
        adc: ADCs and reads: the noise without cell errors.
        dev: cell errors and clipped weights.
        worst: share of `adc` in the worst 1 % of the products.
        clipped: share of the sums beyond the windows of the ADCs.
    """

    layer: str
    rounding: float
    adc: float
    dev: float
    worst: float = 0.0
    clipped: float = 0.0

    def to_row(self) -> dict[str, str | float]:
        """Columns of a table, as SNR in dB."""
        parts = ("rounding", "adc", "dev")
        noise = {f"snr_{p}_dB": to_decibels(getattr(self, p)) for p in parts}
        return {"layer": self.layer, **noise}


def to_decibels(inverse: float) -> float:
    """SNR in dB from noise over signal; infinite without noise."""
    return float(decibels(np.array(inverse))[()])


def _mean(values: Floats) -> Floats:
    """Mean of each column, shape (G, 1, M), of values (G, n, M)."""
    return values.mean(axis=1, keepdims=True)


def calibrate(
    network: CutNetwork, batches: Iterable[Tensors], rng: np.random.Generator
) -> dict[str, Calibration]:
    """Collect ranges and vectors of every mapped layer from float runs.

    Args:
        network: the network with all layers mapped.
        batches: calibration samples.
        rng: chooses the vectors that are kept.
    """
    batches = list(batches)
    quota = -(-VECTORS // len(batches))
    ends: dict[str, tuple[float, float]] = {}
    kept: dict[str, list[Values]] = {}

    def product(layer: MappedLayer, inputs: Values, tensors: Mapping[str, Values]) -> Values:
        low, high = ends.get(layer.name, (np.inf, -np.inf))
        ends[layer.name] = (min(low, float(inputs.min())), max(high, float(inputs.max())))
        weights = layer.weights.astype(np.float32)

        def multiply(vectors: Values) -> Values:
            picked = rng.permutation(vectors.shape[1])[:quota]
            kept.setdefault(layer.name, []).append(vectors[:, picked])
            return vectors @ weights

        return layer.with_bias(layer.apply(inputs, 0, multiply), tensors)

    for batch in batches:
        network.run(batch, product)
    vectors = {name: np.concatenate(parts, axis=1) for name, parts in kept.items()}
    return {
        name: Calibration(*ends[name], v[:, rng.permutation(v.shape[1])[:VECTORS]])
        for name, v in vectors.items()
    }


class SimulatedLayer:
    """A mapped layer on a chip or on the digital unit, with its inputs in the float network."""

    def __init__(
        self, layer: MappedLayer, chip: Circuit, calibration: Calibration, *, digital: bool = False
    ) -> None:
        if digital:
            chip = chip.without_errors()
        self._layer = layer
        self._chip = chip
        self._vectors = calibration.vectors
        self.coding = InputCoding.from_range(
            calibration.lowest, calibration.highest, chip.input_bits
        )
        integers, self._scale = quantise_weights(layer.weights, chip.weight_bits, chip.weight_clip)
        self._crossbar = Crossbar(integers, chip, zero=self.coding.zero, scale=self._scale)
        self._codes = self.coding.encode(calibration.vectors)

    def manufacture(self, seed: int) -> None:
        """Draw the cell errors of one chip and calibrate its columns."""
        self.program(seed)
        self._crossbar.calibrate(self._codes)

    def program(self, seed: int) -> None:
        """Draw the cell errors of one chip; layers with shared weights share the errors."""
        self._crossbar.program(np.random.default_rng([seed, crc32(self._layer.matrix.encode())]))

    def on_chip(self, inputs: Values, tensors: Mapping[str, Values]) -> Values:
        """Output as the chip computes it."""
        return self._output(inputs, tensors, self._crossbar.multiply)

    def on_integers(self, inputs: Values, tensors: Mapping[str, Values]) -> Values:
        """Output from the exact product of the integers."""
        return self._output(inputs, tensors, self._crossbar.exact)

    def _output(
        self, inputs: Values, tensors: Mapping[str, Values], product: Callable[..., Floats]
    ) -> Values:
        codes = self.coding.encode(inputs)
        made = self._layer.apply(codes, self.coding.zero, lambda v: product(v) * self._unit)
        return self._layer.with_bias(made, tensors)

    @cached_property
    def _signal(self) -> tuple[float, float, float]:
        """Signal power, and noise powers of rounding and of clipped weights."""
        weights = self._layer.weights
        bound = self._chip.weight_clip * np.abs(weights).max(axis=1, keepdims=True)
        real, kept = self._vectors @ weights, self._vectors @ np.clip(weights, -bound, bound)
        rounding = (self._exact * self._unit - kept).var(axis=1).mean()
        clipping = ((real - kept) ** 2).mean()  # column means are not corrected
        return float(real.var(axis=1).mean() or 1.0), float(rounding), float(clipping)

    @cached_property
    def _exact(self) -> Floats:
        """Products of the integers on the calibration vectors, shape (G, n, M)."""
        return self._crossbar.exact(self._codes)

    @property
    def _unit(self) -> Floats:
        """Value of one unit of a product, shape (G, 1, M)."""
        unit: Floats = self.coding.scale * self._scale[:, None, :]
        return unit

    def at_resolutions(self, bits: Sequence[int | None]) -> list[tuple[float, float]]:
        """Noise over signal of ADCs and of cells at each resolution, of the last manufactured chip.

        Args:
            bits: resolutions; None for no conversion.
        """
        products = self._crossbar.at_resolutions(self._codes, bits)
        return [self._powers(self._noise(product)) for product in products]

    def _noise(self, product: Floats) -> Floats:
        """Errors of products of the calibration vectors, without column means."""
        noise = (product - self._exact) * self._unit
        noise -= _mean(noise)
        return noise

    def _powers(self, noise: Floats) -> tuple[float, float]:
        """Noise over signal of ADCs and of cells, from errors of products."""
        signal, _, clipping = self._signal
        power = float((noise**2).mean())
        dev = min(self._cell_noise, power)
        return (power - dev) / signal, (dev + clipping) / signal

    def analyse(self) -> LayerErrors:
        """Noise powers of the last manufactured chip on the calibration vectors."""
        noise = self._noise(self._crossbar.multiply(self._codes))
        adc, dev = self._powers(noise)
        squares = (noise - self._passed(noise)) ** 2
        rare = max(1, round(RARE * squares.size))
        worst = np.partition(squares, -rare, axis=None)[-rare:].sum() / (squares.sum() or 1.0)
        rounding = self._signal[1] / self._signal[0]
        clipped = self._crossbar.clipped_share(self._codes)
        return LayerErrors(self._layer.name, rounding, adc, dev, float(worst), clipped)

    def _passed(self, noise: Floats) -> Floats:
        """Errors of cells in the noise of products: by least squares, the share that ADCs pass."""
        centred = self._codes - self._codes.mean(axis=1, keepdims=True)
        cells = (centred @ self._crossbar.weight_errors()) * self._unit
        varying = cells - _mean(cells)
        share = float((noise * varying).sum() / ((varying**2).sum() or 1.0))
        return share * varying

    def for_training(self) -> dict[str, Any]:
        """Errors of the last manufactured chip for training with noise, see `Simulation`."""
        crossbar = self._crossbar
        largest = 2.0 ** (self._chip.weight_bits - 1) - 1
        cells, stuck = (
            math.sqrt(self._weight_variance(variances)) / largest
            for variances in (
                crossbar.mean_cell_variances + crossbar.reference_variances,
                crossbar.stuck_variances,
            )
        )
        return {
            **{"layer": self._layer.name, "weight_error": cells, "stuck_error": stuck},
            "output_noise": math.sqrt(self.analyse().adc),
        }

    def _weight_variance(self, variances: Floats) -> float:
        """Variance of a stored weight, in squares of integers, from that of its slices."""
        places = 4.0 ** (self._chip.bits_per_cell * np.arange(len(variances)))
        return float((variances * places).sum())

    @cached_property
    def _cell_noise(self) -> float:
        """Noise power of cell errors at an output without rounding."""
        crossbar = self._crossbar
        variances = crossbar.mean_cell_variances + crossbar.stuck_variances
        cells = self._weight_variance(variances + crossbar.reference_variances)
        inputs = self._vectors.astype(np.float64).var(axis=1).sum(axis=1)
        return float((inputs * (self._scale**2).mean(axis=1)).mean() * cells)


class Simulation:
    """A network on chips of one design.

    Call `manufacture` for each chip, then `run` or `analyse`.

    Args:
        network: the network.
        chip: the design.
        calibration: calibration by layer.
        digital: names of layers on the digital unit.
    """

    def __init__(
        self,
        network: CutNetwork,
        chip: Circuit,
        calibration: Mapping[str, Calibration],
        digital: Collection[str] = (),
    ) -> None:
        self._network = network
        self._layers = {
            layer.name: SimulatedLayer(
                layer, chip, calibration[layer.name], digital=layer.name in digital
            )
            for layer in network.layers
        }

    def manufacture(self, seed: int) -> None:
        """Draw the cell errors of one chip and calibrate it."""
        for layer in self._layers.values():
            layer.manufacture(seed)

    def run(self, inputs: Tensors) -> Tensors:
        """Outputs and logits on the last manufactured chip."""
        return self._network.run(inputs, lambda layer, *x: self._layers[layer.name].on_chip(*x))

    def run_integers(self, inputs: Tensors) -> Tensors:
        """Outputs and logits with exact products of the integers."""
        return self._network.run(inputs, lambda layer, *x: self._layers[layer.name].on_integers(*x))

    def analyse(self) -> list[LayerErrors]:
        """Noise powers of every layer on the last manufactured chip."""
        return [layer.analyse() for layer in self._layers.values()]

    def for_training(self) -> list[dict[str, Any]]:
        """Errors of every layer of the last manufactured chip, for training with noise.

        Returns:
            By layer: its name; `weight_error` and `stuck_error`, rms errors of a stored weight by
            the errors of cells and by stuck cells, as shares of the largest stored weight of its
            output channel; `output_noise`, rms noise of ADCs and reads at the outputs, as a share
            of the standard deviation of the outputs.
        """
        return [layer.for_training() for layer in self._layers.values()]
