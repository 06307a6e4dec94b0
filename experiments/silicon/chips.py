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

from experiments.silicon.macros import judged
from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.chip import slowdown
from imcmoo.model.physical.latency import macro_read_time
from imcmoo.model.physical.macro import macro_costs, macro_point, technology_of
from imcmoo.model.physical.parameters import ADC_MODELS

MACROS = Path(__file__).parent / "data" / "chips.csv"

RRAM = pd.DataFrame({"device": ["rram"], "cell": ["plain"], "voltage_V": [0.9], "weight_bits": [1]})

NEURRAM = RRAM.assign(
    **dict.fromkeys(("rows", "cols", "array_rows", "array_cols"), 256),
    **{"node_nm": 45, "dot_product_length": 256, "n_adc": 256},
)
"""One of its 48 arrays, at the coarsest node of the component table: the chip has 130 nm."""
NEURRAM_MODES = ((1, 3, 2.122, 1.48), (4, 6, 0.744, 4.23), (8, 10, 0.264, 11.9))
"""Bits of inputs and of outputs; published TOPS and µs per vector."""
NEURRAM_PULSE_S, NEURRAM_BIT_S = 92e-9, 470e-9
NEURRAM_SLICE_BITS = 4

ISAAC_SIZE = 128
ISAAC = RRAM.assign(
    **dict.fromkeys(("rows", "cols", "array_rows", "array_cols"), ISAAC_SIZE),
    **{"node_nm": 32, "dot_product_length": ISAAC_SIZE, "n_adc": 1, "input_bits": 1, "adc_bits": 8},
)

PRECISION = {"AIMC3 ISSCC 2023": 8.0}
"""Input bits of a chip's published TOPS/W, if they are not those of one invocation."""

COLUMNS = ["chip", "setting", "quantity", "unit", "measured", "model", "source"]
Line = tuple[str, str, str, str, float, float, str]


def compare(table: PhysicalTable) -> pd.DataFrame:
    """Compare all chips.

    Returns:
        Columns chip, setting, quantity, unit, measured, model, ratio (model over measured), source.
    """
    lines = [*_neurram(table), *_jia(table), *_isaac(table)]
    frame = pd.concat([_macros(table), pd.DataFrame(lines, columns=COLUMNS)])
    frame.insert(6, "ratio", frame["model"] / frame["measured"])
    return frame


def _macros(table: PhysicalTable) -> pd.DataFrame:
    """Compare macros that are described like those of the table."""
    chips = pd.read_csv(MACROS, dtype=str, keep_default_na=False)
    macros = judged(chips, table)
    if not macros["covered"].all():
        raise ValueError(f"not all macros of {MACROS.name} are covered")
    published = chips.apply(pd.to_numeric, errors="coerce")
    costs = macro_costs(macros, table)
    # In operations of the chip's own precision, as it is published.
    operations = costs["operations"] / (macros["input_bits"] * macros["weight_bits"])
    seconds = 1 / (published["clock_MHz"] * 1e6)
    seconds = seconds.fillna(operations / (published["tops"] * 1e12))
    invocations = chips["chip"].map(PRECISION).fillna(macros["input_bits"]) / macros["input_bits"]
    efficiency = operations / invocations / costs["energy_J"] * 1e-12
    areas = costs["area_m2"] * 1e6 * published["cores"]
    named = chips[["chip"]].assign(setting=chips["voltage_V"] + " V", source=chips["source"])
    quantities = [
        ("time of an invocation", "ns", seconds * 1e9, costs["time_s"] * 1e9),
        ("TOPS/W", "TOPS/W", published["tops_per_W"], efficiency),
        ("area, sum of the parts", "mm2", published["area_mm2"], areas),
    ]
    frames = [
        named.assign(quantity=quantity, unit=unit, measured=measured, model=model)
        for quantity, unit, measured, model in quantities
    ]
    compared = pd.concat(frames).dropna(subset=["measured"]).sort_index(kind="stable")
    return compared[COLUMNS]


def _pulsed_read_s(
    macro: pd.DataFrame,
    table: PhysicalTable,
    adc_s: float | None,
    assumptions: Assumptions,
    *,
    adc_model: str = ADC_MODELS[0],
    hold: int = 0,
) -> float:
    """Seconds of one read of a resistive array with pulses; `adc_s` replaces the ADC's own."""
    designs, point = macro_point(macro, table, assumptions=assumptions, adc_model=adc_model)
    if adc_s is not None:
        point = replace(point, adc=replace(point.adc, time_s=adc_s * point.slowdown))
    designs = replace(designs, input_coding=np.array([0]), sample_and_hold=np.array([hold]))
    cols, adcs = macro[["cols"]].to_numpy(), macro["n_adc"].to_numpy()
    how = technology_of(macro, table, assumptions)
    read = macro_read_time(designs, point, cols, adcs, how)
    return float(read[0, 0])


def neurram_s(table: PhysicalTable, bits: tuple[int, int], *, stated: bool) -> float:
    """Model the time of a vector on NeuRRAM, with some bits of inputs and of outputs, in seconds.

    If `stated`, pulse and ADC take as long as the chip's; else the model's 10 ns and its default
    ADC.
    """
    inputs, outputs = bits
    slice_bits = min(inputs, NEURRAM_SLICE_BITS)
    assumptions = Assumptions().having(pulse_s=NEURRAM_PULSE_S) if stated else Assumptions()
    adc_s = outputs * NEURRAM_BIT_S if stated else None
    macro = NEURRAM.assign(input_bits=slice_bits, adc_bits=outputs)
    return -(-inputs // slice_bits) * _pulsed_read_s(macro, table, adc_s, assumptions)


def _neurram(table: PhysicalTable) -> Iterator[Line]:
    source = "Wan et al., Nature 2022; cimloop arch/1_macro/wan_nature_2022/_tests.py"
    operations = 2 * 48 * 128 * 256  # per vector on all arrays: a weight is a pair of cells
    for stated, name in ((True, "92 ns a pulse, 470 ns a bit given"), (False, "nothing given")):
        first = neurram_s(table, NEURRAM_MODES[0][:2], stated=stated)
        for inputs, outputs, tops, us in NEURRAM_MODES:
            setting = f"{inputs}-bit inputs, {outputs}-bit outputs, {name}"
            time = neurram_s(table, (inputs, outputs), stated=stated)
            ratio = us / NEURRAM_MODES[0][3]
            for line in (
                ("time of a vector", "us", us, time * 1e6),
                ("TOPS", "TOPS", tops, operations / time * 1e-12),
                ("time over 1 bit's", "1", ratio, time / first),
            ):
                yield "NeuRRAM", setting, *line, source


def _jia(table: PhysicalTable) -> Iterator[Line]:
    """Compare ratios between two supply voltages, which do not depend on the node: the coarsest
    with a tabulated threshold, while the chip has 65 nm."""
    chip, source = "Jia JSSC 2020", "Jia et al., JSSC 2020; cimloop arch/1_macro/jia_jssc_2020"
    low, high, tops, tops_per_W = 0.85, 1.2, (0.874, 2.185), (400.0, 192.0)
    supplies = f"{low:g} over {high:g} V"
    threshold = np.asarray(table.look_up("technology", node_nm=45)["threshold_V"])
    for exponent in (1.9, 1.4):
        assumptions = Assumptions().having(voltage_exponent=exponent)
        kappa = slowdown(np.array([low, high]), threshold, assumptions)
        setting, model = f"{supplies}, exponent {exponent:g}", float(kappa[0] / kappa[1])
        yield chip, setting, "slowdown", "1", tops[1] / tops[0], model, source
    yield (
        chip,
        supplies,
        "TOPS/W gained",
        "1",
        tops_per_W[0] / tops_per_W[1],
        (high / low) ** 2,
        source,
    )


def _isaac(table: PhysicalTable) -> Iterator[Line]:
    """Compare the peak throughput with sample-and-hold and 16-bit operands, in 16 slices."""
    arrays, columns_of_weight, slices, slice_s = 168 * 12 * 8, 8, 16, 100e-9
    operations = 2 * ISAAC_SIZE * (ISAAC_SIZE / columns_of_weight) * arrays
    for setting, adc_s in (
        ("100 ns a slice given", slice_s / ISAAC_SIZE),
        ("its own ADC and sample-and-hold", None),
    ):
        time = _pulsed_read_s(ISAAC, table, adc_s, Assumptions(), adc_model="isaac", hold=1)
        tops = operations / (slices * time) * 1e-12
        yield "ISAAC", setting, "peak TOPS, 16-bit", "TOPS", 41.3, tops, "Shafiee et al., ISCA 2016"
