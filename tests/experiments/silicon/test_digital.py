"""Digital macros beside the model: ratios of modelled over published values, each macro alone."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from experiments.silicon import digital
from experiments.silicon.macros import FURTHER, SHIPPED, read
from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.model.physical.assumptions import Assumption

RATIOS = {  # of version 5, by row: time, with exponent 2, TOPS/W, TOPS/mm², with exponent 2
    5: (0.44, 0.61, 1.69, 1.63, 1.17),
    43: (0.19, 0.19, 5.66, 4.66, 4.66),
    44: (0.22, 0.69, 5.06, 4.04, 1.29),
    47: (0.51, 0.44, 0.50, 21, 25),
    56: (1.82, 1.57, 0.68, 3.48, 4.02),
    57: (3.24, 2.88, 0.11, 0.12, 0.13),
    65: (1.79, 3.77, 0.76, 0.55, 0.26),
    66: (0.89, 0.89, 0.53, 0.30, 0.30),
    72: (1.36, 1.47, 1.43, 1.51, 1.40),
}
WITHIN = {  # of rows, within 2 and within 3 times
    "as is": (9, {"t_core_ns": (5, 6), "tops_per_W_1b": (6, 6), "tops_per_mm2_1b": (2, 3)}),
    "clean": (6, {"t_core_ns": (3, 4), "tops_per_W_1b": (4, 4), "tops_per_mm2_1b": (2, 3)}),
}


@pytest.fixture(scope="module")
def ratios():
    return digital.compared(read(SHIPPED), PhysicalTable.load())


def test_ratios_are_those_of_the_specification(monkeypatch):
    readings = {}
    for name, exponent in (("default", 1.3), ("exponent 2", 2.0)):
        values = {"voltage_exponent": exponent, "dimc_clock_Hz": 1e15}
        fixed = {key: Assumption(value, value, value, "test") for key, value in values.items()}
        readings[name] = replace(digital.ALONE, **fixed)
    monkeypatch.setattr(digital, "READINGS", readings)
    ratios = digital.compared(read(SHIPPED), PhysicalTable.load())
    usual, other = (
        ratios[ratios["reading"] == reading].set_index("row") for reading in digital.READINGS
    )
    assert usual.index.tolist() == other.index.tolist() == list(RATIOS)
    for row, expected in RATIOS.items():
        time, efficiency, density = usual.loc[row, ["t_core_ns", *digital.MEASURED[1:]]]
        values = (time, other.loc[row, "t_core_ns"], efficiency, density)
        values = (*values, other.loc[row, "tops_per_mm2_1b"])
        half_a_digit = [0.5 if value > 20 else 0.005 for value in expected]
        assert (np.abs(np.subtract(values, expected)) <= half_a_digit).all(), row
        assert other.loc[row, "tops_per_W_1b"] == pytest.approx(efficiency)


def test_agreement_is_counted_as_is_and_without_processors(ratios):
    counted = digital.agreement(ratios)
    counted = counted[counted["reading"] == "default"].set_index(["state", "quantity"])
    for state, (rows, within) in WITHIN.items():
        for quantity, (twice, thrice) in within.items():
            line = counted.loc[state, quantity]
            assert (line["rows"], line["within_2"], line["within_3"]) == (rows, twice, thrice)
    # Wilson's interval of 6 of 9, by hand.
    share, z = 6 / 9, 1.959964
    middle, half = share + z**2 / 18, z * np.sqrt(share * (1 - share) / 9 + z**2 / 324)
    ends = np.array([middle - half, middle + half]) / (1 + z**2 / 9)
    assert counted.loc[("as is", "t_core_ns"), ["low", "high"]].tolist() == pytest.approx(ends)


def test_further_macros_are_of_other_publications_and_name_their_sources():
    further = read(FURTHER)
    assert further["source"].str.len().min() > 20
    assert not set(further["title"]) & set(read(SHIPPED)["title"])
    ratios = digital.compared(further, PhysicalTable.load())
    assert ratios["row"].nunique() == len(further)


def test_rows_that_are_analog_or_lack_numbers_are_passed_over():
    frame = read(SHIPPED).iloc[[4, 4, 4, 4]].reset_index(drop=True)
    frame.loc[1, ["compute_model", "architecture"]] = "QR", "SRAM"
    frame.loc[2, "n_adc"] = ""
    frame.loc[3, "input_bits"] = "3"
    found = digital.compared(frame, PhysicalTable.load())
    assert found["row"].unique().tolist() == [1]
    assert isinstance(digital.agreement(found.iloc[:0]), pd.DataFrame)
