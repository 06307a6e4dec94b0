"""Worked examples of version 6 of the costs, by the package and by the scalar model, to four
digits. Ids are those of the specification; assumptions have their values unless stated.
"""

from dataclasses import replace

import numpy as np
import pytest

from imcmoo.model.physical.adder_trees import relative_activity
from imcmoo.model.physical.assumptions import Assumption, Assumptions
from imcmoo.model.physical.batch import Batch
from imcmoo.model.physical.chip import (
    Dram,
    leakage,
    operating_point,
    row_prices,
    slowdown,
    tile_sum_price,
)
from imcmoo.model.physical.components import Switches, Technology
from imcmoo.model.physical.context import Context
from imcmoo.model.physical.mapping import count_traffic, place
from imcmoo.model.physical.memory_cells import MEMORY_CELLS
from imcmoo.model.physical.parameters import DesignRefused, Designs
from imcmoo.model.physical.processing_element import (
    accumulator_charge,
    multiplier_charge,
    multiply_accumulate_J,
    switching_J,
)
from imcmoo.networks.workloads import WorkloadSet
from tests.fakes import network
from tests.model.physical import scalar_digital
from tests.model.physical import scalar_physical as scalar
from tests.model.physical.designs import DESIGN, TABLE, columns_of


def close(value):
    """The value, to four digits."""
    return pytest.approx(value, rel=5e-4, abs=0)


def with_values(**values):
    fixed = {name: Assumption(value, value, value, "test") for name, value in values.items()}
    return replace(Assumptions(), **fixed)


def technology(device, **values):
    return Technology(
        device=MEMORY_CELLS[device],
        table=TABLE,
        assumptions=with_values(**values),
        switches=Switches(),
    )


def designs(device, **changed):
    usual = {} if device == "dimc" else {"bits_per_cell": 1, "adc_noise": 0}
    return Designs.of_columns(
        columns_of(device, **(usual | changed)), defaults=MEMORY_CELLS[device].defaults
    )


def chip_of(device, layers=((16, 32, 14, 14, 3, 3, 1, 1),), values=None, **changed):
    """A chip, and traffic of layers on it."""
    networks = WorkloadSet((network(layers),))
    context = Context.of_networks(networks, device=device, table=TABLE)
    context = replace(context, assumptions=with_values(**(values or {})))
    one = designs(device, **({} if device == "dimc" else {"adc_noise": 10}) | changed)
    placement = place(context, one)
    traffic = count_traffic(context, one, placement, np.ones_like(placement.macros))
    return Batch(context, one).chip, traffic


def scalar_chip(device, values=None, **changed):
    usual = DESIGN | {"bits_per_cell": 1, "adc_noise": 0}
    return scalar.Chip(usual | changed, device, TABLE, with_values(**(values or {})))


TREE = {"rows": 64, "cols": 128, "active_rows": 64, "input_slice_bits": 1, "columns_per_adc": 4}


@pytest.mark.parametrize(
    ("node", "volt", "nanoseconds"),
    [
        pytest.param(32, 0.9, 3.265, id="1a"),
        pytest.param(32, 1.0, 2.752, id="1b"),
        pytest.param(22, 0.8, 2.767, id="1c"),
    ],
)
def test_published_clocks_limit_digital_macros(node, volt, nanoseconds):
    shape = TREE | {"tree_stages": 4, "technology_nm": node, "voltage_V": volt}
    how = technology("dimc")
    assert operating_point(designs("dimc", **shape), how).adc.time_s == close(nanoseconds * 1e-9)
    threshold = float(TABLE.look_up("technology", node_nm=node)["threshold_V"])
    kappa = scalar.slowdown(volt, threshold, 1.4)
    cycle_s = scalar_digital.macro(DESIGN | shape, kappa, how.assumptions)["cycle_s"]
    assert cycle_s == close(nanoseconds * 1e-9)


def test_a_one_bit_row_of_sram_charges_its_lines_where_inputs_change():
    shape = {"cols": 128, "input_slice_bits": 1}
    prices = row_prices(designs("sram", **shape), technology("sram"))
    assert 0.5 * float(prices["row_pulse"][0]) == close(41.47e-15)  # 3a
    assert float(prices["dac"][0]) == 0
    one = scalar_chip("sram", **shape)
    assert 0.5 * one.pulse_J == close(41.47e-15)
    assert one.dac_J == 0


@pytest.mark.parametrize(
    ("factor", "nanoseconds"),
    [
        pytest.param(1.0, 8.855, id="4a"),
        pytest.param(0.55, 4.870, id="4b"),
        pytest.param(1.8, 15.94, id="4c"),
    ],
)
def test_an_adc_of_6_bits_and_128_rows_takes(factor, nanoseconds):
    shape = {"adc_bits": 6, "active_rows": 128}
    values = {"adc_time_factor": factor}
    point = operating_point(designs("sram", **shape), technology("sram", **values))
    assert point.adc.time_s == close(nanoseconds * 1e-9)
    assert scalar_chip("sram", values, **shape).adc_s == close(nanoseconds * 1e-9)


def test_bias_of_65_536_adcs_takes():
    """4d: with and without it, chips of 4,096 macros of 16 ADCs."""
    shape = {"macros_per_tile": 4, "tiles_per_group": 32, "router_groups": 32}
    biased, free = (chip_of("sram", values=v, **shape)[0] for v in ({}, {"adc_bias_W": 0.0}))
    assert (biased.leak_W - free.leak_W)[0] == close(0.4588)
    by_hand = [scalar_chip("sram", v, **shape).leak for v in ({}, {"adc_bias_W": 0.0})]
    assert by_hand[0] - by_hand[1] == close(0.4588)


def test_row_blocks_fill_a_tile_before_their_sums_cross_links():
    """4,608 rows in macros of 256 rows, four a tile."""
    shape = {"rows": 256, "cols": 256, "active_rows": 64, "macros_per_tile": 4}
    _, traffic = chip_of("sram", [[512, 512, 7, 7, 3, 3, 1, 1]], **shape)
    outputs = 512 * 7 * 7
    assert traffic.sum_words.ravel() / outputs == 4  # 5b
    assert traffic.tile_sum_words.ravel() / outputs == 13  # 5c


def test_a_partial_sum_of_24_bits_within_a_tile_takes():
    gate_J = 6 * 0.7e-15 * 32 / 28 * 0.9**2
    wire_J_per_m = np.array([0.5 * 0.2e-9 * 0.9**2])
    wire = tile_sum_price(np.zeros(1), wire_J_per_m, np.array([0.38e-6]), technology("sram"))
    assert 24 * wire == close(1198e-15)  # 5d
    assert 24 * gate_J == close(93.31e-15)  # 5e
    assert chip_of("sram")[0].prices_J["sum_J"] == close(gate_J)
    whole = scalar.tile_sum_J(0.38e-6, 32, 0.9, Assumptions())
    assert 24 * whole == close(1198e-15 + 93.31e-15)


@pytest.mark.parametrize(
    ("volt", "kappa"),
    [
        pytest.param(0.7, 1.737, id="6a"),
        pytest.param(0.6, 2.959, id="6b"),
        pytest.param(1.0, 0.8427, id="6c"),
    ],
)
def test_the_supply_slows_circuits_of_32_nm(volt, kappa):
    threshold = TABLE.look_up("technology", node_nm=32)["threshold_V"]
    assert slowdown(np.array([volt]), threshold, Assumptions()) == close(kappa)
    assert scalar.slowdown(volt, float(threshold), 1.4) == close(kappa)


@pytest.mark.parametrize(
    ("activity", "factor"),
    [
        pytest.param(0.14, 1.952, id="7a"),
        pytest.param(0.24, 1.523, id="7b"),
        pytest.param(0.43, 1.101, id="7c"),
        pytest.param(0.5, 1.0, id="7d"),
        pytest.param(0.0, 4.895, id="no activity"),
        pytest.param(1.0, 0.5750, id="all change"),
    ],
)
def test_adders_of_128_inputs_take_more_per_changed_product_where_few_change(activity, factor):
    found = relative_activity(np.array([activity]), np.array([7.0]), 8)
    assert found == close(factor)
    if 0 < activity < 1:
        assert scalar_digital.tree_factor(activity, 7) == close(factor)


def test_the_second_cell_of_a_ping_pong_array_shares_the_capacitor():
    """8b: 128 × 128 cells, without spare columns."""
    values = {"spare_columns": 0.0}
    shape = {"ping_pong": 1}
    chip, _ = chip_of("sram", values=values, **shape)
    macros = designs("sram", **shape).macros
    assert chip.areas_m2["cells"] / macros == close(2.483e-8)
    assert scalar_chip("sram", values, **shape).cells_m2() == close(2.483e-8)


def test_leakage_is_that_of_85_degrees_and_idle_macros_of_rram_are_gated():
    parts = leakage({"glb": np.array([40e-6])}, designs("sram", voltage_V=1.0), technology("sram"))
    assert sum(parts.values()) == close(222.2e-3)  # 9a
    assert scalar.leak_W(40e-6, 1.0, Assumptions()) == close(222.2e-3)
    idle = technology("rram").idle_macro_leak
    assert idle + (1 - idle) * 0.25 == close(0.325)  # 9b
    assert scalar.gated_share(0.25, Assumptions()) == close(0.325)
    assert technology("sram").idle_macro_leak == technology("dimc").idle_macro_leak == 1


def test_dram_between_frames_rests():
    """10a: LPDDR4 of 64 data lines, busy 54 % of the time."""
    dram = Dram.of_designs(designs("sram", dram="x64"), Assumptions())
    busy = 0.54
    assert busy * dram.idle_W + (1 - busy) * dram.rest_W == close(87.5e-3)


def test_a_multiply_accumulate_of_the_digital_unit_takes():
    how = replace(technology("sram", logic_overhead=1.0), weight_bits=8, input_bits=8)
    one = designs("sram")
    gate_J = switching_J(one, how)
    assert gate_J * multiplier_charge(how) == close(143.1e-15)  # N1
    assert gate_J * accumulator_charge(how, 32) == close(102.9e-15)  # N2
    assert multiply_accumulate_J(one, how) == close(246.0e-15)  # N3
    assert scalar.unit_J(32, 0.9, how.assumptions) == close(246.0e-15)


@pytest.mark.parametrize("node", [7, 14])
def test_digital_macros_of_small_nodes_are_refused(node):
    with pytest.raises(
        DesignRefused, match=r"technology_nm, design 0: \d+ is given, must be 22 nm"
    ):
        MEMORY_CELLS["dimc"].check(designs("dimc", **TREE, technology_nm=node), 8)
