"""Costs and times of the components of the physical model, from hwcomponents.

Needs Python 3.12+ and the extra `imcmoo[build]`. Results are in J, W, m2, s and Ω. Numbers that the
libraries print in a comment or keep in a source file (ISAAC ADC, NeuroSim's threshold voltages and
wire table) are read from there.

Source: hwcomponents with its NeuroSim, CACTI, ADC (arXiv 2404.06553) and library models.
"""

from __future__ import annotations

import importlib
import inspect
import re
import tempfile
from pathlib import Path
from typing import Any

from imcmoo.hardware.cells import cell_file
from imcmoo.hardware.library_costs import PACKAGES as REFERENCE_PACKAGES
from imcmoo.hardware.library_costs import (
    cacti_costs,
    cell_path,
    crossbar_settings,
    neurosim,
    node_m,
    router,  # noqa: F401  # the same component
    run_crossbar,
    sram,
    without_adc,
)

PACKAGES = (*REFERENCE_PACKAGES, "hwcomponents-adc")
SOURCES = {
    "rram, sram, neurosim_sar, shift_add, technology": "NeuroSim through hwcomponents-neurosim",
    "murmann": "hwcomponents-adc (arXiv 2404.06553)",
    "isaac": "sizes in the comment of hwcomponents-library's IsaacADC, its scaling to the node",
    "buffer": "CACTI through hwcomponents-cacti",
    "dram": "energy per bit in hwcomponents-cacti",
    "dac, mac, router": "ISAAC and Aladdin models of hwcomponents-library",
}
WIDEST_MULTIPLEXER = 64
FLASH_BITS = 5
MAC_BITS = {"multiplier_width": 8, "adder_width": 24}
_CYCLE_BETA = 1.4  # NeuroSim's factor on every sensing latency (Param.cpp), also on its SAR ADC
_PROBE_BITS = 1  # of the ADC whose time is subtracted
_FEATURE_OF_ADC = {"rows": 128, "cols": 128}


def crossbar(
    *, device: str, node_nm: int, voltage_V: float, rows: int, cols: int, cell: str | None = None
) -> dict[str, float]:
    """Crossbar with its drivers, without ADCs.

    Returns:
        `time` of one read with an ADC per column, `time_muxed` with one per 64 columns (or all),
        without conversion, s; energy of a 10 ns pulse through a cell at 0 and at 1
        (`cell_read_low`, `cell_read_high`) and of writing it (`cell_write_*`), J; leakage, W, and
        area, m2, of all row drivers, all column drivers (`column_area_muxed` with multiplexers) and
        one cell; a 5-bit flash ADC per column (`flash_energy`, `flash_area`, `flash_leak`).
    """
    sizes = {"node_nm": node_nm, "voltage_V": voltage_V, "rows": rows, "cols": cols}
    with cell_path(cell or cell_file(device)) as path:
        plain = _crossbar(sizes, path, bits=_PROBE_BITS, sar=True)
        muxed = _crossbar(sizes, path, bits=_PROBE_BITS, sar=True, ratio=WIDEST_MULTIPLEXER)
        flash = _crossbar(sizes, path, bits=FLASH_BITS, sar=False)
    bare, bare_muxed = without_adc(plain), without_adc(muxed)
    conversion_ns = _CYCLE_BETA * (_PROBE_BITS + 1)
    pico = {
        "cell_read_low": bare.energy_cell(True, False),
        "cell_read_high": bare.energy_cell(True, True),
        "cell_write_low": bare.energy_cell(False, False),
        "cell_write_high": bare.energy_cell(False, True),
        "row_leak": bare.leakage("row"),
        "column_leak": bare.leakage("col"),
        "cell_leak": bare.leakage_per_cell(),
        "row_area": bare.area("row"),
        "column_area": bare.area("col"),
        "column_area_muxed": bare_muxed.area("col"),
        "cell_area": bare.area_per_cell(),
        "flash_energy": flash.energy_on("col", True, True),
        "flash_area": (flash.area("col") - without_adc(flash).area("col")) / cols,
        "flash_leak": (flash.leakage("col") - without_adc(flash).leakage("col")) / cols,
    }
    times = {
        "time": (plain.min_latency - conversion_ns) * 1e-9,
        "time_muxed": (muxed.min_latency - conversion_ns) * 1e-9,
    }
    return times | {name: value * 1e-12 for name, value in pico.items()}


def neurosim_sar(*, node_nm: int, bits: int) -> dict[str, float]:
    """SAR ADC of NeuroSim: `energy` per conversion, `area`, `leak`, `time`."""
    sizes = {"node_nm": node_nm, "voltage_V": 0.9, **_FEATURE_OF_ADC}
    with cell_path(cell_file("rram")) as path:
        crossbar = _crossbar(sizes, path, bits=bits, sar=True)
    (high,) = [c for c in crossbar.comps if c.read and "adc(sar) cellhi" in c.name]
    return {
        "energy": high.energy_per_col * 1e-12,
        "area": high.area * 1e-12 / sizes["cols"],
        "leak": high.leakage * 1e-12 / sizes["cols"],
        "time": high.latency * 1e-12 * _CYCLE_BETA,
    }


def murmann(*, node_nm: int, bits: int) -> dict[str, float]:
    """ADC of 4 bits or more by the survey: `energy` per conversion, `area`, `leak`, `time`."""
    time = _CYCLE_BETA * (bits + 1) * 1e-9
    module: Any = importlib.import_module("hwcomponents_adc")
    model = module.ADC(n_bits=bits, tech_node=node_m(node_nm), throughput=1 / time)
    return {
        "energy": model.convert().energy,
        "area": model.area,
        "leak": model.leak_power,
        "time": time,
    }


def isaac(*, node_nm: int, bits: int) -> dict[str, float]:
    """ADC of ISAAC, 4 to 10 bits: `energy` per conversion, `area`, `leak`, `time`.

    Uses the sizes in the comment of the library (Saberi 2011), scaled to the node. Its own scaling
    by 2^bits contradicts that comment: 0.1 against 0.79 pJ at 4 bits.
    """
    library: Any = importlib.import_module("hwcomponents_library.library.isaac")
    printed = re.findall(
        r"#\s*#\s*32nm,1e-9,(\d+),([\d.]+),([\d.]+),1,convert", inspect.getsource(library)
    )
    energy, area = {int(b): (float(e), float(a)) for b, e, a in printed}[bits]
    at_node = library.IsaacADC(tech_node=node_m(node_nm), resolution=bits)
    at_32 = library.IsaacADC(tech_node=node_m(32), resolution=bits)
    return {
        "energy": energy * 1e-12 * at_node.convert().energy / at_32.convert().energy,
        "area": area * 1e-12 * at_node.area / at_32.area,
        "leak": at_node.leak_power,
        "time": at_node.convert().latency,
    }


def buffer(*, node_nm: int, width_bits: int, depth_words: int, banks: int) -> dict[str, float]:
    """CACTI SRAM: `read`, `write` of a word, `leak`, `area`, `cycle` of one bank."""
    model = sram(node_nm, width_bits, depth_words, n_banks=banks)
    return {**cacti_costs(model), "cycle": model.cycle_period}


def shift_add(*, node_nm: int, bits: int) -> dict[str, float]:
    """NeuroSim shift-and-add at the nominal voltage: `energy`, `leak`, `area`."""
    model = neurosim().ShiftAdd(
        tech_node=node_m(node_nm), cycle_period=1e-9, n_bits=bits, shift_register_n_bits=bits
    )
    return {"energy": model.read().energy, "leak": model.leak_power, "area": model.area}


def dac(*, node_nm: int, bits: int) -> dict[str, float]:
    """Area of the DAC of one row (ISAAC); its energy is an assumption of the model."""
    library: Any = importlib.import_module("hwcomponents_library.library.isaac")
    return {"area": library.IsaacDAC(tech_node=node_m(node_nm), resolution=bits).area}


def mac(*, node_nm: int) -> dict[str, float]:
    """Digital 8-bit multiply-accumulate unit with a 24-bit sum (Aladdin)."""
    aladdin: Any = importlib.import_module("hwcomponents_library.library.aladdin")
    model = aladdin.AladdinIntMAC(tech_node=node_m(node_nm), **MAC_BITS)
    return {"energy": model.mac().energy, "leak": model.leak_power, "area": model.area}


def dram(*, width_bits: int) -> dict[str, float]:
    """DRAM: LPDDR4 up to 64 bits, two stacks of HBM2 at 2,048.

    Returns:
        `energy_per_bit`, and `pin_rate`, bit/s (of LPDDR4 80 times too low in the library).
    """
    cacti: Any = importlib.import_module("hwcomponents_cacti")
    model = (cacti.LPDDR4 if width_bits <= 64 else cacti.HBM2)(width=width_bits)
    return {
        "energy_per_bit": model.read().energy / width_bits,
        "pin_rate": model.read().throughput,
    }


def technology(*, node_nm: int) -> dict[str, float]:
    """LSTP `threshold_V` and metal `wire_ohm_per_m` of NeuroSim at a node.

    The package uses the 22 nm wire for every node; this is the wire of the node.
    """
    folder = Path(inspect.getfile(neurosim())).parent / "drop_in"
    block = (folder / "Technology.cpp").read_text().split(f"(featureSizeInNano == {node_nm})")[1]
    _high_performance, low_standby, *_ = re.findall(r"vth = ([\d.e-]+);", block)
    source = (folder / "Param.cpp").read_text()
    nodes_to_width = {
        int(node): int(width)
        for nodes, width in re.findall(r"// technode: ([\d, ]+?)\s*--> wireWidth: (\d+)", source)
        for node in nodes.split(",")
    }
    width = nodes_to_width[node_nm]
    metal = re.search(rf"case {width}:\s*AR = ([\d.]+); Rho = ([\d.e-]+);", source)
    if metal is None:
        raise RuntimeError(f"NeuroSim's sources have no wire for {node_nm} nm")
    aspect, resistivity = float(metal[1]), float(metal[2])
    return {
        "threshold_V": float(low_standby),
        "wire_ohm_per_m": resistivity / ((width * 1e-9) ** 2 * aspect),
    }


def _crossbar(sizes: dict[str, Any], path: str, *, bits: int, sar: bool, ratio: int = 1) -> Any:
    """NeuroSim run; with `sar`, with a copied configuration that enables the SAR ADC."""
    interface: Any = importlib.import_module("hwcomponents_neurosim.neurointerface")
    settings = crossbar_settings(**sizes, cell_path=path)
    settings["cols_active_at_once"] = max(1, sizes["cols"] // ratio)
    original = interface.DEFAULT_CONFIG
    with tempfile.NamedTemporaryFile("w", suffix=".cfg") as file:
        text, count = re.subn(
            r"^(SARADC:\s*)0", rf"\g<1>{int(sar)}", Path(original).read_text(), flags=re.MULTILINE
        )
        if count != 1:
            raise RuntimeError(f"{original} has no switch for the SAR ADC")
        file.write(text)
        file.flush()
        interface.DEFAULT_CONFIG = file.name
        try:
            return run_crossbar(settings, bits)
        finally:
            interface.DEFAULT_CONFIG = original
