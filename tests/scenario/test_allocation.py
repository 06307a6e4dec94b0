import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imcmoo.scenario.allocation import least_load, least_power


@given(
    seed=st.integers(0, 2**32 - 1),
    networks=st.integers(1, 4),
    groups=st.integers(1, 7),
    limit=st.floats(0.1, 1.0),
)
def test_allocations_are_those_of_brute_force(seed, networks, groups, limit):
    rng = np.random.default_rng(seed)
    load = rng.uniform(0, 1, (networks, groups)) + np.linspace(0.4, 0, groups)
    load[rng.uniform(size=load.shape) < 0.2] = np.inf
    power = rng.uniform(0, 1, (networks, groups))
    rows = np.arange(networks)
    ways = [
        np.array(way) - 1
        for way in itertools.product(range(1, groups + 1), repeat=networks)
        if sum(way) <= groups
    ]
    loads = [load[rows, way].max() for way in ways]
    best, allocated = least_load(load, groups)
    assert best == min(loads, default=np.inf)
    if np.isfinite(best):
        assert allocated.sum() <= groups
        within = np.minimum.accumulate(load, axis=1)[rows, allocated - 1]
        assert within.max() == best
    powers = [power[rows, way].sum() for way, x in zip(ways, loads, strict=True) if x <= limit]
    least, allocated = least_power(power, load, limit, groups)
    assert least == pytest.approx(min(powers, default=np.inf))
    if np.isfinite(least):
        assert allocated.sum() <= groups
        assert (load[rows, allocated - 1] <= limit).all()
        assert power[rows, allocated - 1].sum() == pytest.approx(least)
