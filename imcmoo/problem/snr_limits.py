"""Limits on signal to noise, of which compute SNR includes that of ADCs."""

from __future__ import annotations

import math
from collections.abc import Mapping

SNR_LIMITS = {"snr": "ADC SQNR", "compute_snr": "compute SNR"}
"""Names of the limits on SNR, whose factors are of noise power, by resource."""

SAME = 1e-3
"""Relative difference of two factors up to which one message states both."""


def is_said_by_compute_snr(limit: str, shares: Mapping[str, float]) -> bool:
    """True for the limit on ADC SQNR if compute SNR, which includes it, breaks by as much.

    Args:
        limit: name of the limit.
        shares: used share by limit of one network.
    """
    adc, compute = (shares.get(name, math.nan) for name in SNR_LIMITS)
    return limit == "snr" and math.isclose(adc, compute, rel_tol=SAME)
