"""Integer codes of inputs and weights, and their slices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imcmoo.arrays import Floats, Ints
from imcmoo.model.physical.circuit import slice_maxima

Codes = NDArray[np.uint16]


@dataclass(frozen=True)
class InputCoding:
    """Inputs as unsigned codes: code = round(x / scale) + zero, saturated.

    Args:
        scale: value of one unit.
        bits: precision.
        zero: code of 0.
    """

    scale: float
    bits: int
    zero: int

    @classmethod
    def from_range(cls, lowest: float, highest: float, bits: int) -> InputCoding:
        """Coding for a range of inputs; without offset if none is negative."""
        signed = lowest < 0
        largest = 2 ** (bits - signed) - 1
        peak = max(-lowest, highest)
        return cls(peak / largest if peak > 0 else 1.0, bits, 2 ** (bits - 1) if signed else 0)

    def encode(self, values: NDArray[np.floating]) -> Codes:
        """Codes of inputs of any shape; NaN gets the largest."""
        return (self._units(values) + self.zero).astype(np.uint16)

    def rounded(self, values: NDArray[np.floating]) -> NDArray[Any]:
        """Inputs rounded to codes, in their precision."""
        return self._units(values) * self.scale

    def _units(self, values: NDArray[np.floating]) -> NDArray[Any]:
        """Signed multiples of `scale`, saturated."""
        units = np.fmin(np.rint(values / self.scale), 2**self.bits - 1 - self.zero)
        return np.fmax(units, -self.zero)


def quantise_weights(weights: Floats, bits: int, clip: float) -> tuple[Ints, Floats]:
    """Quantise weights: signed integers, shape (G, K, M), and units, shape (G, M).

    The unit of an output channel is 0 if all its weights are 0, so its errors do not count.

    Args:
        weights: shape (G, K, M).
        bits: precision, with sign.
        clip: largest stored magnitude as a share of the largest of its channel.
    """
    largest = 2 ** (bits - 1) - 1
    peak = clip * np.abs(weights).max(axis=1)
    units = np.rint(weights / (np.where(peak > 0, peak, largest) / largest)[:, None, :])
    return np.clip(units, -largest, largest).astype(np.int64), peak / largest


def cell_values(integers: Ints, bits: int, width: int, *, differential: bool) -> Floats:
    """Values held by cells, shape (G, K, S, M), least significant slice first.

    Slices of offset weights, or differences of two cells, of signed weights (G, K, M).
    """
    if differential:
        sign, coded = np.sign(integers), np.abs(integers)
    else:
        sign, coded = np.ones_like(integers), integers + 2 ** (bits - 1)
    sliced = [
        sign * (coded >> width * j & int(top))
        for j, top in enumerate(slice_maxima(bits - differential, width))
    ]
    return np.stack(sliced, axis=2).astype(np.float64)


def input_slices(codes: Codes, bits: int, width: int) -> list[Codes]:
    """Slices of input codes, shape as `codes`, least significant first; the last may be shorter."""
    maxima = slice_maxima(bits, width)
    return [codes >> np.uint16(width * i) & np.uint16(top) for i, top in enumerate(maxima)]


def places(count: int, width: int) -> Floats:
    """Value of one unit of each slice, least significant first, shape (count,)."""
    return np.exp2(width * np.arange(count))
