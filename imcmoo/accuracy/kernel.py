"""A compiled pass over the sums of a row block, which takes much of the time."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from imcmoo.model.metrics import Floats
from imcmoo.model.physical.adc_window import Adcs


@numba.njit(nogil=True)
def _convert_and_add(sums, low, step, places, zero, top, out):  # type: ignore[no-untyped-def]
    groups, inputs, n, weights, columns = sums.shape
    for g in range(groups):
        for i in range(inputs):
            for at in range(n):
                line = out[g, at]
                for j in range(weights):
                    shift, unit = low[i, j], step[i, j]
                    gain = np.float64(unit) * places[i, j]
                    base = np.float64(shift) * places[i, j]
                    values = sums[g, i, at, j]
                    for m in range(columns):
                        code = np.rint((values[m] - shift) / unit)
                        code = min(max(code, zero), top)
                        line[m] += base + gain * code


def convert_and_add(
    sums: NDArray[Any], adcs: Adcs, places: Floats, codes: int, out: Floats
) -> None:
    """Convert the sums of one row block and add them, shifted to their places, to `out`.

    Args:
        sums: shape (groups, input slices, n, weight slices, columns), float32 or float64; the
            conversion is in the same precision.
        adcs: of each input and weight slice.
        places: value of one unit of each, shape (input slices, weight slices).
        codes: number of codes of an ADC.
        out: shape (groups, n, columns); changed in place.
    """
    kind = sums.dtype.type
    low, step = adcs.low.astype(kind), adcs.step.astype(kind)
    _convert_and_add(sums, low, step, places, kind(0), kind(codes - 1), out)
