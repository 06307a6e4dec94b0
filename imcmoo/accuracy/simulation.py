"""A network executed on a chip: calibration, programming, and each layer's errors."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from zlib import crc32

import numpy as np

from imcmoo.accuracy.codes import InputCoding, quantise_weights
from imcmoo.accuracy.crossbar import Crossbar
from imcmoo.accuracy.graph import CutNetwork, Tensors
from imcmoo.accuracy.lowering import MappedLayer, Values
from imcmoo.accuracy.noisy_network import Disturbance
from imcmoo.model.metrics import Floats
from imcmoo.model.physical.circuit import Circuit
from imcmoo.model.physical.noise import decibels

VECTORS = 256
"""Most calibration vectors that are kept of a layer."""
RARE = 0.01
"""Share of the products that count as the worst."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """Inputs of one layer in the float network.

    Args:
        lowest, highest: of all calibration samples.
        vectors: a random choice of the vectors it multiplies, shape (G, n, K).
    """

    lowest: float
    highest: float
    vectors: Values


@dataclass(frozen=True)
class LayerErrors:
    """Noise powers of a layer over its signal power, on the calibration vectors.

    Args:
        layer: name of the node.
        rounding: of inputs and weights as integers; NaN where it is not known.
        adc: of the ADCs and of reads: what is left of the noise without that of cells.
        dev: of cells, and of clipped weights.
        worst: share of the noise beside that of cells in the worst 1 % of the products.
    """

    layer: str
    rounding: float
    adc: float
    dev: float
    worst: float = 0.0

    def to_row(self) -> dict[str, str | float]:
        """Columns of a table, as signal to noise in dB."""
        parts = ("rounding", "adc", "dev")
        noise = {f"snr_{p}_dB": to_decibels(getattr(self, p)) for p in parts}
        return {"layer": self.layer, **noise}


@dataclass(frozen=True, eq=False)
class LayerNoise:
    """Noise of a layer on one chip, split into errors of its cells and the rest.

    Args:
        errors: powers over the signal power.
        kept: share of the cell errors that the ADCs let pass, by least squares.
        white: power of the rest, of each output channel, shape (G, M).
    """

    errors: LayerErrors
    kept: float
    white: Floats


def to_decibels(inverse: float) -> float:
    """Signal to noise in dB of its inverse; infinite where there is no noise."""
    return float(decibels(np.array(inverse))[()])


def calibrate(
    network: CutNetwork, batches: Iterable[Tensors], rng: np.random.Generator
) -> dict[str, Calibration]:
    """Ranges and vectors of every mapped layer, from float runs of calibration samples with all
    layers mapped; the generator draws the vectors that are kept."""
    batches = list(batches)
    quota = -(-VECTORS // len(batches))
    ends: dict[str, tuple[float, float]] = {}
    kept: dict[str, list[Values]] = {}

    def product(layer: MappedLayer, inputs: Values, tensors: Mapping[str, Values]) -> Values:
        low, high = ends.get(layer.name, (np.inf, -np.inf))
        ends[layer.name] = (min(low, float(inputs.min())), max(high, float(inputs.max())))
        weights = layer.weights.astype(np.float32)

        def multiply(vectors: Values) -> Values:
            some = rng.permutation(vectors.shape[1])[:quota]
            kept.setdefault(layer.name, []).append(vectors[:, some])
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
    """A mapped layer on a chip, or on the digital unit, with its inputs in the float network."""

    def __init__(
        self, layer: MappedLayer, chip: Circuit, calibration: Calibration, *, digital: bool = False
    ) -> None:
        if digital:
            chip = chip.without_errors()
        self._layer = layer
        self._chip = chip
        self._vectors = calibration.vectors
        self.coding = InputCoding.of_range(calibration.lowest, calibration.highest, chip.input_bits)
        integers, self._scale = quantise_weights(layer.weights, chip.weight_bits, chip.weight_clip)
        self._crossbar = Crossbar(integers, chip, zero=self.coding.zero)
        self._codes = self.coding.encode(calibration.vectors)

    def manufacture(self, seed: int) -> None:
        """Draw the cell errors of one chip and calibrate its columns."""
        self.program(seed)
        self._crossbar.calibrate(self._codes)

    def program(self, seed: int) -> None:
        """Draw the cell errors of one chip. Layers that share their weights share the errors."""
        self._crossbar.program(np.random.default_rng([seed, crc32(self._layer.matrix.encode())]))

    def on_chip(self, inputs: Values, tensors: Mapping[str, Values]) -> Values:
        """The layer's output as the chip computes it."""
        return self._output(inputs, tensors, self._crossbar.multiply)

    def on_integers(self, inputs: Values, tensors: Mapping[str, Values]) -> Values:
        """The layer's output from the exact product of the integers."""
        return self._output(inputs, tensors, self._crossbar.exact)

    def _output(
        self, inputs: Values, tensors: Mapping[str, Values], product: Callable[..., Floats]
    ) -> Values:
        codes = self.coding.encode(inputs)
        made = self._layer.apply(codes, self.coding.zero, lambda v: product(v) * self._unit)
        return self._layer.with_bias(made, tensors)

    @cached_property
    def _signal(self) -> tuple[float, float, float]:
        """Signal power, and the noise powers of rounding and of clipped weights."""
        weights = self._layer.weights
        bound = self._chip.weight_clip * np.abs(weights).max(axis=1, keepdims=True)
        real, kept = self._vectors @ weights, self._vectors @ np.clip(weights, -bound, bound)
        rounding = (self._exact * self._unit - kept).var(axis=1).mean()
        clipping = ((real - kept) ** 2).mean()  # no column is corrected for its mean
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
        """Noise over signal of ADCs and of cells, for each resolution, of the chip that was
        manufactured last; `bits` has None where sums are not converted."""
        products = self._crossbar.at_resolutions(self._codes, bits)
        return [self._powers(self._noise(product)) for product in products]

    def _noise(self, product: Floats) -> Floats:
        """Errors of products of the calibration vectors, without the mean of each column."""
        noise = (product - self._exact) * self._unit
        noise -= noise.mean(axis=1, keepdims=True)
        return noise

    def _powers(self, noise: Floats) -> tuple[float, float]:
        """Noise over signal of ADCs and of cells, from errors of products."""
        signal, _, clipping = self._signal
        every = float((noise**2).mean())
        dev = min(self._cell_noise, every)
        return (every - dev) / signal, (dev + clipping) / signal

    def analyse(self) -> LayerNoise:
        """Noise on the calibration vectors of the chip that was manufactured last."""
        noise = self._noise(self._crossbar.multiply(self._codes))
        adc, dev = self._powers(noise)
        centred = self._codes - self._codes.mean(axis=1, keepdims=True)
        cells = (centred @ self._crossbar.weight_errors()) * self._unit
        kept = float((noise * cells).sum() / ((cells**2).sum() or 1.0))
        squares = (noise - kept * cells) ** 2
        rare = max(1, round(RARE * squares.size))
        worst = np.partition(squares, -rare, axis=None)[-rare:].sum() / (squares.sum() or 1.0)
        errors = LayerErrors(
            self._layer.name,
            rounding=self._signal[1] / self._signal[0],
            adc=adc,
            dev=dev,
            worst=float(worst),
        )
        return LayerNoise(errors, kept, squares.mean(axis=1))

    def disturbance(self, noise: LayerNoise) -> Disturbance:
        """Errors of the layer for a run in float, with the mean of each column corrected, from the
        noise of a chip of the same design."""
        static = noise.kept * self._crossbar.weight_errors()
        driven = self._codes.mean(axis=1, keepdims=True) - self.coding.zero
        offset = -(driven @ static) * self._unit
        return Disturbance(
            weights=(self._crossbar.weights + static) * self._scale[:, None, :],
            offset=offset.ravel(),
            spread=np.sqrt(noise.white).ravel(),
        )

    @cached_property
    def _cell_noise(self) -> float:
        """Noise power that cell errors add to an output, if nothing rounds them away."""
        places = 4.0 ** (self._chip.bits_per_cell * np.arange(len(self._crossbar.cell_maxima)))
        cells = (self._crossbar.mean_cell_variances * places).sum()
        inputs = self._vectors.astype(np.float64).var(axis=1).sum(axis=1)
        return float((inputs * (self._scale**2).mean(axis=1)).mean() * cells)


class Simulation:
    """A network on chips of one design, with the calibration of its layers, and layers that run on
    the digital unit."""

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
        """Outputs and logits on the chip that was manufactured last."""
        return self._network.run(inputs, lambda layer, *x: self._layers[layer.name].on_chip(*x))

    def run_integers(self, inputs: Tensors) -> Tensors:
        """Outputs and logits with exact products of the integers."""
        return self._network.run(inputs, lambda layer, *x: self._layers[layer.name].on_integers(*x))

    def analyse(self) -> dict[str, LayerNoise]:
        """Noise of every layer on the chip that was manufactured last."""
        return {name: layer.analyse() for name, layer in self._layers.items()}

    def disturbances(self, noise: Mapping[str, LayerNoise]) -> dict[str, Disturbance]:
        """Errors of each layer for a run in float, from the noise of a chip of the design."""
        return {name: layer.disturbance(noise[name]) for name, layer in self._layers.items()}

    def program(self, seed: int) -> None:
        """Draw the cell errors of one chip without calibrating it."""
        for layer in self._layers.values():
            layer.program(seed)

    @property
    def codings(self) -> dict[str, InputCoding]:
        """Coding of the inputs of each layer."""
        return {name: layer.coding for name, layer in self._layers.items()}
