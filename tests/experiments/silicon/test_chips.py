"""Chips beside the table, against what is published of them."""

import pytest

from experiments.silicon import chips
from imcmoo.model.physical.assumptions import Assumptions


def test_neurram_with_its_pulse_and_adc_times_stated(table):
    """A slice of d bits is 2^d − 1 pulses of 92 ns and one conversion of 470 ns a bit."""
    macro = chips.NEURRAM.assign(input_bits=4, adc_bits=8)
    _, point = chips.macro_point(macro, table, assumptions=Assumptions())
    array = point.array_s[0]
    for inputs, outputs, slices, pulses in ((1, 3, 1, 1), (4, 6, 1, 15), (8, 10, 2, 15)):
        time = chips.neurram_s(table, (inputs, outputs), stated=True)
        rows = slices * (pulses * 92e-9 + outputs * 470e-9 + array)
        assert time == pytest.approx(rows, rel=1e-9)
