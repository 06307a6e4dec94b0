"""Agreement, calibration on other rows, the readings of the model, and a chip beside the table."""

import numpy as np
import pandas as pd
import pytest

from experiments.silicon import chips, comparison
from experiments.silicon.comparison import (
    AS_IS,
    OTHERS,
    OWN,
    agreement,
    factors,
    farther_node,
    modelled,
    shipped_ratios,
)
from experiments.silicon.macros import SHIPPED, judged, read
from imcmoo.model.physical.assumptions import Assumptions
from tests.experiments.silicon.conftest import ROW


@pytest.fixture(scope="module")
def frame():
    return read(SHIPPED)


@pytest.fixture(scope="module")
def macros(frame, table):
    return judged(frame, table)


def test_agreement_of_known_values():
    x = [1.0, 10.0, 100.0, np.nan, 5.0]
    y = [2.9, 3.0, 50.0, 1.0, np.nan]
    told = agreement(pd.Series(x), pd.Series(y))
    assert told["rows"] == 3
    assert told["within"] == pytest.approx(2 / 3)  # 10 against 3 is more than 3 times off
    assert told["rank"] == pytest.approx(1.0)
    assert told["median_ratio"] == pytest.approx(0.5)


def test_published_values_that_are_none_do_not_count():
    frame = pd.DataFrame({"t_core_ns": ["3.5", "", "0", "-1", "n/a", "inf", "1e1"]})
    result = comparison.published(frame)
    assert np.flatnonzero(result["t_core_ns"].notna()).tolist() == [0, 6]
    assert result["tops_per_W_1b"].isna().all()


def test_the_interval_of_a_share_is_wilsons():
    """11 of 23, by hand."""
    measured, model = pd.Series([1.0] * 23), pd.Series([1.0] * 11 + [9.0] * 12)
    told = agreement(measured, model)
    z, share = 1.96, 11 / 23
    half = z * np.sqrt(share * (1 - share) / 23 + z**2 / 4 / 23**2)
    ends = [(share + z**2 / 46 + sign * half) / (1 + z**2 / 23) for sign in (-1, 1)]
    assert (told["low"], told["high"]) == pytest.approx(ends, rel=1e-4)
    assert (told["least_ratio"], told["largest_ratio"]) == (1, 9)


def test_without_rows_there_is_no_interval():
    told = agreement(pd.Series([np.nan]), pd.Series([1.0]))
    assert told.pop("rows") == 0
    assert all(np.isnan(value) for value in told.values())


@pytest.fixture(scope="module")
def scales(frame, macros, table):
    model = modelled(macros, table)
    return factors(frame, macros, model, shipped_ratios(AS_IS, table))


def test_a_factor_from_other_publications_is_of_the_device_and_not_of_the_macros_own(
    frame, macros, scales, table
):
    ratios = comparison.published(frame)["t_core_ns"] / modelled(macros, table)["t_core_ns"]
    for at in macros.index[macros["covered"]]:
        others = (macros["device"] == macros["device"][at]) & (frame["title"] != frame["title"][at])
        assert scales[OTHERS].at[at, "t_core_ns"] == pytest.approx(ratios[others].median())


def test_a_factor_from_the_macros_own_publication_leaves_the_row_itself_out(
    frame, macros, scales, table
):
    ratios = comparison.published(frame)["t_core_ns"] / modelled(macros, table)["t_core_ns"]
    assert frame["title"][27] == frame["title"][26] == frame["title"][28]
    assert scales[OWN].at[27, "t_core_ns"] == pytest.approx((ratios[26] + ratios[28]) / 2)
    assert np.isnan(scales[OWN].at[54, "t_core_ns"])  # the only row of its publication


def test_no_other_table_is_fitted_to_itself(table):
    """Two rows of a user, whose times are a hundred times too long."""
    rows = [ROW | {"t_core_ns": "500", "title": name} for name in ("A", "B")]
    frame = pd.DataFrame(rows)
    own = judged(frame, table)
    fitted = shipped_ratios(AS_IS, table)
    made = factors(frame, own, modelled(own, table), fitted)
    sram = fitted.loc[fitted["device"] == "sram", "t_core_ns"].median()
    assert made[OTHERS]["t_core_ns"].tolist() == pytest.approx([sram, sram])
    assert made[OWN]["t_core_ns"].isna().all()


def test_rows_without_a_title_are_of_several_publications(table):
    frame = pd.DataFrame([ROW | {"t_core_ns": "500"}] * 2)
    own = judged(frame, table)
    made = factors(frame, own, modelled(own, table), shipped_ratios(AS_IS, table))
    assert made[OWN]["t_core_ns"].isna().all()


def test_an_adc_model_without_the_bits_models_nothing(table):
    few = judged(pd.DataFrame([ROW | {"adc_bits": "3"}]), table)
    for name, how in comparison.READINGS.items():
        result = modelled(few, table, **how)["t_core_ns"].notna().all()
        assert result == (name not in ("converter murmann", "converter isaac"))


@pytest.mark.parametrize(
    ("change", "farther"),
    [
        *(({"technology_nm": node}, other) for node, other in
          (("28", 22), ("22", 22), ("12", 10), ("40", 32), ("16", 22))),
        ({"technology_nm": "36", "voltage_V": "0.5"}, 32),  # 45 nm has no 0.5 V
    ],
)  # fmt: skip
def test_the_farther_node_is_on_the_other_side(table, change, farther):
    macros = judged(pd.DataFrame([ROW | change]), table)
    assert farther_node(macros.iloc[0], table) == farther
    moved = modelled(macros.assign(node_nm=farther), table)
    assert modelled(macros, table, next_node=True).equals(moved)


def test_neurram_with_its_pulse_and_adc_times_stated(table):
    """A slice of d bits is 2^d − 1 pulses of 92 ns and one conversion of 470 ns a bit."""
    macro = chips.NEURRAM.assign(input_bits=4, adc_bits=8)
    _, point = chips.macro_point(macro, table, assumptions=Assumptions())
    array = point.array_s[0]
    for inputs, outputs, slices, pulses in ((1, 3, 1, 1), (4, 6, 1, 15), (8, 10, 2, 15)):
        time = chips.neurram_s(table, (inputs, outputs), stated=True)
        rows = slices * (pulses * 92e-9 + outputs * 470e-9 + array)
        assert time == pytest.approx(rows, rel=1e-9)


def test_calibrated_macros_state_the_ends_of_their_tested_ratios(table):
    rows = comparison.calibrated_macros(table).set_index(["macro", "quantity"])
    wang, sinangil = (rows.loc[name] for name in ("Wang VLSI 2022", "Sinangil JSSC 2021"))
    assert wang["tested"].tolist() == [4, 4]
    assert wang["low"].min() > 1 / 1.3
    assert wang["high"].max() < 1.3
    assert sinangil.loc["energy", ["fitted", "tested"]].tolist() == [1, 5]
    assert (rows["low"] <= rows["high"]).all()
    assert (rows["blind_low"] <= rows["blind_high"]).all()
