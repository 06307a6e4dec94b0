"""Modelled beside measured values of every macro, in several readings of the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from experiments.silicon.coverage import Macro, Verdict, judge, supplies_V
from experiments.silicon.macro import macro_costs
from experiments.silicon.macros import MEASURED, SHIPPED, read
from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.model.metrics import Floats
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.parameters import ADC_MODELS

FORMAT = "%.6g"
"""Digits that are the same on every machine."""


@dataclass(frozen=True)
class Variant:
    """One reading of the model.

    Args:
        name: for tables.
        adc_model: ADC model.
        voltage_exponent: of the slowdown at low supply voltage.
        held: whether a level of a resistive array is held for a pulse.
        next_node: whether macros between two tabulated nodes are modelled at the farther one.
    """

    name: str
    adc_model: str = "zigzag"
    voltage_exponent: float = 2.0
    held: bool = False
    next_node: bool = False

    def macro(self, macro: Macro, table: PhysicalTable) -> Macro:
        """Return a macro as this reading models it."""
        return _on_the_other_side(macro, table) if self.next_node else macro

    def assumptions(self) -> Assumptions:
        """Assumptions of the model in this reading."""
        return Assumptions().having(voltage_exponent=self.voltage_exponent)


def _on_the_other_side(macro: Macro, table: PhysicalTable) -> Macro:
    """Move a macro to the tabulated node on the other side of its own, if that has its supply."""
    nodes = table.sizes(macro.device, "node_nm")
    farther = nodes[
        nodes > macro.published_nm
        if macro.node_nm < macro.published_nm
        else nodes < macro.published_nm
    ]
    if macro.node_nm == macro.published_nm or not len(farther):
        return macro
    other = int(farther[np.argmin(np.abs(farther - macro.published_nm))])
    has_supply = np.isclose(supplies_V(table, macro.device, other), macro.voltage_V).any()
    return replace(macro, node_nm=other) if has_supply else macro


DEFAULT = Variant("default")
VARIANTS = (
    DEFAULT,
    *(Variant(f"converter {name}", adc_model=name) for name in ADC_MODELS[1:]),
    Variant("exponent 1.3", voltage_exponent=1.3),
    Variant("levels of RRAM held 10 ns", held=True),
    Variant("the farther node (28 nm as 22 nm)", next_node=True),
)


def judged(frame: pd.DataFrame, table: PhysicalTable) -> list[Verdict]:
    """Decide row by row which macros of a table are covered."""
    assumptions = Assumptions()
    return [judge(r, table, assumptions) for r in frame.to_dict("records")]  # type: ignore[arg-type]


def measured(frame: pd.DataFrame, name: str) -> Floats:
    """Published values of a column, shape (n,); NaN where there is none above 0."""
    if name not in frame:
        return np.full(len(frame), np.nan)
    values = pd.to_numeric(frame[name], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    return np.where(np.isfinite(values) & (values > 0), values, np.nan)


def modelled(
    verdicts: Sequence[Verdict], table: PhysicalTable, variant: Variant = DEFAULT
) -> pd.DataFrame:
    """Model each macro, with the sum of its parts as its area.

    Returns:
        The columns of `MEASURED`, area_mm2 and adc_share (of energy), a row for each verdict; NaN
        where the macro, or its resolution by this ADC model, is not covered.
    """
    columns = [*MEASURED, "area_mm2", "adc_share"]
    model = pd.DataFrame(np.nan, index=range(len(verdicts)), columns=columns)
    bits = None if variant.adc_model == "zigzag" else table.sizes(variant.adc_model, "bits")
    for device in ("sram", "rram"):
        macros = {
            i: variant.macro(macro, table)
            for i, macro in enumerate(verdict.macro for verdict in verdicts)
            if macro is not None
            and macro.device == device
            and (bits is None or macro.adc_bits in bits)
        }
        if not macros:
            continue
        costs = macro_costs(
            list(macros.values()),
            table=table,
            given=variant.assumptions(),
            adc_model=variant.adc_model,
            held=variant.held,
        )
        density = costs.operations / costs.time_s / costs.area_m2
        values = (
            *(costs.time_s * 1e9, costs.operations / costs.energy_J * 1e-12, density * 1e-18),
            *(costs.area_m2 * 1e6, costs.energies_J["adc"] / costs.energy_J),
        )
        model.loc[list(macros), columns] = np.column_stack(values)
    return model


def area_ratios(frame: pd.DataFrame, model: pd.DataFrame) -> Floats:
    """Published area (throughput over density) over the sum of a macro's parts, shape (n,)."""
    published = measured(frame, "tops_1b") / measured(frame, "tops_per_mm2_1b")
    ratios: Floats = published / model["area_mm2"].to_numpy()
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


def joined(frame: pd.DataFrame, verdicts: Sequence[Verdict], model: pd.DataFrame) -> pd.DataFrame:
    """Append to a table whether each row is covered, why, and the modelled values."""
    added = {
        "covered": [verdict.macro is not None for verdict in verdicts],
        "reason": [verdict.reason for verdict in verdicts],
    } | {f"model_{name}": model[name].map(_formatted).to_numpy() for name in MEASURED}
    return pd.concat([frame, pd.DataFrame(added, index=frame.index)], axis=1)


def _formatted(value: float) -> str:
    return "" if np.isnan(value) else FORMAT % value
