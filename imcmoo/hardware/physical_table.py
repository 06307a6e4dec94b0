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
            ValueError: the file is not a table of the physical model; says what it lacks.
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
