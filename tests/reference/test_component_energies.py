"""The shipped table against energies and leakages of the reference's single-layer runs.

The reference rounds each energy per action to 6 significant digits: after the same rounding the
table must give the same decimals.
"""

from typing import Any

import numpy as np
import pytest

from imcmoo.hardware.component_table import ComponentTable
from tests.reference import records

NODE_NM = 32
PULSES = 255  # of an 8-bit input given as spikes
GLB_WIDTH_BITS = 2048

pytestmark = records.of_every_source

Record = dict[str, Any]
Costs = dict[str, float]


def six(value):
    return float(f"{value:.5e}")


def in_pico(costs):
    return {name: cost * 1e12 for name, cost in costs.items()}


def scalars(costs):
    return {name: float(value) for name, value in costs.items()}


@pytest.fixture(scope="module")
def table():
    return ComponentTable.load()


@pytest.fixture
def runs(source):
    """The recorded runs that map."""
    return [run for run in records.breakdowns(source) if run["maps"]]


def crossbar_of(table, record):
    keys = (record[name] for name in ("device", "voltage_V", "rows", "cols"))
    device, *sizes = keys
    return scalars(table.crossbar(device, NODE_NM, *sizes))


def buffer_of(table, name, record):
    """The SRAM of a buffer and one of its address adders."""
    width = GLB_WIDTH_BITS if name == "glb" else 8 * record["macros_per_tile"]
    depth_key = {"glb": "glb_depth", "input_buffer": "rows", "output_buffer": "cols"}[name]
    depth = record[depth_key]
    sram = scalars(table.look_up("buffer", node_nm=NODE_NM, width_bits=width, depth_words=depth))
    return sram, scalars(table.look_up("adder", node_nm=NODE_NM, bits=np.ceil(np.log2(depth))))


def at_weight(costs, quantity, average_weight):
    low, high = costs[f"{quantity}_low"], costs[f"{quantity}_high"]
    return low + (high - low) * average_weight


def expected_energies(table, record):
    """Energy of each action and leakage per cycle, pJ, as the reference combines them.

    Converted to pJ before anything else, as the reference does: many values are ties when
    rounded to 6 digits.
    """
    crossbar = in_pico(crossbar_of(table, record))
    cycle, a, c = record["cycle_s"], record["average_input"], record["average_weight"]
    off, on = at_weight(crossbar, "row_read_off", c), at_weight(crossbar, "row_read_on", c)
    # The reference multiplies the leakage of everything but cells and buffers by the cycle twice.
    row_leak = crossbar["row_leak"] * cycle * cycle
    main_memory = 128 * table.main_memory_J_per_bit * 1e12
    energies = {
        "row_drivers": {"read": off + (on - off) * a * PULSES, "leak": row_leak},
        "column_drivers": {"leak": crossbar["column_leak"] * cycle * cycle},
        "adc": {
            "read": at_weight(crossbar, "adc_read", c),
            "leak": crossbar["adc_leak"] * cycle * cycle,
        },
        "weight_drivers": {"read": at_weight(crossbar, "row_write", c), "leak": row_leak},
        "cim_unit": {
            "read": at_weight(crossbar, "cell_read", c) * a * PULSES,
            "write": at_weight(crossbar, "cell_write", c),
            "leak": crossbar["cell_leak"] * cycle,
        },
        "router": {"read": in_pico(scalars(table.look_up("router", node_nm=NODE_NM)))["read"]},
        "main_memory": dict.fromkeys(("read", "write", "update"), main_memory),
    }
    for name in ("input_buffer", "output_buffer", "glb"):
        sram, adder = (in_pico(costs) for costs in buffer_of(table, name, record))
        energies[name] = {
            "read": sram["read"] + adder["energy"],
            "write": sram["write"] + adder["energy"],
            "update": sram["write"] + adder["energy"],
            "leak": (sram["leak"] + 2 * adder["leak"]) * cycle,
        }
    return energies


def test_energy_per_action_equals_every_record(table, runs):
    compared = 0
    for record in runs:
        expected = expected_energies(table, record)
        for component, actions in record["energy_per_action_pJ"].items():
            for action, energy_pJ in actions.items():
                ours = six(expected[component].get(action, 0.0))
                assert ours == energy_pJ, (component, action, record["workload"], record["layer"])
                compared += 1
    assert compared > 27 * len(runs)
