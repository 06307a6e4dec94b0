"""Columns of tables: quantities of a chip or of networks, their headings, and cells as text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from imcmoo.display.labels import label
from imcmoo.display.units import (
    TOKENS,
    display_unit,
    engineering,
    number,
    on_screen,
    percent,
    times,
)
from imcmoo.problem.scores import AGGREGATIONS

if TYPE_CHECKING:
    import pandas as pd


def networks_in(columns: Iterable[object], prefix: str) -> list[str]:
    """Networks with a column `<prefix><network>`; aggregations are named alike."""
    names = [str(c).removeprefix(prefix) for c in columns if str(c).startswith(prefix)]
    return [name for name in names if name not in AGGREGATIONS]


POWER_PARTS = {
    "networks": "networks",
    "leakage": "chip leakage",
    "saving": "interrupts",
    "dram_rest": "DRAM at rest",
}
"""Names of parts of average power."""


def power_text(parts: pd.DataFrame | None) -> str:
    """Average power by part, with shares; empty if it is unknown."""
    if parts is None or not parts["power_W"].sum() > 0:
        return ""
    total = parts["power_W"].sum()
    return ", ".join(
        f"{POWER_PARTS[part]} {engineering(power, 'W')} ({100 * power / total:.3g} %)"
        for part, power in zip(parts["part"], parts["power_W"], strict=True)
        if power > 0
    )


COLUMN_TITLES = {
    "power_W": "power (W)",
    "energy_over_latency_W": "energy over latency, with DRAM (W)",
    "W_per_mm2": "W/mm²",
    "tops": "TOPS",
    "tops_per_W": "TOPS/W",
    "utilization": "array use (%)",
    "bound_by": "bottleneck",
    "snr_source": "SNR from",
    "streamed": "streams weights",
    "regret": "EDAP / {}",
    TOKENS: "tokens/s",
}
"""Headings of figures of networks; {} is the reference of regret."""


ACCURACY_TITLES = {
    "accuracy_drop": "this design",
    "drop_with_1_more_adc_bit": "1 more ADC bit",
    "drop_with_half_the_rows": "half the rows",
    "drop_with_other_coding": "other weight coding",
    "drop_with_half_the_noise": "half the ADC noise",
    "accuracy_lost_in": "lost in (share)",
}
"""Headings of the table of predicted accuracy."""


ON_CHIP = ("weights_on_chip", "macs_on_chip")


ON_DIGITAL = ("weights_on_digital", "macs_on_digital")
"""Shares of weights and of products on the chip, and those of them on its digital unit."""


def headed(column: str) -> str:
    """Heading of a column of figures."""
    if column in COLUMN_TITLES:
        return COLUMN_TITLES[column]
    stem, _, _ = column.rpartition("_")
    if not stem:
        return label(column)
    return f"{label(stem)} ({display_unit(column)[1]})"


@dataclass(frozen=True)
class Measured:
    """A quantity in the tables of a run.

    Args:
        name: name such as `energy`; the name of the column for a quantity of the chip.
        unit: unit in the names of columns; empty if there is none, or for a quantity of the chip.
        columns: one per network, or that of the chip.
        per_workload: True for one value per network.
    """

    name: str
    unit: str
    columns: tuple[str, ...]
    per_workload: bool

    @property
    def factor(self) -> float:
        """Display units per unit of the file."""
        unit = self.unit if self.per_workload else self.name.rpartition("_")[2]
        return on_screen(unit)[0]

    @property
    def heading(self) -> str:
        """Name and unit for people."""
        if not self.per_workload:
            return headed(self.name)
        _, unit = on_screen(self.unit)
        return f"{label(self.name)} ({unit})" if unit else label(self.name)


def measured(columns: Sequence[str], workloads: Sequence[str]) -> list[Measured]:
    """Quantities in some columns, in order.

    Columns of networks are adjacent (`energy_resnet18_J, energy_vgg16_J, ...`), one per network;
    all others are of the chip. Names of networks may contain each other.
    """
    quantities: list[Measured] = []
    at = 0
    while at < len(columns):
        of_networks = _of_networks(columns[at:], workloads)
        quantities.append(
            of_networks or Measured(columns[at], "", (columns[at],), per_workload=False)
        )
        at += len(quantities[-1].columns)
    return quantities


def _of_networks(columns: Sequence[str], workloads: Sequence[str]) -> Measured | None:
    """Quantity of networks that the first columns are of, if any."""
    first = f"_{workloads[0]}"
    start = columns[0].find(first)
    while start >= 0:
        name, tail = columns[0][:start], columns[0][start + len(first) :]
        group = tuple(f"{name}_{workload}{tail}" for workload in workloads)
        if tuple(columns[: len(group)]) == group and tail[:1] in ("", "_"):
            return Measured(name, tail[1:], group, per_workload=True)
        start = columns[0].find(first, start + 1)
    return None


def quantity(column: str, value: float) -> str:
    """Name, value and unit as text."""
    heading = headed(column)
    name, bracket, unit = heading.partition(" (")
    return f"{name} {number(value)}" + (f" {unit.removesuffix(')')}" if bracket else "")


def cell(column: str, value: Any) -> str:
    """Value in the unit of its heading; a dash if unknown."""
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return "—"
    if isinstance(value, str):
        return value
    if column == "utilization":
        return percent(value)
    if column == "regret":
        return times(1 + value)
    return number(value if column == TOKENS else value * display_unit(column)[0])
