"""Worked examples of the corrected costs against the scalar model, with the values of the rules.

Figures come from the formulas of the rules, computed by hand; each is named by its example.
"""

from types import SimpleNamespace

import pytest

from imcmoo.model.physical import parameters
from imcmoo.model.physical.assumptions import Assumption, Assumptions
from tests.model.physical import scalar_physical as scalar
from tests.model.physical.designs import DESIGN, TABLE

VALUES = {
    "adc_energy_factor": (1, 0.275, 5.5),
    "adc_area_factor": (1, 0.5, 2.2),
    "adc_time_factor": (1, 0.275, 5.5),
    "voltage_exponent": (1.3, 1.0, 2.0),
}
"""Value and band of each number that a rule adds or changes."""


def corrected(**changed):
    """Assumptions with the values of all rules; some changed."""
    rules = {name: Assumption(*values, "rule") for name, values in VALUES.items()}
    other = {name: Assumption(value, value, value, "test") for name, value in changed.items()}
    return SimpleNamespace(**(vars(Assumptions()) | rules | other))


def chip(device="rram", assumptions=None, **changed):
    return scalar.Chip(DESIGN | changed, device, TABLE, assumptions or corrected())


def threshold(node_nm):
    return float(TABLE.look_up("technology", node_nm=node_nm)["threshold_V"])


def four_digits(value, unit):
    return float(f"{value / unit:.4g}")


@pytest.mark.parametrize(
    ("bits", "node_nm", "volt", "femtojoules"),
    [
        pytest.param(6, 32, 1.0, 156.5, id="1a"),
        pytest.param(8, 22, 1.0, 578.6, id="1b"),
        pytest.param(8, 22, 0.7, 443.9, id="1c"),
        pytest.param(5, 32, 0.9, 78.98, id="1e"),
        pytest.param(6, 32, 0.9, 129.5, id="1f"),
    ],
)
def test_a_conversion_of_the_sar_adc_with_noise_costs(bits, node_nm, volt, femtojoules):
    design = {"adc_model": "sar_noise", "adc_bits": bits, "technology_nm": node_nm}
    assert four_digits(chip(**design, voltage_V=volt).adc_J, 1e-15) == femtojoules


def test_the_older_default_adc_costs_four_times_as_much():
    design = {"adc_model": "zigzag", "adc_bits": 6, "voltage_V": 1.0}
    assert four_digits(chip(**design).adc_J, 1e-15) == 690.4  # 1d
    assert four_digits(scalar.sar_noise_J(8, 65, 0.85), 1e-12) == 0.8781  # 1g, not in the table


@pytest.mark.parametrize("model", ["zigzag", "sar_noise"])
@pytest.mark.parametrize(
    ("bits", "node_nm", "square_micrometres"),
    [pytest.param(6, 32, 317.7, id="2a"), pytest.param(8, 22, 737.1, id="2b")],
)
def test_a_sar_adc_takes_the_area(model, bits, node_nm, square_micrometres):
    adc = chip(adc_model=model, adc_bits=bits, technology_nm=node_nm)
    assert four_digits(adc.adc_m2, 1e-12) == square_micrometres


@pytest.mark.parametrize("model", parameters.ADC_MODELS)
def test_each_factor_of_an_adc_scales_one_cost_of_every_model(model):
    usual = chip(adc_model=model)
    factors = {"adc_energy_factor": 3, "adc_area_factor": 2, "adc_time_factor": 5}
    other = chip(assumptions=corrected(**factors), adc_model=model)
    assert other.adc_J == pytest.approx(3 * usual.adc_J)
    assert other.adc_m2 == pytest.approx(2 * usual.adc_m2)
    assert other.adc_s == pytest.approx(5 * usual.adc_s)
    assert other.adc_W == usual.adc_W


@pytest.mark.parametrize(
    ("volt", "factor"),
    [
        pytest.param(1.0, 0.8595, id="3a"),
        pytest.param(0.7, 1.640, id="3b"),
        pytest.param(0.6, 2.660, id="3c"),
    ],
)
@pytest.mark.parametrize("columns_per_adc", [1, 8])
def test_the_supply_slows_adcs_and_arrays_alike(volt, factor, columns_per_adc):
    usual = chip(columns_per_adc=columns_per_adc)
    other = chip(columns_per_adc=columns_per_adc, voltage_V=volt)
    assert four_digits(other.kappa, 1) == factor
    assert four_digits(other.read_s / usual.read_s, 1) == factor


def test_the_supply_slows_a_chip_of_22_nm_from_1_1_to_0_7_volt_by_half():
    fast, slow = (scalar.slowdown(volt, threshold(22), 1.3) for volt in (1.1, 0.7))
    assert four_digits(slow / fast, 1) == 2.016  # 3d; measured: 1.658
