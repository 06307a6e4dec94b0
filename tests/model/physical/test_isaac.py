"""ISAAC's published peak throughput from the model's own timing.

ISAAC (ISCA 2016): 168 tiles of 12 units of 8 arrays, 128 × 128 cells of 2 bits, 16-bit inputs in
16 slices and 16-bit weights in 8 columns, one 1.2 GS/s converter per array; 41.3 TOPS at 100 ns
per slice.
"""

from dataclasses import replace

import numpy as np
import pytest

from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.chip import operating_point
from imcmoo.model.physical.components import Switches, Technology
from imcmoo.model.physical.latency import macro_read_time
from imcmoo.model.physical.memory_cells import MEMORY_CELLS
from imcmoo.model.physical.parameters import Designs
from tests.model.physical.designs import columns

ARRAYS = 168 * 12 * 8
SLICES, COLUMNS_PER_WEIGHT = 16, 8
RRAM = Technology(
    device=MEMORY_CELLS["rram"],
    table=PhysicalTable.load(),
    assumptions=Assumptions(),
    switches=Switches(),
)

ISAAC = columns(
    active_rows=128,
    input_slice_bits=1,
    adc_bits=8,
    columns_per_adc=128,
    macros_per_tile=96,
    tiles_per_group=4,
    router_groups=42,
    sample_and_hold=1,
)


def tops(designs, point, converters):
    """Operations per second of all arrays, each of 128 rows times 16 weights."""
    read = macro_read_time(
        designs,
        point,
        np.array([[128.0]]),
        np.array([converters]),
        RRAM,
    )
    operations = 2 * 128 * (128 / COLUMNS_PER_WEIGHT) * ARRAYS
    return float(operations / (SLICES * read[0, 0]) / 1e12)


def isaac():
    designs = Designs.of_columns(ISAAC, defaults={"adc_model": "isaac"})
    return designs, operating_point(designs, RRAM)


def test_published_throughput_with_100_ns_a_slice_and_less_with_the_model_s_own():
    designs, point = isaac()
    assert designs.macros[0] == ARRAYS
    converter = replace(point.adc, time_s=np.array([100e-9 / 128]))
    assert tops(designs, replace(point, adc=converter), 1.0) == pytest.approx(41.3, abs=0.05)
    assert point.adc.time_s[0] == pytest.approx(1 / 1.2e9)
    assert tops(designs, point, 1.0) == pytest.approx(38.7, abs=0.05)
    bare = replace(designs, sample_and_hold=np.array([0]))
    assert tops(bare, point, 1.0) < 36
