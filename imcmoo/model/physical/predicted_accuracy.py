"""Accuracy of networks on chips, predicted from the noise of each layer: a table look-up.

NSR at the logits = ρ(B_x, B_w) + Σ_l γ_white · adc_l + γ_static · dev_l, where adc and dev are the
noise over signal of a layer, γ its gain to the logits and ρ that of rounding inputs and weights.
The accuracy is the mean of the network's curves for white and static noise at that NSR, weighted by
the parts of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from imcmoo.keyed_cache import Arrays, KeyedCache
from imcmoo.model.metrics import Floats
from imcmoo.model.physical.parameters import LIMITS, Designs
from imcmoo.networks.accuracy_data import AccuracyData

LAYERS_NAMED = 2
"""Layers that are named of each network."""
LARGEST_NSR = 10.0
"""Noise over signal of a layer above which nothing is left to lose."""


class AnalogCircuit(NamedTuple):
    """Parameters that the noise of a layer depends on.

    Args:
        rows: of a macro.
        active_rows: read at once.
        input_slice_bits: d_x.
        bits_per_cell: b.
        differential: whether a weight is the difference of two cells.
        adc_bits: b_a.
        sigma: spread of a cell as a share of its range.
        input_bits, weight_bits: precision.
    """

    rows: int
    active_rows: int
    input_slice_bits: int
    bits_per_cell: int
    differential: bool
    adc_bits: int
    sigma: float
    input_bits: int
    weight_bits: int


CircuitNoise = Callable[[AccuracyData, AnalogCircuit], Floats]
"""Noise over signal of the ADCs and of the cells of each layer, shape (2, L)."""


@dataclass(frozen=True)
class AccuracyTarget:
    """A network's data, and the drop of its score that is allowed.

    Args:
        data: of `imcmoo import --data`.
        max_drop: largest drop below the float score; None for no limit.
    """

    data: AccuracyData
    max_drop: float | None = None


@dataclass(frozen=True)
class Prediction:
    """Predicted accuracy of a network on a chip.

    Args:
        accuracy: the score.
        nsr: noise over signal at the logits.
        parts: of rounding, ADCs and cells, shape (3,).
        layers: of each layer at the logits, ADCs and cells together, shape (L,).
    """

    accuracy: float
    nsr: float
    parts: Floats
    layers: Floats


def predict(data: AccuracyData, noise: Floats, bits: tuple[int, int]) -> Prediction:
    """The accuracy from the noise of all layers.

    Args:
        data: of the network.
        noise: over signal of ADCs and cells, shape (2, L).
        bits: precision of inputs and weights.

    Raises:
        ValueError: no such precision was measured.
    """
    if bits not in data.rounding:
        known = ", ".join(f"{x}/{w}" for x, w in data.rounding)
        raise ValueError(f"no accuracy data for {bits[0]}/{bits[1]} bits; there are {known}")
    gains = np.array([data.gains("gain_white"), data.gains("gain_static")])
    at_logits = gains * np.minimum(noise, LARGEST_NSR)
    rounding = data.rounding[bits]
    adc, dev = at_logits.sum(axis=1)
    white, nsr = rounding + adc, rounding + adc + dev
    share = white / nsr if nsr > 0 else 1.0
    accuracy = share * score(data, "white", nsr) + (1 - share) * score(data, "static", nsr)
    return Prediction(accuracy, nsr, np.array([rounding, adc, dev]), at_logits.sum(axis=0))


def score(data: AccuracyData, curve: str, nsr: float) -> float:
    """Score on a curve of the network, interpolated in the logarithm of noise over signal.

    Args:
        data: of the network.
        curve: "white" or "static".
        nsr: noise over signal at the logits.
    """
    with np.errstate(divide="ignore"):
        return float(np.interp(np.log(nsr), np.log(data.levels), getattr(data, curve)))


class PredictedAccuracy:
    """Drops of accuracy of W networks on designs, each circuit worked out once.

    Args:
        names: the networks.
        targets: data and limits by name; networks without any drop nothing.
        noise: works out the noise of layers.
        sigma: spread of a cell as a share of its range.
        precision: bits of inputs and weights of each network, length W.

    Raises:
        ValueError: no accuracy data for a precision.
    """

    def __init__(
        self,
        names: Sequence[str],
        targets: Mapping[str, AccuracyTarget],
        noise: CircuitNoise,
        *,
        sigma: float,
        precision: Sequence[tuple[int, int]],
    ) -> None:
        self._targets = [targets.get(name) for name in names]
        self._noise = noise
        self._sigma = sigma
        self._precision = list(precision)
        self._cache = KeyedCache(np.inf, rows_at_once=1)
        for target, bits in zip(self._targets, self._precision, strict=True):
            if target is not None:
                predict(target.data, np.zeros((2, len(target.data.layers))), bits)

    @cached_property
    def allowed(self) -> Floats:
        """Largest drop of each network, infinite without a limit, shape (W,)."""
        limits = [t.max_drop if t is not None else None for t in self._targets]
        return np.array([np.inf if limit is None else limit for limit in limits])

    @property
    def limited(self) -> bool:
        """True if the drop of some network is limited."""
        return bool(np.isfinite(self.allowed).any())

    def drops(self, designs: Designs) -> Floats:
        """Float score minus predicted accuracy, shape (n, W); 0 for networks without data."""
        keys = np.zeros(len(designs), np.int64)
        for values, bits in (
            (designs.rows, 11),
            (designs.active_rows, 11),
            (designs.input_slice_bits, 4),
            (designs.bits_per_cell, 4),
            (designs.differential, 1),
            (designs.adc_bits, 5),
        ):
            keys = (keys << bits) | values.astype(np.int64)
        (drops,) = self._cache.rows(keys, lambda index: self._work_out(designs.take(index)))
        return drops

    def _work_out(self, designs: Designs) -> Arrays:
        drops = np.zeros((len(designs), len(self._targets)))
        for at in range(len(designs)):
            for network, target in enumerate(self._targets):
                if target is not None:
                    found = self.of(designs.take(slice(at, at + 1)), network)
                    drops[at, network] = target.data.float_score - found.accuracy
        return (drops,)

    def details(self, designs: Designs) -> dict[str, NDArray[Any]]:
        """What decides the accuracy of networks, and what other circuits would give.

        Args:
            designs: n chips, a few.

        Returns:
            Shape (n, W) each: `accuracy_drop`; `accuracy_lost_in`, the layers with most noise at
            the logits; the drop with one more ADC bit, with half the active rows and with the other
            weight coding. Empty or NaN for networks without data.
        """
        other = 1 - designs.weight_coding
        changed = {
            "drop_with_1_more_adc_bit": replace(
                designs, adc_bits=np.minimum(designs.adc_bits + 1, LIMITS["adc_bits"][1])
            ),
            "drop_with_half_the_rows": replace(
                designs, active_rows=np.maximum(designs.active_rows // 2, 1)
            ),
            "drop_with_other_coding": replace(designs, weight_coding=other),
        }
        known = np.array([target is not None for target in self._targets])
        drops = {"accuracy_drop": designs, **changed}
        found: dict[str, NDArray[Any]] = {
            name: np.where(known, self.drops(each), np.nan) for name, each in drops.items()
        }
        found["accuracy_lost_in"] = np.array(
            [
                [self._worst(designs.take(slice(at, at + 1)), w) for w in range(len(known))]
                for at in range(len(designs))
            ]
        )
        return found

    def _worst(self, design: Designs, network: int) -> str:
        """Layers with most noise at the logits, and their share of all noise there."""
        target = self._targets[network]
        if target is None:
            return ""
        prediction = self.of(design, network)
        most = np.argsort(prediction.layers)[::-1][:LAYERS_NAMED]
        shares = prediction.layers[most] / prediction.nsr
        layers = [target.data.layers[at].name for at in most]
        return ", ".join(f"{n} {s:.0%}" for n, s in zip(layers, shares, strict=True))

    def of(self, design: Designs, network: int) -> Prediction:
        """The prediction of one network on one design.

        Raises:
            ValueError: the network has no data.
        """
        target = self._targets[network]
        if target is None:
            raise ValueError("this network has no accuracy data")
        input_bits, weight_bits = self._precision[network]
        circuit = AnalogCircuit(
            rows=int(design.rows[0]),
            active_rows=int(design.active_rows[0]),
            input_slice_bits=int(design.input_slice_bits[0]),
            bits_per_cell=int(design.bits_per_cell[0]),
            differential=bool(design.differential[0]),
            adc_bits=int(design.adc_bits[0]),
            sigma=self._sigma,
            input_bits=input_bits,
            weight_bits=weight_bits,
        )
        return predict(target.data, self._noise(target.data, circuit), (input_bits, weight_bits))
