"""Modelled beside measured values of every macro, in several readings of the model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from experiments.silicon.macro_costs import macro_costs
from experiments.silicon.macros import MEASURED, SHIPPED, judged, read, supplies_V
from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.model.metrics import Floats
from imcmoo.model.physical.assumptions import Assumptions
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


def farther_node(macro: pd.Series, table: PhysicalTable) -> float:
    """Find the tabulated node on the other side of a macro's own, if that has its supply voltage.

    Args:
        macro: a row as `judged` returns it.
        table: the tabulated nodes.

    Returns:
        nm; the nearest node if there is no other.
    """
    nodes = table.sizes(macro["device"], "node_nm")
    is_above = macro["node_nm"] < macro["published_nm"]
    farther = nodes[(nodes > macro["published_nm"]) == is_above]
    if macro["node_nm"] == macro["published_nm"] or not len(farther):
        return float(macro["node_nm"])
    other = int(farther[np.argmin(np.abs(farther - macro["published_nm"]))])
    tabulated = supplies_V(table, macro["device"], other)
    has_supply = np.isclose(tabulated, macro["voltage_V"]).any()
    return float(other if has_supply else macro["node_nm"])


def measured(frame: pd.DataFrame, name: str) -> Floats:
    """Published values of a column, shape (n,); NaN where there is none above 0."""
    if name not in frame:
        return np.full(len(frame), np.nan)
    values = pd.to_numeric(frame[name], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    return np.where(np.isfinite(values) & (values > 0), values, np.nan)


def modelled(
    macros: pd.DataFrame,
    table: PhysicalTable,
    *,
    adc_model: str = ADC_MODELS[0],
    voltage_exponent: float = 2.0,
    held: bool = False,
    next_node: bool = False,
) -> pd.DataFrame:
    """Model each macro, with the sum of its parts as its area.

    Args:
        macros: as `judged` returns them.
        table: component numbers.
        adc_model: ADC model.
        voltage_exponent: of the slowdown at low supply voltage.
        held: whether a level of a resistive array is held for a pulse.
        next_node: whether macros between two tabulated nodes are modelled at the farther one.

    Returns:
        The columns of `MEASURED`, area_mm2 and adc_share (of energy), indexed as `macros`; NaN
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
    columns = [*MEASURED, "area_mm2", "adc_share"]
    parts = [pd.DataFrame(columns=columns, dtype=float)]
    for _, part in covered.groupby("device"):
        costs = macro_costs(part, table, **how)
        density = costs.operations / costs.time_s / costs.area_m2
        values = (
            *(costs.time_s * 1e9, costs.operations / costs.energy_J * 1e-12, density * 1e-18),
            *(costs.area_m2 * 1e6, costs.energies_J["adc"] / costs.energy_J),
        )
        parts.append(pd.DataFrame(dict(zip(columns, values, strict=True)), index=part.index))
    return pd.concat(parts).reindex(macros.index)


def published_area_mm2(frame: pd.DataFrame) -> Floats:
    """Published areas, throughput over density, shape (n,)."""
    return measured(frame, "tops_1b") / measured(frame, "tops_per_mm2_1b")


def area_ratios(frame: pd.DataFrame, model: pd.DataFrame) -> Floats:
    """Published area over the sum of a macro's parts, shape (n,)."""
    ratios: Floats = published_area_mm2(frame) / model["area_mm2"].to_numpy()
    return ratios


def fitted_periphery(table: PhysicalTable) -> float:
    """Fit the one fitted number: the median of published over summed areas of the shipped macros.

    It does not depend on the table that is compared, so no other table is fitted to itself.
    """
    frame = read(SHIPPED)
    return float(np.nanmedian(area_ratios(frame, modelled(judged(frame, table), table))))


def with_periphery(model: pd.DataFrame, factor: float | Floats) -> pd.DataFrame:
    """Multiply modelled areas, sums of parts, by a factor."""
    return model.assign(
        tops_per_mm2_1b=model["tops_per_mm2_1b"] / factor, area_mm2=model["area_mm2"] * factor
    )


def left_one_out(frame: pd.DataFrame, model: pd.DataFrame) -> Floats:
    """Periphery factor of each row, fitted to the rows of all other publications, shape (n,)."""
    ratios = area_ratios(frame, model)
    titles = frame.get("title", pd.Series("", index=frame.index)).to_numpy()
    return np.array([median(ratios[titles != title]) for title in titles])


def median(values: Floats) -> float:
    """Median of the finite values; NaN if there is none."""
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if len(finite) else float("nan")


def joined(frame: pd.DataFrame, macros: pd.DataFrame, model: pd.DataFrame) -> pd.DataFrame:
    """Append to a table whether each row is covered, why, and the modelled values."""
    texts = model[list(MEASURED)].map(lambda value: "" if np.isnan(value) else FORMAT % value)
    return pd.concat([frame, macros[["covered", "reason"]], texts.add_prefix("model_")], axis=1)
