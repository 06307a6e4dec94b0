"""Agreement, the one fitted number, the readings of the model, and a chip beside the table."""

import numpy as np
import pandas as pd
import pytest

from experiments.silicon import chips, comparison
from experiments.silicon.comparison import agreement, farther_node, fitted_periphery, modelled
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


def test_the_periphery_factor_is_the_median_of_the_shipped_areas(frame, macros, table):
    model = modelled(macros, table)
    ratios = sorted(
        float(row["tops_1b"]) / float(row["tops_per_mm2_1b"]) / area
        for row, area in zip(frame.to_dict("records"), model["area"], strict=True)
        if row["tops_1b"] and row["tops_per_mm2_1b"] and not np.isnan(area)
    )
    assert len(ratios) % 2 == 1
    assert fitted_periphery(table) == pytest.approx(ratios[len(ratios) // 2], rel=1e-12)


def test_leaving_a_publication_out_leaves_all_its_rows_out(frame, macros, table):
    model = modelled(macros, table)
    factors = comparison.left_one_out(frame, model)
    for title, rows in frame.groupby("title"):
        others = frame["title"] != title
        ratios = (comparison.published(frame)["area"] / model["area"])[others]
        assert np.allclose(factors[rows.index], np.nanmedian(ratios))


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
