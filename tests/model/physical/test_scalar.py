"""The arrays against the scalar model, on random designs of both devices and all networks."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from imcmoo.model.physical.assumptions import Assumptions
from imcmoo.model.physical.latency import CAUSES
from imcmoo.model.physical.memory_cells import MEMORY_CELLS
from imcmoo.model.physical.model import PhysicalEvaluator
from imcmoo.model.physical.parameters import ADC_WINDOWS, CELL_ERRORS
from imcmoo.model.physical.settings import ChipSharing, Operands
from imcmoo.networks.operands import operand_bits
from imcmoo.networks.workloads import DIMENSIONS, SHIPPED, Workload, WorkloadSet
from tests.model.physical import scalar_noise
from tests.model.physical import scalar_physical as scalar
from tests.model.physical.designs import (
    DESIGN,
    TABLE,
    columns,
    first_layers,
    one,
    random_designs,
    tiny_generation,
)

USUAL = Assumptions()
nearly = partial(pytest.approx, rel=1e-12, abs=0)
FAULTY = USUAL.having(
    rram_read_sigma=0.01,
    sram_read_sigma=0.005,
    rram_stuck_share=1e-4,
    sram_stuck_share=2e-4,
    reference_columns=1.5,
)
SNR_DB = 0.01
"""The share that rounding leaves is interpolated in a table."""
SIZE_OF_KERNEL = [DIMENSIONS.index(name) for name in "CRS"]
N_DESIGNS = 14
EVERY_SNR = N_DESIGNS  # the scalar noise of a network takes up to a second
MANY_LAYERS = ("densenet201", "gpt2_medium", "mobilebert", "resnet50")  # seconds each
NUMBERS = (
    *("energy_J", "latency_s", "interval_s", "power_W"),
    *("dram_bits", "glb_bits", "occupied_cells"),
)


def networks_on_devices():
    """Every network on every device; by default those of few layers, each on one analog device."""
    for at, network in enumerate(SHIPPED):
        for device in MEMORY_CELLS:
            is_quick = network not in MANY_LAYERS and device != ("rram", "sram")[at % 2]
            yield pytest.param(network, device, marks=() if is_quick else pytest.mark.slow)


@pytest.mark.parametrize(("network", "device"), [*networks_on_devices()])
def test_arrays_equal_the_scalar_model(network, device):
    rng = np.random.default_rng([SHIPPED.index(network), device == "sram"])
    designs = random_designs(N_DESIGNS, rng, device)
    # Half of them large, so that most run.
    designs["tiles_per_group"][::2] = 64
    designs["macros_per_tile"][::2] = 128
    designs["router_groups"][::2] = np.maximum(designs["router_groups"][::2], 8)
    assert compared(Workload.load(network), device, designs, every_snr=EVERY_SNR) >= 3


@pytest.mark.parametrize("device", MEMORY_CELLS)
@pytest.mark.parametrize("option", ["optional columns", "clipped weights", "digital layers"])
def test_arrays_equal_the_scalar_model_with(option, device):
    n = 2 * N_DESIGNS if option == "digital layers" else N_DESIGNS
    rng = np.random.default_rng({"clipped weights": 3, "digital layers": 4}.get(option, 9))
    designs = random_designs(n, rng, device)
    designs["tiles_per_group"][:] = 64
    designs["macros_per_tile"][:] = 128
    more = {"workload": Workload.load("resnet18"), "every_snr": EVERY_SNR}
    if option == "clipped weights":
        more["weight_clip"] = 0.6
    elif option == "digital layers":
        designs["mac_units"] = rng.choice([256, 4096], n)
        layers = more["workload"].layers
        more |= {"every_snr": 99, "digital": (layers[0], layers[6], layers[15])}
    else:
        more |= {"workload": Workload.load("alexnet"), "every_snr": 4, "assumptions": FAULTY}
        designs["macros_per_tile"][:] = 32
        designs["buffer_words"] = np.minimum(2 ** rng.integers(0, 3, n), designs["rows"] // 16)
        if device != "dimc":
            designs["adc_window"] = rng.choice(ADC_WINDOWS, n)
            designs["redundancy"] = rng.integers(1, 5, n)
            designs["adc_noise"] = rng.integers(1, 401, n)
        if device == "rram":
            designs["bits_per_cell"] = rng.integers(1, 3, n)
            designs["cell_errors"] = rng.choice(CELL_ERRORS, n)
    assert compared(device=device, designs=designs, **more) >= 3


@pytest.mark.parametrize("device", MEMORY_CELLS)
def test_arrays_equal_the_scalar_model_of_a_network_with_products_of_activations(device):
    designs = random_designs(N_DESIGNS, np.random.default_rng(5), device)
    designs["mac_units"] = np.tile([256, 4096], N_DESIGNS // 2)
    designs["tiles_per_group"][:] = 64
    designs["macros_per_tile"][:] = 128
    network = first_layers(Workload.load("vision_transformer_onnx"), 5)
    assert any(network.dynamic)
    assert compared(network, device, designs, every_snr=EVERY_SNR) >= 3


@pytest.mark.parametrize("device", MEMORY_CELLS)
@pytest.mark.parametrize("phase", ["prefill", "step"])
def test_arrays_equal_the_scalar_model_of_generation(phase, device):
    """Streamed, resident and pipelined; the largest caches fit half of the buffers."""
    network = getattr(tiny_generation(1500, 64, batch=8), phase)
    for kv_bits in (4, 16):
        rng = np.random.default_rng([kv_bits, phase == "step", device == "sram"])
        designs = random_designs(N_DESIGNS, rng, device)
        designs["mac_units"] = np.tile([256, 4096], N_DESIGNS // 2)
        designs["tiles_per_group"][:] = 64
        designs["macros_per_tile"][:] = 128
        assert compared(network, device, designs, every_snr=99, kv_bits=kv_bits) >= 3


@pytest.mark.parametrize("device", MEMORY_CELLS)
def test_caches_that_stay_in_the_buffer_leave_less_room_to_all_networks(device):
    rng = np.random.default_rng(device == "sram")
    designs = random_designs(N_DESIGNS, rng, device)
    designs["tiles_per_group"][:] = 64
    designs["macros_per_tile"][:] = 128
    designs["glb_KiB"] = rng.choice([256, 512, 1024, 2048], N_DESIGNS)
    steps = [
        replace(tiny_generation(*numbers).step, name=name)
        for name, numbers in (("a", (700, 64, 8)), ("b", (200, 64, 4)))
    ]
    networks = (*steps, Workload.load("alexnet"))
    metrics = PhysicalEvaluator(
        device, WorkloadSet(networks), table=TABLE, sharing=ChipSharing(common_cache=True)
    ).in_full(designs)
    own = [scalar.own_cache(scalar.read_layers(step, 1.0, ()), 0, 8) for step in steps]
    caches = max(held for held, _ in own), sum(reserved for _, reserved in own)
    ran = 0
    for i in range(N_DESIGNS):
        for w, network in enumerate(networks):
            design = one(designs, i)
            expected = scalar.evaluate(design, device, network, TABLE, caches=caches)
            assert metrics.missing_bits[i, w] == nearly(expected["missing_bits"])
            if "energy_J" in expected:
                ran += 1
                for name in NUMBERS:
                    assert getattr(metrics, name)[i, w] == nearly(expected[name]), name
    assert ran >= 9


@pytest.mark.parametrize("device", MEMORY_CELLS)
def test_arrays_equal_the_scalar_model_with_other_assumptions(device):
    rng = np.random.default_rng(2)
    designs = random_designs(N_DESIGNS, rng, device)
    designs["tiles_per_group"][:] = 64
    designs["macros_per_tile"][:] = 128
    bands = {name: getattr(USUAL, name) for name in scalar.NUMBERS}
    values = {name: rng.uniform(band.low, band.high) for name, band in bands.items()}
    other = USUAL.having(**values)
    network = Workload.load("alexnet")
    assert compared(network, device, designs, every_snr=99, assumptions=other) >= 3


def compared(
    workload,
    device,
    designs,
    *,
    every_snr,
    weight_clip=1.0,
    digital=(),
    assumptions=USUAL,
    kv_bits=8,
):
    """Compare designs with the scalar model; returns how many run the network."""
    metrics = PhysicalEvaluator(
        device,
        WorkloadSet((workload,)),
        table=TABLE,
        operands=Operands(
            weight_clip=weight_clip, layers_digital={workload.name: digital}, kv_bits=kv_bits
        ),
        assumptions=assumptions,
    ).in_full(designs)
    ran = 0
    for i in range(len(designs["rows"])):
        expected = scalar.evaluate(
            one(designs, i),
            device,
            workload,
            TABLE,
            weight_clip=weight_clip,
            digital=digital,
            assumptions=assumptions,
            kv_bits=kv_bits,
        )
        assert metrics.area_m2[i] == nearly(expected["area_m2"])
        assert metrics.missing_cells[i, 0] == expected["missing_cells"]
        assert metrics.missing_bits[i, 0] == nearly(expected["missing_bits"])
        if i % every_snr == 0:
            analog = np.array([layer not in digital for layer in workload.layers])
            analog &= ~np.array(workload.dynamic)
            sizes = workload.shapes[analog][:, SIZE_OF_KERNEL].tolist()
            rows = [c * r * s for c, r, s in sizes]
            operands = operand_bits(workload, weight_clip).take(analog)
            snr = scalar_noise.network(one(designs, i), device, operands, rows, assumptions)
            for name, decibels in snr.items():
                assert getattr(metrics, name)[i, 0] == pytest.approx(
                    decibels, abs=1e-9 if name == "snr_rounding_dB" else SNR_DB
                ), name
        assert metrics.has_capacity[i, 0] == ("energy_J" in expected)
        if not metrics.has_capacity[i, 0]:
            assert np.isnan(metrics.energy_J[i, 0])
            assert metrics.bound_by[i, 0] == -1
            continue
        ran += 1
        for name in NUMBERS:
            assert getattr(metrics, name)[i, 0] == nearly(expected[name]), name
        assert CAUSES[metrics.bound_by[i, 0]] == expected["bound_by"]
    return ran


@pytest.mark.parametrize("ping_pong", [0, 1])
def test_arrays_equal_the_scalar_model_where_writing_rows_binds(ping_pong):
    """Few tall arrays, fast converters and DRAM: loading the rows is what takes long."""
    design = DESIGN | {"technology_nm": 22, "rows": 1024, "cols": 32, "active_rows": 1024}
    design |= {"bits_per_cell": 1, "input_slice_bits": 4, "input_coding": "levels", "adc_bits": 5}
    design |= {"adc_model": "isaac", "columns_per_adc": 1, "sample_and_hold": 1}
    design |= {"macros_per_tile": 1, "tiles_per_group": 1, "glb_KiB": 4096, "link_bits": 512}
    design |= {"dram": "hbm2", "ping_pong": ping_pong}
    networks = WorkloadSet.load(["alexnet"])
    usual, slow = (
        PhysicalEvaluator(
            "sram",
            networks,
            table=TABLE,
            assumptions=Assumptions().having(sram_row_write_s=write_s),
        ).in_full(columns(design))
        for write_s in (1e-9, 2e-9)
    )
    expected = scalar.evaluate(design, "sram", Workload.load("alexnet"), TABLE)
    assert usual.streamed[0, 0]
    assert usual.latency_s[0, 0] == nearly(expected["latency_s"])
    assert usual.energy_J[0, 0] == nearly(expected["energy_J"])
    assert slow.latency_s[0, 0] > 1.05 * usual.latency_s[0, 0]
