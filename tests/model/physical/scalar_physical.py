"""The physical model once more, one design and one network at a time, in loops and floats.

Written from the specification (docs/physical_model.md), not from the arrays: an oracle for them.
Component numbers come from the same table, through its plain look-up, and numbers with a band from
an `Assumptions` object.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.model.physical import parameters
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.networks.operands import OperandBits, operand_bits
from imcmoo.networks.workloads import Workload
from tests.model.physical import scalar_digital

Design = dict[str, Any]

NOMINAL_V = 0.9
DRAM_WIDTH = {"none": 16, "x16": 16, "x32": 32, "x64": 64, "hbm2": 2048}
FOOTPRINT_MM2 = {"none": 0, "x16": 30, "x32": 45, "x64": 60, "hbm2": 184}
IDLE_W = {"none": 0.0, "x16": 0.04, "x32": 0.08, "x64": 0.16, "hbm2": 1.04}
POWER_LIMIT = 1e6
REQUESTS = 1e6


WIDTHS = (1, 2, 4, 8)
"""Input bits per cycle of digital macros."""
DEFAULTS = {"input_coding": "pulses", "weight_coding": "offset", "sample_and_hold": 0}
DEFAULTS |= {"mac_units": 256, "ping_pong": 0, "redundancy": 1, "buffer_words": 1}
DEFAULTS |= {"adc_model": parameters.DEFAULTS["adc_model"]}
DEFAULTS |= {"adc_noise": parameters.DEFAULTS["adc_noise"]}
USUAL = Assumptions()

NUMBERS = (
    *("voltage_exponent", "leak_W_per_m2", "sample_hold_F", "sample_hold_m2", "wire_F_per_m"),
    *("hbm2_interface_m2", "lpddr4_interface_m2_per_bit", "column_pitch_F", "row_pitch_F"),
    *("offset_cell_S", "differential_cell_S", "current_hold_m2", "current_hold_F"),
    *("adc_energy_factor", "adc_area_factor", "adc_time_factor", "input_energy_factor"),
    *("array_energy_factor", "array_area_factor", "word_line_factor", "word_line_V"),
    *("sram_cell_F2", "sram_unit_F", "sram_line_F", "sram_mismatch", "rram_cell_F2"),
    *("rram_driver_factor", "shift_add_factor", "small_buffer_m2_per_bit"),
    *("dram_footprint_factor", "top_area", "top_energy", "comparator_J", "rram_full_scale"),
    *("rram_read_sigma", "sram_read_sigma", "rram_stuck_share", "sram_stuck_share"),
    "reference_columns",
    *("gate_F", "gate_m2", "gate_s", "line_F", "logic_overhead", "tree_wires"),
    *("dimc_clock_Hz", "input_line_F", "sram_pulse_s", "adc_bias_W", "adc_trim_area"),
    *("spare_columns", "leak_temperature", "gated_leak", "pulse_s", "rram_write_pulse_s"),
    *("multiplier_activity", "mac_factor"),
)
"""All assumptions that are not constants here."""


def number(assumptions: Any, name: str) -> float:
    return getattr(assumptions, name).value


def sar_noise_J(bits: int, node_nm: float, volt: float, decision_J: float | None = None) -> float:
    """Logic and capacitive DAC of a SAR ADC, and its comparator; `decision_J` if None is that of
    a noise as small as the steps."""
    switched = (10e-15 * bits + 1e-15 * 2**bits) * volt**2 * node_nm / 28
    return switched + bits * (0.6e-18 * 4**bits if decision_J is None else decision_J)


def unit_V(design: Design, device: str, assumptions: Any) -> float:
    """Voltage between neighbouring sums at an ADC."""
    chi = number(assumptions, "rram_full_scale")
    if device == "sram":
        cell_F = number(assumptions, "sram_unit_F")
        lines_F = number(assumptions, "sram_line_F") * design["technology_nm"] / 28
        chi = cell_F / (cell_F + lines_F)
    units = (2 ** design["input_slice_bits"] - 1) * (2 ** design["bits_per_cell"] - 1)
    return chi * design["voltage_V"] / (design["active_rows"] * units)


def sampling_V2(design: Design, device: str, assumptions: Any) -> float:
    """Noise power of sampling a column."""
    if device != "sram":
        return 0.0
    lines_F = number(assumptions, "sram_line_F") * design["technology_nm"] / 28
    column_F = design["active_rows"] * (number(assumptions, "sram_unit_F") + lines_F)
    return 2 * 1.380649e-23 * 300 / column_F


def decision_J(design: Design, device: str, assumptions: Any) -> float:
    """Energy of a comparator that leaves the noise of the design, that of sampling included."""
    allowed_V2 = (design["adc_noise"] / 100 * unit_V(design, device, assumptions)) ** 2
    left_V2 = max(allowed_V2 - sampling_V2(design, device, assumptions), 0.01 * allowed_V2)
    supply = (design["voltage_V"] / 1.2) ** 2
    return number(assumptions, "comparator_J") * supply * (0.4e-3) ** 2 / left_V2


def zigzag_J(bits: int, node_nm: float, volt: float) -> float:
    return (100 * bits + 0.001 * 4**bits) * 1e-15 * volt**2 * (node_nm / 28)


def sar_m2(bits: int, node_nm: float) -> float:
    """Area of an ADC of the models `zigzag` and `sar_noise`, without its factor."""
    return 0.45 * 10 ** (1.206 - 0.0369 * bits) * 2**bits * 1e-12 * (node_nm / 28)


def slowdown(volt: float, threshold: float, exponent: float) -> float:
    delay, nominal = (v / (v - threshold) ** exponent for v in (volt, NOMINAL_V))
    return delay / nominal


def sram_sigma(assumptions: Any) -> float:
    """Mismatch of the capacitor of an SRAM cell."""
    femtofarads = number(assumptions, "sram_unit_F") / 1e-15
    return number(assumptions, "sram_mismatch") / math.sqrt(femtofarads)


def with_top_m2(components_m2: float, interface_m2: float, assumptions: Any) -> float:
    """Area of a chip: its top level is a share of all components but the interface."""
    return components_m2 * (1 + number(assumptions, "top_area")) + interface_m2


def wire_J(area_m2: float, volt: float, assumptions: Any) -> float:
    """Energy of a bit on the mean wire of a chip."""
    farads = number(assumptions, "wire_F_per_m") * (2 / 3) * math.sqrt(area_m2)
    return 0.5 * farads * volt**2


def tile_sum_J(tile_m2: float, node_nm: float, volt: float, assumptions: Any) -> float:
    """Energy of a bit of a sum over the side of a tile, and its full adder."""
    wire = 0.5 * number(assumptions, "wire_F_per_m") * math.sqrt(tile_m2) * volt**2
    return wire + 6 * number(assumptions, "gate_F") * node_nm / 28 * volt**2


def leak_W(cmos_m2: float, volt: float, assumptions: Any) -> float:
    hot = number(assumptions, "leak_temperature")
    return number(assumptions, "leak_W_per_m2") * cmos_m2 * volt / NOMINAL_V * hot


def gated_share(use: float, assumptions: Any) -> float:
    """Leakage of gated macros over that of macros with supply."""
    idle = number(assumptions, "gated_leak")
    return idle + (1 - idle) * use


def unit_J(node_nm: float, volt: float, assumptions: Any) -> float:
    """A multiplication of 8 by 8 bits, an addition to 21 bits, and registers."""
    gate = number(assumptions, "gate_F") * node_nm / 28 * volt**2
    gate *= number(assumptions, "logic_overhead") * number(assumptions, "mac_factor")
    multiplier = number(assumptions, "multiplier_activity") * (6 * 7 * 8 + 0.5 * 8 * 8)
    return gate * (multiplier + 0.57 * 6 * 21 + 3 * (8 + 21))


def row_line_J(cols: int, node_nm: float, volt: float, assumptions: Any) -> float:
    """A change of the two input lines of a row of analog SRAM."""
    return cols * number(assumptions, "input_line_F") * node_nm / 28 * volt**2


@dataclass
class Layer:
    """One distinct layer of a network."""

    C: int
    M: int
    P: int
    Q: int
    R: int
    S: int
    G: int
    N: int
    stride_h: int
    stride_w: int
    count: int
    pulses: dict[int, float]  # by slice bits
    products: dict[tuple[int, str, int, int], float]
    conductances: dict[tuple[str, int, int], float]
    digital: bool = False
    product: bool = False  # of two activations, so that no weight is stored
    previous_share: float = 0.0
    cache: str = ""  # of keys or values
    appended: int = 0  # positions
    reserved: int = 0
    names: tuple[str, ...] = ()
    changes: dict[int, float] = field(default_factory=dict)  # of input lines, by slice bits
    changed_ones: dict[int, float] = field(default_factory=dict)  # times the ones of a weight

    def __post_init__(self) -> None:
        self.seen = self.M if self.cache == "keys" else self.C
        self.position_words = 0
        if self.cache:
            self.position_words = self.G * (self.C if self.cache == "keys" else self.M)
        self.K = self.C * self.R * self.S
        self.steps = self.P * self.Q * self.N
        self.outputs = self.steps * self.M * self.G
        self.macs = self.outputs * self.K
        self.weight_bits = self.K * self.M * self.G * 8
        taps = self.S + (self.Q - 1) * min(self.stride_w, self.S)
        self.input_words = self.N * self.G * self.P * self.R * self.C * taps
        height = (self.P - 1) * self.stride_h + self.R
        width = (self.Q - 1) * self.stride_w + self.S
        held = min(height, self.P * self.R) * min(width, self.Q * self.S)
        self.held_inputs = self.N * self.G * self.C * held
        # Scores pass the buffer tile by tile.
        self.kept_inputs = 0 if self.cache == "values" else self.held_inputs
        self.kept_outputs = 0 if self.cache == "keys" else self.outputs
        share = ((self.R - 1) * width + self.S) / (height * width)
        self.first_share = 1.0 if self.Q == 1 or self.P == 1 else min(share, 1.0)


def slices(bits: int, width: int) -> list[range]:
    """Bit numbers of each slice, least significant first."""
    return [range(low, min(low + width, bits)) for low in range(0, bits, width)]


def slice_mean(joint: Any, bits: int, numbers: range) -> float:
    return sum(2 ** (n - numbers.start) * float(joint[bits - 1 - n][bits - 1 - n]) for n in numbers)


def shares_of_cells(joint: Any, bits: int, b: int, redundancy: int) -> float:
    """Sum over the cells of a weight of their mean as a share of a full cell."""
    means = [slice_mean(joint, bits, s) / (2 ** len(s) - 1) for s in slices(bits, b)]
    upper = len(means) // 2
    return sum(means[:upper]) + redundancy * sum(means[upper:])


CACHES = ("", "keys", "values")
_READ: dict[tuple[Any, ...], tuple[Workload, list[Layer]]] = {}
"""Networks with their layers: many designs run each."""


def read_layers(
    workload: Workload, weight_clip: float, digital: tuple[str, ...], batch: int = 1
) -> list[Layer]:
    """The distinct layers of a network in the order of their sizes, statistics averaged."""
    key = id(workload), weight_clip, digital, batch
    if key not in _READ:
        _READ[key] = workload, _distinct_layers(workload, weight_clip, digital, batch)
    return _READ[key][1]


def _distinct_layers(
    workload: Workload, weight_clip: float, digital: tuple[str, ...], batch: int
) -> list[Layer]:
    moments = operand_bits(workload, weight_clip)
    groups: dict[tuple[int, ...], list[int]] = {}
    for index in range(len(workload)):
        product = bool(workload.dynamic[index])
        *sizes, g, n = workload.shapes[index].tolist()
        images = (g * batch, n) if product else (g, n * batch)
        key = (*sizes, *images, *workload.strides[index].tolist())
        key = (*key, int(workload.layers[index] in digital), int(product))
        positions = int(workload.appended[index]), int(workload.reserved[index])
        key = (*key, CACHES.index(workload.cache[index]), *positions)
        groups.setdefault(key, []).append(index)
    layers = []
    for key in sorted(groups):
        *sizes, named, product, cache, appended, reserved = key
        # No layer that runs on the digital unit reads cells.
        statistics = ({},) * 5 if named or product else _statistics(moments, groups[key])
        flags = {"digital": bool(named or product), "product": bool(product)}
        flags["names"] = tuple(workload.layers[i] for i in groups[key])
        flags |= {"cache": CACHES[cache], "appended": appended, "reserved": reserved}
        *analog, changes, ones = statistics
        flags |= {"changes": changes, "changed_ones": ones}
        layers.append(Layer(*sizes, len(groups[key]), *analog, **flags))
    of_index = {i: layers[n] for n, key in enumerate(sorted(groups)) for i in groups[key]}
    for index in range(len(workload) - 1):
        here, following = of_index[index], of_index[index + 1]
        here.previous_share += following.first_share / here.count
    return layers


def _statistics(moments: OperandBits, members: list[int]) -> tuple[dict, ...]:
    pulses: dict[int, float] = {}
    products: dict[tuple[int, str, int, int], float] = {}
    conductances: dict[tuple[str, int, int], float] = {}
    changes: dict[int, float] = dict.fromkeys(WIDTHS, 0.0)
    changed_ones: dict[int, float] = dict.fromkeys(WIDTHS, 0.0)
    for index in members:
        ones, signed = scalar_digital.ones(moments.weights[index], 8), bool(moments.signed[index])
        for width in WIDTHS:
            joint = moments.inputs[index]
            change = scalar_digital.line_changes(joint, 8, width, signed=signed) / len(members)
            changes[width] += change
            changed_ones[width] += change * ones
        sums = {
            width: sum(slice_mean(moments.inputs[index], 8, s) for s in slices(8, width))
            for width in range(1, 9)
        }
        codings = (("offset", moments.weights, 8), ("differential", moments.magnitudes, 7))
        shares = {
            (coding, b, r): shares_of_cells(joint[index], bits, b, r)
            for coding, joint, bits in codings
            for b in range(1, 9)
            for r in range(1, 5)
        }
        for width, value in sums.items():
            pulses[width] = pulses.get(width, 0.0) + value / len(members)
            for (coding, b, r), share in shares.items():
                key = (width, coding, b, r)
                products[key] = products.get(key, 0.0) + value * share / len(members)
        for key2, share in shares.items():
            conductances[key2] = conductances.get(key2, 0.0) + share / len(members)
    return pulses, products, conductances, changes, changed_ones


class Chip:
    """One design: placement, prices and times, each a plain number."""

    def __init__(
        self,
        design: Design,
        device: str,
        table: PhysicalTable,
        assumptions: Any = USUAL,
        *,
        reads_again: bool = True,
    ) -> None:
        d = self.d = DEFAULTS | design
        self.assumptions = assumptions
        self.digital: list[Layer] = []
        self.held = 0  # bits of their weights
        self.buffer_bits = self.room = d["glb_KiB"] * 8192
        self.kept = 1.0  # share of the cache in the buffer
        self.kv_bits = 8
        self.cache_bits_missing = 0.0
        self.device = device
        self.table = table
        self.differential = d["weight_coding"] == "differential"
        self.levels = d["input_coding"] == "levels"
        self.n_in = math.ceil(8 / d["input_slice_bits"])
        self.converted = math.ceil((7 if self.differential else 8) / d["bits_per_cell"])
        one_side = self.converted + (d["redundancy"] - 1) * math.ceil(self.converted / 2)
        self.n_w = 2 * one_side if self.differential else one_side
        self.macros = d["macros_per_tile"] * d["tiles_per_group"] * d["router_groups"]
        self.pairs = d["cols"] // 2 if self.differential else d["cols"]
        self.converters = math.ceil(self.pairs / d["columns_per_adc"])
        self.node = d["technology_nm"]
        threshold = self.find("technology", node_nm=self.node)["threshold_V"]
        volt = d["voltage_V"]
        self.kappa = slowdown(volt, threshold, self.number("voltage_exponent"))
        self.supply = (volt / NOMINAL_V) ** 2
        self.clock = 1e9 * min(1.0, 1 / self.kappa)
        size = {"node_nm": self.node, "rows": d["rows"], "cols": d["cols"]}
        arrays = "rram" if device == "rram" else "sram"
        self.array = self.find(arrays, voltage_V=volt, **size)
        timed, slow = self.find(arrays, voltage_V=NOMINAL_V, **size), self.kappa
        self.read_s = timed["time"] * slow
        if d["columns_per_adc"] > 1:
            self.read_s = max(timed["time"], timed["time_muxed"]) * slow
        current = device == "rram"
        self.in_turn = 2 if current and reads_again else 1
        if d["sample_and_hold"]:
            self.in_turn = 0
        kind = "current" if current else "sample"
        self.hold_m2 = self.number(f"{kind}_hold_m2")
        self.hold_F = self.number(f"{kind}_hold_F")
        self.adc_J, self.adc_m2, self.adc_W, self.adc_s = self.adc()
        self.buffers()
        self.parts()

    def find(self, name: str, **keys: Any) -> dict[str, float]:
        return {k: float(v) for k, v in self.table.tables[name].look_up(**keys).items()}

    def number(self, name: str) -> float:
        return number(self.assumptions, name)

    def adc(self) -> tuple[float, float, float, float]:
        """Energy, area, static power and time at 0.9 V of one ADC."""
        energy, area, leak, time = self.adc_of_model()
        return (
            energy * self.number("adc_energy_factor"),
            area * self.number("adc_area_factor") * self.number("adc_trim_area"),
            leak + self.number("adc_bias_W") * self.d["voltage_V"] / NOMINAL_V,
            time * self.number("adc_time_factor"),
        )

    def adc_of_model(self) -> tuple[float, float, float, float]:
        b, model = self.d["adc_bits"], self.d["adc_model"]
        if model in ("sar_noise", "zigzag"):
            volt = self.d["voltage_V"]
            price = zigzag_J(b, self.node, volt)
            if model == "sar_noise":
                stated = self.d["adc_noise"] > 0
                each = decision_J(self.d, self.device, self.assumptions) if stated else None
                price = sar_noise_J(b, self.node, volt, each)
            return (
                price,
                sar_m2(b, self.node),
                0.0,
                b * (0.64 + 0.00653 * self.d["active_rows"]) * 1e-9,
            )
        row = self.find(model, node_nm=self.node, bits=b)
        factor = 1.0 if model == "neurosim_sar" else self.supply
        leak = row["leak"] if model == "murmann" else 0.0
        return row["energy"] * factor, row["area"], leak, row["time"]

    def buffer(self, width: int, depth: int, banks: int = 1) -> dict[str, float]:
        keys = {"node_nm": self.node, "width_bits": width, "depth_words": depth, "banks": banks}
        return self.find("buffer", **keys)

    def buffers(self) -> None:
        d = self.d
        self.glb = self.buffer(2048, d["glb_KiB"] * 4, d["glb_banks"])
        word = 8 * d["macros_per_tile"]
        self.results, packed = self.buffer(word, d["cols"]), d["buffer_words"]
        self.inputs = self.buffer(word * packed, d["rows"] // packed)
        for name in ("read", "write", "cycle"):  # of a word, several of which are one access
            self.inputs[name] /= packed
        slow = max(1.0, self.kappa)
        self.glb_bit_s = self.glb["cycle"] * slow / d["glb_banks"] / 2048
        self.buffer_word_s = self.inputs["cycle"] * slow
        self.link_bit_s = 1 / (d["link_bits"] * self.clock * 0.7)
        row = self.find("dram", width_bits=DRAM_WIDTH[d["dram"]])
        pin = row["pin_rate"] if d["dram"] == "hbm2" else 4.266e9
        there = d["dram"] != "none"
        self.dram_J = row["energy_per_bit"] if there else 0.0
        self.dram_bit_s = 1 / (pin * DRAM_WIDTH[d["dram"]] * 0.8) if there else 0.0

    def interface_m2(self) -> float:
        """Area of the chip's circuits for its DRAM."""
        if self.d["dram"] == "hbm2":
            return self.number("hbm2_interface_m2")
        there = self.d["dram"] != "none"
        return there * DRAM_WIDTH[self.d["dram"]] * self.number("lpddr4_interface_m2_per_bit")

    def cells_m2(self) -> float:
        """Area of the cells of a macro."""
        columns = self.d["cols"] * (1 + self.number("spare_columns")) + self.references()
        squares = self.number(f"{self.device}_cell_F2") + 280 * self.d["ping_pong"]
        return self.d["rows"] * columns * squares * (self.node * 1e-9) ** 2

    def references(self) -> float:
        """Columns of off cells of a macro, whose current is subtracted; weights have 8 bits."""
        if self.device != "rram" or self.differential:
            return 0.0
        return self.number("reference_columns") * math.ceil(8 / self.d["bits_per_cell"])

    def has_dac(self) -> bool:
        return self.levels and (self.device == "rram" or self.d["input_slice_bits"] > 1)

    def drivers_m2(self) -> float:
        """Area of row and column circuits of a macro, with DACs and holds, without ADCs."""
        d = self.d
        columns = self.array["column_area_muxed" if d["columns_per_adc"] > 1 else "column_area"]
        drivers = self.array["row_area"] + columns * (1 + self.references() / d["cols"])
        if self.device == "rram":
            drivers *= self.number("rram_driver_factor")
        if self.has_dac():
            dac = self.find("dac", node_nm=self.node, bits=d["input_slice_bits"])
            drivers += d["rows"] * dac["area"]
        return drivers + d["cols"] * d["sample_and_hold"] * self.hold_m2

    def buffer_m2(self, table_m2: float, depth: int) -> float:
        """Area of an input or result buffer: periphery goes with the perimeter."""
        bits = 8 * self.d["macros_per_tile"] * depth
        a = self.number("small_buffer_m2_per_bit") * (self.node / 32) ** 2
        return max(table_m2, a * bits * (1 + math.sqrt(65536 / bits)))

    def parts(self) -> None:
        d = self.d
        width = d["adc_bits"] + 8 - d["input_slice_bits"] + 8 - d["bits_per_cell"]
        self.adder = self.find("shift_add", node_nm=self.node, bits=width)
        if d["input_slice_bits"] == 8 and d["bits_per_cell"] == 8:
            self.adder = {"energy": 0.0, "area": 0.0, "leak": 0.0}
        self.mac = self.find("mac", node_nm=self.node)
        self.router = self.find("router", node_nm=self.node)
        self.tiles = d["tiles_per_group"] * d["router_groups"]
        self.areas()
        self.leak, self.macro_leak = self.leakage()
        self.prices()

    def areas(self) -> None:
        d = self.d
        factor = self.number("array_area_factor")
        self.all_cells_m2 = self.macros * factor * self.cells_m2()
        self.converters_m2 = self.converters * (self.adc_m2 + self.adder["area"])
        self.all_drivers_m2 = self.macros * factor * self.drivers_m2()
        buffers = self.buffer_m2(self.inputs["area"], d["rows"])
        buffers += self.buffer_m2(self.results["area"], d["cols"])
        self.tiles_m2 = self.tiles * buffers
        self.macros_m2 = self.all_cells_m2 + self.all_drivers_m2 + self.macros * self.converters_m2
        self.components_m2 = (
            self.macros_m2
            + self.tiles_m2
            + d["router_groups"] * self.router["area"]
            + self.glb["area"]
            + d["mac_units"] * self.mac["area"]
        )
        self.area = with_top_m2(self.components_m2, self.interface_m2(), self.assumptions)
        footprint = FOOTPRINT_MM2[d["dram"]] * 1e-6
        self.dram_m2 = footprint * self.number("dram_footprint_factor")

    def leakage(self) -> tuple[float, float]:
        """Static power of the chip with all macros powered, and that of the macros."""
        resistive = self.all_cells_m2 if self.device == "rram" else 0.0
        volt = self.d["voltage_V"]
        area_law = leak_W(self.components_m2 - resistive, volt, self.assumptions)
        macros_m2 = self.macros_m2 - resistive
        of_adcs = self.macros * self.converters * self.adc_W
        return area_law + of_adcs, leak_W(macros_m2, volt, self.assumptions) + of_adcs

    def prices(self) -> None:
        """Energies of actions, without the top level's share."""
        d, array, volt = self.d, self.array, self.d["voltage_V"]
        self.link_J = self.router["read"] / 128 * self.supply
        self.link_J += wire_J(self.area, volt, self.assumptions)
        tile_m2 = (self.tiles_m2 + self.macros_m2) / self.tiles
        self.tile_sum_J = tile_sum_J(tile_m2, self.node, volt, self.assumptions)
        self.adder_J = self.adder["energy"] * self.supply * self.number("shift_add_factor")
        columns = (2 if self.differential else 1) * d["redundancy"]
        self.hold_J = self.hold_F * volt**2 * columns if d["sample_and_hold"] else 0.0
        self.convert_J = self.adc_J + self.adder_J + self.hold_J
        times = d["columns_per_adc"] if self.in_turn == 2 else 1
        self.dac_J = self.pulse_J = 0.0
        if self.has_dac():
            self.dac_J = 50e-15 * d["input_slice_bits"] * volt**2 * times
            self.dac_J *= self.number("input_energy_factor")
        if self.device == "rram":
            longer = self.number("pulse_s") / 10e-9
            self.low_J = array["cell_read_low"] * longer
            off_J = self.references() * self.low_J * self.number("array_energy_factor")
            self.pulse_J = self.word_line_J() * self.number("input_energy_factor") + off_J
            self.pulse_J *= times
            self.span_J = array["cell_read_high"] * longer - self.low_J
            shot = self.number("rram_write_pulse_s")
            self.write_J = (array["cell_write_low"] + array["cell_write_high"]) / 2 * 8.5
            self.write_J *= shot / 50e-9
            self.row_write_s = 8.5 * shot
        else:
            memory = self.buffer(d["cols"], d["rows"])
            farads = self.number("sram_unit_F") + self.number("sram_line_F") * self.node / 28
            self.low_J, self.span_J = farads * volt**2, 0.0
            if not self.has_dac():
                self.pulse_J = row_line_J(d["cols"], self.node, volt, self.assumptions)
                self.pulse_J *= self.number("input_energy_factor")
            self.write_J = memory["write"] / d["cols"] * self.supply
            self.row_write_s = 1e-9 * self.kappa
        self.tree_J = 0.0
        self.low_J *= self.number("array_energy_factor")
        self.span_J *= self.number("array_energy_factor")

    def sum_bits(self) -> int:
        """Width of the sum of a row block."""
        d = self.d
        return d["adc_bits"] + (8 - d["input_slice_bits"]) + (8 - d["bits_per_cell"])

    def cell_reads(self, layer: Layer) -> tuple[float, float]:
        """Pulses of an input, and those times the stored shares of a weight."""
        width = self.d["input_slice_bits"]
        cells = (self.d["weight_coding"], self.d["bits_per_cell"], self.d["redundancy"])
        if self.levels:
            return self.n_in, self.n_in * layer.conductances[cells]
        return layer.pulses[width], layer.products[(width, *cells)]

    def tree_moves(self, layer: Layer) -> float:
        """Share of an adder tree that a changed product moves, over that at half changed."""
        return 0.0

    def row_pulses(self, layer: Layer) -> float:
        """Pulses of an input on its row; one-bit inputs of SRAM stay there until they change."""
        if self.device == "sram" and self.d["input_slice_bits"] == 1:
            return layer.changes[1]
        return Chip.cell_reads(self, layer)[0]

    def column_drop(self) -> float:
        """IR drop along a column as a share of the read voltage; 0 where no current flows."""
        if self.device != "rram":
            return 0.0
        pitch_m = self.number("column_pitch_F") * self.node * 1e-9
        ohm = self.find("technology", node_nm=self.node)["wire_ohm_per_m"] * pitch_m
        cell_S = self.number(f"{'differential' if self.differential else 'offset'}_cell_S")
        return self.d["active_rows"] * self.d["rows"] / 2 * ohm * cell_S

    def word_line_J(self) -> float:
        """Energy of one pulse or level on a row that draws current."""
        wire_F = self.number("wire_F_per_m") * self.number("row_pitch_F") * self.node * 1e-9
        cells_F = self.d["cols"] * (wire_F + 0.2e-15 * self.node / 28)
        return self.number("word_line_factor") * cells_F * self.number("word_line_V") ** 2

    def slice_s(self, steps: int) -> float:
        """Time of one input slice of one row group, `steps` conversions one after the other."""
        held, width = 0.0, self.d["input_slice_bits"]
        if self.device == "rram":
            held = (1 if self.levels else 2**width - 1) * self.number("pulse_s")
        elif not self.levels and width > 1:
            held = (2**width - 1) * self.number("sram_pulse_s") * self.kappa
        read, convert = self.read_s + held, self.adc_s * self.kappa
        if self.in_turn == 2:
            return steps * (read + convert)
        return read + steps * convert if self.in_turn else max(read, steps * convert)


class DigitalChip(Chip):
    """A chip of digital macros: a tree column in place of an ADC, registers in place of DACs."""

    def __init__(self, design: Design, device: str, table: Any, assumptions: Any = USUAL) -> None:
        usual = {"bits_per_cell": 1, "adc_bits": 1, "tree_stages": 1}
        super().__init__(usual | design, device, table, assumptions)

    def adc(self) -> tuple[float, float, float, float]:
        """A column of a tree; its time is already that at the supply."""
        self.read_s = 0.0
        self.macro = scalar_digital.macro(self.d, self.kappa, self.assumptions)
        time = self.macro["cycle_s"] / self.kappa
        return self.macro["convert_J"], self.macro["column_m2"], 0.0, time

    def cells_m2(self) -> float:
        d = self.d
        return d["rows"] * d["cols"] * (1 + d["ping_pong"]) * 280 * (self.node * 1e-9) ** 2

    def drivers_m2(self) -> float:
        return self.array["row_area"] + self.macro["registers_m2"]

    def areas(self) -> None:
        self.adder = {"energy": 0.0, "area": 0.0, "leak": 0.0}
        usual, self.assumptions = self.assumptions, self.assumptions.having(array_area_factor=1.0)
        super().areas()
        self.assumptions = usual

    def prices(self) -> None:
        super().prices()
        self.low_J, self.span_J, self.pulse_J = self.macro["low_J"], self.macro["span_J"], 0.0
        self.tree_J = self.macro["tree_J"]
        self.dac_J = self.macro["row_J"]

    def sum_bits(self) -> int:
        return 16 + math.ceil(math.log2(self.d["rows"]))

    def cell_reads(self, layer: Layer) -> tuple[float, float]:
        """Changes of input lines, and those times the ones of a weight."""
        width = self.d["input_slice_bits"]
        return layer.changes[width], layer.changed_ones[width]

    def tree_moves(self, layer: Layer) -> float:
        width = self.d["input_slice_bits"]
        alpha = layer.changes[width] / (width * self.n_in)
        return scalar_digital.tree_factor(alpha, math.ceil(math.log2(self.d["active_rows"])))

    def slice_s(self, steps: int) -> float:
        return steps * self.macro["cycle_s"]


@dataclass
class Placed:
    """A layer on a chip."""

    layer: Layer
    g: int
    row_blocks: int
    col_blocks: int
    n: int
    rows_used: int
    columns_used: int
    phases: int
    block_phases: int


def place(chip: Chip, layer: Layer) -> Placed:
    d = chip.d
    g = max(1, min(layer.G, d["rows"] // layer.K, d["cols"] // (chip.n_w * layer.M)))
    row_blocks = math.ceil(layer.K / d["rows"])
    col_blocks = math.ceil(chip.n_w * layer.M / d["cols"])
    rows_used = min(g * layer.K, d["rows"])
    last = layer.K - (row_blocks - 1) * d["rows"]
    a = d["active_rows"]
    return Placed(
        layer=layer,
        g=g,
        row_blocks=row_blocks,
        col_blocks=col_blocks,
        n=math.ceil(layer.G / g) * row_blocks * col_blocks,
        rows_used=rows_used,
        columns_used=min(g * chip.converted * layer.M, d["cols"] * chip.converted // chip.n_w),
        phases=math.ceil(rows_used / a),
        block_phases=(row_blocks - 1) * math.ceil(d["rows"] / a) + math.ceil(last / a),
    )


def copies_in_turn(chip: Chip, placed: list[Placed]) -> list[int]:
    """Continuous optimum by bisection, rounded down, the rest to what gains most per macro."""
    s = [p.layer.steps for p in placed]
    t = [chip.n_in * p.phases for p in placed]
    k = [p.layer.count for p in placed]
    weight = [math.sqrt(s[i] * t[i] / p.n) for i, p in enumerate(placed)]
    low, high = 0.0, max([1.0, *weight])
    for _ in range(50):
        middle = (low + high) / 2
        need = sum(min(max(weight[i] / middle, 1), s[i]) * p.n * k[i] for i, p in enumerate(placed))
        low, high = (middle, high) if need > chip.macros else (low, middle)
    r = []
    for i in range(len(placed)):
        whole = math.floor(min(max(weight[i] / high, 1), s[i]) * (1 + 1e-12))
        r.append(math.ceil(s[i] / math.ceil(s[i] / whole)))
    left = chip.macros - sum(r[i] * p.n * k[i] for i, p in enumerate(placed))
    while True:
        best, chosen, more_of_chosen = 0.0, -1, 0
        for i, p in enumerate(placed):
            rounds = math.ceil(s[i] / r[i])
            more = math.ceil(s[i] / max(rounds - 1, 1))
            cost = (more - r[i]) * p.n * k[i]
            if 0 < cost <= left:
                gain = (rounds - math.ceil(s[i] / more)) * (t[i] * k[i]) / cost
                if gain > best:
                    best, chosen, more_of_chosen = gain, i, more
        if chosen < 0:
            return r
        left -= (more_of_chosen - r[chosen]) * placed[chosen].n * placed[chosen].layer.count
        r[chosen] = more_of_chosen


def copies_at_once(chip: Chip, placed: list[Placed]) -> list[int]:
    """Fewest copies that make the slowest layer as fast as it gets, by trying every bound."""
    best: list[int] | None = None
    bounds = {
        math.ceil(p.layer.steps / r) * chip.n_in * p.phases
        for p in placed
        for r in range(1, p.layer.steps + 1)
    }
    ordered = sorted(bounds)
    low, high = 0, len(ordered) - 1
    while low <= high:
        middle = (low + high) // 2
        r = _within(chip, placed, ordered[middle])
        if r is not None and sum(
            c * p.n * p.layer.count for c, p in zip(r, placed, strict=True)
        ) <= chip.macros:  # fmt: skip
            best, high = r, middle - 1
        else:
            low = middle + 1
    assert best is not None
    return best


def _within(chip: Chip, placed: list[Placed], bound: float) -> list[int] | None:
    copies = []
    for p in placed:
        rounds = bound // (chip.n_in * p.phases)
        if rounds < 1:
            return None
        copies.append(math.ceil(p.layer.steps / rounds))
    return copies


def evaluate(
    design: Design,
    device: str,
    workload: Workload,
    table: PhysicalTable,
    *,
    weight_clip: float = 1.0,
    digital: tuple[str, ...] = (),
    assumptions: Any = USUAL,
    batch: int = 1,
    kv_bits: int = 8,
    caches: tuple[float, float] | None = None,
    owner: Workload | None = None,
) -> dict[str, Any]:
    """Metrics of a batch of one network on one design, one network at a time.

    The chip switches to another network once per 10^6 batches. `caches`: bits that the buffer must
    hold beside all caches, and of the caches; those of the network itself if None.
    `owner`: a network whose weights and cells this one uses.
    """
    if owner is not None and caches is None:
        both = [own_cache(read_layers(w, 1.0, ()), 0, kv_bits) for w in (workload, owner)]
        caches = max(held for held, _ in both), max(reserved for _, reserved in both)
    chip = (DigitalChip if device == "dimc" else Chip)(design, device, table, assumptions)
    layers = read_layers(workload, weight_clip, digital, batch)
    io = batch * network_io(workload)
    chip.digital = [layer for layer in layers if layer.digital]
    chip.held = sum(layer.weight_bits * layer.count for layer in chip.digital if not layer.product)
    chip.kv_bits = kv_bits
    keep_caches(chip, layers, caches)
    placed = [place(chip, layer) for layer in layers if not layer.digital]
    need = sum(p.n * p.layer.count for p in placed)
    pipelined = chip.d["schedule"] == "pipelined"
    streams = device != "rram" and chip.d["dram"] != "none" and not pipelined
    options = []
    choose = copies_at_once if pipelined else copies_in_turn
    if need <= chip.macros and owner is None:
        options.append(run(chip, placed, choose(chip, placed), io, streamed=False))
    elif need <= chip.macros:
        of_owner = read_layers(owner, weight_clip, digital)
        its = [place(chip, layer) for layer in of_owner if not layer.digital]
        pairs = zip(its, choose(chip, its), strict=True)
        copies = {name: c for p, c in pairs for name in p.layer.names}
        held = [copies[p.layer.names[0]] for p in placed]
        r = [min(c, p.layer.steps) for c, p in zip(held, placed, strict=True)]
        options.append(run(chip, placed, r, io, streamed=False, held=held))
    if streams:
        options.append(run(chip, placed, streamed_copies(chip, placed), io, streamed=True))
    missing_bits = shortfall(chip, placed, options, pipelined)
    per_macro = chip.d["rows"] * chip.d["cols"]
    base = {
        "area_m2": chip.area,
        "dram_m2": chip.dram_m2,
        "missing_cells": 0 if streams else max(0, need - chip.macros) * per_macro,
        "missing_bits": missing_bits,
    }
    if not options or missing_bits > 0:
        return base
    if owner is not None:
        same = {"weight_clip": weight_clip, "digital": digital, "assumptions": assumptions}
        its = evaluate(design, device, owner, table, **same, kv_bits=kv_bits, caches=caches)
        if its.get("streamed"):
            options = options[-1:]
    return base | min(options, key=lambda o: o["energy_J"] * o["latency_s"])


def own_cache(layers: list[Layer], held: int, kv_bits: int) -> tuple[float, float]:
    """Bits that the buffer must hold beside the cache of a network, and of the cache."""
    reserved = sum(x.count * x.reserved * x.position_words for x in layers) * kv_bits
    most = max((x.kept_inputs + x.kept_outputs) * 8 + held for x in layers)
    return (most, reserved) if reserved else (0, 0)


def keep_caches(chip: Chip, layers: list[Layer], caches: tuple[float, float] | None) -> None:
    """Decide what share of the caches the buffer keeps, and the room it leaves to others."""
    own = own_cache(layers, chip.held, chip.kv_bits)
    most, reserved = caches or own
    if not reserved:
        return
    chip.kept = min(1.0, max(0, chip.buffer_bits - most) / reserved)
    if not own[1]:
        chip.room = chip.buffer_bits - chip.kept * reserved
    chip.cache_bits_missing = (1 - chip.kept) * reserved if own[1] else 0.0


def shortfall(chip: Chip, placed: list[Placed], options: list[dict], pipelined: bool) -> float:
    """Bits of buffer that are missing: activations without DRAM, line buffers of a pipeline."""
    worst = max(0.0, chip.held - chip.buffer_bits)
    if chip.d["dram"] == "none":
        layers = [*chip.digital, *(p.layer for p in placed)]
        most = max(overflow(chip, layer) for layer in layers)
        worst = max(worst, most + chip.cache_bits_missing)
    r = options[0]["copies"] if options else [1] * len(placed)
    for i, p in enumerate(placed):
        if pipelined:
            tiles = math.ceil(p.n / chip.d["macros_per_tile"])
            room = r[i] * tiles * chip.d["rows"] * chip.d["macros_per_tile"] * 8
            width = (p.layer.Q - 1) * p.layer.stride_w + p.layer.S
            lines = p.layer.C * p.layer.G * (p.layer.R - 1) * width * 8
            worst = max(worst, lines - room)
    return worst


def overflow(chip: Chip, layer: Layer) -> float:
    held = (layer.kept_inputs + layer.kept_outputs) * 8 + chip.held
    return min(layer.kept_outputs * 8, max(0, held - chip.room))


def through_dram(chip: Chip, layer: Layer) -> float:
    """Bits of activations and cache of one occurrence that go through DRAM."""
    read, appended = layer.seen - layer.appended, layer.appended
    cached = (read + appended) * layer.position_words * chip.kv_bits
    return 2 * overflow(chip, layer) + (1 - chip.kept) * cached


def streamed_copies(chip: Chip, placed: list[Placed]) -> list[int]:
    copies = []
    for p in placed:
        s = p.layer.steps
        wanted = min(math.ceil(s * chip.n_in * p.phases / p.rows_used), s)
        r = min(max(chip.macros // p.n, 1), wanted)
        copies.append(math.ceil(s / math.ceil(s / r)))
    return copies


CAUSES = ("compute", "glb", "link", "buffer", "dram")


def run(
    chip: Chip,
    placed: list[Placed],
    r: list[int],
    io: int,
    *,
    streamed: bool,
    held: list[int] | None = None,
) -> dict[str, Any]:
    """Energy and time of one inference, whose input and output have `io` bits.

    `held`: copies that an owner of the weights holds, if it is another network; its weights are
    there at a switch.
    """
    d = chip.d
    energy = off_chip = latency = glb_total = dram_total = link_total = 0.0
    shared = {"glb": 0.0, "dram": 0.0}
    by_cause = dict.fromkeys(CAUSES, 0.0)
    used, filling, at_work = 0, 0.0, 0.0
    stages_compute, stages_buffer = [], []
    stored = written = unit_s = 0.0
    for layer in chip.digital:
        times, joules, bits = digital_layer(chip, layer)
        k = layer.count
        energy += k * joules
        glb_total += k * bits
        dram_total += k * through_dram(chip, layer)
        largest = max(times.values())
        latency += k * largest
        by_cause[max(times, key=lambda c, t=times: t[c])] += k * largest
        unit_s += k * times["compute"]
        shared["glb"] += k * times["glb"]
        shared["dram"] += k * times["dram"]
        filling += k * layer.previous_share * largest
        stages_compute.append(times["compute"])
    for p, copies, held_copies in zip(placed, r, held or r, strict=True):
        passes = max(1, math.ceil(p.n / chip.macros)) if streamed else 1
        move = traffic(chip, p, passes, streamed)
        times, loads, step = layer_time(chip, p, copies, passes, move, streamed)
        k = p.layer.count
        energy += k * layer_energy(chip, p, move)
        glb_total += k * move["glb"]
        link_total += k * move["link"]
        dram_total += k * (move["dram"] + (p.layer.weight_bits if streamed else 0))
        stored += k * p.layer.weight_bits
        written += k * p.layer.K * p.layer.M * p.layer.G * chip.n_w * held_copies
        largest = max(times.values())
        latency += k * (largest + max(loads.values()) + step)
        at_work += k * (largest + step) * p.n * copies  # macros times seconds
        by_cause[max(times, key=lambda c, t=times: t[c])] += k * largest
        by_cause[max(loads, key=lambda c, t=loads: t[c])] += k * max(loads.values())
        by_cause["compute"] += k * step
        stages_compute.append(times["compute"] + step)
        stages_buffer.append(times["buffer"] + step)
        shared["glb"] += k * times["glb"]
        shared["dram"] += k * times["dram"]
        filling += k * p.layer.previous_share * (largest + step)
        used = max(used, p.n * copies) if streamed else used + k * p.n * held_copies
    io = io if d["dram"] != "none" else 0
    dram_total += io
    off_chip = dram_total * chip.dram_J
    load_on, load_off = written * chip.write_J + stored * chip.link_J, stored * chip.dram_J
    latency += io * chip.dram_bit_s
    by_cause["dram"] += io * chip.dram_bit_s
    interval = latency
    if d["schedule"] == "pipelined":
        per_group = d["macros_per_tile"] * d["tiles_per_group"]
        groups = min(d["router_groups"], max(1, math.ceil(used / per_group)))
        link_s = link_total * chip.link_bit_s / groups
        busy = max(stages_compute), max(stages_buffer)
        by_cause = {
            "compute": busy[0] if busy[0] >= busy[1] else 0.0,
            "glb": shared["glb"],
            "link": link_s,
            "buffer": busy[1] if busy[1] > busy[0] else 0.0,
            "dram": shared["dram"] + io * chip.dram_bit_s,
        }
        by_cause["compute"] = max(by_cause["compute"], unit_s)
        interval = max(by_cause.values())
        latency = filling + interval
        if any(x.cache == "keys" and x.appended < x.seen for x in chip.digital):
            interval = latency  # it needs its previous result
    interval_of_arrays = interval
    if held is not None:
        switch = 0.0
    elif streamed:
        energy += load_on
        switch = chip.held * chip.dram_bit_s / REQUESTS
    else:
        energy += load_on / REQUESTS
        off_chip += load_off / REQUESTS
        fetch = (stored + chip.held) * chip.dram_bit_s
        switch = max(d["rows"] * chip.row_write_s, fetch) / REQUESTS
    latency, interval = latency + switch, interval + switch
    energy += chip.held * chip.glb["write"] / 2048 * chip.supply / REQUESTS
    off_chip += chip.held * chip.dram_J / REQUESTS
    energy *= 1 + chip.number("top_energy")
    leak = chip.leak
    if chip.device == "rram":
        use = min(1.0, at_work / (interval_of_arrays * chip.macros))
        leak -= chip.macro_leak * (1 - gated_share(use, chip.assumptions))
    slowed = energy / (POWER_LIMIT * chip.area - leak)
    if slowed > interval:
        latency, interval = latency * slowed / interval, slowed
        by_cause["power"] = math.inf
    energy += leak * interval
    off_chip += IDLE_W[d["dram"]] * interval
    return {
        "streamed": streamed,
        "energy_J": energy + off_chip,
        "latency_s": latency,
        "interval_s": interval,
        "power_W": energy / interval,
        "dram_bits": dram_total,
        "glb_bits": glb_total,
        "occupied_cells": min(used, chip.macros) * d["rows"] * d["cols"],
        "copies": r,
        "bound_by": max(by_cause, key=lambda c: by_cause[c]),
    }


def digital_layer(chip: Chip, layer: Layer) -> tuple[dict[str, float], float, float]:
    """Seconds, energy and bits of the global buffer of one occurrence on the digital unit."""
    units = chip.d["mac_units"]
    side = math.sqrt(units)
    left = layer.steps * math.ceil(layer.M / side) * 8
    right = layer.M * math.ceil(layer.steps / side) * (chip.kv_bits if layer.cache else 8)
    operands, outputs = layer.G * layer.K * (left + right), layer.outputs * 8
    times = {
        "compute": layer.macs / (units * chip.clock),
        "glb": (operands + outputs) * chip.glb_bit_s,
        "dram": through_dram(chip, layer) * chip.dram_bit_s,
    }
    moved = operands * chip.glb["read"] + outputs * chip.glb["write"]
    multiplied = layer.macs * unit_J(chip.node, chip.d["voltage_V"], chip.assumptions)
    return times, multiplied + moved / 2048 * chip.supply, operands + outputs


def traffic(chip: Chip, p: Placed, passes: int, streamed: bool) -> dict[str, float]:
    """Movements of one occurrence of a layer."""
    d, layer = chip.d, p.layer
    width = min(24, chip.sum_bits() + math.ceil(math.log2(p.row_blocks)))
    tiles = math.ceil(p.n / d["macros_per_tile"])
    meeting = math.ceil(p.row_blocks / d["macros_per_tile"])  # tiles with row blocks of an output
    height = math.ceil(p.row_blocks / chip.macros) if passes > 1 else 1
    kept = (height - 1) * layer.outputs * width
    sent = layer.input_words * 8 * min(passes, p.col_blocks)
    buffered = layer.steps * tiles * p.rows_used
    fresh = layer.input_words / (layer.steps * layer.G * layer.K)
    link = sent + layer.outputs * 8 + (meeting - 1) * layer.outputs * width
    return {
        "tiles": tiles,
        "link": link,
        "tile_sum": (p.row_blocks - meeting) * layer.outputs * width,
        "glb_read": sent + kept,
        "glb_write": layer.outputs * 8 + kept,
        "glb": sent + layer.outputs * 8 + 2 * kept,
        "buffer_read": buffered,
        "buffer_write": buffered * fresh,
        "result": layer.steps * tiles * p.columns_used / chip.converted,
        "dram": 2 * overflow(chip, layer),
    }


def layer_time(
    chip: Chip, p: Placed, copies: int, passes: int, move: dict[str, float], streamed: bool
) -> tuple[dict[str, float], dict[str, float], float]:
    """Seconds on each resource, of loading, and of one vector more."""
    d = chip.d
    once = chip.slice_s(math.ceil(p.columns_used / chip.converters))
    step = chip.n_in * p.phases * once
    groups_of_copy = math.ceil(p.n / (d["macros_per_tile"] * d["tiles_per_group"]))
    groups = min(d["router_groups"], copies * groups_of_copy)
    tiles = min(d["tiles_per_group"] * d["router_groups"], copies * move["tiles"])
    words = (move["buffer_read"] + move["buffer_write"]) / tiles
    times = {
        "compute": math.ceil(p.layer.steps / copies) * passes * step,
        "glb": move["glb"] * chip.glb_bit_s,
        "link": move["link"] * chip.link_bit_s / groups,
        "buffer": words * chip.buffer_word_s,
        "dram": move["dram"] * chip.dram_bit_s,
    }
    loads = {"compute": 0.0, "link": 0.0, "dram": 0.0}
    if streamed:
        rows = passes * p.rows_used * chip.row_write_s
        link = p.layer.weight_bits * chip.link_bit_s / groups
        dram = p.layer.weight_bits * chip.dram_bit_s
        if d["ping_pong"]:
            times["compute"] = max(times["compute"], rows)
            times["link"] += link
            times["dram"] += dram
        else:
            loads = {"compute": rows, "link": link, "dram": dram}
    return times, loads, step


def layer_energy(chip: Chip, p: Placed, move: dict[str, float]) -> float:
    """On-chip energy of one occurrence of a layer, without loading weights."""
    layer = p.layer
    pulses, products = chip.cell_reads(layer)
    cells = layer.macs * (chip.n_w * p.g * pulses * chip.low_J + products * chip.span_J)
    cells += layer.macs * products * chip.tree_J * chip.tree_moves(layer)
    vectors = layer.steps * layer.G * chip.n_in
    conversions = vectors * layer.M * chip.converted * p.block_phases
    return (
        cells
        + conversions * chip.convert_J
        + vectors * layer.K * p.col_blocks * chip.dac_J
        + layer.steps * layer.G * layer.K * p.col_blocks * chip.row_pulses(layer) * chip.pulse_J
        + move["buffer_read"] * chip.inputs["read"] * chip.supply
        + move["buffer_write"] * chip.inputs["write"] * chip.supply
        + move["result"] * (chip.results["read"] + chip.results["write"]) * chip.supply
        + move["glb_read"] * chip.glb["read"] / 2048 * chip.supply
        + move["glb_write"] * chip.glb["write"] / 2048 * chip.supply
        + move["link"] * chip.link_J
        + move["tile_sum"] * chip.tile_sum_J
    )


def network_io(workload: Workload) -> int:
    """Bits of the network's own input and output."""
    c, _, p, q, r, s, g, n = workload.shapes[0].tolist()
    h, w = workload.strides[0].tolist()
    height, width = min((p - 1) * h + r, p * r), min((q - 1) * w + s, q * s)
    _, m2, p2, q2, _, _, g2, n2 = workload.shapes[-1].tolist()
    return (n * g * c * height * width + n2 * g2 * m2 * p2 * q2) * 8
