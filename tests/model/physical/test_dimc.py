"""Digital in-memory computing: worked examples, an independent scalar model, refusals, accuracy."""

import math
from dataclasses import replace

import numpy as np
import pytest

from imcmoo.api import Study
from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.model.physical.assumptions import Assumption, Assumptions
from imcmoo.model.physical.batch import Batch
from imcmoo.model.physical.circuit import Circuit
from imcmoo.model.physical.constraints import CircuitLimits
from imcmoo.model.physical.memory_cells import MEMORY_CELLS
from imcmoo.model.physical.model import PhysicalEvaluator
from imcmoo.model.physical.parameters import DesignRefused
from imcmoo.model.physical.settings import Operands
from imcmoo.networks.workloads import WorkloadSet
from imcmoo.space.restricted import restricted
from problems import DIMC_PHYSICAL, STUDIES
from tests.model.physical import scalar_digital
from tests.model.physical.designs import (
    DESIGN,
    EARLIER_COSTS,
    TABLE,
    columns,
    one,
    random_designs,
)
from tests.model.physical.scalar_physical import slowdown
from tests.model.physical.simulated import product

NETWORKS = WorkloadSet.load(["alexnet"])
DIMC = MEMORY_CELLS["dimc"]
CHIP = {name: value for name, value in DESIGN.items() if name not in DIMC.defaults}
CHIP |= {"rows": 64, "cols": 128, "active_rows": 64, "input_slice_bits": 1, "columns_per_adc": 4}
ALONE = {"voltage_exponent": 2.0, "logic_overhead": 1.2, "tree_wires": 0.0}
"""Values for a macro compared alone, where they differ from those of a chip."""

COLUMNS = (
    *("technology_nm", "voltage_V", "rows", "cols", "active_rows"),
    *("columns_per_adc", "input_slice_bits", "tree_stages"),
)
EXAMPLES = (
    (32, 0.9, 128, 128, 128, 1, 1, 1),
    (32, 0.9, 64, 128, 64, 4, 1, 4),
    (22, 0.8, 256, 64, 64, 1, 2, 2),
    (45, 1.0, 32, 256, 16, 2, 4, 1),
    (32, 0.6, 128, 128, 128, 1, 8, 4),
    (22, 1.0, 256, 64, 256, 1, 1, 4),
    (32, 0.7, 64, 128, 64, 4, 1, 4),
)
EXPECTED = {  # macros alone, on chips
    "cycle_ns": (
        (4.425, 1.123, 2.253, 3.941, 7.545, 1.000, 2.752),
        (4.425, 1.123, 1.913, 4.554, 3.582, 1.000, 1.841),
    ),
    "cell_span_fJ": (
        (5.565, 5.501, 2.988, 8.965, 2.473, 4.752, 3.328),
        (5.716, 5.649, 3.069, 9.198, 2.540, 4.881, 3.417),
    ),
    "conversion_fJ": (
        (22.31, 107.6, 45.14, 77.46, 521.6, 239.6, 65.09),
        (18.59, 89.67, 37.62, 64.55, 434.6, 199.7, 54.24),
    ),
    "dac_fJ": (
        (2.333, 24.88, 10.98, 248.4, 8.294, 1.980, 15.05),
        (1.944, 20.74, 9.152, 207.0, 6.912, 1.650, 12.54),
    ),
    "column_um2": ((1026, 701.8, 536.0, 1040, 10290, 1212, 701.8),) * 2,
}
TOP = 1.15
"""Prices of a chip contain a share of clock and control."""


def batch_of(designs, **assumed):
    """A batch of designs of the device."""
    values = {name: Assumption(value, value, value, "test") for name, value in assumed.items()}
    assumptions = replace(Assumptions(), **values)
    model = PhysicalEvaluator("dimc", NETWORKS, table=TABLE, assumptions=assumptions)
    return Batch(model._context, model.covered(designs))


def macros_of(designs, **assumed):
    """Prices, cycle and areas of one macro of each design, in J, s and m²."""
    batch = batch_of(designs, **assumed)
    chip, macros = batch.chip, batch.designs.macros
    return {
        "low_J": chip.prices_J["cell_low"] / TOP,
        "span_J": chip.prices_J["cell_span"] / TOP,
        "tree_J": chip.prices_J["tree_span"] / TOP,
        "convert_J": chip.price_of("conversion") / TOP,
        "row_J": chip.prices_J["dac"] / TOP,
        "cycle_s": chip.rates.convert_s + chip.rates.read_s,
        "column_m2": (chip.areas_m2["adc"] + chip.areas_m2["shift_add"])
        / (macros * chip.rates.adcs),
        "registers_m2": chip.areas_m2["drivers"] / macros - batch.point.array["row_area"],
    }


@pytest.mark.parametrize("at", [0, 1], ids=["alone", "on chips"])
def test_prices_cycles_and_areas_are_those_of_the_worked_examples(at):
    values = dict(zip(COLUMNS, np.array(EXAMPLES).T, strict=True))
    designs = {n: np.repeat(v, len(EXAMPLES)) for n, v in columns(CHIP).items()} | values
    found = macros_of(designs, **EARLIER_COSTS | (ALONE if at == 0 else {}))
    ours = {
        "cycle_ns": found["cycle_s"] * 1e9,
        "cell_span_fJ": (found["span_J"] + found["tree_J"]) * 1e15,
        "conversion_fJ": found["convert_J"] * 1e15,
        "dac_fJ": found["row_J"] * 1e15,
        "column_um2": found["column_m2"] * 1e12,
    }
    for name, expected in EXPECTED.items():
        half_a_digit = 10 ** (np.floor(np.log10(expected[at])) - 3) / 2
        assert (np.abs(ours[name] - expected[at]) <= half_a_digit * (1 + 1e-9)).all(), name
    assert found["low_J"][0] * 1e15 == pytest.approx((0.3888, 0.3240)[at], abs=5e-5)


def test_random_macros_at_all_supplies_equal_the_scalar_model():
    designs = random_designs(1000, np.random.default_rng(11), "dimc")
    found, usual = macros_of(designs), Assumptions()
    exponent = usual.voltage_exponent.value
    nodes = designs["technology_nm"]
    thresholds = TABLE.look_up("technology", node_nm=nodes)["threshold_V"].tolist()
    for at, threshold in enumerate(thresholds):
        design = one(designs, at)
        kappa = slowdown(design["voltage_V"], threshold, exponent)
        expected = scalar_digital.macro(design, kappa, usual)
        for name, values in found.items():
            # The area of registers is a small difference.
            digits = 1e-9 if name == "registers_m2" else 1e-12
            assert math.isclose(values[at], expected[name], rel_tol=digits), (name, at)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"adc_bits": 6}, "adc_bits, design 0: 6 is given, must be 1 for DIMC"),
        ({"bits_per_cell": 2}, "bits_per_cell, design 0: 2 is given, must be 1 for DIMC"),
        ({"sample_and_hold": 1}, "sample_and_hold, design 0: 1 is given, must be 0 for DIMC"),
        ({"redundancy": 2}, "redundancy, design 0: 2 is given, must be 1 for DIMC"),
        ({"adc_model": "isaac"}, "adc_model, design 0: isaac is given, must be sar_noise for DIMC"),
        ({"adc_window": "range"}, "adc_window, design 0: range is given, must be sigma for DIMC"),
        ({"input_coding": "levels"}, "levels is given, must be pulses for DIMC"),
        ({"weight_coding": "differential"}, "differential is given, must be offset for DIMC"),
        ({"cell_errors": "wan2022_1s"}, "wan2022_1s is given, must be uniform for DIMC"),
        ({"active_rows": 1}, "active_rows, design 0: 1 is given, must be a divisor of `rows`"),
        ({"active_rows": 48}, "active_rows, design 0: 48 is given, must be a divisor of `rows`"),
        ({"input_slice_bits": 3}, "3 is given, must be one of 1, 2, 4, 8 for DIMC"),
        ({"columns_per_adc": 32}, "cols, design 0: 128 is given, must be at least 8 · `columns_"),
        ({"active_rows": 16, "tree_stages": 6}, "tree_stages, design 0: 6 is given, must be at"),
    ],
)
def test_what_a_digital_macro_cannot_be_is_refused(changed, message):
    model = PhysicalEvaluator("dimc", NETWORKS, table=TABLE)
    assert len(model.designs(columns(CHIP))) == 1
    with pytest.raises(DesignRefused, match=message):
        model.designs(columns(CHIP, **changed))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"cols": [512, 64], "columns_per_adc": [8, 16]}, "cols: 64 is given, must be at least 8"),
        ({"rows": [512, 64], "active_rows": [64, 8], "tree_stages": [1, 5]}, "tree_stages: 5 is"),
        ({"rows": [512, 64], "buffer_words": [1, 8]}, "buffer_words: 8 is given, must be at most"),
    ],
)
def test_values_of_a_space_that_only_together_make_no_macro_are_refused(values, message):
    """Each value is possible beside the first values of the others."""
    with pytest.raises(ValueError, match=message):
        PhysicalEvaluator(restricted(DIMC_PHYSICAL, values, name="part"), NETWORKS)


def test_the_reference_model_refuses_the_device():
    with pytest.raises(ValueError, match="the reference model knows rram and sram"):
        Study(name="reference", device="dimc", networks=["alexnet"])
    study = Study(name="physical", model="physical", device="dimc", networks=["alexnet"])
    assert study.space == DIMC_PHYSICAL


def test_a_limit_on_compute_snr_and_the_objective_are_refused():
    with pytest.raises(ValueError, match="compute_snr_limit_dB = 15 is given, must be -inf on dim"):
        PhysicalEvaluator("dimc", NETWORKS, limits=CircuitLimits(snr_dB=15.0))
    with pytest.raises(ValueError, match="objective snr: sums of dimc are exact"):
        PhysicalEvaluator("dimc", NETWORKS, objectives=["snr"])


def test_sums_are_exact_and_no_limit_of_a_circuit_binds():
    batch = batch_of(columns(CHIP))
    (circuit,) = Circuit.of_designs(batch.designs, DIMC, Assumptions())
    assert circuit.adc_bits is None
    assert circuit.sigma == circuit.read_sigma == 0
    assert (batch.noise[:, :3] == 100).all()
    assert 20 < batch.noise[0, 3, 0] < 60
    assert np.isinf(batch.resources.level_sigmas).all()
    assert (batch.resources.ir_drop == 0).all()


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_executed_products_are_those_of_the_integers(bits):
    designs = batch_of(columns(CHIP, active_rows=16, input_slice_bits=bits)).designs
    (circuit,) = Circuit.of_designs(designs, DIMC, Assumptions())
    rng = np.random.default_rng(bits)
    x, w = rng.integers(0, 256, (20, 150)), rng.integers(-127, 128, (150, 7))
    np.testing.assert_array_equal(product(x, w, circuit, rng, zero=128), (x - 128) @ w)


def test_a_batch_without_designs_has_no_noise():
    none = {name: values[:0] for name, values in columns(CHIP).items()}
    assert batch_of(none).noise.shape == (0, 4, 1)


def test_factors_of_calibrations_do_not_act_on_digital_macros():
    designs = columns(CHIP)
    factors = ("array_energy_factor", "array_area_factor", "input_energy_factor")
    factors += ("adc_energy_factor", "adc_time_factor", "adc_area_factor")
    usual, other = macros_of(designs), macros_of(designs, **dict.fromkeys(factors, 2.0))
    for name, values in usual.items():
        assert (values == other[name]).all(), name


def test_breakdowns_name_the_parts_of_a_digital_macro():
    parts = PhysicalEvaluator("dimc", NETWORKS, table=TABLE).breakdown(columns(CHIP))
    shares = dict(zip(parts.components, np.nansum(parts.energy_J[0], axis=0), strict=True))
    assert {"adder_trees", "input_registers"} < {*parts.components}
    assert not {"adc", "dac"} & {*parts.components}
    assert min(shares["adder_trees"], shares["input_registers"]) > 0 == shares["shift_add"]


def test_trees_are_as_wide_as_the_widest_network_of_a_model_needs():
    def cycle_s(names, inputs, weights):
        model = PhysicalEvaluator(
            "dimc", WorkloadSet.load(names), operands=Operands(inputs, weights), table=TABLE
        )
        return Batch(model._context, model.designs(columns(CHIP))).point.adc.time_s[0]

    both = cycle_s(["alexnet", "resnet18"], (8, 5), (8, 4))
    assert both == cycle_s(["alexnet"], 8, 8) > 1.2 * cycle_s(["resnet18"], 5, 4)


PROVEN = {"rows": 64, "cols": 128, "active_rows": 64, "input_slice_bits": 1, "columns_per_adc": 4}
PROVEN |= {"tree_stages": 4, "tiles_per_group": 2, "router_groups": 64, "glb_KiB": 1024}
PROVEN |= {"dram": "hbm2", "ping_pong": 1, "voltage_V": 0.9, "buffer_words": 1}
"""The proven optimum of four networks with single bytes per buffer access, of version 5."""


def test_a_known_chip_of_four_networks_has_its_area_and_edap():
    study = STUDIES["four_workload_dimc_physical"]
    fixed = {name: v for name, v in study.space.fixed.items() if name != "device"}
    full = study.cost_model().in_full(columns(fixed | PROVEN))
    edap = full.energy_J * full.latency_s * full.area_m2[:, None] * 1e6
    assert np.exp(np.log(edap).mean()) == pytest.approx(7.741589639373551e-05, rel=1e-9)
    assert full.area_m2[0] * 1e6 == pytest.approx(49.369344, rel=1e-6)


def test_the_open_table_changes_the_edap_of_the_proven_chip_by_less_than_two_percent():
    study = STUDIES["four_workload_dimc_physical"]
    fixed = {name: v for name, v in study.space.fixed.items() if name != "device"}

    def edap(components):
        model = study.replace(components=components).cost_model()
        full = model.in_full(columns(fixed | PROVEN))
        return np.exp(np.log(full.energy_J * full.latency_s * full.area_m2[:, None]).mean())

    ratio = edap("open") / edap(None)
    assert ratio != 1
    assert ratio == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("device", ["sram", "rram"])
def test_the_open_table_is_refused_on_an_analog_device(device):
    with pytest.raises(ValueError, match=f"the open table serves dimc only, not {device}"):
        PhysicalEvaluator(device, NETWORKS, table=PhysicalTable.load("open"))


def test_no_build_is_proposed_for_an_open_table_in_a_file(tmp_path):
    path = tmp_path / "open_components.npz"
    PhysicalTable.open().write(path)
    model = PhysicalEvaluator("dimc", NETWORKS, table=PhysicalTable.load(path))
    with pytest.raises(DesignRefused, match="only for") as refused:
        model.covered(columns(CHIP | {"rows": 96, "active_rows": 96}))
    assert "imcmoo" not in str(refused.value)


def test_the_open_table_is_of_the_physical_model():
    with pytest.raises(ValueError, match='"open" is a table of the physical model'):
        Study(name="open", device="sram", networks=["alexnet"], components="open")


def test_a_study_file_names_the_open_table_from_any_folder(tmp_path):
    path = tmp_path / "study.toml"
    path.write_text(
        'name = "open"\nmodel = "physical"\ndevice = "dimc"\ncomponents = "open"\n'
        '[[networks]]\nsource = "alexnet"\n'
    )
    study = Study.load(path)
    assert study.components == study.with_absolute_paths().components == "open"
