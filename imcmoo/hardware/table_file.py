"""What is in the file of a component table, as it is built."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from imcmoo.hardware.component_table import ComponentTable
from imcmoo.hardware.devices import DEVICES
from imcmoo.hardware.lookup import KeyedRows
from imcmoo.hardware.request import Key
from imcmoo.io.files import writing

Costs = dict[str, float]
Rows = Mapping[str, Mapping[Key, Costs]]

LICENCES = {
    "NeuroSim core (in hwcomponents-neurosim)": "CC BY-NC 4.0: not for commercial use",
    "CACTI 7.0 (in hwcomponents-cacti)": (
        "BSD 3-clause (Hewlett-Packard, in the source files); its main program carries HP's older "
        "CACTI 6.5 notice: free to use, copy and modify, not to be sold"
    ),
    "hwcomponents and its model packages": "MIT",
}
SOURCES = {
    "rram, sram, adder": "NeuroSim through hwcomponents-neurosim",
    "buffer": "CACTI through hwcomponents-cacti",
    "router": "ISAAC's router shared by four, through hwcomponents-library",
    "main memory": "LPDDR4 energy per bit, through hwcomponents-cacti",
    "settings, and shipped cells": (
        "github.com/OlgaKrestinskaya/JointHardwareWorkloadOptimizationIMC (CiMLoop stack)"
    ),
}


@dataclass(frozen=True)
class Content:
    """All of a component table.

    Args:
        rows: costs by table and key in J, W and m2, as the libraries give them.
        cells: the memory cell of each device, as the text of a cell file.
        main_memory_J_per_bit: energy of moving one bit to or from main memory.
        versions: of the libraries.
    """

    rows: Rows
    cells: Mapping[str, str]
    main_memory_J_per_bit: float
    versions: Mapping[str, str]

    @classmethod
    def read(cls, path: Path | None = None) -> Content:
        """What is in a file; in the shipped one by default.

        Raises:
            ValueError: it is no component table, or one that does not say what its cells are.
            OSError: it cannot be read.
        """
        table = ComponentTable.load(path, scaling="current")
        absent = [name for name in ("cells", "versions") if name not in table.metadata]
        if absent or not all(isinstance(table.metadata[n], dict) for n in ("cells", "versions")):
            what = ", ".join(absent) or "cells and versions"
            raise ValueError(f"{path} does not tell its {what}: build it anew")
        return cls(
            rows={name: _by_key(rows) for name, rows in table.tables.items()},
            cells=table.metadata["cells"],
            main_memory_J_per_bit=table.main_memory_J_per_bit,
            versions=table.metadata["versions"],
        )

    def without_crossbars(self) -> Content:
        """What no memory cell is in."""
        rows = {name: rows for name, rows in self.rows.items() if name not in DEVICES}
        return replace(self, rows=rows, cells={})

    def lacking(self, keys: Mapping[str, set[Key]]) -> dict[str, list[Key]]:
        """Those keys of each table that have no row here, ascending."""
        return {name: sorted(wanted - {*self.rows.get(name, ())}) for name, wanted in keys.items()}

    def joined(self, rows: Rows) -> Content:
        """The same with more rows."""
        names = dict.fromkeys((*self.rows, *rows))
        both = {n: {**self.rows.get(n, {}), **rows.get(n, {})} for n in names}
        return replace(self, rows={n: of_n for n, of_n in both.items() if of_n})

    def write(self, path: Path, **stated: str) -> None:
        """Write it all, or leave what was there.

        Args:
            stated: more metadata, such as a date.
        """
        metadata = {
            "versions": dict(self.versions),
            "licences": LICENCES,
            "sources": SOURCES,
            "cells": dict(sorted(self.cells.items())),
            **stated,
        }
        write(
            path,
            self.rows,
            main_memory_J_per_bit=self.main_memory_J_per_bit,
            metadata=metadata,
        )


def _by_key(rows: KeyedRows) -> dict[Key, Costs]:
    costs = (dict(zip(rows.quantities, row, strict=True)) for row in rows.values.T.tolist())
    return dict(zip(map(tuple, rows.keys.tolist()), costs, strict=True))


def write(
    path: Path, rows: Rows, *, main_memory_J_per_bit: float, metadata: Mapping[str, Any]
) -> None:
    """Write a table so that a reader sees the old file or the new one, never half of it.

    Equal tables are equal files: tables and rows are in order, and numpy dates nothing.

    Args:
        path: the file; its folder is made.
        rows: costs by table and key, at least one row in each.
        main_memory_J_per_bit: energy of moving one bit to or from main memory.
        metadata: whatever JSON can hold.
    """
    arrays: dict[str, Any] = {
        "metadata": np.array(json.dumps(metadata)),
        "main_memory_J_per_bit": np.array(main_memory_J_per_bit),
    }
    for table, costs in sorted(rows.items()):
        keys = sorted(costs)
        quantities = list(costs[keys[0]])
        arrays[f"{table}.keys"] = np.array(keys, dtype=np.int32)
        arrays[f"{table}.quantities"] = np.array(quantities)
        arrays[f"{table}.values"] = np.array([[costs[k][q] for k in keys] for q in quantities])
    path.parent.mkdir(parents=True, exist_ok=True)
    with writing(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **arrays)
