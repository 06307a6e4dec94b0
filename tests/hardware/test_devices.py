"""Memory devices."""

import pytest

from imcmoo.hardware.devices import DEVICES, device
from imcmoo.model.reference.prices import TERMS, terms_of


def test_a_device_is_found_by_name_and_an_unknown_one_names_the_known():
    assert device("sram") is DEVICES["sram"]
    with pytest.raises(ValueError, match="device 'pcm' is not one of rram, sram"):
        device("pcm")


@pytest.mark.parametrize("name", DEVICES)
def test_free_actions_are_actions_there_are_and_cost_nothing(name):
    one = DEVICES[name]
    assert set(one.free) <= {term.action for term in TERMS}
    assert not {term.action for term in terms_of(one)} & set(one.free)
    assert {term.component for term in terms_of(one)} <= set(one.components)
