"""Agreement, the one fitted number, and the readings of the model."""

import numpy as np
import pandas as pd
import pytest

from experiments.silicon import comparison
from experiments.silicon.agreement import agreement, agreements, by_class, compared, members
from experiments.silicon.comparison import fitted_periphery, judged, measured, modelled
from experiments.silicon.macros import ADDED, SHIPPED, read
from tests.experiments.silicon.conftest import ROW


@pytest.fixture(scope="module")
def frame():
    return read(SHIPPED)


@pytest.fixture(scope="module")
def verdicts(frame, table):
    return judged(frame, table)


def test_agreement_of_known_values():
    x = np.array([1.0, 10.0, 100.0, np.nan, 5.0])
    y = np.array([2.9, 3.0, 50.0, 1.0, np.nan])
    told = agreement(x, y)
    assert told["rows"] == 3
    assert told["within"] == pytest.approx(2 / 3)  # 10 against 3 is more than 3 times off
    assert told["rank"] == pytest.approx(1.0)
    assert told["median_ratio"] == pytest.approx(0.5)


def test_agreement_of_nothing_is_not_a_number():
    told = agreement(np.array([np.nan]), np.array([1.0]))
    assert told["rows"] == 0
    assert np.isnan([told["within"], told["rank"], told["median_ratio"]]).all()


def test_published_values_that_are_none_do_not_count():
    frame = pd.DataFrame({"t_core_ns": ["3.5", "", "0", "-1", "n/a", "inf", "1e1"]})
    found = measured(frame, "t_core_ns")
    assert np.flatnonzero(np.isfinite(found)).tolist() == [0, 6]
    assert np.isnan(measured(frame, "tops_per_W_1b")).all()


def test_the_periphery_factor_is_the_median_of_the_shipped_areas(frame, verdicts, table):
    model = modelled(verdicts, table)
    ratios = sorted(
        float(row["tops_1b"]) / float(row["tops_per_mm2_1b"]) / area
        for row, area in zip(frame.to_dict("records"), model["area_mm2"], strict=True)
        if row["tops_1b"] and row["tops_per_mm2_1b"] and not np.isnan(area)
    )
    assert len(ratios) % 2 == 1
    assert fitted_periphery(table) == pytest.approx(ratios[len(ratios) // 2], rel=1e-12)


def test_leaving_a_publication_out_leaves_all_its_rows_out(frame, verdicts, table):
    model = modelled(verdicts, table)
    factors = comparison.left_one_out(frame, model)
    for title, own in frame.groupby("title"):
        others = frame["title"] != title
        ratios = comparison.area_ratios(frame[others], model[others.to_numpy()])
        assert np.allclose(factors[own.index], np.nanmedian(ratios))


def test_added_columns_are_the_last_and_in_order(frame, verdicts, table):
    joined = comparison.joined(frame, verdicts, modelled(verdicts, table))
    assert ADDED == (
        "covered",
        "reason",
        "model_t_core_ns",
        "model_tops_per_W_1b",
        "model_tops_per_mm2_1b",
    )
    assert list(joined) == [*frame, *ADDED]
    pd.testing.assert_frame_equal(joined[list(frame)], frame)
    values = joined[list(ADDED[2:])] != ""
    assert (values.all(axis=1) == joined["covered"]).all()
    assert (values.any(axis=1) == joined["covered"]).all()


def test_a_converter_without_the_bits_says_nothing(table):
    few = judged(pd.DataFrame([ROW | {"adc_bits": "3"}]), table)
    for variant in comparison.VARIANTS:
        found = modelled(few, table, variant)["t_core_ns"].notna().all()
        assert found == (variant.adc_model not in ("murmann", "isaac"))


def test_readings_change_what_they_name(frame, verdicts, table):
    told = agreements(frame, verdicts, table, 2.0).set_index(["reading", "periphery", "quantity"])[
        "median_ratio"
    ]
    fast, slow = (told[name, "fitted", "t_core_ns"] for name in ("exponent 1.3", "default"))
    assert fast < slow
    held = told["levels of RRAM held 10 ns", "fitted", "t_core_ns"]
    assert held > slow
    dense = told["default", "1", "tops_per_mm2_1b"] / told["default", "fitted", "tops_per_mm2_1b"]
    assert dense == pytest.approx(2.0)


def test_the_farther_node_is_on_the_other_side(table):
    told = {"28": 22, "22": 22, "12": 10, "40": 32, "16": 22}
    reading = next(variant for variant in comparison.VARIANTS if variant.next_node)
    for node, taken in told.items():
        (verdict,) = judged(pd.DataFrame([ROW | {"technology_nm": node}]), table)
        assert reading.macro(verdict.macro, table).node_nm == taken
    (low,) = judged(pd.DataFrame([ROW | {"technology_nm": "36", "voltage_V": "0.5"}]), table)
    assert reading.macro(low.macro, table).node_nm == 32  # 45 nm has no 0.5 V


def test_classes_part_the_covered_rows_in_twos(verdicts, table):
    inside = members(verdicts, table)
    covered = np.array([verdict.macro is not None for verdict in verdicts])
    for one, other in (("sram", "rram"), ("few", "many"), ("slow", "fast")):
        assert np.array_equal(inside[one] ^ inside[other], covered)
        assert not (inside[one] & inside[other]).any()


def test_classes_add_up_to_the_whole(frame, verdicts, table):
    whole = agreements(frame, verdicts, table, 2.0)
    whole = whole[whole["periphery"] == "fitted"].set_index(["reading", "quantity"])
    parts = by_class(frame, verdicts, table, 2.0).set_index(["class", "reading", "quantity"])
    for reading, quantity in whole.index:
        own = [parts.loc[(name, reading, quantity)] for name in ("SRAM", "resistive")]
        hits = sum(line["rows"] * line["within"] for line in own if line["rows"])
        line = whole.loc[(reading, quantity)]
        assert hits == pytest.approx(line["rows"] * line["within"])


def test_pairs_are_all_there_is_to_compare(frame, verdicts, table):
    model = modelled(verdicts, table)
    pairs = compared(frame, verdicts, model, table)
    for name in comparison.MEASURED:
        both = np.isfinite(measured(frame, name)) & model[name].notna().to_numpy()
        own = pairs[pairs["quantity"] == name]
        assert (own["row"] - 1).tolist() == np.flatnonzero(both).tolist()
        assert own["within"].mean() == pytest.approx(
            agreement(measured(frame, name), model[name].to_numpy())["within"]
        )
