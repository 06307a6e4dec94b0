"""Designs of a run as columns, for all views of the page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from imcmoo.answers.results import Results
from imcmoo.display.columns import Measured, measured
from imcmoo.display.labels import criterion_heading, distinct_labels, label
from imcmoo.display.limits import GENERIC, SNR
from imcmoo.io.errors import InputError

MAX_VALUES = 120_000
"""Largest number of values in the table; designs off the front are thinned out."""

DIGITS = 6
"""Displayed digits of a number."""

Key = tuple[object, ...]
"""Values of the parameters of a design."""


class PageColumn(NamedTuple):
    """A column of the table of designs.

    Args:
        kind: chip, network, score or parameter.
        label: name and unit; of a parameter, its name in studies.
        network: label of the network; empty for a column of the chip.
    """

    kind: str
    label: str
    network: str = ""


@dataclass(frozen=True)
class PageDesigns:
    """Distinct designs of one run: feasible evaluated ones, then further baselines.

    Args:
        results: results of the run.
        generic: networks whose SNR rests on operands of other networks.
    """

    results: Results
    generic: tuple[str, ...] = ()

    @cached_property
    def quantities(self) -> list[Measured]:
        """Quantities of designs, in the order of the columns."""
        columns = [str(c) for c in self.results.evaluations]
        quantities = columns[columns.index("feasible") + 1 :]
        return measured(
            [c for c in quantities if not c.startswith("missing_")], self.results.workloads
        )

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row per design: parameters, quantities, and `line` in `evaluations.csv`.

        `line` is NaN for a baseline that is not there.
        """
        evaluated = self.results.evaluations
        evaluated = evaluated.assign(line=np.arange(len(evaluated)) + 2.0)[evaluated["feasible"]]
        shown = evaluated[self._drawn(self.keys(evaluated))]
        drawn, alone = set(self.keys(shown)), self._baseline_designs
        others = alone.loc[[key not in drawn for key in self.keys(alone)]]
        columns = [*self.results.parameters, *self._columns, "line"]
        return pd.concat([shown, others], ignore_index=True)[columns]

    @cached_property
    def names(self) -> dict[Key, list[str]]:
        """Names of designs as in `imcmoo explain`: `selected` or `front_3`."""
        names: dict[Key, list[str]] = defaultdict(list)
        for frame, called in self.results.named:
            for key, name in zip(self.keys(frame), called, strict=True):
                names[key].append(name)
        return names

    def keys(self, frame: pd.DataFrame) -> list[Key]:
        """Values of the parameters in each row of a table.

        Raises:
            InputError: a parameter does not have a value.
        """
        for name, values in self.results.values_by_parameter.items():
            allowed = set(values)
            for value in frame[name].tolist():
                if value not in allowed:
                    raise InputError(
                        f"{self.results.folder}: its tables and config.json do not fit: there is "
                        f"no {name} {value!r}"
                    )
        return self.results.designs_in(frame)

    @cached_property
    def rows(self) -> dict[str, list[Any]]:
        """Facts of each design that are not in `columns`."""
        return {
            "line": rounded(self.table["line"]),
            "names": [self.names.get(key, []) for key in self._keys],
            "front": [int(key in self._front) for key in self._keys],
        }

    @cached_property
    def columns(self) -> dict[PageColumn, list[Any]]:
        """Columns in display units, None if unknown; that of the criterion of the study first."""
        scores = self._scores()
        used = PageColumn("score", criterion_heading(self.results.criterion))
        columns = {column: values for column, values in scores.items() if column == used}
        for q in self.quantities:
            networks = distinct_labels(self.results.workloads) if q.per_workload else [""]
            for network, name in zip(networks, q.columns, strict=True):
                kind = "network" if q.per_workload else "chip"
                column = PageColumn(kind, self._heading(q), network)
                columns[column] = rounded(q.factor * self.table[name])
        for name in self.results.parameters:
            columns[PageColumn("parameter", name)] = [
                value if isinstance(value, str) else float(f"{value:g}")
                for value in self.table[name]
            ]
        return columns | scores

    def _scores(self) -> dict[PageColumn, list[Any]]:
        """Columns of scores, except those that repeat a cost of the chip, such as its area."""
        rows = np.array([self._front.get(key, -1) for key in self._keys])
        costs = {q.heading for q in self.quantities if not q.per_workload}
        scores = {}
        for name in self.results.selection["criterion"]:
            if (heading := criterion_heading(name)) not in costs:
                # The last value is for designs off the front.
                front = self.results.front[f"score_{name}"].to_numpy(dtype=float)
                scores[PageColumn("score", heading)] = rounded(np.append(front, np.nan)[rows])
        return scores

    def _heading(self, quantity: Measured) -> str:
        """Name and unit of a quantity; for SNR also the generic networks."""
        if quantity.name != SNR or not self.generic:
            return quantity.heading
        return f"{quantity.heading}, {GENERIC}: {', '.join(map(label, self.generic))}"

    @property
    def selected(self) -> int:
        """Row of the selected design."""
        return self._keys.index(self.keys(self.results.selected)[0])

    @property
    def baselines(self) -> list[tuple[str, int]]:
        """Label of the network and row of each single-network design."""
        baselines = self._baseline_designs
        return [
            (label(str(name)), self._keys.index(key))
            for name, key in zip(baselines["optimised_for"], self.keys(baselines), strict=True)
        ]

    @cached_property
    def _keys(self) -> list[Key]:
        return self.keys(self.table)

    @property
    def _columns(self) -> list[str]:
        return [column for q in self.quantities for column in q.columns]

    @property
    def _baseline_designs(self) -> pd.DataFrame:
        """Single-network designs, possibly none."""
        baselines = self.results.baselines
        if baselines is None:
            return self.results.front.iloc[:0].assign(optimised_for=[])
        return baselines.iloc[1:]

    @cached_property
    def _front(self) -> Mapping[Key, int]:
        """Row of each design in `front.csv`."""
        return {key: row for row, key in enumerate(self.keys(self.results.front))}

    def _drawn(self, keys: list[Key]) -> NDArray[np.bool_]:
        """True for designs that fit: those with a name first, the others evenly."""
        room = MAX_VALUES // (len(self.results.parameters) + len(self._columns))
        named = np.array([key in self.names for key in keys], dtype=bool)
        others = np.flatnonzero(~named)
        left = min(len(others), max(0, room - int(named.sum())))
        named[others[np.linspace(0, len(others) - 1, left).astype(int)]] = True
        return named


def rounded(values: Iterable[float]) -> list[float | None]:
    """Numbers with displayed digits; None if not finite."""
    return [float(f"{v:.{DIGITS}g}") if np.isfinite(v) else None for v in values]
