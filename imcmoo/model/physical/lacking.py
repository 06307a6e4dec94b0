"""What networks lack on chips, as resources of the seam: cells, buffer bits, and the limits."""

from __future__ import annotations

import numpy as np

from imcmoo.model.metrics import Floats, Resource
from imcmoo.model.physical.limits import CircuitLimits
from imcmoo.model.physical.metrics import PhysicalResources


def _excess(ratio: Floats) -> Floats:
    """By how much a ratio is above 1, 0 below."""
    return np.maximum(ratio - 1, 0.0)


def lacking(known: PhysicalResources, limits: CircuitLimits) -> dict[str, Resource]:
    """What networks lack, limits included."""
    one = np.ones(known.missing_cells.shape[0])
    used = used_of_limits(known, limits)
    return {
        "cells": Resource(known.cells, known.missing_cells),
        # A chip may have no buffer to speak of: what is missing counts in bits of 1 KiB.
        "buffer_bits": Resource(8192 * one, known.missing_bits),
        **{name: Resource(one, _excess(share)) for name, share in used.items()},
    }


def used_of_limits(known: PhysicalResources, limits: CircuitLimits) -> dict[str, Floats]:
    """What networks use of each limit, 1 being all of it, shape (n, W)."""
    alike = np.ones((1, known.missing_cells.shape[1]))
    return {
        # 3 dB are one octave of noise power.
        "snr": np.asarray(10 ** ((limits.snr_adc_dB - known.snr_adc_dB) / 10)),
        "levels": (limits.level_sigmas / known.level_sigmas)[:, None] * alike,
        "wires": (known.ir_drop / limits.ir_drop)[:, None] * alike,
    }
