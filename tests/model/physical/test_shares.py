"""A network that owns a part of a chip."""

from dataclasses import fields

import numpy as np
import pytest

from imcmoo.model.physical.batch import LayerWork
from imcmoo.model.physical.model import PhysicalEvaluator
from imcmoo.model.physical.settings import ChipSharing
from imcmoo.model.physical.shares import SharedBatch, evaluate_shares
from problems import STUDIES

STUDY = STUDIES["four_workload_rram_physical"]


@pytest.fixture(scope="module")
def alone():
    whole = PhysicalEvaluator(STUDY.space, STUDY.network_set(), sharing=ChipSharing("together"))
    return whole.for_network("resnet18_onnx")


@pytest.fixture(scope="module")
def designs(alone):
    levels = STUDY.space.random(3000, np.random.default_rng(3))
    return alone.designs(levels[alone.resources(levels).runs[:, 0]][:300])


def shares(alone, designs, groups, bandwidth, room):
    whole = np.ones(len(designs))
    return evaluate_shares(alone._context, designs, groups * whole, bandwidth * whole, room)


def test_all_of_a_chip_is_the_chip(alone, designs):
    part = shares(alone, designs, designs.router_groups, 1.0, 1.0)
    whole = alone.in_full(designs)
    for name in {field.name for field in fields(whole)} - {"bound_by"}:
        expected, found = getattr(whole, name), getattr(part, name)
        assert np.allclose(found, expected, rtol=1e-9, atol=0, equal_nan=True), name
    (name,), all_of_it = alone.workload_names, np.ones(len(designs))
    part = alone.break_down_part(name, designs, designs.router_groups, all_of_it, 1.0)
    bottlenecks = alone.breakdown(designs).details["bound_by"]
    assert len(np.unique(bottlenecks)) > 1
    np.testing.assert_array_equal(part.details["bound_by"], bottlenecks)


def test_less_bandwidth_is_never_faster(alone, designs):
    fast, slow = (shares(alone, designs, designs.router_groups, b, 1.0) for b in (1.0, 0.25))
    # At the power limit idle macros of a slower part leave more power to the others.
    density = (fast.energy_J - fast.dram_J) / fast.interval_s / fast.area_m2[:, None]
    below = density < 0.999 * alone._context.assumptions.power_W_per_m2.value
    runs = fast.has_capacity & slow.has_capacity & below
    assert (slow.latency_s >= fast.latency_s * (1 - 1e-12))[runs].all()
    assert (slow.latency_s > fast.latency_s)[runs].any()


def test_too_few_groups_do_not_hold_a_network(alone, designs):
    few = shares(alone, designs, 1.0, 1.0, 1.0)
    half = shares(alone, designs, np.ceil(designs.router_groups / 2), 1.0, 1.0)
    assert few.has_capacity.sum() < half.has_capacity.sum()
    assert np.isnan(few.latency_s[~few.has_capacity]).all()


def layer_seconds(batch):
    """Seconds of each layer in order, apart from what buffer and DRAM take, and these, (L, 2)."""
    times = LayerWork(batch, slice(None), streams=False).times(streamed=False)
    compute, glb, link, buffer, dram = (np.broadcast_to(t, times.fill.shape) for t in times.terms)
    order = batch.context.layers.distinct
    fixed = np.maximum(np.maximum(compute, link), buffer)[0, order]
    io_s = batch.io_bits[0] * batch.chip.rates.dram_bit_s
    fixed, fill = np.append(fixed, 0.0), np.append(times.fill[0, order], 0.0)
    return (
        fixed,
        fill,
        np.column_stack([np.append(glb[0, order], 0.0), np.append(dram[0, order], io_s)]),
    )


def simulate_weighted_sharing(work, shares):
    """Responses of networks that start at once and share buffer and DRAM by weight."""
    at, left = [0] * len(work), [1.0] * len(work)
    done, now = np.full(len(work), np.nan), 0.0
    while np.isnan(done).any():
        active = [w for w in range(len(work)) if np.isnan(done[w])]
        total = sum(shares[w] for w in active)
        seconds = {}
        for w in active:
            fixed, fill, shared = work[w]
            # What idle networks leave is divided among the others.
            slowest = max(fixed[at[w]], *(shared[at[w]] * total))
            seconds[w] = max(left[w] * (slowest + fill[at[w]]), 0.0)
        step = min(seconds.values())
        now += step
        for w in active:
            left[w] -= left[w] * step / seconds[w] if seconds[w] else left[w]
            if seconds[w] == step:
                at[w], left[w] = at[w] + 1, 1.0
                if at[w] == len(work[w][0]):
                    done[w] = now
    return done


def test_weighted_sharing_never_takes_longer_than_the_guaranteed_share(designs):
    whole = PhysicalEvaluator(STUDY.space, STUDY.network_set(), sharing=ChipSharing("together"))
    names, shares = whole.workload_names[:1] + whole.workload_names[2:], np.array([0.5, 0.2, 0.3])
    sequential = designs.take(np.flatnonzero(~designs.pipelined))
    compared = 0
    for row in range(30):
        chip = sequential.take(np.array([row]))
        groups = np.floor(chip.router_groups / 3)
        work, bounds = [], []
        for name, share in zip(names, shares, strict=True):
            context = whole._of_one(name, "together")._context
            arguments = (context, chip, groups, np.array([share]), 1 / 3)
            bounds.append(evaluate_shares(*arguments).latency_s[0, 0])
            work.append(SharedBatch(*arguments))
        if np.isnan(bounds).any():
            continue
        seen = simulate_weighted_sharing([layer_seconds(b) for b in work], shares)
        assert (seen <= np.array(bounds) * (1 + 1e-9)).all()
        compared += 1
    assert compared > 5
