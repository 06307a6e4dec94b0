"""Each rule moves figures the way the ledger says the reference errs."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.model.physical.metrics import PhysicalMetrics
from imcmoo.model.physical.model import PhysicalModel
from imcmoo.model.physical.switches import Switches
from imcmoo.networks.workloads import WorkloadSet
from tests.model.physical.designs import Columns, random_designs

NETWORKS = ("resnet18", "mobilenet_v3")
TABLE = PhysicalTable.load()
ON, OFF = Switches(), Switches.all_off()


def designs(device: str = "rram", **fixed: object) -> Columns:
    columns = random_designs(60, np.random.default_rng(3), device, TABLE, schedules=("layer",))
    columns["macros_per_tile"][:] = 64
    columns["tiles_per_group"][:] = 64
    columns["router_groups"][:] = 16
    return {**columns, **{name: np.full(60, value) for name, value in fixed.items()}}


def evaluate(switches: Switches, device: str = "rram", **fixed: object) -> PhysicalMetrics:
    model = PhysicalModel(WorkloadSet.load(NETWORKS), device=device, table=TABLE, switches=switches)
    return model.evaluate(designs(device, **fixed))


def without(name: str) -> Switches:
    return replace(ON, **{name: False})


def both(a: PhysicalMetrics, b: PhysicalMetrics) -> np.ndarray:
    runs = a.runs & b.runs
    assert runs.any()
    return runs


@pytest.mark.parametrize(
    ("name", "figure"),
    [
        ("placement", "latency_s"),
        ("pulses", "latency_s"),
        ("bandwidth", "latency_s"),
        ("wires", "energy_J"),
        ("wide_sums", "energy_J"),
        ("idle_leakage", "energy_J"),
        ("activation_dram", "dram_bits"),
        ("strides", None),
        ("unsigned_inputs", None),
        ("diagonal_groups", None),
    ],
)
def test_a_rule_never_makes_its_figure_better(name: str, figure: str | None) -> None:
    fixed = {"dram": "x16", "bits_per_cell": 2}
    on, off = evaluate(ON, **fixed), evaluate(without(name), **fixed)
    runs = both(on, off)
    if figure is not None:
        more, less = getattr(on, figure)[runs], getattr(off, figure)[runs]
        assert np.all(more >= less * (1 - 1e-12))
        assert np.any(more > less * 1.0001)


def test_1_each_layer_with_the_whole_chip_occupies_cells_that_do_not_exist() -> None:
    off = evaluate(without("placement"), router_groups=1)
    on = evaluate(ON, router_groups=1)
    assert off.runs.sum() > on.runs.sum()
    assert np.all(off.switch_energy_J[off.runs] == 0)


def test_2_an_8_bit_input_takes_up_to_255_pulses() -> None:
    fixed = {"input_slice_bits": 8, "input_coding": "pulses", "bits_per_cell": 2}
    on, off = evaluate(ON, **fixed), evaluate(without("pulses"), **fixed)
    runs = both(on, off) & (off.bound_by == 0) & (on.bound_by == 0)
    ratio = on.latency_s[runs] / off.latency_s[runs]
    assert np.all(ratio > 1)
    assert ratio.max() > 10
    np.testing.assert_allclose(on.glb_bits[runs], off.glb_bits[runs])


def test_3_a_low_supply_is_slow() -> None:
    fixed = {"technology_nm": 32, "bits_per_cell": 2, "router_groups": 64}
    times = {}
    for switches in (ON, without("voltage_slows")):
        low, high = (evaluate(switches, voltage_V=v, **fixed) for v in (0.6, 0.9))
        runs = both(low, high)
        times[switches] = (low.latency_s / high.latency_s)[runs]
    assert np.all(times[ON] >= 1 - 1e-12)
    assert np.median(times[ON]) > 1.5
    # Not 1 everywhere: power throttles less at a low supply.
    assert np.all(times[without("voltage_slows")] <= 1 + 1e-9)


def test_5_one_flash_converter_per_column_is_most_of_the_area_and_little_energy() -> None:
    fixed = {"bits_per_cell": 2, "dram": "x16", "columns_per_adc": 8}
    for switches in (ON, without("shared_converters")):
        model = PhysicalModel(
            WorkloadSet.load(NETWORKS), device="rram", table=TABLE, switches=switches
        )
        parts = model.breakdown(designs(**fixed))
        area = parts.area_m2[:, parts.components.index("adc")] / parts.area_m2.sum(axis=1)
        if switches is ON:
            shared = np.median(area)
        else:
            assert np.median(area) > 0.5
            assert np.median(area) > shared


def test_6_eight_bits_per_cell_are_not_demonstrated() -> None:
    with pytest.raises(ValueError, match="at most 4: no more are demonstrated"):
        evaluate(ON, bits_per_cell=8)
    off = evaluate(without("few_levels"), bits_per_cell=8)
    assert off.runs.any()
    assert np.all(np.isinf(off.snr_dev_dB))


@pytest.mark.parametrize("network", ["resnet18", "resnet18_onnx"])
def test_7_inputs_that_are_never_negative_cost_more_with_an_offset(network: str) -> None:
    fixed = {
        "bits_per_cell": 2,
        "dram": "x16",
        "input_slice_bits": 8,
        "input_coding": "pulses",
        "weight_coding": "offset",
    }
    cells = []
    for switches in (ON, without("unsigned_inputs")):
        model = PhysicalModel(
            WorkloadSet.load([network]), device="rram", table=TABLE, switches=switches
        )
        parts = model.breakdown(designs(**fixed))
        cells.append(parts.energy_J[:, :, parts.components.index("cells")].sum(axis=1))
    ratio = cells[1] / cells[0]
    assert np.all((ratio > 2) & (ratio < 8))


def test_8_a_strided_layer_reads_more_words_than_one_without() -> None:
    on, off = (evaluate(s, "sram", dram="x16") for s in (ON, without("strides")))
    alike = both(on, off) & (on.streamed == off.streamed)
    assert np.all(on.glb_bits[alike] > off.glb_bits[alike])


def test_15_a_macro_per_group_is_many_macros() -> None:
    network = WorkloadSet.load(["mobilenet_v3"])
    need = []
    for switches in (ON, without("diagonal_groups")):
        model = PhysicalModel(network, device="rram", table=TABLE, switches=switches)
        columns = designs(rows=128, cols=128, active_rows=128, bits_per_cell=2)
        columns.update(
            {
                name: np.full(60, 1)
                for name in ("tiles_per_group", "router_groups", "macros_per_tile")
            }
        )
        columns["weight_coding"] = np.full(60, "offset")
        need.append(model.resources(columns).missing_cells[0, 0] / 128**2)
    assert need[1] > 2 * need[0]


def test_all_off_evaluates_and_no_rule_is_without_effect() -> None:
    fixed = {"bits_per_cell": 2, "dram": "x16"}
    on = evaluate(ON, **fixed)
    for field in fields(Switches):
        off = evaluate(without(field.name), **fixed)
        changed = [
            not np.array_equal(getattr(on, name), getattr(off, name), equal_nan=True)
            for name in ("energy_J", "latency_s", "snr_dB", "area_m2", "occupied_cells")
        ]
        assert any(changed), field.name
    assert evaluate(OFF, **fixed).runs.any()
