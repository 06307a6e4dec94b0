"""Costs of designs by layer and by component."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imcmoo.model.metrics import Floats


@dataclass(frozen=True, eq=False, kw_only=True)
class LayerCosts:
    """Costs of n designs, layer by layer; optional figures are None where a model lacks them.

    Args:
        layers: network and name of each of the L layers.
        components: names of the K components.
        energy_J: shape (n, L, K).
        area_m2: shape (n, K).
        latency_s: shape (n, L); where layers run one after the other, their sum is the latency of
            the network.
        utilization: share of the cells that a layer keeps busy, shape (n, L).
        causes: names of the possible bottlenecks.
        bound_by: bottleneck as index into `causes`, shape (n, L); without meaning where a layer
            does not run.
    """

    layers: Sequence[tuple[str, str]]
    components: Sequence[str]
    energy_J: Floats
    area_m2: Floats
    latency_s: Floats | None = None
    utilization: Floats | None = None
    causes: Sequence[str] = ()
    bound_by: NDArray[np.int64] | None = None
