"""Kinds of macros, by what is published of them, to see where the model errs; and its misses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from experiments.silicon.comparison import (
    FACTOR,
    VARIANTS,
    Floats,
    agreement,
    area_ratios,
    measured,
    modelled,
    with_periphery,
)
from experiments.silicon.coverage import Macro, Verdict
from experiments.silicon.table import MEASURED
from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.components import slowdown

FEW_PRODUCTS = 16
"""Products per conversion up to which the converter is nearly all of a macro's energy."""

SLOW = 2.0
"""Times as slow as at nominal supply, from where the law of the slowdown matters."""


def slow_at_supply(macro: Macro, table: PhysicalTable) -> bool:
    """Whether logic at the macro's supply is at least `SLOW` times slower than at the nominal."""
    threshold = np.asarray(table.look_up("technology", node_nm=macro.node_nm)["threshold_V"])
    kappa = slowdown(np.array([macro.voltage_V]), threshold, Assumptions())
    return bool(kappa[0] >= SLOW)


Test = Callable[[Macro, PhysicalTable], bool]

CLASSES: Mapping[str, tuple[str, Test]] = {
    "sram": ("SRAM", lambda macro, table: macro.device == "sram"),
    "rram": ("resistive", lambda macro, table: macro.device == "rram"),
    "few": (
        f"at most {FEW_PRODUCTS} products a conversion",
        lambda macro, table: macro.dot_product_length <= FEW_PRODUCTS,
    ),
    "many": (
        f"more than {FEW_PRODUCTS} products a conversion",
        lambda macro, table: macro.dot_product_length > FEW_PRODUCTS,
    ),
    "slow": (f"supply at which logic is {SLOW:g} times slower or more", slow_at_supply),
    "fast": (
        f"supply at which it is less than {SLOW:g} times slower",
        lambda macro, table: not slow_at_supply(macro, table),
    ),
}
"""By key what a class is, and whether a macro is of it."""


def members(verdicts: Sequence[Verdict], table: PhysicalTable) -> dict[str, Floats]:
    """Which rows are of each class, boolean arrays of shape (n,)."""
    return {
        key: np.array([v.macro is not None and test(v.macro, table) for v in verdicts], dtype=bool)
        for key, (_, test) in CLASSES.items()
    }


def by_class(
    frame: pd.DataFrame, verdicts: Sequence[Verdict], table: PhysicalTable, factor: float
) -> pd.DataFrame:
    """Agreement within every class, in every reading of the model.

    Args:
        frame: the table of macros.
        verdicts: about its rows.
        table: component numbers.
        factor: of macro periphery, on area.

    Returns:
        Columns reading, class, quantity (the measured ones, and the area), rows, within, rank,
        median_ratio (modelled over published).
    """
    inside = members(verdicts, table)
    lines = []
    for variant in VARIANTS:
        model = with_periphery(modelled(verdicts, table, variant), factor)
        published = {name: measured(frame, name) for name in MEASURED}
        published["area"] = model["area_mm2"].to_numpy() * area_ratios(frame, model)
        values = model.rename(columns={"area_mm2": "area"})
        for key, rows in inside.items():
            for quantity, numbers in published.items():
                told = agreement(np.where(rows, numbers, np.nan), values[quantity].to_numpy())
                lines.append(
                    {"reading": variant.name, "class": CLASSES[key][0], "quantity": quantity} | told
                )
    return pd.DataFrame(lines)


def compared(
    frame: pd.DataFrame, verdicts: Sequence[Verdict], model: pd.DataFrame, table: PhysicalTable
) -> pd.DataFrame:
    """Every pair of a modelled and a measured value.

    Returns:
        Columns row (1 for the first below the header), label, node_nm, taken_nm, device, quantity,
        measured, model, ratio, within, adc_share, classes.
    """
    inside = members(verdicts, table)
    lines = []
    for quantity in MEASURED:
        published, values = measured(frame, quantity), model[quantity].to_numpy()
        for i in np.flatnonzero(np.isfinite(published) & np.isfinite(values)).tolist():
            macro = verdicts[i].macro
            assert macro is not None  # else the model says nothing
            ratio = float(values[i] / published[i])
            lines.append(
                {
                    "row": i + 1,
                    "label": label(frame, i),
                    "node_nm": macro.published_nm,
                    "taken_nm": macro.node_nm,
                    "device": macro.device,
                    "quantity": quantity,
                    "measured": float(published[i]),
                    "model": float(values[i]),
                    "ratio": ratio,
                    "within": bool(abs(np.log(ratio)) <= np.log(FACTOR)),
                    "adc_share": float(model["adc_share"].iloc[i]),
                    "classes": " ".join(key for key, rows in inside.items() if rows[i]),
                }
            )
    columns = ["row", "label", "node_nm", "taken_nm", "device", "quantity"]
    return pd.DataFrame(
        lines, columns=[*columns, *("measured", "model", "ratio", "within", "adc_share", "classes")]
    )


def label(frame: pd.DataFrame, index: int) -> str:
    """Venue and year of a macro."""
    row = frame.iloc[index]
    said = " ".join(str(row[name]).strip() for name in ("venue", "year") if name in frame)
    return said.strip()[:24] or "not named"
