"""Memory devices of the component tables and the reference model."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ReferenceDevice:
    """A memory device of the component libraries and the reference model."""

    name: str  # as in design spaces and in the component table
    may_be_zero: tuple[str, ...]  # quantities of its arrays that may cost nothing
    streams_weights: bool
    """True if weights are reloaded from main memory while a layer runs."""
    components: tuple[str, ...]  # what the chip consists of, named as in the reference's records
    free: tuple[str, ...]  # actions that cost no energy
    largest_cell_bits: int  # most bits a cell holds


_BUFFERED = ("input_buffer", "output_buffer", "router", "glb")

RRAM = ReferenceDevice(
    name="rram",
    # A resistive cell keeps its state without a supply.
    may_be_zero=("cell_leak",),
    streams_weights=False,
    components=("cim_unit", "row_drivers", "adc", "column_drivers", *_BUFFERED),
    # Resident weights are written for free.
    free=("cim_unit.write", "weight_drivers.read", "main_memory.read"),
    largest_cell_bits=8,
)

SRAM = ReferenceDevice(
    name="sram",
    # NeuroSim charges the reading of an SRAM cell to its row and column, and gives SRAM arrays no
    # column drivers of their own.
    may_be_zero=("cell_read_low", "cell_read_high", "column_leak", "column_area"),
    streams_weights=True,
    components=(
        *("cim_unit", "row_drivers", "weight_drivers", "adc", "column_drivers"),
        *_BUFFERED,
        "main_memory",
    ),
    free=("cim_unit.read",),
    largest_cell_bits=1,
)

DEVICES: dict[str, ReferenceDevice] = {device.name: device for device in (RRAM, SRAM)}
"""Every device by name."""
