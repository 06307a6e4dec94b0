"""Data and caches that all designs of one physical model share."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.keyed_cache import KeyedCache
from imcmoo.model.metrics import Floats
from imcmoo.model.physical.action_counts import OperandSums
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.constraints import CircuitLimits
from imcmoo.model.physical.layers import LayerTable
from imcmoo.model.physical.memory_cells import MemoryCell
from imcmoo.model.physical.noise import NoiseModel
from imcmoo.model.physical.predicted_accuracy import PredictedAccuracy
from imcmoo.model.physical.replication import ReplicationRule
from imcmoo.model.physical.switches import Switches


@dataclass(frozen=True, eq=False)
class Context:
    """Data and caches that all designs of a model share.

    Args:
        layers: of all networks.
        sums: statistics of their operands.
        device: memory device.
        table: component numbers.
        assumptions: numbers that no library gives.
        switches: rules that are on.
        inferences_per_switch: images over which a switch of networks is charged; infinite if none
            happens.
        co_resident: whether all networks are on the chip.
        replication: of layers, by array and number of macros.
        noise: SNR by circuit.
        limits: of circuits.
        accuracy: predicted accuracy of networks; None if none has data.
        features: features by mapping key, resident and streamed.
        shortfalls: capacity shortfalls by mapping key.
    """

    layers: LayerTable
    sums: OperandSums
    device: MemoryCell
    table: PhysicalTable
    assumptions: Assumptions
    switches: Switches
    inferences_per_switch: float
    co_resident: bool
    replication: ReplicationRule
    noise: NoiseModel
    limits: CircuitLimits
    accuracy: PredictedAccuracy | None = None
    features: tuple[KeyedCache, KeyedCache] = field(
        default_factory=lambda: (KeyedCache(), KeyedCache())
    )
    shortfalls: KeyedCache = field(default_factory=KeyedCache)

    @property
    def switches_networks(self) -> bool:
        """True if weights are written at a switch of networks."""
        return bool(np.isfinite(self.inferences_per_switch)) and self.switches.placement

    @cached_property
    def held_bits(self) -> Floats:
        """Weights for the digital unit that the global buffer holds with each network, (W,)."""
        held = self.layers.held_bits
        return np.broadcast_to(held.sum(), held.shape) if self.co_resident else held

    def loads(self, *, streamed: bool) -> float:
        """Number of times the weights of a network are loaded for an image."""
        if streamed:
            return 1.0
        return 1 / self.inferences_per_switch if self.switches_networks else 0.0

    def without_features(self) -> Context:
        """A context that shares all but the features, for mapping keys that are not met again."""
        return replace(self, features=(KeyedCache(), KeyedCache()))
