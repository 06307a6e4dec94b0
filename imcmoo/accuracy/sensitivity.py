"""Sensitivity of the outputs of a network to noise in its layers, measured once for all chips."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from scipy.optimize import isotonic_regression

from imcmoo.accuracy.assess import Assessment
from imcmoo.accuracy.codes import InputCoding, quantise_weights
from imcmoo.accuracy.lowering import MappedLayer, Tensors
from imcmoo.accuracy.noisy_network import Disturbance, NoisyNetwork
from imcmoo.accuracy.simulation import Calibration
from imcmoo.arrays import Floats
from imcmoo.networks.accuracy_data import LARGEST_GAIN, AccuracyData, LayerData

INJECTED = 0.01
"""Noise over signal of the layer whose gain is measured."""
STATIC_DRAWS = 3
LEVELS = np.logspace(-3, 3, 19)
"""Noise over signal at the logits at which scores are measured. Gains hold for small noise, so
their sum over layers can exceed what the logits show: 50 in a network of 47 layers.
"""
LARGEST_NSR = 10.0
"""Largest noise over signal of a layer in a curve; cell errors must not overflow float32."""
CHIPS = 8
"""Draws of noise at each ratio: each on all samples of a small network, else on a share of them."""
PRECISIONS = range(4, 9)
GAIN_MACS, SCORE_MACS = 4e9, 2e10
"""Multiply-accumulates of one run for gains and for scores, which set the number of samples."""
GAIN_SAMPLES, FEWEST_SAMPLES = 64, 12
"""Most samples of a run for gains, and fewest of any."""


def measure(
    assessment: Assessment,
    *,
    about: Mapping[str, Any],
    scored: int | None = None,
    after_each: Callable[[], None] = lambda: None,
) -> AccuracyData:
    """Measure gains, curves and rounding of a network.

    Args:
        assessment: the network with its data.
        about: provenance, see `AccuracyData`.
        scored: samples to score, at most. If None, as many as `SCORE_MACS` allow.
        after_each: called `steps(assessment)` times.
    """
    probe = Probe(assessment, after_each, scored)
    layers = tuple(probe.layer_data(*each) for each in probe.walk())
    rounding, rounded = probe.rounding()
    white, static = (
        probe.curve(np.array([getattr(e, f"gain_{kind}") for e in layers]), static=kind == "static")
        for kind in ("white", "static")
    )
    return AccuracyData(
        layers=layers,
        float_score=probe.float_score,
        levels=LEVELS,
        white=white,
        static=static,
        rounding=rounding,
        rounded=rounded,
        about={**about, "samples": probe.scored},
    )


def steps(assessment: Assessment) -> int:
    """Number of runs of `measure`."""
    draws = 1 + STATIC_DRAWS
    return len(assessment.network.layers) * draws + 2 * len(LEVELS) + len(PRECISIONS) ** 2


@dataclass(frozen=True)
class Before:
    """Samples before a node on the chip.

    Args:
        node: number of the node, from 0.
        tensors: by batch.
    """

    node: int
    tensors: Sequence[Tensors]


class Probe:
    """Runs a network with errors of a chosen power."""

    def __init__(
        self,
        assessment: Assessment,
        after_each: Callable[[], None] = lambda: None,
        scored: int | None = None,
    ) -> None:
        self._assessment = assessment
        self._after_each = after_each
        self._noisy = NoisyNetwork(assessment.network)
        self.layers = assessment.network.layers
        self._inputs = assessment.calibration
        self.signals = {
            layer.name: signal_power(layer, self._inputs[layer.name]) for layer in self.layers
        }
        macs = assessment.macs_per_sample()
        allowed = [max(FEWEST_SAMPLES, int(budget / macs)) for budget in (GAIN_MACS, SCORE_MACS)]
        self.probed = min(GAIN_SAMPLES, allowed[0], assessment.samples)
        self.scored = min(scored or allowed[1], assessment.samples)
        self._small = macs * self.scored * CHIPS <= GAIN_MACS
        self.float_score = assessment.score(assessment.reference(self.scored))

    def _errors(
        self, layer: MappedLayer, nsr: float, rng: np.random.Generator, *, static: bool
    ) -> Disturbance:
        """Errors of a layer with noise over signal `nsr`, of each read or of cells."""
        power = nsr * self.signals[layer.name]
        _, scale = quantise_weights(layer.weights, 8, 1.0)
        if not static:
            spread = scale * np.sqrt(power / ((scale**2).mean() or 1.0))
            return Disturbance(layer.weights, spread=spread.ravel())
        vectors = self._inputs[layer.name].vectors.astype(np.float64)
        inputs = vectors.var(axis=1).sum(axis=1)
        cell = np.sqrt(power / ((inputs * (scale**2).mean(axis=1)).mean() or 1.0))
        errors = cell * scale[:, None, :] * rng.standard_normal(layer.weights.shape)
        mean = vectors.mean(axis=1, keepdims=True)
        return Disturbance(layer.weights + errors, offset=-(mean @ errors).ravel())

    def walk(self) -> Iterator[tuple[MappedLayer, Before]]:
        """Each layer, and the probed samples as they are before it without errors."""
        tensors = self._assessment.batches(slice(self.probed))
        for node, layers in enumerate(self._assessment.network.layers_by_node):
            for layer in layers:
                yield layer, Before(node, tensors)
            tensors = [self._noisy.undisturbed(each, node) for each in tensors]

    def layer_data(self, layer: MappedLayer, before: Before) -> LayerData:
        """A layer with its gains, from the samples before it."""
        calibration = self._inputs[layer.name]
        return LayerData(
            name=layer.name,
            weights=layer.weights.astype(np.float32),
            vectors=calibration.vectors.astype(np.float32),
            lowest=calibration.lowest,
            highest=calibration.highest,
            signal_power=self.signals[layer.name],
            gain_white=self.gain(layer, before, static=False, draws=1),
            gain_static=self.gain(layer, before, static=True, draws=STATIC_DRAWS),
        )

    def gain(self, layer: MappedLayer, before: Before, *, static: bool, draws: int) -> float:
        """Noise over signal at the logits over that of the layer, at most `LARGEST_GAIN`.

        Args:
            layer: the only layer with noise.
            before: samples before it, of `walk`.
            static: True for noise drawn once per chip, False for noise of each read.
            draws: number of averaged draws, at least 1.
        """
        ratios = []
        for draw in range(draws):
            rng = self._rng(layer, draw)
            errors = {layer.name: self._errors(layer, INJECTED, rng, static=static)}
            run = partial(self._noisy.run, disturbed=errors, rng=rng, start=before.node)
            outputs = self._assessment.joined([run(each) for each in before.tensors])
            self._after_each()
            ratios.append(self._assessment.noise_to_signal(outputs))
        return min(float(np.mean(ratios)) / INJECTED, LARGEST_GAIN)

    def curve(self, gains: Floats, *, static: bool) -> Floats:
        """Non-increasing scores at `LEVELS` with equal noise over signal in all layers that may
        have any."""
        may = gains < LARGEST_GAIN
        layers = [layer for layer, each in zip(self.layers, may, strict=True) if each]
        noise = np.minimum(LEVELS / (gains[may].sum() or 1.0), LARGEST_NSR)
        scores: list[float] = []
        for at, nsr in enumerate(noise):
            if at and nsr == noise[at - 1]:
                scores.append(scores[-1])
                self._after_each()
            else:
                scores.append(self._score(float(nsr), at, layers, static=static))
        fitted: Floats = isotonic_regression(scores, increasing=False).x
        return fitted

    def _score(self, nsr: float, at: int, layers: Sequence[MappedLayer], *, static: bool) -> float:
        """Score with equal noise over signal in layers, mean of several draws."""
        rng = np.random.default_rng([self._assessment.seed, at, static])

        run = partial(self.everywhere, nsr, rng, layers=layers, static=static)
        if self._small:
            scores = [self._assessment.score(run(slice(self.scored))) for _ in range(CHIPS)]
        else:
            ends = np.unique(np.linspace(0, self.scored, CHIPS + 1).astype(int))
            parts = [run(samples) for samples in map(slice, ends[:-1], ends[1:])]
            joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
            scores = [self._assessment.score(joined)]
        self._after_each()
        return float(np.mean(scores))

    def everywhere(
        self,
        nsr: float,
        rng: np.random.Generator,
        samples: slice,
        *,
        static: bool,
        layers: Sequence[MappedLayer] | None = None,
    ) -> Tensors:
        """Outputs and logits of samples, with equal noise over signal in layers, by default all."""
        noisy = self.layers if layers is None else layers
        errors = {e.name: self._errors(e, nsr, rng, static=static) for e in noisy}
        return self._assessment.noisy_outputs(self._noisy, errors, rng, samples)

    def rounding(self) -> tuple[dict[tuple[int, int], float], dict[tuple[int, int], float]]:
        """Noise over signal at the logits, and score, by precision."""
        noise, scores = {}, {}
        for input_bits in PRECISIONS:
            codings = {
                name: InputCoding.from_range(c.lowest, c.highest, input_bits)
                for name, c in self._inputs.items()
            }
            network = NoisyNetwork(self._assessment.network, codings)
            for weight_bits in PRECISIONS:
                errors = {e.name: _rounded(e, weight_bits) for e in self.layers}
                rng, samples = np.random.default_rng(0), slice(self.scored)
                outputs = self._assessment.noisy_outputs(network, errors, rng, samples)
                self._after_each()
                noise[input_bits, weight_bits] = self._assessment.noise_to_signal(outputs)
                scores[input_bits, weight_bits] = self._assessment.score(outputs)
        return noise, scores

    def _rng(self, layer: MappedLayer, draw: int) -> np.random.Generator:
        return np.random.default_rng([self._assessment.seed, self.layers.index(layer), draw])


def signal_power(layer: MappedLayer, calibration: Calibration) -> float:
    """Variance of the outputs of a layer about the mean of their channel, mean over channels."""
    real = calibration.vectors @ layer.weights
    return float(real.var(axis=1).mean()) or 1.0


def _rounded(layer: MappedLayer, bits: int) -> Disturbance:
    integers, scale = quantise_weights(layer.weights, bits, 1.0)
    return Disturbance(integers * scale[:, None, :])
