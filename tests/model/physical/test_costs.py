"""Costs of components are the worked examples of their formulas, to four digits."""

from dataclasses import replace

import numpy as np
import pytest

from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.components import SarNoiseAdc, Switches, Technology, ZigZagAdc, adc_costs
from imcmoo.model.physical.memory_cells import MEMORY_CELLS
from imcmoo.model.physical.parameters import ADC_MODELS, DesignRefused, Designs
from tests.model.physical.designs import TABLE, columns


def close(value):
    """The value, to four digits."""
    return pytest.approx(value, rel=5e-4)


def technology(device="rram", **values):
    """Technology of a device, some assumptions changed."""
    cell = MEMORY_CELLS[device] if isinstance(device, str) else device
    assumptions = Assumptions().having(**values)
    return Technology(device=cell, table=TABLE, assumptions=assumptions, switches=Switches())


def designs(**changed):
    """One design with an ADC of the model sar_noise."""
    return Designs.of_columns(columns(**({"adc_model": "sar_noise"} | changed)))


def adc(bits, node_nm, volt, *, model="sar_noise", **values):
    """Costs of an ADC at the nominal supply, but its energy at `volt`."""
    one = designs(adc_bits=bits, technology_nm=node_nm, voltage_V=volt, adc_model=model)
    return adc_costs(one, TABLE, Assumptions().having(**values))


@pytest.mark.parametrize(
    ("bits", "node_nm", "volt", "fJ"),
    [
        (6, 32, 1.0, 156.5),
        (8, 22, 1.0, 578.6),
        (8, 22, 0.7, 443.9),
        (5, 32, 0.9, 78.98),
        (6, 32, 0.9, 129.5),
        (8, 65, 0.85, 878.1),
    ],
)
def test_a_conversion_of_sar_noise_takes_switched_charge_and_noise(bits, node_nm, volt, fJ):
    """Noise depends on neither supply nor node, so two supplies differ by switched charge alone."""
    assert adc(bits, node_nm, volt).energy_J == close(fJ * 1e-15)


def test_zigzag_states_what_it_did():
    assert adc(6, 32, 1.0, model="zigzag").energy_J == close(690.4e-15)


@pytest.mark.parametrize(("bits", "node_nm", "um2"), [(6, 32, 317.7), (8, 22, 737.1)])
@pytest.mark.parametrize("model", [ZigZagAdc, SarNoiseAdc])
def test_formulas_take_less_than_half_of_the_fitted_area(model, bits, node_nm, um2):
    one = designs(adc_bits=bits, technology_nm=node_nm)
    costs = model(area_share=0.45).costs(one, TABLE, Assumptions())
    assert costs.area_m2 == close(um2 * 1e-12)


@pytest.mark.parametrize("model", ADC_MODELS)
def test_factors_multiply_every_adc_model_and_nothing_else(model):
    factors = {"adc_energy_factor": 2.0, "adc_area_factor": 0.5}
    usual, other = adc(8, 32, 0.9, model=model), adc(8, 32, 0.9, model=model, **factors)
    assert other.energy_J == 2 * usual.energy_J
    assert other.area_m2 == usual.area_m2 / 2
    assert other.time_s == usual.time_s


def test_sar_noise_has_at_most_12_bits_and_says_so():
    with pytest.raises(DesignRefused, match="design 1: 13 is given, must be at most 12"):
        adc_costs(replace(designs(adc_bits=12).take(np.array([0, 0])), adc_bits=np.array([12, 13])),
                  TABLE, Assumptions())  # fmt: skip
    assert adc(13, 32, 0.9, model="zigzag").energy_J > 0
