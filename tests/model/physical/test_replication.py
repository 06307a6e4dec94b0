"""Replication of layers: within capacity, bounded from below, optimal where that is cheap."""

from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from imcmoo.model.physical.replication import (
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


def choices(layers, available):
    """All copies that fit."""
    macros, steps, _, count = np.array(layers).T
    every = [np.array(r) for r in product(*(range(1, s + 1) for s in steps))]
    return [r for r in every if (r * macros * count).sum() <= available]


@settings(max_examples=100, deadline=None)
@given(small, st.integers(1, 90))
def test_fast_copies_fit_and_are_near_the_best(layers, available):
    macros, steps, time, count = arrays(layers)
    copies = min_latency_replication(macros, steps, time, count, np.array([float(available)]))[0]
    fitting = choices(layers, available)
    if not fitting:
        assert np.all(copies == 0)
        return
    assert np.all((copies >= 1) & (copies <= steps))
    assert (copies * macros[0] * count).sum() <= available

    def latency(r):
        return (np.ceil(steps / r) * time[0] * count).sum()

    best = min(map(latency, fitting))
    assert best <= latency(copies) <= min(latency(1), 2 * best)


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
