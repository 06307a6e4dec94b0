"""Costs of whole designs, written plainly: the oracle that exhaustive enumeration is held to.

Mapping and action counts come from `scalar_model`; here is what they cost. No arrays, no profiles,
no shortcuts: every design is costed by itself, layer by layer, in every loop split that fits its
buffer. Source: the specification of the reference stack's behaviour (energy, area, feasibility).

Spaces and networks so small that this takes a second come with it.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from functools import cache

import numpy as np

from imcmoo.hardware.component_table import ComponentTable
from imcmoo.space.design_space import DesignSpace
from imcmoo.space.parameters import Conditional, Ordinal
from tests import fakes
from tests.model.reference import scalar_model as plain

TABLE = ComponentTable.load()

PULSES = 255
GLB_WORD = 2048
LINK = 128


@dataclass
class Cost:
    """One design: area in m²; by network energy in J and latency in s, None where it does not run.

    `lacks` says by network what it lacks first: "cells", "places" for them, "buffer" or nothing.
    """

    area: float
    energy: list[float | None]
    latency: list[float | None]
    lacks: list[str]


def every_design(space):
    """All designs of a space as dictionaries, fixed values included, in the order of their rank."""
    for values in itertools.product(*(p.values for p in space.parameters)):
        names = [p.name for p in space.parameters]
        design = dict(zip(names, values, strict=True)) | dict(space.fixed)
        for p in space.parameters:
            if isinstance(p, Conditional):
                row = p.rows[p.on.values.index(design[p.on.name])]
                design[p.name] = row.values[design[p.name]]
        yield design


def cost(design, networks, *, together=False):
    """Cost of a design for each network.

    Args:
        design: physical values by name.
        networks: a `Workload` each.
        together: whether resident weights share the chip with those of all networks.
    """
    needed = [_cells_needed(design, network) for network in networks]
    if together:
        needed = [sum(needed)] * len(needed)
    out = Cost(_area(design), [], [], [])
    for network, cells in zip(networks, needed, strict=True):
        energy, cycles, lacks = _run(design, network, cells)
        out.energy.append(energy)
        out.latency.append(None if cycles is None else cycles * design["cycle_s"])
        out.lacks.append(lacks)
    return out


def _cells(design):
    names = ("rows", "cols", "macros_per_tile", "tiles_per_group", "router_groups")
    return math.prod(design[n] for n in names)


def _layers(network):
    """By layer its sizes, and how often each bit of its inputs and of its weights is 1."""
    for i in range(len(network.layers)):
        yield (
            tuple(int(n) for n in network.shapes[i]),
            [float(p) for p in network.input_bits[i]],
            [float(p) for p in network.weight_bits[i]],
        )


def _sizes(shape):
    return dict(zip("CMPQRSGN", shape, strict=True))


def _cells_needed(design, network):
    """By the paper's capacity rule, which knows no groups; streamed weights need none."""
    if design["device"] == "sram":
        return 0
    slices = math.ceil(8 / min(design["bits_per_cell"], 8))
    total = 0
    for shape, _, _ in _layers(network):
        n = _sizes(shape)
        total += n["C"] * n["R"] * n["S"] * n["M"] * slices
    return total


def _run(design, network, needed):
    """Energy in J and cycles of a network, and what it lacks."""
    if needed > _cells(design):
        return None, None, "cells"
    prices = _prices(*(design[name] for name in PRICED_BY))
    energy, cycles = 0.0, 0
    for shape, inputs, weights in _layers(network):
        layer = _ways(shape, *(design[name] for name in MAPPED_BY))
        if layer is None:
            return None, None, "places"
        a = mean_slice(inputs, 8)
        c = mean_slice(weights, design["bits_per_cell"])
        costs = [
            _energy(design, layer, moved, prices, a, c)
            for held, moved in layer.ways
            if held <= GLB_WORD * design["glb_depth"]
        ]
        if not costs:
            return None, None, "buffer"
        energy += min(costs)
        cycles += layer.cycles
    return energy, cycles, ""


def mean_slice(densities, width):
    """Mean over slices of `width` bits of their value, as a share of a full slice's."""
    slices = [densities[i : i + width] for i in range(0, len(densities), width)]
    values = []
    for one in slices:
        value = 0.0
        for density in one:
            value = 2 * value + density
        values.append(value / (2**width - 1))
    return sum(values) / len(values)


@dataclass
class _Layer:
    """One layer on one chip: bits held in the buffer and counts of every split."""

    cycles: int
    used: dict[str, int]
    ways: list[tuple[int, dict]]


@cache
def _ways(shape, device, bits, rows, cols, groups, tiles, macros):
    """Every split of a layer, whatever the buffer; None if its weights find no place."""
    boundless = 1 << 40
    chip = plain.Chip(device, bits, rows, cols, groups, tiles, macros, boundless)
    mapping = plain.LayerMapping(_sizes(shape), chip)
    if not mapping.fits:
        return None
    ways = [
        (mapping.buffer_bits(inner), plain.counts(mapping, top, inner))
        for top, inner in mapping.splits()
    ]
    return _Layer(mapping.cycles, mapping.instances(), ways)


MAPPED_BY = ("device", "bits_per_cell", "rows", "cols")
MAPPED_BY += ("router_groups", "tiles_per_group", "macros_per_tile")
"""Parameters that a mapping depends on, in the order `_ways` takes them."""

PRICED_BY = ("device", "technology_nm", "voltage_V", "rows", "cols", "macros_per_tile")
PRICED_BY += ("glb_depth",)
"""Parameters that prices depend on, in the order `_prices` takes them."""


@cache
def _prices(device, node, voltage, rows, cols, macros, glb_depth):
    """Costs of the crossbar, buffers and router of one chip, SI units."""
    width = 8 * macros
    return {
        "crossbar": _numbers(TABLE.crossbar(device, node, voltage, rows, cols)),
        "input_buffer": _buffer(node, width, rows),
        "output_buffer": _buffer(node, width, cols),
        "glb": _buffer(node, GLB_WORD, glb_depth),
        "router": _numbers(TABLE.look_up("router", node_nm=node)),
    }


def _numbers(costs):
    return {name: float(value) for name, value in costs.items()}


def _buffer(node, width, depth):
    """A buffer with its address adders: one works per access, two leak and take area."""
    memory = _numbers(TABLE.look_up("buffer", node_nm=node, width_bits=width, depth_words=depth))
    adder = _numbers(TABLE.look_up("adder", node_nm=node, bits=math.ceil(math.log2(depth))))
    return {
        "read": memory["read"] + adder["energy"],
        "write": memory["write"] + adder["energy"],
        "leak": memory["leak"] + 2 * adder["leak"],
        "area": memory["area"] + 2 * adder["area"],
    }


def _energy(design, layer, moved, prices, a, c):
    """Energy in J of one layer in one split."""
    rram = design["device"] == "rram"
    t, crossbar = design["cycle_s"], prices["crossbar"]
    used, cycles = layer.used, layer.cycles

    def mean(name):
        low, high = crossbar[f"{name}_low"], crossbar[f"{name}_high"]
        return low + (high - low) * c

    row_off, row_on = mean("row_read_off"), mean("row_read_on")
    pulse = row_off + (row_on - row_off) * a * PULSES
    link = TABLE.main_memory_J_per_bit * LINK
    wide = 8 * design["macros_per_tile"]
    buffers = [prices[n] for n in ("input_buffer", "output_buffer", "glb")]
    # By component: instances, bits per action, energy per read and per write, leakage per cycle.
    components = {
        "cim_unit": (
            used["cells"],
            min(design["bits_per_cell"], 8),
            mean("cell_read") * a * PULSES if rram else 0.0,
            0.0 if rram else mean("cell_write"),
            crossbar["cell_leak"] * t,
        ),
        "row_drivers": (used["drivers"], 8, pulse, 0.0, crossbar["row_leak"] * t * t),
        "adc": (used["drivers"], 8, mean("adc_read"), 0.0, crossbar["adc_leak"] * t * t),
        "column_drivers": (used["drivers"], 8, 0.0, 0.0, crossbar["column_leak"] * t * t),
        "router": (used["router"], LINK, prices["router"]["read"], 0.0, 0.0),
    }
    if not rram:
        price = (mean("row_write"), 0.0, crossbar["row_leak"] * t * t)
        components["weight_drivers"] = (used["drivers"], design["cols"], *price)
        components["main_memory"] = (1, LINK, link, 0.0, 0.0)
    widths = {"input_buffer": wide, "output_buffer": wide, "glb": GLB_WORD}
    for (name, width), price in zip(widths.items(), buffers, strict=True):
        instances = 1 if name == "glb" else used["buffers"]
        components[name] = (instances, width, price["read"], price["write"], price["leak"] * t)
    total = 0.0
    for name, (instances, block, read, write, leak) in components.items():
        each = 0.0
        for reads, fills, updates in moved[name].values():
            each += math.ceil(reads / block) * read
            each += (math.ceil(fills / block) + math.ceil(updates / block)) * write
        total += instances * each + leak * cycles * max(1, instances)
    return total


def _six_digits(square_metres):
    """Round an area to six digits of µm², as the reference does."""
    return float(f"{square_metres * 1e12:.5e}") * 1e-12


def _area(design):
    prices = _prices(*(design[name] for name in PRICED_BY))
    crossbar = prices["crossbar"]
    groups = design["router_groups"]
    tiles = groups * design["tiles_per_group"]
    macros = tiles * design["macros_per_tile"]
    rows = 1 if design["device"] == "rram" else 2  # weight drivers are as large as row drivers
    area = groups * _six_digits(prices["router"]["area"]) + _six_digits(prices["glb"]["area"])
    for name in ("input_buffer", "output_buffer"):
        area += tiles * _six_digits(prices[name]["area"])
    area += macros * rows * _six_digits(crossbar["row_area"])
    area += macros * _six_digits(crossbar["column_area"])
    area += macros * _six_digits(crossbar["adc_area"])
    return area + _cells(design) * _six_digits(crossbar["cell_area"])


def network(name, shapes, seed):
    """A network of layers with these sizes (C, M, P, Q, R, S, G, N) and random operands."""
    rng = np.random.default_rng(seed)
    return fakes.network(shapes, name, bits=[rng.random((len(shapes), 8)) for _ in range(2)])


RRAM_FEW = DesignSpace(
    "few_rram",
    (
        Ordinal("voltage_V", (0.5, 0.7)),
        Ordinal("bits_per_cell", (3, 8)),
        Ordinal("cycle_s", (1e-9, 2e-9)),
        Ordinal("rows", (64, 512)),
        Ordinal("cols", (128, 512)),
        Ordinal("router_groups", (1, 2)),
        Ordinal("tiles_per_group", (4, 16)),
        Ordinal("macros_per_tile", (16, 64)),
        Ordinal("glb_depth", (2048, 8192)),
    ),
    {"device": "rram", "technology_nm": 32},
)
"""512 chips."""

_SRAM_SIZES = (
    Ordinal("cycle_s", (1e-9, 2e-9)),
    Ordinal("rows", (16, 128)),
    Ordinal("cols", (32, 256)),
    Ordinal("router_groups", (1, 6)),
    Ordinal("tiles_per_group", (2, 8)),
    Ordinal("macros_per_tile", (2, 16)),
    Ordinal("glb_depth", (4096, 16384)),
)

SRAM_FEW = DesignSpace(
    "few_sram",
    (Ordinal("voltage_V", (0.65, 0.8)), *_SRAM_SIZES),
    {"device": "sram", "technology_nm": 32, "bits_per_cell": 1},
)
"""256 chips."""

_NODE = Ordinal("technology_nm", (7, 22))

TECHNOLOGY_FEW = DesignSpace(
    "few_technologies",
    (_NODE, Conditional("voltage_V", _NODE, {7: (0.45, 0.6), 22: (0.65, 0.9)}), *_SRAM_SIZES),
    {"device": "sram", "bits_per_cell": 1},
)
"""512 chips at two nodes, each with its own voltages."""

RESIDENT = (
    network(
        "wide",
        [(512, 512, 24, 24, *[1] * 4), (1, 1, 14, 14, 3, 3, 96, 1), (2000, 2300, *[1] * 6)],
        seed=1,
    ),
    network(
        "light",
        [(3, 40, 11, 11, 5, 5, 1, 1), (900, 900, *[1] * 6), (64, 64, 1, 1, 3, 3, 1, 1)],
        seed=2,
    ),
)
"""For RRAM chips: some lack cells, places for groups, or buffer for the first."""

STREAMED = (
    network("wide", [(64, 16, 64, 512, 1, 1, 1, 1), (3, 24, 27, 27, 3, 3, 1, 1)], seed=3),
    network("light", [(1, 1, 14, 14, 3, 3, 20, 1), (96, 120, 1, 1, 1, 1, 1, 1)], seed=4),
)
"""For SRAM chips: the first is too much for some buffers."""
