"""The component table of the reference model, and the file format of all component tables.

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
from functools import cache, cached_property
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from imcmoo.arrays import Floats, Ints
from imcmoo.hardware.devices import DEVICES
from imcmoo.hardware.lookup import LARGEST, LEAST, KeyedRows, MissingRow, Quantities
from imcmoo.io.errors import check_choice
from imcmoo.io.files import writing
from imcmoo.io.reading import read_arrays


@dataclass(frozen=True)
class Component:
    """Keys and quantities of one kind of component."""

    keys: tuple[str, ...]  # names of the key columns; voltages are stored in mV
    quantities: tuple[str, ...]  # names of the quantities, all of them finite and above 0
    may_be_zero: tuple[str, ...] = ()
    """Quantities that may be 0."""
    title: str = ""  # name in error messages; by default the component's name

    def rows(
        self,
        name: str,
        keys: Ints,
        values: Floats,
        quantities: tuple[str, ...] | None = None,
    ) -> KeyedRows:
        """Create rows of the component; `quantities` if their order differs."""
        title = self.title or name
        return KeyedRows(title, self.keys, keys, quantities or self.quantities, values)


PARTS = ("keys", "quantities", "values")
"""Arrays of each component in a file."""

CROSSBAR_KEYS = ("node_nm", "voltage_V", "rows", "cols")

_ACTIONS = ("row_read_off", "row_read_on", "row_write", "cell_read", "cell_write", "adc_read")
_CROSSBAR = (
    *(f"{action}_{cell}" for cell in ("low", "high") for action in _ACTIONS),
    *("row_leak", "column_leak", "adc_leak", "cell_leak"),
    *("row_area", "column_area", "adc_area", "cell_area"),
)

COMPONENTS = {
    **{
        name: Component(CROSSBAR_KEYS, _CROSSBAR, device.may_be_zero, title=f"{name} crossbar")
        for name, device in DEVICES.items()
    },
    "adder": Component(("node_nm", "bits"), ("energy", "leak", "area")),
    "buffer": Component(
        ("node_nm", "width_bits", "depth_words"), ("read", "write", "leak", "area")
    ),
    "router": Component(("node_nm",), ("read", "area")),
}
"""The components of the reference model."""


@dataclass(frozen=True, eq=False)
class TableContent:
    """Component table of one cost model, looked up by arrays of keys. Use a subclass.

    ComponentTable.load().look_up("adder", node_nm=32, bits=[8, 16])["energy"]
    """

    tables: dict[str, KeyedRows]  # the rows of each component by name
    main_memory_J_per_bit: float  # energy of moving one bit to or from main memory
    metadata: dict[str, Any]  # versions, licences, sources and memory cells of the numbers
    path: str | None = None  # the file it was read from; None for the shipped one

    title: ClassVar[str]
    """Name of the table in messages."""
    shipped: ClassVar[str]
    """File name of the shipped table."""
    components: ClassVar[Mapping[str, Component]]
    """Components by name."""
    optional: ClassVar[tuple[str, ...]] = ()
    """Components that may be missing."""

    @classmethod
    def read(cls, path: Path | str | None = None) -> Self:
        """Read a table without scaling and check its numbers.

        Args:
            path: path of the file. If None, the shipped table.

        Raises:
            ValueError: the file is no such table, or has an impossible cost; names the entry.
            OSError: the file cannot be read.
        """
        if path is None:
            return cls._read_shipped()
        stored = read_arrays(Path(path), cls.title)
        held = [n for n in cls.components if all(f"{n}.{part}" in stored for part in PARTS)]
        absent = [n for n in ("metadata", "main_memory_J_per_bit") if n not in stored]
        absent += [n for n in cls.components if n not in (*held, *cls.optional)]
        if absent:
            raise ValueError(f"{path} is not {cls.title}: it lacks {', '.join(absent)}")
        try:
            return cls(
                {name: _rows(name, cls.components[name], stored) for name in held},
                _positive("main_memory_J_per_bit", stored["main_memory_J_per_bit"]),
                json.loads(str(stored["metadata"])),
                str(path),
            )
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None
        except (AttributeError, LookupError, MemoryError, RecursionError, TypeError) as error:
            name = type(error).__name__
            raise ValueError(f"{path} is not {cls.title}: {name} {error}") from None

    @classmethod
    @cache
    def _read_shipped(cls) -> Self:
        with as_file(files("imcmoo.hardware") / cls.shipped) as shipped:
            return replace(cls.read(shipped), path=None)

    @classmethod
    def load(cls, path: Path | str | None = None) -> Self:
        """Read a table as the cost model uses it; by default as `read`."""
        return cls.read(path)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of all numbers and keys."""
        return self._fingerprint("")

    def _fingerprint(self, start: str) -> str:
        digest = hashlib.sha256(start.encode())
        for name, rows in sorted(self.tables.items()):
            digest.update(repr((name, rows.key_names, rows.quantities, rows.keys.shape)).encode())
            digest.update(np.ascontiguousarray(rows.keys, "<i8").tobytes())
            digest.update(np.ascontiguousarray(rows.values, "<f8").tobytes())
        return digest.hexdigest()

    def look_up(self, name: str, **keys: ArrayLike) -> Quantities:
        """Quantities of one component, in the broadcast shape of its keys.

        Raises:
            ValueError: the component or a key is missing; names the values in the table.
        """
        check_choice("component", name, self.tables)
        return self.tables[name].look_up(**keys)

    def sizes(self, name: str, key: str) -> Ints:
        """Tabulated values of one key of a component, ascending (voltages in mV)."""
        return np.unique(self.tables[name].column(key))

    def write(self, path: Path) -> None:
        """Write the table; equal tables are equal files."""
        arrays: dict[str, Any] = {
            "metadata": np.array(json.dumps(self.metadata)),
            "main_memory_J_per_bit": np.array(self.main_memory_J_per_bit),
        }
        for name, rows in sorted(self.tables.items()):
            arrays[f"{name}.keys"] = rows.keys.astype(np.int32)
            arrays[f"{name}.quantities"] = np.array(rows.quantities)
            arrays[f"{name}.values"] = rows.values
        path.parent.mkdir(parents=True, exist_ok=True)
        with writing(path) as temporary, temporary.open("wb") as file:
            np.savez_compressed(file, **arrays)


class ComponentTable(TableContent):
    """Component table of the reference model; create it with `load`."""

    title = "a component table"
    shipped = "components.npz"
    components = COMPONENTS
    optional = tuple(DEVICES)

    @classmethod
    def load(cls, path: Path | str | None = None) -> Self:
        """Read a table of `imcmoo components build` and scale it as in the records of the paper.

        `read` gives the unscaled numbers of hwcomponents, which are better physics. The records
        were made with an older CACTI wrapper and scaling table, which differ at 7, 10, 14 and 22
        nm.

        Args:
            path: path of the file. If None, the shipped table.

        Raises:
            ValueError: the file is no component table, or has an impossible cost (see
                `COMPONENTS`); names the entry.
            FileNotFoundError: there is no such file.

        Source: docs/model.md, section 10; checked on the 1,680 recorded evaluations of the paper's
            technology study.
        """
        table = cls.read(path)
        return replace(table, tables=as_in_the_paper(table.tables))

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of all numbers and keys."""
        return self._fingerprint(repr(self.main_memory_J_per_bit))

    def crossbar(
        self,
        device: str,
        node_nm: ArrayLike,
        voltage_V: ArrayLike,
        rows: ArrayLike,
        cols: ArrayLike,
    ) -> Quantities:
        """Cells, row drivers, column drivers and ADCs of one macro; see the module for quantities.

        Args:
            device: "rram" or "sram".
            node_nm, voltage_V, rows, cols: keys; they broadcast.

        Raises:
            ValueError: the device is unknown, or a key is missing; names the values in the table.
        """
        if device not in self.tables:
            check_choice("device", device, DEVICES)
            raise MissingRow(f"no {device} crossbar in the component table", 0, "node_nm", [])
        return self.look_up(device, node_nm=node_nm, voltage_V=voltage_V, rows=rows, cols=cols)


def _rows(name: str, component: Component, stored: Mapping[str, Any]) -> KeyedRows:
    keys, quantities, values = (stored[f"{name}.{part}"] for part in PARTS)
    rows = component.rows(name, keys, values, tuple(quantities.tolist()))
    rows.check(component.quantities, may_be_zero=component.may_be_zero)
    return rows


def _positive(name: str, value: Any) -> float:
    if value.dtype.kind not in "fiu" or value.shape or not LEAST <= value <= LARGEST:
        raise ValueError(f"{name} is {value}, but must be from {LEAST:g} to {LARGEST:g}")
    return float(value)


# CACTI has no model below this node: both wrappers scale its results down from here.
_SMALLEST_CACTI_NODE_NM = 22


def _old_cacti(buffer: KeyedRows) -> KeyedRows:
    """Scale energies below 22 nm by node / 22 instead of its square root."""
    node = buffer.column("node_nm")
    factor = np.sqrt(np.minimum(node / _SMALLEST_CACTI_NODE_NM, 1.0))
    scaled = [name in ("read", "write", "leak") for name in buffer.quantities]
    return replace(buffer, values=np.where(np.array(scaled)[:, None], factor, 1) * buffer.values)


def _old_router(router: KeyedRows) -> KeyedRows:
    """Interpolate 22 nm as the older table did: (x20 + 5 x32) / 6 instead of (5 x20 + x32) / 6."""
    at_22, at_32 = (router.column("node_nm") == node for node in (22, 32))
    if not (at_22.any() and at_32.any()):
        return router
    values: Floats = router.values.copy()
    values[:, at_22] = (values[:, at_22] + 4 * values[:, at_32]) / 5
    return replace(router, values=values)


def as_in_the_paper(tables: dict[str, KeyedRows]) -> dict[str, KeyedRows]:
    """Tables with buffers and routers scaled as in the records of the paper."""
    return {
        **tables,
        "buffer": _old_cacti(tables["buffer"]),
        "router": _old_router(tables["router"]),
    }
