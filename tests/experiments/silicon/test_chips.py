"""Chips beside the table, against what is published of them."""

import pytest

from experiments.silicon import chips


@pytest.fixture(scope="module")
def found(table):
    return chips.compare(table)


def test_neurram_with_its_pulse_and_converter_given(table):
    """A slice of d bits is 2^d − 1 pulses of 92 ns and one conversion of 470 ns a bit."""
    array = float(
        chips.macro_point([chips.NEURRAM], table=table, given=chips.Assumptions()).array_s[0]
    )
    for inputs, outputs, slices, pulses in ((1, 3, 1, 1), (4, 6, 1, 15), (8, 10, 2, 15)):
        time = chips.neurram_s(table, (inputs, outputs), given=True)
        own = slices * (pulses * 92e-9 + outputs * 470e-9 + array)
        assert time == pytest.approx(own, rel=1e-9)


def test_neurram_ratios(table):
    given, bare = (
        [chips.neurram_s(table, mode[:2], given=told) for mode in chips.NEURRAM_MODES]
        for told in (True, False)
    )
    assert [t / given[0] for t in given] == pytest.approx([1, 2.80, 8.10], abs=0.01)
    assert bare[2] / bare[0] > 15
    assert bare[0] < given[0] / 50


def test_isaac(table):
    assert chips.isaac_tops(table, given=True) == pytest.approx(41.3, abs=0.05)
    assert chips.isaac_tops(table, given=False) == pytest.approx(38.7, abs=0.05)


def test_jia_slows_down_as_measured_with_an_exponent_of_2(found):
    own = found[found["quantity"] == "slowdown"].set_index("setting")["model"]
    assert own["0.85 over 1.2 V, exponent 2"] == pytest.approx(2.58, abs=0.01)
    assert own["0.85 over 1.2 V, exponent 1.3"] == pytest.approx(1.64, abs=0.01)


def test_published_values_follow_from_the_files(found):
    own = found.set_index(["chip", "setting", "quantity"])["measured"]
    time = own["Sinangil JSSC 2021", "0.8 V", "time of an invocation"]
    assert time == pytest.approx(2 * 64 * 16 / 0.372e12 * 1e9)
    assert own["AIMC1 CICC 2021", "0.8 V", "time of an invocation"] == pytest.approx(1e3 / 22.5)
    assert own["AIMC3 ISSCC 2023", "0.8 V", "TOPS/W"] == 18.7


def test_every_line_has_a_source_and_a_ratio(found):
    assert found["source"].str.len().min() > 10
    assert (found["ratio"] == found["model"] / found["measured"]).all()
