"""Memory devices of both models by name, and what the reference model knows of each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ReferenceDevice:
    """A memory device as the reference model knows it."""

    name: str  # as in design spaces and in the component table
    streams_weights: bool
    """Whether weights are reloaded from main memory while a layer runs, instead of being
    resident."""
    components: tuple[str, ...]  # what the chip consists of, named as in the reference's records
    free: tuple[str, ...]  # actions that cost no energy
    largest_cell_bits: int  # most bits a cell holds


_BUFFERED = ("input_buffer", "output_buffer", "router", "glb")

RRAM = ReferenceDevice(
    name="rram",
    streams_weights=False,
    components=("cim_unit", "row_drivers", "adc", "column_drivers", *_BUFFERED),
    # Resident weights are written for free.
    free=("cim_unit.write", "weight_drivers.read", "main_memory.read"),
    largest_cell_bits=8,
)

SRAM = ReferenceDevice(
    name="sram",
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
"""Every device by name; component tables of the physical model have the same devices."""


def keeps_weights(device: str) -> bool:
    """True if weights stay on a chip of the device; False of an unknown one."""
    return device in DEVICES and not DEVICES[device].streams_weights
