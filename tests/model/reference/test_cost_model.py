"""Mapping, loop orders and counts against a plain scalar model, on random layers and chips."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from imcmoo.model.reference.counts import ACTIONS, MappingSummary, count_actions
from imcmoo.model.reference.loop_orders import Walks, divisors, loop_orders
from imcmoo.model.reference.mapping import AXES, Chips, allocate, map_layers
from imcmoo.model.reference.traffic import TRAFFIC, Nests, traffic
from imcmoo.networks.workloads import DIMENSIONS, WorkloadSet
from tests.model.reference import scalar_model as plain

SIZES = {
    name: st.sampled_from(sizes)
    for name, sizes in {
        "C": [1, 3, 16, 24, 64, 120, 576],
        "M": [1, 16, 40, 64, 120, 1000],
        "P": [1, 7, 13, 14, 28, 55, 56, 197],
        "Q": [1, 7, 13, 28, 56],
        "R": [1, 3, 5, 11],
        "S": [1, 3, 5],
        "G": [1, 1, 16, 72],
        "N": [1, 1, 3],
    }.items()
}
LAYERS = st.fixed_dictionaries(SIZES)
CHIPS = st.builds(
    plain.Chip,
    device=st.sampled_from(["rram", "sram"]),
    bits=st.integers(1, 8),
    rows=st.sampled_from([16, 32, 128, 512]),
    cols=st.sampled_from([16, 64, 256]),
    srg=st.sampled_from([1, 2, 6, 32]),
    tile=st.sampled_from([2, 16, 64]),
    macro=st.sampled_from([2, 32, 128]),
    glb_depth=st.sampled_from([2048, 16384]),
)
MIN_CASES = 100

PRICES = {"main_memory": 1024.0, "weight_drivers": 3.0, "input_buffer": 10.0}
PRICES |= {"output_buffer": 20.0, "router": 10.0, "glb": 3000.0}


def _map(layer, chip):
    if chip.device == "sram":
        chip.bits = 1
    units = [[1, chip.rows, chip.cols, chip.macro, chip.tile, chip.srg]]
    chips = Chips(np.array([chip.bits]), np.array(units), chip.device == "sram")
    return map_layers(np.array([[layer[d] for d in DIMENSIONS]]), chips)


def _every_order(mapping):
    """Loop orders over every split the reference may draw for streamed weights."""

    with pytest.MonkeyPatch.context() as patch:
        free = np.array([a in "CMRSNPG" for a in AXES])
        everywhere = np.tile(free, (len(mapping.sizes), 1))
        patch.setattr("imcmoo.model.reference.loop_orders._free_axes", lambda *_: everywhere)
        return loop_orders(mapping, Walks(weights=True), np.inf)


def test_divisors_are_found_without_trying_every_smaller_number():
    for n in range(1, 200):
        assert divisors(n) == [d for d in range(1, n + 1) if n % d == 0]
    assert len(divisors(2 * 10**9)) == 110


def _some_splits(scalar, limit):
    """A few orders spread over all there are; never only the first."""
    every = list(scalar.splits())
    return every[:: max(1, len(every) // limit)]


@given(LAYERS, CHIPS)
@settings(max_examples=MIN_CASES, deadline=None)
def test_mapping_equals_the_plain_model(layer, chip):
    mapping = _map(layer, chip)
    scalar = plain.LayerMapping(layer, chip)
    assert dict(zip(AXES, mapping.temporal[0].tolist(), strict=True)) == {
        d: scalar.T[d] for d in AXES
    }
    assert (mapping.passes[0] == 1) == scalar.fits
    assert mapping.utilization()[0] == pytest.approx(scalar.utilization(), rel=1e-12)
    assert mapping.utilization()[0] <= 1 + 1e-12
    assert (mapping.spatial[:, 1:].prod(axis=2) <= mapping.chips.capacity[:, 1:]).all()
    used = MappingSummary.from_mapping(mapping).instances
    assert [used[k][0] for k in ("routers", "buffers", "drivers", "cells")] == list(
        scalar.instances().values()
    )


@given(LAYERS, CHIPS)
@settings(max_examples=MIN_CASES, deadline=None)
def test_counts_equal_the_plain_walk(layer, chip):
    mapping = _map(layer, chip)
    scalar = plain.LayerMapping(layer, chip)
    assume(scalar.fits)
    splits = _some_splits(scalar, 4)
    assume(splits)
    top, inner = (
        np.array([[t[a] for a in AXES] for t in side]) for side in zip(*splits, strict=True)
    )
    case = np.zeros(len(splits), dtype=int)
    nests = Nests(
        AXES, mapping.spatial[case], mapping.residual[case], top, inner, case == chip.srg - 1
    )
    flow = traffic(nests, weights=chip.device == "sram")
    counts = count_actions(MappingSummary.from_mapping(mapping).take(case), flow)
    letter = {"inputs": "I", "outputs": "O", "weights": "W"}
    for i, (above, below) in enumerate(splits):
        expected = plain.counts(scalar, above, below)
        for place, moved in enumerate((counts.reads, counts.fills, counts.updates)):
            for name, bits in moved.items():
                component, operand = name.split(".")
                assert bits[i] == expected[component][letter[operand]][place], name
        held = flow[i, [TRAFFIC.index(f"{o}.glb.held") for o in ("inputs", "outputs")]].sum()
        assert 8 * held == scalar.buffer_bits(below)


@given(st.lists(LAYERS, min_size=1, max_size=4), CHIPS)
@settings(max_examples=30, deadline=None)
def test_the_cheapest_order_is_the_least_of_all_that_fit(layers, chip):
    chip.device = "rram"
    mapping = map_layers(
        np.array([[layer[d] for d in DIMENSIONS] for layer in layers]),
        Chips(
            np.full(len(layers), chip.bits),
            np.tile([1, chip.rows, chip.cols, chip.macro, chip.tile, chip.srg], (len(layers), 1)),
            False,
        ),
    )
    placed = np.flatnonzero(mapping.passes == 1)
    orders = loop_orders(mapping.take(placed), Walks(weights=False), np.inf)
    price = {ACTIONS.index("glb.write"): 3.0, ACTIONS.index("router.read"): 1.0}
    bits = np.full(len(placed), 2048.0 * chip.glb_depth)
    best, missing = orders.cheapest(
        np.arange(len(placed)), bits, {a: np.full(len(placed), p) for a, p in price.items()}
    )
    cost = sum(p * orders.actions[a] for a, p in price.items())
    for case in range(len(placed)):
        of_case = slice(orders.first[case], orders.first[case] + orders.number[case])
        fits = orders.held_bits[of_case] <= bits[case]
        if fits.any():
            assert missing[case] == 0
            assert cost[best[case]] == cost[of_case][fits].min()
        else:
            assert missing[case] == orders.held_bits[of_case].min() - bits[case]


CASES = st.tuples(st.integers(1, 600), st.integers(1, 600), st.integers(1, 512))
FEW = st.tuples(st.integers(1, 6), st.integers(1, 5), st.integers(1, 24))


@given(st.lists(CASES, min_size=1, max_size=5) | st.lists(FEW, min_size=1, max_size=100))
def test_each_allocation_is_that_of_its_case(cases):
    """Allocations are solved once per distinct case: sizes and capacity together tell cases."""
    *sizes, capacity = np.array(cases).T
    factors = allocate(np.column_stack(sizes), capacity)
    assert (factors.prod(axis=1) <= capacity).all()
    assert [plain.fill(case[:2], case[2])[1] for case in cases] == [*map(tuple, factors.tolist())]


@pytest.mark.parametrize("seed", range(2))
def test_no_order_left_out_for_streamed_weights_is_cheaper(seed):
    """Against every split the reference may draw, on random layers and chips, for any buffer."""
    rng = np.random.default_rng(seed)
    names = ("resnet18", "mobilenet_v3", "densenet201", "gpt2_medium", "mobilebert")
    shapes = rng.permutation(WorkloadSet.load(names).shapes)[:60]
    units = [[16, 64, 256], [16, 64, 256], [2, 8, 64], [2, 8, 32], [1, 2, 6, 16]]
    units = np.array([[1, *(rng.choice(v) for v in units)] for _ in shapes])
    mapping = map_layers(shapes, Chips(np.ones(len(shapes), dtype=int), units, True))
    every = _every_order(mapping)
    smallest = np.median(every.held_bits)
    ours = loop_orders(mapping, Walks(weights=True), smallest)
    cost = np.array(
        [PRICES.get(a.split(".")[0], 0.0) * (a.endswith(("read", "write"))) for a in ACTIONS]
    )
    for case in range(len(shapes)):
        (our_bits, our_cost), (held, every_cost) = (
            (o.held_bits[of_case], cost @ o.actions[:, of_case])
            for o in (ours, every)
            for of_case in [slice(o.first[case], o.first[case] + o.number[case])]
        )
        for bits in np.unique(np.maximum(held, max(smallest, held.min()))):
            fitting = every_cost[held <= bits]
            kept = our_cost[our_bits <= bits]
            assert kept.size, "the smallest order was left out"
            assert kept.min() <= fitting.min() * (1 + 1e-12)
