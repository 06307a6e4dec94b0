"""The explanation of one design: chip, networks, layers, limits, neighbours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from imcmoo.io.units import display_column, to_display

SCENARIO = {"scenario": ("network", "rate_Hz", "deadline_s", "response_s", "capacity")}
"""The table that only explanations of a study with a scenario have; one row per network."""

TABLES: Mapping[str, tuple[str, ...]] = {
    "networks": ("network", "runs"),
    "areas": ("component", "area_m2"),
    "components": ("network", "component", "energy_J"),
    "layers": ("network", "layer", "energy_J", "component"),
    "limits": ("limit", "network", "used", "excess", "missing", "stops"),
    "neighbours": ("step", "parameter", "before", "after", "beside", "feasible", "score"),
    "changes": ("step", "network", "runs", "gain"),
    "lacking": ("step", "limit", "network", "excess", "missing"),
}
"""Tables of an explanation, and the columns each has at the least.

- networks: one row each, with the model's quantities, what comes of them (power, TOPS, EDAP, regret
  against the best known) and what else the model tells; empty where the network does not run.
- areas, components: area of the chip and energy of each network by component. Without rows where
  the model does not tell, as is the next.
- layers: energy and the component that takes most of it; `latency_s`, `utilization` and `bound_by`
  where the model tells. Layers that are pipelined overlap: their times sum to more than that of the
  network.
- limits: of the chip (no network) and of networks. `used` is a share, 1 is all; `excess` is the
  share that is lacking or too much, and `missing` how much of a resource; `stops` counts the
  neighbours that break what this design keeps.
- neighbours: designs one step away; `beside` names what else changes with the parameter.
- changes: what a network gains (positive) or pays, as a share of its EDAP or else of its first
  quantity that is a ratio.
- lacking: limits that a neighbour breaks.
"""


@dataclass(frozen=True)
class Explanation:
    """One design, explained; in SI units, or as people read them (`as_shown`).

    Args:
        names: what the design is called, `selected` or `front_3` and so on; at least one.
        design: value of each parameter and of what the space fixes.
        chip: quantities of the chip, unit in the name.
        feasible: whether all networks run and all limits are kept.
        criterion: what designs are compared by.
        against: what the scores of such a criterion are relative to; empty where to nothing.
        score: by it, the smaller the better; NaN where it is not known.
        judged_by: what `gain` of a network is a change of.
        tables: as `TABLES`, and that of `SCENARIO` if there is one.
    """

    names: tuple[str, ...]
    design: Mapping[str, Any]
    chip: Mapping[str, float]
    feasible: bool
    criterion: str
    against: str
    score: float
    judged_by: str
    tables: Mapping[str, pd.DataFrame]

    def as_shown(self) -> Explanation:
        """The explanation in display units: areas in mm²."""
        chip = {display_column(k): to_display(_unit(k), v) for k, v in self.chip.items()}
        return replace(
            self, chip=chip, tables={name: _shown(frame) for name, frame in self.tables.items()}
        )


def _unit(column: str) -> str:
    return column.rpartition("_")[2]


def _shown(frame: pd.DataFrame) -> pd.DataFrame:
    columns = {display_column(str(c)): to_display(_unit(str(c)), frame[c]) for c in frame}
    return pd.DataFrame(columns)
