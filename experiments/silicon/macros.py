"""Tables of published macros: which of them the physical model can describe, and how.

Cells are read as text, and interpreted row by row; a value that the component table lacks has a
substitute, which is noted.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.io.errors import InputError
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.macro import (
    NotTabulated,
    nearest_node,
    nearest_size,
    nearest_supply_V,
)
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

ADDED = (
    *("covered", "reason", "left_out", "corrected"),
    *(f"model_{name}" for name in MEASURED),
)
"""Columns that the comparison adds, in order."""

SHIPPED = Path(__file__).parent / "data" / "macros.csv"
"""Macros that ship with the package; `data/README.md` names their source."""
FURTHER = SHIPPED.with_name("digital_macros.csv")
"""Digital macros that `SHIPPED` lacks."""

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

Row = defaultdict[str, str]
"""Cells of a macro by column, stripped; absent ones are empty."""

EMPTY = ("", "nan", "na", "n/a", "-")

NOMINAL_V = Assumptions().nominal_V.value
"""Supply voltage of macros whose own is not published."""

HIGHEST_LEVEL_BITS = Assumptions().highest_level_bits.value
"""Bits of the widest DAC."""

COLUMNS = (
    *("covered", "reason", "device", "cell", "published_nm", "node_nm", "voltage_V"),
    *("array_rows", "array_cols", *NUMBERS),
)


def read(path: Path) -> pd.DataFrame:
    """Read a CSV file in UTF-8 with a header as a table of macros: unchanged text, all columns.

    Raises:
        InputError: the file is no table of macros; says what is wrong and where.
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
        left out, or the substitutes for values that the table lacks, if any); device; cell (one of
        `CELLS` of the physical model); published_nm
        (node of the macro itself); node_nm, voltage_V, array_rows, array_cols (the nearest
        tabulated values); rows and cols (of the macro itself); input_bits and weight_bits (of one
        conversion, perhaps fractional: 1.5 for three values); adc_bits (an integer);
        dot_product_length (products summed in one conversion); n_adc (ADCs that work in parallel).
    """
    rows: list[dict[str, Any]] = []
    for cells in frame.to_dict("records"):
        row = row_of(cells)
        notes: list[str] = []
        try:
            rows.append(_macro(row, table, notes) | {"covered": True, "reason": "; ".join(notes)})
        except (_LeftOutError, NotTabulated) as left_out:
            rows.append({"covered": False, "reason": str(left_out)})
    return pd.DataFrame(rows, index=frame.index).reindex(columns=list(COLUMNS))


def row_of(cells: Mapping[Any, Any]) -> Row:
    """Strip the cells of a macro."""
    return defaultdict(str, {str(name): str(cell).strip() for name, cell in cells.items()})


def is_rram(row: Row) -> bool:
    """True if architecture or cell names resistive memory."""
    texts = row["architecture"].lower(), row["cell"].lower()
    return any(word in text for word in ("rram", "reram") for text in texts)


class _LeftOutError(Exception):
    """A row cannot be evaluated; the message is the reason."""


def _macro(row: Row, table: PhysicalTable, notes: list[str]) -> dict[str, Any]:
    """Describe a covered macro, and note the substitutes for values that the table lacks."""
    device = _device(row, notes)
    published_nm = _number(row, "technology_nm")
    if published_nm is None:
        raise _LeftOutError("not published: technology_nm")
    node = nearest_node(published_nm, device, table, notes)
    values = _values(row, notes)
    if math.ceil(values["input_bits"]) > HIGHEST_LEVEL_BITS:
        notes.append(f"DAC area of {HIGHEST_LEVEL_BITS:g} bits")
    return values | {
        "device": device,
        "cell": _cell(row, device),
        "published_nm": published_nm,
        "node_nm": node,
        "voltage_V": _supply(row, device, node, table, notes),
        "array_rows": nearest_size("rows", values["rows"], device, table, notes),
        "array_cols": nearest_size("cols", values["cols"], device, table, notes),
    }


def _device(row: Row, notes: list[str]) -> str:
    """Memory device of an analog macro."""
    named, cell = row["architecture"], row["cell"].lower()
    kind = named.lower()
    if any(word in text for word in DIGITAL for text in (kind, row["compute_model"].lower())):
        raise _LeftOutError("digital")
    if cell.endswith(DIGITAL_CELLS):
        raise _LeftOutError("digital (its cell computes)")
    if kind == "sram":
        return "sram"
    if kind in NON_VOLATILE:
        if not is_rram(row):
            notes.append(f"cell {row['cell'][:40] or named} as RRAM")
        return "rram"
    unknown = f"architecture {named[:40]!r} is neither SRAM nor non-volatile"
    raise _LeftOutError(unknown if named else "no architecture given")


def _cell(row: Row, device: str) -> str:
    """Charge-domain cells share charge (QR) and are not those of a plain SRAM."""
    is_charge = row["compute_model"].upper() == "QR" and row["cell"].upper() != "6T"
    return "charge" if device == "sram" and is_charge else "plain"


def _number(row: Row, name: str) -> float | None:
    """A positive number, None if the cell is empty."""
    text = row[name]
    if text.lower() in EMPTY:
        return None
    try:
        value = float(text)
    except ValueError:
        raise _LeftOutError(f"{name} {text[:40]!r} is not a number") from None
    if not (math.isfinite(value) and value > 0):
        raise _LeftOutError(f"{name} {text[:40]} is not a positive number")
    return value


def _values(row: Row, notes: list[str]) -> dict[str, float]:
    """The columns `NUMBERS`, rows and columns exchanged if products are summed along columns."""
    cells = {name: _number(row, name) for name in NUMBERS}
    values = {name: value for name, value in cells.items() if value is not None}
    if len(values) < len(cells):
        absent = [name for name in NUMBERS if name not in values]
        raise _LeftOutError(f"not published: {', '.join(absent)}")
    for name, value in values.items():
        if value < 1:
            raise _LeftOutError(f"{name} {value:g} is below 1")
        if value > HIGHEST.get(name, math.inf):
            raise _LeftOutError(f"{name} {value:g} is above {HIGHEST[name]:,}")
    length, rows, cols = (values[name] for name in ("dot_product_length", "rows", "cols"))
    if length > max(rows, cols):
        raise _LeftOutError(
            f"dot product of {length:g} is longer than the array's rows and columns: how many "
            "arrays take part is not published"
        )
    if length > rows:
        values |= {"rows": cols, "cols": rows}
        notes.append(f"summed along the {cols:g} columns")
    for name in ("adc_bits", "weight_bits"):
        if values[name] % 1:
            notes.append(f"{name} {values[name]:g} as {math.ceil(values[name])}")
    return values | {"adc_bits": math.ceil(values["adc_bits"])}


def _supply(row: Row, device: str, node: int, table: PhysicalTable, notes: list[str]) -> float:
    """The nearest tabulated supply voltage; that of the model if none is published."""
    volt = _number(row, "voltage_V")
    if volt is None:
        volt = NOMINAL_V
        notes.append(f"supply not published: {volt:g} V")
    return nearest_supply_V(volt, device, node, table, notes)
