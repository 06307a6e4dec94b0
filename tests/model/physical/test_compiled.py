"""Compiled code and arrays say the same, bit for bit."""

from __future__ import annotations

import sys
from dataclasses import fields, replace

import numpy as np
import pytest

from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.model.physical import compiling
from imcmoo.model.physical.layers import LayerTable
from imcmoo.model.physical.metrics import PhysicalMetrics
from imcmoo.model.physical.model import PhysicalModel
from imcmoo.model.physical.runs import one_after_the_other
from imcmoo.model.physical.switches import Switches
from imcmoo.model.physical.timing import CAUSES, LayerTimes
from imcmoo.networks.workloads import WorkloadSet
from tests.model.physical.designs import random_designs

pytest.importorskip("numba")

TABLE = PhysicalTable.load()
NETWORKS = ("resnet18", "mobilenet_v3", "mobilebert")
OFF = [replace(Switches(), **{field.name: False}) for field in fields(Switches)]


def both(model, designs, monkeypatch, **options):
    found = []
    for there in (True, False):
        monkeypatch.setattr(compiling, "compiles", lambda there=there: there)
        found.append(model.evaluate(designs, **options))
    return found


def equal(one: PhysicalMetrics, other: PhysicalMetrics) -> bool:
    of_resources = (
        np.array_equal(getattr(one.resources, f.name), getattr(other.resources, f.name))
        for f in fields(one.resources)
    )
    others = (
        np.array_equal(getattr(one, f.name), getattr(other, f.name), equal_nan=True)
        for f in fields(one)
        if f.name != "resources"
    )
    return all(of_resources) and all(others)


@pytest.mark.parametrize("device", ["rram", "sram"])
@pytest.mark.parametrize("causes", [True, False])
def test_on_random_designs(device, causes, monkeypatch):
    model = PhysicalModel(WorkloadSet.load(NETWORKS), device=device, table=TABLE)
    designs = random_designs(3000, np.random.default_rng(1), device, TABLE)
    compiled, arrays = both(model, designs, monkeypatch, causes=causes)
    assert arrays.runs.any(axis=1).sum() > 500
    assert equal(compiled, arrays)


@pytest.mark.parametrize("switches", [*OFF, Switches.all_off()])
def test_with_rules_switched_off(switches, monkeypatch):
    model = PhysicalModel(WorkloadSet.load(NETWORKS), device="sram", table=TABLE, switches=switches)
    designs = random_designs(
        400, np.random.default_rng(2), "sram", TABLE, schedules=("layer",), adc_models=("zigzag",)
    )
    assert equal(*both(model, designs, monkeypatch))


def test_with_other_precisions_products_of_activations_and_all_on_the_chip(monkeypatch):
    networks = WorkloadSet.load(NETWORKS)
    model = PhysicalModel(
        networks,
        device="sram",
        table=TABLE,
        deployment="together",
        input_bits=(8, 4, 6),
        weight_bits=(4, 8, 5),
        dynamic=np.arange(len(networks.owner)) % 7 == 3,
    )
    designs = random_designs(2000, np.random.default_rng(3), "sram", TABLE, schedules=("layer",))
    designs["mac_units"] = np.resize([256, 64, 1024], 2000)
    # Small arrays and one bank: partial sums pass the buffer, which is slow.
    few = {"glb_banks": 1, "rows": 32, "active_rows": 32, "macros_per_tile": 4, "adc_bits": 4}
    for name, value in (few | {"tiles_per_group": 2, "columns_per_adc": 1}).items():
        designs[name][1000:] = value
    assert equal(*both(model, designs, monkeypatch))


def test_compiled_code_is_used_for_many_designs_only(monkeypatch):
    kernels = pytest.importorskip("imcmoo.model.physical.kernels")
    asked, add_up = [], kernels.add_up
    monkeypatch.setattr(
        kernels, "add_up", lambda *arguments: asked.append(len(arguments[4])) or add_up(*arguments)
    )
    model = PhysicalModel(WorkloadSet.load(NETWORKS), device="rram", table=TABLE)
    for n in (compiling.LEAST - 1, compiling.LEAST):
        designs = random_designs(n, np.random.default_rng(4), "rram", TABLE, schedules=("layer",))
        model.evaluate(designs)
    assert asked == [compiling.LEAST]


def test_without_a_numba_that_works_arrays_are_used(monkeypatch):
    # None stands for a module that cannot be imported.
    monkeypatch.setitem(sys.modules, "numba", None)
    compiling.compiles.cache_clear()
    assert not compiling.worth_compiling(10_000)
    monkeypatch.undo()
    compiling.compiles.cache_clear()
    assert compiling.worth_compiling(10_000)


def test_of_equal_causes_the_first_binds():
    """Of one layer, equally long on three resources: also of its loads."""
    kernels = pytest.importorskip("imcmoo.model.physical.kernels")
    layers = LayerTable.of_workloads(WorkloadSet.load(["alexnet"]))
    n = len(layers)
    zero, one, two = (np.full((1, n), value) for value in (0.0, 1.0, 2.0))
    times = LayerTimes(zero, (one, two, two, one, two), (one, one, zero))
    latency, bound = one_after_the_other(layers, times, np.zeros((1, 1)), causes=True)
    assert latency == 3 * layers.count.sum()
    assert bound == CAUSES.index("glb")

    room = np.zeros((17, n))
    for row in ("GLB", "LINK", "DRAM", "LARGEST"):
        room[getattr(kernels, row)] = 2.0
    for row in ("COMPUTE", "BUFFER", "LOAD_ROWS", "LOAD_LINK", "LOADS"):
        room[getattr(kernels, row)] = 1.0
    found = kernels.Found(*np.zeros((2, 1, 1)), np.zeros((1, 1, 1)), np.zeros((1, 1, 1), np.int8))
    none = np.zeros(n)
    own = kernels.Layers(np.array([0, n]), layers.count.astype(float), *[none] * 4)
    kernels._by_cause(own, room, kernels.LOADS, np.zeros((1, 1)), found, 0, 0)
    assert found.latency_s == latency
    assert found.bound_by == bound
