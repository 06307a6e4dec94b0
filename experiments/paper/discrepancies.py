"""Model discrepancies: what the reference model allows at its published optima, measured.

One function for each row. Physical constants that the model lacks stand on top, each with its
source, or called an assumption.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from experiments.markdown import render
from experiments.paper.published_optimum import CRITERION, Optimum, macros_of_layers
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


@dataclass(frozen=True)
class Entry:
    """One measured number.

    Args:
        quantity: name of the quantity.
        value: of the quantity.
        unit: of the value; "1" for a share, a ratio or a count.
        network: of the value; empty if it is of the chip or of all networks.
    """

    quantity: str
    value: float
    unit: str = "1"
    network: str = ""


def _each(o: Optimum, quantity: str, values: Floats, unit: str = "1") -> Iterator[Entry]:
    """One entry per network."""
    for name, value in zip(o.networks, values, strict=True):
        yield Entry(quantity, float(value), unit, name)


def residency(o: Optimum) -> Iterator[Entry]:
    """Compare the cells and macros that layers occupy with those of the chip.

    Cells a layer keeps busy are averaged over its cycles, copies for P, Q and N included. With
    macros of its own, a layer has one copy.
    """
    if o.streams_weights:
        return
    busy = o.per_network(o.mapping.utilization())
    yield from _each(o, "cells occupied over cells that exist", busy)
    yield Entry("cells occupied over cells that exist, all networks", float(busy.sum()))
    macros = o.per_network(macros_of_layers(o.evaluator, o.levels)[0])
    needed = "macros needed over macros, a macro for every group"
    yield from _each(o, needed, macros / o.macros)


def input_time(o: Optimum) -> Iterator[Entry]:
    """Compare the time of input pulses with the cycle, and compute power."""
    power = o.energy_J / o.latency_s
    yield Entry(
        "time of the pulses that energy is charged for, at most, over the cycle",
        INPUT_PULSES * READ_PULSE_S / o.value("cycle_s"),
    )
    yield from _each(o, "latency", o.latency_s, "s")
    yield from _each(o, "power", power, "W")
    yield from _each(o, "power over area", power / (o.area_m2 * 1e6), "W/mm²")


def bandwidth(o: Optimum) -> Iterator[Entry]:
    """Compare traffic with the bandwidth of a global buffer bank and of LPDDR4."""
    words = o.accesses("glb.read") + o.accesses("glb.write")
    used = words * GLB_WORD_BITS / 8 / o.latency_s
    yield from _each(o, "bandwidth taken from the global buffer", used, "B/s")
    cycle = GLB_CYCLE_S.get((int(o.value("technology_nm")), int(o.value("glb_depth"))))
    if cycle is not None:
        bank = GLB_WORD_BITS / 8 / cycle
        yield Entry("bandwidth of a global buffer of one bank", bank, "B/s")
        yield from _each(o, "bandwidth taken from the global buffer over one bank's", used / bank)
    if o.streams_weights:
        pulled = o.accesses("main_memory.read") * LINK_BITS / 8 / o.latency_s
        yield from _each(o, "bandwidth pulled from LPDDR4", pulled, "B/s")
        over = pulled / LPDDR4_B_PER_S
        yield from _each(o, "bandwidth pulled from LPDDR4 over a 64-bit interface's", over)


def adcs(o: Optimum) -> Iterator[Entry]:
    """Compute the share of the 5-bit ADCs in area and energy."""
    adc = o.parts.components.index("adc")
    yield Entry("bits in a cell", o.value("bits_per_cell"), "bit")
    area = o.parts.area_m2[0]
    yield Entry("share of ADCs in the area", float(area[adc] / area.sum()))
    energy = o.parts.energy_J[0]
    share = o.per_network(energy[:, adc]) / o.per_network(energy.sum(axis=1))
    yield from _each(o, "share of ADCs in the energy", share)


def strides(o: Optimum) -> Iterator[Entry]:
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
    yield from _each(o, "input words counted over those there are", ratio)


def wires(o: Optimum) -> Iterator[Entry]:
    """Compare the energy of a wire across the chip with that of the router that is charged."""
    length = MEAN_ROUTE * o.area_m2**0.5
    wire = 0.5 * WIRE_F_PER_M * o.value("voltage_V") ** 2 * length
    prices = o.evaluator.chips.prices
    charged = prices.look_up(prices.rows(o.levels), ["router.read"])["router.read"][0]
    charged = float(charged) * 1e-12 / LINK_BITS
    yield Entry("energy of a wire across the chip", wire, "J/bit")
    yield Entry("energy charged for the way across the chip", charged, "J/bit")
    yield Entry("energy of a wire over what is charged", wire / charged)


def attention(o: Optimum) -> Iterator[Entry]:
    """Compare true with counted multiplications of attention.

    Tables have tokens × head size × heads and tokens × tokens × heads; both products are heads ×
    tokens × tokens × head size.
    """
    for network in o.evaluator.workloads.workloads:
        shapes = network.shapes[["Attention" in kind for kind in network.kinds]]
        if not len(shapes):
            continue
        tokens, heads = shapes[0, DIMENSIONS.index("C")], shapes[0, DIMENSIONS.index("P")]
        size = shapes[:, DIMENSIONS.index("M")].min()
        true, counted = len(shapes) * heads * tokens**2 * size, shapes.prod(axis=1).sum()
        yield Entry("multiplications of attention there are", float(true), network=network.name)
        ratio = float(true / counted)
        yield Entry("multiplications of attention over those counted", ratio, network=network.name)


Measure = Callable[[Optimum], Iterator[Entry]]

ROWS: dict[str, Measure] = {
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
    lines = [
        {
            "study": o.study,
            "row": name,
            "quantity": f"{e.quantity}: {e.network}" if e.network else e.quantity,
            "value": e.value,
            "unit": e.unit,
        }
        for o in optima
        for name, row in ROWS.items()
        for e in row(o)
    ]
    return pd.DataFrame(lines)


def page(frame: pd.DataFrame, optima: Sequence[Optimum]) -> str:
    """Write the page of model discrepancies.

    Args:
        frame: as `measure` returns it for all optima.
        optima: the measured designs.
    """
    quantities = []
    named = frame.assign(name=frame["quantity"].str.partition(": ")[0])
    for row in ROWS:
        of_row = named[named["row"] == row]
        for (name, unit), lines in of_row.groupby(["name", "unit"], sort=False):
            values = {study: part["value"].to_numpy() for study, part in lines.groupby("study")}
            cells = [
                _range(values[o.study], str(unit)) if o.study in values else "" for o in optima
            ]
            quantities.append((row, name, cells))
    return render("paper/ledger.md", CRITERION=CRITERION, optima=optima, quantities=quantities)


def _range(values: np.ndarray, unit: str) -> str:
    """Format the least and the largest of some values."""
    ends = dict.fromkeys(_formatted(v, unit) for v in (values.min(), values.max()))
    return " to ".join(ends)


def _formatted(value: float, unit: str) -> str:
    """Format three digits, with a prefix if the unit takes one; thousands are written out."""
    if unit not in PREFIXED:
        plain = f"{value:,.0f}" if 1e3 <= value < 1e6 else f"{value:.3g}"
        return plain if unit == "1" else f"{plain} {unit}"
    power = int(np.floor(np.log10(abs(value)) / 3))
    return f"{value / 1000.0**power:.3g} {PREFIXES[power + 5].strip()}{unit}"
