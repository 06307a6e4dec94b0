"""Draws of assumptions within their bands."""

from dataclasses import fields, replace

import numpy as np
import pytest

from imcmoo.model.physical.assumptions import Assumption, Assumptions
from imcmoo.model.physical.draws import Uncertain, draw, quantiles, stream, weights_of

ALL = {field.name: getattr(Assumptions(), field.name) for field in fields(Assumptions)}


def with_bands(**bands):
    """The assumptions, some of another band (and value, if three numbers are given)."""
    of_example = {}
    for name, (low, *value, high) in bands.items():
        new = dict(zip(("low", "high", "value"), (low, high, *value), strict=False))
        of_example[name] = replace(ALL[name], **new)
    return replace(Assumptions(), **of_example)


EXAMPLES = with_bands(
    gate_s=(20e-12, 60e-12),
    adc_time_factor=(0.275, 5.5),
    pulse_s=(10e-9, 10e-9, 92e-9),
    sram_cell_F2=(500.0, 2000.0),
)
"""Assumptions with the values and bands of the worked examples."""


def test_noise_limits_and_counts_are_held_and_all_others_are_drawn_in_groups():
    drawn = {name: one for name, one in ALL.items() if one.spread != "held"}
    assert len(drawn) == 63
    assert len({one.group or name for name, one in drawn.items()}) == 49
    assert all(one.why_held for one in ALL.values() if one.spread == "held")
    assert [name for name, one in ALL.items() if one.falls] == ["gate_s"]


def test_a_90_percent_interval_has_its_value_inside_and_its_band_within_physical_limits():
    for name, one in ALL.items():
        if one.spread == "interval90":
            assert 0 < one.low < one.value < one.high, name
            assert one.least <= one.low, name
            assert one.high <= one.most, name


def test_how_an_assumption_is_drawn_is_no_part_of_its_text():
    plain = Assumption(1.0, 0.5, 2.0, "why")
    assert repr(replace(plain, group="g", falls=True, spread="interval90")) == repr(plain)
    assert "group" not in repr(Assumptions())


def test_a_held_assumption_says_why():
    with pytest.raises(ValueError, match="held"):
        Assumption(1.0, 0.5, 2.0, "why", spread="held")


def test_a_drawn_value_outside_the_band_widens_it():
    drawn = Assumptions().drawn({"clock_Hz": 3e9, "gate_s": 10e-12, "pulse_s": 20e-9})
    assert (drawn.clock_Hz.value, drawn.clock_Hz.low, drawn.clock_Hz.high) == (3e9, 0.5e9, 3e9)
    assert (drawn.gate_s.value, drawn.gate_s.low, drawn.gate_s.high) == (10e-12, 10e-12, 70e-12)
    assert drawn.pulse_s.high == Assumptions().pulse_s.high
    assert drawn.wire_length == Assumptions().wire_length
    with pytest.raises(ValueError, match="outside its band"):
        Assumptions().having(clock_Hz=3e9)


def test_each_entry_has_a_stream_of_its_own():
    np.testing.assert_allclose(stream("logic_speed", 3, 1), [0.373552, 0.518892, 0.092438], 1e-5)
    np.testing.assert_allclose(stream("adc_time_factor", 2, 1), [0.137094, 0.484988], 1e-5)
    table = draw(EXAMPLES, n=1, seed=1)
    assert table.values["clock_Hz"][0] == pytest.approx(9.10261e8, rel=1e-6)
    assert table.values["gate_s"][0] == pytest.approx(4.33844e-11, rel=1e-6)


U = np.array([0.1, 0.25, 0.5, 0.9])


@pytest.mark.parametrize(
    ("name", "spread", "expected"),
    [
        ("clock_Hz", "limits", [6.81702e8, 8.16263e8, 1e9, 1.46692e9]),
        ("gate_s", "limits", [5.12294e-11, 4.66666e-11, 3.99467e-11, 2.72518e-11]),
        ("adc_time_factor", "interval90", [0.365737, 0.588969, 1, 3.77431]),
    ],
)
def test_values_at_quantiles_of_an_entry(name, spread, expected):
    np.testing.assert_allclose(
        Uncertain(name, getattr(EXAMPLES, name), spread).at(U), expected, 1e-5
    )


def test_medians_of_bands_from_zero_are_linear_and_of_a_value_at_an_end_triangular():
    table = draw(EXAMPLES, n=1)
    medians = {one.name: one.median for one in table.all}
    assert medians["tree_wires"] == pytest.approx(0.275963, rel=1e-5)
    assert medians["pulse_s"] == pytest.approx(1.91552e-8, rel=1e-5)
    assert table.median_assumptions.pulse_s.value == medians["pulse_s"]
    assert medians["rram_sigma"] == Assumptions().rram_sigma.value


def test_an_interval_is_clipped_to_physical_limits_and_has_its_band_from_5_to_95_percent():
    known = replace(EXAMPLES.sram_cell_F2, least=700.0, most=1500.0)
    ends = quantiles(np.array([0.0, 0.05, 0.95, 1.0]), known, "interval90")
    np.testing.assert_allclose(ends, [700, 700, 1500, 1500])
    free = quantiles(np.array([0.05, 0.95]), replace(known, least=0.0, most=9e9), "interval90")
    np.testing.assert_allclose(free, [500, 2000])


def test_a_value_at_an_end_of_its_band_is_drawn_between_limits():
    at_end = Assumptions().having(adc_time_factor=1.8)
    assert {u.name: u.spread for u in draw(at_end, n=1).all}["adc_time_factor"] == "limits"


def test_all_bands_can_be_read_alike():
    for reading in ("limits", "log_uniform"):
        table = draw(Assumptions(), n=1, reading=reading)
        assert {one.spread for one in table.drawn} == {reading}
    uniform = quantiles(U, ALL["clock_Hz"], "log_uniform")
    np.testing.assert_allclose(uniform, 0.5e9 * 4**U)
    np.testing.assert_allclose(quantiles(U, ALL["tree_wires"], "log_uniform"), 0.6 * U)


def test_weights_are_a_mix_with_the_sum_of_the_networks():
    weights = weights_of(np.array([[0.1, 0.5, 0.9, 0.3]]))
    np.testing.assert_allclose(weights, [[0.121883, 0.801844, 2.663667, 0.412607]], 1e-5)
    assert (weights_of(np.array([[0.0, 0.5]])) >= 1e-6).all()
    table = draw(Assumptions(), n=2, networks=("a", "b"))
    assert table.entries[-2:] == ("weight:a", "weight:b")
    assert table.weights.shape == (2, 2)


def test_fewer_draws_are_the_first_of_more_and_a_held_entry_changes_no_other():
    many, few = draw(Assumptions(), n=300), draw(Assumptions(), n=100)
    np.testing.assert_array_equal(many.u[:100], few.u)
    held = draw(Assumptions(), n=300, assumed=("pulse_s", "clock_Hz"))
    for name, values in held.values.items():
        np.testing.assert_array_equal(values, many.values[name], err_msg=name)
    assert {"pulse_s", "clock_Hz"} == many.values.keys() - held.values.keys()
    assert "logic_speed" in held.entries  # of gate_s
    assert "pulse_s" not in held.entries


def test_a_measured_band_replaces_a_value_outside():
    bands = {"adc_time_factor": (2.0, 4.5), "tree_wires": (0.0, 0.1), "clock_Hz": (0.9e9, 1.1e9)}
    table = {one.name: one.known for one in draw(Assumptions(), n=1, bands=bands).all}
    assert table["adc_time_factor"].value == pytest.approx(3.0)
    assert table["tree_wires"].value == pytest.approx(0.05)
    assert (table["clock_Hz"].value, table["clock_Hz"].high) == (1e9, 1.1e9)


def test_a_band_of_no_width_is_not_drawn():
    (one,) = [
        one
        for one in draw(Assumptions(), n=1, bands={"clock_Hz": (1e9, 1e9)}).all
        if one.name == "clock_Hz"
    ]
    assert one.why_held == "its band has no width"
    assert one.median == 1e9
