"""Breakdown of energy, time and area of one design by component and layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from imcmoo.model.layer_costs import LayerCosts
from imcmoo.study.assessment import Assessment
from imcmoo.study.explanation import TABLES

NAMES = ("areas", "components", "layers")
NONE = {name: pd.DataFrame(columns=list(TABLES[name])) for name in NAMES}
"""The tables of a model that does not break costs down."""

SUMMED = ("energy_J", "latency_s")
"""Figures of layers that add up."""


def tables(
    design: Assessment,
    costs: LayerCosts,
    row: int,
    *,
    most: int | None,
) -> dict[str, pd.DataFrame]:
    """`areas`, `components` and `layers` of `explanation.TABLES`.

    Args:
        design: the design.
        costs: layer by layer, of several designs.
        row: of the design there.
        most: layers of each network that are listed, those that take most energy; the others are
            one row. None for all.
    """
    run = [n for n, r in zip(design.problem.workload_names, design.runs[0], strict=True) if r]
    layers = _layers(costs, row)
    layers = layers[layers["network"].isin(run)]
    if most is not None:
        parts = [_shortened(rows, most) for _, rows in layers.groupby("network", sort=False)]
        layers = pd.concat(parts, ignore_index=True) if parts else layers
    return {
        "areas": pd.DataFrame({"component": list(costs.components), "area_m2": costs.area_m2[row]}),
        "components": _components(costs, row, run),
        "layers": layers.reset_index(drop=True),
    }


def _layers(costs: LayerCosts, row: int) -> pd.DataFrame:
    """Every layer, in order."""
    energy = costs.energy_J[row]
    networks, names = zip(*costs.layers, strict=True)
    columns: dict[str, Any] = {"network": networks, "layer": names, "energy_J": energy.sum(axis=1)}
    if costs.latency_s is not None:
        columns["latency_s"] = costs.latency_s[row]
    if costs.utilization is not None:
        columns["utilization"] = costs.utilization[row]
    if costs.bound_by is not None:
        columns["bound_by"] = np.array(costs.causes)[costs.bound_by[row]]
    # What does not run is left out later; until then it has no largest component.
    columns["component"] = np.array(costs.components)[np.nan_to_num(energy).argmax(axis=1)]
    return pd.DataFrame(columns)


def _shortened(layers: pd.DataFrame, most: int) -> pd.DataFrame:
    """The layers of one network that take most energy, in order, and the others as one."""
    if len(layers) <= most + 1:
        return layers
    largest = layers["energy_J"].to_numpy().argsort(kind="stable")[::-1][:most]
    kept = np.zeros(len(layers), dtype=bool)
    kept[largest] = True
    others = layers[~kept]
    remaining: dict[str, Any] = {
        "network": layers["network"].iloc[0],
        "layer": f"{len(others)} others",
        **{name: others[name].sum() for name in SUMMED if name in others},
        **{name: "" for name in ("bound_by", "component") if name in others},
    }
    return pd.concat([layers[kept], pd.DataFrame([remaining])], ignore_index=True)


def _components(costs: LayerCosts, row: int, run: list[str]) -> pd.DataFrame:
    """Energy of each network that runs, by component."""
    owner = np.array([network for network, _ in costs.layers])
    frames = [
        pd.DataFrame(
            {
                "network": name,
                "component": list(costs.components),
                "energy_J": costs.energy_J[row][owner == name].sum(axis=0),
            }
        )
        for name in run
    ]
    return pd.concat(frames, ignore_index=True) if frames else NONE["components"]
