"""Build the shipped component table: `python -m imcmoo.hardware.build_table`.

Needs Python 3.12+ and the extra `imcmoo[build]`. About 7,000 NeuroSim and 800 CACTI runs, three
minutes of one core. More sizes, nodes or voltages: `imcmoo components build`.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from imcmoo.hardware import library_costs
from imcmoo.hardware.cells import cell_file
from imcmoo.hardware.component_table import MAY_BE_ZERO, TABLE_KEYS, ComponentTable
from imcmoo.hardware.devices import DEVICES
from imcmoo.hardware.request import MILLIVOLTS, SIZES, Key, Request
from imcmoo.hardware.table_file import Content, Costs, Rows
from imcmoo.io.errors import InputError
from imcmoo.io.executor import completed, cores, local

Task = tuple[str, Key, str | None]
"""Table, key, and the text of the memory cell; None where there is none."""

SHIPPED = Path(__file__).parent / "components.npz"


def table_keys() -> dict[str, set[Key]]:
    """The keys of every shipped table: both devices at all nodes, 16 to 1,024 rows and columns."""
    return {
        name: keys
        for device in DEVICES
        for name, keys in Request(device, tuple(MILLIVOLTS), SIZES, SIZES).keys().items()
    }


def ask(task: Task) -> Costs:
    """Compute one row of a table; top level and plain arguments, so that a process can run it.

    Raises:
        InputError: the libraries have no such component, or one that costs no number.
    """
    table, key, cell = task
    named: dict[str, Any] = dict(zip(TABLE_KEYS[table], key, strict=True))
    called = f"{table} with {', '.join(f'{name}={value}' for name, value in named.items())}"
    try:
        if table in DEVICES:
            named["voltage_V"] /= 1000
            costs = library_costs.crossbar(device=table, cell=cell, **named)
        else:
            costs = getattr(library_costs, table)(**named)
    except Exception as error:  # the libraries raise whatever comes, `Exception` among them
        raise InputError(f"no {called}: {' '.join(str(error).split())}") from error
    zeros = MAY_BE_ZERO.get(table, ())
    if not all((c > 0 or (c == 0 and q in zeros)) and c < math.inf for q, c in costs.items()):
        raise InputError(f"no {called}: the libraries give {costs}")
    return costs


def compute(
    keys: Mapping[str, Iterable[Key]],
    cells: Mapping[str, str],
    *,
    jobs: int,
    on_row: Callable[[], None] = lambda: None,
) -> Rows:
    """Compute rows in `jobs` processes.

    Args:
        keys: of each table.
        cells: the memory cell of each device, as the text of a cell file.
        jobs: processes.
        on_row: called after each row.

    Returns:
        For each table, the costs of each key.

    Raises:
        InputError: the libraries have no such component.
    """
    tasks = [(table, key, cells.get(table)) for table, rows in keys.items() for key in rows]
    tasks.sort(key=_slowest_first)
    costs: dict[str, dict[Key, Costs]] = {table: {} for table in keys}
    with tempfile.TemporaryDirectory(prefix="imcmoo-") as scratch, local(jobs) as executor:
        for index, row in completed(executor, partial(_ask_in, Path(scratch)), tasks):
            table, key, _ = tasks[index]
            costs[table][key] = row
            on_row()
    return costs


def _slowest_first(task: Task) -> int:
    """Large buffers first, so that no process ends with them alone."""
    table, key, _ = task
    return -key[-1] if table == "buffer" else 0


def _ask_in(scratch: Path, task: Task) -> Costs:
    library_costs.use_scratch(scratch)
    return ask(task)


def installed_versions() -> dict[str, str]:
    """Versions of the libraries.

    Raises:
        InputError: they are not all here; says what is needed.
    """
    try:
        return library_costs.versions()
    except ImportError as error:
        raise InputError(
            f"cannot import hwcomponents ({error}): building component tables needs Python 3.12+ "
            "and `pip install imcmoo[build]`"
        ) from None


def main(arguments: Iterable[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="imcmoo.hardware.build_table", description=__doc__)
    parser.add_argument("--out", type=Path, default=SHIPPED, help="file to write (%(default)s)")
    parser.add_argument("--jobs", type=int, default=cores(), help="processes")
    options = parser.parse_args(None if arguments is None else list(arguments))
    if options.jobs < 1:
        parser.error(f"--jobs must be at least 1, got {options.jobs}")
    try:
        versions = installed_versions()
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    cells = {device: cell_file(device) for device in DEVICES}
    rows = compute(table_keys(), cells, jobs=options.jobs)
    content = Content(rows, cells, library_costs.main_memory_J_per_bit(), versions)
    content.write(options.out, date=datetime.now(UTC).date().isoformat())
    print(f"{options.out}: " + ", ".join(f"{len(rows[name])} {name}" for name in rows))
    print("from " + ", ".join(f"{name} {number}" for name, number in versions.items()))
    print(f"fingerprint {ComponentTable.load(options.out).fingerprint}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
