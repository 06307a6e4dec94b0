"""Worked examples of the corrected costs against the scalar model, with the values of the rules.

Figures are the examples of the specification of the costs, which evaluates its formulas without
this code; ids and comments name them (1a to 16a). Examples of calibration, EDAP definitions and
published macros concern other modules.
"""

from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from imcmoo.model.physical import parameters
from imcmoo.model.physical.assumptions import Assumption, Assumptions
from imcmoo.networks.operands import operand_bits
from imcmoo.networks.workloads import DIMENSIONS, Workload
from tests.model.physical import scalar_noise
from tests.model.physical import scalar_physical as scalar
from tests.model.physical.designs import DESIGN, EARLIER_COSTS, TABLE, first_layers

VALUES = {
    "adc_energy_factor": (1, 0.5, 3.2),
    "adc_area_factor": (1, 0.6, 1.7),
    "adc_time_factor": (1, 0.55, 1.8),
    "current_hold_m2": (20e-12, 5e-12, 80e-12),
    "current_hold_F": (50e-15, 10e-15, 200e-15),
    "row_pitch_F": (10, 7, 11.6),
    "word_line_V": (1.2, 0.9, 2.2),
    "word_line_factor": (2, 0.5, 8),
    "input_energy_factor": (1, 0.275, 5.5),
    "array_energy_factor": (1, 0.275, 5.5),
    "array_area_factor": (1, 0.275, 5.5),
    "sram_cell_F2": (1200, 700, 1800),
    "sram_unit_F": (1.2e-15, 0.5e-15, 3e-15),
    "sram_line_F": (0.7e-15, 0, 3e-15),
    "sram_mismatch": (0.008, 0.0033, 0.022),
    "rram_cell_F2": (100, 48, 134),
    "column_pitch_F": (10, 7, 11.6),
    "rram_driver_factor": (5, 1, 10),
    "shift_add_factor": (0.4, 0.25, 0.65),
    "small_buffer_m2_per_bit": (0.171e-12, 0.1e-12, 0.3e-12),
    "hbm2_interface_m2": (25e-6, 12e-6, 40e-6),
    "dram_footprint_factor": (1, 0.5, 2),
    "top_area": (0.2, 0.1, 0.4),
    "top_energy": (0.15, 0.05, 0.4),
    "leak_W_per_m2": (1e3, 500, 2e3),
    "voltage_exponent": (1.4, 1.2, 1.9),
    "dimc_clock_Hz": (350e6, 265e6, 520e6),
    "input_line_F": (0.7e-15, 0.35e-15, 1.4e-15),
    "sram_pulse_s": (1e-9, 0.3e-9, 3e-9),
    "adc_bias_W": (7e-6, 3e-6, 12e-6),
    "adc_trim_area": (1.1, 1.05, 1.2),
    "spare_columns": (0.02, 0, 0.05),
    "sram_minimum_V": (0.7, 0.6, 0.8),
    "tree_activity": (1, 0.85, 1.2),
    "leak_temperature": (5, 3, 10),
    "gated_leak": (0.1, 0.03, 0.3),
    "lpddr4_rest_W_per_bit": (2.4e-3 / 64, 0, 10e-3 / 64),
    "hbm2_rest_W": (0.13, 0.05, 0.3),
    "multiplier_activity": (0.6, 0.4, 0.9),
    "mac_factor": (1, 0.85, 2.93),
    "gate_F": (0.7e-15, 0.5e-15, 1e-15),
    "gate_m2": (0.614e-12, 0.5e-12, 0.8e-12),
    "gate_s": (47.8e-12, 33e-12, 70e-12),
    "pulse_s": (30e-9, 10e-9, 92e-9),
    "rram_write_pulse_s": (650e-9, 50e-9, 8520e-9),
    "logic_overhead": (1.1, 1, 1.4),
}
"""Value and band of each number that a rule adds or changes."""


nearly = partial(pytest.approx, rel=1e-9, abs=0)
UNSTATED = DESIGN | {"adc_noise": 0}
"""A chip whose ADCs have the energy of the rules, which know no noise and no reference columns."""


def corrected(**changed):
    """Assumptions with the values of the rules of version 5; some changed."""
    rules = {name: Assumption(*values, "rule") for name, values in VALUES.items()}
    changed = {"reference_columns": 0} | EARLIER_COSTS | changed
    other = {name: Assumption(value, value, value, "test") for name, value in changed.items()}
    return SimpleNamespace(**(vars(Assumptions()) | rules | other))


def chip(device="rram", assumptions=None, *, reads_again=True, **changed):
    assumptions = assumptions or corrected()
    return scalar.Chip(UNSTATED | changed, device, TABLE, assumptions, reads_again=reads_again)


def test_the_package_has_the_values_and_bands_of_the_rules():
    stated = {name: getattr(Assumptions(), name) for name in VALUES}
    assert {n: (a.value, a.low, a.high) for n, a in stated.items()} == VALUES


def layer(chip, *, outputs=1, rows=64):
    """A fully connected layer on a chip; an input has on average 3.5 pulses in 2-bit slices."""
    shares = {(coding, 2, 1): 2.0 for coding in ("offset", "differential")}
    products = {(2, *key): 7.0 for key in shares}
    sizes = (rows, outputs, 1, 1, 1, 1, 1, 1, 1, 1, 1)
    return scalar.place(chip, scalar.Layer(*sizes, {2: 3.5}, products, shares))


def layer_energy(chip, **sizes):
    placed = layer(chip, **sizes)
    return scalar.layer_energy(chip, placed, scalar.traffic(chip, placed, 1, False))


def evaluate(device, assumptions, network="alexnet", batch=1, **changed):
    network = Workload.load(network) if isinstance(network, str) else network
    conditions = {"assumptions": assumptions, "batch": batch}
    return scalar.evaluate(UNSTATED | changed, device, network, TABLE, **conditions)


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
    assert other.adc_J == nearly(3 * usual.adc_J)
    assert other.adc_m2 == nearly(2 * usual.adc_m2)
    assert other.adc_s == nearly(5 * usual.adc_s)
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
        pytest.param({"reads_again": False}, 98.21, id="4e"),
        pytest.param({"input_coding": "levels"}, 261.9, id="4c, held level"),
    ],
)
def test_sixteen_columns_of_an_adc_take(changed, nanoseconds):
    assert four_digits(chip(**ARRAY | changed).slice_s(16), 1e-9) == nanoseconds


def test_a_column_with_an_adc_of_its_own_is_read_once():
    again, once = (chip(reads_again=n, **ARRAY) for n in (True, False))
    assert again.slice_s(1) == once.slice_s(1)


def test_a_charge_domain_array_is_read_once_for_all_columns_of_an_adc():
    array = chip("sram", **ARRAY, bits_per_cell=1)
    assert array.slice_s(16) == nearly(16 * array.slice_s(1) - 15 * array.read_s)


def test_columns_in_use_count_in_time_and_all_of_an_adc_in_row_energy():
    array = chip(columns_per_adc=16, cols=16, bits_per_cell=8)
    placed = layer(array, outputs=5)
    _, _, step = scalar.layer_time(
        array, placed, 1, 1, scalar.traffic(array, placed, 1, False), False
    )
    assert step == nearly(4 * array.slice_s(5))
    held = chip(columns_per_adc=16, cols=16, bits_per_cell=8, sample_and_hold=1)
    assert array.pulse_J == nearly(16 * held.pulse_J)


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
        more = held.components_m2 - without.components_m2
        assert more == nearly(32 * 32 * 16 * 128 * square_metres)
        assert held.convert_J - without.convert_J == nearly(farads * 0.9**2)


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
    assert more == nearly(64 * pulses * usual.pulse_J)


def test_the_factor_on_inputs_scales_dacs_and_word_lines():
    usual, other = (
        chip(assumptions=corrected(input_energy_factor=n), input_coding="levels") for n in (1, 3)
    )
    assert other.dac_J == nearly(3 * usual.dac_J)
    assert other.pulse_J == nearly(3 * usual.pulse_J)
    assert other.convert_J == usual.convert_J


def test_an_sram_cell_is_a_matched_capacitor_with_its_lines():
    array = chip("sram", voltage_V=1.0, bits_per_cell=1)
    assert four_digits(array.low_J, 1e-15) == 2.000  # 6a
    assert four_digits(array.cells_m2(), 1e-12) == 20_130  # 6b
    assert four_digits(scalar.sram_sigma(corrected()), 0.01) == 0.7303  # 6c


def test_the_capacitor_of_an_sram_cell_decides_energy_and_noise():
    usual, large = (corrected(sram_unit_F=farads) for farads in (1.2e-15, 2.4e-15))
    energies = [chip("sram", a, voltage_V=0.9).low_J for a in (usual, large)]
    assert energies[1] - energies[0] == nearly(1.2e-15 * 0.9**2)
    network = Workload.load("alexnet")
    operands = operand_bits(network, 1.0)
    design = DESIGN | {"bits_per_cell": 1, "adc_bits": 10, "input_slice_bits": 8}
    noise = [scalar_noise.layer(design, "sram", operands, 5, 64, a) for a in (usual, large)]
    assert noise[1]["dev"] == nearly(noise[0]["dev"] / 2)


def test_an_rram_cell_takes_100_squares_and_its_drivers_five_times_those_of_the_table():
    assert four_digits(chip().cells_m2() / 128**2, 1e-12) == 0.1024  # 7a
    low, high = (chip(assumptions=corrected(rram_driver_factor=n)).drivers_m2() for n in (1, 5))
    assert high == nearly(5 * low)
    low, high = (chip("sram", corrected(rram_driver_factor=n)).drivers_m2() for n in (1, 5))
    assert high == low


@pytest.mark.parametrize("held", [0, 1])
def test_the_factor_on_drivers_does_not_scale_dacs_and_holds(held):
    shape = {"input_coding": "levels", "sample_and_hold": held}
    low, high = (
        chip(assumptions=corrected(rram_driver_factor=n), **shape).drivers_m2() for n in (1, 5)
    )
    plain = chip(assumptions=corrected(rram_driver_factor=1)).drivers_m2()
    assert high - low == nearly(4 * plain)


@pytest.mark.parametrize(
    ("rows", "active", "coding", "drop"),
    [
        pytest.param(256, 64, "offset", 0.05069, id="7b"),
        pytest.param(256, 64, "differential", 0.02921, id="7c"),
        pytest.param(512, 16, "offset", 0.02534, id="7d"),
    ],
)
def test_wires_of_columns_drop(rows, active, coding, drop):
    array = chip(rows=rows, active_rows=active, weight_coding=coding)
    assert four_digits(array.column_drop(), 1) == drop
    assert chip("sram", rows=rows).column_drop() == 0


def test_a_shift_and_add_of_20_bits_costs():
    adder = chip(adc_bits=8, voltage_V=1.0)
    assert four_digits(adder.adder_J, 1e-15) == 114.3  # 9a
    assert adder.adder["area"] == chip(assumptions=Assumptions(), adc_bits=8).adder["area"]


def test_a_small_buffer_takes_more_than_in_the_table_and_a_large_one_does_not():
    small = chip(macros_per_tile=4)
    assert four_digits(small.inputs["area"], 1e-12) == 958.0
    assert four_digits(small.buffer_m2(small.inputs["area"], 128), 1e-12) == 3502  # 10a
    large = chip(macros_per_tile=128, rows=1024)
    assert large.buffer_m2(1e-6, 1024) == 1e-6


@pytest.mark.parametrize(
    ("dram", "footprint_mm2"), [("none", 0), ("x16", 30), ("x32", 45), ("x64", 60), ("hbm2", 184)]
)
def test_a_dram_has_a_footprint_beside_the_chip(dram, footprint_mm2):
    usual = chip(dram=dram)
    double = chip(assumptions=corrected(dram_footprint_factor=2), dram=dram)
    assert usual.dram_m2 == nearly(footprint_mm2 * 1e-6)
    assert double.dram_m2 == 2 * usual.dram_m2
    assert double.area == usual.area


def test_the_top_level_adds_a_fifth_to_the_area_of_components_without_the_interface():
    area = scalar.with_top_m2(40e-6, 25e-6, corrected())
    assert four_digits(area, 1e-6) == 73  # 11a
    large = chip(dram="hbm2")
    assert large.area == nearly(1.2 * large.components_m2 + 25e-6)
    assert four_digits(1.15 * scalar.wire_J(area, 1.0, corrected()), 1e-15) == 655.0  # 11b


@pytest.mark.parametrize("device", ["rram", "sram"])
def test_the_top_level_takes_energy_on_the_chip_and_none_of_dram_and_leakage(device):
    large = {"macros_per_tile": 128, "tiles_per_group": 64, "bits_per_cell": 1}
    free = {"top_area": 0, "leak_W_per_m2": 0}
    energies = {
        (dram, top): evaluate(device, corrected(top_energy=top, **free), dram=dram, **large)
        for dram in ("x32", "x64")
        for top in (0, 0.15, 0.3)
    }
    first, second, third = (energies["x64", top]["energy_J"] for top in (0, 0.15, 0.3))
    assert third - second == nearly(second - first)
    on_chip = energies["x64", 0]["power_W"] * energies["x64", 0]["interval_s"]
    assert second - first == nearly(0.15 * on_chip)


def test_leakage_goes_with_the_area_of_cmos():
    assert four_digits(scalar.leak_W(40e-6, 1.0, corrected()), 1e-3) == 44.44  # 12a
    usual = chip("sram")
    assert usual.leak == nearly(1e3 * usual.components_m2)
    slow = chip("sram", voltage_V=0.6)
    assert slow.leak == nearly(1e3 * 0.6 / 0.9 * slow.components_m2)


def test_cells_of_rram_and_the_top_level_and_the_interface_do_not_leak():
    usual = chip()
    assert usual.leak == nearly(1e3 * (usual.components_m2 - usual.all_cells_m2))
    for changed in ({"rram_cell_F2": 134}, {"top_area": 0.4}, {"hbm2_interface_m2": 40e-6}):
        other = chip(assumptions=corrected(**changed), dram="hbm2")
        assert other.area > chip(dram="hbm2").area
        assert other.leak == nearly(usual.leak)


def test_an_adc_with_static_power_of_its_own_keeps_it():
    usual = chip(adc_model="murmann")
    static = float(TABLE.look_up("murmann", node_nm=32, bits=7)["leak"])
    leak = 1e3 * (usual.components_m2 - usual.all_cells_m2)
    assert usual.leak == nearly(leak + 32 * 32 * 16 * 16 * static)


def test_the_factors_on_arrays_scale_cells_and_drivers_and_neither_adcs_nor_adders():
    shape = {"input_coding": "levels", "sample_and_hold": 1}
    usual, other = (
        chip(assumptions=corrected(array_energy_factor=n, array_area_factor=n), **shape)
        for n in (1, 3)
    )
    assert (other.low_J, other.span_J) == nearly((3 * usual.low_J, 3 * usual.span_J))
    assert (other.convert_J, other.write_J) == (usual.convert_J, usual.write_J)
    macros = 32 * 32 * 16
    array_m2 = macros * (usual.cells_m2() + usual.drivers_m2())
    assert other.components_m2 - usual.components_m2 == nearly(2 * array_m2)


def test_the_factor_on_adcs_scales_neither_holds_nor_adders():
    usual, other = (
        chip(assumptions=corrected(adc_energy_factor=n), sample_and_hold=1) for n in (1, 3)
    )
    assert other.convert_J - usual.convert_J == nearly(2 * usual.adc_J)


CHIPS = {
    "sram": {
        **{"voltage_V": 1.0, "active_rows": 128, "weight_coding": "differential"},
        **{"bits_per_cell": 1, "input_slice_bits": 1, "adc_bits": 6, "columns_per_adc": 2},
        **{"macros_per_tile": 4, "tiles_per_group": 4, "router_groups": 64, "glb_KiB": 256},
        **{"glb_banks": 4, "link_bits": 128, "dram": "hbm2", "mac_units": 4096},
        **{"sample_and_hold": 1, "adc_model": "sar_noise"},
    },
    "rram": {
        **{"voltage_V": 1.0, "rows": 256, "cols": 512, "bits_per_cell": 1, "input_slice_bits": 1},
        **{"adc_bits": 6, "columns_per_adc": 16, "macros_per_tile": 16, "tiles_per_group": 16},
        **{"router_groups": 64, "link_bits": 128, "schedule": "pipelined"},
        **{"sample_and_hold": 1, "adc_model": "sar_noise"},
    },
}
"""The two chips of example 16a."""


def edap(metrics):
    return metrics["energy_J"] * metrics["interval_s"] * metrics["area_m2"]


def crossing(one, other):
    """Factor on ADC energy at which two chips have equal EDAP."""
    (adc1, rest1, delay1, area1), (adc2, rest2, delay2, area2) = one, other
    weight1, weight2 = delay1 * area1, delay2 * area2
    return (rest2 * weight2 - rest1 * weight1) / (adc1 * weight1 - adc2 * weight2)


def test_two_whole_chips_cost_what_the_rules_say_and_change_places_at_a_factor_of_the_adc():
    # Energy of ADCs and all other energy in uJ, interval in us, area in mm2.
    stated = {"sram": (154.7, 1710.3, 231.35, 79.5), "rram": (332.9, 1004.9, 25.14, 1118.7)}
    assert four_digits(crossing(*stated.values()), 1) == 0.4902  # 16a
    network = Workload.load("resnet18_onnx")
    exact = {}
    for device in stated:
        usual, free = (
            evaluate(device, corrected(adc_energy_factor=n), network, **CHIPS[device])
            for n in (1, 0)
        )
        parts = usual["energy_J"] - free["energy_J"], free["energy_J"]
        exact[device] = (*parts, usual["interval_s"], usual["area_m2"])
        adc, rest, *speed_and_area = (value / 1e-6 for value in exact[device])
        assert [round(adc, 1), *map(round, speed_and_area, (2, 1))] == nearly(
            [stated[device][0], *stated[device][2:]]
        )
        assert rest < stated[device][1]  # fewer partial sums cross links since
    assumptions = corrected(adc_energy_factor=crossing(*exact.values()))
    at_crossing = [edap(evaluate(d, assumptions, network, **CHIPS[d])) for d in stated]
    assert at_crossing[0] == nearly(at_crossing[1])


@pytest.mark.parametrize("dram", ["x64", "none"])
@pytest.mark.parametrize("schedule", ["layer", "pipelined"])
@pytest.mark.parametrize("device", ["rram", "sram"])
def test_a_batch_repeats_vectors_of_weights_and_groups_of_products(device, schedule, dram):
    network = first_layers(Workload.load("vision_transformer_onnx"), 5)
    shapes = network.shapes.copy()
    shapes[~np.array(network.dynamic), DIMENSIONS.index("N")] *= 4
    shapes[np.array(network.dynamic), DIMENSIONS.index("G")] *= 4
    chip = {"macros_per_tile": 128, "bits_per_cell": 1, "schedule": schedule, "dram": dram}
    chip |= {"glb_KiB": 32768, "rows": 1024, "cols": 1024}
    batch = evaluate(device, corrected(), network, batch=4, **chip)
    assert batch == evaluate(device, corrected(), replace(network, shapes=shapes), **chip)
    assert 1.5 < batch["energy_J"] / evaluate(device, corrected(), network, **chip)["energy_J"] < 4


def test_a_batch_streams_weights_once():
    chip = {"macros_per_tile": 4, "tiles_per_group": 2, "router_groups": 2, "bits_per_cell": 1}
    one, four = (evaluate("sram", corrected(), batch=n, **chip) for n in (1, 4))
    weights = 8 * Workload.load("alexnet").weights
    assert four["dram_bits"] - weights == nearly(4 * (one["dram_bits"] - weights))
    assert four["energy_J"] < 4 * one["energy_J"]
