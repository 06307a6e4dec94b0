"""Rules that clean a table of macros before any comparison: none of them reads a modelled value.

A rule of `LEFT_OUT` leaves a macro out, one of `CORRECTED` replaces some of its cells. Each has its
reason in its docstring.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import pandas as pd

from experiments.silicon.macros import NON_VOLATILE, Row, is_rram, row_of

FOLDED_PRODUCTS = 8.0
"""Least `alpha` of a macro with 1-bit inputs whose conversions are not known."""

MAX_BITS = 64
"""Bits of inputs and weights beyond which a cell holds another quantity."""

LARGEST_CELL_F2 = 10_000.0
"""Area over cells, in squares of the feature size, from which an area is that of a die."""

BITS_PER_MB = 2**20

MEMORY_DENSITY = re.compile(r"(\d+(?:\.\d+)?) ?Mb/mm2")
"""Density of cells as a title states it."""

SECOND_RECORDS: dict[tuple[str, str], dict[str, str]] = {
    (
        "A 32.2 TOPS/W SRAM Compute-in-Memory Macro Employing a Linear 8-bit C-2C Ladder for "
        "Charge Domain Computation in 22nm for Edge Inference",
        "1.1",
    ): {"tops_per_W_1b": "989.888"},  # 15.467 TOPS/W of 8-bit operations
}
"""Cells of another public record of a macro, by title and supply voltage.

Source: cimloop, arch/1_macro/wang_vlsi_2022/_tests.py.
"""


def is_processor(row: Row) -> bool:
    """Figures of a processor count its buffers and control, which a macro does not have."""
    return row["IMC_Processor"].upper() == "Y"


def is_other_cell(row: Row) -> bool:
    """The model has no flash, MRAM or phase-change cell: RRAM would stand for another device."""
    return row["architecture"].lower() in NON_VOLATILE and not is_rram(row)


def sums_nothing(row: Row) -> bool:
    """One product per conversion: the conversion decides, and sums are formed elsewhere."""
    return _number(row, "dot_product_length") == 1


def has_unknown_conversions(row: Row) -> bool:
    """1-bit inputs and a large `alpha`: the paper does not say how many conversions a product
    takes."""
    alpha = _number(row, "alpha")
    return _number(row, "input_bits") == 1 and alpha is not None and alpha >= FOLDED_PRODUCTS


LEFT_OUT: dict[str, Callable[[Row], bool]] = {
    "figures of a processor": is_processor,
    "a cell that is neither SRAM nor ReRAM": is_other_cell,
    "one product per conversion": sums_nothing,
    "conversions per product unknown": has_unknown_conversions,
}
"""Rules that leave macros out, by the reason shown."""


def adc_bits_of_sum(row: Row) -> dict[str, str]:
    """An ADC needs no more bits than the sum of the products has."""
    names = ("adc_bits", "dot_product_length", "input_bits", "weight_bits")
    cells = [_number(row, name) for name in names]
    bits, products, inputs, weights = (value or math.nan for value in cells)
    if not max(inputs, weights) <= MAX_BITS:
        return {}
    largest = products * (2**inputs - 1) * (2**weights - 1)
    if not largest < math.inf:
        return {}
    most = max(math.ceil(math.log2(largest + 1)), 1)
    return {"adc_bits": str(most)} if bits > most else {}


def throughput_from_time(row: Row) -> dict[str, str]:
    """Published throughputs are rounded to one digit: the time of an invocation has more."""
    names = ("dot_product_length", "n_adc", "input_bits", "weight_bits", "t_core_ns")
    cells = [_number(row, name) for name in names]
    *counts, time = (value or math.nan for value in cells)
    tops = 2 * math.prod(counts) / time * 1e-3
    return {"tops_1b": f"{tops:.6g}"} if math.isfinite(tops) else {}


def area_from_title(row: Row) -> dict[str, str]:
    """A density of cells in the title gives the area of the macro itself."""
    stated, tops, cells = MEMORY_DENSITY.search(row["title"]), _number(row, "tops_1b"), _cells(row)
    if not (stated and tops and cells):
        return {}
    density = tops * BITS_PER_MB * float(stated[1]) / cells
    return {"tops_per_mm2_1b": f"{density:.6g}"}


def no_area_of_die(row: Row) -> dict[str, str]:
    """An area far beyond that of the cells is a die's, with pads and other circuits."""
    values = [_number(row, name) for name in ("tops_1b", "tops_per_mm2_1b", "technology_nm")]
    tops, density, node = (value or math.nan for value in values)
    largest_mm2 = LARGEST_CELL_F2 * (_cells(row) or math.nan) * (node * 1e-6) * (node * 1e-6)
    return {"tops_per_mm2_1b": ""} if tops / density > largest_mm2 else {}


def one_supply(row: Row) -> dict[str, str]:
    """Time, energy and area must be of one supply voltage: a second public record decides."""
    return SECOND_RECORDS.get((row["title"], row["voltage_V"]), {})


CORRECTED: dict[str, Callable[[Row], dict[str, str]]] = {
    "ADC bits of the largest sum": adc_bits_of_sum,
    "throughput from the time": throughput_from_time,
    "area from the title's density": area_from_title,
    "area of a die not judged": no_area_of_die,
    "TOPS/W at the supply of the time": one_supply,
}
"""Rules that replace cells, in this order, by the note shown."""


REPLACED = ("adc_bits", "tops_1b", "tops_per_mm2_1b", "tops_per_W_1b")
"""Columns whose cells rules replace."""


def cleaned(frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Clean a table of macros.

    Args:
        frame: cells as text.

    Returns:
        The table with corrected cells; and, indexed alike, left_out (reasons, empty if the macro
        stays) and corrected (notes on replaced cells).
    """
    records = frame.reindex(columns=list(dict.fromkeys([*frame, *REPLACED])), fill_value="")
    rows, changes = [], []
    for cells in records.to_dict("records"):
        row, notes = row_of(cells), []
        for note, rule in CORRECTED.items():
            replaced = rule(row)
            if replaced.items() - row.items():
                row.update(replaced)
                notes.append(note)
        reasons = [reason for reason, rule in LEFT_OUT.items() if rule(row)]
        rows.append(row)
        changes.append({"left_out": "; ".join(reasons), "corrected": "; ".join(notes)})
    table = pd.DataFrame(rows, index=frame.index, columns=list(records), dtype=str)
    return table, pd.DataFrame(changes, index=frame.index, columns=["left_out", "corrected"])


def _number(row: Row, name: str) -> float | None:
    """A positive number, also one that is stated as a least value; None if the cell has none."""
    try:
        value = float(row[name].removeprefix(">="))
    except ValueError:
        return None
    return value if math.isfinite(value) and value > 0 else None


def _cells(row: Row) -> float | None:
    """Number of cells of the array."""
    rows, cols = _number(row, "rows"), _number(row, "cols")
    return rows * cols if rows and cols else None
