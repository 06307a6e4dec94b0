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
    "reads_again": (1, 0, 1),
    "current_hold_m2": (20e-12, 5e-12, 80e-12),
    "current_hold_F": (50e-15, 10e-15, 200e-15),
    "row_pitch_F": (10, 7, 11.6),
    "word_line_V": (1.2, 0.9, 2.2),
    "word_line_factor": (1, 0.5, 8),
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


def layer(chip, *, outputs=1, rows=64):
    """A fully connected layer on a chip; an input has on average 3.5 pulses in 2-bit slices."""
    shares = {(coding, 2, 1): 2.0 for coding in ("offset", "differential")}
    products = {(2, *key): 7.0 for key in shares}
    sizes = (rows, outputs, 1, 1, 1, 1, 1, 1, 1, 1, 1)
    return scalar.place(chip, scalar.Layer(*sizes, {2: 3.5}, products, shares))


def layer_energy(chip, **sizes):
    placed = layer(chip, **sizes)
    return scalar.layer_energy(chip, placed, scalar.traffic(chip, placed, 1, False))


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


ARRAY = {"rows": 256, "cols": 512, "active_rows": 64, "adc_bits": 6, "columns_per_adc": 16}
ARRAY |= {"voltage_V": 1.0, "input_slice_bits": 1, "adc_model": "sar_noise"}


def test_one_column_of_an_rram_array_is_read_and_converted_in():
    array = chip(**ARRAY)
    assert four_digits(array.adc_s * array.kappa, 1e-9) == 5.456  # 4b
    assert four_digits(array.slice_s(1) - array.adc_s * array.kappa, 1e-9) == 10.92  # 4a


@pytest.mark.parametrize(
    ("changed", "nanoseconds"),
    [
        pytest.param({}, 261.9, id="4c"),
        pytest.param({"sample_and_hold": 1}, 87.29, id="4d"),
        pytest.param({"assumptions": corrected(reads_again=0)}, 98.21, id="4e"),
        pytest.param({"input_coding": "levels"}, 261.9, id="4c, held level"),
    ],
)
def test_sixteen_columns_of_an_adc_take(changed, nanoseconds):
    assert four_digits(chip(**ARRAY | changed).slice_s(16), 1e-9) == nanoseconds


def test_a_column_with_an_adc_of_its_own_is_read_once():
    again, once = (chip(assumptions=corrected(reads_again=n), **ARRAY) for n in (1, 0))
    assert again.slice_s(1) == once.slice_s(1)


def test_a_charge_domain_array_is_read_once_for_all_columns_of_an_adc():
    array = chip("sram", **ARRAY, bits_per_cell=1)
    assert array.slice_s(16) == pytest.approx(16 * array.slice_s(1) - 15 * (array.read_s + 10e-9))


def test_columns_in_use_count_in_time_and_all_of_an_adc_in_row_energy():
    array = chip(columns_per_adc=16, cols=16, bits_per_cell=8)
    placed = layer(array, outputs=5)
    _, _, step = scalar.layer_time(
        array, placed, 1, 1, scalar.traffic(array, placed, 1, False), False
    )
    assert step == pytest.approx(4 * array.slice_s(5))
    held = chip(columns_per_adc=16, cols=16, bits_per_cell=8, sample_and_hold=1)
    assert array.pulse_J == pytest.approx(16 * held.pulse_J)


@pytest.mark.parametrize("coding", ["pulses", "levels"])
def test_dacs_and_word_lines_of_rram_without_holds_cost_as_often_as_the_array_is_read(coding):
    held, again = (chip(sample_and_hold=n, input_coding=coding) for n in (1, 0))
    assert again.dac_J == 8 * held.dac_J
    assert again.pulse_J == 8 * held.pulse_J > 0
    held, again = (chip("sram", sample_and_hold=n, input_coding=coding) for n in (1, 0))
    assert again.dac_J == held.dac_J


def test_a_hold_on_a_current_has_a_front_end():
    for device, square_metres, farads in (("rram", 20e-12, 50e-15), ("sram", 5e-12, 10e-15)):
        without, held = (chip(device, sample_and_hold=n, bits_per_cell=1) for n in (0, 1))
        macros = 32 * 32 * 16
        assert held.area - without.area == pytest.approx(macros * 128 * square_metres)
        assert held.convert_J - without.convert_J == pytest.approx(farads * 0.9**2)


def test_a_word_line_of_1024_columns_costs():
    held, again = (
        chip(cols=1024, columns_per_adc=64, voltage_V=1.0, sample_and_hold=n) for n in (1, 0)
    )
    assert four_digits(held.pulse_J, 1e-15) == 431.4  # 8a
    assert four_digits(again.pulse_J, 1e-12) == 27.61  # 8b
    assert chip("sram", cols=1024, columns_per_adc=64).pulse_J == 0


@pytest.mark.parametrize(("coding", "pulses"), [("pulses", 3.5), ("levels", 4)])
def test_word_lines_count_pulses_of_all_slices_once(coding, pulses):
    usual, double = (
        chip(assumptions=corrected(word_line_factor=n), input_coding=coding) for n in (1, 2)
    )
    more = layer_energy(double, rows=64) - layer_energy(usual, rows=64)
    assert more == pytest.approx(64 * pulses * usual.pulse_J)


def test_the_factor_on_inputs_scales_dacs_and_word_lines():
    usual, other = (
        chip(assumptions=corrected(input_energy_factor=n), input_coding="levels") for n in (1, 3)
    )
    assert other.dac_J == pytest.approx(3 * usual.dac_J)
    assert other.pulse_J == pytest.approx(3 * usual.pulse_J)
    assert other.convert_J == usual.convert_J
