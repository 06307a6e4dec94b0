"""Model discrepancies: what the reference model allows at its published optima, measured.

One function for each row. Physical constants that the model lacks stand on top, each with its
source, or called an assumption.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from experiments.markdown import render, short
from experiments.paper.published_optimum import CRITERION, Optimum
from experiments.paper.tables import STUDIES, TECHNOLOGY
from imcmoo.hardware.library_costs import READ_PULSE_S
from imcmoo.model.metrics import Floats
from imcmoo.model.reference.counts import GLB_WORD_BITS, LINK_BITS
from imcmoo.model.reference.prices import INPUT_PULSES
from imcmoo.networks.workloads import DIMENSIONS

WIRE_F_PER_M = 0.2e-9
"""Capacitance of a wire, 0.2 pF/mm: assumption, of the usual size for global wires."""

MEAN_ROUTE = 2 / 3
"""Mean length of a route over the side of a chip: two random points on a square are, along its
sides, a third of the side apart in each of both directions."""

LPDDR4_B_PER_S = 4266e6 * 64 / 8
"""A 64-bit LPDDR4 interface at its fastest grade, 4,266 MT/s (JEDEC JESD209-4)."""

GLB_CYCLE_S = {
    (32, 4096): 7.31701e-9,
    (32, 8192): 8.22669e-9,
    (32, 16384): 8.22669e-9,
}
"""Cycle of a global buffer of one bank, by technology node (nm) and depth (words of 2,048 bits):
CACTI 7 through hwcomponents-cacti 1.0.40, `SRAM.cycle_period`."""

Values = Mapping[str, tuple[float | Floats, str]]
"""Value and unit of each quantity; a value per network, shape (W,), or one of the chip. The unit is
"1" for a share, a ratio or a count."""


def residency(o: Optimum) -> Values:
    """Compare the cells and macros that layers occupy with those of the chip.

    Cells a layer keeps busy are averaged over its cycles, copies for P, Q and N included. With
    macros of its own, a layer has one copy.
    """
    if o.streams_weights:
        return {}
    busy = o.per_network(o.mapping.utilization())
    demand = o.per_network(o.macros_of_layers()) / o.macros
    return {
        "cells occupied over cells that exist": (busy, "1"),
        "cells occupied over cells that exist, all networks": (float(busy.sum()), "1"),
        "macros needed over macros, a macro for every group": (demand, "1"),
    }


def input_time(o: Optimum) -> Values:
    """Compare the time of input pulses with the cycle, and compute power."""
    power = o.energy_J / o.latency_s
    pulses = "time of the pulses that energy is charged for, at most, over the cycle"
    return {
        pulses: (INPUT_PULSES * READ_PULSE_S / o.value("cycle_s"), "1"),
        "latency": (o.latency_s, "s"),
        "power": (power, "W"),
        "power over area": (power / (o.area_m2 * 1e6), "W/mm²"),
    }


def bandwidth(o: Optimum) -> Values:
    """Compare traffic with the bandwidth of a global buffer bank and of LPDDR4."""
    words = o.accesses("glb.read") + o.accesses("glb.write")
    used = words * GLB_WORD_BITS / 8 / o.latency_s
    values: dict[str, tuple[float | Floats, str]] = {
        "bandwidth taken from the global buffer": (used, "B/s")
    }
    cycle = GLB_CYCLE_S.get((int(o.value("technology_nm")), int(o.value("glb_depth"))))
    if cycle is not None:
        bank = GLB_WORD_BITS / 8 / cycle
        values["bandwidth of a global buffer of one bank"] = bank, "B/s"
        values["bandwidth taken from the global buffer over one bank's"] = used / bank, "1"
    if o.streams_weights:
        pulled = o.accesses("main_memory.read") * LINK_BITS / 8 / o.latency_s
        over = "bandwidth pulled from LPDDR4 over a 64-bit interface's"
        values["bandwidth pulled from LPDDR4"] = pulled, "B/s"
        values[over] = pulled / LPDDR4_B_PER_S, "1"
    return values


def adcs(o: Optimum) -> Values:
    """Compute the share of the 5-bit ADCs in area and energy."""
    adc = o.parts.components.index("adc")
    area, energy = o.parts.area_m2[0], o.parts.energy_J[0]
    share = o.per_network(energy[:, adc]) / o.per_network(energy.sum(axis=1))
    return {
        "bits in a cell": (o.value("bits_per_cell"), "bit"),
        "share of ADCs in the area": (float(area[adc] / area.sum()), "1"),
        "share of ADCs in the energy": (share, "1"),
    }


def strides(o: Optimum) -> Values:
    """Compare counted input words, those of a stride of 1, with the true ones.

    Words that a stride larger than the kernel skips do not count.
    """
    networks = o.evaluator.workloads.workloads
    shapes = np.concatenate([w.shapes for w in networks])
    size = dict(zip(DIMENSIONS, shapes.T, strict=True))
    down, across = np.concatenate([w.strides for w in networks]).T
    words = size["N"] * size["G"] * size["C"]
    counted = words * (size["P"] + size["R"] - 1) * (size["Q"] + size["S"] - 1)
    height = size["R"] + (size["P"] - 1) * np.minimum(down, size["R"])
    width = size["S"] + (size["Q"] - 1) * np.minimum(across, size["S"])
    ratio = o.per_network(counted) / o.per_network(words * height * width)
    return {"input words counted over those there are": (ratio, "1")}


def wires(o: Optimum) -> Values:
    """Compare the energy of a wire across the chip with that of the router that is charged."""
    length = MEAN_ROUTE * o.area_m2**0.5
    wire = 0.5 * WIRE_F_PER_M * o.value("voltage_V") ** 2 * length
    prices = o.evaluator.chips.prices
    charged = prices.look_up(o.levels, ["router.read"])["router.read"][0]
    charged = float(charged) * 1e-12 / LINK_BITS
    return {
        "energy of a wire across the chip": (wire, "J/bit"),
        "energy charged for the way across the chip": (charged, "J/bit"),
        "energy of a wire over what is charged": (wire / charged, "1"),
    }


def attention(o: Optimum) -> Values:
    """Compare true with counted multiplications of attention.

    Tables have tokens × head size × heads and tokens × tokens × heads; both products are heads ×
    tokens × tokens × head size.
    """
    values = {}
    for network in o.evaluator.workloads.workloads:
        shapes = network.shapes[["Attention" in kind for kind in network.kinds]]
        if not len(shapes):
            continue
        tokens, heads = shapes[0, DIMENSIONS.index("C")], shapes[0, DIMENSIONS.index("P")]
        size = shapes[:, DIMENSIONS.index("M")].min()
        true, counted = len(shapes) * heads * tokens**2 * size, shapes.prod(axis=1).sum()
        name = network.name
        values[f"multiplications of attention there are: {name}"] = float(true), "1"
        over = f"multiplications of attention over those counted: {name}"
        values[over] = float(true / counted), "1"
    return values


ROWS: dict[str, Callable[[Optimum], Values]] = {
    "residency": residency,
    "input time": input_time,
    "bandwidth": bandwidth,
    "converters": adcs,
    "strides": strides,
    "wires": wires,
    "attention": attention,
}
"""Measurement of every row, by name; the template of the page describes them."""

PREFIXES = "fpnµm kMGTP"
"""Prefixes of units by power of a thousand, from -5."""

PREFIXED = ("s", "W", "B/s", "J/bit")
"""Units that take a prefix; all values in them are positive."""


def optima(folder: Path) -> list[Optimum]:
    """Read the published optimum of every study of the reference model."""
    return [Optimum.published(study, folder) for study in (*STUDIES, TECHNOLOGY)]


def measure(optima: Sequence[Optimum]) -> pd.DataFrame:
    """Measure all rows of some designs: columns study, row, quantity, value, unit."""
    lines = []
    for o in optima:
        for row, values_of in ROWS.items():
            for quantity, (values, unit) in values_of(o).items():
                names = [f"{quantity}: {n}" for n in o.networks] if np.ndim(values) else [quantity]
                for name, value in zip(names, np.ravel(values).tolist(), strict=True):
                    lines.append((o.study, row, name, value, unit))
    return pd.DataFrame(lines, columns=["study", "row", "quantity", "value", "unit"])


def page(frame: pd.DataFrame, optima: Sequence[Optimum]) -> str:
    """Write the page of model discrepancies.

    Args:
        frame: as `measure` returns it for all optima.
        optima: the measured designs.
    """
    named = frame.assign(name=frame["quantity"].str.partition(": ")[0])
    spans = named.groupby(["name", "unit", "study"], sort=False)["value"].agg(["min", "max"])
    quantities = {}
    for (name, unit), of_studies in spans.groupby(["name", "unit"], sort=False):
        texts = of_studies.map(_formatted, unit=unit).droplevel(["name", "unit"])
        cells = {
            s: " to ".join(dict.fromkeys(pair))
            for s, pair in zip(texts.index, texts.to_numpy(), strict=True)
        }
        quantities[name] = [cells.get(o.study, "") for o in optima]
    return render("paper/ledger.md", CRITERION=CRITERION, optima=optima, quantities=quantities)


def _formatted(value: float, unit: str) -> str:
    """Format three digits, with a prefix if the unit takes one; thousands are written out."""
    if unit not in PREFIXED:
        plain = short(value) if value < 1e6 else f"{value:.3g}"
        return plain if unit == "1" else f"{plain} {unit}"
    power = int(np.floor(np.log10(abs(value)) / 3))
    return f"{value / 1000.0**power:.3g} {PREFIXES[power + 5].strip()}{unit}"
