"""Build component tables, or extend them, with the component libraries.

Needs Python 3.12+ and the extra `imcmoo[build]`. A table has numbers of one version of each library
and of one memory cell per device.
"""

from __future__ import annotations

import importlib
import math
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from imcmoo.hardware import library_costs, physical_costs
from imcmoo.hardware.cells import cell_file
from imcmoo.hardware.component_table import Component, ComponentTable, TableContent
from imcmoo.hardware.devices import DEVICES
from imcmoo.hardware.lookup import KeyedRows
from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.hardware.request import Key, Request
from imcmoo.io.errors import InputError
from imcmoo.io.executor import imap_unordered, local
from imcmoo.io.named import one_line

Costs = dict[str, float]
Rows = Mapping[str, Mapping[Key, Costs]]
Task = tuple[str, Key, str | None]
"""Component, key, and text of the memory cell; None for components without cells."""

TABLES: dict[str, type[TableContent]] = {"reference": ComponentTable, "physical": PhysicalTable}
COSTS: dict[str, ModuleType] = {"reference": library_costs, "physical": physical_costs}
"""Module with a function per component, by cost model."""

LICENCES = {
    "NeuroSim core (in hwcomponents-neurosim)": "CC BY-NC 4.0: not for commercial use",
    "CACTI 7.0 (in hwcomponents-cacti)": (
        "BSD 3-clause (Hewlett-Packard, in the source files); its main program carries HP's older "
        "CACTI 6.5 notice: free to use, copy and modify, not to be sold"
    ),
    "hwcomponents and its model packages": "MIT",
}


class TableBuilder:
    """A table, and the components to add. Create it, then call `build`.

    Args:
        path: path of the table. A new table starts with all shipped components, or, with `cell`,
            with those that have no cells.
        requests: the components, of one cost model.
        cell: text of a cell file, see `cells.read_cell`. If None, that of the table, or the
            shipped.
        from_nothing: start with an empty table, even if there is a file.

    Raises:
        InputError: libraries are missing or other than those of the table, the file is no table,
            its crossbars have another cell, the cost model requires shipped cells, or a voltage is
            below the threshold.
        OSError: the file cannot be read.
    """

    def __init__(
        self,
        path: Path,
        requests: Sequence[Request],
        cell: str | None = None,
        *,
        from_nothing: bool = False,
    ) -> None:
        (self._model,) = {request.model for request in requests}
        if cell is not None and self._model == "physical":
            raise InputError("the physical model assumes the shipped memory cells: give no cell")
        self._path, self._cell, self._from_nothing = path, cell, from_nothing
        self._versions = installed_versions(self._model)
        table = self._begin()
        self._cells = {}
        self._lacking: dict[str, list[Key]] = {}
        for request in requests:
            _check_voltages(request)
            device = request.device
            held = table.metadata["cells"].get(device)
            if held is not None and cell not in (None, held):
                raise InputError(
                    f"{path} was built with a different {device} cell; choose another --out, or "
                    "leave out --cell"
                )
            self._cells[device] = held or cell or cell_file(device)
            for name, keys in request.keys().items():
                lacking = keys.difference(_rows(table.tables.get(name)))
                self._lacking[name] = sorted(lacking.union(self._lacking.get(name, ())))

    @property
    def counts(self) -> dict[str, int]:
        """Number of rows to compute, by table; only where there are any."""
        return {name: len(keys) for name, keys in self._lacking.items() if keys}

    def build(self, *, jobs: int, on_row: Callable[[], None] = lambda: None) -> None:
        """Compute the rows in `jobs` processes and write the table (reproducible bytes).

        Raises:
            InputError: the libraries lack a component, or another command changed the table;
                nothing is written.
            OSError: the file cannot be written.
        """
        rows = self._computed(jobs, on_row)
        table = self._begin()  # another command may have added to it
        cells = {**self._cells, **table.metadata["cells"]}
        if any(cells[device] != cell for device, cell in self._cells.items()):
            raise InputError(f"{self._path} has become another table: try again")
        tables = {
            name: joined(name, component, table.tables.get(name), rows.get(name, {}))
            for name, component in TABLES[self._model].components.items()
            if name in table.tables or rows.get(name)
        }
        metadata = {
            "versions": self._versions,
            "licences": LICENCES,
            "sources": COSTS[self._model].SOURCES,
            "cells": dict(sorted(cells.items())),
        }
        replace(table, tables=tables, metadata=metadata).write(self._path)

    def _computed(self, jobs: int, on_row: Callable[[], None]) -> Rows:
        """Costs of all missing keys, by table."""
        lacking, cells = self._lacking, self._cells
        tasks = [(name, key, cells.get(name)) for name in lacking for key in lacking[name]]
        # Large buffers first, so that no process ends with them alone.
        tasks.sort(key=lambda task: -task[1][2] if task[0] == "buffer" else 0)
        costs: dict[str, dict[Key, Costs]] = {name: {} for name in lacking}
        with tempfile.TemporaryDirectory(prefix="imcmoo-") as scratch, local(jobs) as executor:
            function = partial(compute_row, self._model, scratch=Path(scratch))
            for index, row in imap_unordered(executor, function, tasks):
                name, key, _ = tasks[index]
                costs[name][key] = row
                on_row()
        return costs

    def _begin(self) -> TableContent:
        """The table on disk, or the initial components of a new one."""
        if self._from_nothing:
            return TABLES[self._model]({}, library_costs.main_memory_J_per_bit(), {"cells": {}})
        path = self._path if self._path.exists() else None
        try:
            table = TABLES[self._model].read(path)
            cells, versions = _stated(table, self._model, path)
        except ValueError as error:
            raise InputError(f"nothing can be added: {error}") from None
        for name, number in self._versions.items():
            if versions.get(name) != number:
                raise InputError(
                    f"{self._path} would mix {name} {versions.get(name)} with {number}, which is "
                    "installed: install imcmoo[build], or begin another table"
                )
        tables = table.tables
        if path is None and self._cell is not None:
            tables = {name: rows for name, rows in tables.items() if name not in DEVICES}
            cells = {}
        return replace(table, tables=tables, metadata={"cells": cells})


def compute_row(model: str, task: Task, *, scratch: Path) -> Costs:
    """Compute one row of a table; `scratch` is a folder for files of the libraries.

    Raises:
        InputError: the libraries lack the component, or its costs are no numbers.
    """
    library_costs.use_scratch(scratch)
    table, key, cell = task
    component = TABLES[model].components[table]
    named: dict[str, Any] = dict(zip(component.keys, key, strict=True))
    called = f"{table} with {', '.join(f'{name}={value}' for name, value in named.items())}"
    try:
        if table in DEVICES:
            named |= {"device": table, "voltage_V": named["voltage_V"] / 1000, "cell": cell}
        function = getattr(COSTS[model], "crossbar" if table in DEVICES else table)
        costs: Costs = function(**named)
    except Exception as error:  # the libraries raise many types, even `Exception`
        raise InputError(f"no {called}: {one_line(error)}") from error
    zeros = component.may_be_zero
    if not all((c > 0 or (c == 0 and q in zeros)) and c < math.inf for q, c in costs.items()):
        raise InputError(f"no {called}: the libraries give {costs}")
    return costs


def installed_versions(model: str) -> dict[str, str]:
    """Versions of the libraries for the table of a cost model.

    Raises:
        InputError: a library is not installed; names the extra to install.
    """
    packages: tuple[str, ...] = COSTS[model].PACKAGES
    try:
        for package in packages:
            importlib.import_module(package.replace("-", "_"))
        return {package: version(package) for package in packages}
    except ImportError as error:
        raise InputError(
            f"cannot import hwcomponents ({error}): building component tables needs Python 3.12+ "
            "and `pip install imcmoo[build]`"
        ) from None


def joined(
    name: str, component: Component, before: KeyedRows | None, rows: Mapping[Key, Costs]
) -> KeyedRows:
    """Merge rows into a table, in ascending order of keys."""
    quantities = component.quantities if before is None else before.quantities
    costs = _rows(before) | {key: [row[q] for q in quantities] for key, row in rows.items()}
    keys = sorted(costs)
    values = np.array([costs[key] for key in keys]).T.copy()
    return component.rows(name, np.array(keys), values, quantities)


def _rows(rows: KeyedRows | None) -> dict[Key, list[float]]:
    """Values of each key, in the order of the quantities."""
    if rows is None:
        return {}
    return dict(zip(map(tuple, rows.keys.tolist()), rows.values.T.tolist(), strict=True))


def _stated(
    table: TableContent, model: str, path: Path | None
) -> tuple[dict[str, str], dict[str, str]]:
    metadata = table.metadata
    if model == "physical":  # tables built before they stated their cells had the shipped ones
        metadata = {"cells": {name: cell_file(name) for name in DEVICES}, **metadata}
    absent = [n for n in ("cells", "versions") if not isinstance(metadata.get(n), dict)]
    if absent:
        raise ValueError(f"{path} does not state its {', '.join(absent)}: build it again")
    return metadata["cells"], metadata["versions"]


def _check_voltages(request: Request) -> None:
    """Check that transistors conduct: NeuroSim prices any voltage."""
    for node in request.nodes_nm if request.millivolts else ():
        threshold = physical_costs.technology(node_nm=node)["threshold_V"]
        low = min(request.millivolts or ()) / 1000
        if low <= threshold:
            raise InputError(
                f"{low:g} V is not above NeuroSim's threshold of {threshold:.3g} V at {node} nm"
            )
