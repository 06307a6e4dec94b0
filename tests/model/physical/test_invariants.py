"""What must hold for any design (and what does not, with a counter-example of each)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.model.physical.metrics import PhysicalMetrics
from imcmoo.model.physical.model import PhysicalModel
from imcmoo.networks.workloads import WorkloadSet
from tests.model.physical.designs import NODES_NM, Columns, random_designs

NETWORKS = ("resnet18", "mobilenet_v3")
TABLE = PhysicalTable.load()
MODELS = {
    device: PhysicalModel(WorkloadSet.load(NETWORKS), device=device, table=TABLE)
    for device in ("rram", "sram")
}
SLACK = 1 + 1e-12

devices = st.sampled_from(["rram", "sram"])
seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def large(seed: int, device: str, n: int = 30, **options: Any) -> Columns:
    """Random designs most of which hold the networks."""
    columns = random_designs(n, np.random.default_rng(seed), device, TABLE, **options)
    columns["macros_per_tile"][:] = 64
    columns["tiles_per_group"][:] = 64
    columns["router_groups"][:] = np.maximum(columns["router_groups"], 4)
    return columns


def pair(device: str, columns: Columns, **changed: Any) -> tuple[PhysicalMetrics, PhysicalMetrics]:
    """The designs, and the same with some columns changed."""
    n = len(columns["rows"])
    other = {**columns, **{k: np.broadcast_to(v, (n,)) for k, v in changed.items()}}
    return MODELS[device].evaluate(columns), MODELS[device].evaluate(other)


def never_slower(slow: PhysicalMetrics, fast: PhysicalMetrics, same_mode: bool = True) -> None:
    # Streaming or not is chosen by energy × time, and power may throttle: compare like with like.
    both = slow.runs & fast.runs & (slow.streamed == fast.streamed if same_mode else True)
    both &= (slow.bound_by != 5) & (fast.bound_by != 5)
    assert np.all(fast.latency_s[both] <= slow.latency_s[both] * SLACK)


@few
@given(seeds, devices)
def test_more_dram_bandwidth_is_never_slower(seed: int, device: str) -> None:
    columns = large(seed, device)
    for narrow, wide in (("x16", "x32"), ("x32", "x64"), ("x64", "hbm2")):
        columns["dram"] = np.full(30, narrow)
        never_slower(*pair(device, columns, dram=wide))


@few
@given(seeds, devices)
def test_wider_links_are_never_slower(seed: int, device: str) -> None:
    columns = large(seed, device)
    columns["link_bits"] = np.minimum(columns["link_bits"], 256)
    never_slower(*pair(device, columns, link_bits=2 * columns["link_bits"]))


@few
@given(seeds, devices)
def test_more_converters_are_never_smaller_and_never_slower(seed: int, device: str) -> None:
    columns = large(seed, device)
    columns["columns_per_adc"] = np.maximum(columns["columns_per_adc"], 2)
    few_adcs, many = pair(device, columns, columns_per_adc=columns["columns_per_adc"] // 2)
    alike = columns["columns_per_adc"] > 2  # at 1 the multiplexer goes
    assert np.all(many.area_m2[alike] * SLACK >= few_adcs.area_m2[alike])
    never_slower(few_adcs, many)


@few
@given(seeds, devices)
def test_a_sample_and_hold_is_never_slower(seed: int, device: str) -> None:
    columns = large(seed, device)
    columns["sample_and_hold"] = np.zeros(30, int)
    never_slower(*pair(device, columns, sample_and_hold=1))


@few
@given(seeds, devices, st.sampled_from(NODES_NM))
def test_a_higher_supply_is_never_slower(seed: int, device: str, node: int) -> None:
    columns = large(seed, device)
    columns["technology_nm"] = np.full(30, node)
    columns["voltage_V"] = np.full(30, 0.7)
    never_slower(*pair(device, columns, voltage_V=0.8))
    columns["voltage_V"] = np.full(30, 0.9)
    never_slower(*pair(device, columns, voltage_V=1.0))


@few
@given(seeds, devices)
def test_more_converter_bits_never_lower_the_snr_of_conversion(seed: int, device: str) -> None:
    columns = large(seed, device)
    columns["adc_bits"] = np.minimum(columns["adc_bits"], 9)
    coarse, fine = pair(device, columns, adc_bits=columns["adc_bits"] + 1)
    assert np.all(fine.snr_adc_dB >= coarse.snr_adc_dB - 1e-9)


@few
@given(seeds, devices)
def test_no_network_occupies_more_cells_than_exist(seed: int, device: str) -> None:
    columns = random_designs(100, np.random.default_rng(seed), device, TABLE)
    found = MODELS[device].evaluate(columns)
    occupied = np.nan_to_num(found.occupied_cells)
    assert np.all(occupied <= found.resources.cells[:, None] * SLACK)


@few
@given(seeds, devices)
def test_latency_is_never_below_bits_over_bandwidth(seed: int, device: str) -> None:
    columns = large(seed, device)
    found = MODELS[device].evaluate(columns)
    rate = {"x16": 16 * 4.266e9, "x32": 32 * 4.266e9, "x64": 64 * 4.266e9, "hbm2": 5.278e12}
    peak = np.array([rate.get(d, np.inf) for d in columns["dram"].tolist()])[:, None]
    runs = found.runs
    assert np.all(found.latency_s[runs] * SLACK >= (found.dram_bits / peak)[runs])


@few
@given(seeds, devices)
def test_what_does_not_run_says_how_much_is_missing_and_has_no_metrics(
    seed: int, device: str
) -> None:
    columns = random_designs(60, np.random.default_rng(seed), device, TABLE)
    found = MODELS[device].evaluate(columns)
    lacks = (found.resources.missing_cells > 0) | (found.resources.missing_bits > 0)
    np.testing.assert_array_equal(lacks, ~found.runs)
    assert np.all(np.isnan(found.energy_J) == lacks)
    assert np.all((found.bound_by == -1) == lacks)


@few
@given(seeds, devices)
def test_a_design_costs_the_same_in_any_company(seed: int, device: str) -> None:
    columns = random_designs(30, np.random.default_rng(seed), device, TABLE)
    together = MODELS[device].evaluate(columns)
    for i in range(0, 30, 10):
        alone = MODELS[device].evaluate({k: v[i : i + 1] for k, v in columns.items()})
        np.testing.assert_allclose(alone.energy_J[0], together.energy_J[i], rtol=1e-12)
        np.testing.assert_allclose(alone.latency_s[0], together.latency_s[i], rtol=1e-12)


@few
@given(seeds, devices)
def test_the_screen_never_misses_more_than_the_resources(seed: int, device: str) -> None:
    columns = random_designs(60, np.random.default_rng(seed), device, TABLE)
    quick, exact = MODELS[device].screen(columns), MODELS[device].resources(columns)
    np.testing.assert_array_equal(quick.area_m2, exact.area_m2)
    assert np.all(quick.missing_cells <= exact.missing_cells)
    assert np.all(quick.missing_bits <= exact.missing_bits)


@few
@given(seeds, devices)
def test_the_breakdown_adds_up(seed: int, device: str) -> None:
    columns = large(seed, device, n=10)
    found, parts = MODELS[device].evaluate(columns), MODELS[device].breakdown(columns)
    owner = [workload for workload, _ in parts.layers]
    networks = np.array(
        [[w == name for name in MODELS[device].workload_names] for w in owner], dtype=float
    )
    runs = found.runs
    np.testing.assert_array_equal(np.isfinite(parts.energy_J).all(axis=2) @ networks > 0, runs)
    energy = np.nan_to_num(parts.energy_J.sum(axis=2)) @ networks
    np.testing.assert_allclose(energy[runs], found.energy_J[runs], rtol=1e-12)
    np.testing.assert_allclose(parts.area_m2.sum(axis=1), found.area_m2, rtol=1e-12)
    latency = np.nan_to_num(parts.latency_s) @ networks
    in_turn = runs & (columns["schedule"] == "layer")[:, None]
    np.testing.assert_allclose(latency[in_turn], found.latency_s[in_turn], rtol=1e-12)


@pytest.mark.parametrize(
    ("column", "less", "more", "why"),
    [
        ("glb_banks", 4, 8, "CACTI's cycle more than doubles from 4 to 8 banks, 16 MiB, 32 nm"),
        ("glb_KiB", 512, 32768, "a larger buffer is slower"),
        ("macros_per_tile", 8, 128, "links are shared by more macros"),
        ("active_rows", 16, 32, "phases round up, and ZigZag's converter slows with rows"),
    ],
)
def test_more_is_not_always_faster(column: str, less: int, more: int, why: str) -> None:
    """Counter-examples: none of these is an invariant, and `why` says so."""
    slower = False
    for device in ("rram", "sram"):
        columns = large(5, device, n=200, schedules=("layer",))
        columns["rows"] = np.maximum(columns["rows"], 128)
        columns["glb_KiB"] = np.full(200, 16384)
        columns["technology_nm"] = np.full(200, 32)
        columns["voltage_V"] = np.full(200, 0.9)
        columns[column] = np.full(200, less)
        before, after = pair(device, columns, **{column: more})
        both = before.runs & after.runs
        slower |= bool(np.any(after.latency_s[both] > before.latency_s[both] * 1.001))
    assert slower, why


def test_fewer_active_rows_can_lower_the_snr_of_conversion() -> None:
    """The window of a converter is set by the spread of its column, and there are more of them."""
    columns = large(7, "rram", n=300)
    columns["rows"] = np.full(300, 512)
    columns["active_rows"] = np.full(300, 256)
    many, few_rows = pair("rram", columns, active_rows=128)
    assert np.any(few_rows.snr_adc_dB < many.snr_adc_dB - 0.1)
