"""Tables of published macros: which of them the physical model can describe, and how.

Cells are read as text, and interpreted row by row; a value that the component table lacks has a
substitute, which is noted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from imcmoo.arrays import Floats, Ints
from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.io.errors import InputError
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.space.designs_csv import DesignsTable

NUMBERS = (
    *("rows", "cols", "input_bits", "weight_bits", "adc_bits"),
    *("dot_product_length", "n_adc"),
)
"""Columns of numbers without which a macro cannot be modelled."""

NEEDED = ("technology_nm", "architecture", "voltage_V", *NUMBERS)
"""Columns that a table must have."""

MEASURED = ("t_core_ns", "tops_per_W_1b", "tops_per_mm2_1b")
"""Compared quantities, as the chips' authors give them."""

OPTIONAL = ("year", "venue", "title", "cell", "compute_model", "tops_1b", *MEASURED)
"""Columns that a table may have."""

ADDED = ("covered", "reason", *(f"model_{name}" for name in MEASURED))
"""Columns that the comparison adds, in order."""

SHIPPED = Path(__file__).parent / "data" / "macros.csv"
"""Macros that ship with the package; `data/README.md` names their source."""

NODES_NM = (7.0, 45.0)
"""Range of nodes that is compared."""

FARTHEST = 2.0
"""Largest factor between the size of an array and the nearest one of the component table."""

HIGHEST = {"input_bits": 8, "weight_bits": 16, "adc_bits": 16, "n_adc": 1_000_000}
"""A higher value is taken for another quantity than that of its column."""

DIGITAL = ("digital", "dimc")
"""Parts of architectures and compute models of digital macros."""

NON_VOLATILE = (
    *("envm", "nvm", "rram", "reram", "pcm", "pcram", "mram", "stt-mram", "sot-mram"),
    *("fefet", "feram", "flash", "eflash"),
)
"""Architectures that hold weights in non-volatile cells."""

DIGITAL_CELLS = ("digital", "+d")
"""Endings of the cells of digital macros."""

EMPTY = ("", "nan", "na", "n/a", "-")

NOMINAL_V = Assumptions().nominal_V.value
"""Supply voltage of macros whose own is not published."""

HIGHEST_LEVEL_BITS = Assumptions().highest_level_bits.value
"""Bits of the widest DAC."""

COLUMNS = (
    *("covered", "reason", "device", "published_nm", "node_nm", "voltage_V"),
    *("array_rows", "array_cols", *NUMBERS),
)


def read(path: Path) -> pd.DataFrame:
    """Read a table of macros as unchanged text.

    Args:
        path: a CSV file in UTF-8 with a header; columns besides the known ones are kept.

    Returns:
        Columns of text, those of the file in their order.

    Raises:
        InputError: the file is no table of macros; says what is wrong and where.
        OSError: it cannot be read.
    """
    table = DesignsTable.read(path)
    lacking = [name for name in NEEDED if name not in table.header]
    if lacking:
        raise InputError(f"{path}: the header lacks {', '.join(lacking)}")
    added = [name for name in ADDED if name in table.header]
    if added:
        raise InputError(f"{path}: the header has what the comparison adds, {', '.join(added)}")
    return pd.DataFrame(table.rows, columns=table.header, dtype=str)


def judged(frame: pd.DataFrame, table: PhysicalTable) -> pd.DataFrame:
    """Decide which macros of a table are covered, and describe them as the model does.

    Args:
        frame: cells as text; absent columns count as empty.
        table: the tabulated nodes, supply voltages and sizes.

    Returns:
        Indexed as `frame`; NaN in columns of a macro that is left out. covered; reason (why it is
        left out, or the substitutes for values that the table lacks, if any); device; published_nm
        (node of the macro itself); node_nm, voltage_V, array_rows, array_cols (the nearest
        tabulated values); rows and cols (of the macro itself); input_bits and weight_bits (of one
        conversion, perhaps fractional: 1.5 for three values); adc_bits (an integer);
        dot_product_length (products summed in one conversion); n_adc (ADCs that work in parallel).
    """
    rows = []
    for cells in frame.to_dict("records"):
        reader = _Reader({str(name): str(cell) for name, cell in cells.items()}, table)
        try:
            rows.append(reader.macro() | {"covered": True, "reason": "; ".join(reader.notes)})
        except _LeftOutError as left_out:
            rows.append({"covered": False, "reason": str(left_out)})
    return pd.DataFrame(rows, index=frame.index).reindex(columns=list(COLUMNS))


class _LeftOutError(Exception):
    """A row cannot be evaluated; the message is the reason."""


class _Reader:
    """Reads a row, and notes the substitutes for values that the table lacks."""

    def __init__(self, row: Mapping[str, str], table: PhysicalTable) -> None:
        self._row, self._table = row, table
        self.notes: list[str] = []

    def macro(self) -> dict[str, Any]:
        """The macro, if it is covered."""
        device = self._device()
        published_nm, node = self._node(device)
        cells = {name: self._number(name) for name in NUMBERS}
        absent = [name for name, value in cells.items() if value is None]
        if absent:
            raise _LeftOutError(f"not published: {', '.join(absent)}")
        values = {name: value for name, value in cells.items() if value is not None}
        _check(values)
        if values["dot_product_length"] > values["rows"]:
            self._turn(values)
        values["adc_bits"] = self._whole("adc_bits", values["adc_bits"])
        self._whole("weight_bits", values["weight_bits"])
        if math.ceil(values["input_bits"]) > HIGHEST_LEVEL_BITS:
            self.notes.append(f"DAC area of {HIGHEST_LEVEL_BITS:g} bits")
        return values | {
            "device": device,
            "published_nm": published_nm,
            "node_nm": node,
            "voltage_V": self._supply(device, node),
            "array_rows": self._size("rows", values["rows"], device),
            "array_cols": self._size("cols", values["cols"], device),
        }

    def _text(self, name: str) -> str:
        return self._row.get(name, "").strip()

    def _device(self) -> str:
        """Memory device of an analog macro."""
        named = self._text("architecture")
        kind, cell = named.lower(), self._text("cell").lower()
        compute = self._text("compute_model").lower()
        if any(word in text for word in DIGITAL for text in (kind, compute)):
            raise _LeftOutError("digital")
        if cell.endswith(DIGITAL_CELLS):
            raise _LeftOutError("digital (its cell computes)")
        if kind == "sram":
            return "sram"
        if kind in NON_VOLATILE:
            if not any(word in text for word in ("rram", "reram") for text in (kind, cell)):
                self.notes.append(f"cell {self._text('cell')[:40] or named} as RRAM")
            return "rram"
        unknown = f"architecture {named[:40]!r} is neither SRAM nor non-volatile"
        raise _LeftOutError(unknown if named else "no architecture given")

    def _number(self, name: str) -> float | None:
        """A positive number, None if the cell is empty."""
        text = self._text(name)
        if text.lower() in EMPTY:
            return None
        try:
            value = float(text)
        except ValueError:
            raise _LeftOutError(f"{name} {text[:40]!r} is not a number") from None
        if not (math.isfinite(value) and value > 0):
            raise _LeftOutError(f"{name} {text[:40]} is not a positive number")
        return value

    def _node(self, device: str) -> tuple[float, int]:
        """The macro's own node and the nearest tabulated one."""
        node = self._number("technology_nm")
        if node is None:
            raise _LeftOutError("not published: technology_nm")
        low, high = NODES_NM
        if not low <= node <= high:
            raise _LeftOutError(f"{node:g} nm is outside {low:g} to {high:g} nm")
        nearest = _nearest(node, self._table.sizes(device, "node_nm"))
        if nearest != node:
            self.notes.append(f"{node:g} nm as {nearest} nm")
        return node, nearest

    def _turn(self, values: dict[str, float]) -> None:
        """Sum products along the columns if there are too few rows."""
        length = values["dot_product_length"]
        if length > values["cols"]:
            raise _LeftOutError(
                f"dot product of {length:g} is longer than the array's rows and columns: how many "
                "arrays take part is not published"
            )
        values["rows"], values["cols"] = values["cols"], values["rows"]
        self.notes.append(f"summed along the {values['rows']:g} columns")

    def _whole(self, name: str, value: float) -> int:
        whole = math.ceil(value)
        if whole != value:
            self.notes.append(f"{name} {value:g} as {whole}")
        return whole

    def _supply(self, device: str, node: int) -> float:
        """The nearest tabulated supply voltage, at most half a step away."""
        volt = self._number("voltage_V")
        if volt is None:
            volt = NOMINAL_V
            self.notes.append(f"supply not published: {volt:g} V")
        tabulated = supplies_V(self._table, device, node)
        nearest = float(tabulated[np.argmin(np.abs(tabulated - volt))])
        if abs(nearest - volt) > np.diff(tabulated).min() / 2 + 1e-9:
            span = f"{tabulated[0]:g} to {tabulated[-1]:g} V tabulated at {node} nm"
            raise _LeftOutError(f"{volt:g} V is outside the {span}")
        if abs(nearest - volt) > 1e-9:
            self.notes.append(f"{volt:g} V as {nearest:g} V")
        return nearest

    def _size(self, name: str, value: float, device: str) -> int:
        """The nearest tabulated number of rows or columns."""
        nearest = _nearest(value, self._table.sizes(device, name))
        if not 1 / FARTHEST <= value / nearest <= FARTHEST:
            raise _LeftOutError(
                f"{value:g} {name} are more than {FARTHEST:g} times off the {nearest} tabulated"
            )
        if nearest != value:
            self.notes.append(f"time of {nearest} {name}")
        return nearest


def _check(values: Mapping[str, float]) -> None:
    """Refuse values that cannot be of their columns."""
    for name, value in values.items():
        if value < 1:
            raise _LeftOutError(f"{name} {value:g} is below 1")
        if value > HIGHEST.get(name, math.inf):
            raise _LeftOutError(f"{name} {value:g} is above {HIGHEST[name]:,}")


def supplies_V(table: PhysicalTable, device: str, node_nm: int) -> Floats:
    """Return the supply voltages at which a device is tabulated, ascending."""
    rows = table.tables[device]
    millivolts = rows.column("voltage_V")[rows.column("node_nm") == node_nm]
    supplies: Floats = np.unique(millivolts) / 1000
    return supplies


def _nearest(value: float, tabulated: Ints) -> int:
    """The tabulated value with the smallest ratio to a value."""
    return int(tabulated[np.argmin(np.abs(np.log(tabulated / value)))])
