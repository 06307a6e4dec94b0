import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imcmoo.scenario.space_sharing import least_load, least_power


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


@given(seed=st.integers(0, 2**32 - 1), networks=st.integers(2, 4), groups=st.integers(4, 9))
def test_equal_power_is_spent_on_speed_whatever_the_order_of_the_networks(seed, networks, groups):
    rng = np.random.default_rng(seed)
    load = np.cumprod(rng.uniform(0.5, 0.95, (networks, groups)), axis=1)
    power = np.repeat(rng.uniform(0.1, 1, (networks, 1)), groups, axis=1)
    power *= 1 + 1e-14 * rng.uniform(-1, 1, power.shape)  # rounded
    order = rng.permutation(networks)
    _, allocated = least_power(power, load, 1.0, groups)
    _, reordered = least_power(power[order], load[order], 1.0, groups)
    assert np.array_equal(allocated[order], reordered)
    assert load[np.arange(networks), allocated - 1].max() == least_load(load, groups)[0]
    assert allocated.sum() == groups


def test_groups_that_save_nothing_stay_idle():
    power, load = np.ones((2, 5)), np.full((2, 5), 0.5)
    assert least_power(power, load, 1.0, 5)[1].tolist() == [1, 1]
