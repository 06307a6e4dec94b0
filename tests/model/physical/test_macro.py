"""One invocation by the model's parts, against sums written out by hand."""

import numpy as np
import pandas as pd
import pytest

from experiments.silicon.macros import judged
from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.model.physical.macro import macro_costs
from tests.experiments.silicon.conftest import ROW


@pytest.fixture(scope="module")
def table():
    return PhysicalTable.load()


def costs_of(table, change=None, **how):
    return macro_costs(judged(pd.DataFrame([ROW | (change or {})]), table), table, **how)


def test_an_sram_macro_by_hand(table):
    """22 nm, 0.8 V, 128 × 64, 2-bit inputs, 16 converters of 5 bits that sum 32 products each."""
    result = costs_of(table)
    array = table.look_up("sram", node_nm=22, voltage_V=0.8, rows=128, cols=64)
    threshold = float(table.look_up("technology", node_nm=22)["threshold_V"])
    kappa = (0.8 / (0.8 - threshold) ** 1.4) / (0.9 / (0.9 - threshold) ** 1.4)
    t_adc = 5 * (0.64e-9 + 0.00653e-9 * 32) * kappa
    timed = table.look_up("sram", node_nm=22, voltage_V=0.9, rows=128, cols=64)
    t_array = max(timed["time"], timed["time_muxed"]) * kappa  # 64 columns for 16 converters
    time = t_array + t_adc
    assert result.time_s[0] == pytest.approx(time, rel=1e-12, abs=0)

    dac = table.look_up("dac", node_nm=22, bits=2)["area"]
    converter = 0.45 * 10 ** (1.206 - 0.0369 * 5) * 2**5 * 1e-12 * 22 / 28
    area = (
        128 * 64 * array["cell_area"]
        + array["row_area"]
        + array["column_area_muxed"]
        + 128 * dac
        + 16 * converter
    )
    assert result.area_m2[0] == pytest.approx(float(area), rel=1e-12, abs=0)

    switched = (10e-15 * 5 + 1e-15 * 2**5) * 0.8**2 * 22 / 28
    conversion = switched + 0.6e-18 * 5 * 4**5
    energies = {
        "cells": 32 * 16 * 1.2e-15 * 0.8**2,
        "dac": 32 * 50e-15 * 2 * 0.8**2,
        "adc": 16 * conversion,
        "hold": 0.0,
        "shift_add": 0.0,
        "leakage": 5 * 1000 * 0.8 / 0.9 * area * time,
    }
    for part, energy in energies.items():
        assert result[f"energy_{part}_J"][0] == pytest.approx(float(energy), rel=1e-12, abs=0)
    assert result.energy_J[0] == pytest.approx(float(sum(energies.values())), rel=1e-12, abs=0)

    assert result.operations[0] == 2 * 32 * 16 * 2 * 1


def test_a_resistive_cell_is_charged_a_pulse_and_half_of_full_scale(table):
    result = costs_of(table, {"architecture": "eNVM", "cell": "ReRAM"})
    array = table.look_up("rram", node_nm=22, voltage_V=0.8, rows=128, cols=64)
    mean = 3 * (array["cell_read_low"] + array["cell_read_high"]) / 2  # 30 ns, of 10 in the table
    assert result["energy_cells_J"][0] == pytest.approx(float(32 * 16 * mean), rel=1e-12, abs=0)


def test_one_bit_inputs_of_sram_charge_their_lines_half_the_time_and_need_no_dac(table):
    one = costs_of(table, {"input_bits": "1"})
    lines = 64 * 0.7e-15 * 22 / 28 * 0.8**2
    assert one["energy_dac_J"][0] == pytest.approx(32 * 0.5 * lines, rel=1e-12, abs=0)
    dac = float(table.look_up("dac", node_nm=22, bits=2)["area"])
    less = costs_of(table)["area_drivers_m2"][0] - one["area_drivers_m2"][0]
    assert less == pytest.approx(128 * dac)


def test_weights_of_several_bits_take_cells_and_an_adder(table):
    one, four = costs_of(table), costs_of(table, {"weight_bits": "4"})
    assert four.operations[0] == 4 * one.operations[0]
    assert four["energy_cells_J"][0] == pytest.approx(4 * one["energy_cells_J"][0])
    adder = table.look_up("shift_add", node_nm=22, bits=5 + 3)
    energy = 16 * 0.4 * float(adder["energy"]) * (0.8 / 0.9) ** 2
    assert four["energy_shift_add_J"][0] == pytest.approx(energy, rel=1e-12, abs=0)
    assert four["area_shift_add_m2"][0] == pytest.approx(
        16 * float(adder["area"]), rel=1e-12, abs=0
    )


def test_a_weight_of_three_values_takes_two_cells(table):
    one, three = costs_of(table), costs_of(table, {"weight_bits": "1.5"})
    assert three.operations[0] == 1.5 * one.operations[0]
    assert three["energy_cells_J"][0] == pytest.approx(2 * one["energy_cells_J"][0])


def test_a_level_that_is_held_takes_a_pulse_where_cells_are_resistive(table):
    for kind, extra in (("SRAM", 0.0), ("RRAM", 30e-9)):
        bare = costs_of(table, {"architecture": kind})
        held = costs_of(table, {"architecture": kind}, held=True)
        assert held.time_s[0] - bare.time_s[0] == pytest.approx(extra, abs=1e-15)


def test_a_converter_per_column_needs_no_multiplexer(table):
    shared, rows = costs_of(table), costs_of(table, {"n_adc": "64"})
    array = table.look_up("sram", node_nm=22, voltage_V=0.8, rows=128, cols=64)
    difference = float(array["column_area_muxed"] - array["column_area"])
    assert shared["area_drivers_m2"][0] - rows["area_drivers_m2"][0] == pytest.approx(difference)
    assert rows.time_s[0] <= shared.time_s[0]


def test_a_macro_between_two_arrays_has_its_own_rows_and_columns(table):
    result = costs_of(table, {"rows": "192"})
    array = table.look_up("sram", node_nm=22, voltage_V=0.8, rows=256, cols=64)
    dac = float(table.look_up("dac", node_nm=22, bits=2)["area"])
    drivers = 0.75 * array["row_area"] + array["column_area_muxed"] + 192 * dac
    assert result["area_drivers_m2"][0] == pytest.approx(float(drivers), rel=1e-12, abs=0)
    assert result["area_cells_m2"][0] == pytest.approx(float(192 * 64 * array["cell_area"]))


def test_several_macros_are_each_as_if_alone(table):
    both = judged(pd.DataFrame([ROW, ROW | {"technology_nm": "14", "n_adc": "4"}]), table)
    costs = macro_costs(both, table)
    for at in range(2):
        alone = macro_costs(both.iloc[[at]], table)
        assert np.array_equal(costs.energy_J[[at]], alone.energy_J)
        assert np.array_equal(costs.time_s[[at]], alone.time_s)
        assert np.array_equal(costs.area_m2[[at]], alone.area_m2)


def test_macros_of_two_devices_are_refused(table):
    both = judged(pd.DataFrame([ROW, ROW | {"architecture": "RRAM"}]), table)
    with pytest.raises(ValueError, match="macros must be of one device and cell"):
        macro_costs(both, table)
