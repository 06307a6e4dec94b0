"""Components of chips: memory devices, ADCs, parts of the component table, and rules of the
model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

import numpy as np

from imcmoo.arrays import Floats, Ints
from imcmoo.hardware.devices import DEVICES
from imcmoo.hardware.lookup import MissingRow
from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.hardware.request import GLB_WIDTH_BITS, TIMED_MV, Request
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.parameters import (
    ADC_MODELS,
    BITS_PER_KIB,
    TEXTS,
    Designs,
    NotInTable,
    refuse,
)
from imcmoo.networks.workloads import BITS


@dataclass(frozen=True, eq=False)
class CellPrices:
    """Costs of one cell, arrays of shape (n,).

    Args:
        low_J: one pulse, or one held level, through a cell at 0.
        span_J: extra energy of a cell at its largest value.
        tree_J: energy of the adders of a tree per changed product, where half of its products
            change; 0 without trees.
        write_J: writing one cell.
        row_write_s: writing one row of a macro.
    """

    low_J: Floats
    span_J: Floats
    tree_J: Floats
    write_J: Floats
    row_write_s: Floats

    def read_at(self, factor: float) -> CellPrices:
        """Prices with a factor on the energies of reading."""
        read = {name: getattr(self, name) * factor for name in ("low_J", "span_J", "tree_J")}
        return replace(self, **read)


@dataclass(frozen=True)
class HoldCosts:
    """Costs of the sample-and-hold of one column: a capacitance charged to V, and an area."""

    charge_F: float
    area_m2: float


@dataclass(frozen=True, eq=False)
class RowCosts:
    """Costs of the circuit that applies inputs to one row, arrays of shape (n,).

    Args:
        energy_J: applying one input slice to an active row, 0 if inputs are sent as pulses.
        area_m2: area per row.
    """

    energy_J: Floats
    area_m2: Floats


@dataclass(frozen=True, eq=False)
class CellCurrents:
    """Conductance and size of cells that are read by currents, for the IR drop.

    Args:
        conductance_S: mean conductance of a cell, shape (n,).
        height_F, width_F: size of a cell, in feature sizes.
    """

    conductance_S: Floats
    height_F: float
    width_F: float


NOISE_ASSUMPTIONS = (
    *("adc_window_sigmas", "row_variance_share", "row_correlation"),
    *("column_correlation", "outlier_columns"),
)
"""Assumptions that decide the noise of any device: windows of ADCs, and statistics of operands."""


class MemoryCell(ABC):
    """A memory device: its cells and column circuits with their costs, limits and defaults.

    To add a device, write a subclass and list it in `MEMORY_CELLS` (`memory_cells.py`).

    Attributes:
        name: name of the device in spaces and studies.
        title: name of the device in messages.
        label: name of the device on cards and pages.
        array: its arrays in the component table, a name in `imcmoo.hardware.devices.DEVICES`.
        streams: True if weights may be loaded for every image.
        multilevel: True if a cell stores several bits, False if `bits_per_cell` must be 1.
        reads_again: True if without sample-and-hold an array is read again for each of the
            conversions of an ADC, False if columns keep their sums.
        cells_leak: True if cells are CMOS and leak.
        holds_inputs: True if a one-bit input stays on its line, which is charged only when it
            changes.
        adds_in_trees: True if adder trees add the products.
        exact: True if gates add the products, so that sums are exact integers: no ADC, no analog
            read, no circuits of columns but `column_circuit`.
        snr_limit_dB: default limit on compute SNR, dB; minus infinity for none.
        defaults: design columns that the device does not have, with their only value.
        decides: what columns decide on this device besides `Column.decides`, by column.
        component_names: names of components in breakdowns, where they are not the usual ones.
        noise_assumptions: assumptions that decide its noise, besides `NOISE_ASSUMPTIONS`.
    """

    name: str
    title: str
    label: str
    array: str
    streams: bool
    multilevel: bool = False
    reads_again: bool = False
    cells_leak: bool = True
    holds_inputs: bool = False
    exact: bool = False
    adds_in_trees: bool = False
    snr_limit_dB: float
    defaults: Mapping[str, str | float] = {}
    decides: Mapping[str, str] = {}
    component_names: Mapping[str, str] = {}
    noise_assumptions: tuple[str, ...] = ()

    def check(self, designs: Designs, weight_bits: int = 1) -> None:
        """Refuse unsupported designs; by default those against `defaults` or `multilevel`.

        Args:
            designs: n designs.
            weight_bits: precision of the weights of the widest network.

        Raises:
            DesignRefused: names the column.
        """
        for name, only in self.defaults.items():
            values = getattr(designs, name)
            if name in TEXTS:
                values = np.array(TEXTS[name])[values]
            refuse(name, values, values != only, f"{only} for {self.title}")
        if not self.multilevel:
            bits = designs.bits_per_cell
            refuse("bits_per_cell", bits, bits != 1, f"1 for {self.title}")

    @abstractmethod
    def prices(
        self,
        designs: Designs,
        array: Mapping[str, Floats],
        slowdown: Floats,
        technology: Technology,
    ) -> CellPrices:
        """Return the costs of one cell.

        Args:
            designs: n designs.
            array: quantities of one crossbar, see `OperatingPoint`, shape (n,).
            slowdown: delay of logic at the supply voltage, shape (n,).
            technology: technology of the study.
        """

    def cell_m2(
        self, designs: Designs, array: Mapping[str, Floats], assumptions: Assumptions
    ) -> Floats:
        """Return the area of a cell, m², shape (n,); by default that of the component table."""
        return array["cell_area"]

    def second_cell_m2(
        self, designs: Designs, array: Mapping[str, Floats], assumptions: Assumptions
    ) -> Floats:
        """Return the area of the second cell of ping-pong arrays, m², shape (n,); by default
        `cell_m2`."""
        return self.cell_m2(designs, array, assumptions)

    def row_pulse_J(self, designs: Designs, assumptions: Assumptions) -> Floats:
        """Return the energy of one pulse on the word line of a row, J, shape (n,); by default 0."""
        return np.zeros(len(designs))

    def row_circuit(self, designs: Designs, technology: Technology) -> RowCosts:
        """Return the costs of the circuit that applies inputs to a row; by default of a DAC.

        Raises:
            ValueError: the component table lacks a value; says which it has.
        """
        assumptions, coded = technology.assumptions, designs.level_coded
        # Inputs sent as pulses need no DAC.
        most = int(assumptions.highest_level_bits.value)
        bits = np.where(coded, np.minimum(designs.input_slice_bits, most), 1)
        dac = technology.table.look_up("dac", node_nm=designs.technology_nm, bits=bits)
        energy = assumptions.dac_F_per_bit.value * designs.input_slice_bits * designs.voltage_V**2
        return RowCosts(
            energy_J=np.where(coded, energy, 0.0) * assumptions.input_energy_factor.value,
            area_m2=np.where(coded, dac["area"], 0.0),
        )

    def driver_factor(self, assumptions: Assumptions) -> float:
        """Return the factor on the tabulated area of row and column drivers; by default 1."""
        return 1.0

    @abstractmethod
    def inputs_s(self, designs: Designs, slowdown: Floats, assumptions: Assumptions) -> Floats:
        """Return the time of the pulses of one input slice, s, shape (n,).

        Args:
            designs: n designs.
            slowdown: delay of logic at the supply voltage, shape (n,).
            assumptions: numbers of the model.
        """

    @abstractmethod
    def sigma(self, assumptions: Assumptions) -> float:
        """Return the standard deviation of a cell as a share of its range."""

    def read_sigma(self, assumptions: Assumptions) -> float:
        """Return the standard deviation of each read of a cell as a share of its range; by default
        0."""
        return 0.0

    def stuck_share(self, assumptions: Assumptions) -> float:
        """Return the share of cells that are stuck at an end of their range; by default 0."""
        return 0.0

    def reference_columns(self, designs: Designs, assumptions: Assumptions) -> Floats:
        """Return the columns of off cells per weight slice and macro whose sums are subtracted,
        shape (n,); by default 0."""
        return np.zeros(len(designs))

    @abstractmethod
    def currents(self, designs: Designs, assumptions: Assumptions) -> CellCurrents | None:
        """Return conductance and size of the cells; None if reads draw no current."""

    def full_scale(self, designs: Designs, assumptions: Assumptions) -> Floats:
        """Return the voltage of the largest sum of a column at its ADC over the supply voltage,
        shape (n,); by default 1."""
        return np.ones(len(designs))

    def sampling_V2(self, designs: Designs, assumptions: Assumptions) -> Floats:
        """Return the noise power of sampling a column, V², shape (n,); by default 0."""
        return np.zeros(len(designs))

    def hold(self, assumptions: Assumptions) -> HoldCosts:
        """Return the costs of a sample-and-hold; by default of one that holds a voltage."""
        return HoldCosts(assumptions.sample_hold_F.value, assumptions.sample_hold_m2.value)

    def column_circuit(
        self,
        designs: Designs,
        array: Mapping[str, Floats],
        slowdown: Floats,
        technology: Technology,
    ) -> AdcCosts:
        """Return the costs of the circuit that digitises the sum of a column; by default an ADC.

        Arguments as for `prices`.

        Raises:
            ValueError: the component table lacks a value; says which it has.
        """
        if technology.switches.shared_converters:
            adc = adc_costs(designs, technology)
        else:
            adc = flash_costs(array)
        return replace(adc, time_s=adc.time_s * slowdown)


@dataclass(frozen=True, eq=False)
class AdcCosts:
    """Costs of one ADC of each design, arrays of shape (n,).

    Args:
        energy_J: energy per conversion.
        area_m2: area of the ADC.
        static_W: static power besides the leakage of its area.
        time_s: time per conversion: by ADC models at the nominal supply voltage, by
            `MemoryCell.column_circuit` at that of the design.
    """

    energy_J: Floats
    area_m2: Floats
    static_W: Floats
    time_s: Floats


@dataclass(frozen=True)
class ZigZagAdc:
    """Fitted to three 28 nm macros; energy and area scale with the node (an assumption).

    Args:
        fitted_nm: node of these macros.
        area_share: share of the fitted area that is taken: Jia et al. 0.40, Wang et al. 0.61, ISAAC
            0.50, NeuroSim 0.43.

    Source: zigzag, hardware/architecture/imc_array.py (KULeuven-MICAS), ADC energy, area, delay.
    """

    fitted_nm: float = 28.0
    area_share: float = 0.45

    def energy_J(self, designs: Designs, technology: Technology) -> Floats:
        """Energy per conversion, proportional to the square of the supply voltage."""
        bits, scale = designs.adc_bits, designs.technology_nm / self.fitted_nm
        energy: Floats = (100e-15 * bits + 1e-18 * 4.0**bits) * designs.voltage_V**2 * scale
        return energy

    def costs(self, designs: Designs, technology: Technology) -> AdcCosts:
        """Costs of one ADC."""
        bits, scale = designs.adc_bits, designs.technology_nm / self.fitted_nm
        return AdcCosts(
            energy_J=self.energy_J(designs, technology),
            area_m2=10 ** (1.206 - 0.0369 * bits) * 2.0**bits * 1e-12 * scale * self.area_share,
            static_W=np.zeros(len(designs)),
            time_s=bits * (0.64e-9 + 0.00653e-9 * designs.active_rows),
        )


@dataclass(frozen=True)
class SarNoiseAdc(ZigZagAdc):
    """A successive-approximation ADC whose comparator is as quiet as the design says.

    Area and time are those of `ZigZagAdc`. Comparator logic and a capacitive DAC scale with node
    and V². In each of b decisions the comparator takes energy in proportion to V² over its noise
    power, which is that of `adc_noise` without the noise of sampling. Where `adc_noise` is 0, the
    comparator is as quiet as steps of the supply over 2^b are small.

    Args:
        logic_F: comparator logic, per bit.
        unit_F: unit capacitor of the DAC.
        noise_J: comparator noise where `adc_noise` is 0, per decision and 4^b.
        comparator_V: supply voltage of the measured comparator.
        comparator_noise_V: its rms noise.

    Source: assumptions, within the band of `adc_energy_factor`: minimum comparator and logic;
    Bindra et al., JSSC 2018, `comparator_J` at 0.4 mV of noise.
    """

    logic_F: float = 10e-15
    unit_F: float = 1e-15
    noise_J: float = 0.6e-18
    comparator_V: float = 1.2
    comparator_noise_V: float = 0.4e-3

    def energy_J(self, designs: Designs, technology: Technology) -> Floats:
        """Energy per conversion: logic and DAC, and the comparator."""
        bits, scale = designs.adc_bits, designs.technology_nm / self.fitted_nm
        switched = (self.logic_F * bits + self.unit_F * 2.0**bits) * designs.voltage_V**2 * scale
        decisions = self.noise_J * bits * 4.0**bits
        if (stated := designs.adc_noise > 0).any():
            decisions = np.where(stated, bits * self._decision_J(designs, technology), decisions)
        energy: Floats = switched + decisions
        return energy

    def _decision_J(self, designs: Designs, technology: Technology) -> Floats:
        """Energy of a decision of the comparator; without meaning where `adc_noise` is 0."""
        allowed_V2 = np.maximum(adc_noise_V2(designs, technology), 1e-300)
        sampling_V2 = technology.device.sampling_V2(designs, technology.assumptions)
        left_V2 = np.maximum(allowed_V2 - sampling_V2, (1 - MOST_SAMPLING) * allowed_V2)
        supply = (designs.voltage_V / self.comparator_V) ** 2
        reference_J = technology.assumptions.comparator_J.value
        energy: Floats = reference_J * supply * (self.comparator_noise_V**2 / left_V2)
        return energy


MOST_SAMPLING = 0.99
"""Largest share of the noise power of a conversion that sampling may take."""


def adc_noise_V2(designs: Designs, technology: Technology) -> Floats:
    """Noise power of a conversion by `adc_noise`, V², shape (n,)."""
    full_V = technology.device.full_scale(designs, technology.assumptions) * designs.voltage_V
    units = 2.0**designs.input_slice_bits - 1
    units = designs.active_rows * units * (2.0**designs.bits_per_cell - 1)
    power: Floats = (designs.adc_noise / 100 * full_V / units) ** 2
    return power


SAR_NOISE_BITS = 12
"""Highest resolution of `sar_noise`; those of the component libraries are in the table."""


@dataclass(frozen=True)
class TabulatedAdc:
    """An ADC of the component libraries.

    Args:
        name: its table.
        ignores_supply: True if its energy does not depend on the supply voltage.
        is_static: True if the library gives its static power.
    """

    name: str
    ignores_supply: bool = False
    is_static: bool = False

    def costs(self, designs: Designs, technology: Technology) -> AdcCosts:
        """Costs of one ADC.

        Raises:
            ValueError: node or resolution is not in the table; says which are.
        """
        table, assumptions = technology.table, technology.assumptions
        costs = table.look_up(self.name, node_nm=designs.technology_nm, bits=designs.adc_bits)
        nominal_V = assumptions.nominal_V.value
        supply = 1.0 if self.ignores_supply else (designs.voltage_V / nominal_V) ** 2
        static = np.zeros(len(designs))
        if self.is_static:
            static = costs["leak"] * assumptions.murmann_leak_share.value
        return AdcCosts(costs["energy"] * supply, costs["area"], static, costs["time"])


ADC_COSTS: dict[str, ZigZagAdc | TabulatedAdc] = {
    "zigzag": ZigZagAdc(),
    "neurosim_sar": TabulatedAdc("neurosim_sar", ignores_supply=True),
    "murmann": TabulatedAdc("murmann", is_static=True),
    "isaac": TabulatedAdc("isaac"),
    "sar_noise": SarNoiseAdc(),
}
"""ADC models by name."""


def adc_costs(designs: Designs, technology: Technology) -> AdcCosts:
    """Costs of the ADC of each design by its model, times the factors that hold for all models.

    Raises:
        ValueError: the model does not have the resolution or node; says which it has.
    """
    check_adc_bits(designs)
    adc, assumptions = _stated_costs(designs, technology), technology.assumptions
    return replace(
        adc,
        energy_J=adc.energy_J * assumptions.adc_energy_factor.value,
        area_m2=adc.area_m2 * assumptions.adc_area_factor.value,
        time_s=adc.time_s * assumptions.adc_time_factor.value,
    )


def _stated_costs(designs: Designs, technology: Technology) -> AdcCosts:
    """Costs of the ADC of each design as its model states them."""
    present = np.unique(designs.adc_model)
    if len(present) == 1:
        return ADC_COSTS[ADC_MODELS[present[0]]].costs(designs, technology)
    parts = [np.empty(len(designs)) for _ in range(4)]
    for index in present:
        of_model = designs.adc_model == index
        costs = ADC_COSTS[ADC_MODELS[index]].costs(designs.take(of_model), technology)
        values = (costs.energy_J, costs.area_m2, costs.static_W, costs.time_s)
        for part, value in zip(parts, values, strict=True):
            part[of_model] = value
    return AdcCosts(*parts)


def flash_costs(array: Mapping[str, Floats]) -> AdcCosts:
    """A 5-bit flash ADC per column as in the reference model, from NeuroSim; takes no time."""
    return AdcCosts(
        energy_J=array["flash_energy"],
        area_m2=array["flash_area"],
        static_W=np.zeros_like(array["flash_energy"]),
        time_s=np.zeros_like(array["flash_energy"]),
    )


GLB_BITS = 2048
"""Word width of the global buffer, bits."""

Source = tuple[str | None, float]
"""Design column of a key and its factor, or None and a constant."""

NODE: Source = ("technology_nm", 1)
ROWS: Source = ("rows", 1)
COLS: Source = ("cols", 1)


PartKeys = tuple[str, dict[str, Source]]
"""Table of a part, and the source of each of its keys."""


def _buffer(width_bits: Source, depth_words: Source, banks: Source = (None, 1)) -> PartKeys:
    return "buffer", {
        "node_nm": NODE,
        "width_bits": width_bits,
        "depth_words": depth_words,
        "banks": banks,
    }


_ARRAY: dict[str, Source] = {"node_nm": NODE, "rows": ROWS, "cols": COLS}
TIMED_V = TIMED_MV / 1000
"""Supply at which times of arrays are taken from the table, V. At 0.6 V the table has 2.6 to 16
times as much, so that wires and all are slowed down as logic is (an assumption).
"""

PARTS: dict[str, PartKeys] = {
    "technology": ("technology", {"node_nm": NODE}),
    "input_buffer": _buffer(("macros_per_tile", 8), ROWS),
    "result_buffer": _buffer(("macros_per_tile", 8), COLS),
    "glb": _buffer((None, GLB_BITS), ("glb_KiB", BITS_PER_KIB / GLB_BITS), ("glb_banks", 1)),
    "cells_as_memory": _buffer(COLS, ROWS),
    **{name: (name, _ARRAY | {"voltage_V": ("voltage_V", 1)}) for name in DEVICES},
    **{f"{name}_time": (name, _ARRAY | {"voltage_V": (None, TIMED_V)}) for name in DEVICES},
}
"""Parts that are looked up by design columns."""


def part_costs(name: str, designs: Designs, table: PhysicalTable) -> Mapping[str, Floats]:
    """Quantities of one of `PARTS` for n designs.

    Raises:
        MissingRow: the component table lacks a value; says which it has.
    """
    component, keys = PARTS[name]
    return table.look_up(component, **_key_values(keys, designs))


SMALL_BUFFER_BITS = 65536
"""Size of an SRAM whose periphery takes as much area as its cells."""


def with_packed_words(designs: Designs) -> Designs:
    """Designs with an input buffer `buffer_words` times as wide and as much less deep."""
    words = designs.buffer_words
    wider, fewer = designs.macros_per_tile * words, designs.rows / words
    return replace(designs, macros_per_tile=wider, rows=fewer)


def tile_buffer(name: str, designs: Designs, technology: Technology) -> dict[str, Floats]:
    """Quantities of an input or result buffer per access, with the least area of a small SRAM.

    Raises:
        MissingRow: the component table lacks a value; says which it has.
    """
    costs = dict(part_costs(name, designs, technology.table))
    keys = _key_values(PARTS[name][1], designs)
    bits = keys["width_bits"] * keys["depth_words"]
    per_bit = technology.assumptions.small_buffer_m2_per_bit.value
    cells = per_bit * (designs.technology_nm / 32) ** 2 * bits
    costs["area"] = np.maximum(costs["area"], cells * (1 + np.sqrt(SMALL_BUFFER_BITS / bits)))
    return costs


def _key_values(keys: Mapping[str, Source], designs: Designs) -> dict[str, Floats | float]:
    return {
        key: scale if name is None else getattr(designs, name) * scale
        for key, (name, scale) in keys.items()
    }


@dataclass(frozen=True)
class Switches:
    """Physical rules that the reference model does not have; off is what it does instead.

    Numbers are the rows of the ledger in `docs/physical_model.md`. All off need not equal the
    reference.

    Args:
        placement: 1. Layers share the chip's cells, and writing them costs; off: each layer has
            the whole chip while all count as resident.
        pulses: 2. Every slice and every pulse of an input takes its time; off: one read.
        voltage_slows: 3. A lower supply slows arrays, ADCs and clock; off: all as at 0.9 V.
        bandwidth: 4. Buffers, links and DRAM take time; off: they answer at once.
        shared_converters: 5. Columns share ADCs of chosen resolution; off: a 5-bit flash
            ADC per column.
        few_levels: 6. At most 4 bits per cell, and devices vary; off: 8 bits, perfect cells.
        unsigned_inputs: 7. Inputs that are never negative are coded without offset; off: with.
        strides: 8. Layers move only the inputs they read; off: as if all strides were 1.
        wide_sums: 9. Partial sums have their full width and are shifted and added; off: 8 bits.
        wires: 10. Moving a bit across the chip charges a wire; off: routers only.
        idle_leakage: 11. All that is powered leaks; off: only what is in use.
        activation_dram: 12. Network input and output and what the buffer cannot hold go through
            DRAM; off: not.
        diagonal_groups: 15. Groups of a convolution share a macro; off: each takes its own.
    """

    placement: bool = True
    pulses: bool = True
    voltage_slows: bool = True
    bandwidth: bool = True
    shared_converters: bool = True
    few_levels: bool = True
    unsigned_inputs: bool = True
    strides: bool = True
    wide_sums: bool = True
    wires: bool = True
    idle_leakage: bool = True
    activation_dram: bool = True
    diagonal_groups: bool = True

    @classmethod
    def all_off(cls) -> Switches:
        """None of the physical rules."""
        return cls(**{field.name: False for field in fields(cls)})


@dataclass(frozen=True, eq=False, kw_only=True)
class Technology:
    """Numbers and rules shared by all designs of a study.

    Args:
        device: memory device.
        table: energy, area and delay of components.
        assumptions: numbers that no library gives.
        switches: physical rules that apply.
        input_bits, weight_bits: precision of the widest network.
    """

    device: MemoryCell
    table: PhysicalTable
    assumptions: Assumptions
    switches: Switches
    input_bits: int = BITS
    weight_bits: int = BITS

    def calibrated(self, name: str) -> float:
        """Factor of a calibration, by its name in `Assumptions`; 1 for exact sums, which no macro
        calibrates."""
        return 1.0 if self.device.exact else float(getattr(self.assumptions, name).value)

    @property
    def idle_macro_leak(self) -> float:
        """Share of their leakage that idle macros keep: all of it if cells lose their weights
        without supply, or if only macros in use leak."""
        if self.device.streams or not self.switches.idle_leakage:
            return 1.0
        return float(self.assumptions.gated_leak.value)

    def has_noise_of(self, other: Technology) -> bool:
        """True if all assumptions that decide noise are those of another one of this device."""
        names = (*NOISE_ASSUMPTIONS, *self.device.noise_assumptions)
        mine, others = self.assumptions, other.assumptions
        return all(getattr(mine, name).value == getattr(others, name).value for name in names)


def adcs_per_macro(designs: Designs, switches: Switches) -> Floats:
    """ADCs of one macro; one per column (or pair) if they are not shared."""
    columns = np.floor(designs.cols / (1 + designs.differential))
    if not switches.shared_converters:
        return columns
    shared: Floats = np.ceil(columns / designs.columns_per_adc)
    return shared


def adder_costs(
    designs: Designs, more_bits: Floats, table: PhysicalTable, assumptions: Assumptions
) -> dict[str, Floats]:
    """Costs of a shift-and-add that is `more_bits` wider than its ADC; 0 where nothing shifts.

    Raises:
        MissingRow: the component table lacks a width; says which it has.
    """
    bits = designs.adc_bits + more_bits
    costs = dict(table.look_up("shift_add", node_nm=designs.technology_nm, bits=bits))
    costs["energy"] = costs["energy"] * assumptions.shift_add_factor.value
    return {name: np.where(more_bits > 0, values, 0.0) for name, values in costs.items()}


READ_AGAIN = 2
"""Code of `in_turn` for an array that is read again for each conversion."""


def in_turn(designs: Designs, device: MemoryCell) -> Floats:
    """Code of the order of reads and conversions of an array, shape (n,).

    0 if a sample-and-hold per column lets both happen at once, 1 if an array is read and then
    converted, `READ_AGAIN` if it is read once for each of the conversions of an ADC.
    """
    without = READ_AGAIN if device.reads_again else 1
    return np.where(designs.sample_and_hold > 0, 0.0, without)


def require_coverage(designs: Designs, technology: Technology) -> None:
    """Check that the table has every component of n designs.

    Raises:
        DesignRefused: names design column, design and allowed values.
    """
    device, table = technology.device, technology.table
    check_supply(designs, technology.assumptions)
    arrays = [device.array, f"{device.array}_time"]
    everyone = np.arange(len(designs))
    names = ["technology", *arrays, "result_buffer", "glb"]
    for name in [*names, *(["cells_as_memory"] if device.streams else [])]:
        _require(designs, everyone, technology, *PARTS[name])
    _require(with_packed_words(designs), everyone, technology, *PARTS["input_buffer"])
    bits: dict[str, Source] = {"node_nm": NODE, "bits": ("adc_bits", 1)}
    for index, name in enumerate(ADC_MODELS):
        if name in table.tables:
            _require(designs, np.flatnonzero(designs.adc_model == index), technology, name, bits)
    check_adc_bits(designs)
    check_dac_bits(designs, technology.assumptions)


def check_supply(designs: Designs, assumptions: Assumptions) -> None:
    """Refuse supply voltages at which the SRAM cells of buffers do not keep their bits.

    Raises:
        DesignRefused: names the design.
    """
    least, supply = assumptions.sram_minimum_V.value, designs.voltage_V
    allowed = f"at least {least:g} V, for the SRAM of buffers (a second rail is not modelled)"
    refuse("voltage_V", supply, supply < least, allowed)


def check_adc_bits(designs: Designs) -> None:
    """Refuse ADCs of more bits than the model `sar_noise` has.

    Raises:
        DesignRefused: names the design.
    """
    bits, of_model = designs.adc_bits, designs.adc_model == ADC_MODELS.index("sar_noise")
    wrong = of_model & (bits > SAR_NOISE_BITS)
    refuse("adc_bits", bits, wrong, f"at most {SAR_NOISE_BITS} where adc_model is sar_noise")


def check_dac_bits(designs: Designs, assumptions: Assumptions) -> None:
    """Refuse designs that apply more input bits at once than a DAC supports.

    Raises:
        DesignRefused: names the design.
    """
    highest = assumptions.highest_level_bits.value
    slices = designs.input_slice_bits
    wrong = designs.level_coded & (slices > highest)
    refuse("input_slice_bits", slices, wrong, f"at most {highest:g} where input_coding is levels")


def _require(
    designs: Designs, some: Ints, technology: Technology, component: str, keys: dict[str, Source]
) -> None:
    """Check one component of some of the designs."""
    table, device = technology.table, technology.device.array
    try:
        table.look_up(component, **_key_values(keys, designs.take(some)))
    except MissingRow as missing:
        name, scale = keys[missing.key]
        column = name or (missing.key if missing.key in BUILT else "technology_nm")
        design = int(some[missing.index])
        problem = f"{getattr(designs, column)[design]:g} is given"
        if name is None:
            problem, scale = f"{scale:g} is needed as well", 1.0
        remedy = _remedy(designs, design, device, table) if column in BUILT else ""
        allowed = ", ".join(f"{value / scale:g}" for value in missing.available)
        raise NotInTable(
            column,
            design,
            f"{problem}, but the component table has {component} only for {allowed}{remedy}",
        ) from None


BUILT = ("rows", "cols", "macros_per_tile", "glb_KiB", "voltage_V")
"""Columns of whose values `imcmoo components build` makes components."""


def _remedy(designs: Designs, at: int, device: str, table: PhysicalTable) -> str:
    """Command that adds the components of a design to the table; empty if none can."""
    if table.is_open:
        return ""
    one = designs.take(np.array([at]))
    try:
        request = Request(
            device,
            (int(one.technology_nm[0]),),
            rows=(int(one.rows[0]),),
            cols=(int(one.cols[0]),),
            millivolts=(round(one.voltage_V[0] * 1000),),
            macros=(int(one.macros_per_tile[0]),),
            glb_depths=(int(one.glb_KiB[0] * BITS_PER_KIB) // GLB_WIDTH_BITS,),
            model="physical",
        )
    except ValueError:
        return ""
    return f"; {request.remedy(table.path)}"
