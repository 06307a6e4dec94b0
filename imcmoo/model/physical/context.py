"""Data and caches that all designs of one physical model share."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from imcmoo.keyed_cache import KeyedCache
from imcmoo.model.physical.components import Technology
from imcmoo.model.physical.constraints import CircuitLimits
from imcmoo.model.physical.layers import LayerTable
from imcmoo.model.physical.noise import NoiseModel
from imcmoo.model.physical.predicted_accuracy import PredictedAccuracy


@dataclass(frozen=True, eq=False, kw_only=True)
class Context(Technology):
    """Data and caches that all designs of a model share, beside their technology.

    Args:
        layers: of all networks.
        inferences_per_switch: images over which a switch of networks is charged; infinite if none
            happens.
        co_resident: whether all networks are on the chip.
        noise: SNR by circuit.
        limits: of circuits.
        accuracy: predicted accuracy of networks; None if none has data.
        features: features by mapping key, resident and streamed.
        shortfalls: capacity shortfalls by mapping key.
        replications: replication of layers by array and number of macros.
    """

    layers: LayerTable
    inferences_per_switch: float
    co_resident: bool
    noise: NoiseModel
    limits: CircuitLimits
    accuracy: PredictedAccuracy | None = None
    features: tuple[KeyedCache, KeyedCache] = field(
        default_factory=lambda: (KeyedCache(), KeyedCache())
    )
    shortfalls: KeyedCache = field(default_factory=KeyedCache)
    replications: KeyedCache = field(default_factory=lambda: KeyedCache(np.inf, rows_at_once=2048))

    @property
    def switches_networks(self) -> bool:
        """True if weights are written at a switch of networks."""
        return bool(np.isfinite(self.inferences_per_switch)) and self.switches.placement

    def loads(self, *, streamed: bool) -> float:
        """Number of times the weights of a network are loaded for an image."""
        if streamed:
            return 1.0
        return 1 / self.inferences_per_switch if self.switches_networks else 0.0
