"""Model discrepancies: what the reference model allows at its published optima, measured.

One function for each row. Physical constants that the model lacks stand on top, each with its
source, or called an assumption.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from experiments.markdown import render, short
from experiments.paper.questions import Tables
from imcmoo.arrays import Floats, Ints
from imcmoo.hardware.library_costs import READ_PULSE_S
from imcmoo.model.reference.counts import GLB_WORD_BITS, LINK_BITS
from imcmoo.model.reference.evaluator import Evaluator
from imcmoo.model.reference.mapping import LEVEL, map_layers
from imcmoo.model.reference.prices import INPUT_PULSES
from imcmoo.networks.workloads import DIMENSIONS
from imcmoo.space.design_space import Levels
from problems import STUDIES

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


CRITERION = "edap_max"
"""Criterion of the optimum."""

MACROS_BY = ("router_groups", "tiles_per_group", "macros_per_tile")


class OptimalDesign:
    """One design of a study, shape (1, n_parameters), with energies and latencies by network, shape
    (W,), its costs by layer and component, and the mapping of each layer."""

    def __init__(self, study: str, evaluator: Evaluator, levels: Levels) -> None:
        self.study, self.evaluator, self.levels = study, evaluator, levels
        self.networks = evaluator.workload_names
        metrics, chips = evaluator.evaluate(levels), evaluator.chips
        self.energy_J, self.latency_s = metrics.energy_J[0], metrics.latency_s[0]
        self.area_m2 = float(metrics.area_m2[0])
        self.macros = int(np.prod([self.value(n) for n in MACROS_BY]))
        self.streams_weights = chips.device.streams_weights
        self.parts = evaluator.breakdown(levels)
        self._layers = evaluator.workloads.shapes[evaluator.workloads.shape_index]
        one_each = chips.sizes(levels).take(np.zeros(len(self._layers), int))
        self.mapping = map_layers(self._layers, one_each)

    def value(self, name: str) -> float:
        """Value of a parameter, or of what is fixed in the space."""
        return float(self.evaluator.space.column(self.levels, name)[0])

    def accesses(self, action: str) -> Floats:
        """Count an action of all components for one inference of each network, shape (W,)."""
        layers = self.evaluator.chips.run(self.levels).actions(action)[:, 0]
        return self.per_network(layers[self.evaluator.workloads.shape_index])

    def per_network(self, of_layers: Floats | Ints) -> Floats:
        """Sum over the layers of each network, shape (W,)."""
        sums = np.bincount(self.evaluator.workloads.owner, of_layers, len(self.networks))
        return sums.astype(np.float64)

    def macros_of_layers(self) -> Ints:
        """Count the macros of one copy of each layer if every layer has macros of its own, shape
        (n_layers,).

        A layer has K = C·R·S rows per output and a column per output and slice of its weights;
        every group of a grouped convolution has macros of its own.
        """
        sizes = self.evaluator.chips.sizes(self.levels)
        size = dict(zip(DIMENSIONS, self._layers.T, strict=True))
        rows, cols = (sizes.capacity[0, LEVEL[x]] for x in ("row", "col"))
        deep = size["C"] * size["R"] * size["S"]
        wide = sizes.slices[0] * size["M"]
        return size["G"] * -(-deep // rows) * -(-wide // cols)


def residency(o: OptimalDesign) -> Values:
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


def input_time(o: OptimalDesign) -> Values:
    """Compare the time of input pulses with the cycle, and compute power."""
    power = o.energy_J / o.latency_s
    pulses = "time of the pulses that energy is charged for, at most, over the cycle"
    return {
        pulses: (INPUT_PULSES * READ_PULSE_S / o.value("cycle_s"), "1"),
        "latency": (o.latency_s, "s"),
        "power": (power, "W"),
        "power over area": (power / (o.area_m2 * 1e6), "W/mm²"),
    }


def bandwidth(o: OptimalDesign) -> Values:
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


def adcs(o: OptimalDesign) -> Values:
    """Compute the share of the 5-bit ADCs in area and energy."""
    adc = o.parts.components.index("adc")
    area, energy = o.parts.area_m2[0], o.parts.energy_J[0]
    share = o.per_network(energy[:, adc]) / o.per_network(energy.sum(axis=1))
    return {
        "bits in a cell": (o.value("bits_per_cell"), "bit"),
        "share of ADCs in the area": (float(area[adc] / area.sum()), "1"),
        "share of ADCs in the energy": (share, "1"),
    }


def strides(o: OptimalDesign) -> Values:
    """Compare counted input words, those of a stride of 1, with the true ones: words that a stride
    larger than the kernel skips do not count."""
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


def wires(o: OptimalDesign) -> Values:
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


def attention(o: OptimalDesign) -> Values:
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


ROWS: dict[str, Callable[[OptimalDesign], Values]] = {
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


def optima(tables: Tables) -> list[OptimalDesign]:
    """Find the published optimum of every study of the reference model in its tables."""
    rows = []
    for study, frames in tables.items():
        if "aggregations" in frames:
            best = frames["aggregations"].query("criterion == @CRITERION")
        else:
            best = frames["cost_front"].nsmallest(1, f"{CRITERION}_J_s_mm2")
        evaluator = STUDIES[study].cost_model()
        assert isinstance(evaluator, Evaluator)
        design = {name: best[name].iloc[0] for name in evaluator.space.names}
        rows.append(OptimalDesign(study, evaluator, evaluator.space.levels_of(design)))
    return rows


def measure(optima: Sequence[OptimalDesign]) -> pd.DataFrame:
    """Measure all rows of some designs: columns study, row, quantity, value, unit."""
    lines = []
    for o in optima:
        for row, values_of in ROWS.items():
            for quantity, (values, unit) in values_of(o).items():
                names = [f"{quantity}: {n}" for n in o.networks] if np.ndim(values) else [quantity]
                for name, value in zip(names, np.ravel(values).tolist(), strict=True):
                    lines.append((o.study, row, name, value, unit))
    return pd.DataFrame(lines, columns=["study", "row", "quantity", "value", "unit"])


def page(frame: pd.DataFrame, optima: Sequence[OptimalDesign]) -> str:
    """Write the page of model discrepancies from the table of `measure` for all optima."""
    named = frame.assign(name=frame["quantity"].str.partition(": ")[0])
    quantities = {}
    for (name, unit), values in named.groupby(["name", "unit"], sort=False):
        cells = {
            study: " to ".join(
                dict.fromkeys(_formatted(v, str(unit)) for v in (of.min(), of.max()))
            )
            for study, of in values.groupby("study")["value"]
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
