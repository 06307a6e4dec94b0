"""A network executed on a chip: calibration, programming, and each layer's errors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from imcmoo.accuracy.chip import Chip
from imcmoo.accuracy.codes import InputCoding, quantise_weights
from imcmoo.accuracy.crossbar import Crossbar
from imcmoo.accuracy.graph import CutNetwork, Tensors
from imcmoo.accuracy.lowering import MappedLayer, Values
from imcmoo.model.metrics import Floats
from imcmoo.model.physical.noise import decibels

VECTORS = 256
"""Most calibration vectors that are kept of a layer."""


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
        rounding: of inputs and weights as integers.
        adc: of the ADCs.
        dev: of cells and reads.
    """

    layer: str
    rounding: float
    adc: float
    dev: float

    def to_row(self) -> dict[str, str | float]:
        """Columns of a table, as signal to noise in dB."""
        parts = ("rounding", "adc", "dev")
        noise = {f"snr_{p}_dB": to_decibels(getattr(self, p)) for p in parts}
        return {"layer": self.layer, **noise}


def to_decibels(inverse: float) -> float:
    """Signal to noise in dB of its inverse; infinite where there is no noise."""
    return float(decibels(np.array(inverse))[()])


def calibrate(
    network: CutNetwork, batches: Iterable[Tensors], rng: np.random.Generator
) -> dict[str, Calibration]:
    """Ranges and vectors of every mapped layer, from float runs.

    Args:
        network: all layers mapped.
        batches: calibration samples.
        rng: draws the vectors that are kept.
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
    """A mapped layer on a chip.

    Args:
        layer: the layer.
        chip: the chip.
        calibration: its inputs in the float network.
    """

    def __init__(self, layer: MappedLayer, chip: Chip, calibration: Calibration) -> None:
        self._layer = layer
        self._chip = chip
        self._vectors = calibration.vectors
        self._coding = InputCoding.of_range(
            calibration.lowest, calibration.highest, chip.input_bits
        )
        integers, self._scale = quantise_weights(layer.weights, chip.weight_bits, chip.weight_clip)
        self._crossbar = Crossbar(integers, chip, zero=self._coding.zero)
        self._codes = self._coding.encode(calibration.vectors)

    def manufacture(self, seed: int) -> None:
        """Draw the cell errors of one chip and calibrate its columns.

        Layers that share their weights share the errors.
        """
        self._crossbar.program(np.random.default_rng([seed, crc32(self._layer.matrix.encode())]))
        self._crossbar.calibrate(self._codes)

    def on_chip(self, inputs: Values, tensors: Mapping[str, Values]) -> Values:
        """The layer's output as the chip computes it."""
        return self._output(inputs, tensors, self._crossbar.multiply)

    def on_integers(self, inputs: Values, tensors: Mapping[str, Values]) -> Values:
        """The layer's output from the exact product of the integers."""
        return self._output(inputs, tensors, self._crossbar.exact)

    def _output(
        self, inputs: Values, tensors: Mapping[str, Values], product: Callable[..., Floats]
    ) -> Values:
        codes = self._coding.encode(inputs)
        unit = self._coding.scale * self._scale[:, None, :]
        made = self._layer.apply(codes, self._coding.zero, lambda v: product(v) * unit)
        return self._layer.with_bias(made, tensors)

    def errors(self) -> LayerErrors:
        """Noise powers on the calibration vectors, over the signal power."""
        real = self._vectors @ self._layer.weights
        exact = self._crossbar.exact(self._codes)
        unit = self._coding.scale * self._scale[:, None, :]
        signal = real.var(axis=1).mean() or 1.0
        every = ((self._crossbar.multiply(self._codes) - exact) * unit).var(axis=1).mean()
        dev = min(self._cell_noise(), every)
        rounding = (exact * unit - real).var(axis=1).mean()
        return LayerErrors(
            self._layer.name, rounding / signal, (every - dev) / signal, dev / signal
        )

    def _cell_noise(self) -> float:
        """Noise power that cell errors add to an output, if nothing rounds them away."""
        places = 4.0 ** (self._chip.bits_per_cell * np.arange(len(self._crossbar.cell_maxima)))
        cells = (self._crossbar.error_variances(self._chip.sigma) * places).sum()
        inputs = self._vectors.astype(np.float64).var(axis=1).sum(axis=1)
        return float((inputs * (self._scale**2).mean(axis=1)).mean() * cells)


class Simulation:
    """A network on chips of one design.

    Args:
        network: the network, with all layers that are mapped.
        chip: the design.
        calibration: of its layers.
    """

    def __init__(
        self, network: CutNetwork, chip: Chip, calibration: Mapping[str, Calibration]
    ) -> None:
        self._network = network
        self._layers = {
            layer.name: SimulatedLayer(layer, chip, calibration[layer.name])
            for layer in network.layers
        }

    def manufacture(self, seed: int) -> None:
        """Draw the cell errors of one chip and calibrate it."""
        for layer in self._layers.values():
            layer.manufacture(seed)

    def run(self, inputs: Tensors) -> Tensors:
        """Outputs and logits on the chip that was manufactured last."""
        return self._network.run(inputs, self._on_chip)

    def run_integers(self, inputs: Tensors) -> Tensors:
        """Outputs and logits with exact products of the integers."""
        return self._network.run(inputs, self._on_integers)

    def _on_chip(self, layer: MappedLayer, x: Values, tensors: Mapping[str, Values]) -> Values:
        return self._layers[layer.name].on_chip(x, tensors)

    def _on_integers(self, layer: MappedLayer, x: Values, tensors: Mapping[str, Values]) -> Values:
        return self._layers[layer.name].on_integers(x, tensors)

    def errors(self) -> list[LayerErrors]:
        """Errors of every layer on the chip that was manufactured last."""
        return [layer.errors() for layer in self._layers.values()]
