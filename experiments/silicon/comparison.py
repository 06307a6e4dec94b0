"""Modelled beside measured values of every macro, in several readings of the model, and how well
they agree: overall, by class of macro, and pair by pair."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from experiments.silicon.macros import MEASURED, SHIPPED, judged, read
from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.chip import slowdown
from imcmoo.model.physical.macro import macro_costs, supplies_V
from imcmoo.model.physical.parameters import ADC_MODELS

FORMAT = "%.6g"
"""Of modelled values that are added to a user's table."""

DEFAULT = "default"

READINGS: dict[str, dict[str, Any]] = {
    DEFAULT: {},
    **{f"converter {name}": {"adc_model": name} for name in ADC_MODELS[1:]},
    "exponent 1.3": {"voltage_exponent": 1.3},
    "levels of RRAM held 10 ns": {"held": True},
    "the farther node (28 nm as 22 nm)": {"next_node": True},
}
"""Keywords of `modelled` by name of the reading, as in the tables."""

FACTOR = 3.0
"""A modelled value agrees if it is off by at most this factor."""

LEAST_RANKED = 3
"""Fewest rows for which a rank correlation is computed."""

FEW_PRODUCTS = 16
"""Products per conversion up to which the ADC is nearly all of a macro's energy."""

SLOW = 2.0
"""Slowdown against the nominal supply voltage from which its law matters."""

CLASSES = {
    "sram": "SRAM",
    "rram": "resistive",
    "few": f"at most {FEW_PRODUCTS} products a conversion",
    "many": f"more than {FEW_PRODUCTS} products a conversion",
    "slow": f"supply at which logic is {SLOW:g} times slower or more",
    "fast": f"supply at which it is less than {SLOW:g} times slower",
}
"""Name of each class in tables, by key."""


def published(frame: pd.DataFrame) -> pd.DataFrame:
    """Published values of a table of macros, the columns of `MEASURED`, and area in mm², throughput
    over density; NaN where there is none above 0."""
    texts = frame.reindex(columns=[*MEASURED, "tops_1b"])
    values = texts.apply(pd.to_numeric, errors="coerce").astype(float)
    values = values.where(np.isfinite(values) & (values > 0))
    return values[[*MEASURED]].assign(area=values["tops_1b"] / values["tops_per_mm2_1b"])


def farther_node(macro: pd.Series, table: PhysicalTable) -> float:
    """Find the tabulated node (nm) on the other side of a macro's own, if that has its supply
    voltage, else the nearest; of a row as `judged` returns it."""
    nodes = table.sizes(macro["device"], "node_nm")
    is_above = macro["node_nm"] < macro["published_nm"]
    farther = nodes[(nodes > macro["published_nm"]) == is_above]
    if macro["node_nm"] == macro["published_nm"] or not len(farther):
        return float(macro["node_nm"])
    other = int(farther[np.argmin(np.abs(farther - macro["published_nm"]))])
    tabulated = supplies_V(table, macro["device"], other)
    has_supply = np.isclose(tabulated, macro["voltage_V"]).any()
    return float(other if has_supply else macro["node_nm"])


def modelled(
    macros: pd.DataFrame,
    table: PhysicalTable,
    *,
    adc_model: str = ADC_MODELS[0],
    voltage_exponent: float = 2.0,
    held: bool = False,
    next_node: bool = False,
) -> pd.DataFrame:
    """Model each macro, as `judged` describes it, with the sum of its parts as its area.

    With `held` a level of a resistive array is held for a pulse; with `next_node` macros between
    two tabulated nodes are modelled at the farther one.

    Returns:
        The columns of `MEASURED`, area (mm²) and adc_share (of energy), indexed as `macros`; NaN
        where the macro, or its resolution by this ADC model, is not covered.
    """
    covered = macros[macros["covered"]]
    if adc_model in table.tables:  # the others are formulas
        covered = covered[covered["adc_bits"].isin(table.sizes(adc_model, "bits"))]
    if next_node:
        nodes = [farther_node(row, table) for _, row in covered.iterrows()]
        covered = covered.assign(node_nm=nodes)
    assumptions = Assumptions().having(voltage_exponent=voltage_exponent)
    how: dict[str, Any] = {"assumptions": assumptions, "adc_model": adc_model, "held": held}
    parts = [pd.DataFrame(columns=[*MEASURED, "area", "adc_share"], dtype=float)]
    for _, part in covered.groupby("device"):
        costs = macro_costs(part, table, **how)
        density = costs["operations"] / costs["time_s"] / costs["area_m2"]
        values = {
            "t_core_ns": costs["time_s"] * 1e9,
            "tops_per_W_1b": costs["operations"] / costs["energy_J"] * 1e-12,
            "tops_per_mm2_1b": density * 1e-18,
            "area": costs["area_m2"] * 1e6,
            "adc_share": costs["energy_adc_J"] / costs["energy_J"],
        }
        parts.append(pd.DataFrame(values))
    return pd.concat(parts).reindex(macros.index)


def fitted_periphery(table: PhysicalTable) -> float:
    """Fit the one fitted number: the median of published over summed areas of the shipped macros.

    It does not depend on the table that is compared, so no other table is fitted to itself.
    """
    frame = read(SHIPPED)
    model = modelled(judged(frame, table), table)
    return float((published(frame)["area"] / model["area"]).median())


def left_one_out(frame: pd.DataFrame, model: pd.DataFrame) -> pd.Series[float]:
    """Periphery factor of each row, fitted to the rows of all other publications."""
    ratios = published(frame)["area"] / model["area"]
    titles = frame.get("title", pd.Series("", index=frame.index))
    return titles.map({title: ratios[titles != title].median() for title in titles.unique()})


def with_periphery(model: pd.DataFrame, factor: float | pd.Series[float]) -> pd.DataFrame:
    """Multiply modelled areas, sums of parts, by a factor."""
    density, area = model["tops_per_mm2_1b"] / factor, model["area"] * factor
    return model.assign(tops_per_mm2_1b=density, area=area)


def members(macros: pd.DataFrame, table: PhysicalTable) -> pd.DataFrame:
    """Membership of macros, as `judged` returns them, in each of `CLASSES`: boolean columns."""
    covered = macros[macros["covered"]]
    threshold = table.look_up("technology", node_nm=covered["node_nm"].to_numpy())["threshold_V"]
    kappa = slowdown(covered["voltage_V"].to_numpy(), threshold, Assumptions())
    is_few = covered["dot_product_length"] <= FEW_PRODUCTS
    classes = {
        **{device: covered["device"] == device for device in ("sram", "rram")},
        **{"few": is_few, "many": ~is_few, "slow": kappa >= SLOW, "fast": kappa < SLOW},
    }
    return pd.DataFrame(classes).reindex(macros.index, fill_value=False)


def agreement(measured: pd.Series[float], model: pd.Series[float]) -> dict[str, float]:
    """Measure how well modelled values agree with published ones.

    Returns:
        rows: pairs of values; within: share of them within a factor of 3; rank: Spearman's
        correlation; median_ratio: of modelled over published. NaN if there are too few rows.
    """
    pairs = pd.concat([measured, model], axis=1).dropna()
    x, y = pairs.to_numpy().T
    ranked = len(x) >= LEAST_RANKED and len(set(x)) > 1 and len(set(y)) > 1
    ratio = pd.Series(y / x)
    return {
        "rows": len(ratio),
        "within": (np.abs(np.log(ratio)) <= np.log(FACTOR)).mean(),
        "rank": float(spearmanr(x, y).statistic) if ranked else np.nan,
        "median_ratio": ratio.median(),
    }


def agreements(
    frame: pd.DataFrame, models: Mapping[str, pd.DataFrame], factor: float
) -> pd.DataFrame:
    """Agreement of a table of macros with every reading of the model, with areas multiplied by a
    factor of macro periphery: columns reading, periphery, quantity, and those of `agreement`."""
    rows, numbers = [], published(frame)
    for reading, model in models.items():
        factors: dict[str, float | pd.Series[float]] = {"fitted": factor, "1": 1.0}
        if reading == DEFAULT:
            factors["fitted to other publications"] = left_one_out(frame, model)
        for periphery, value in factors.items():
            scaled = with_periphery(model, value)
            for name in MEASURED if periphery == "fitted" else ("tops_per_mm2_1b",):
                row = {"reading": reading, "periphery": periphery, "quantity": name}
                rows.append(row | agreement(numbers[name], scaled[name]))
    return pd.DataFrame(rows)


def by_class(
    frame: pd.DataFrame, models: Mapping[str, pd.DataFrame], factor: float, classes: pd.DataFrame
) -> pd.DataFrame:
    """Agreement within every class of `members`, in every reading of the model; see
    `agreements`."""
    rows, numbers = [], published(frame)
    for reading, unscaled in models.items():
        model = with_periphery(unscaled, factor)
        for key, title in CLASSES.items():
            inside = numbers[classes[key]]
            rows += [
                {"reading": reading, "class": title, "quantity": name}
                | agreement(inside[name], model[name])
                for name in numbers
            ]
    return pd.DataFrame(rows)


def compared(
    frame: pd.DataFrame, macros: pd.DataFrame, model: pd.DataFrame, classes: pd.DataFrame
) -> pd.DataFrame:
    """Pair every modelled value, with periphery, with the measured one.

    Returns:
        Columns row (1 for the first below the header), label, node_nm, taken_nm, device, quantity,
        measured, model, ratio, within, adc_share, classes.
    """
    named = frame.reindex(columns=["venue", "year"], fill_value="")
    labels = named.apply(lambda column: column.str.strip()).agg(" ".join, axis=1).str.strip()
    chips = pd.DataFrame(
        {
            "row": np.arange(1, len(frame) + 1),
            "label": labels.str[:24].replace("", "not named"),
            "node_nm": macros["published_nm"],
            "taken_nm": macros["node_nm"],
            "device": macros["device"],
        }
    )
    numbers = published(frame)
    pairs = pd.concat(
        chips.assign(quantity=name, measured=numbers[name], model=model[name]) for name in MEASURED
    ).dropna(subset=["measured", "model"])
    ratio = pairs["model"] / pairs["measured"]
    keys = pd.Series([" ".join(classes.columns[row]) for row in classes.to_numpy()])
    return pairs.assign(
        ratio=ratio,
        within=np.abs(np.log(ratio)) <= np.log(FACTOR),
        adc_share=model["adc_share"],
        classes=keys,
    )


def joined(frame: pd.DataFrame, macros: pd.DataFrame, model: pd.DataFrame) -> pd.DataFrame:
    """Append to a table whether each row is covered, why, and the modelled values."""
    texts = model[list(MEASURED)].map(lambda value: "" if np.isnan(value) else FORMAT % value)
    return pd.concat([frame, macros[["covered", "reason"]], texts.add_prefix("model_")], axis=1)
