"""Robustness of conclusions: an end without any chip counts as one at which nothing holds."""

import pandas as pd
import pytest

from experiments.physics.robustness import robustness
from experiments.physics.study import REFERENCES
from experiments.physics.variations import COLUMN, problem_of
from problems import STUDIES

RRAM, SRAM = "four_workload_rram_physical", "four_workload_sram_physical"
KEYS = (
    ("default", "default"), ("reference", "reference"), ("converter", "isaac"),
    ("assumption", "macro_periphery=10"), ("limit", "area_mm2=400"),
)  # fmt: skip


@pytest.fixture(scope="module")
def variations():
    figures = {
        "max_excess_for_largest": 0.0, "max_over_own_best": 2.0, "largest_only_over_joint": 1.2,
        "minimax_regret": 0.1, "left_out_over_known": 1.2, "voltage_V": 0.9,
        "adc_area_share": 0.6, "W_per_mm2": 0.1, "bits_per_cell": 2,
    }  # fmt: skip
    rows = []
    for study, score in ((RRAM, 1.0), (SRAM, 2.0)):
        for kind, name in KEYS:
            row = {"study": study, "kind": kind, "variation": name, "feasible": True}
            if (study, name) == (RRAM, "macro_periphery=10"):
                rows.append(row | {"feasible": False})
            else:
                worse = 5.0 if (study, name) == (RRAM, "isaac") else 1.0
                rows.append(row | figures | {"edap_geomean": worse * score})
        rows.append({"study": study, "kind": "alone", "variation": "pulses", "tau": 0.5})
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def told(variations):
    return robustness(variations, "zigzag")


def test_an_end_without_a_chip_is_counted_and_does_not_hold(told):
    rram = told[told["study"] == RRAM]
    assert (rram["ends"] == 2).all()
    assert (rram["ends_held"] < 2).all()
    assert (rram["no_chip"] == "macro_periphery=10").all()
    assert (told[told["study"] == SRAM]["no_chip"] == "").all()


def test_the_better_device_is_told_with_its_exceptions(told):
    (row,) = told[told["conclusion"].str.startswith("RRAM is better")].to_dict("records")
    assert row["zigzag"] == pytest.approx(0.5)
    assert row["zigzag_holds"]
    assert row["isaac"] == pytest.approx(2.5)
    assert not row["isaac_holds"]
    assert row["exceptions"] == "isaac"


def test_where_only_rram_has_a_chip_it_is_the_better_device(variations):
    without = variations.copy()
    at = (without["study"] == SRAM) & (without["variation"] == "area_mm2=400")
    without.loc[at, "feasible"] = False
    (row,) = (
        robustness(without, "zigzag").query("conclusion.str.startswith('RRAM')").to_dict("records")
    )
    assert row["lowest"] == 0
    assert row["ends_held"] == 1


def test_a_variation_gives_an_optional_design_column_one_value_or_several():
    study, reference = STUDIES[RRAM], STUDIES[REFERENCES[RRAM]]

    def space(name):
        return problem_of(study, reference, (COLUMN, name)).space

    one, several = space("cell_errors=wan2022_1d"), space("redundancy=1 2 4")
    assert one.fixed == {**study.space.fixed, "cell_errors": "wan2022_1d"}
    assert one.size == study.space.size
    assert several.values_of("redundancy") == (1, 2, 4)
    assert several.size == 3 * study.space.size
    limited = problem_of(study, reference, (COLUMN, "redundancy=2; snr_dB=15")).model
    assert limited.space.fixed["redundancy"] == 2
    assert "compute_snr" in limited.resource_names
