"""Agreement of modelled and measured values: overall, by class of macro, and pair by pair."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from experiments.silicon.comparison import (
    DEFAULT,
    left_one_out,
    measured,
    median,
    published_area_mm2,
    with_periphery,
)
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


CLASSES = {
    "sram": "SRAM",
    "rram": "resistive",
    "few": f"at most {FEW_PRODUCTS} products a conversion",
    "many": f"more than {FEW_PRODUCTS} products a conversion",
    "slow": f"supply at which logic is {SLOW:g} times slower or more",
    "fast": f"supply at which it is less than {SLOW:g} times slower",
}
"""Name of each class in tables, by key."""


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
    frame: pd.DataFrame, models: Mapping[str, pd.DataFrame], factor: float
) -> pd.DataFrame:
    """Agreement in every reading of the model.

    Args:
        frame: the table of macros.
        models: as `modelled` returns them, by name of the reading.
        factor: of macro periphery, on area.

    Returns:
        Columns reading, periphery, quantity, and those of `agreement`.
    """
    rows = []
    for reading, model in models.items():
        factors: dict[str, float | Floats] = {"fitted": factor, "1": 1.0}
        if reading == DEFAULT:
            factors["fitted to other publications"] = left_one_out(frame, model)
        for periphery, value in factors.items():
            scaled = with_periphery(model, value)
            for name in MEASURED if periphery == "fitted" else ("tops_per_mm2_1b",):
                row = {"reading": reading, "periphery": periphery, "quantity": name}
                rows.append(row | agreement(measured(frame, name), scaled[name].to_numpy()))
    return pd.DataFrame(rows)


def by_class(
    frame: pd.DataFrame, models: Mapping[str, pd.DataFrame], factor: float, classes: pd.DataFrame
) -> pd.DataFrame:
    """Agreement within every class, in every reading of the model.

    Args:
        frame: the table of macros.
        models: as `modelled` returns them, by name of the reading.
        factor: of macro periphery, on area.
        classes: as `members` returns them.

    Returns:
        Columns reading, class, quantity (the measured ones, and the area), and those of
        `agreement`.
    """
    rows = []
    published = {name: measured(frame, name) for name in MEASURED}
    published["area"] = published_area_mm2(frame)
    for reading, unscaled in models.items():
        model = with_periphery(unscaled, factor).rename(columns={"area_mm2": "area"})
        for key, title in CLASSES.items():
            for quantity, numbers in published.items():
                row = {"reading": reading, "class": title, "quantity": quantity}
                inside = np.where(classes[key], numbers, np.nan)
                rows.append(row | agreement(inside, model[quantity].to_numpy()))
    return pd.DataFrame(rows)


def compared(
    frame: pd.DataFrame, macros: pd.DataFrame, model: pd.DataFrame, classes: pd.DataFrame
) -> pd.DataFrame:
    """Pair every modelled value with the measured one.

    Args:
        frame: the table of macros.
        macros: as `judged` returns them.
        model: modelled values, with periphery.
        classes: as `members` returns them.

    Returns:
        Columns row (1 for the first below the header), label, node_nm, taken_nm, device, quantity,
        measured, model, ratio, within, adc_share, classes.
    """
    named = [frame[name].str.strip() for name in ("venue", "year") if name in frame]
    labels = [" ".join(names).strip()[:24] or "not named" for names in zip(*named, strict=True)]
    chips = pd.DataFrame(
        {
            "row": np.arange(1, len(frame) + 1),
            "label": labels or "not named",
            "node_nm": macros["published_nm"],
            "taken_nm": macros["node_nm"],
            "device": macros["device"],
        }
    )
    pairs = pd.concat(
        chips.assign(quantity=name, measured=measured(frame, name), model=model[name])
        for name in MEASURED
    ).dropna(subset=["measured", "model"])
    ratio = pairs["model"] / pairs["measured"]
    keys = pd.Series([" ".join(classes.columns[row]) for row in classes.to_numpy()])
    return pairs.assign(
        ratio=ratio,
        within=np.abs(np.log(ratio)) <= np.log(FACTOR),
        adc_share=model["adc_share"],
        classes=keys,
    )
