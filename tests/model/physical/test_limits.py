"""Loss along wires and levels of a cell: what the default limits allow."""

import numpy as np
import pytest

from imcmoo.model.physical.circuit import level_variances
from imcmoo.model.physical.constraints import DEFAULT_IR_DROP, DEFAULT_LEVEL_SIGMAS
from imcmoo.model.physical.memory_cells import MEMORY_CELLS
from imcmoo.model.physical.model import PhysicalEvaluator
from imcmoo.model.physical.parameters import DesignRefused
from imcmoo.networks.workloads import WorkloadSet
from tests.model.physical.designs import columns, columns_of

MODEL = PhysicalEvaluator("rram", WorkloadSet.load(["resnet18"]))


def evaluated(rows, active, coding, **other):
    changed = {"technology_nm": 22, "rows": rows, "active_rows": active, "weight_coding": coding}
    changed |= {"input_slice_bits": 1, "adc_bits": 6}
    return MODEL.in_full(columns(**changed | other))


def drop(rows, active, coding, **other):
    return float(evaluated(rows, active, coding, **other).ir_drop[0])


@pytest.mark.parametrize(
    ("rows", "most_offset", "most_differential"), [(128, 64, 128), (256, 32, 64), (512, 16, 32)]
)
def test_rows_that_may_be_read_at_once_at_22_nm(rows, most_offset, most_differential):
    for coding, most in (("offset", most_offset), ("differential", most_differential)):
        assert drop(rows, most, coding) <= DEFAULT_IR_DROP
        if most < rows:
            assert drop(rows, 2 * most, coding) > DEFAULT_IR_DROP


def test_with_levels_rows_lose_voltage_too():
    held = {"sample_and_hold": 1, "cols": 512, "input_slice_bits": 2}
    pulses = drop(64, 32, "offset", input_coding="pulses", **held)
    levels = drop(64, 32, "offset", input_coding="levels", **held)
    assert levels > DEFAULT_IR_DROP > pulses


def test_columns_in_parallel_draw_their_current_through_the_row_at_once():
    wide = {"cols": 512, "input_slice_bits": 2, "input_coding": "levels", "columns_per_adc": 4}
    one, two, four = (drop(256, 16, "offset", redundancy=n, **wide) for n in (1, 2, 4))
    assert two == pytest.approx(2 * one)
    # One in four is converted at a time, so that all conduct.
    assert four == pytest.approx(drop(256, 16, "offset", **wide | {"columns_per_adc": 1}))


def test_two_bits_are_told_apart_with_neurram_cells_three_are_not():
    sigmas = [evaluated(128, 64, "offset", bits_per_cell=b).level_sigmas[0] for b in (1, 2, 3)]
    assert [s >= DEFAULT_LEVEL_SIGMAS for s in sigmas] == [True, True, False]


def test_levels_lie_apart_by_the_measured_errors_of_their_cells():
    def margins(**other):
        return [evaluated(128, 64, "offset", bits_per_cell=b, **other) for b in (1, 2)]

    one, two = (float(m.level_sigmas[0]) for m in margins(cell_errors="wan2022_1s"))
    # 0.348 and 1.103 µS of 40 at the ends.
    assert one == pytest.approx(1 / np.hypot(0.348, 1.103) * 40 * np.sqrt(2), rel=1e-3)
    thirds = np.polynomial.polynomial.polyval(
        np.array([0, 1 / 3, 2 / 3, 1]), (0.348, 16.030, -43.853, 45.393, -16.815)
    )
    assert two == pytest.approx(40 / 3 / np.sqrt((thirds**2).mean()))
    usual = [float(m.level_sigmas[0]) for m in margins()]
    assert one > usual[0]


def test_the_cell_of_the_cost_model_errs_most_where_it_is_off():
    """Errors behind 195 kOhm as a share of the range, from 0.913 to 4.975 uS."""
    shares = np.array([0, 1 / 3, 2 / 3, 1])
    errors = np.sqrt(level_variances("effective_1s", shares))
    assert errors == pytest.approx([0.1265, 0.1203, 0.0489, 0.001008], rel=5e-4)
    sigmas = [
        evaluated(128, 64, "offset", bits_per_cell=b, cell_errors="effective_1s").level_sigmas[0]
        for b in (1, 2)
    ]
    assert [s >= DEFAULT_LEVEL_SIGMAS for s in sigmas] == [True, False]


def test_cells_of_sram_err_alike_on_both_levels():
    sram = PhysicalEvaluator("sram", WorkloadSet.load(["resnet18"]))
    with pytest.raises(ValueError, match="cell_errors, design 0: wan2022_1s is given, must be uni"):
        sram.in_full(columns(bits_per_cell=1, cell_errors="wan2022_1s"))


@pytest.mark.parametrize("device", MEMORY_CELLS)
def test_a_supply_below_that_of_buffers_is_refused_on_every_device(device):
    model = PhysicalEvaluator(device, WorkloadSet.load(["resnet18"]))
    low = columns_of(device, voltage_V=0.65, bits_per_cell=1)
    message = r"voltage_V, design 0: 0\.65 is given, must be at least 0\.7 V, for the SRAM of buf"
    with pytest.raises(DesignRefused, match=message):
        model.covered(low)
