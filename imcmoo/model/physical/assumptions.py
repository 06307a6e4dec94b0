"""All numbers of the physical model that no component library gives.

Each has a value, a band within which a study should vary it, and the reason for both. "assumption"
marks engineering judgement; the others name their source.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Literal

from imcmoo.io.errors import did_you_mean_or_known

Spread = Literal["interval90", "limits", "held"]
"""Meaning of a band: a 90 % interval of the mean, limits of what is plausible, or no draws."""

OF_NOISE = "noise of circuits: its band is a limit of plausibility, not what chips vary by"
OF_CIRCUITS = "a property of the array that decides its noise or its limits"
OF_COUNTS = "it changes counts, or which designs there are"
OF_SOURCES = "a speed grade or the statement of a library, not an estimate"
"""Why an assumption is held."""


@dataclass(frozen=True)
class Assumption:
    """A number, its band, and the reason for both.

    Only value, band and reason are part of its text, and so of digests of cost models.

    Args:
        value: SI units.
        low: lower end of the band.
        high: upper end of the band.
        reason: source, or "assumption" and its basis.
        group: name of the assumptions that are drawn together. If empty, it is drawn alone.
        falls: True if it falls where the others of its group rise.
        spread: meaning of the band for draws.
        least, most: physical limits of drawn values.
        why_held: why it is not drawn; empty unless `spread` is "held".

    Raises:
        ValueError: the value is outside its band, or the spread does not fit.
    """

    value: float
    low: float
    high: float
    reason: str
    group: str = field(default="", repr=False)
    falls: bool = field(default=False, repr=False)
    spread: Spread = field(default="limits", repr=False)
    least: float = field(default=0.0, repr=False)
    most: float = field(default=math.inf, repr=False)
    why_held: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if not self.low <= self.value <= self.high:
            raise ValueError(f"{self.value:g} is outside its band {self.low:g} to {self.high:g}")
        if bool(self.why_held) != (self.spread == "held"):
            raise ValueError(f"spread {self.spread} and the reason {self.why_held!r} do not fit")


@dataclass(frozen=True)
class Assumptions:
    """Assumptions of the model; change some with `Assumptions().having(clock_Hz=5e8)`."""

    nominal_V: Assumption = Assumption(0.9, 0.8, 1.0, "supply at which library energies are taken")
    voltage_exponent: Assumption = Assumption(
        1.4,
        1.2,
        1.9,
        "Sakurai and Newton 1990; least squares in ln time of nine chips at two supplies 1.37, "
        "90 % interval 1.22 to 1.70; times 0.2 V away are off by 1.5",
        spread="interval90",
    )
    sram_minimum_V: Assumption = Assumption(
        0.7,
        0.6,
        0.8,
        "least supply of the 6T cells of buffers: JLPEA 2(2):143, 2012; assist circuits give 0.1 V",
        spread="held",
        why_held=OF_COUNTS,
    )
    clock_Hz: Assumption = Assumption(
        1e9, 0.5e9, 2e9, "assumption: digital clock at 0.9 V and above", group="logic_speed"
    )
    sram_pulse_s: Assumption = Assumption(
        1e-9,
        0.3e-9,
        3e-9,
        "assumption, at 0.9 V: word-line pulses of published macros are below 2 ns",
    )
    pulse_s: Assumption = Assumption(
        30e-9,
        10e-9,
        92e-9,
        "resistive cells: geometric mean of the pulse whose energy NeuroSim gives, 10 ns, and of "
        "NeuRRAM's 92 ns",
    )
    highest_level_bits: Assumption = Assumption(
        4, 2, 4, "assumption: bits a row's DAC settles at once", spread="held", why_held=OF_COUNTS
    )
    dac_F_per_bit: Assumption = Assumption(
        50e-15, 25e-15, 100e-15, "ZigZag imc_array.py: 50 fF V^2"
    )
    sample_hold_F: Assumption = Assumption(
        10e-15, 5e-15, 50e-15, "assumption: a capacitor per column", group="holds"
    )
    sample_hold_m2: Assumption = Assumption(
        5e-12, 2e-12, 20e-12, "assumption: that capacitor's area", group="holds"
    )
    sram_cell_F2: Assumption = Assumption(
        1200,
        700,
        1800,
        "cell with capacitor: Jia 4.9 um2 or 1,160 F2 with drivers of the array, Wang 1,800 F2",
        spread="interval90",
        least=280.0,
    )
    sram_unit_F: Assumption = Assumption(
        1.2e-15,
        0.5e-15,
        3e-15,
        "assumption: matched capacitor of a cell; Jia and Wang 6 fF",
        spread="held",
        why_held=OF_CIRCUITS,
    )
    sram_line_F: Assumption = Assumption(
        0.7e-15,
        0.0,
        3e-15,
        "assumption, at 28 nm: lines across 35 F 0.39 fF, gates 0.31 fF",
        group="array_lines",
    )
    current_hold_F: Assumption = Assumption(
        50e-15,
        10e-15,
        200e-15,
        "assumption: likewise, with the front end that a current needs",
        group="holds",
    )
    current_hold_m2: Assumption = Assumption(
        20e-12,
        5e-12,
        80e-12,
        "assumption: likewise, with the front end that a current needs",
        group="holds",
    )
    shift_add_factor: Assumption = Assumption(
        0.4,
        0.25,
        0.65,
        "of the table's energy; Horowitz 2014: 0.11 pJ for 20 bits at 45 nm",
        group="logic_capacitance",
    )
    adc_energy_factor: Assumption = Assumption(
        1.0,
        0.5,
        3.2,
        "assumption, of every ADC model; beside sar_noise NeuroSim's SAR of 5 and 6 bits takes "
        "1.1 and 0.85 times the energy, ADCs of 8 bits in two published macros 2.0 and 4.6 times",
        spread="interval90",
        least=1 / 30,
        most=30.0,
    )
    comparator_J: Assumption = Assumption(
        34e-15,
        10e-15,
        102e-15,
        "energy of a decision at 1.2 V and 0.4 mV of noise: Bindra et al., JSSC 2018",
    )
    rram_full_scale: Assumption = Assumption(
        1.0, 0.3, 4.0, "assumption: largest sum of a column at its ADC over the supply voltage"
    )
    input_energy_factor: Assumption = Assumption(
        1.0,
        0.275,
        5.5,
        "assumption, of DACs and word lines; for calibration to a macro",
        spread="interval90",
        least=1 / 30,
        most=30.0,
    )
    array_energy_factor: Assumption = Assumption(
        1.0,
        0.275,
        5.5,
        "assumption, of reading cells; for calibration to a macro",
        spread="interval90",
        least=1 / 30,
        most=30.0,
    )
    adc_time_factor: Assumption = Assumption(
        1.0,
        0.55,
        1.8,
        "assumption, of every ADC model; for calibration to a macro",
        spread="interval90",
        least=1 / 30,
        most=30.0,
    )
    array_area_factor: Assumption = Assumption(
        1.0,
        0.275,
        5.5,
        "assumption, of cells, drivers, DACs and holds; for calibration to a macro",
        spread="interval90",
        least=1 / 30,
        most=30.0,
    )
    adc_area_factor: Assumption = Assumption(
        1.0,
        0.6,
        1.7,
        "assumption, of every ADC model: published ADCs take 0.9 to 1.4 times zigzag's",
        spread="interval90",
        least=1 / 30,
        most=30.0,
    )
    adc_bias_W: Assumption = Assumption(
        7e-6, 3e-6, 12e-6, "assumption: references and bias of an ADC at 0.9 V"
    )
    adc_trim_area: Assumption = Assumption(
        1.1, 1.05, 1.2, "assumption: area of an ADC with trim over that without"
    )
    spare_columns: Assumption = Assumption(
        0.02, 0.0, 0.05, "assumption: spare columns of an analog array over its columns"
    )
    sram_row_write_s: Assumption = Assumption(
        1e-9, 0.5e-9, 4e-9, "assumption: a row write at 0.9 V"
    )
    rram_write_pulses: Assumption = Assumption(
        8.5, 1, 20, "NeuRRAM (Nature 2022): mean pulses per cell with verify"
    )
    rram_write_pulse_s: Assumption = Assumption(
        650e-9,
        50e-9,
        8520e-9,
        "geometric mean of NeuroSim's cell file, 50 ns, and CiMLoop's NeuRRAM cell file, 8,520 ns",
    )
    wire_F_per_m: Assumption = Assumption(
        0.2e-9, 0.15e-9, 0.3e-9, "assumption: 0.2 pF per mm", group="wires"
    )
    wire_length: Assumption = Assumption(
        2 / 3, 0.3, 1.0, "mean Manhattan distance of two random points of a unit square"
    )
    link_efficiency: Assumption = Assumption(
        0.7, 0.5, 1.0, "assumption: share of cycles links carry data"
    )
    dram_efficiency: Assumption = Assumption(
        0.8, 0.6, 0.95, "assumption: share of DRAM's peak rate"
    )
    lpddr4_pin_rate: Assumption = Assumption(
        4.266e9,
        3.2e9,
        4.266e9,
        "JEDEC JESD209-4: 4,266 Mbit/s a pin (the library: 80 times less)",
        spread="held",
        why_held=OF_SOURCES,
    )
    lpddr4_idle_W_per_bit: Assumption = Assumption(
        0.040 / 16,
        0.0,
        0.080 / 16,
        "idle and refreshed 16-bit channel, IDD2N and IDD5 of 8 Gb "
        "LPDDR4-3200 (DRAMSys JEDEC_8Gb_LPDDR4-3200_16bit): 34 + 6 mW; 0: charged to others",
        group="dram_idle",
    )
    hbm2_idle_W: Assumption = Assumption(
        1.04,
        0.0,
        2.1,
        "16 idle and refreshed channels of 128 bits, IDD2N and IDD5AB of "
        "DRAMsim3's HBM2_8Gb_x128: 48 + 17 mW each; 0: charged to others",
        group="dram_idle",
    )
    lpddr4_rest_W_per_bit: Assumption = Assumption(
        0.0024 / 64,
        0.0,
        0.010 / 64,
        "self-refresh of 64 bits (16 Gb), 0.15 mW per 2 Gb (ISSCC 2017 23.4, as reported)",
        group="dram_rest",
    )
    hbm2_rest_W: Assumption = Assumption(
        0.13,
        0.05,
        0.3,
        "assumption: self-refresh of two stacks",
        group="dram_rest",
    )
    leak_W_per_m2: Assumption = Assumption(
        1000,
        500,
        2000,
        "assumption, of all CMOS of 7 to 45 nm at 0.9 V and 25 C: 1 mW per mm2",
        group="leak",
    )
    leak_temperature: Assumption = Assumption(
        5.0,
        3.0,
        10.0,
        "assumption: leakage at 85 C over that at 25 C; it doubles every 25 C",
        group="leak",
    )
    gated_leak: Assumption = Assumption(
        0.1,
        0.03,
        0.3,
        "assumption: leakage of a macro behind a power switch over that of one with supply",
    )
    murmann_leak_share: Assumption = Assumption(
        1.0,
        0.0,
        1.0,
        "assumption: share of the static power that hwcomponents-adc states for a "
        "murmann ADC, which is a quarter of its power at full rate",
        spread="held",
        why_held=OF_SOURCES,
    )
    lpddr4_interface_m2_per_bit: Assumption = Assumption(
        2e-6 / 64, 1e-6 / 64, 4e-6 / 64, "assumption: 2 mm2 of PHY for 64 bits", group="dram_phy"
    )
    hbm2_interface_m2: Assumption = Assumption(
        25e-6, 12e-6, 40e-6, "assumption: PHY of two stacks", group="dram_phy"
    )
    dram_footprint_factor: Assumption = Assumption(
        1.0, 0.5, 2.0, "assumption, of the board area of DRAM packages beside the chip"
    )
    dram_silicon_factor: Assumption = Assumption(
        1.0,
        0.7,
        1.4,
        "assumption, of the area of DRAM dies: 65 mm2 for 8 Gb; two stacks of eight dies of "
        "85 mm2 are 1,360",
    )
    small_buffer_m2_per_bit: Assumption = Assumption(
        0.171e-12,
        0.1e-12,
        0.3e-12,
        "assumption, at 32 nm: a small SRAM has the periphery of its perimeter, which CACTI leaves "
        "out",
    )
    top_area: Assumption = Assumption(
        0.2, 0.1, 0.4, "assumption: clock and control, share of the area of all components"
    )
    top_energy: Assumption = Assumption(
        0.15,
        0.05,
        0.4,
        "assumption: clock and control, share of the energy of all actions",
        group="clock_tree",
    )
    power_W_per_m2: Assumption = Assumption(
        1e6, 0.5e6, 2e6, "assumption: what air cooling takes away"
    )
    widest_sum_bits: Assumption = Assumption(
        24, 16, 32, "assumption: partial sums are cut there", spread="held", why_held=OF_COUNTS
    )
    rram_sigma: Assumption = Assumption(
        0.043,
        0.011,
        0.127,
        "assumption: NeuRRAM after 1 s; 0.082 after a day; CMO-ReRAM 0.011 (aihwkit); 0.127 of a "
        "cell of the cost model that is off",
        spread="held",
        why_held=OF_NOISE,
    )
    sram_mismatch: Assumption = Assumption(
        0.008,
        0.0033,
        0.022,
        "assumption: mismatch of a capacitor of 1 fF; it falls with the root of the capacitance",
        spread="held",
        why_held=OF_NOISE,
    )
    rram_read_sigma: Assumption = Assumption(
        0.01,
        0.0,
        0.02,
        "assumption, share of a cell's range; aihwkit has about 1 %",
        spread="held",
        why_held=OF_NOISE,
    )
    sram_read_sigma: Assumption = Assumption(
        0.0,
        0.0,
        0.02,
        "assumption, share of a cell's range: a charge is read without noise",
        spread="held",
        why_held=OF_NOISE,
    )
    rram_stuck_share: Assumption = Assumption(
        1e-4,
        0.0,
        1e-3,
        "assumption: share of cells stuck at an end of their range, after repair",
        spread="held",
        why_held=OF_NOISE,
    )
    sram_stuck_share: Assumption = Assumption(
        0.0,
        0.0,
        1e-3,
        "assumption: share of cells stuck at an end of their range, after repair",
        spread="held",
        why_held=OF_NOISE,
    )
    adc_window_sigmas: Assumption = Assumption(
        4.0, 3.0, 5.0, "assumption: clipping beyond 4 sigma", spread="held", why_held=OF_NOISE
    )
    row_variance_share: Assumption = Assumption(
        0.8,
        0.5,
        1.0,
        "assumption: share of the inputs' variance that is not between the means of "
        "rows; median of 124 layers of five networks (experiments/edge_networks)",
        spread="held",
        why_held=OF_NOISE,
    )
    row_correlation: Assumption = Assumption(
        0.005,
        0.0,
        0.1,
        "assumption: correlation of two rows' inputs over samples; likewise",
        spread="held",
        why_held=OF_NOISE,
    )
    column_correlation: Assumption = Assumption(
        0.001,
        0.0,
        0.03,
        "assumption: correlation of two weights over columns; likewise",
        spread="held",
        why_held=OF_NOISE,
    )
    outlier_columns: Assumption = Assumption(
        1 / 400,
        0.0,
        1 / 100,
        "assumption: share of columns whose mean sum is an outlier; one of 384 "
        "in a layer of MiniLM-L3, whose weights are nearly all positive",
        spread="held",
        why_held=OF_NOISE,
    )
    offset_cell_S: Assumption = Assumption(
        2.95e-6,
        0.9e-6,
        5.0e-6,
        "mean of 6 and 900 kOhm cells, each behind an effective 195 kOhm",
        spread="held",
        why_held=OF_CIRCUITS,
    )
    differential_cell_S: Assumption = Assumption(
        1.7e-6,
        0.9e-6,
        2.95e-6,
        "the same where one of a pair is off and the other mostly small",
        spread="held",
        why_held=OF_CIRCUITS,
    )
    reference_columns: Assumption = Assumption(
        1.0,
        0.0,
        4.0,
        "assumption: columns of off cells per weight slice of a macro with offset weights, whose "
        "current is subtracted",
    )
    rram_cell_F2: Assumption = Assumption(
        100.0,
        48.0,
        134.0,
        "216 x 225 nm at 22 nm (Intel, VLSI 2019, WikiChip Fuse); NeuRRAM 126 F2",
        group="rram_cell",
        spread="interval90",
        least=4.0,
    )
    column_pitch_F: Assumption = Assumption(
        10.0, 7.0, 11.6, "height of the 100 F2 cell", spread="held", why_held=OF_CIRCUITS
    )
    row_pitch_F: Assumption = Assumption(
        10.0, 7.0, 11.6, "width of the 100 F2 cell", group="rram_cell"
    )
    word_line_V: Assumption = Assumption(
        1.2, 0.9, 2.2, "assumption: voltage of a word line that selects transistors of cells"
    )
    word_line_factor: Assumption = Assumption(
        2.0, 0.5, 8.0, "assumption, of the charge of a word line; NeuRRAM takes about 2.5 fF a cell"
    )
    rram_driver_factor: Assumption = Assumption(
        5.0,
        1.0,
        10.0,
        "high voltage, which the table's drivers do not switch: 5.25 in CiMLoop's NeuRRAM, whose "
        "drivers take 1.75 times its cells; Intel's macro has 204 F2 a bit",
        spread="interval90",
    )

    gate_F: Assumption = Assumption(
        0.7e-15,
        0.5e-15,
        1.0e-15,
        "ZigZag imc_unit.py (BSD 3-clause), 28 nm: NAND2, nd2_cap; linear in the node",
        group="logic_capacitance",
    )
    gate_m2: Assumption = Assumption(
        0.614e-12, 0.5e-12, 0.8e-12, "ZigZag imc_unit.py, 28 nm: nd2_area; square of the node"
    )
    gate_s: Assumption = Assumption(
        47.8e-12,
        33e-12,
        70e-12,
        "ZigZag imc_unit.py, 28 nm and 0.9 V: nd2_dly; linear in the node; low: faster adders",
        group="logic_speed",
        falls=True,
    )
    dimc_clock_Hz: Assumption = Assumption(
        350e6,
        265e6,
        520e6,
        "invocations a second of 12 published digital macros of 11 publications, 22 to 65 nm, at "
        "28 nm and 0.9 V: median 372 MHz, its 90 % interval 265 to 517; 346 of 7 publications",
        spread="interval90",
    )
    input_line_F: Assumption = Assumption(
        0.7e-15,
        0.35e-15,
        1.4e-15,
        "two lines of line_F, at 28 nm, across each analog SRAM cell; ZigZag has no energy of a "
        "one-bit DAC; linear in the node",
        group="array_lines",
    )
    line_F: Assumption = Assumption(
        0.35e-15,
        0.2e-15,
        0.7e-15,
        "ZigZag imc_unit.py, 28 nm: line per cell, wl_cap and bl_cap; linear in the node",
        group="array_lines",
    )
    logic_overhead: Assumption = Assumption(
        1.1,
        1.0,
        1.4,
        "assumption, of the energy of digital macros: local clock gating; the top level of a chip "
        "has the clock trunk; 1.2 for a macro compared alone",
        group="clock_tree",
    )
    multiplier_activity: Assumption = Assumption(
        0.6,
        0.4,
        0.9,
        "of the adders of a multiplier: 0.2 pJ for 8 bits at 45 nm (Horowitz, ISSCC 2014, as "
        "reported)",
    )
    mac_factor: Assumption = Assumption(
        1.0,
        0.85,
        2.93,
        "assumption, of the energy of the digital unit: 0.21 pJ without registers, 0.72 pJ in the "
        "component table",
    )
    tree_wires: Assumption = Assumption(
        0.25,
        0.0,
        0.6,
        "assumption, share of the energy of adders of a tree: every line crosses half the side of "
        "the tree at 0.2 pF per mm, 0.12 to 0.41; 0 for a macro compared alone",
        group="wires",
    )
    tree_activity: Assumption = Assumption(
        1.0,
        0.85,
        1.2,
        "assumption, of the energy of adders by share of changed products: a simulation without "
        "glitches differs by up to 9 %",
    )

    def fault(self, name: str, value: float) -> str:
        """Why an assumption cannot have a value; empty if it can."""
        names = [field.name for field in fields(self)]
        if name not in names:
            return f"unknown assumption; {did_you_mean_or_known(name, names)}"
        try:
            replace(getattr(self, name), value=value)
        except ValueError as error:
            return str(error)
        return ""

    def why_not_drawn(self, name: str) -> str:
        """Why an assumption cannot be drawn; empty if it can."""
        drawn = [f.name for f in fields(self) if getattr(self, f.name).spread != "held"]
        if name in drawn:
            return ""
        if name in [field.name for field in fields(self)]:
            return f"{name} is never drawn ({getattr(self, name).why_held}); leave it out"
        return f"unknown assumption {name!r}; {did_you_mean_or_known(name, drawn)}"

    def having(self, **values: float) -> Assumptions:
        """Return a copy with some values changed.

        Raises:
            ValueError: a name is unknown, or a value is outside its band.
        """
        for name, value in values.items():
            if fault := self.fault(name, value):
                raise ValueError(f"{name}: {fault}")
        return replace(
            self, **{name: replace(getattr(self, name), value=v) for name, v in values.items()}
        )

    def drawn(self, values: Mapping[str, float]) -> Assumptions:
        """Return a copy with drawn values; bands widen to hold values outside.

        Args:
            values: new values by name.

        Raises:
            AttributeError: a name is unknown.
        """
        changed = {}
        for name, value in values.items():
            known: Assumption = getattr(self, name)
            low, high = min(known.low, value), max(known.high, value)
            changed[name] = replace(known, value=value, low=low, high=high)
        return replace(self, **changed)
