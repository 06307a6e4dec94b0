"""ISAAC's published peak throughput from the model's own timing.

ISAAC (ISCA 2016): 168 tiles of 12 units of 8 arrays, 128 × 128 cells of 2 bits, 16-bit inputs in
16 slices and 16-bit weights in 8 columns, one 1.2 GS/s converter per array; 41.3 TOPS at 100 ns
per slice.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.components import OperatingPoint, operating_point
from imcmoo.model.physical.latency import read_time
from imcmoo.model.physical.memory_cells import DEVICES
from imcmoo.model.physical.parameters import Designs
from imcmoo.model.physical.switches import Switches

ARRAYS = 168 * 12 * 8
SLICES, COLUMNS_PER_WEIGHT = 16, 8

ISAAC = {
    "technology_nm": [32],
    "voltage_V": [0.9],
    "rows": [128],
    "cols": [128],
    "active_rows": [128],
    "bits_per_cell": [2],
    "input_slice_bits": [1],
    "adc_bits": [8],
    "columns_per_adc": [128],
    "macros_per_tile": [96],
    "tiles_per_group": [4],
    "router_groups": [42],
    "glb_KiB": [1024],
    "glb_banks": [4],
    "link_bits": [256],
    "dram": ["none"],
    "schedule": ["pipelined"],
    "sample_and_hold": [1],
}


def tops(designs: Designs, point: OperatingPoint, converters: float) -> float:
    """Operations per second of all arrays, each of 128 rows times 16 weights."""
    read = read_time(
        designs,
        point,
        np.array([[128.0]]),
        np.array([converters]),
        device=DEVICES["rram"],
        assumptions=Assumptions(),
        pulses=True,
    )
    operations = 2 * 128 * (128 / COLUMNS_PER_WEIGHT) * ARRAYS
    return float(operations / (SLICES * read[0, 0]) / 1e12)


def isaac() -> tuple[Designs, OperatingPoint]:
    designs = Designs.of_columns(ISAAC, adc_model="isaac")
    point = operating_point(
        designs,
        device=DEVICES["rram"],
        table=PhysicalTable.load(),
        assumptions=Assumptions(),
        switches=Switches(),
    )
    return designs, point


def test_arrays_are_those_of_the_chip() -> None:
    designs, _ = isaac()
    assert designs.macros[0] == ARRAYS


def test_published_throughput_with_100_ns_a_slice_given() -> None:
    designs, point = isaac()
    converter = replace(point.adc, time_s=np.array([100e-9 / 128]))
    assert tops(designs, replace(point, adc=converter), 1.0) == pytest.approx(41.3, abs=0.05)


def test_throughput_with_its_own_converter_and_sample_and_hold() -> None:
    designs, point = isaac()
    assert point.adc.time_s[0] == pytest.approx(1 / 1.2e9)
    assert tops(designs, point, 1.0) == pytest.approx(38.7, abs=0.05)


def test_without_a_sample_and_hold_it_is_slower() -> None:
    designs, point = isaac()
    bare = replace(designs, sample_and_hold=np.array([0]))
    assert tops(bare, point, 1.0) < 36
