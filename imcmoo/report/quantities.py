"""Which columns of a table of designs are quantities, and of which network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from imcmoo.report.explanation_words import UNITS, headed
from imcmoo.report.labels import label
from imcmoo.report.terminal_tables import SHOWN


@dataclass(frozen=True)
class Measured:
    """A quantity as it stands in the tables of a run.

    Args:
        name: such as `energy`; the whole column's for a quantity of the chip.
        unit: as in the columns' names; empty where there is none, and for one of the chip.
        columns: one for each network, or the one of the chip.
        per_workload: whether every network has its own.
    """

    name: str
    unit: str
    columns: tuple[str, ...]
    per_workload: bool

    @property
    def factor(self) -> float:
        """How many of the unit that is shown make one of the file's."""
        unit = self.unit if self.per_workload else self.name.rpartition("_")[2]
        return SHOWN.get(unit, (1.0, ""))[0]

    @property
    def heading(self) -> str:
        """Name and unit for people."""
        if not self.per_workload:
            return headed(self.name)
        unit = SHOWN[self.unit][1] if self.unit in SHOWN else UNITS.get(self.unit, self.unit)
        return f"{label(self.name)} ({unit})" if unit else label(self.name)


def measured(columns: Sequence[str], workloads: Sequence[str]) -> list[Measured]:
    """The quantities in some columns, in their order.

    Those of networks stand side by side, `energy_resnet18_J, energy_vgg16_J, ...`, one for each
    network; whatever does not is the chip's. Names of networks may be part of one another.
    """
    found: list[Measured] = []
    at = 0
    while at < len(columns):
        own = _of_networks(columns[at:], workloads)
        found.append(own or Measured(columns[at], "", (columns[at],), per_workload=False))
        at += len(found[-1].columns)
    return found


def _of_networks(columns: Sequence[str], workloads: Sequence[str]) -> Measured | None:
    """The quantity of networks that the first columns are of, if they are."""
    first = f"_{workloads[0]}"
    start = columns[0].find(first)
    while start >= 0:
        name, tail = columns[0][:start], columns[0][start + len(first) :]
        own = tuple(f"{name}_{workload}{tail}" for workload in workloads)
        if tuple(columns[: len(own)]) == own and tail[:1] in ("", "_"):
            return Measured(name, tail[1:], own, per_workload=True)
        start = columns[0].find(first, start + 1)
    return None
