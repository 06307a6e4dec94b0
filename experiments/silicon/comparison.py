"""Modelled beside measured: values of every row, and how well the two agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import spearmanr

from experiments.silicon.coverage import Macro, Verdict, judge, supplies_V
from experiments.silicon.macro import macro_costs
from experiments.silicon.table import MEASURED, shipped
from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.parameters import ADC_MODELS

Floats = NDArray[np.float64]

FACTOR = 3.0
"""What counts as agreement: neither more than this factor above nor below."""

GOALS = {
    ("t_core_ns", "within"): 0.60,
    ("tops_per_W_1b", "within"): 0.50,
    ("tops_per_W_1b", "rank"): 0.50,
    ("tops_per_mm2_1b", "rank"): 0.50,
}
"""What was asked of the model before it was compared."""

LEAST_RANKED = 3
"""Rows without which a rank correlation says nothing."""

FORMAT = "%.6g"
"""Digits that are the same on every machine."""


@dataclass(frozen=True)
class Variant:
    """One reading of the model.

    Args:
        name: for tables.
        adc_model: converter model.
        voltage_exponent: of the slowdown at low supply.
        held: whether a level of a resistive array is held for a pulse.
        next_node: whether macros between two tabulated nodes are taken at the farther one.
    """

    name: str
    adc_model: str = "zigzag"
    voltage_exponent: float = 2.0
    held: bool = False
    next_node: bool = False

    def macro(self, macro: Macro, table: PhysicalTable) -> Macro:
        """A macro as this reading takes it."""
        return _on_the_other_side(macro, table) if self.next_node else macro

    def assumptions(self) -> Assumptions:
        """The model's assumptions in this reading."""
        return Assumptions().having(voltage_exponent=self.voltage_exponent)


def _on_the_other_side(macro: Macro, table: PhysicalTable) -> Macro:
    """A macro at the tabulated node on the other side of its own, if its supply is there."""
    nodes = table.sizes(macro.device, "node_nm")
    beyond = nodes[
        nodes > macro.published_nm
        if macro.node_nm < macro.published_nm
        else nodes < macro.published_nm
    ]
    if macro.node_nm == macro.published_nm or not len(beyond):
        return macro
    other = int(beyond[np.argmin(np.abs(beyond - macro.published_nm))])
    there = np.isclose(supplies_V(table, macro.device, other), macro.voltage_V).any()
    return replace(macro, node_nm=other) if there else macro


DEFAULT = Variant("default")
VARIANTS = (
    DEFAULT,
    *(Variant(f"converter {name}", adc_model=name) for name in ADC_MODELS[1:]),
    Variant("exponent 1.3", voltage_exponent=1.3),
    Variant("levels of RRAM held 10 ns", held=True),
    Variant("the farther node (28 nm as 22 nm)", next_node=True),
)


def judged(frame: pd.DataFrame, table: PhysicalTable) -> list[Verdict]:
    """What is covered of a table, row by row."""
    given = Assumptions()
    return [judge(row, table, given) for row in frame.to_dict("records")]  # type: ignore[arg-type]


def measured(frame: pd.DataFrame, name: str) -> Floats:
    """Published values of a column; NaN where there is none above 0.

    Returns:
        Shape (n,).
    """
    if name not in frame:
        return np.full(len(frame), np.nan)
    values = pd.to_numeric(frame[name], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    return np.where(np.isfinite(values) & (values > 0), values, np.nan)


def modelled(
    verdicts: Sequence[Verdict], table: PhysicalTable, variant: Variant = DEFAULT
) -> pd.DataFrame:
    """What the model says of each row, with the sum of a macro's parts as its area.

    Returns:
        The columns of `MEASURED`, area_mm2 and adc_share (of energy), one line for each verdict;
        NaN where the row, or its resolution by this converter, is not covered.
    """
    names = (*MEASURED, "area_mm2", "adc_share")
    found = pd.DataFrame(np.nan, index=range(len(verdicts)), columns=list(names))
    known = None if variant.adc_model == "zigzag" else table.sizes(variant.adc_model, "bits")
    for device in ("sram", "rram"):
        at = [
            i
            for i, verdict in enumerate(verdicts)
            if verdict.macro is not None
            and verdict.macro.device == device
            and (known is None or verdict.macro.adc_bits in known)
        ]
        if not at:
            continue
        costs = macro_costs(
            [variant.macro(m, table) for i in at if (m := verdicts[i].macro) is not None],
            table=table,
            given=variant.assumptions(),
            adc_model=variant.adc_model,
            held=variant.held,
        )
        found.loc[at, "t_core_ns"] = costs.time_s * 1e9
        found.loc[at, "tops_per_W_1b"] = costs.operations / costs.energy_J * 1e-12
        density = costs.operations / costs.time_s / costs.area_m2
        found.loc[at, "tops_per_mm2_1b"] = density * 1e-18
        found.loc[at, "area_mm2"] = costs.area_m2 * 1e6
        found.loc[at, "adc_share"] = costs.energies_J["adc"] / costs.energy_J
    return found


def area_ratios(frame: pd.DataFrame, model: pd.DataFrame) -> Floats:
    """Published area, throughput over density, over the sum of a macro's parts, shape (n,)."""
    published = measured(frame, "tops_1b") / measured(frame, "tops_per_mm2_1b")
    ratios: Floats = published / model["area_mm2"].to_numpy()
    return ratios


def fitted_periphery(table: PhysicalTable) -> float:
    """The one fitted number: the median of published over summed areas of the shipped macros.

    It is the same whatever table is compared, so that a table is never fitted to itself unless it
    is the shipped one.
    """
    frame = shipped()
    return float(np.nanmedian(area_ratios(frame, modelled(judged(frame, table), table))))


def with_periphery(model: pd.DataFrame, factor: float | Floats) -> pd.DataFrame:
    """What the model says with areas so many times the sum of their parts."""
    return model.assign(
        tops_per_mm2_1b=model["tops_per_mm2_1b"] / factor, area_mm2=model["area_mm2"] * factor
    )


def left_one_out(frame: pd.DataFrame, model: pd.DataFrame) -> Floats:
    """For each row the periphery factor fitted to the rows of all other publications, (n,)."""
    ratios = area_ratios(frame, model)
    titles = frame.get("title", pd.Series("", index=frame.index)).to_numpy()
    return np.array([_median(ratios[titles != title]) for title in titles])


def _median(values: Floats) -> float:
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if len(finite) else float("nan")


def joined(frame: pd.DataFrame, verdicts: Sequence[Verdict], model: pd.DataFrame) -> pd.DataFrame:
    """The table as it was given, whether each row is covered, why, and what the model says."""
    added = {
        "covered": [verdict.macro is not None for verdict in verdicts],
        "reason": [verdict.reason for verdict in verdicts],
    } | {f"model_{name}": model[name].map(_told).to_numpy() for name in MEASURED}
    return pd.concat([frame, pd.DataFrame(added, index=frame.index)], axis=1)


def _told(value: float) -> str:
    return "" if np.isnan(value) else FORMAT % value


def agreement(published: Floats, model: Floats) -> dict[str, float]:
    """How well two sets of values agree where both are there.

    Returns:
        rows: how many; within: share within a factor of 3; rank: Spearman's correlation;
        median_ratio: of modelled over published. NaN where too few rows say anything.
    """
    both = np.isfinite(published) & np.isfinite(model)
    x, y = published[both], model[both]
    ranked = len(x) >= LEAST_RANKED and len(set(x)) > 1 and len(set(y)) > 1
    ratio = y / x
    return {
        "rows": float(len(x)),
        "within": float(np.mean(np.abs(np.log(ratio)) <= np.log(FACTOR))) if len(x) else np.nan,
        "rank": float(spearmanr(x, y).statistic) if ranked else np.nan,
        "median_ratio": _median(ratio),
    }


def agreements(
    frame: pd.DataFrame, verdicts: Sequence[Verdict], table: PhysicalTable, factor: float
) -> pd.DataFrame:
    """Agreement in every reading of the model.

    Returns:
        Columns reading, periphery, quantity, rows, within, rank, median_ratio.
    """
    lines = []
    for variant in VARIANTS:
        model = modelled(verdicts, table, variant)
        readings: dict[str, float | Floats] = {"fitted": factor, "1": 1.0}
        if variant is DEFAULT:
            readings["fitted to other publications"] = left_one_out(frame, model)
        for periphery, value in readings.items():
            scaled = with_periphery(model, value)
            for name in MEASURED:
                if periphery != "fitted" and name != "tops_per_mm2_1b":
                    continue
                told = agreement(measured(frame, name), scaled[name].to_numpy())
                lines.append(
                    {"reading": variant.name, "periphery": periphery, "quantity": name} | told
                )
    return pd.DataFrame(lines)
