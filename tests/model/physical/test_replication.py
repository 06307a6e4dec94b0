"""Replication of layers: within capacity, bounded from below, optimal where that is cheap."""

from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from imcmoo.model.physical.replication import (
    _continuous,
    balanced_replication,
    min_latency_replication,
)

small = st.lists(
    st.tuples(st.integers(1, 6), st.integers(1, 12), st.integers(1, 9), st.integers(1, 2)),
    min_size=1,
    max_size=4,
)


def arrays(layers):
    macros, steps, time, count = np.array(layers, dtype=float).T
    return macros[None], steps, time[None], count


def latency_bound(macros, steps, time, count, available):
    """Σ count ⌈steps / r⌉ time of the continuous optimum, which whole numbers cannot beat."""
    fits = (macros * count).sum(axis=1) <= available
    bound = np.full(len(macros), np.inf)
    factor = _continuous(macros[fits], steps, time[fits], count, available[fits])
    bound[fits] = (count * steps / factor * time[fits]).sum(axis=1)
    return bound


def choices(layers, available):
    """All copies that fit."""
    macros, steps, _, count = np.array(layers).T
    every = [np.array(r) for r in product(*(range(1, s + 1) for s in steps))]
    return [r for r in every if (r * macros * count).sum() <= available]


@settings(max_examples=100, deadline=None)
@given(small, st.integers(1, 90))
def test_fast_copies_fit_and_lie_between_the_bound_and_one_copy_each(layers, available):
    macros, steps, time, count = arrays(layers)
    copies = min_latency_replication(macros, steps, time, count, np.array([float(available)]))[0]
    bound = latency_bound(macros, steps, time, count, np.array([float(available)]))[0]
    if (macros[0] * count).sum() > available:
        assert np.all(copies == 0)
        assert np.isinf(bound)
        return
    assert np.all((copies >= 1) & (copies <= steps))
    assert (copies * macros[0] * count).sum() <= available
    value = (np.ceil(steps / copies) * time[0] * count).sum()
    best = min((np.ceil(steps / r) * time[0] * count).sum() for r in choices(layers, available))
    assert bound * (1 - 1e-9) <= best <= value <= (steps * time[0] * count).sum()


@settings(max_examples=100, deadline=None)
@given(small, st.integers(1, 90))
def test_even_copies_make_the_slowest_layer_as_fast_as_it_gets(layers, available):
    macros, steps, time, count = arrays(layers)
    copies = balanced_replication(macros, steps, time, count, np.array([float(available)]))[0]
    fitting = choices(layers, available)
    if not fitting:
        assert np.all(copies == 0)
        return
    assert (copies * macros[0] * count).sum() <= available
    best = min((np.ceil(steps / r) * time[0]).max() for r in fitting)
    assert (np.ceil(steps / copies) * time[0]).max() == best


def test_rounded_copies_are_near_the_bound_on_large_chips():
    rng = np.random.default_rng(2)
    n, layers = 200, 20
    macros = rng.integers(1, 40, (n, layers)).astype(float)
    steps = rng.choice([49, 196, 784, 3136, 12544], layers).astype(float)
    time, count = rng.integers(1, 9, (n, layers)).astype(float), np.ones(layers)
    available = macros.sum(axis=1) * 8
    copies = min_latency_replication(macros, steps, time, count, available)
    bound = latency_bound(macros, steps, time, count, available)
    gap = (np.ceil(steps / copies) * time).sum(axis=1) / bound - 1
    assert np.all(gap >= -1e-9)
    assert np.median(gap) < 0.04
