"""Chips beside the table of macros: what the model says of them, and of what it is given.

Sources: NeuRRAM (Wan et al., Nature 2022) and Jia et al. (JSSC 2020) as cimloop records them in
`arch/1_macro/wan_nature_2022/_tests.py` and `arch/1_macro/jia_jssc_2020`; ISAAC (ISCA 2016); the
others as `data/chips.csv` says.
"""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import as_file, files

import numpy as np
import pandas as pd

from experiments.silicon.coverage import Macro, judge
from experiments.silicon.macro import macro_costs, macro_designs, macro_point
from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.components import slowdown
from imcmoo.model.physical.latency import read_time
from imcmoo.model.physical.memory_cells import DEVICES

NEURRAM = Macro("rram", 130, 45, 0.9, 256, 256, 256, 256, 4, 1, 8, 256, 256)
"""One of its 48 arrays, at the coarsest node of the component table: the chip has 130 nm."""
NEURRAM_MODES = (
    # bits of inputs and outputs; TOPS and us per vector as published
    (1, 3, 2.122, 1.48),
    (4, 6, 0.744, 4.23),
    (8, 10, 0.264, 11.9),
)
NEURRAM_PULSE_S, NEURRAM_BIT_S = 92e-9, 470e-9
NEURRAM_SLICE_BITS = 4
NEURRAM_OPERATIONS = 2 * 48 * 128 * 256
"""Of a vector on all arrays: a weight is a pair of cells in neighbouring rows."""
NEURRAM_SOURCE = "Wan et al., Nature 2022; cimloop arch/1_macro/wan_nature_2022/_tests.py"

JIA_V = (0.85, 1.2)
JIA_TOPS = (0.874, 2.185)
JIA_TOPS_PER_W = (400.0, 192.0)
JIA_SOURCE = "Jia et al., JSSC 2020; cimloop arch/1_macro/jia_jssc_2020"
JIA_NODE_NM = 45
"""The coarsest node with a tabulated threshold: the chip has 65 nm."""

ISAAC = Macro("rram", 32, 32, 0.9, 128, 128, 128, 128, 1, 1, 8, 128, 1)
ISAAC_ARRAYS, ISAAC_SLICES, ISAAC_COLUMNS = 168 * 12 * 8, 16, 8
ISAAC_SLICE_S, ISAAC_TOPS = 100e-9, 41.3
ISAAC_SOURCE = "Shafiee et al., ISCA 2016"

PRECISION = {"AIMC3 ISSCC 2023": 8.0}
"""Input bits that a chip's TOPS/W is told for, where they are not those of one invocation."""


def compare(table: PhysicalTable) -> pd.DataFrame:
    """All comparisons.

    Returns:
        Columns chip, setting, quantity, unit, measured, model, ratio (model over measured),
        source.
    """
    lines = [*_macros(table), *_neurram(table), *_jia(table), *_isaac(table)]
    frame = pd.DataFrame(
        lines, columns=["chip", "setting", "quantity", "unit", "measured", "model", "source"]
    )
    frame.insert(6, "ratio", frame["model"] / frame["measured"])
    return frame


Line = tuple[str, str, str, str, float, float, str]


def _macros(table: PhysicalTable) -> list[Line]:
    """Macros that are told like those of the table."""
    with as_file(files("experiments.silicon") / "data" / "chips.csv") as path:
        rows = pd.read_csv(path, dtype=str, keep_default_na=False).to_dict("records")
    lines: list[Line] = []
    for row in rows:
        text = {str(name): str(value) for name, value in row.items()}
        macro = judge(text, table, Assumptions()).macro
        if macro is None:
            raise ValueError(f"{text['chip']} is not covered")
        costs = macro_costs([macro], table=table, given=Assumptions())
        chip, setting, source = text["chip"], f"{text['voltage_V']} V", text["source"]
        # In operations of the chip's own precision, as it is published.
        operations = float(costs.operations[0]) / (macro.input_bits * macro.weight_bits)
        clock, tops = text["clock_MHz"], text["tops"]
        seconds = 1 / (float(clock) * 1e6) if clock else operations / (float(tops) * 1e12)
        per_result = PRECISION.get(chip, macro.input_bits) / macro.input_bits
        efficiency = operations / per_result / float(costs.energy_J[0]) * 1e-12
        time = float(costs.time_s[0])
        lines += [
            (chip, setting, "time of an invocation", "ns", seconds * 1e9, time * 1e9, source),
            (chip, setting, "TOPS/W", "TOPS/W", float(text["tops_per_W"]), efficiency, source),
        ]
        if text["area_mm2"]:
            area = float(text["cores"]) * float(costs.area_m2[0]) * 1e6
            told = "area, sum of the parts"
            lines.append((chip, setting, told, "mm2", float(text["area_mm2"]), area, source))
    return lines


def neurram_s(table: PhysicalTable, bits: tuple[int, int], *, given: bool) -> float:
    """Seconds of a vector on NeuRRAM, by the model's read time.

    Args:
        table: component numbers.
        bits: of inputs and of outputs.
        given: whether pulse and converter take what the chip's do; else the model's 10 ns and
            default converter.
    """
    inputs, outputs = bits
    slice_bits = min(inputs, NEURRAM_SLICE_BITS)
    assumptions = Assumptions().having(pulse_s=NEURRAM_PULSE_S) if given else Assumptions()
    macro = replace(NEURRAM, input_bits=slice_bits, adc_bits=outputs)
    point = macro_point([macro], table=table, given=assumptions)
    if given:
        chip = replace(point.adc, time_s=np.array([outputs * NEURRAM_BIT_S]))
        point = replace(point, adc=chip)
    designs = replace(macro_designs([macro], "zigzag"), input_coding=np.array([0]))  # pulses
    adcs = np.array([macro.n_adc], dtype=float)
    read = read_time(
        designs,
        point,
        adcs[:, None],
        adcs,
        device=DEVICES["rram"],
        assumptions=assumptions,
        pulses=True,
    )
    return float(-(-inputs // slice_bits) * read[0, 0])


def _neurram(table: PhysicalTable) -> list[Line]:
    lines: list[Line] = []
    for given, told in ((True, "92 ns a pulse, 470 ns a bit given"), (False, "nothing given")):
        first = neurram_s(table, NEURRAM_MODES[0][:2], given=given)
        for inputs, outputs, tops, us in NEURRAM_MODES:
            setting = f"{inputs}-bit inputs, {outputs}-bit outputs, {told}"
            time = neurram_s(table, (inputs, outputs), given=given)
            modelled = NEURRAM_OPERATIONS / time * 1e-12
            ratio = us / NEURRAM_MODES[0][3]
            lines += [
                ("NeuRRAM", setting, "time of a vector", "us", us, time * 1e6, NEURRAM_SOURCE),
                ("NeuRRAM", setting, "TOPS", "TOPS", tops, modelled, NEURRAM_SOURCE),
                ("NeuRRAM", setting, "time over 1 bit's", "1", ratio, time / first, NEURRAM_SOURCE),
            ]
    return lines


def _jia(table: PhysicalTable) -> list[Line]:
    """What a lower supply costs in speed and saves in energy: ratios need no node's numbers."""
    threshold = np.asarray(table.look_up("technology", node_nm=JIA_NODE_NM)["threshold_V"])
    low, high = JIA_V
    lines: list[Line] = []
    for exponent in (2.0, 1.3):
        given = Assumptions().having(voltage_exponent=exponent)
        kappa = [float(slowdown(np.array([v]), threshold, given)[0]) for v in JIA_V]
        setting = f"{low:g} over {high:g} V, exponent {exponent:g}"
        lines.append(
            (
                "Jia JSSC 2020",
                setting,
                "slowdown",
                "1",
                JIA_TOPS[1] / JIA_TOPS[0],
                kappa[0] / kappa[1],
                JIA_SOURCE,
            )
        )
    saved = JIA_TOPS_PER_W[0] / JIA_TOPS_PER_W[1]
    told = f"{low:g} over {high:g} V"
    lines.append(
        ("Jia JSSC 2020", told, "TOPS/W gained", "1", saved, (high / low) ** 2, JIA_SOURCE)
    )
    return lines


def isaac_tops(table: PhysicalTable, *, given: bool) -> float:
    """Peak throughput of ISAAC, by the model's read time with sample-and-hold, 16-bit operands.

    Args:
        table: component numbers.
        given: whether a slice takes the published 100 ns; else 128 conversions of its converter.
    """
    assumptions = Assumptions()
    point = macro_point([ISAAC], table=table, given=assumptions, adc_model="isaac")
    if given:
        chip = replace(point.adc, time_s=np.array([ISAAC_SLICE_S / ISAAC.cols]))
        point = replace(point, adc=chip)
    designs = replace(
        macro_designs([ISAAC], "isaac"),
        sample_and_hold=np.array([1]),
        input_coding=np.array([0]),  # pulses
    )
    read = read_time(
        designs,
        point,
        np.array([[ISAAC.cols]]),
        np.array([ISAAC.n_adc]),
        device=DEVICES["rram"],
        assumptions=assumptions,
        pulses=True,
    )
    operations = 2 * ISAAC.rows * (ISAAC.cols / ISAAC_COLUMNS) * ISAAC_ARRAYS
    return float(operations / (ISAAC_SLICES * read[0, 0]) * 1e-12)


def _isaac(table: PhysicalTable) -> list[Line]:
    return [
        (
            "ISAAC",
            told,
            "peak TOPS, 16-bit",
            "TOPS",
            ISAAC_TOPS,
            isaac_tops(table, given=given),
            ISAAC_SOURCE,
        )
        for given, told in (
            (True, "100 ns a slice given"),
            (False, "its own converter and sample-and-hold"),
        )
    ]
