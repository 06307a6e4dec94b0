"""Technology of chips: memory device, component numbers, assumptions, and the rules that are on."""

from __future__ import annotations

from dataclasses import dataclass, fields

from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.memory_cells import MemoryCell


@dataclass(frozen=True)
class Switches:
    """Physical rules that the reference model does not have; off is what it does instead.

    Numbers are the rows of the ledger in `docs/physical_model.md`. All off need not equal the
    reference.

    Args:
        placement: 1. Layers share the chip's cells, and writing them costs; off: each layer has
            the whole chip while all count as resident.
        pulses: 2. Every slice and every pulse of an input takes its time; off: one read.
        voltage_slows: 3. A lower supply slows arrays, ADCs and clock; off: all as at 0.9 V.
        bandwidth: 4. Buffers, links and DRAM take time; off: they answer at once.
        shared_converters: 5. Columns share ADCs of chosen resolution; off: a 5-bit flash
            ADC per column.
        few_levels: 6. At most 4 bits per cell, and devices vary; off: 8 bits, perfect cells.
        unsigned_inputs: 7. Inputs that are never negative are coded without offset; off: with.
        strides: 8. Layers move only the inputs they read; off: as if all strides were 1.
        wide_sums: 9. Partial sums have their full width and are shifted and added; off: 8 bits.
        wires: 10. Moving a bit across the chip charges a wire; off: routers only.
        idle_leakage: 11. All that is powered leaks; off: only what is in use.
        activation_dram: 12. Network input and output and what the buffer cannot hold go through
            DRAM; off: not.
        diagonal_groups: 15. Groups of a convolution share a macro; off: each takes its own.
    """

    placement: bool = True
    pulses: bool = True
    voltage_slows: bool = True
    bandwidth: bool = True
    shared_converters: bool = True
    few_levels: bool = True
    unsigned_inputs: bool = True
    strides: bool = True
    wide_sums: bool = True
    wires: bool = True
    idle_leakage: bool = True
    activation_dram: bool = True
    diagonal_groups: bool = True

    @classmethod
    def all_off(cls) -> Switches:
        """None of the physical rules."""
        return cls(**{field.name: False for field in fields(cls)})


@dataclass(frozen=True, eq=False, kw_only=True)
class Technology:
    """Numbers and rules that the costs of all designs of a study share.

    Args:
        device: memory device.
        table: energy, area and delay of components.
        assumptions: numbers that no library gives.
        switches: physical rules that apply.
    """

    device: MemoryCell
    table: PhysicalTable
    assumptions: Assumptions
    switches: Switches
