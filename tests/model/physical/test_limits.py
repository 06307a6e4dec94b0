"""Loss along wires and levels of a cell with the optional columns, which no golden design has."""

import numpy as np
import pytest

from imcmoo.model.physical.model import PhysicalModel
from imcmoo.networks.workloads import WorkloadSet
from tests.model.physical.designs import columns

MODEL = PhysicalModel(WorkloadSet.load(["resnet18"]), device="rram")


def evaluated(**changed):
    return MODEL.evaluate(columns(**{"technology_nm": 22, "adc_bits": 6} | changed))


def test_columns_in_parallel_draw_their_current_through_the_row_at_once():
    wide = {"rows": 256, "cols": 512, "active_rows": 16, "input_coding": "levels"}
    four_in_turn = wide | {"columns_per_adc": 4}
    one, two, four = (evaluated(redundancy=n, **four_in_turn).ir_drop[0] for n in (1, 2, 4))
    assert two == pytest.approx(2 * one)
    # One in four is converted at a time, so that all conduct.
    assert four == pytest.approx(evaluated(**wide, columns_per_adc=1).ir_drop[0])


def test_levels_lie_apart_by_the_measured_errors_of_their_cells():
    def margin(bits, **errors):
        return float(evaluated(bits_per_cell=bits, **errors).level_sigmas[0])

    one, two = (margin(bits, cell_errors="wan2022_1s") for bits in (1, 2))
    # 0.348 and 1.103 µS of 40 at the ends.
    assert one == pytest.approx(1 / np.hypot(0.348, 1.103) * 40 * np.sqrt(2), rel=1e-3)
    thirds = np.polynomial.polynomial.polyval(
        np.array([0, 1 / 3, 2 / 3, 1]), (0.348, 16.030, -43.853, 45.393, -16.815)
    )
    assert two == pytest.approx(40 / 3 / np.sqrt((thirds**2).mean()))
    assert one > margin(1)
