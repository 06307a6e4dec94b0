"""Build the component table: `python -m imcmoo.hardware.build_table [--out PATH] [--jobs N]`.

Needs Python 3.12+ and the extra `imcmoo[build]`. About 1,600 NeuroSim and 100 CACTI runs, a minute
on two cores. To cover more sizes, nodes or voltages, extend the lists below and build again.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from imcmoo.hardware import library_costs
from imcmoo.hardware.component_table import TABLE_KEYS, ComponentTable
from imcmoo.hardware.devices import DEVICES

Key = tuple[int, ...]
Costs = dict[str, float]

SHIPPED = Path(__file__).parent / "components.npz"

NODES_NM = (7, 10, 14, 22, 32, 45)
# Supply voltages in mV, first and last of each node, in steps of 50 mV.
RRAM_MV = {32: (500, 850)}
SRAM_MV = {
    7: (450, 800),
    10: (500, 850),
    14: (550, 900),
    22: (650, 1000),
    32: (500, 1000),
    45: (750, 1100),
}
STEP_MV = 50
LARGEST_CROSSBAR = {7: 256, 10: 256, 14: 256, 22: 256, 32: 512, 45: 256}
GLB_WIDTH_BITS = 2048

LICENCES = {
    "NeuroSim core (in hwcomponents-neurosim)": "CC BY-NC 4.0: not for commercial use",
    "CACTI 7.0 (in hwcomponents-cacti)": (
        "BSD 3-clause (Hewlett-Packard, in the source files); its main program carries HP's older "
        "CACTI 6.5 notice: free to use, copy and modify, not to be sold"
    ),
    "hwcomponents and its model packages": "MIT",
}
SOURCES = {
    "rram, sram, adder": "NeuroSim through hwcomponents-neurosim",
    "buffer": "CACTI through hwcomponents-cacti",
    "router": "ISAAC's router shared by four, through hwcomponents-library",
    "main memory": "LPDDR4 energy per bit, through hwcomponents-cacti",
    "cells and settings": (
        "github.com/OlgaKrestinskaya/JointHardwareWorkloadOptimizationIMC (CiMLoop stack)"
    ),
}


def table_keys() -> dict[str, list[Key]]:
    """The keys of every table, in the order of `TABLE_KEYS`; voltages in mV."""
    macro_widths = [8 * macros for macros in _powers(2, 128)]
    sizes = [*product(macro_widths, _powers(16, 512))]
    sizes += product([GLB_WIDTH_BITS], _powers(2048, 524288))
    bits = sorted({(depth - 1).bit_length() for _, depth in sizes})
    return {
        "rram": [*_crossbar_keys(RRAM_MV, smallest=32)],
        "sram": [*_crossbar_keys(SRAM_MV, smallest=16)],
        "adder": [*product(NODES_NM, bits)],
        "buffer": [(node, *size) for node, size in product(NODES_NM, sizes)],
        "router": [(node,) for node in NODES_NM],
    }


def _crossbar_keys(millivolts: dict[int, tuple[int, int]], *, smallest: int) -> Iterator[Key]:
    """Square and oblong crossbars of all sizes the paper's search spaces have at each node."""
    for node, (first, last) in millivolts.items():
        sizes = _powers(smallest, LARGEST_CROSSBAR[node])
        yield from product([node], range(first, last + 1, STEP_MV), sizes, sizes)


def _powers(first: int, last: int) -> list[int]:
    """Powers of two from first to last."""
    return [2**i for i in range(first.bit_length() - 1, last.bit_length())]


def ask(table: str, key: Key) -> Costs:
    """Compute one row of a table; top level and plain arguments, so that a process can run it."""
    named: dict[str, Any] = dict(zip(TABLE_KEYS[table], key, strict=True))
    if table not in DEVICES:
        costs: Costs = getattr(library_costs, table)(**named)
        return costs
    return library_costs.crossbar(device=table, **{**named, "voltage_V": named["voltage_V"] / 1000})


def compute(keys: dict[str, list[Key]], *, jobs: int) -> dict[str, dict[Key, Costs]]:
    """Compute all rows in `jobs` processes, with a progress bar.

    Returns:
        For each table, the costs of each key.
    """
    from rich.progress import track  # only the builder needs it

    costs: dict[str, dict[Key, Costs]] = {table: {} for table in keys}
    context = multiprocessing.get_context("spawn")  # fork would copy the progress bar's thread
    with (
        tempfile.TemporaryDirectory(prefix="imcmoo-") as scratch,
        ProcessPoolExecutor(jobs, context, library_costs.use_scratch, (Path(scratch),)) as pool,
    ):
        running = {pool.submit(ask, *task): task for task in _slowest_first(keys)}
        done = as_completed(running)
        for future in track(done, total=len(running), description="components"):
            table, key = running[future]
            costs[table][key] = future.result()
    return costs


def _slowest_first(keys: dict[str, list[Key]]) -> list[tuple[str, Key]]:
    """All rows to compute; large buffers first, so that no process ends with them alone."""
    tasks = [(table, key) for table, rows in keys.items() for key in rows]
    return sorted(tasks, key=lambda task: -task[1][-1] if task[0] == "buffer" else 0)


def write(
    path: Path,
    costs: dict[str, dict[Key, Costs]],
    *,
    main_memory_J_per_bit: float,
    metadata: dict[str, Any],
) -> None:
    """Write the table so that a reader sees the old file or the new one, never half of it."""
    arrays: dict[str, Any] = {
        "metadata": np.array(json.dumps(metadata)),
        "main_memory_J_per_bit": np.array(main_memory_J_per_bit),
    }
    for table, rows in costs.items():
        keys = sorted(rows)
        quantities = list(rows[keys[0]])
        arrays[f"{table}.keys"] = np.array(keys, dtype=np.int32)
        arrays[f"{table}.quantities"] = np.array(quantities)
        arrays[f"{table}.values"] = np.array([[rows[k][q] for k in keys] for q in quantities])
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with partial.open("wb") as file:
            np.savez_compressed(file, **arrays)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def main(arguments: Iterable[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="imcmoo.hardware.build_table", description=__doc__)
    parser.add_argument("--out", type=Path, default=SHIPPED, help="file to write (%(default)s)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    options = parser.parse_args(None if arguments is None else list(arguments))
    if options.jobs < 1:
        parser.error(f"--jobs must be at least 1, got {options.jobs}")
    try:
        versions = library_costs.versions()
    except ImportError as error:
        print(
            f"error: cannot import hwcomponents ({error}): building the table needs Python 3.12+ "
            "and `pip install imcmoo[build]`",
            file=sys.stderr,
        )
        return 2
    costs = compute(table_keys(), jobs=options.jobs)
    write(
        options.out,
        costs,
        main_memory_J_per_bit=library_costs.main_memory_J_per_bit(),
        metadata={
            "versions": {**versions, "python": sys.version.split()[0]},
            "date": datetime.now(UTC).date().isoformat(),
            "licences": LICENCES,
            "sources": SOURCES,
        },
    )
    table = ComponentTable.load(options.out)
    print(f"{options.out}: " + ", ".join(f"{len(costs[name])} {name}" for name in costs))
    print("from " + ", ".join(f"{name} {number}" for name, number in versions.items()))
    print(f"fingerprint {table.fingerprint}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
