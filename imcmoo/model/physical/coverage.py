"""Whether the component table covers designs, told by design column and not by component."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from imcmoo.hardware.lookup import MissingRow
from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.devices import Device
from imcmoo.model.physical.parameters import ADC_MODELS, DesignRefused, Designs, refuse
from imcmoo.model.physical.parts import GLB_BITS

Ints = NDArray[np.int64]
Source = tuple[str | None, float]
"""Where a key comes from: design column, and what one of its units is in the key's; or a value."""

NODE: Source = ("technology_nm", 1)


def _needs(device: Device) -> Iterator[tuple[str, dict[str, Source]]]:
    """Components of every design, and what their keys are."""
    rows: Source = ("rows", 1)
    cols: Source = ("cols", 1)
    yield "technology", {"node_nm": NODE}
    yield (
        device.name,
        {"node_nm": NODE, "voltage_V": ("voltage_V", 1), "rows": rows, "cols": cols},
    )
    tile = ("macros_per_tile", 8)
    for depth in (rows, cols):
        yield (
            "buffer",
            {"node_nm": NODE, "width_bits": tile, "depth_words": depth, "banks": (None, 1)},
        )
    yield (
        "buffer",
        {
            "node_nm": NODE,
            "width_bits": (None, GLB_BITS),
            "depth_words": ("glb_KiB", 8192 / GLB_BITS),
            "banks": ("glb_banks", 1),
        },
    )
    if device.streams:
        yield (
            "buffer",
            {"node_nm": NODE, "width_bits": cols, "depth_words": rows, "banks": (None, 1)},
        )


def require_coverage(
    designs: Designs,
    *,
    device: Device,
    table: PhysicalTable,
    given: Assumptions,
) -> None:
    """Check that every component of n designs is in the table.

    Raises:
        DesignRefused: one is not; names design column, design and what is allowed.
    """
    every = np.arange(len(designs))
    for component, keys in _needs(device):
        _require(designs, every, table, component, keys)
    bits: dict[str, Source] = {"node_nm": NODE, "bits": ("adc_bits", 1)}
    for index, name in enumerate(ADC_MODELS):
        if name in table.tables:
            _require(designs, every[designs.adc_model == index], table, name, bits)
    highest = given.highest_level_bits.value
    slices = designs.input_slice_bits
    wrong = designs.levels & (slices > highest)
    refuse("input_slice_bits", slices, wrong, f"at most {highest:g} where input_coding is levels")


def _require(
    designs: Designs, some: Ints, table: PhysicalTable, component: str, keys: dict[str, Source]
) -> None:
    """Check one component of some of the designs."""
    values = {
        key: scale if name is None else getattr(designs, name)[some] * scale
        for key, (name, scale) in keys.items()
    }
    try:
        table.look_up(component, **values)
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
