"""Costs of the components of the reference model, from hwcomponents (NeuroSim, CACTI, library).

Needs Python 3.12+ and the extra `imcmoo[build]`, imported when a function is called. Results are in
J, W and m2, unchanged.

Source: hwcomponents (github.com/Accelergy-Project/hwcomponents) with its NeuroSim, CACTI and
    library models; settings and shipped cells are those of the paper's stack
    (github.com/OlgaKrestinskaya/JointHardwareWorkloadOptimizationIMC).
"""

from __future__ import annotations

import copy
import importlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from imcmoo.hardware.cells import cell_file

PACKAGES = ("hwcomponents", "hwcomponents-neurosim", "hwcomponents-cacti", "hwcomponents-library")
SOURCES = {
    "rram, sram, adder": "NeuroSim through hwcomponents-neurosim",
    "buffer": "CACTI through hwcomponents-cacti",
    "router": "ISAAC's router shared by four, through hwcomponents-library",
    "main memory": "LPDDR4 energy per bit, through hwcomponents-cacti",
    "settings, and shipped cells": (
        "github.com/OlgaKrestinskaya/JointHardwareWorkloadOptimizationIMC (CiMLoop stack)"
    ),
}
ADC_BITS = 5
INPUT_BITS = 8
READ_PULSE_S = 1e-8
ROUTER_BITS = 128


@cache
def use_scratch(directory: Path) -> None:
    """Keep files of the libraries in `directory` instead of site-packages, in this process.

    Their own folder may be read-only, is slow, and is not safe for parallel processes.
    """
    for name in ("hwcomponents_neurosim.neurointerface", "hwcomponents_cacti.hwcomponents_cacti"):
        module: Any = importlib.import_module(name)
        module._clean_tmp_dir = lambda: str(directory)


def node_m(node_nm: int) -> float:
    """Node in m as the nearest float: 7 * 1e-9 would switch branches of the library."""
    return float(f"{node_nm}e-9")


def crossbar_settings(
    *, node_nm: int, voltage_V: float, rows: int, cols: int, cell_path: str
) -> dict[str, Any]:
    """Common arguments of RowDrivers, ColDrivers, ADC and MemoryCell of hwcomponents."""
    return {
        "tech_node": node_m(node_nm),
        "cycle_period": 1e-9,  # has no effect on energy, power or area
        "rows": rows,
        "cols": cols,
        "cols_active_at_once": cols,
        "cell_config": cell_path,
        "read_pulse_width": READ_PULSE_S,
        "voltage_dac_bits": 1,
        "temporal_dac_bits": INPUT_BITS,
        "temporal_spiking": True,
        "voltage": voltage_V,
        "threshold_voltage": 0,
        "sequential": False,
    }


def crossbar(
    *, device: str, node_nm: int, voltage_V: float, rows: int, cols: int, cell: str | None = None
) -> dict[str, float]:
    """All quantities of `ComponentTable.crossbar` from a single NeuroSim run.

    Args:
        cell: text of a cell file. If None, the shipped cell of the device.

    Raises:
        RuntimeError: NeuroSim charges the column drivers, which the table omits.
    """
    with cell_path(cell or cell_file(device)) as path:
        settings = crossbar_settings(
            node_nm=node_nm, voltage_V=voltage_V, rows=rows, cols=cols, cell_path=path
        )
        with_adc = run_crossbar(settings, ADC_BITS)
    # The reference stack takes drivers and cells of an array without ADC.
    array = without_adc(with_adc)
    if any(array.energy_on("col", True, high) for high in (False, True)):
        raise RuntimeError(f"column drivers cost energy: {device}, {settings}")
    return _corners(array, with_adc) | _leakage_and_area(array, with_adc)


def run_crossbar(settings: dict[str, Any], adc_bits: int) -> Any:
    """Crossbar with all its components, of one NeuroSim run."""
    # Only this model runs NeuroSim once.
    model = neurosim().RowDrivers(
        **settings, adc_resolution=adc_bits, average_input_value=1, average_cell_value=1
    )
    return model.build_crossbar()


def without_adc(crossbar: Any) -> Any:
    """Crossbar of a run, without counting the ADC."""
    bare = copy.copy(crossbar)
    bare.has_adc = False
    return bare


def _corners(array: Any, with_adc: Any) -> dict[str, float]:
    """Energies with all cells at 0 (low) and at 1 (high)."""
    picojoules: dict[str, float] = {}
    for level, high in (("low", False), ("high", True)):
        picojoules |= {
            f"row_read_off_{level}": array.energy_off("row", True, high),
            f"row_read_on_{level}": array.energy_on("row", True, high),
            f"row_write_{level}": array.energy_on("row", False, high),
            f"cell_read_{level}": array.energy_cell(True, high),
            # Sic: the library's average over cell values is the other way round for writes.
            f"cell_write_{level}": array.energy_cell(False, not high),
            f"adc_read_{level}": with_adc.energy_on("col", True, high),
        }
    return _si(picojoules)


def _leakage_and_area(array: Any, with_adc: Any) -> dict[str, float]:
    """Leakage power and area; those of the ADC are differences of columns with and without."""
    column_leak, column_area = array.leakage("col"), array.area("col")
    costs = {  # pW and um2
        "row_leak": array.leakage("row"),
        "column_leak": column_leak,
        "adc_leak": with_adc.leakage("col") - column_leak,
        "cell_leak": array.leakage_per_cell(),
        "row_area": array.area("row"),
        "column_area": column_area,
        "adc_area": with_adc.area("col") - column_area,
        "cell_area": array.area_per_cell(),
    }
    return _si(costs)


def _si(costs: dict[str, float]) -> dict[str, float]:
    """Convert pJ, pW and um2 to J, W and m2.

    Divides by 1e12 as hwcomponents does: NeuroSim prints 7 digits, and rounding to 6 often meets an
    exact tie, which only the same operation breaks the same way.
    """
    return {name: cost * 1e-12 for name, cost in costs.items()}


def adder(*, node_nm: int, bits: int) -> dict[str, float]:
    """NeuroSim adder at the nominal voltage: `energy`, `leak`, `area`."""
    model = neurosim().Adder(tech_node=node_m(node_nm), cycle_period=1e-9, n_bits=bits)
    return {"energy": model.read().energy, "leak": model.leak_power, "area": model.area}


def buffer(*, node_nm: int, width_bits: int, depth_words: int) -> dict[str, float]:
    """CACTI SRAM: `read`, `write`, `leak`, `area`."""
    return cacti_costs(sram(node_nm, width_bits, depth_words))


def cacti_costs(model: Any) -> dict[str, float]:
    """Costs of a CACTI memory: `read` and `write` (J), `leak` (W) and `area` (m²)."""
    return {
        "read": model.read().energy,
        "write": model.write().energy,
        "leak": model.leak_power,
        "area": model.area,
    }


def sram(node_nm: int, width_bits: int, depth_words: int, **options: int) -> Any:
    """CACTI model of an SRAM."""
    cacti: Any = importlib.import_module("hwcomponents_cacti")
    size = width_bits * depth_words
    return cacti.SRAM(tech_node=node_m(node_nm), width=width_bits, size=size, **options)


def router(*, node_nm: int) -> dict[str, float]:
    """Router of ISAAC shared by four: `read` of 128 bits, `area`."""
    isaac: Any = importlib.import_module("hwcomponents_library.library.isaac")
    model = isaac.IsaacRouterSharedByFour(tech_node=node_m(node_nm), width=ROUTER_BITS)
    return {"read": model.read().energy, "area": model.area}


def main_memory_J_per_bit() -> float:
    """LPDDR4 energy per bit read or written, J."""
    cacti: Any = importlib.import_module("hwcomponents_cacti")
    model = cacti.LPDDR4()
    return float(model.read().energy / model.width)


def neurosim() -> Any:
    """NeuroSim models with an empty cache, whose key lacks cell and settings."""
    importlib.import_module("hwcomponents_neurosim.main").CACHE.clear()
    return importlib.import_module("hwcomponents_neurosim")


@contextmanager
def cell_path(cell: str) -> Iterator[str]:
    """Path of a temporary cell file with this text."""
    with tempfile.NamedTemporaryFile("w", suffix=".cell") as file:
        file.write(cell)
        file.flush()
        yield file.name
