"""Each rule moves figures the way the reference errs; the golden set holds by how much."""

from dataclasses import fields, replace

import numpy as np
import pytest

from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.model.physical.model import PhysicalModel
from imcmoo.model.physical.switches import Switches
from imcmoo.networks.workloads import WorkloadSet
from tests.model.physical.designs import random_designs

NETWORKS = ("resnet18", "mobilenet_v3")
TABLE = PhysicalTable.load()
ON, OFF = Switches(), Switches.all_off()


def designs(device="rram", **fixed):
    columns = random_designs(60, np.random.default_rng(3), device, TABLE, schedules=("layer",))
    large = {"macros_per_tile": 64, "tiles_per_group": 64, "router_groups": 16}
    fixed = large | {"bits_per_cell": 2, "dram": "x16"} | fixed
    return {**columns, **{name: np.full(60, value) for name, value in fixed.items()}}


def model(switches, device="rram"):
    return PhysicalModel(WorkloadSet.load(NETWORKS), device=device, table=TABLE, switches=switches)


def evaluate(switches, **fixed):
    return model(switches).evaluate(designs(**fixed))


def without(name):
    return replace(ON, **{name: False})


@pytest.mark.parametrize(
    ("name", "figure"),
    [
        ("placement", "latency_s"),
        ("pulses", "latency_s"),
        ("bandwidth", "latency_s"),
        ("voltage_slows", "latency_s"),
        ("wires", "energy_J"),
        ("wide_sums", "energy_J"),
        ("idle_leakage", "energy_J"),
        ("activation_dram", "dram_bits"),
        ("strides", "glb_bits"),
    ],
)
def test_a_rule_never_makes_its_figure_better(name, figure):
    fixed = {"technology_nm": 32, "voltage_V": 0.7} if name == "voltage_slows" else {}
    on, off = evaluate(ON, **fixed), evaluate(without(name), **fixed)
    runs = on.runs & off.runs & (on.streamed == off.streamed)
    more, less = getattr(on, figure)[runs], getattr(off, figure)[runs]
    assert np.all(more >= less * (1 - 1e-12))
    assert np.any(more > less * 1.0001)


def test_eight_bits_per_cell_are_not_demonstrated():
    with pytest.raises(ValueError, match="at most 4: no more are demonstrated"):
        evaluate(ON, bits_per_cell=8)
    off = evaluate(without("few_levels"), bits_per_cell=8)
    assert off.runs.any()
    assert np.all(np.isinf(off.snr_dev_dB))


def test_inputs_that_are_never_negative_cost_more_with_an_offset():
    fixed = {"input_slice_bits": 8, "input_coding": "pulses", "weight_coding": "offset"}
    cells = []
    for switches in (ON, without("unsigned_inputs")):
        parts = model(switches).breakdown(designs(**fixed))
        cells.append(parts.energy_J[:, :, parts.components.index("cells")].sum(axis=1))
    ratio = cells[1] / cells[0]
    assert np.nanmin(ratio) > 2
    assert np.nanmax(ratio) < 8


def test_all_off_evaluates_and_no_rule_is_without_effect():
    on = evaluate(ON)
    for field in fields(Switches):
        off = evaluate(without(field.name))
        changed = [
            not np.array_equal(getattr(on, name), getattr(off, name), equal_nan=True)
            for name in ("energy_J", "latency_s", "snr_dB", "area_m2", "occupied_cells")
        ]
        assert any(changed), field.name
    assert evaluate(OFF).runs.any()
