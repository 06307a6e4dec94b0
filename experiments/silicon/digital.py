"""Digital rows of a table of macros: modelled beside published values, each macro alone.

A macro has no clock limit and no wires of its tree, and holds its weights. Its operands are random
bits, inputs are of 8 bits, and the threshold is that of the nearest tabulated node.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from experiments.silicon.cleaning import LEFT_OUT
from experiments.silicon.comparison import FACTOR, published, share_interval
from experiments.silicon.macros import DIGITAL, MEASURED, NEEDED, Row, row_of
from imcmoo.arrays import Floats
from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.model.physical.assumptions import Assumption, Assumptions
from imcmoo.model.physical.chip import slowdown
from imcmoo.model.physical.components import Switches, Technology
from imcmoo.model.physical.memory_cells import INPUT_WIDTHS, Dimc
from imcmoo.model.physical.parameters import DRAM, SCHEDULES, Designs

ALONE = replace(
    Assumptions().having(logic_overhead=1.2, tree_wires=0.0),
    clock_Hz=Assumption(math.inf, 0.0, math.inf, "a macro alone has its own clock"),
)
"""Assumptions for a macro compared alone."""

CHANGING, ONES = 0.5, 0.5
"""Share of input bits that change in a cycle, and of weight bits that are 1: random bits."""

CELL_F2 = 280.0
"""Area of a cell in squares of the node, as in the component table."""

NUMBERS = (
    *("technology_nm", "voltage_V", "rows", "cols", "input_bits", "weight_bits"),
    *("dot_product_length", "n_adc"),
)
"""Columns of numbers without which a digital macro cannot be modelled."""

READINGS = {
    "default": ALONE,
    "exponent 1.9": ALONE.having(voltage_exponent=1.9),
}
"""Assumptions by name of the reading; the second is the upper end of the band of the exponent."""
DEFAULT_READING = next(iter(READINGS))


class HeldDimc(Dimc):
    """Digital macros whose weights are at their multipliers already."""

    def weight_lines(self, designs: Designs) -> Floats:
        """No bit line moves."""
        return np.zeros(len(designs))


def is_digital(row: Row) -> bool:
    """True if architecture or compute model is named digital."""
    texts = row["architecture"].lower(), row["compute_model"].lower()
    return any(word in text for word in DIGITAL for text in texts)


def modelled(row: Row, table: PhysicalTable, assumptions: Assumptions) -> dict[str, float]:
    """Model one digital macro: `MEASURED`, NaN for a quantity of a row that cannot be modelled.

    Args:
        row: cells of the macro as text.
        table: thresholds by node.
        assumptions: numbers of the model.
    """
    try:
        node, volt, rows, cols, inputs, weights, products, outputs = (
            float(row[name]) for name in NUMBERS
        )
    except ValueError:
        return dict.fromkeys(MEASURED, math.nan)
    sharing = rows * cols / (products * outputs * weights)
    if inputs not in INPUT_WIDTHS or products < 2 or sharing < 1 or weights % 1:
        return dict.fromkeys(MEASURED, math.nan)
    columns = outputs * weights
    designs = _designs(node, volt, products * sharing, columns, products, inputs)
    how = Technology(
        device=HeldDimc(),
        table=table,
        assumptions=assumptions,
        switches=Switches(),
        weight_bits=int(weights),
    )
    kappa = slowdown(designs.voltage_V, _threshold_V(node, table), assumptions)
    nothing = {"memory_write": np.zeros(1)}
    tree = how.device.column_circuit(designs, nothing, kappa, how)
    cell = how.device.prices(designs, nothing, kappa, how)
    register = how.device.row_circuit(designs, how)
    bits = columns * products * inputs
    energy = bits * CHANGING * (cell.low_J + ONES * (cell.span_J + cell.tree_J))
    energy = energy + columns * tree.energy_J + products * register.energy_J
    cells_m2 = rows * cols * CELL_F2 * (node * 1e-9) ** 2
    area = cells_m2 + columns * tree.area_m2 + designs.rows * register.area_m2
    operations = 2 * products * outputs * inputs * weights
    return {
        "t_core_ns": float(tree.time_s[0]) * 1e9,
        "tops_per_W_1b": float(operations / energy[0]) * 1e-12,
        "tops_per_mm2_1b": float(operations / tree.time_s[0] / area[0]) * 1e-18,
    }


def _threshold_V(node_nm: float, table: PhysicalTable) -> Floats:
    """Threshold of the nearest tabulated node, V, shape (1,)."""
    nodes = table.sizes("technology", "node_nm")
    nearest = nodes[np.argmin(np.abs(np.log(nodes / node_nm)))]
    return np.atleast_1d(table.look_up("technology", node_nm=nearest)["threshold_V"])


def _designs(
    node: float, volt: float, rows: float, cols: float, products: float, inputs: float
) -> Designs:
    """A macro as a chip of one macro; its node and sizes need not be tabulated."""
    usual = dict.fromkeys(Designs.__dataclass_fields__, 1)
    texts = {"dram": DRAM.index("none"), "schedule": SCHEDULES.index("layer")}
    codings = ("input_coding", "weight_coding", "adc_model", "adc_window", "cell_errors")
    values: dict[str, Any] = usual | texts | dict.fromkeys(codings, 0)
    values |= {"voltage_V": volt, "rows": rows, "cols": cols, "active_rows": products}
    arrays = {name: np.array([float(value)]) for name, value in values.items()}
    whole = {"technology_nm": node, "input_slice_bits": inputs, "tree_stages": 1}
    arrays |= {name: np.array([int(value)]) for name, value in whole.items()}
    return Designs(**arrays)


def compared(frame: pd.DataFrame, table: PhysicalTable) -> pd.DataFrame:
    """Compare the digital rows of a table of macros.

    Args:
        frame: cells as text.
        table: thresholds by node.

    Returns:
        A row for each digital macro with a modelled value, in each of `READINGS`: row (1 for the
        first below the header), clean (no rule of cleaning leaves it out), reading, and for each of
        `MEASURED` the ratio of modelled over published values, NaN if none is published.
    """
    numbers, rows = published(frame), []
    for at, cells in enumerate(frame.to_dict("records")):
        row = row_of(cells)
        if not is_digital(row) or any(name not in row for name in NEEDED):
            continue
        clean = not any(rule(row) for rule in LEFT_OUT.values())
        for reading, assumptions in READINGS.items():
            model = modelled(row, table, assumptions)
            if math.isnan(model["t_core_ns"]):
                continue
            ratios = {name: model[name] / numbers[name].iloc[at] for name in MEASURED}
            rows.append({"row": at + 1, "clean": clean, "reading": reading, **ratios})
    return pd.DataFrame(rows, columns=["row", "clean", "reading", *MEASURED])


def agreement(ratios: pd.DataFrame) -> pd.DataFrame:
    """Count the ratios of `compared` within 2 and `FACTOR` times.

    Returns:
        Columns state ("as is" or "clean"), reading, quantity, rows, within_2, within_3, and the
        interval low to high of the share within 3 times.
    """
    counts = []
    for state, chosen in (("as is", ratios), ("clean", ratios[ratios["clean"].astype(bool)])):
        for reading, of_reading in chosen.groupby("reading", sort=False):
            for name in MEASURED:
                off = np.exp(np.abs(np.log(of_reading[name].dropna().astype(float))))
                within = {"within_2": int((off <= 2).sum()), "within_3": int((off <= FACTOR).sum())}
                keys = {"state": state, "reading": reading, "quantity": name, "rows": len(off)}
                low, high = share_interval(within["within_3"], len(off))
                counts.append(keys | within | {"low": low, "high": high})
    return pd.DataFrame(counts)
