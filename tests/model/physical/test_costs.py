"""Costs of components are the worked examples of their formulas, to four digits."""

from dataclasses import replace

import numpy as np
import pytest

from imcmoo.model.physical.assumptions import Assumption, Assumptions
from imcmoo.model.physical.batch import Batch
from imcmoo.model.physical.chip import leakage, operating_point, slowdown
from imcmoo.model.physical.components import (
    HoldCosts,
    MemoryCell,
    SarNoiseAdc,
    Switches,
    Technology,
    ZigZagAdc,
    adc_costs,
    require_coverage,
    tile_buffer,
)
from imcmoo.model.physical.constraints import ir_drop, sampling_share
from imcmoo.model.physical.context import Context
from imcmoo.model.physical.latency import layer_read_times, macro_read_time
from imcmoo.model.physical.mapping import place
from imcmoo.model.physical.mapping_features import count_actions, map_layers
from imcmoo.model.physical.memory_cells import MEMORY_CELLS, Rram
from imcmoo.model.physical.model import PhysicalEvaluator
from imcmoo.model.physical.parameters import ADC_MODELS, DesignRefused, Designs
from imcmoo.model.physical.settings import ChipSharing
from imcmoo.networks.workloads import WorkloadSet
from tests.model.physical.designs import EARLIER_COSTS, TABLE, columns, columns_of

ANALOG = [name for name, cell in MEMORY_CELLS.items() if not cell.exact]


class ReadOnce(Rram):
    """RRAM whose columns keep their sums."""

    reads_again = False


def close(value):
    """The value, to four digits."""
    return pytest.approx(value, rel=5e-4, abs=0)


def nearly(value):
    """The value, but for rounding."""
    return pytest.approx(value, rel=1e-10, abs=0)


def with_values(**values):
    """Assumptions of version 5 without reference columns, some changed also beyond their bands."""
    values = {"reference_columns": 0.0} | EARLIER_COSTS | values
    fixed = {name: Assumption(value, value, value, "test") for name, value in values.items()}
    return replace(Assumptions(), **fixed)


def technology(device="rram", **values):
    """Technology of a device, some assumptions changed."""
    cell = MEMORY_CELLS[device] if isinstance(device, str) else device
    return Technology(
        device=cell, table=TABLE, assumptions=with_values(**values), switches=Switches()
    )


def designs(**changed):
    """One design with an ADC of the model sar_noise whose noise is not stated."""
    usual = {"adc_model": "sar_noise", "adc_noise": 0}
    return Designs.of_columns(columns(**(usual | changed)))


def adc(bits, node_nm, volt, *, model="sar_noise", **values):
    """Costs of an ADC at the nominal supply, but its energy at `volt`."""
    one = designs(adc_bits=bits, technology_nm=node_nm, voltage_V=volt, adc_model=model)
    return adc_costs(one, technology(**values))


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


@pytest.mark.parametrize(
    ("device", "bits", "percent", "volt", "active", "slice_bits", "decision_fJ", "fJ"),
    [
        pytest.param("sram", 6, 10, 1.0, 128, 1, 20.16, 262.7, id="1a"),
        pytest.param("sram", 6, 10, 0.9, 128, 1, 21.01, 240.9, id="1b"),
        pytest.param("sram", 6, 10, 1.0, 64, 1, 4.640, 169.6, id="1c"),
        pytest.param("sram", 7, 10, 1.0, 128, 1, 20.16, 367.4, id="1d"),
        pytest.param("sram", 7, 10, 1.0, 256, 1, 97.49, 908.7, id="1e"),
        pytest.param("sram", 6, 5, 1.0, 128, 1, 167.4, 1146.0, id="1f"),
        pytest.param("sram", 7, 10, 0.9, 64, 2, 212.7, 1672.0, id="1g"),
        pytest.param("rram", 5, 10, 0.9, 32, 1, 0.3868, 77.84, id="1h"),
    ],
)
def test_a_quieter_comparator_takes_more_energy(
    device, bits, percent, volt, active, slice_bits, decision_fJ, fJ
):
    shape = {"rows": 256, "active_rows": active, "input_slice_bits": slice_bits}
    one = designs(
        **{"bits_per_cell": 1, "adc_bits": bits, "adc_noise": percent, "voltage_V": volt}, **shape
    )
    switched_fJ = (10 * bits + 2**bits) * volt**2 * 32 / 28
    energy_J = adc_costs(one, technology(device)).energy_J
    assert energy_J == close(fJ * 1e-15)
    assert (energy_J - switched_fJ * 1e-15) / bits == close(decision_fJ * 1e-15)


@pytest.mark.parametrize(
    ("percent", "volt", "active", "slice_bits", "share"),
    [
        pytest.param(10, 1.0, 128, 1, 0.1473, id="5a"),
        pytest.param(7, 1.0, 256, 1, 0.6011, id="5b"),
        pytest.param(10, 1.0, 256, 2, 2.651, id="5c"),
        pytest.param(7, 0.6, 128, 1, 0.8349, id="5d"),
    ],
)
def test_sampling_takes_a_share_of_the_noise(percent, volt, active, slice_bits, share):
    shape = {"rows": 256, "active_rows": active, "input_slice_bits": slice_bits}
    one = designs(**{"bits_per_cell": 1, "adc_noise": percent, "voltage_V": volt}, **shape)
    assert sampling_share(one, technology("sram")) == close(share)
    assert sampling_share(one, technology("rram")) == 0


def test_noise_below_that_of_sampling_is_infeasible_at_a_finite_energy():
    shape = {"rows": 256, "active_rows": 256, "bits_per_cell": 1, "technology_nm": 32}
    noisy, quiet = (columns(adc_noise=n, **shape) for n in (40, 10))
    both = {name: np.concatenate([noisy[name], quiet[name]]) for name in noisy}
    model = PhysicalEvaluator("sram", WorkloadSet.load(["alexnet"]), table=TABLE)
    use = model.resource_use(both)["sampling"]
    assert use[0, 0] < 1 < use[1, 0]
    assert np.isfinite(model.in_full(both).energy_J).all()


@pytest.mark.parametrize("model", ADC_MODELS)
def test_adcs_have_the_noise_of_the_design_but_other_models_their_own_energy(model):
    shape = {"bits_per_cell": 1, "adc_model": model}
    both = {
        name: np.concatenate([values, values])
        for name, values in columns(**shape, adc_noise=20).items()
    } | {"adc_noise": np.array([20, 30])}
    found = PhysicalEvaluator("sram", WorkloadSet.load(["alexnet"]), table=TABLE).in_full(both)
    assert found.snr_adc_dB[0, 0] > found.snr_adc_dB[1, 0] + 1
    energy_J = found.energy_J[:, 0]
    assert (energy_J[0] == energy_J[1]) == (model != "sar_noise")


@pytest.mark.parametrize("device", ["rram", "sram"])
def test_a_chip_states_the_noise_of_its_adcs(device):
    model = PhysicalEvaluator(device, WorkloadSet.load(["alexnet"]), table=TABLE)
    with pytest.raises(DesignRefused, match="adc_noise, design 0: 0 is given, must be 1 to 400"):
        model.in_full(columns(bits_per_cell=1, adc_noise=0))


def test_adcs_of_the_reference_model_have_no_noise():
    flash = Switches(shared_converters=False)
    model = PhysicalEvaluator("sram", WorkloadSet.load(["alexnet"]), table=TABLE, switches=flash)
    quiet, noisy = (model.in_full(columns(bits_per_cell=1, adc_noise=n)) for n in (1, 400))
    assert noisy.snr_dB == quiet.snr_dB
    assert noisy.energy_J == quiet.energy_J
    assert noisy.sampling == 0


def test_zigzag_states_what_it_did():
    assert adc(6, 32, 1.0, model="zigzag").energy_J == close(690.4e-15)


@pytest.mark.parametrize(("bits", "node_nm", "um2"), [(6, 32, 317.7), (8, 22, 737.1)])
@pytest.mark.parametrize("model", [ZigZagAdc, SarNoiseAdc])
def test_formulas_take_less_than_half_of_the_fitted_area(model, bits, node_nm, um2):
    one = designs(adc_bits=bits, technology_nm=node_nm)
    costs = model().costs(one, technology())
    assert costs.area_m2 == close(um2 * 1e-12)


@pytest.mark.parametrize("model", ADC_MODELS)
def test_factors_multiply_every_adc_model_and_nothing_else(model):
    factors = {"adc_energy_factor": 2.0, "adc_area_factor": 0.5, "adc_time_factor": 3.0}
    usual, other = adc(8, 32, 0.9, model=model), adc(8, 32, 0.9, model=model, **factors)
    assert other.energy_J == 2 * usual.energy_J
    assert other.area_m2 == usual.area_m2 / 2
    assert other.time_s == 3 * usual.time_s


def test_sar_noise_has_at_most_12_bits_and_says_so():
    with pytest.raises(DesignRefused, match="design 1: 13 is given, must be at most 12"):
        adc_costs(replace(designs(adc_bits=12).take(np.array([0, 0])), adc_bits=np.array([12, 13])),
                  technology())  # fmt: skip
    assert adc(13, 32, 0.9, model="zigzag").energy_J > 0


@pytest.mark.parametrize(
    ("changed", "columns_more"),
    [
        ({}, 4),
        ({"bits_per_cell": 3}, 3),
        ({"weight_coding": "differential"}, 0),
    ],
)
def test_reference_columns_take_cells_drivers_and_energy_of_each_pulse(changed, columns_more):
    """Weights of 8 bits in cells of 2; with 8 columns per ADC rows are read 8 times."""
    one = designs(**changed)
    without, beside = (chip("rram", one, reference_columns=m) for m in (0.0, 1.0))
    array = TABLE.look_up("rram", node_nm=32, rows=128, cols=128, voltage_V=0.9)
    share = columns_more / 128
    assert beside.areas_m2["cells"] == nearly(without.areas_m2["cells"] * (1 + share))
    drivers = beside.areas_m2["drivers"] - without.areas_m2["drivers"]
    assert drivers == pytest.approx(one.macros * 5 * array["column_area_muxed"] * share, abs=1e-15)
    pulse_J = beside.prices_J["row_pulse"] - without.prices_J["row_pulse"]
    assert pulse_J == pytest.approx(8 * columns_more * array["cell_read_low"], rel=1e-9, abs=1e-30)


@pytest.mark.parametrize("device", ["rram", "sram"])
def test_ideal_cells_need_no_reference_and_are_not_stuck(device):
    faults = {"reference_columns": 4.0, f"{device}_read_sigma": 0.02, f"{device}_stuck_share": 1e-3}
    ideal, faulty = (
        PhysicalEvaluator(
            device,
            WorkloadSet.load(["alexnet"]),
            table=TABLE,
            assumptions=Assumptions().having(**values),
            switches=Switches(few_levels=False),
        ).in_full(columns(bits_per_cell=1))
        for values in ({}, faults)
    )
    for name in ("area_m2", "energy_J", "snr_dB", "snr_dev_dB"):
        np.testing.assert_array_equal(getattr(ideal, name), getattr(faulty, name))


SMALLER_HOLD = {"current_hold_F": 10e-15, "current_hold_m2": 5e-12}


BARE = {"top_area": 0.0, "top_energy": 0.0}


def chip(device, one, *, top=False, **values):
    """The chip of one design of a device, by default without a top level."""
    networks = WorkloadSet.load(["resnet18"])
    how = technology(device, **(values if top else BARE | values))
    context = Context.of_networks(networks, device=how.device.name, table=TABLE)
    context = replace(context, device=how.device, assumptions=how.assumptions)
    return Batch(context, one).chip


@pytest.mark.parametrize(
    ("device", "hold", "ns"), [(Rram(), 0, 261.9), (Rram(), 1, 87.29), (ReadOnce(), 0, 98.21)]
)
def test_an_array_is_read_for_each_conversion_or_once_before_or_while_converting(device, hold, ns):
    one = designs(
        voltage_V=1.0, rows=256, cols=512, columns_per_adc=16, active_rows=64, adc_bits=6,
        sample_and_hold=hold, input_coding="levels",
    )  # fmt: skip
    how = technology(device)
    point, wide = operating_point(one, how), np.array([[512.0]])
    assert point.array_s + device.inputs_s(one, point.slowdown, how.assumptions) == close(10.92e-9)
    assert point.adc.time_s == close(5.456e-9)
    assert macro_read_time(one, point, wide, np.array([32.0]), how) == close(ns * 1e-9)
    rates = chip(device, one).rates.of_layers(slice(None))
    assert layer_read_times(rates, wide) == close(ns * 1e-9)


@pytest.mark.parametrize("hold", [0, 1])
@pytest.mark.parametrize("device", [Rram(), ReadOnce(), MEMORY_CELLS["sram"]])
def test_reads_in_time_go_with_the_columns_of_a_layer_and_in_row_energy_with_all(device, hold):
    """5 of 16 columns of an ADC: 5 reads in time, 16 in the energy of rows; else one of each."""
    one = designs(
        cols=128, columns_per_adc=16, sample_and_hold=hold, input_coding="levels", bits_per_cell=1
    )
    how = technology(device)
    point = operating_point(one, how)
    adcs, read = (
        np.array([8.0]),
        point.array_s + device.inputs_s(one, point.slowdown, how.assumptions),
    )
    time = macro_read_time(one, point, np.array([[40.0]]), adcs, how)[0, 0]
    convert = 5 * point.adc.time_s[0]
    again = type(device) is Rram and not hold
    expected = max(read[0], convert) if hold else (5 if again else 1) * read[0] + convert
    assert time == nearly(expected)
    built = chip(device, one)
    dac = how.assumptions.dac_F_per_bit.value * 2 * 0.9**2
    assert built.prices_J["dac"] == nearly(dac * (16 if again else 1))


def test_only_a_device_that_draws_a_current_needs_the_hold_of_a_current():
    holds = [MEMORY_CELLS[name].hold(Assumptions()) for name in ("rram", "sram")]
    assert holds == [HoldCosts(50e-15, 20e-12), HoldCosts(10e-15, 5e-12)]
    held = designs(sample_and_hold=1, cols=128)
    usual, smaller = (chip("rram", held, **values) for values in ({}, SMALLER_HOLD))
    less = usual.areas_m2["drivers"] - smaller.areas_m2["drivers"]
    assert less == nearly(held.macros * 128 * 15e-12)
    less = usual.prices_J["conversion"] - smaller.prices_J["conversion"]
    assert less == nearly(40e-15 * 0.9**2)


def quantities(one, device, **values):
    """All areas, prices and rates of a chip by name."""
    built = chip(device, one, **values)
    areas = {f"{name}_m2": area for name, area in built.areas_m2.items()}
    return areas | built.prices_J | vars(built.rates)


FACTORS = {
    "adc_energy_factor": {"conversion"},
    "input_energy_factor": {"dac", "row_pulse"},
    "array_energy_factor": {"cell_low", "cell_span"},
    "adc_time_factor": {"convert_s"},
    "adc_area_factor": {"adc_m2"},
    "array_area_factor": {"cells_m2", "drivers_m2"},
}


@pytest.mark.parametrize("name", FACTORS)
@pytest.mark.parametrize("device", ANALOG)
def test_a_factor_multiplies_what_it_names_and_no_adder_nor_hold(name, device):
    one = designs(input_coding="levels", sample_and_hold=1, bits_per_cell=1, dram="x32")
    usual, other = (quantities(one, device, **values) for values in ({}, {name: 2.0}))
    changed = {part for part in usual if other[part] != usual[part]}
    changed -= {"link", "tile_sum"}  # wires go with area
    assert changed == {part for part in FACTORS[name] if usual[part] > 0}
    held = MEMORY_CELLS[device].hold(Assumptions()).charge_F * 0.9**2
    for part in changed:
        rest = held if part == "conversion" else 0.0
        assert other[part] - rest == nearly(2 * (usual[part] - rest))


def test_an_sram_cell_is_a_capacitor_with_lines_gates_and_mismatch():
    one, how = designs(voltage_V=1.0, bits_per_cell=1), technology("sram")
    point = operating_point(one, how)
    assert point.cell.low_J == close(2.0e-15)
    assert 128 * 128 * point.cell_m2 == close(20130e-12)
    assert how.device.sigma(how.assumptions) == close(0.007303)


def test_the_capacitor_of_an_sram_cell_decides_energy_and_noise():
    small, large = (
        technology("sram", sram_unit_F=farad, sram_line_F=0.0) for farad in (0.6e-15, 2.4e-15)
    )
    one = designs(bits_per_cell=1)
    energies = [operating_point(one, how).cell.low_J[0] for how in (small, large)]
    sigmas = [how.device.sigma(how.assumptions) for how in (small, large)]
    assert energies[1] == nearly(4 * energies[0])
    assert sigmas[1] == nearly(sigmas[0] / 2)


def test_a_device_that_states_no_cell_area_has_that_of_the_component_table():
    class Plain(type(MEMORY_CELLS["sram"])):
        cell_m2 = MemoryCell.cell_m2

    one = designs(bits_per_cell=1)
    assert operating_point(one, technology(Plain())).cell_m2 == close(280 * 32e-9**2)


def test_an_rram_cell_is_as_large_as_stated():
    point = operating_point(designs(), technology("rram"))
    assert point.cell_m2 == close(0.1024e-12)


@pytest.mark.parametrize(
    ("rows", "active", "coding", "drop"),
    [
        (256, 64, "offset", 0.05069),
        (256, 64, "differential", 0.02921),
        (512, 16, "offset", 0.02534),
    ],
)
def test_the_voltage_along_a_column_drops_with_its_pitch(rows, active, coding, drop):
    one = designs(rows=rows, active_rows=active, weight_coding=coding, bits_per_cell=1)
    how = technology("rram")
    wire = operating_point(one, how).wire_ohm_per_m
    assert ir_drop(one, np.ones(1), wire, how) == close(drop)


def test_the_driver_factor_multiplies_row_and_column_drivers_of_rram_alone():
    one = designs(bits_per_cell=1, sample_and_hold=1, input_coding="levels", columns_per_adc=16)
    for device, factor in (("rram", 5.0), ("sram", 1.0)):
        usual, other = (chip(device, one, **v) for v in ({"rram_driver_factor": 1.0}, {}))
        array = operating_point(one, technology(device, rram_driver_factor=1.0)).array
        drivers = one.macros * (array["row_area"] + array["column_area_muxed"])
        more = other.areas_m2["drivers"] - usual.areas_m2["drivers"]
        assert more == nearly((factor - 1) * drivers)


@pytest.mark.parametrize(
    ("device", "pJ"), [(ReadOnce(), 0.4314), (Rram(), 27.61), (MEMORY_CELLS["sram"], 0.0)]
)
def test_a_pulse_charges_the_word_line_of_a_resistive_row_for_each_read(device, pJ):
    one = designs(cols=1024, columns_per_adc=64, bits_per_cell=1)
    assert chip(device, one).prices_J["row_pulse"] == close(pJ * 1e-12)


@pytest.mark.parametrize("coding", ["pulses", "levels"])
def test_rows_of_a_layer_are_driven_once_for_each_pulse_or_level(coding):
    """Pulses are summed over slices already, so their number of slices is no further factor."""
    networks, one = WorkloadSet.load(["resnet18"]), designs(cols=256, input_coding=coding)
    context = Context.of_networks(networks, device="rram", table=TABLE)
    mapped = map_layers(context, one, place(context, one), streamed=False)
    counted = count_actions(context, one, mapped)
    layers, blocks = context.layers, mapped.placement.column_blocks
    pulses = 4 if coding == "levels" else layers.operand_sums.pulses[0, 1]
    stored = ~layers.digital
    rows = layers.n_vectors * layers.groups * layers.rows * blocks * stored
    np.testing.assert_allclose(counted["row_pulse"], rows * pulses)
    np.testing.assert_allclose(counted["dac"], rows * 4)


def test_shift_and_add_of_20_bits_takes_less_than_the_table_says():
    one = designs(voltage_V=1.0, adc_bits=8, bits_per_cell=2, input_slice_bits=2)
    assert chip("rram", one).prices_J["shift_add"] == close(114.3e-15)


def test_a_small_buffer_has_the_periphery_of_its_perimeter():
    one = designs(macros_per_tile=4, rows=128)
    usual, other = (
        tile_buffer("input_buffer", one, technology("rram", **v))
        for v in ({"small_buffer_m2_per_bit": 0.0}, {})
    )
    assert usual["area"] == close(958.0e-12)
    assert other["area"] == close(3502e-12)
    assert other["read"] == usual["read"]


def test_a_large_buffer_has_the_area_of_the_component_table():
    one = designs(macros_per_tile=128, rows=1024, cols=1024, technology_nm=7)
    usual, other = (
        chip("rram", one, **v).areas_m2["buffers"]
        for v in ({"small_buffer_m2_per_bit": 0.0}, {"small_buffer_m2_per_bit": 0.01e-12})
    )
    assert usual == other


@pytest.mark.parametrize(
    ("dram", "mm2"), [("none", 0), ("x16", 30), ("x32", 45), ("x64", 60), ("hbm2", 184)]
)
def test_dram_beside_the_chip_has_an_area_that_is_not_the_chip_s(dram, mm2):
    one = designs(dram=dram)
    usual, other = (chip("rram", one, **v) for v in ({}, {"dram_footprint_factor": 2.0}))
    assert usual.dram.area_m2 * 1e6 == nearly(mm2)
    assert other.dram.area_m2 == 2 * usual.dram.area_m2
    assert other.area_m2 == usual.area_m2


def test_the_interface_of_hbm2_is_on_the_chip():
    assert chip("rram", designs(dram="hbm2")).areas_m2["interface"] == nearly(25e-6)


def test_a_chip_has_a_top_level_for_all_but_its_memory_interface():
    one = designs(dram="hbm2")
    bare, whole = (chip("rram", one, top=top) for top in (False, True))
    parts = bare.area_m2 - bare.areas_m2["interface"]
    assert whole.areas_m2["interface"] == 25e-6
    assert whole.area_m2 == nearly(1.2 * parts + 25e-6)
    assert 1.2 * 40 + whole.areas_m2["interface"] * 1e6 == close(73)


def test_prices_have_a_share_of_the_top_level_but_those_off_the_chip_and_links_once():
    one = designs(dram="x64", voltage_V=1.0)
    bare, whole = (chip("rram", one, top=top).prices_J for top in (False, True))
    for name in bare:
        if name in ("dram", "hop_J", "wire_J_per_m", "sum_J"):
            assert whole[name] == bare[name]
        elif name != "link":
            assert whole[name] == nearly(1.15 * bare[name])
    wire = whole["wire_J_per_m"] * 2 / 3 * np.sqrt(73e-6)
    assert 1.15 * wire == close(655.0e-15)
    area = chip("rram", one, top=True).area_m2
    link = whole["hop_J"] + whole["wire_J_per_m"] * 2 / 3 * np.sqrt(area)
    assert whole["link"] == nearly(1.15 * link)


@pytest.mark.parametrize("sharing", [ChipSharing(), ChipSharing(requests_per_switch=1)])
@pytest.mark.parametrize("device", MEMORY_CELLS)
def test_parts_with_the_top_level_add_up_and_those_off_the_chip_have_none_of_it(device, sharing):
    given = columns_of(device, tiles_per_group=64, router_groups=32, dram="x64")
    given |= {"bits_per_cell": np.ones(1)}
    bare, energy, whole = (
        PhysicalEvaluator(
            device,
            WorkloadSet.load(["resnet18", "mobilebert_onnx"]),
            assumptions=with_values(**values),
            table=TABLE,
            sharing=sharing,
        )
        for values in (BARE, {"top_area": 0.0}, {})
    )
    parts, all_in = whole.breakdown(given), whole.in_full(given)
    assert parts.energy_J.sum() == nearly(all_in.energy_J.sum())
    assert parts.area_m2.sum() == nearly(all_in.area_m2[0])
    # With the same area, and so the same wires, components cost what they did.
    before, after = (
        dict(zip(p.components, p.energy_J.sum((0, 1)), strict=True))
        for p in (model.breakdown(given) for model in (bare, energy))
    )
    assert (bare.in_full(given).interval_s == energy.in_full(given).interval_s).all()
    assert before.pop("top") == 0
    top = after.pop("top")
    assert after == nearly(before)
    of_chip = {n: v for n, v in after.items() if n not in ("leakage", "dram", "switch")}
    assert top >= 0.15 * sum(of_chip.values()) * (1 - 1e-12)


@pytest.mark.parametrize(
    ("node_nm", "volt", "kappa"), [(32, 1.0, 0.8595), (32, 0.7, 1.640), (32, 0.6, 2.660)]
)
def test_a_lower_supply_slows_short_channels_less_than_by_the_square(node_nm, volt, kappa):
    one = designs(technology_nm=node_nm, voltage_V=volt)
    how = technology("rram")
    threshold = TABLE.look_up("technology", node_nm=node_nm)["threshold_V"]
    assert slowdown(one.voltage_V, threshold, how.assumptions) == close(kappa)


def test_two_supplies_of_one_node_differ_by_the_exponent():
    how, threshold = technology("sram"), np.array([0.419915])
    low, high = (slowdown(np.array([volt]), threshold, how.assumptions) for volt in (0.7, 1.1))
    assert low / high == close(2.016)


@pytest.mark.parametrize("device", ANALOG)
@pytest.mark.parametrize("columns_per_adc", [1, 8])
def test_an_array_is_as_slow_as_at_0_9_V_times_the_slowdown(device, columns_per_adc):
    """Not as the table has it at its supply: at 0.6 V that is 2.6 to 16 times as much."""
    low, usual = (
        operating_point(
            designs(voltage_V=volt, bits_per_cell=1, columns_per_adc=columns_per_adc),
            technology(device),
        )
        for volt in (0.6, 0.9)
    )
    assert low.array_s / usual.array_s == close(2.660)


def test_a_table_without_0_9_V_is_refused_with_the_command_that_adds_it():
    rows = TABLE.tables["sram"]
    kept = rows.column("voltage_V") != 900
    lacking = replace(rows, keys=rows.keys[kept], values=rows.values[:, kept])
    table = replace(TABLE, tables={**TABLE.tables, "sram": lacking})
    how = replace(technology("sram"), table=table)
    with pytest.raises(DesignRefused, match=r"0\.9 is needed as well, but .* to add it: .* build"):
        require_coverage(designs(voltage_V=0.7, bits_per_cell=1), how)


def test_leakage_goes_with_the_area_of_cmos_and_the_supply():
    one = designs(voltage_V=1.0)
    assert sum(leakage({"glb": np.array([40e-6])}, one, technology()).values()) == close(44.44e-3)


@pytest.mark.parametrize("device", MEMORY_CELLS)
def test_all_cmos_leaks_but_neither_interface_nor_top_level_nor_resistive_cells(device):
    one = designs(bits_per_cell=1, dram="hbm2")
    built = chip(device, one, top=True)
    silent = {"interface", "top"} | ({"cells"} if device == "rram" else set())
    area = sum(area for name, area in built.areas_m2.items() if name not in silent)
    assert built.leak_W == nearly(1000 * area)
    denser, larger = (
        chip(device, one, top=True, **values)
        for values in ({"rram_cell_F2": 130.0, "sram_cell_F2": 1400.0}, {"top_area": 0.4})
    )
    assert (denser.leak_W > built.leak_W) == (device == "sram")
    assert larger.leak_W == nearly(built.leak_W)


def test_murmann_has_static_power_besides_the_leakage_of_its_area():
    murmann, other = (
        chip("rram", designs(adc_model=name, adc_bits=8)) for name in ("murmann", "isaac")
    )
    of_area = [1000 * built.areas_m2["adc"] for built in (murmann, other)]
    assert other.leaks_W["adc"] == nearly(of_area[1])
    assert murmann.leaks_W["adc"] > 2 * of_area[0]
