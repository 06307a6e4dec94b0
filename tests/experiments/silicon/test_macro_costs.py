"""One invocation by the model's parts, against sums written out by hand."""

import pandas as pd
import pytest

from experiments.silicon.macro_costs import macro_costs
from experiments.silicon.macros import judged
from tests.experiments.silicon.conftest import ROW


def costs_of(table, change=None, **how):
    return macro_costs(judged(pd.DataFrame([ROW | (change or {})]), table), table, **how)


def test_an_sram_macro_by_hand(table):
    """22 nm, 0.8 V, 128 × 64, 2-bit inputs, 16 converters of 5 bits that sum 32 products each."""
    result = costs_of(table)
    array = table.look_up("sram", node_nm=22, voltage_V=0.8, rows=128, cols=64)
    kappa = (0.8 / (0.8 - 0.4199) ** 2) / (0.9 / (0.9 - 0.4199) ** 2)
    t_adc = 5 * (0.64e-9 + 0.00653e-9 * 32) * kappa
    t_array = max(array["time"], array["time_muxed"])  # 64 columns for 16 converters
    time = t_array + t_adc
    assert result.time_s[0] == pytest.approx(time, rel=1e-12)

    conversion = (100e-15 * 5 + 1e-18 * 4**5) * 0.8**2 * 22 / 28
    leak = 128 * 64 * array["cell_leak"] + array["row_leak"] + array["column_leak"]
    energies = {
        "cells": 32 * 16 * 1.2e-15 * 0.8**2,
        "dac": 32 * 50e-15 * 2 * 0.8**2,
        "adc": 16 * conversion,
        "shift_add": 0.0,
        "leakage": leak * time,
    }
    for part, energy in energies.items():
        assert result[f"energy_{part}_J"][0] == pytest.approx(float(energy), rel=1e-12)
    assert result.energy_J[0] == pytest.approx(float(sum(energies.values())), rel=1e-12)

    dac = table.look_up("dac", node_nm=22, bits=2)["area"]
    converter = 10 ** (1.206 - 0.0369 * 5) * 2**5 * 1e-12 * 22 / 28
    area = (
        128 * 64 * array["cell_area"]
        + array["row_area"]
        + array["column_area_muxed"]
        + 128 * dac
        + 16 * converter
    )
    assert result.area_m2[0] == pytest.approx(float(area), rel=1e-12)
    assert result.operations[0] == 2 * 32 * 16 * 2 * 1


def test_a_resistive_cell_is_charged_a_pulse_and_half_of_full_scale(table):
    result = costs_of(table, {"architecture": "eNVM", "cell": "ReRAM"})
    array = table.look_up("rram", node_nm=22, voltage_V=0.8, rows=128, cols=64)
    mean = (array["cell_read_low"] + array["cell_read_high"]) / 2
    assert result["energy_cells_J"][0] == pytest.approx(float(32 * 16 * mean), rel=1e-12)


def test_macros_of_two_devices_are_refused(table):
    both = judged(pd.DataFrame([ROW, ROW | {"architecture": "RRAM"}]), table)
    with pytest.raises(ValueError, match="macros must be of one device"):
        macro_costs(both, table)
