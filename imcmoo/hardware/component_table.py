"""The component table: what every component costs, by technology, voltage and size.

All energies in J, powers in W, areas in m2, as NeuroSim and CACTI give them, not rounded. The
quantities of each look-up:

`crossbar` (NeuroSim; device, node, voltage, rows, cols; every column read at once, 10 ns read
pulse, 8-bit temporal input as spikes, 5-bit ADC). Two values `x_low`, `x_high` stand for arrays
whose cells are all at 0 and all at 1; with c the average cell value, L(x) = x_low + (x_high -
x_low) c. With a the average input value:

    row_read_off_*, row_read_on_*   one row driver pulse of 0 and of 1. An 8-bit row read costs
                                    L(off) + (L(on) - L(off)) a 255
    row_write_*                     writing one row (SRAM weight driver read): L
    cell_read_*                     one pulse through one cell. A cell read costs L a 255
    cell_write_*                    writing one cell: L
    adc_read_*                      one column conversion: L
    row_leak, column_leak, adc_leak leakage power of all of a macro's row drivers, column drivers,
                                    ADCs
    cell_leak                       leakage power of one cell
    row_area, column_area, adc_area area of all of a macro's row drivers (weight drivers: the same
                                    again), column drivers, ADCs
    cell_area                       area of one cell

Column drivers cost no energy per action when all columns are read at once.

`adder` (NeuroSim; node, bits; always at the node's nominal voltage): `energy` of one addition,
`leak`, `area`. `buffer` (CACTI alone, without address adders; node, width in bits, depth in
words): `read`, `write` of one word, `leak`, `area`. `router` (ISAAC's, shared by four; node):
`read` of 128 bits (writing is free), `area`. Main memory (LPDDR4): `main_memory_J_per_bit`.

How a chip is priced with them: docs/model.md, sections 7, 9 and 10.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from imcmoo.hardware.devices import DEVICES
from imcmoo.hardware.lookup import Floats, KeyedRows, MissingRow, open_table
from imcmoo.hardware.scaling import SCALINGS
from imcmoo.io.errors import check_choice

CROSSBAR_KEYS = ("node_nm", "voltage_V", "rows", "cols")
TABLE_KEYS = {
    "rram": CROSSBAR_KEYS,
    "sram": CROSSBAR_KEYS,
    "adder": ("node_nm", "bits"),
    "buffer": ("node_nm", "width_bits", "depth_words"),
    "router": ("node_nm",),
}

_ACTIONS = ("row_read_off", "row_read_on", "row_write", "cell_read", "cell_write", "adc_read")
_CROSSBAR = (
    *(f"{action}_{cell}" for cell in ("low", "high") for action in _ACTIONS),
    *("row_leak", "column_leak", "adc_leak", "cell_leak"),
    *("row_area", "column_area", "adc_area", "cell_area"),
)
TABLE_QUANTITIES = {
    "rram": _CROSSBAR,
    "sram": _CROSSBAR,
    "adder": ("energy", "leak", "area"),
    "buffer": ("read", "write", "leak", "area"),
    "router": ("read", "area"),
}
"""The quantities of each component, all of them finite and, but for `MAY_BE_ZERO`, above 0."""

SRAM_ZEROS = ("cell_read_low", "cell_read_high", "column_leak", "column_area")
"""NeuroSim charges the reading of an SRAM cell to its row and column, and gives SRAM arrays no
column drivers of their own."""

MAY_BE_ZERO = {
    "rram": ("cell_leak",),  # a cell that needs no supply to keep its state
    "sram": SRAM_ZEROS,
}
"""The quantities that may be 0, because the component has no such cost."""


@dataclass(frozen=True, eq=False)
class ComponentTable:
    """Costs of components, looked up by arrays of keys; make one with `load`.

    Args:
        tables: the rows of each component, by the names in `TABLE_KEYS`; a device may be absent.
        main_memory_J_per_bit: energy of moving one bit to or from main memory.
        metadata: versions, licences, sources and memory cells of the numbers.
        scaling: the name of the technology scaling applied, one of `SCALINGS`.
        path: where it was read from; None for the shipped one.
    """

    tables: dict[str, KeyedRows]
    main_memory_J_per_bit: float
    metadata: dict[str, Any]
    scaling: str
    path: str | None = None

    @classmethod
    def load(cls, path: Path | str | None = None, *, scaling: str = "reference") -> ComponentTable:
        """Read a table written by `imcmoo components build`, or the shipped one.

        Args:
            path: the file; None for the one shipped with the package.
            scaling: "reference" (the paper's numbers) or "current" (as hwcomponents scales now).

        Raises:
            ValueError: an unknown scaling, a file that is not a component table, or a cost that
                cannot be (see `TABLE_QUANTITIES`); names the entry.
            FileNotFoundError: no such file.
        """
        if scaling not in SCALINGS:
            raise ValueError(f"scaling {scaling!r} is not one of {', '.join(SCALINGS)}")
        if path is None:
            with as_file(files("imcmoo.hardware") / "components.npz") as shipped:
                return replace(cls.load(shipped, scaling=scaling), path=None)
        with open_table(path, "a component table") as stored:
            numbers = "metadata", "main_memory_J_per_bit"
            needed = [name for name in (*numbers, *TABLE_KEYS) if name not in DEVICES]
            absent = [name for name in needed if not _holds(stored, name)]
            if absent:
                raise ValueError(f"{path} is not a component table: it lacks {', '.join(absent)}")
            tables = {name: _rows(stored, name) for name in TABLE_KEYS if _holds(stored, name)}
            main_memory = float(stored["main_memory_J_per_bit"])
            try:
                check_costs(tables, main_memory)
            except ValueError as error:
                raise ValueError(f"{path}: {error}") from None
            return cls(
                tables=SCALINGS[scaling](tables),
                main_memory_J_per_bit=main_memory,
                metadata=json.loads(str(stored["metadata"])),
                scaling=scaling,
                path=str(path),
            )

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of every number and key, after scaling; the same for equal content."""
        digest = hashlib.sha256(repr(self.main_memory_J_per_bit).encode())
        for name, rows in sorted(self.tables.items()):
            digest.update(repr((name, rows.key_names, rows.quantities, rows.keys.shape)).encode())
            digest.update(np.ascontiguousarray(rows.keys, "<i8").tobytes())
            digest.update(np.ascontiguousarray(rows.values, "<f8").tobytes())
        return digest.hexdigest()

    def crossbar(
        self,
        device: str,
        node_nm: ArrayLike,
        voltage_V: ArrayLike,
        rows: ArrayLike,
        cols: ArrayLike,
    ) -> dict[str, Floats]:
        """Cells, row drivers, column drivers and ADCs of one macro; quantities in the module text.

        Args:
            device: "rram" or "sram"; the other arguments broadcast against each other.
            node_nm: technology node, nm.
            voltage_V: supply voltage, V.
            rows: rows of the crossbar.
            cols: columns of the crossbar.

        Raises:
            ValueError: an unknown device, or keys the table lacks; says what it has.
        """
        if device not in self.tables:
            check_choice("device", device, DEVICES)
            raise MissingRow(f"no {device} crossbar in the component table", 0, "node_nm", [])
        return self.tables[device].look_up(
            node_nm=node_nm, voltage_V=voltage_V, rows=rows, cols=cols
        )

    def adder(self, node_nm: ArrayLike, bits: ArrayLike) -> dict[str, Floats]:
        """One adder: `energy`, `leak`, `area`, in the broadcast shape of the arguments.

        It has no voltage: the reference stack asks for it at the node's nominal voltage.

        Raises:
            ValueError: keys the table lacks; says what it has.
        """
        return self.tables["adder"].look_up(node_nm=node_nm, bits=bits)

    def buffer(
        self, node_nm: ArrayLike, width_bits: ArrayLike, depth_words: ArrayLike
    ) -> dict[str, Floats]:
        """One SRAM buffer: `read`, `write`, `leak`, `area`, without its address adders.

        Raises:
            ValueError: keys the table lacks; says what it has.
        """
        return self.tables["buffer"].look_up(
            node_nm=node_nm, width_bits=width_bits, depth_words=depth_words
        )

    def router(self, node_nm: ArrayLike) -> dict[str, Floats]:
        """One router: `read` (128 bits), `area`, in the shape of the argument.

        Raises:
            ValueError: keys the table lacks; says what it has.
        """
        return self.tables["router"].look_up(node_nm=node_nm)


def check_costs(tables: Mapping[str, KeyedRows], main_memory_J_per_bit: float) -> None:
    """Check that all numbers of a table can be costs.

    Raises:
        ValueError: a quantity is missing or unknown, or a number cannot be; names the entry.
    """
    for name, rows in tables.items():
        rows.check(TABLE_QUANTITIES[name], may_be_zero=MAY_BE_ZERO.get(name, ()))
    if not 0 < main_memory_J_per_bit < float("inf"):
        raise ValueError(
            f"main_memory_J_per_bit is {main_memory_J_per_bit:g}, but must be above 0 and finite"
        )


def _holds(stored: Any, name: str) -> bool:
    parts = (f"{name}.{part}" for part in ("keys", "quantities", "values"))
    return name in stored or all(part in stored for part in parts)


def _rows(stored: Any, name: str) -> KeyedRows:
    return KeyedRows(
        name=f"{name} crossbar" if name in DEVICES else name,
        key_names=TABLE_KEYS[name],
        keys=stored[f"{name}.keys"].astype(np.int64),
        quantities=tuple(stored[f"{name}.quantities"].tolist()),
        values=stored[f"{name}.values"],
    )
