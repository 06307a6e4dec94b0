"""What all designs of a physical model share."""

from __future__ import annotations

from dataclasses import dataclass, field

from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.copies import CopiesMemory
from imcmoo.model.physical.devices import Device
from imcmoo.model.physical.keyed_memory import KeyedMemory
from imcmoo.model.physical.layers import LayerTable
from imcmoo.model.physical.limits import CircuitLimits
from imcmoo.model.physical.noise import NoiseMemory
from imcmoo.model.physical.operand_sums import OperandSums
from imcmoo.model.physical.switches import Switches


@dataclass(frozen=True, eq=False)
class Context:
    """What all designs of a model share.

    Args:
        layers: of all networks.
        sums: statistics of their operands.
        device: memory device.
        table: component numbers.
        given: assumptions.
        switches: rules that are on.
        requests: images over which a switch of networks is charged; infinite if none happens.
        together: whether all networks are on the chip.
        copies: copies by array and number of macros.
        noise: signal to noise by circuit.
        bodies: features by body, resident and streamed.
        shortfalls: what networks lack, by body.
        limits: what circuits must keep.
    """

    layers: LayerTable
    sums: OperandSums
    device: Device
    table: PhysicalTable
    given: Assumptions
    switches: Switches
    requests: float
    together: bool
    copies: CopiesMemory
    noise: NoiseMemory
    bodies: tuple[KeyedMemory, KeyedMemory] = field(
        default_factory=lambda: (KeyedMemory(), KeyedMemory())
    )
    shortfalls: KeyedMemory = field(default_factory=KeyedMemory)
    limits: CircuitLimits = field(default_factory=CircuitLimits)
