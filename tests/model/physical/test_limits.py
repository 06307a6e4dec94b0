"""Loss along wires and levels of a cell: what the default limits allow."""

from __future__ import annotations

import numpy as np
import pytest

from imcmoo.model.physical.constraints import DEFAULT_IR_DROP, DEFAULT_LEVEL_SIGMAS
from imcmoo.model.physical.metrics import PhysicalMetrics
from imcmoo.model.physical.model import PhysicalModel
from imcmoo.model.physical.parameters import space_voltages
from imcmoo.networks.workloads import WorkloadSet

MODEL = PhysicalModel(WorkloadSet.load(["resnet18"]), device="rram")


def evaluated(rows: int, active: int, coding: str, **other: object) -> PhysicalMetrics:
    columns = {
        "technology_nm": 22,
        "voltage_V": 0.9,
        "rows": rows,
        "cols": 128,
        "active_rows": active,
        "bits_per_cell": 2,
        "weight_coding": coding,
        "input_slice_bits": 1,
        "adc_bits": 6,
        "columns_per_adc": 8,
        "macros_per_tile": 8,
        "tiles_per_group": 8,
        "router_groups": 8,
        "glb_KiB": 1024,
        "glb_banks": 4,
        "link_bits": 128,
        "dram": "x32",
        "schedule": "layer",
        **other,
    }
    return MODEL.evaluate({k: np.array([v]) for k, v in columns.items()})


def drop(rows: int, active: int, coding: str, **other: object) -> float:
    return float(evaluated(rows, active, coding, **other).ir_drop[0])


@pytest.mark.parametrize(
    ("rows", "most_offset", "most_differential"), [(128, 128, 128), (256, 64, 128), (512, 32, 64)]
)
def test_rows_that_may_be_read_at_once_at_22_nm(
    rows: int, most_offset: int, most_differential: int
) -> None:
    for coding, most in (("offset", most_offset), ("differential", most_differential)):
        assert drop(rows, most, coding) <= DEFAULT_IR_DROP
        if most < rows:
            assert drop(rows, 2 * most, coding) > DEFAULT_IR_DROP


def test_with_levels_rows_lose_voltage_too() -> None:
    held = {"sample_and_hold": 1, "cols": 512, "input_slice_bits": 2}
    pulses = drop(64, 32, "offset", input_coding="pulses", **held)
    levels = drop(64, 32, "offset", input_coding="levels", **held)
    assert levels > DEFAULT_IR_DROP > pulses


def test_two_bits_are_told_apart_with_neurram_cells_three_are_not() -> None:
    found = [evaluated(128, 64, "offset", bits_per_cell=b).level_sigmas[0] for b in (1, 2, 3)]
    assert [d >= DEFAULT_LEVEL_SIGMAS for d in found] == [True, True, False]


def test_eight_supplies_per_node_from_threshold_to_1_V() -> None:
    for threshold in (0.4644, 0.4420, 0.4199, 0.3821, 0.3906, 0.4025):
        grid = space_voltages(threshold)
        assert len(grid) == 8
        assert grid[0] >= threshold + 0.12 - 1e-9
        assert grid[-1] == 1.0
        assert 0.95 not in grid
