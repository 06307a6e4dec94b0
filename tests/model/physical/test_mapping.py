"""Replication of layers: within capacity, bounded from below, optimal where that is cheap."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imcmoo.model.physical.mapping import balanced_replication, min_latency_replication

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


@pytest.mark.parametrize(
    ("replicate", "measure", "slack"),
    [
        (min_latency_replication, lambda times, count: (times * count).sum(), 2),
        (balanced_replication, lambda times, count: times.max(), 1),
    ],
)
@given(small, st.integers(1, 90))
def test_copies_fit_and_are_near_the_best(replicate, measure, slack, layers, available):
    """The sum of times is at most twice the least there is, the slowest layer as fast as can be."""
    macros, steps, time, count = arrays(layers)
    copies = replicate(macros, steps, time, count, np.array([float(available)]))[0]
    fitting = choices(layers, available)
    if not fitting:
        assert np.all(copies == 0)
        return
    assert np.all((copies >= 1) & (copies <= steps))
    assert (copies * macros[0] * count).sum() <= available

    def latency(r):
        return measure(np.ceil(steps / r) * time[0], count)

    best = min(map(latency, fitting))
    assert best <= latency(copies) <= min(latency(1), slack * best)
