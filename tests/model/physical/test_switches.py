"""No rule is without effect; the golden set holds what the model gives without each."""

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


def evaluate(switches, **fixed):
    networks = WorkloadSet.load(NETWORKS)
    model = PhysicalModel(networks, device="rram", table=TABLE, switches=switches)
    return model.evaluate(designs(**fixed))


def without(name):
    return replace(ON, **{name: False})


def test_eight_bits_per_cell_are_not_demonstrated():
    with pytest.raises(ValueError, match="at most 4: no more are demonstrated"):
        evaluate(ON, bits_per_cell=8)
    off = evaluate(without("few_levels"), bits_per_cell=8)
    assert off.runs.any()
    assert np.all(np.isinf(off.snr_dev_dB))


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
