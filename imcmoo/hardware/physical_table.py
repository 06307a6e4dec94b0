"""The component table of the physical model: costs, areas and times, looked up by arrays of keys.

All in J, W, m2, s, V and Ω/m, as NeuroSim, CACTI and the component library give them; the
quantities of each component are told by the function of its name in `physical_costs`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from imcmoo.hardware.component_table import MAY_BE_ZERO
from imcmoo.hardware.indexed_rows import Found, IndexedRows
from imcmoo.hardware.lookup import Integers, KeyedRows, open_table

_ARRAY_KEYS = ("node_nm", "voltage_V", "rows", "cols")
_ADC_KEYS = ("node_nm", "bits")
PHYSICAL_KEYS = {
    "rram": _ARRAY_KEYS,
    "sram": _ARRAY_KEYS,
    "neurosim_sar": _ADC_KEYS,
    "murmann": _ADC_KEYS,
    "isaac": _ADC_KEYS,
    "buffer": ("node_nm", "width_bits", "depth_words", "banks"),
    "shift_add": ("node_nm", "bits"),
    "dac": ("node_nm", "bits"),
    "mac": ("node_nm",),
    "router": ("node_nm",),
    "technology": ("node_nm",),
    "dram": ("width_bits",),
}

_ARRAY = (
    *("time", "time_muxed"),
    *("cell_read_low", "cell_read_high", "cell_write_low", "cell_write_high"),
    *("row_leak", "column_leak", "cell_leak"),
    *("row_area", "column_area", "column_area_muxed", "cell_area"),
    *("flash_energy", "flash_area", "flash_leak"),
)
_ADC = ("energy", "area", "leak", "time")
PHYSICAL_QUANTITIES = {
    "rram": _ARRAY,
    "sram": _ARRAY,
    "neurosim_sar": _ADC,
    "murmann": _ADC,
    "isaac": _ADC,
    "buffer": ("read", "write", "leak", "area", "cycle"),
    "shift_add": ("energy", "leak", "area"),
    "dac": ("area",),
    "mac": ("energy", "leak", "area"),
    "router": ("read", "area"),
    "technology": ("threshold_V", "wire_ohm_per_m"),
    "dram": ("energy_per_bit", "pin_rate"),
}
"""The quantities of each component, all of them finite and, but for these, above 0."""

_IN_ENERGY = ("leak",)  # of an ADC: may be part of the energy of a conversion
PHYSICAL_MAY_BE_ZERO = {
    **MAY_BE_ZERO,
    "neurosim_sar": _IN_ENERGY,
    "murmann": _IN_ENERGY,
    "isaac": _IN_ENERGY,
}
"""The quantities that may be 0, because the component has no such cost."""


@dataclass(frozen=True, eq=False)
class PhysicalTable:
    """Costs and times of components; make one with `load`.

    Args:
        tables: the rows of each component, by the names in `PHYSICAL_KEYS`.
        metadata: versions, date, licences and sources of the numbers.
    """

    tables: dict[str, KeyedRows]
    metadata: dict[str, Any]

    @classmethod
    def load(cls, path: Path | str | None = None) -> PhysicalTable:
        """Read a table written by `python -m imcmoo.hardware.build_physical_table`.

        Args:
            path: the file; None for the one shipped with the package.

        Raises:
            ValueError: the file is not a table of the physical model, which says what it lacks, or
                holds a cost that cannot be (see `PHYSICAL_QUANTITIES`), whose entry is named.
            FileNotFoundError: no such file.
        """
        if path is None:
            with as_file(files("imcmoo.hardware") / "physical_components.npz") as shipped:
                return cls.load(shipped)
        with open_table(path, "a component table of the physical model") as stored:
            absent = [name for name in PHYSICAL_KEYS if f"{name}.keys" not in stored]
            if absent or "metadata" not in stored:
                raise ValueError(
                    f"{path} is not a component table of the physical model: "
                    f"it lacks {', '.join(absent) or 'metadata'}"
                )
            tables = {
                name: KeyedRows(
                    name=f"{name} array" if name in ("rram", "sram") else name,
                    key_names=key_names,
                    keys=stored[f"{name}.keys"].astype(np.int64),
                    quantities=tuple(stored[f"{name}.quantities"].tolist()),
                    values=stored[f"{name}.values"],
                )
                for name, key_names in PHYSICAL_KEYS.items()
            }
            try:
                for name, rows in tables.items():
                    rows.check(
                        PHYSICAL_QUANTITIES[name], may_be_zero=PHYSICAL_MAY_BE_ZERO.get(name, ())
                    )
            except ValueError as error:
                raise ValueError(f"{path}: {error}") from None
            return cls(tables=tables, metadata=json.loads(str(stored["metadata"])))

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of every number and key; the same for equal content."""
        digest = hashlib.sha256()
        for name, rows in sorted(self.tables.items()):
            digest.update(repr((name, rows.key_names, rows.quantities, rows.keys.shape)).encode())
            digest.update(np.ascontiguousarray(rows.keys, "<i8").tobytes())
            digest.update(np.ascontiguousarray(rows.values, "<f8").tobytes())
        return digest.hexdigest()

    def look_up(self, name: str, **keys: ArrayLike) -> Found:
        """The quantities of one component, in the broadcast shape of the keys.

        Args:
            name: one of `PHYSICAL_KEYS`.
            keys: a number or array for each of the component's keys.

        Raises:
            ValueError: an unknown component, or keys the table lacks; says what it has.
        """
        if name not in self.tables:
            raise ValueError(f"component {name!r} is not one of {', '.join(self.tables)}")
        return self._indexed[name].look_up(**keys)

    def sizes(self, name: str, key: str) -> Integers:
        """The values of one key a component is tabulated at, ascending (voltages in mV)."""
        return np.unique(self.tables[name].column(key))

    @cached_property
    def _indexed(self) -> dict[str, IndexedRows]:
        return {name: IndexedRows(rows) for name, rows in self.tables.items()}
