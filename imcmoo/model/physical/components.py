"""Parts of chips in the component table: keys, quantities, and which designs the table covers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from imcmoo.hardware.lookup import MissingRow
from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.model.metrics import Floats, Ints
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.parameters import (
    ADC_MODELS,
    BITS_PER_KIB,
    DesignRefused,
    Designs,
    refuse,
)
from imcmoo.model.physical.technology import Switches, Technology

GLB_BITS = 2048
"""Width of the global buffer's word."""

Source = tuple[str | None, float]
"""Design column of a key and its factor, or None and a constant."""

NODE: Source = ("technology_nm", 1)
ROWS: Source = ("rows", 1)
COLS: Source = ("cols", 1)


PartKeys = tuple[str, dict[str, Source]]
"""Table of a part, and the source of each of its keys."""


def _buffer(width_bits: Source, depth_words: Source, banks: Source = (None, 1)) -> PartKeys:
    return "buffer", {
        "node_nm": NODE,
        "width_bits": width_bits,
        "depth_words": depth_words,
        "banks": banks,
    }


PARTS: dict[str, PartKeys] = {
    "technology": ("technology", {"node_nm": NODE}),
    "input_buffer": _buffer(("macros_per_tile", 8), ROWS),
    "result_buffer": _buffer(("macros_per_tile", 8), COLS),
    "glb": _buffer((None, GLB_BITS), ("glb_KiB", BITS_PER_KIB / GLB_BITS), ("glb_banks", 1)),
    "cells_as_memory": _buffer(COLS, ROWS),
    **{
        name: (name, {"node_nm": NODE, "voltage_V": ("voltage_V", 1), "rows": ROWS, "cols": COLS})
        for name in ("rram", "sram")
    },
}
"""Parts that are looked up by design columns."""


def part_costs(name: str, designs: Designs, table: PhysicalTable) -> Mapping[str, Floats]:
    """Quantities of one of `PARTS` for n designs.

    Raises:
        MissingRow: a value the component table lacks; says what it has.
    """
    component, keys = PARTS[name]
    return table.look_up(component, **_key_values(keys, designs))


def _key_values(keys: Mapping[str, Source], designs: Designs) -> dict[str, Floats | float]:
    return {
        key: scale if name is None else getattr(designs, name) * scale
        for key, (name, scale) in keys.items()
    }


def adcs_per_macro(designs: Designs, switches: Switches) -> Floats:
    """ADCs of one macro; one per column, or pair, where they are not shared."""
    columns = np.floor(designs.cols / (1 + designs.differential))
    if not switches.shared_converters:
        return columns
    shared: Floats = np.ceil(columns / designs.columns_per_adc)
    return shared


def require_coverage(designs: Designs, technology: Technology) -> None:
    """Check that every component of n designs is in the table.

    Raises:
        DesignRefused: one is not; names design column, design and what is allowed.
    """
    device, table = technology.device, technology.table
    names = ["technology", device.name, "input_buffer", "result_buffer", "glb"]
    for name in [*names, *(["cells_as_memory"] if device.streams else [])]:
        _require(designs, np.arange(len(designs)), table, *PARTS[name])
    bits: dict[str, Source] = {"node_nm": NODE, "bits": ("adc_bits", 1)}
    for index, name in enumerate(ADC_MODELS):
        if name in table.tables:
            _require(designs, np.flatnonzero(designs.adc_model == index), table, name, bits)
    check_dac_bits(designs, technology.assumptions)


def check_dac_bits(designs: Designs, assumptions: Assumptions) -> None:
    """Refuse designs that send more bits at once than a DAC settles.

    Raises:
        DesignRefused: names the design.
    """
    highest = assumptions.highest_level_bits.value
    slices = designs.input_slice_bits
    wrong = designs.level_coded & (slices > highest)
    refuse("input_slice_bits", slices, wrong, f"at most {highest:g} where input_coding is levels")


def _require(
    designs: Designs, some: Ints, table: PhysicalTable, component: str, keys: dict[str, Source]
) -> None:
    """Check one component of some of the designs."""
    try:
        table.look_up(component, **_key_values(keys, designs.take(some)))
    except MissingRow as missing:
        name, scale = keys[missing.key]
        column = name or "technology_nm"
        design = int(some[missing.index])
        allowed = ", ".join(f"{value / scale:g}" for value in missing.available)
        raise DesignRefused(
            column,
            design,
            f"{getattr(designs, column)[design]:g} is given, but the component table has "
            f"{component} only for {allowed}",
        ) from None
