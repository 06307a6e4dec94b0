"""Conversion of the sums of an array to products: ADC codes, shift and add."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from imcmoo.accuracy.compiled import compiled
from imcmoo.arrays import Floats, Values
from imcmoo.model.physical.adc_window import Adcs


@dataclass(frozen=True)
class Read:
    """Sums of one row block for some groups and samples.

    Args:
        block: index of the row block.
        groups, samples: their indices.
        drive: input slices, shape (groups, input slices, n, rows).
        sums: shape (groups, input slices, n, weight slices, M).
    """

    block: int
    groups: slice
    samples: slice
    drive: Values
    sums: Values


@dataclass(frozen=True, eq=False)
class Conversion:
    """Conversion of sums to low + step · code, arrays of shape (row blocks, I, S).

    Args:
        low, step: in units of the sums.
        codes: number of codes; the last one is codes − 1.
    """

    low: Floats
    step: Floats
    codes: Floats

    @classmethod
    def from_adcs(cls, adcs: Sequence[Adcs], codes: int) -> Conversion:
        """ADCs of each row block, all with the same number of codes."""
        low, step = (np.array([getattr(a, name) for a in adcs]) for name in ("low", "step"))
        return cls(low, step, np.full(low.shape, float(codes)))

    def add_to(self, out: Floats, read: Read, places: Floats) -> None:
        """Convert the sums of a read and add them, shifted, to `out` (in place).

        Args:
            out: shape (groups, n, M).
            read: the sums.
            places: value of one unit of each input and weight slice, shape (I, S).
        """
        kind, at = read.sums.dtype.type, read.block
        low, step, top = (v[at].astype(kind) for v in (self.low, self.step, self.codes - 1))
        _convert_and_add(read.sums, low, step, top, places, kind(0), out)


@compiled
def _convert_and_add(sums, low, step, top, places, zero, out):  # type: ignore[no-untyped-def]
    """Loop of `Conversion.add_to`, which dominates the time."""
    groups, inputs, n, weights, columns = sums.shape
    for g in range(groups):
        for i in range(inputs):
            for at in range(n):
                line = out[g, at]
                for j in range(weights):
                    shift, unit, last = low[i, j], step[i, j], top[i, j]
                    gain = np.float64(unit) * places[i, j]
                    base = np.float64(shift) * places[i, j]
                    values = sums[g, i, at, j]
                    for m in range(columns):
                        code = np.rint((values[m] - shift) / unit)
                        code = min(max(code, zero), last)
                        line[m] += base + gain * code
