"""Modelled beside measured values of every macro: how well they agree, overall, by class of macro,
and pair by pair; of the table as it is and cleaned, in several readings of the model, blind and
calibrated."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binomtest, spearmanr

from experiments.silicon.cleaning import cleaned
from experiments.silicon.macros import MEASURED, SHIPPED, judged, read
from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.chip import slowdown
from imcmoo.model.physical.macro import macro_costs, supplies_V
from imcmoo.model.physical.parameters import ADC_MODELS
from imcmoo.study.calibration import PRESETS, Macro, presets

Macros = pd.DataFrame
"""Macros as `judged` describes them."""

STATES: dict[str, dict[str, Any]] = {"as is": {}, "clean": {"held": True}}
"""Keywords of `modelled` by state of the table: levels of clean RRAM are held for a pulse."""

AS_IS, CLEAN = STATES

BLIND, OTHERS, OWN = "none", "other publications", "own macro"
CALIBRATIONS = (BLIND, OTHERS, OWN)
"""Rows that a factor on modelled values is fitted to: none; those of other publications; the other
rows of the macro's own."""

FREE = (1.0, np.nan, np.nan)
"""Factor by calibration before rows are seen."""

QUANTITIES = [*MEASURED, "area"]
"""Columns that are compared."""

FORMAT = "%.6g"
"""Of modelled values that are added to a user's table."""

DEFAULT = "default"

READINGS: dict[str, dict[str, Any]] = {
    DEFAULT: {},
    **{f"converter {name}": {"adc_model": name} for name in ADC_MODELS[1:]},
    "exponent 1.9": {"voltage_exponent": 1.9},
    "levels of RRAM held 30 ns": {"held": True},
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
    area = values["tops_1b"] / values["tops_per_mm2_1b"]
    return values[[*MEASURED]].assign(area=area)[QUANTITIES]


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
    voltage_exponent: float = Assumptions().voltage_exponent.value,
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
    for _, part in covered.groupby(["device", "cell"]):
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


def in_state(state: str, frame: pd.DataFrame, table: PhysicalTable) -> tuple[pd.DataFrame, Macros]:
    """Return a table of macros in one of `STATES`, and the macros that are compared then."""
    if state == AS_IS:
        return frame, judged(frame, table)
    corrected, changes = cleaned(frame)
    macros = judged(corrected, table)
    stays = changes["left_out"] == ""
    reasons = macros["reason"].where(stays | ~macros["covered"], changes["left_out"])
    return corrected, macros.assign(covered=macros["covered"] & stays, reason=reasons)


def shipped_ratios(state: str, table: PhysicalTable) -> pd.DataFrame:
    """Measured over modelled values of the shipped macros, with columns device and title."""
    frame, macros = in_state(state, read(SHIPPED), table)
    ratios = published(frame) / modelled(macros, table, **STATES[state])[QUANTITIES]
    return ratios.assign(device=macros["device"], title=publications(frame))


def factors(
    frame: pd.DataFrame, macros: Macros, model: pd.DataFrame, shipped: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    """Factors on modelled values, by `CALIBRATIONS`, of each row and each of `QUANTITIES`.

    A factor is the median of measured over modelled values: over the shipped rows of the same
    device and of all other publications, or over the other rows of the macro's own publication.
    NaN where no row is left.

    Args:
        frame: published values.
        macros: the compared macros, see `in_state`.
        model: their modelled values.
        shipped: ratios to fit to, of the same state, see `shipped_ratios`.
    """
    ratios, titles = published(frame) / model[QUANTITIES], publications(frame)
    blind, others, same = (pd.DataFrame(value, ratios.index, ratios.columns) for value in FREE)
    for at in macros.index[macros["covered"]]:
        is_other = (shipped["device"] == macros["device"][at]) & (shipped["title"] != titles[at])
        others.loc[at] = shipped.loc[is_other, QUANTITIES].median()
        same.loc[at] = ratios[(titles == titles[at]) & (titles.index != at)].median()
    return dict(zip(CALIBRATIONS, (blind, others, same), strict=True))


def publications(frame: pd.DataFrame) -> pd.Series[str]:
    """Title of each row's publication; rows without a title are each of another one."""
    titles = frame.get("title", pd.Series("", index=frame.index)).str.strip()
    return titles.where(titles != "", pd.Series([f"row {at}" for at in frame.index], frame.index))


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


def share_interval(hits: int, rows: int) -> tuple[float, float]:
    """95 % interval of a share by Wilson; NaN without rows."""
    if not rows:
        return np.nan, np.nan
    low, high = binomtest(hits, rows).proportion_ci(method="wilson")
    return float(low), float(high)


def agreement(measured: pd.Series[float], model: pd.Series[float]) -> dict[str, float]:
    """Measure how well modelled values agree with published ones.

    Returns:
        rows: pairs of values; within: share of them within a factor of 3; low, high: its 95 %
        interval by Wilson; rank: Spearman's correlation; median_ratio, least_ratio, largest_ratio:
        of modelled over published. NaN if there are too few rows.
    """
    pairs = pd.concat([measured, model], axis=1).dropna()
    x, y = pairs.to_numpy(dtype=float).T
    ranked = len(x) >= LEAST_RANKED and len(set(x)) > 1 and len(set(y)) > 1
    ratio = pd.Series(y / x)
    hits = int((np.abs(np.log(ratio)) <= np.log(FACTOR)).sum())
    low, high = share_interval(hits, len(ratio))
    return {
        "rows": len(ratio),
        "within": hits / len(ratio) if len(ratio) else np.nan,
        "low": low,
        "high": high,
        "rank": float(spearmanr(x, y).statistic) if ranked else np.nan,
        "median_ratio": ratio.median(),
        "least_ratio": ratio.min(),
        "largest_ratio": ratio.max(),
    }


def agreements(frame: pd.DataFrame, table: PhysicalTable) -> pd.DataFrame:
    """Agreement of a table of macros with the model: in both states, blind and calibrated by
    default, blind in all other readings.

    Returns:
        Columns state, reading, calibration, quantity, and those of `agreement`.
    """
    rows = []
    for state, how in STATES.items():
        corrected, macros = in_state(state, frame, table)
        numbers = published(corrected)
        model = modelled(macros, table, **how)[QUANTITIES]
        scales = factors(corrected, macros, model, shipped_ratios(state, table))
        models = {(DEFAULT, name): model * scale for name, scale in scales.items()}
        for reading, changes in READINGS.items():
            if changes.items() - how.items():  # else it is the default in this state
                models[reading, BLIND] = modelled(macros, table, **how | changes)
        for (reading, calibration), model in models.items():
            keys = {"state": state, "reading": reading, "calibration": calibration}
            for name in QUANTITIES:
                rows.append(keys | {"quantity": name} | agreement(numbers[name], model[name]))
    return pd.DataFrame(rows)


def calibrated_macros(table: PhysicalTable) -> pd.DataFrame:
    """Shipped calibrations, each tested at settings of its macro that were not fitted to.

    Returns:
        Columns macro, quantity (time or energy), fitted and tested (number of values), and least
        and largest ratio of modelled over measured tested values: blind_low, blind_high, low, high.
    """
    rows = []
    for name in presets():
        calibration, measurements = Macro.load(PRESETS / f"{name}.toml").calibrate(table)
        for key, quantity in (("time_ns", "time"), ("energy_pJ", "energy")):
            of_key = [one for one in measurements if one.quantity == key]
            tests = [one for one in of_key if one.use == "test"]
            blind, fitted = [one.blind for one in tests], [one.calibrated for one in tests]
            counts = {"fitted": len(of_key) - len(tests), "tested": len(tests)}
            ends = {"blind_low": min(blind), "blind_high": max(blind)}
            ends |= {"low": min(fitted), "high": max(fitted)}
            rows.append({"macro": calibration.macro, "quantity": quantity, **counts, **ends})
    return pd.DataFrame(rows)


def by_class(frame: pd.DataFrame, table: PhysicalTable) -> pd.DataFrame:
    """Agreement within every class of `members`, in both states and every reading of the model; see
    `agreements`."""
    rows = []
    for state, how in STATES.items():
        corrected, macros = in_state(state, frame, table)
        numbers, classes = published(corrected), members(macros, table)
        for reading, changes in READINGS.items():
            model = modelled(macros, table, **how | changes)
            for key, title in CLASSES.items():
                inside = numbers[classes[key]]
                keys = {"state": state, "reading": reading, "class": title}
                for name in QUANTITIES:
                    rows.append(keys | {"quantity": name} | agreement(inside[name], model[name]))
    return pd.DataFrame(rows)


def compared(frame: pd.DataFrame, table: PhysicalTable) -> pd.DataFrame:
    """Pair every value modelled by default with the measured one, in both states.

    Returns:
        Columns state, row (1 for the first below the header), label, node_nm, taken_nm, device,
        quantity, measured, model, ratio, within, adc_share, classes.
    """
    labels = frame.reindex(columns=["venue", "year"], fill_value="")
    labels = labels.apply(lambda column: column.str.strip()).agg(" ".join, axis=1).str.strip()
    parts = []
    for state, how in STATES.items():
        corrected, macros = in_state(state, frame, table)
        numbers, model = published(corrected), modelled(macros, table, **how)
        classes = members(macros, table)
        chips = pd.DataFrame(
            {
                "state": state,
                "row": np.arange(1, len(frame) + 1),
                "label": labels.str[:24].replace("", "not named"),
                "node_nm": macros["published_nm"],
                "taken_nm": macros["node_nm"],
                "device": macros["device"],
            }
        )
        pairs = pd.concat(
            chips.assign(quantity=name, measured=numbers[name], model=model[name])
            for name in MEASURED
        ).dropna(subset=["measured", "model"])
        ratio = pairs["model"] / pairs["measured"]
        names = [" ".join(classes.columns[row]) for row in classes.to_numpy()]
        parts.append(
            pairs.assign(
                ratio=ratio,
                within=np.abs(np.log(ratio)) <= np.log(FACTOR),
                adc_share=model["adc_share"],
                classes=pd.Series(names, index=frame.index),
            )
        )
    return pd.concat(parts)


def joined(frame: pd.DataFrame, table: PhysicalTable) -> pd.DataFrame:
    """Append to a table whether each row is covered, why, what cleaning does to it, and the
    modelled values of the table as it is."""
    _, macros = in_state(AS_IS, frame, table)
    model = modelled(macros, table)
    texts = model[list(MEASURED)].map(lambda value: "" if np.isnan(value) else FORMAT % value)
    changes = [macros[["covered", "reason"]], cleaned(frame)[1], texts.add_prefix("model_")]
    return pd.concat([frame, *changes], axis=1)
