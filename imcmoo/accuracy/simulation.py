"""A network executed on a chip: calibration, programming, and errors of each layer."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from zlib import crc32

import numpy as np

from imcmoo.accuracy.codes import Codes, InputCoding, quantise_weights
from imcmoo.accuracy.crossbar import Crossbar
from imcmoo.accuracy.graph import CutNetwork
from imcmoo.accuracy.lowering import MappedLayer, Tensors
from imcmoo.accuracy.noisy_network import Disturbance, NoisyNetwork
from imcmoo.arrays import Floats, Values
from imcmoo.model.physical.circuit import Circuit
from imcmoo.model.physical.noise.model import decibels

VECTORS = 256
"""Calibration vectors kept of a layer, at most."""
RARE = 0.01
"""Share of the products that count as the worst."""
FEWEST_FOR_GAIN = 8
"""Number of vectors below which errors are not compared with products."""
ROUNDED_OFF = 1e-12
"""Share of the power of products below which they are constant up to float errors."""


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


@dataclass(frozen=True, eq=False)
class LayerNoise:
    """Noise of a layer on one chip: cell errors, and the rest.

    The rest is split into a multiple of the exact product (clipping), a constant and white noise
    (J. J. Bussgang, 1952).

    Args:
        errors: powers over the signal power.
        kept: share of the cell errors that the ADCs pass, by least squares.
        gain: multiple by output channel, shape (G, M).
        constant: constant by output channel, in units of the output, shape (G, M).
        white: power of the white noise by output channel, shape (G, M).
    """

    errors: LayerErrors
    kept: float
    gain: Floats
    constant: Floats
    white: Floats


def to_decibels(inverse: float) -> float:
    """SNR in dB from noise over signal; infinite without noise."""
    return float(decibels(np.array(inverse))[()])


def _mean(values: Floats) -> Floats:
    """Mean of each column, shape (G, 1, M), of values (G, n, M)."""
    return values.mean(axis=1, keepdims=True)


def _gain(product: Floats, errors: Floats) -> Floats:
    """Slope of errors over products by column, shape (G, M), from values (G, n, M).

    The least-squares slope less what chance explains: 0 below its standard error, for few vectors
    and for constant products.
    """
    signal, error = product - _mean(product), errors - _mean(errors)
    power = (signal**2).sum(axis=1)
    varies = power > ROUNDED_OFF * (product**2).sum(axis=1)
    if signal.shape[1] < FEWEST_FOR_GAIN or not varies.any():
        return np.zeros(power.shape)
    power = np.where(varies, power, 1.0)
    slope = np.where(varies, (error * signal).sum(axis=1) / power, 0.0)
    left = ((error - slope[:, None] * signal) ** 2).sum(axis=1)
    variance = left / power / (signal.shape[1] - 2)
    return slope * (1 - variance / np.maximum(slope**2, variance + 1e-300))


def _kept(noise: Floats, of_cells: Floats) -> float:
    """Share of the cell errors in the noise, by least squares."""
    return float((noise * of_cells).sum() / ((of_cells**2).sum() or 1.0))


def _split(errors: LayerErrors, kept: float, remaining: Floats, product: Floats) -> LayerNoise:
    """Noise of a layer from its products, shape (G, n, M), and the errors without those of
    cells."""
    gain = _gain(product, remaining)
    remaining = remaining - gain[:, None] * product
    return LayerNoise(errors, kept, gain, remaining.mean(axis=1), remaining.var(axis=1))


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
        self.coding = InputCoding.of_range(calibration.lowest, calibration.highest, chip.input_bits)
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

    def analyse(self) -> LayerNoise:
        """Noise of the last manufactured chip on the calibration vectors."""
        errors, cells = self._errors(self._codes, self._exact)
        noise, varying = errors - _mean(errors), cells - _mean(cells)
        kept = _kept(noise, varying)
        adc, dev = self._powers(noise)
        squares = (noise - kept * varying) ** 2
        rare = max(1, round(RARE * squares.size))
        worst = np.partition(squares, -rare, axis=None)[-rare:].sum() / (squares.sum() or 1.0)
        rounding = self._signal[1] / self._signal[0]
        clipped = self._crossbar.clipped_share(self._codes)
        powers = LayerErrors(self._layer.name, rounding, adc, dev, float(worst), clipped)
        return _split(powers, kept, errors - kept * cells, self._exact * self._unit)

    def analyse_on(self, vectors: Values, calibrated: LayerNoise) -> LayerNoise:
        """Noise on other vectors, shape (G, n, K), with the powers on the calibration vectors."""
        codes = self.coding.encode(vectors)
        exact = self._crossbar.exact(codes)
        errors, cells = self._errors(codes, exact)
        kept = _kept(errors - _mean(errors), cells - _mean(cells))
        return _split(calibrated.errors, kept, errors - kept * cells, exact * self._unit)

    def _errors(self, codes: Codes, exact: Floats) -> tuple[Floats, Floats]:
        """Errors of products, and those of cells alone, shape (G, n, M); column means corrected."""
        errors = (self._crossbar.multiply(codes) - exact) * self._unit
        centred = codes - self._codes.mean(axis=1, keepdims=True)
        return errors, (centred @ self._crossbar.weight_errors()) * self._unit

    def disturbance(self, noise: LayerNoise) -> Disturbance:
        """Errors of the layer for a float run, from the noise of a chip of the same design."""
        static = noise.kept * self._crossbar.weight_errors()
        driven = self._codes.mean(axis=1, keepdims=True) - self.coding.zero
        offset = noise.constant - ((driven @ static) * self._unit)[:, 0]
        weights = self._crossbar.weights * (1 + noise.gain[:, None]) + static
        return Disturbance(
            weights=weights * self._scale[:, None, :],
            offset=offset.ravel(),
            spread=np.sqrt(noise.white).ravel(),
        )

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
            "output_noise": math.sqrt(self.analyse().errors.adc),
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

    def analyse(self) -> dict[str, LayerNoise]:
        """Noise of every layer on the last manufactured chip."""
        return {name: layer.analyse() for name, layer in self._layers.items()}

    def for_training(self) -> list[dict[str, Any]]:
        """Errors of every layer of the last manufactured chip, for training with noise.

        Returns:
            By layer: its name; `weight_error` and `stuck_error`, rms errors of a stored weight by
            the errors of cells and by stuck cells, as shares of the largest stored weight of its
            output channel; `output_noise`, rms noise of ADCs and reads at the outputs, as a share
            of the standard deviation of the outputs.
        """
        return [layer.for_training() for layer in self._layers.values()]

    def analyse_on_chip_inputs(
        self,
        batches: Sequence[Tensors],
        noise: Mapping[str, LayerNoise],
        rng: np.random.Generator,
    ) -> dict[str, LayerNoise]:
        """Noise of every layer on inputs from noisy layers before it, where ADCs may clip more.

        Args:
            batches: inputs of the network.
            noise: noise of the layers on the calibration vectors.
            rng: draws noise, and vectors for the measurement.
        """
        quota = -(-VECTORS // len(batches))
        kept: dict[str, list[Values]] = {layer.name: [] for layer in self._network.layers}

        def seen(layer: MappedLayer, inputs: Values) -> None:
            kept[layer.name].append(layer.some_vectors(inputs, quota, rng))

        network, disturbed = NoisyNetwork(self._network, self.codings), self.disturbances(noise)
        for batch in batches:
            network.run(batch, disturbed, rng, seen)
        analysed = {}
        for name, layer in self._layers.items():
            vectors = np.concatenate(kept[name], axis=1)
            if vectors.shape[1] > quota * len(batches):  # it runs once per step of a sequence
                vectors = vectors[:, rng.permutation(vectors.shape[1])[:VECTORS]]
            analysed[name] = layer.analyse_on(vectors, noise[name])
        return analysed

    def disturbances(self, noise: Mapping[str, LayerNoise]) -> dict[str, Disturbance]:
        """Errors of each layer for a float run."""
        return {name: layer.disturbance(noise[name]) for name, layer in self._layers.items()}

    def program(self, seed: int) -> None:
        """Draw the cell errors of one chip without calibrating it."""
        for layer in self._layers.values():
            layer.program(seed)

    @property
    def codings(self) -> dict[str, InputCoding]:
        """Coding of the inputs of each layer."""
        return {name: layer.coding for name, layer in self._layers.items()}
