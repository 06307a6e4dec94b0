"""Draws of assumptions within their bands."""

from dataclasses import fields, replace

import pytest

from imcmoo.model.physical.assumptions import Assumption, Assumptions

ALL = {field.name: getattr(Assumptions(), field.name) for field in fields(Assumptions)}


def test_noise_limits_and_counts_are_held_and_all_others_are_drawn_in_groups():
    drawn = {name: one for name, one in ALL.items() if one.spread != "held"}
    assert len(drawn) == 51
    assert len({one.group or name for name, one in drawn.items()}) == 40
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
    assert (drawn.gate_s.value, drawn.gate_s.low, drawn.gate_s.high) == (10e-12, 10e-12, 60e-12)
    assert drawn.pulse_s.high == Assumptions().pulse_s.high
    assert drawn.wire_length == Assumptions().wire_length
    with pytest.raises(ValueError, match="outside its band"):
        Assumptions().having(clock_Hz=3e9)
