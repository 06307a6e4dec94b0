"""Accuracy of networks on chips, predicted from the noise of each layer by look-up.

NSR at the logits = ρ(B_x, B_w) + Σ_l γ_white · adc_l + γ_static · dev_l, where adc and dev are the
noise over signal of a layer, γ its gain to the logits and ρ that of rounding inputs and weights.
The accuracy is the mean of the curves for white and static noise at that NSR, weighted by the two
parts. Rounding can cost less than white noise of its power: in the curves it counts as the noise
that costs as much, and without other noise the accuracy is the score on integers, or in float if
that is lower.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace

import numpy as np

from imcmoo.arrays import Bools, Floats, Values
from imcmoo.keyed_cache import Arrays, KeyedCache
from imcmoo.model.physical.circuit import Circuit
from imcmoo.model.physical.components import Technology
from imcmoo.model.physical.parameters import LIMITS, Designs, circuit_key_of, circuit_keys
from imcmoo.model.physical.settings import Precision
from imcmoo.networks.accuracy_data import AccuracyData

LAYERS_NAMED = 2
"""Number of layers named per network."""
UNSEEN_DROP = 5e-4
"""Excess over the allowed drop, as a share of the score, that is ignored (0.05 points)."""
FILTER_FACTOR = 2.0
"""Factor of the allowed drop up to which predictions pass where chips are executed as well.

Predictions of 45 circuits at the allowed drop are wrong in 13 to 18 %; at twice the drop they
refuse none that works.
"""
LEAST_FILTERED = 5e-3
"""Allowed drop that is multiplied by the factor where no drop is allowed."""


def beyond_allowed(drop: Floats, allowed: Floats) -> Floats:
    """Drop minus allowed drop; below `UNSEEN_DROP` it is 0. Shapes broadcast."""
    beyond = drop - allowed
    return np.where(beyond < UNSEEN_DROP, np.minimum(beyond, 0.0), beyond)


CircuitNoise = Callable[[AccuracyData, Circuit], Floats]
"""Returns noise over signal of the ADCs and of the cells of each layer, shape (2, L)."""


@dataclass(frozen=True)
class FailedCircuit:
    """A circuit on whose chips a network, executed, loses more than is allowed.

    Args:
        network: name of the network.
        circuit: values of its parameters by name, as of `circuit_columns`, with their order.
        excess: loss beyond the allowed one, above 0.
    """

    network: str
    circuit: tuple[tuple[str, str | int], ...]
    excess: float


@dataclass(frozen=True, eq=False)
class MeasuredNetworks:
    """Accuracy data of networks, and what computes the noise of their layers.

    Args:
        accuracy: accuracy data by network.
        circuit_noise: computes the noise of layers.
        max_accuracy_drop: largest drop below the float score by network. If None, no limit.
        own_noise: computes the noise of layers from the columns of `accuracy`, for the SNR. If
            None, distributions are assumed for all networks.
        filter_factor: factor of `max_accuracy_drop` up to which a predicted drop passes; above 1
            where the chips that pass are executed.
        failed: circuits that no chip of a network may have, whatever the prediction.
    """

    accuracy: Mapping[str, AccuracyData]
    circuit_noise: CircuitNoise
    max_accuracy_drop: Mapping[str, float] | None = None
    own_noise: CircuitNoise | None = None
    filter_factor: float = 1.0
    failed: tuple[FailedCircuit, ...] = ()


@dataclass(frozen=True)
class OwnNoise:
    """Noise over signal of a network in a circuit, from its data.

    Args:
        data: its accuracy data.
        noise: computes the noise of layers.
        precision: of its inputs and weights.
        digital: layers without noise, on the digital unit.
    """

    data: AccuracyData
    noise: CircuitNoise
    precision: Precision
    digital: Collection[str]

    def __call__(self, circuit: Circuit) -> Floats:
        """Noise over signal of ADCs and of cells, summed over layers, shape (2,)."""
        of_layers = self.noise(self.data, replace(circuit, **vars(self.precision)))
        return np.asarray((of_layers * self.data.analog(self.digital)).sum(axis=1))


@dataclass(frozen=True)
class Prediction:
    """Predicted accuracy of a network on a chip.

    Args:
        accuracy: the score.
        nsr: noise over signal at the logits, with rounding.
        parts: parts of rounding, ADCs and cells, shape (3,).
        layers: noise over signal of each layer at the logits, shape (L,).
    """

    accuracy: float
    nsr: float
    parts: Floats
    layers: Floats


def predict(
    data: AccuracyData, noise: Floats, bits: tuple[int, int], digital: Collection[str] = ()
) -> Prediction:
    """Predict the accuracy from the noise of all layers.

    Args:
        data: accuracy data of the network.
        noise: noise over signal of ADCs and cells, shape (2, L).
        bits: precision of inputs and weights.
        digital: layers without noise, on the digital unit.

    Raises:
        ValueError: a precision or layer was not measured.
    """
    analog = data.analog(digital)
    if bits not in data.rounding:
        known = ", ".join(f"{x}/{w}" for x, w in data.rounding)
        raise ValueError(f"no accuracy data for {bits[0]}/{bits[1]} bits; there are {known}")
    gains = np.array([data.gains("gain_white"), data.gains("gain_static")])
    at_logits = gains * noise * analog
    rounding = data.rounding[bits]
    adc, dev = at_logits.sum(axis=1)
    start, scale = _of_rounding(data, bits)
    white, nsr = start + adc, start + adc + dev
    share = white / nsr if nsr > 0 else 1.0
    accuracy = share * score(data, "white", nsr) + (1 - share) * score(data, "static", nsr)
    parts = np.array([rounding, adc, dev])
    return Prediction(scale * accuracy, parts.sum(), parts, at_logits.sum(axis=0))


def best_score(data: AccuracyData, nsr: float, bits: tuple[int, int]) -> float:
    """Upper bound of the accuracy if ADCs and cells add `nsr` or more at the logits."""
    start, scale = _of_rounding(data, bits)
    return scale * max(score(data, curve, start + nsr) for curve in ("white", "static"))


def _of_rounding(data: AccuracyData, bits: tuple[int, int]) -> tuple[float, float]:
    """White noise over signal that costs as much as rounding, and the factor of the curves
    there."""
    # A higher score on integers than in float does not compensate noise.
    rounded = min(data.rounded[bits], data.float_score)
    alike = np.exp(np.interp(-rounded, -data.white, np.log(data.levels)))
    start = min(data.rounding[bits], float(alike))
    there = score(data, "white", start)
    return start, rounded / there if there > 0 else 1.0


def score(data: AccuracyData, curve: str, nsr: float) -> float:
    """Score on the curve "white" or "static", interpolated in the logarithm of noise."""
    with np.errstate(divide="ignore"):
        return float(np.interp(np.log(nsr), np.log(data.levels), getattr(data, curve)))


def _passing(allowed: Floats, factor: float) -> Floats:
    """Largest predicted drops that pass a filter of allowed drops times a factor."""
    if factor == 1:
        return allowed
    return factor * np.where(allowed > 0, allowed, LEAST_FILTERED)


def _with_other_circuits(designs: Designs) -> dict[str, Designs]:
    """Designs with another circuit each, by name of their drop."""
    other, noise = 1 - designs.weight_coding, designs.adc_noise
    changed = {
        "drop_with_1_more_adc_bit": replace(
            designs, adc_bits=np.minimum(designs.adc_bits + 1, LIMITS["adc_bits"][1])
        ),
        "drop_with_half_the_rows": replace(
            designs, active_rows=np.maximum(designs.active_rows // 2, 1)
        ),
        "drop_with_other_coding": replace(designs, weight_coding=other),
    }
    if noise.any():
        changed["drop_with_half_the_noise"] = replace(
            designs, adc_noise=np.maximum(noise // 2, np.minimum(noise, 1))
        )
    return changed


class PredictedAccuracy:
    """Accuracy drops of W networks on designs, computed once per circuit.

    Args:
        names: the networks.
        data: accuracy data by network; networks without data have no drop.
        max_drop: largest drop below the float score by network; networks without one have no limit.
        noise: computes the noise of layers.
        technology: cells and their errors.
        precisions: precision of each network, length W.
        digital: layers on the digital unit, by network.
        filter_factor, failed: see `MeasuredNetworks`.

    Raises:
        ValueError: accuracy data lack a precision, or rounding alone exceeds the allowed drop.
    """

    def __init__(
        self,
        names: Sequence[str],
        data: Mapping[str, AccuracyData],
        noise: CircuitNoise,
        *,
        max_drop: Mapping[str, float],
        technology: Technology,
        precisions: Sequence[Precision],
        digital: Mapping[str, Collection[str]],
        filter_factor: float = 1.0,
        failed: Sequence[FailedCircuit] = (),
    ) -> None:
        self._data = [data.get(name) for name in names]
        self._noise = noise
        self._technology = technology
        self._precisions = list(precisions)
        self._digital = [digital.get(name, ()) for name in names]
        self._cache = KeyedCache(np.inf, rows_at_once=1)
        self.allowed = np.array([max_drop.get(name, np.inf) for name in names])
        """Largest drop of each network, infinite without a limit, shape (W,)."""
        self.passing = _passing(self.allowed, filter_factor)
        """Largest predicted drop of each network, infinite without a limit, shape (W,)."""
        self._failed = [
            (names.index(each.network), circuit_key_of(dict(each.circuit)), each.excess)
            for each in failed
            if each.network in names
        ]
        for at, name in enumerate(names):
            self._check(at, name)

    def with_technology(self, technology: Technology) -> PredictedAccuracy:
        """The accuracy on the same device with other assumptions; `self` if none decides noise."""
        if self._technology.has_noise_of(technology):
            return self
        model = copy(self)
        model._technology, model._cache = technology, KeyedCache(np.inf, rows_at_once=1)
        return model

    def _check(self, network: int, name: str) -> None:
        """Check that some chip can keep the limit of a network."""
        data, bits = self._data[network], self._precisions[network].bits
        if data is None:
            return
        predict(data, np.zeros((2, len(data.layers))), bits, self._digital[network])
        least = data.float_score - best_score(data, 0.0, bits)
        if beyond_allowed(np.array(least), self.allowed[network]) > 0:
            raise ValueError(
                f"no chip keeps max_accuracy_drop = {self.allowed[network]:g} of {name}: to round "
                f"inputs and weights to {bits[0]} and {bits[1]} bits costs {least:.3g}"
            )

    @property
    def is_limited(self) -> Bools:
        """True for networks whose drop is limited, shape (W,)."""
        return np.isfinite(self.allowed)

    @property
    def limited(self) -> bool:
        """True if the drop of some network is limited."""
        return bool(self.is_limited.any())

    def drops(self, designs: Designs) -> Floats:
        """Float score minus predicted accuracy, shape (n, W); 0 for networks without data.

        Of a circuit that failed, the largest drop that passes and the excess of its loss.
        """
        drops = self._predicted(designs)
        if self._failed:
            keys = circuit_keys(designs)
            for at, key, excess in self._failed:
                drops[keys == key, at] = self.passing[at] + max(excess, UNSEEN_DROP)
        return drops

    def _predicted(self, designs: Designs) -> Floats:
        """Predicted drops, shape (n, W)."""
        (drops,) = self._cache.rows(
            circuit_keys(designs), lambda index: self._work_out(designs.take(index))
        )
        return drops

    def _work_out(self, designs: Designs) -> Arrays:
        drops = np.zeros((len(designs), len(self._data)))
        for at in range(len(designs)):
            for network, data in enumerate(self._data):
                if data is not None:
                    prediction = self.predict(designs.take(slice(at, at + 1)), network)
                    drops[at, network] = data.float_score - prediction.accuracy
        return (drops,)

    def details(self, designs: Designs) -> dict[str, Values]:
        """Causes of the accuracy drop of networks, and the drop with other circuits.

        Args:
            designs: a few chips.

        Returns:
            Shape (n, W) each: `accuracy_drop`; `accuracy_lost_in`, the layers with most noise at
            the logits; unless sums are exact, the drop with one more ADC bit, with half the active
            rows, with the other weight coding and with half the noise of ADCs. Empty or NaN for
            networks without data.
        """
        has_data = np.array([data is not None for data in self._data])
        changed = {} if self._technology.device.exact else _with_other_circuits(designs)
        drops = {"accuracy_drop": designs, **changed}
        values: dict[str, Values] = {
            name: np.where(has_data, self._predicted(each), np.nan) for name, each in drops.items()
        }
        values["accuracy_lost_in"] = np.array(
            [
                [self._worst(designs.take(slice(at, at + 1)), w) for w in range(len(has_data))]
                for at in range(len(designs))
            ]
        )
        return values

    def _worst(self, design: Designs, network: int) -> str:
        """Layers with most noise at the logits, and their share."""
        data = self._data[network]
        if data is None or self._technology.device.exact:
            return ""
        prediction = self.predict(design, network)
        most = np.argsort(prediction.layers)[::-1][:LAYERS_NAMED]
        shares = prediction.layers[most] / prediction.nsr
        layers = [data.layers[at].name for at in most]
        return ", ".join(f"{n} {s:.0%}" for n, s in zip(layers, shares, strict=True))

    def predict(self, design: Designs, network: int) -> Prediction:
        """Prediction of one network on one design.

        Raises:
            ValueError: the network has no data.
        """
        data = self._data[network]
        if data is None:
            raise ValueError("this network has no accuracy data")
        precision = self._precisions[network]
        (circuit,) = Circuit.of_technology(design, self._technology)
        circuit = replace(circuit, **vars(precision))
        exact = self._technology.device.exact
        noise = np.zeros((2, len(data.layers))) if exact else self._noise(data, circuit)
        return predict(data, noise, precision.bits, self._digital[network])
