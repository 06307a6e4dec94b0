"""Networks that use the weights of another, in the same cells."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from imcmoo.model.physical.mapping import place, replication
from imcmoo.model.physical.memory_cells import MEMORY_CELLS
from imcmoo.model.physical.model import PhysicalEvaluator
from imcmoo.model.physical.settings import ChipSharing, Operands
from imcmoo.networks.workloads import Workload, WorkloadSet
from tests.model.physical import scalar_physical as scalar
from tests.model.physical.designs import TABLE, columns, one, random_designs, tiny_generation
from tests.model.physical.test_generation import SRAM, generation

nearly = partial(pytest.approx, rel=1e-12, abs=0)
NUMBERS = ("energy_J", "latency_s", "interval_s", "dram_bits", "glb_bits", "occupied_cells")
OWNER = {"tiny_decode": "tiny_prefill"}


def model(networks, device="sram", weights_of=OWNER, kv_bits=None, **sharing):
    operands, sharing = Operands(weights_of=weights_of, kv_bits=kv_bits), ChipSharing(**sharing)
    return PhysicalEvaluator(
        device, WorkloadSet(tuple(networks)), table=TABLE, operands=operands, sharing=sharing
    )


def single(several, name):
    """The model of one of several networks."""
    at = several.workload_names.index(name)
    operands, joined = several._joined_with(at, several._operands)
    networks, device = several.workloads.only(name).workloads, several.space.name
    return model(networks, device, operands.weights_of, joined=joined)


def pair(*numbers):
    made = tiny_generation(*numbers)
    return made.prefill, made.step


@pytest.mark.parametrize(
    ("order", "device"),
    [
        *((1, device) for device in MEMORY_CELLS),
        (-1, "sram"),
        *(pytest.param(-1, device, marks=pytest.mark.slow) for device in ("rram", "dimc")),
    ],
)
def test_arrays_equal_the_scalar_model_of_shared_weights(order, device):
    """Streamed, resident and pipelined; owner and follower have one cache."""
    prefill, step = pair(900, 64, 4)
    networks = (prefill, step)[::order]
    n = 10
    designs = random_designs(n, np.random.default_rng(device == "sram"), device)
    designs["tiles_per_group"][::2] = 64
    designs["macros_per_tile"][::2] = 128
    designs["glb_KiB"] = np.random.default_rng(1).choice([512, 1024, 2048, 16384], n)
    together = model(networks, device)
    full = together.in_full(designs)
    singles = {w.name: single(together, w.name).in_full(designs) for w in networks}
    modes = set()
    for i in range(n):
        design = one(designs, i)
        both = [scalar.own_cache(scalar.read_layers(w, 1.0, ()), 0, 8) for w in networks]
        caches = max(held for held, _ in both), max(reserved for _, reserved in both)
        for w, network in enumerate(networks):
            owner = prefill if network is step else None
            expected = scalar.evaluate(design, device, network, TABLE, caches=caches, owner=owner)
            for found, at in ((full, w), (singles[network.name], 0)):
                assert found.missing_bits[i, at] == nearly(expected["missing_bits"])
                assert found.missing_cells[i, at] == expected["missing_cells"]
                assert found.has_capacity[i, at] == ("energy_J" in expected)
                if found.has_capacity[i, at]:
                    modes.add((owner is None, bool(found.streamed[i, at]), design["schedule"]))
                    for name in NUMBERS:
                        assert getattr(found, name)[i, at] == nearly(expected[name]), name
    kinds = {(False, "layer"), (False, "pipelined")} | (
        {(True, "layer")} & {(device != "rram", "layer")}
    )
    assert modes == {(owner, *kind) for owner in (True, False) for kind in kinds}


def test_a_follower_streams_where_its_owner_does():
    prefill, step = pair(300, 20)
    designs = random_designs(100, np.random.default_rng(0), "sram")
    designs["dram"][:] = "hbm2"
    designs["schedule"][:] = "layer"
    joined, apart = model((prefill, step)), model((prefill, step), weights_of=None)
    free, bound = apart.in_full(designs), joined.in_full(designs)
    assert (bound.streamed[:, 1] >= bound.streamed[:, 0]).all()
    assert (free.streamed[:, 1] < free.streamed[:, 0]).any()
    assert (free.streamed[:, 1] == bound.streamed[:, 1]).any()


@pytest.mark.parametrize("schedule", ["layer", "pipelined"])
def test_together_the_weights_are_there_once(schedule):
    prefill, step = pair(60, 9, 2)
    other = Workload.load("alexnet")
    designs = random_designs(60, np.random.default_rng(2), "rram")
    designs["schedule"][:] = schedule
    designs["dram"][:] = "hbm2"
    networks = (step, other, prefill)
    shared = model(networks, "rram", deployment="together")
    without = model((other, prefill), "rram", deployment="together", weights_of=None)
    twice = model(networks, "rram", deployment="together", weights_of=None)
    full, expected = shared.in_full(designs), without.in_full(designs)
    assert np.array_equal(full.missing_cells[:, 1:], expected.missing_cells)
    assert np.array_equal(full.missing_cells[:, 0], full.missing_cells[:, 2])
    assert (twice.in_full(designs).missing_cells > full.missing_cells).any()
    context, given = shared._context, shared.designs(designs)
    copies = replication(context, given, streamed=False)
    layers = context.layers
    of = {name: copies[:, layers.of_network(w)] for w, name in enumerate(layers.names)}
    kept = {name: ~layers.digital[layers.of_network(w)] for w, name in enumerate(layers.names)}
    fits = full.missing_cells[:, 0] <= 0
    assert fits.any()
    of_follower = of["tiny_decode"][:, kept["tiny_decode"]]
    of_owner = of["tiny_prefill"][:, kept["tiny_prefill"]]
    order = layers.cells_of_layer[layers.of_network(0)][kept["tiny_decode"]]
    first = layers.of_network(2).start + np.flatnonzero(kept["tiny_prefill"])
    assert np.array_equal(of_follower, of_owner[:, np.searchsorted(first, order)])
    runs = full.has_capacity.all(axis=1)
    assert runs.any()
    assert np.array_equal(full.occupied_cells[runs, 0], full.occupied_cells[runs, 2])
    for name in ("energy_J", "latency_s"):
        same = getattr(expected, name)[:, 0]
        assert np.array_equal(getattr(full, name)[runs, 1], same[runs])
    macros = place(context, given).macros
    assert layers.total(macros)[:, 0] == pytest.approx(layers.total(macros)[:, 2])


def test_a_follower_finds_its_weights_but_pays_for_them_among_other_requests():
    prefill, step = pair(60, 9)
    designs = random_designs(40, np.random.default_rng(3), "rram")
    usual, often = (
        model((prefill, step), "rram", requests_per_switch=1.0, interleaved=interleaved)
        for interleaved in (False, True)
    )
    free, pays = usual.in_full(designs), often.in_full(designs)
    runs = free.has_capacity.all(axis=1)
    assert runs.any()
    assert (free.switch_energy_J[runs, 1] == 0).all()
    assert (free.switch_time_s[runs, 1] == 0).all()
    assert pays.switch_energy_J[runs, 1] == nearly(pays.switch_energy_J[runs, 0])
    assert np.array_equal(free.switch_energy_J[runs, 0], pays.switch_energy_J[runs, 0])


def test_owner_and_follower_have_one_cache_with_room_for_both():
    prefill, step = pair(900, 64, 4)
    reserved = {}
    for weights_of in (None, OWNER):
        cache = model((prefill, step), weights_of=weights_of)._context.cache
        reserved[weights_of is None] = cache
    apart, joined = reserved[True], reserved[False]
    assert apart.reserved_bits[0] == apart.reserved_bits[1] == joined.reserved_bits[0]
    assert apart.held_bits[1] < apart.held_bits[0] == joined.held_bits[1]
    together = model((prefill, step), deployment="together")._context.cache
    assert together.reserved_bits.tolist() == joined.reserved_bits.tolist()


@pytest.mark.parametrize(
    ("glb_KiB", "kv_bits", "numbers", "total"),
    [
        (256, 8, ("smollm_135m", 448, 128, 1), (1.404278e8, 2.785567e8)),
        (4096, 8, ("smollm_135m", 448, 128, 1), (1.381483e8, None)),
        (4096, 4, ("smollm_135m", 448, 128, 1), (1.351992e8, None)),
        (256, 8, ("smollm_135m", 1920, 128, 8), (3.179945e8, 5.613626e9)),
        (4096, 8, ("qwen25_05b", 448, 128, 1), (4.972598e8, None)),
    ],
)
def test_joined_phases_move_the_bits_of_the_worked_examples(glb_KiB, kv_bits, numbers, total):
    made = generation(*numbers)
    names = {made.step.name: made.prefill.name}
    joined = model((made.prefill, made.step), weights_of=names, kv_bits=kv_bits)
    full = joined.in_full(columns(SRAM | {"glb_KiB": glb_KiB}))
    assert full.dram_bits[0, 1] / 8 == pytest.approx(total[0], rel=1e-6)
    if total[1]:
        assert full.dram_bits[0, 0] / 8 == pytest.approx(total[1], rel=1e-6)


def test_layers_of_a_follower_are_distinct_where_their_owner_has_other_copies():
    """Two layers alike in the follower, of which the owner has different numbers of vectors."""
    prefill, step = pair(60, 9)
    shapes = prefill.shapes.copy()
    at = prefill.layers.index("1.up")
    shapes[at, 2] = 7
    uneven = replace(prefill, shapes=shapes)
    layers = model((uneven, step), "rram")._context.layers
    of_step = layers.of_network(1)
    counts = layers.count[of_step][~layers.digital[of_step]]
    assert sorted(counts.tolist()) == [1, 1, 1, 2, 2, 2]
    again = single(model((step, uneven), "rram"), "tiny_decode")._context
    assert again.owner is not None
    assert len(again.layers) == of_step.stop - of_step.start


def test_layers_that_differ_from_those_of_the_owner_are_refused():
    prefill, step = pair(60, 9)
    shapes = step.shapes.copy()
    shapes[0, 1] += 1
    with pytest.raises(ValueError, match=r"layer '0.qkv' has C, M, R, S, G \[96, 193, 1, 1, 1\]"):
        model((prefill, replace(step, shapes=shapes)))


@pytest.mark.parametrize(
    ("glb_KiB", "numbers", "joined", "kept"),
    [
        (256, (448, 128, 1), False, 0.03207),
        (256, (448, 128, 1), True, 0.0),
        (4096, (448, 128, 1), False, 0.6257),
        (4096, (448, 128, 1), True, 0.3865),
        (4096, (1920, 128, 8), False, 0.02012),
    ],
)
def test_the_buffer_keeps_the_share_of_the_worked_examples(glb_KiB, numbers, joined, kept):
    made = generation("smollm_135m", *numbers)
    networks = (made.prefill, made.step) if joined else (made.step,)
    weights_of = {made.step.name: made.prefill.name} if joined else None
    cache = model(networks, weights_of=weights_of)._context.cache
    share = cache.share(np.array([glb_KiB * 8192.0]))[0, -1]
    assert float(f"{share:.4g}") == kept


def test_two_models_together_keep_equal_shares_of_their_caches():
    smol, qwen = (generation(name, 448, 128, 1) for name in ("smollm_135m", "qwen25_05b"))
    networks = (smol.prefill, smol.step, qwen.prefill, qwen.step)
    weights_of = {each.step.name: each.prefill.name for each in (smol, qwen)}
    cache = model(networks, weights_of=weights_of, deployment="together")._context.cache
    assert (cache.reserved_bits / 8 == 10_156_800).all()
    assert cache.share(np.array([8192 * 8192.0]))[0] == pytest.approx(0.3573, abs=5e-5)
