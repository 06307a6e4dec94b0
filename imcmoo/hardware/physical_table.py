"""Component table of the physical model: costs, areas and times by arrays of keys.

In J, W, m2, s, V and Ω/m, as given by NeuroSim, CACTI and the component library; functions of
`physical_costs` describe the quantities.
"""

from __future__ import annotations

from pathlib import Path
from typing import Self

import numpy as np

from imcmoo.arrays import Floats
from imcmoo.hardware import open_costs
from imcmoo.hardware.component_table import CROSSBAR_KEYS, Component, TableContent
from imcmoo.hardware.devices import DEVICES, SRAM
from imcmoo.hardware.lookup import KeyedRows

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
        name: Component(CROSSBAR_KEYS, _ARRAY, device.may_be_zero, title=f"{name} array")
        for name, device in DEVICES.items()
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
"""Components of the physical model."""


OPEN = "open"
"""Name of the open component table in studies."""
KEPT_OPEN = ("buffer", "mac", "router", "dram")
"""Components whose rows the open table shares with the shipped table."""
_OPEN_LICENCES = {
    "sram, technology": "MIT",
    "buffer": (
        "CACTI 7.0: BSD 3-clause (Hewlett-Packard, in the source files); its main program carries "
        "HP's older CACTI 6.5 notice: free to use, copy and modify, not to be sold"
    ),
    "dram, mac, router": "MIT (hwcomponents-cacti, hwcomponents-library)",
}


class PhysicalTable(TableContent):
    """Component table of the physical model; create it with `load` or `open`."""

    title = "a component table of the physical model"
    shipped = "physical_components.npz"
    components = PHYSICAL_COMPONENTS
    optional = tuple(PHYSICAL_COMPONENTS.keys() - {*KEPT_OPEN, "technology"})

    @classmethod
    def load(cls, path: Path | str | None = None) -> Self:
        """Read a table.

        Args:
            path: path of the file, or "open" for `open`. If None, the shipped table.

        Raises:
            ValueError: the file is no such table, or has an impossible cost; names the entry.
            OSError: the file cannot be read.
        """
        if path == OPEN:
            return cls.open()
        table = cls.read(path)
        missing = cls.components.keys() - table.tables.keys()
        if missing and not table.is_open:
            raise ValueError(f"{path} is not {cls.title}: it lacks {', '.join(sorted(missing))}")
        return table

    @classmethod
    def open(cls) -> Self:
        """Table without numbers of NeuroSim, for devices whose sums are exact.

        Areas of row drivers and cells and the threshold voltage are those of `open_costs`; buffers,
        DRAM, router and digital unit are those of the shipped table (CACTI and packages with an MIT
        licence). ADCs, DACs and shift-and-adds are missing. Other quantities of arrays are
        placeholders, which no digital chip reads.
        """
        shipped = cls.read()
        tables = {name: shipped.tables[name] for name in KEPT_OPEN}
        arrays, nodes = shipped.tables[SRAM.name], shipped.tables["technology"]
        areas = [
            open_costs.array_m2(node, rows, cols) for node, _, rows, cols in arrays.keys.tolist()
        ]
        costs = {name: np.array([area[name] for area in areas]) for name in areas[0]}
        tables[SRAM.name] = _with_costs(arrays, costs)
        threshold = np.full(len(nodes.keys), open_costs.THRESHOLD_V)
        tables["technology"] = _with_costs(nodes, {"threshold_V": threshold})
        packages = ("hwcomponents", "hwcomponents-cacti", "hwcomponents-library")
        metadata = {
            "serves": "exact",
            "versions": {name: shipped.metadata["versions"][name] for name in packages},
            "licences": _OPEN_LICENCES,
            "sources": {
                "sram, technology": f"formulas in {open_costs.__name__}",
                **{n: t for n, t in shipped.metadata["sources"].items() if n in KEPT_OPEN},
                "mac, router": "ISAAC and Aladdin models of hwcomponents-library",
            },
            "cells": {},
        }
        return cls(tables, shipped.main_memory_J_per_bit, metadata, OPEN)

    @property
    def is_open(self) -> bool:
        """True if the table serves only devices whose sums are exact."""
        return self.metadata.get("serves") == "exact"


def _with_costs(rows: KeyedRows, costs: dict[str, Floats]) -> KeyedRows:
    """Rows with the same keys and these quantities; all others are placeholders."""
    unread = np.full(len(rows.keys), open_costs.UNREAD)
    values = np.array([costs.get(name, unread) for name in rows.quantities])
    return KeyedRows(rows.name, rows.key_names, rows.keys, rows.quantities, values)
