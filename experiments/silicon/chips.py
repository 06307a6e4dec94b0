"""Chips beside the table of macros: modelled values against published ones.

Sources: NeuRRAM (Wan et al., Nature 2022) and Jia et al. (JSSC 2020) as cimloop records them in
`arch/1_macro/wan_nature_2022/_tests.py` and `arch/1_macro/jia_jssc_2020`; ISAAC (ISCA 2016); the
others as `data/chips.csv` says.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from experiments.silicon.coverage import Macro, judge
from experiments.silicon.macro import macro_costs, macro_designs, macro_point
from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.components import OperatingPoint, slowdown
from imcmoo.model.physical.latency import read_time
from imcmoo.model.physical.memory_cells import MEMORY_CELLS

MACROS = Path(__file__).parent / "data" / "chips.csv"

NEURRAM = Macro("rram", 130, 45, 0.9, 256, 256, 256, 256, 4, 1, 8, 256, 256)
"""One of its 48 arrays, at the coarsest node of the component table: the chip has 130 nm."""
NEURRAM_MODES = ((1, 3, 2.122, 1.48), (4, 6, 0.744, 4.23), (8, 10, 0.264, 11.9))
"""Bits of inputs and of outputs; published TOPS and µs per vector."""
NEURRAM_PULSE_S, NEURRAM_BIT_S = 92e-9, 470e-9
NEURRAM_SLICE_BITS = 4
NEURRAM_OPERATIONS = 2 * 48 * 128 * 256
"""Per vector on all arrays: a weight is a pair of cells in neighbouring rows."""
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
"""Input bits of a chip's published TOPS/W, if they are not those of one invocation."""

Line = tuple[str, str, str, str, float, float, str]


def compare(table: PhysicalTable) -> pd.DataFrame:
    """Compare all chips.

    Returns:
        Columns chip, setting, quantity, unit, measured, model, ratio (model over measured),
        source.
    """
    lines = [*_macros(table), *_neurram(table), *_jia(table), *_isaac(table)]
    columns = ["chip", "setting", "quantity", "unit", "measured", "model", "source"]
    frame = pd.DataFrame(lines, columns=columns)
    frame.insert(6, "ratio", frame["model"] / frame["measured"])
    return frame


def _macros(table: PhysicalTable) -> Iterator[Line]:
    """Compare macros that are described like those of the table."""
    for row in pd.read_csv(MACROS, dtype=str, keep_default_na=False).to_dict("records"):
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
        yield chip, setting, "time of an invocation", "ns", seconds * 1e9, time * 1e9, source
        yield chip, setting, "TOPS/W", "TOPS/W", float(text["tops_per_W"]), efficiency, source
        if text["area_mm2"]:
            area, published = float(costs.area_m2[0]) * 1e6, float(text["area_mm2"])
            area *= float(text["cores"])
            yield chip, setting, "area, sum of the parts", "mm2", published, area, source


def _with_adc_time(point: OperatingPoint, seconds: float) -> OperatingPoint:
    return replace(point, adc=replace(point.adc, time_s=np.array([seconds])))


def neurram_s(table: PhysicalTable, bits: tuple[int, int], *, given: bool) -> float:
    """Model the time of a vector on NeuRRAM.

    Args:
        table: component numbers.
        bits: of inputs and of outputs.
        given: whether pulse and ADC take as long as the chip's; else the model's 10 ns and its
            default ADC.

    Returns:
        Seconds.
    """
    inputs, outputs = bits
    slice_bits = min(inputs, NEURRAM_SLICE_BITS)
    assumptions = Assumptions().having(pulse_s=NEURRAM_PULSE_S) if given else Assumptions()
    macro = replace(NEURRAM, input_bits=slice_bits, adc_bits=outputs)
    point = macro_point([macro], table=table, given=assumptions)
    if given:
        point = _with_adc_time(point, outputs * NEURRAM_BIT_S)
    designs = replace(macro_designs([macro], "zigzag"), input_coding=np.array([0]))  # pulses
    adcs = np.array([macro.n_adc], dtype=float)
    device = MEMORY_CELLS["rram"]
    read = read_time(
        designs, point, adcs[:, None], adcs, device=device, assumptions=assumptions, pulses=True
    )
    return float(-(-inputs // slice_bits) * read[0, 0])


def _neurram(table: PhysicalTable) -> Iterator[Line]:
    for stated, name in ((True, "92 ns a pulse, 470 ns a bit given"), (False, "nothing given")):
        first = neurram_s(table, NEURRAM_MODES[0][:2], given=stated)
        for inputs, outputs, tops, us in NEURRAM_MODES:
            setting = f"{inputs}-bit inputs, {outputs}-bit outputs, {name}"
            time = neurram_s(table, (inputs, outputs), given=stated)
            ratio = us / NEURRAM_MODES[0][3]
            for quantity, unit, measured, model in (
                ("time of a vector", "us", us, time * 1e6),
                ("TOPS", "TOPS", tops, NEURRAM_OPERATIONS / time * 1e-12),
                ("time over 1 bit's", "1", ratio, time / first),
            ):
                yield "NeuRRAM", setting, quantity, unit, measured, model, NEURRAM_SOURCE


def _jia(table: PhysicalTable) -> Iterator[Line]:
    """Compare ratios between two supply voltages, which do not depend on the node."""
    threshold = np.asarray(table.look_up("technology", node_nm=JIA_NODE_NM)["threshold_V"])
    low, high = JIA_V
    chip, supplies = "Jia JSSC 2020", f"{low:g} over {high:g} V"
    for exponent in (2.0, 1.3):
        assumptions = Assumptions().having(voltage_exponent=exponent)
        kappa = [float(slowdown(np.array([v]), threshold, assumptions)[0]) for v in JIA_V]
        setting, measured = f"{supplies}, exponent {exponent:g}", JIA_TOPS[1] / JIA_TOPS[0]
        yield chip, setting, "slowdown", "1", measured, kappa[0] / kappa[1], JIA_SOURCE
    saved = JIA_TOPS_PER_W[0] / JIA_TOPS_PER_W[1]
    yield chip, supplies, "TOPS/W gained", "1", saved, (high / low) ** 2, JIA_SOURCE


def isaac_tops(table: PhysicalTable, *, given: bool) -> float:
    """Model the peak throughput of ISAAC with sample-and-hold and 16-bit operands.

    Args:
        table: component numbers.
        given: whether a slice takes the published 100 ns; else 128 conversions of its ADC.

    Returns:
        TOPS.
    """
    assumptions = Assumptions()
    point = macro_point([ISAAC], table=table, given=assumptions, adc_model="isaac")
    if given:
        point = _with_adc_time(point, ISAAC_SLICE_S / ISAAC.cols)
    with_hold = replace(macro_designs([ISAAC], "isaac"), sample_and_hold=np.array([1]))
    designs = replace(with_hold, input_coding=np.array([0]))  # pulses
    columns, adcs, device = np.array([[ISAAC.cols]]), np.array([ISAAC.n_adc]), MEMORY_CELLS["rram"]
    read = read_time(
        designs, point, columns, adcs, device=device, assumptions=assumptions, pulses=True
    )
    operations = 2 * ISAAC.rows * (ISAAC.cols / ISAAC_COLUMNS) * ISAAC_ARRAYS
    return float(operations / (ISAAC_SLICES * read[0, 0]) * 1e-12)


def _isaac(table: PhysicalTable) -> Iterator[Line]:
    settings = {
        "100 ns a slice given": True,
        "its own ADC and sample-and-hold": False,
    }
    for setting, values in settings.items():
        tops = isaac_tops(table, given=values)
        yield "ISAAC", setting, "peak TOPS, 16-bit", "TOPS", ISAAC_TOPS, tops, ISAAC_SOURCE
