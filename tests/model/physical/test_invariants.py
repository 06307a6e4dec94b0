"""Invariants of any design."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from imcmoo.model.physical.components import Switches
from imcmoo.model.physical.latency import CAUSES, LayerTimes, sequential_latency
from imcmoo.model.physical.layers import LayerTable
from imcmoo.model.physical.memory_cells import MEMORY_CELLS
from imcmoo.model.physical.model import PhysicalEvaluator
from imcmoo.networks.workloads import WorkloadSet
from tests.model.physical.designs import TABLE, random_designs

NETWORKS = ("resnet18", "mobilenet_v3")
MODELS, PERFECT = (
    {
        device: PhysicalEvaluator(
            device, WorkloadSet.load(NETWORKS), table=TABLE, switches=switches
        )
        for device in MEMORY_CELLS
    }
    for switches in (Switches(), replace(Switches(), few_levels=False))
)
"""With the assumed errors of cells, and without."""
SLACK = 1 + 1e-12

devices = st.sampled_from([*MEMORY_CELLS])
analog = st.sampled_from([name for name, cell in MEMORY_CELLS.items() if not cell.exact])
seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def large(seed, device, n=30):
    """Random designs most of which hold the networks."""
    columns = random_designs(n, np.random.default_rng(seed), device)
    columns["macros_per_tile"][:] = 64
    columns["tiles_per_group"][:] = 64
    columns["router_groups"][:] = np.maximum(columns["router_groups"], 4)
    return columns


def pair(device, columns, **changed):
    """The designs, and the same with some columns changed."""
    n = len(columns["rows"])
    other = {**columns, **{k: np.broadcast_to(v, (n,)) for k, v in changed.items()}}
    return MODELS[device].in_full(columns), MODELS[device].in_full(other)


FASTER = {
    "dram": lambda c: (np.resize(["x16", "x32", "x64"], 30), np.resize(["x32", "x64", "hbm2"], 30)),
    "link_bits": lambda c: (np.minimum(c, 256), 2 * np.minimum(c, 256)),
    "columns_per_adc": lambda c: (np.maximum(c, 2), np.maximum(c, 2) // 2),
    "sample_and_hold": lambda c: (0, 1),
    "voltage_V": lambda c: (np.resize([0.7, 0.9], 30), np.resize([0.8, 1.0], 30)),
}
"""By parameter, from its column values that are slower and values that are faster."""


@pytest.mark.parametrize("name", FASTER)
@few
@given(seeds, devices)
def test_more_bandwidth_converters_and_supply_are_never_slower(name, seed, device):
    assume(name not in MEMORY_CELLS[device].defaults)
    columns = large(seed, device)
    less, more = FASTER[name](columns[name])
    columns[name] = np.broadcast_to(less, (30,))
    slow, fast = pair(device, columns, **{name: more})
    # Streaming or not is chosen by energy × time, and power may throttle: compare like with like.
    both = slow.has_capacity & fast.has_capacity & (slow.streamed == fast.streamed)
    both &= (slow.bound_by != 5) & (fast.bound_by != 5)
    assert np.all(fast.latency_s[both] <= slow.latency_s[both] * SLACK)
    if name == "columns_per_adc":
        alike = columns[name] > 2  # at 1 the multiplexer goes
        assert np.all(fast.area_m2[alike] * SLACK >= slow.area_m2[alike])


@few
@given(seeds, analog)
def test_more_converter_bits_never_lower_the_snr_of_perfect_cells(seed, device):
    """With errors of cells or noise of ADCs they may: steps finer than whole units have a narrower
    window."""
    columns = large(seed, device) | {"adc_noise": np.ones(30, int)}
    columns["adc_bits"] = np.minimum(columns["adc_bits"], 9)
    finer = columns | {"adc_bits": columns["adc_bits"] + 1}
    coarse, fine = (PERFECT[device].in_full(each) for each in (columns, finer))
    assert np.all(fine.snr_adc_dB >= coarse.snr_adc_dB - 1e-9)


@few
@given(seeds, devices)
def test_only_networks_that_lack_nothing_have_metrics_within_the_chip_s_cells_and_bandwidth(
    seed, device
):
    columns = random_designs(60, np.random.default_rng(seed), device)
    metrics = MODELS[device].in_full(columns)
    lacks = (metrics.missing_cells > 0) | (metrics.missing_bits > 0)
    np.testing.assert_array_equal(lacks, ~metrics.has_capacity)
    assert np.all(np.isnan(metrics.energy_J) == lacks)
    assert np.all((metrics.bound_by == -1) == lacks)
    occupied = np.nan_to_num(metrics.occupied_cells)
    assert np.all(occupied <= metrics.cells[:, None] * SLACK)
    rate = {"x16": 16 * 4.266e9, "x32": 32 * 4.266e9, "x64": 64 * 4.266e9, "hbm2": 5.278e12}
    peak = np.array([rate.get(d, np.inf) for d in columns["dram"].tolist()])[:, None]
    runs = metrics.has_capacity
    assert np.all(metrics.latency_s[runs] * SLACK >= (metrics.dram_bits / peak)[runs])


@few
@given(seeds, devices)
def test_the_breakdown_adds_up(seed, device):
    columns = large(seed, device, n=10)
    metrics, parts = MODELS[device].in_full(columns), MODELS[device].breakdown(columns)
    owner = [workload for workload, _ in parts.layers]
    networks = np.array(
        [[w == name for name in MODELS[device].workload_names] for w in owner], dtype=float
    )
    runs = metrics.has_capacity
    np.testing.assert_array_equal(np.isfinite(parts.energy_J).all(axis=2) @ networks > 0, runs)
    energy = np.nan_to_num(parts.energy_J.sum(axis=2)) @ networks
    np.testing.assert_allclose(energy[runs], metrics.energy_J[runs], rtol=1e-12)
    np.testing.assert_allclose(parts.area_m2.sum(axis=1), metrics.area_m2, rtol=1e-12)
    latency = np.nan_to_num(parts.latency_s) @ networks
    in_turn = runs & (columns["schedule"] == "layer")[:, None]
    np.testing.assert_allclose(latency[in_turn], metrics.latency_s[in_turn], rtol=1e-12)


def test_of_equal_causes_the_first_binds():
    """One layer takes equally long on three resources, and so do its loads."""
    layers = LayerTable.of_workloads(WorkloadSet.load(["alexnet"]))
    zero, one, two = (np.full((1, len(layers)), value) for value in (0.0, 1.0, 2.0))
    times = LayerTimes(zero, (one, two, two, one, two), (one, one, zero))
    latency, bound = sequential_latency(layers, times, np.zeros((1, 1)), causes=True)
    assert latency == 3 * layers.count.sum()
    assert bound == CAUSES.index("glb")
