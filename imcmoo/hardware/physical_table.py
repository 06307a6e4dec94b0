"""The component table of the physical model: costs, areas and times, looked up by arrays of keys.

All in J, W, m2, s, V and Ω/m, as NeuroSim, CACTI and the component library give them; the function
of each component's name in `physical_costs` describes its quantities.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from imcmoo.arrays import Ints
from imcmoo.hardware.component_table import (
    CROSSBAR_KEYS,
    CROSSBAR_ZEROS,
    Component,
    TableFormat,
    fingerprint,
)
from imcmoo.hardware.lookup import KeyedRows, Quantities
from imcmoo.io.errors import check_choice

_ARRAY = (
    *("time", "time_muxed"),
    *("cell_read_low", "cell_read_high", "cell_write_low", "cell_write_high"),
    *("row_leak", "column_leak", "cell_leak"),
    *("row_area", "column_area", "column_area_muxed", "cell_area"),
    *("flash_energy", "flash_area", "flash_leak"),
)
# The leakage of an ADC may be part of the energy of a conversion.
_ADC = Component(("node_nm", "bits"), ("energy", "area", "leak", "time"), ("leak",))

PHYSICAL_COMPONENTS = {
    **{
        device: Component(CROSSBAR_KEYS, _ARRAY, zeros, title=f"{device} array")
        for device, zeros in CROSSBAR_ZEROS.items()
    },
    "neurosim_sar": _ADC,
    "murmann": _ADC,
    "isaac": _ADC,
    "buffer": Component(
        ("node_nm", "width_bits", "depth_words", "banks"),
        ("read", "write", "leak", "area", "cycle"),
    ),
    "shift_add": Component(("node_nm", "bits"), ("energy", "leak", "area")),
    "dac": Component(("node_nm", "bits"), ("area",)),
    "mac": Component(("node_nm",), ("energy", "leak", "area")),
    "router": Component(("node_nm",), ("read", "area")),
    "technology": Component(("node_nm",), ("threshold_V", "wire_ohm_per_m")),
    "dram": Component(("width_bits",), ("energy_per_bit", "pin_rate")),
}
"""The components of the physical model."""

PHYSICAL_TABLE = TableFormat(
    "a component table of the physical model", "physical_components.npz", PHYSICAL_COMPONENTS
)


@dataclass(frozen=True, eq=False)
class PhysicalTable:
    """Costs and times of components; make one with `load`.

    Args:
        tables: the rows of each component, by the names in `PHYSICAL_COMPONENTS`.
        metadata: versions, licences and sources of the numbers.
    """

    tables: dict[str, KeyedRows]
    metadata: dict[str, Any]

    @classmethod
    def load(cls, path: Path | str | None = None) -> PhysicalTable:
        """Read a table written by `imcmoo components build --model physical`, or the shipped one.

        Args:
            path: the file; None for the one shipped with the package.

        Raises:
            ValueError: the file is not a table of the physical model, or holds a cost that cannot
                be (see `PHYSICAL_COMPONENTS`); names the entry.
            FileNotFoundError: no such file.
        """
        content = PHYSICAL_TABLE.read(path)
        return cls(content.tables, content.metadata)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of every number and key; the same for equal content."""
        return fingerprint(self.tables)

    def look_up(self, name: str, **keys: ArrayLike) -> Quantities:
        """The quantities of one component, in the broadcast shape of the keys.

        Args:
            name: one of `PHYSICAL_COMPONENTS`.
            keys: a number or array for each of the component's keys.

        Raises:
            ValueError: an unknown component, or keys the table lacks; names the values it has.
        """
        check_choice("component", name, self.tables)
        return self.tables[name].look_up(**keys)

    def sizes(self, name: str, key: str) -> Ints:
        """The values of one key a component is tabulated at, ascending (voltages in mV)."""
        return np.unique(self.tables[name].column(key))
