"""Build the physical model's table: `python -m imcmoo.hardware.build_physical_table [--out PATH]`.

Needs Python 3.12+ and the extra `imcmoo[build]` with `hwcomponents-adc`. About 27,000 NeuroSim and
300 CACTI runs, some minutes on two cores. To cover more, extend the lists below and build again.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from itertools import product
from pathlib import Path
from typing import Any

from imcmoo.hardware import library_costs, physical_costs
from imcmoo.hardware.physical_table import PHYSICAL_KEYS, PhysicalTable
from imcmoo.hardware.table_file import LICENCES, write
from imcmoo.io.executor import completed, local

Key = tuple[int, ...]
Task = tuple[str, Key]
Costs = dict[str, float]

SHIPPED = Path(__file__).parent / "physical_components.npz"

NODES_NM = (7, 10, 14, 22, 32, 45)
SIZES = (16, 32, 64, 128, 256, 512, 1024)
STEP_MV, HIGHEST_MV, HEADROOM_MV = 50, 1200, 50
"""Supply voltages: from 50 mV above the threshold, rounded up to the step, to the highest."""
ADC_BITS = {"neurosim_sar": range(1, 13), "murmann": range(4, 13), "isaac": range(4, 11)}
GLB_WIDTH_BITS = 2048
GLB_KIB = (256, 512, 1024, 2048, 4096, 8192, 16384, 32768)
GLB_BANKS = (1, 2, 4, 8, 16)
TILE_MACROS = (1, 2, 4, 8, 16, 32, 64, 128)
DRAM_WIDTHS = (16, 32, 64, 2048)

SOURCES = {
    "rram, sram, neurosim_sar, shift_add, technology": "NeuroSim through hwcomponents-neurosim",
    "murmann": "hwcomponents-adc (arXiv 2404.06553)",
    "isaac": "sizes in the comment of hwcomponents-library's IsaacADC, its scaling to the node",
    "buffer": "CACTI through hwcomponents-cacti",
    "dram": "energy per bit in hwcomponents-cacti",
    "dac, mac, router": "ISAAC and Aladdin models of hwcomponents-library",
}


def table_keys() -> dict[str, list[Key]]:
    """The keys of every table; voltages in mV."""
    crossbars: list[Key] = [
        (node, millivolts, rows, cols)
        for node in NODES_NM
        for millivolts in voltages_mV(node)
        for rows, cols in product(SIZES, SIZES)
    ]
    return {
        "rram": crossbars,
        "sram": crossbars,
        **{name: [*product(NODES_NM, bits)] for name, bits in ADC_BITS.items()},
        "buffer": [*_buffer_keys()],
        "shift_add": [*product(NODES_NM, range(1, 33))],
        "dac": [*product(NODES_NM, (1, 2, 3, 4))],
        "mac": [(node,) for node in NODES_NM],
        "router": [(node,) for node in NODES_NM],
        "technology": [(node,) for node in NODES_NM],
        "dram": [(width,) for width in DRAM_WIDTHS],
    }


def voltages_mV(node_nm: int) -> range:
    """Supply voltages tabulated at a node."""
    threshold_mV = physical_costs.technology(node_nm=node_nm)["threshold_V"] * 1000
    first = math.ceil((threshold_mV + HEADROOM_MV) / STEP_MV) * STEP_MV
    return range(first, HIGHEST_MV + 1, STEP_MV)


def _buffer_keys() -> Iterator[Key]:
    """Global buffers; tile buffers of a byte per macro; an SRAM array's cells as a memory."""
    for node in NODES_NM:
        for kib, banks in product(GLB_KIB, GLB_BANKS):
            yield node, GLB_WIDTH_BITS, kib * 8192 // GLB_WIDTH_BITS, banks
        sizes = {*product([8 * macros for macros in TILE_MACROS], SIZES)} | {*product(SIZES, SIZES)}
        for width, depth in sorted(sizes):
            yield node, width, depth, 1


def ask(task: Task) -> Costs:
    """Compute one row of a table."""
    table, key = task
    named: dict[str, Any] = dict(zip(PHYSICAL_KEYS[table], key, strict=True))
    if table in ("rram", "sram"):
        named["voltage_V"] /= 1000
        return physical_costs.array(device=table, **named)
    if table in ADC_BITS:
        return physical_costs.adc(model=table, **named)
    costs: Costs = getattr(physical_costs, table)(**named)
    return costs


def _ask_in(scratch: Path, task: Task) -> Costs:
    library_costs.use_scratch(scratch)
    return ask(task)


def main(arguments: Iterable[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="imcmoo.hardware.build_physical_table")
    parser.add_argument("--out", type=Path, default=SHIPPED, help="file to write (%(default)s)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    options = parser.parse_args(None if arguments is None else list(arguments))
    versions = {package: version(package) for package in physical_costs.PACKAGES}
    tasks = [(table, key) for table, keys in table_keys().items() for key in keys]
    costs: dict[str, dict[Key, Costs]] = {table: {} for table in PHYSICAL_KEYS}
    with (
        tempfile.TemporaryDirectory(prefix="imcmoo-") as scratch,
        local(options.jobs) as executor,
    ):
        for index, row in completed(executor, partial(_ask_in, Path(scratch)), tasks):
            table, key = tasks[index]
            costs[table][key] = row
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
    table_written = PhysicalTable.load(options.out)
    print(f"{options.out}: " + ", ".join(f"{len(rows)} {name}" for name, rows in costs.items()))
    print(f"fingerprint {table_written.fingerprint}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
