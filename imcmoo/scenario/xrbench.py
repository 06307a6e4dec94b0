"""The score of XRBench for one network's requests.

Source: repository XRBench/XRBench-MLSys2023, `HET_scoring-module.hpp`, with the parameters of
`XRBench-MAESTRO.cpp`: 15 per ms and 1500 mJ.
"""

from __future__ import annotations

import numpy as np

from imcmoo.model.metrics import Floats

STEEPNESS_PER_MS = 15.0
MOST_ENERGY_J = 1.5


def xrbench_score(response_s: Floats, deadline_s: float, energy_J: float) -> float:
    """Mean of real-time term times energy term over requests none of which is dropped, at most 1.

    Args:
        response_s: from each request to its end, shape (n,).
        deadline_s: from each request to its deadline.
        energy_J: of one request.
    """
    delay_ms = 1e3 * (response_s - deadline_s)
    with np.errstate(over="ignore"):
        real_time = 1 / (1 + np.exp(STEEPNESS_PER_MS * delay_ms))
    return float(real_time.mean() * (MOST_ENERGY_J - energy_J) / MOST_ENERGY_J)
