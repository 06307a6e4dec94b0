"""Agreement of modelled and measured values: overall, by class of macro, and pair by pair."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from experiments.silicon.comparison import (
    DEFAULT,
    VARIANTS,
    area_ratios,
    left_one_out,
    measured,
    median,
    modelled,
    with_periphery,
)
from experiments.silicon.coverage import Macro, Verdict
from experiments.silicon.macros import MEASURED
from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.model.metrics import Floats
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.components import slowdown

FACTOR = 3.0
"""A modelled value agrees if it is off by at most this factor."""

LEAST_RANKED = 3
"""Fewest rows for which a rank correlation is computed."""

FEW_PRODUCTS = 16
"""Products per conversion up to which the ADC is nearly all of a macro's energy."""

SLOW = 2.0
"""Slowdown against the nominal supply voltage from which its law matters."""


def slow_at_supply(macro: Macro, table: PhysicalTable) -> bool:
    """Check whether logic is at least `SLOW` times slower than at the nominal supply voltage."""
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
"""Name of each class in tables, and the test of a macro, by key."""


def members(verdicts: Sequence[Verdict], table: PhysicalTable) -> dict[str, np.ndarray]:
    """Membership of rows in each class, boolean arrays of shape (n,)."""
    return {
        key: np.array([v.macro is not None and test(v.macro, table) for v in verdicts], dtype=bool)
        for key, (_, test) in CLASSES.items()
    }


def agreement(published: Floats, model: Floats) -> dict[str, float]:
    """Measure how well modelled values agree with published ones.

    Returns:
        rows: pairs of values; within: share of them within a factor of 3; rank: Spearman's
        correlation; median_ratio: of modelled over published. NaN if there are too few rows.
    """
    both = np.isfinite(published) & np.isfinite(model)
    x, y = published[both], model[both]
    ranked = len(x) >= LEAST_RANKED and len(set(x)) > 1 and len(set(y)) > 1
    ratio = y / x
    return {
        "rows": float(len(x)),
        "within": float(np.mean(np.abs(np.log(ratio)) <= np.log(FACTOR))) if len(x) else np.nan,
        "rank": float(spearmanr(x, y).statistic) if ranked else np.nan,
        "median_ratio": median(ratio),
    }


def agreements(
    frame: pd.DataFrame, verdicts: Sequence[Verdict], table: PhysicalTable, factor: float
) -> pd.DataFrame:
    """Agreement in every reading of the model.

    Args:
        frame: the table of macros.
        verdicts: about its rows.
        table: component numbers.
        factor: of macro periphery, on area.

    Returns:
        Columns reading, periphery, quantity, and those of `agreement`.
    """
    rows = []
    for variant in VARIANTS:
        model = modelled(verdicts, table, variant)
        readings: dict[str, float | Floats] = {"fitted": factor, "1": 1.0}
        if variant is DEFAULT:
            readings["fitted to other publications"] = left_one_out(frame, model)
        for periphery, value in readings.items():
            scaled = with_periphery(model, value)
            for name in MEASURED if periphery == "fitted" else ("tops_per_mm2_1b",):
                row = {"reading": variant.name, "periphery": periphery, "quantity": name}
                rows.append(row | agreement(measured(frame, name), scaled[name].to_numpy()))
    return pd.DataFrame(rows)


def by_class(
    frame: pd.DataFrame, verdicts: Sequence[Verdict], table: PhysicalTable, factor: float
) -> pd.DataFrame:
    """Agreement within every class, in every reading of the model; arguments of `agreements`.

    Returns:
        Columns reading, class, quantity (the measured ones, and the area), and those of
        `agreement`.
    """
    classes = members(verdicts, table)
    rows = []
    for variant in VARIANTS:
        model = with_periphery(modelled(verdicts, table, variant), factor)
        published = {name: measured(frame, name) for name in MEASURED}
        published["area"] = model["area_mm2"].to_numpy() * area_ratios(frame, model)
        values = model.rename(columns={"area_mm2": "area"})
        for key, is_member in classes.items():
            for quantity, numbers in published.items():
                row = {"reading": variant.name, "class": CLASSES[key][0], "quantity": quantity}
                inside = np.where(is_member, numbers, np.nan)
                rows.append(row | agreement(inside, values[quantity].to_numpy()))
    return pd.DataFrame(rows)


def compared(
    frame: pd.DataFrame, verdicts: Sequence[Verdict], model: pd.DataFrame, table: PhysicalTable
) -> pd.DataFrame:
    """Pair every modelled value with the measured one.

    Returns:
        Columns row (1 for the first below the header), label, node_nm, taken_nm, device, quantity,
        measured, model, ratio, within, adc_share, classes.
    """
    classes = members(verdicts, table)
    columns = ["row", "label", "node_nm", "taken_nm", "device", "quantity", "measured", "model"]
    pairs = []
    for quantity in MEASURED:
        published, values = measured(frame, quantity), model[quantity].to_numpy()
        for i in np.flatnonzero(np.isfinite(published) & np.isfinite(values)).tolist():
            macro = verdicts[i].macro
            assert macro is not None  # otherwise there is no modelled value
            ratio = float(values[i] / published[i])
            chip = (i + 1, _label(frame, i), macro.published_nm, macro.node_nm, macro.device)
            pairs.append(
                (
                    *(*chip, quantity, float(published[i]), float(values[i]), ratio),
                    bool(abs(np.log(ratio)) <= np.log(FACTOR)),
                    float(model["adc_share"].iloc[i]),
                    " ".join(key for key, is_member in classes.items() if is_member[i]),
                )
            )
    return pd.DataFrame(pairs, columns=[*columns, "ratio", "within", "adc_share", "classes"])


def _label(frame: pd.DataFrame, index: int) -> str:
    """Venue and year of a macro."""
    row = frame.iloc[index]
    names = " ".join(str(row[name]).strip() for name in ("venue", "year") if name in frame)
    return names.strip()[:24] or "not named"
