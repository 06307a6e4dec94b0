"""Each rule of cleaning by itself, and the shipped macros that it concerns."""

from collections import defaultdict

import pandas as pd
import pytest
from hypothesis import given as random
from hypothesis import settings
from hypothesis import strategies as st

from experiments.silicon import cleaning, comparison
from experiments.silicon.cleaning import CORRECTED, LEFT_OUT, cleaned
from experiments.silicon.macros import SHIPPED, read
from experiments.silicon.study import numbered
from tests.experiments.silicon.conftest import ROW


def row(**change):
    return defaultdict(str, ROW | change)


@pytest.mark.parametrize(
    ("rule", "out", "stays"),
    [
        (cleaning.is_processor, {"IMC_Processor": "Y"}, {"IMC_Processor": "N"}),
        (
            cleaning.is_other_cell,
            {"architecture": "eNVM", "cell": "MRAM+Par"},
            {"architecture": "eNVM", "cell": "ReRAM+Par"},
        ),
        (cleaning.sums_nothing, {"dot_product_length": "1"}, {"dot_product_length": "2"}),
        (
            cleaning.has_unknown_conversions,
            {"alpha": ">=8", "input_bits": "1"},
            {"alpha": ">=8", "input_bits": "2"},
        ),
        (
            cleaning.has_unknown_conversions,
            {"alpha": "8", "input_bits": "1"},
            {"alpha": "7.9", "input_bits": "1"},
        ),
    ],
)
def test_a_rule_leaves_out_what_it_names_and_nothing_else(rule, out, stays):
    assert rule(row(**out))
    assert not rule(row(**stays))
    assert not rule(row())
    assert not rule(defaultdict(str))


@pytest.mark.parametrize(
    ("bits", "most"),
    [("10", "8"), ("9", "8"), ("8.5", "8"), ("8", None), ("7.5", None), ("", None)],
)
def test_an_adc_has_at_most_the_bits_of_the_largest_sum(bits, most):
    """16 products of 4 by 1 bits sum to at most 240: 8 bits."""
    macro = row(adc_bits=bits, dot_product_length="16", input_bits="4", weight_bits="1")
    assert cleaning.adc_bits_of_sum(macro).get("adc_bits") == most


def test_one_binary_product_needs_one_bit():
    macro = row(adc_bits="5", dot_product_length="1", input_bits="1", weight_bits="1")
    assert cleaning.adc_bits_of_sum(macro) == {"adc_bits": "1"}


def test_throughput_follows_from_the_time_of_an_invocation():
    macro = row(dot_product_length="9", n_adc="8", input_bits="1", t_core_ns="15.6")
    assert cleaning.throughput_from_time(macro) == {"tops_1b": "0.00923077"}
    assert cleaning.throughput_from_time(row()) == {}


def test_a_density_in_the_title_gives_the_area():
    title = "A 40nm 64kb 26.56TOPS/W 2.37Mb/mm2 RRAM Macro"
    macro = row(title=title, rows="256", cols="256", tops_1b="0.00923077")
    density = float(cleaning.area_from_title(macro)["tops_per_mm2_1b"])
    assert density == pytest.approx(0.00923077 / (1 / 16 / 2.37), rel=1e-5)
    assert cleaning.area_from_title(row(tops_1b="1", title="A 64kb macro")) == {}


@pytest.mark.parametrize(("size_F2", "judged"), [(9_900, True), (10_100, False)])
def test_an_area_beyond_ten_thousand_squares_a_cell_is_not_judged(size_F2, judged):
    area_mm2 = 128 * 64 * size_F2 * 22e-6**2
    macro = row(tops_1b="2", tops_per_mm2_1b=str(2 / area_mm2))
    assert (cleaning.no_area_of_die(macro) == {}) == judged


def test_a_second_record_holds_for_its_supply_only():
    (title, volt), cells = next(iter(cleaning.SECOND_RECORDS.items()))
    assert float(cells["tops_per_W_1b"]) == pytest.approx(15.467 * 8 * 8)
    assert cleaning.one_supply(row(title=title, voltage_V=volt)) == cells
    assert cleaning.one_supply(row(title=title, voltage_V="0.7")) == {}


def test_the_shipped_rows_that_each_rule_concerns(table):
    frame = read(SHIPPED)
    covered = comparison.in_state(comparison.AS_IS, frame, table)[1]["covered"]
    corrected, changes = cleaned(frame)
    out = [rows for _, rows in numbered(changes["left_out"][covered], LEFT_OUT)]
    assert out == [[3, 4, 20, 48, 63], [48, 54], [27, 28, 29], [41, 67]]
    stays = covered & (changes["left_out"] == "")
    bits, _, title, die, supply = (
        rows for _, rows in numbered(changes["corrected"][stays], CORRECTED)
    )
    assert (bits, title, die, supply) == ([1, 2], [49], [26], [55])
    assert corrected.loc[[0, 1], "adc_bits"].tolist() == ["8", "8"]
    is_die = changes["corrected"].str.contains("area of a die") & covered
    assert (is_die[is_die].index + 1).tolist() == [20, 26, 63]


def test_a_macro_that_is_left_out_is_compared_as_is_only(table):
    frame = pd.DataFrame([ROW | {"IMC_Processor": "Y"}, ROW])
    as_is = comparison.in_state(comparison.AS_IS, frame, table)[1]
    clean = comparison.in_state(comparison.CLEAN, frame, table)[1]
    assert as_is["covered"].tolist() == [True, True]
    assert clean["covered"].tolist() == [False, True]
    assert clean["reason"].tolist() == ["figures of a processor", ""]


CELLS = st.one_of(
    st.text(max_size=6),
    st.floats(allow_nan=True).map(str),
    st.sampled_from(["", ">=", ">=8", "1e308", "5e-324", "1e3", "Y", "٣"]),
)
COLUMNS = (*ROW, "alpha", "IMC_Processor", "t_core_ns", "tops_1b", "tops_per_mm2_1b", "title")


@settings(max_examples=40, deadline=None)
@random(st.fixed_dictionaries(dict.fromkeys(COLUMNS, CELLS)))
def test_any_text_can_be_cleaned(cells):
    frame, changes = cleaned(pd.DataFrame([cells]))
    assert frame.shape[0] == len(changes) == 1
    assert not frame.isna().any(axis=None)
