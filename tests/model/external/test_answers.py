import math

import pytest

from imcmoo.model.external.evaluation import EvaluationFailed
from imcmoo.model.external.external_model import checked
from imcmoo.model.metrics import AREA, ENERGY, Quantity

SNR = Quantity("snr", "dB", sense="max", scale="interval", bound=1e3)
QUANTITIES = (ENERGY, SNR, AREA)
GOOD = {"energy": {"a": 1e-3, "b": 2e-3}, "snr": {"a": -3.0, "b": 7}, "area": 1e-5}


def test_an_answer_is_numbers_in_the_order_of_the_networks():
    assert checked(GOOD, QUANTITIES, ["b", "a"]) == {
        "energy": [2e-3, 1e-3],
        "snr": [7.0, -3.0],
        "area": [1e-5],
    }


@pytest.mark.parametrize("none", [None, math.nan])
def test_a_network_that_does_not_run_has_no_figures_at_all(none):
    read = checked(GOOD | {"snr": {"a": none, "b": 7.0}}, QUANTITIES, ["a", "b"])
    assert math.isnan(read["energy"][0])
    assert math.isnan(read["snr"][0])
    assert read["energy"][1] == 2e-3


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (None, "answers None, but is asked energy, snr, area"),
        ({}, "answers nothing, but is asked energy, snr, area"),
        ({"area": 1.0}, "answers area, but is asked energy, snr, area"),
        (GOOD | {"power": 1.0}, "answers energy, snr, area, power, but is asked energy"),
        (GOOD | {"energy": 1e-3}, "energy: is asked for a number for each network"),
        (GOOD | {"energy": {"a": 1e-3}}, "energy: is asked for a number for each network"),
        (GOOD | {"energy": {"a": 0.0, "b": 1.0}}, "energy of a is 0.0, but must be positive"),
        (GOOD | {"energy": {"a": -1.0, "b": 1.0}}, "energy of a is -1.0, but must be positive"),
        (GOOD | {"energy": {"a": 1e6, "b": 1.0}}, "energy of a is 1000000.0"),
        (GOOD | {"snr": {"a": -1e3, "b": 1.0}}, "snr of a is -1000.0"),
        (GOOD | {"snr": {"a": math.inf, "b": 1.0}}, "snr of a is inf"),
        (GOOD | {"area": None}, "area is None"),
        (GOOD | {"area": "much"}, "area is 'much'"),
        (GOOD | {"area": [1.0]}, r"area is \[1.0\]"),
    ],
)
def test_what_no_chip_can_have_is_a_failure(given, why):
    with pytest.raises(EvaluationFailed, match=why):
        checked(given, QUANTITIES, ["a", "b"])
