"""Mapping and counts: rules that the comparison with the plain model does not show."""

import numpy as np
import pytest

from imcmoo.model.reference.counts import (
    ACTIONS,
    KINDS,
    MappingSummary,
    count_actions,
    instances,
    total_actions,
)
from imcmoo.model.reference.mapping import LEVELS, Chips, distinct_primes, map_layers, row_keys
from imcmoo.model.reference.traffic import TRAFFIC
from imcmoo.networks.workloads import DIMENSIONS
from tests.model.reference import scalar_model as plain


@pytest.mark.parametrize(
    ("shape", "cell_bits", "units", "passes", "cells"),
    [
        # 32 weights of 8 bits in three cells of 3 bits each, on 16 rows and 3 columns: the rows
        # take 16 channels at a time, so the chip would be written twice.
        ((32, 1, 1, 1, 1, 1, 1, 1), 3, (16, 3, 1, 1, 1), 2, 32 * 3 / 2),
        ((16, 1, 4, 4, 1, 1, 1, 1), 3, (16, 3, 1, 1, 1), 1, 0),
        ((1, 1, 1, 1, 3, 3, 6, 1), 8, (16, 1, 2, 1, 1), 3, 9 * 6 * (1 - 1 / 3)),
    ],
)
def test_weights_lack_the_cells_of_all_passes_but_one(shape, cell_bits, units, passes, cells):
    chips = Chips(np.array([cell_bits]), np.array([[1, *units]]), streams_weights=False)
    mapping = map_layers(np.array([shape]), chips)
    assert mapping.passes.tolist() == [passes]
    assert mapping.unplaced_cells().tolist() == [cells]


@pytest.mark.parametrize(
    ("number", "order"),
    [
        (2 * 17, (17, 2)),
        (3 * 11, (11, 3)),
        (2 * 3 * 7, (2, 3, 7)),
        (1, ()),
        (4096, (2,)),
        (1_000_000_007, (1_000_000_007,)),  # a vocabulary may be a large prime
    ],
)
def test_primes_come_in_the_references_order(number, order):
    assert distinct_primes(number) == order
    assert all(type(prime) is int for prime in distinct_primes(number))


def test_rows_that_differ_in_one_column_never_share_a_key():
    """Even in the highest bit, which an even factor would lose."""
    base = np.zeros(12, dtype=np.int64)
    rows = base + np.diag(np.full(12, np.iinfo(np.int64).min))
    keys = row_keys(np.concatenate([base[None], rows, rows + 1]))
    assert (keys[1:13] != keys[0]).all()
    assert (keys[13:] != keys[1:13]).all()


def flow(**traffic):
    """Traffic of one case: what is not given is a share or a number of 1."""
    columns = [name.replace(".", "_") for name in TRAFFIC]
    return np.array([[traffic.get(name, 1.0) for name in columns]])


def test_bits_become_whole_accesses_and_idle_instances_leak_as_one():
    """Three cycles on 4 rows, 5 columns, 2 macros, 3 tiles and 2 router groups."""
    units, used = (1, 4, 5, 2, 3, 2), {"routers": 2, "buffers": 6, "drivers": 12, "cells": 0}
    place = MappingSummary(
        cycles=np.array([3]),
        units={n: np.array([v]) for n, v in zip(LEVELS, units, strict=True)},
        instances={n: np.array([v]) for n, v in used.items()},
        cell_bits=np.array([1]),
        cols=np.array([5]),
        macros=np.array([2]),
        streams_weights=True,
    )
    total = total_actions(place, count_actions(place, flow(weights_row_all=22.0)))[:, 0]
    total = dict(zip(ACTIONS, total, strict=True))
    assert total["weight_drivers.read"] == 12 * 22 * 5 / 5
    assert total["main_memory.read"] == -(-22 * 5 * 2 * 3 * 2 // 128)
    assert total["router.read"] == 2 * 2  # one access for 8 bits of inputs, one for outputs
    assert total["drivers.leak"] == 3 * 12
    assert total["cells.leak"] == 3
    assert total["glb.leak"] == 3


def test_loops_of_one_trip_add_no_rounding_error_to_the_instances_in_use():
    """Cases in which multiplying and dividing by the trips of an axis that is not spread would
    lose the last bit, and so an instance; beside others in which that axis is spread."""
    rng = np.random.default_rng(0)
    shapes = np.stack([rng.choice([1, 3, 16, 55, 120], 300) for _ in DIMENSIONS], axis=1)
    units = np.stack([rng.choice([2, 16, 64], 300) for _ in range(5)], axis=1)
    shapes[:2] = (120, 64, 55, 56, 5, 3, 1, 3), (120, 40, 55, 13, 11, 5, 1, 3)
    units[:2] = (512, 256, 32, 2, 6), (16, 16, 128, 64, 2)
    bits = np.full(300, 4)
    bits[0] = 5
    capacity = np.concatenate([np.ones((300, 1), dtype=np.int64), units], axis=1)
    found = instances(map_layers(shapes, Chips(bits, capacity, streams_weights=False)))
    for case in (0, 1):
        rows, cols, macro, tile, groups = units[case].tolist()
        chip = plain.Chip("rram", int(bits[case]), rows, cols, groups, tile, macro, 2048)
        layer = dict(zip(DIMENSIONS, shapes[case].tolist(), strict=True))
        expected = list(plain.LayerMapping(layer, chip).instances().values())
        assert [found[kind][case] for kind in KINDS] == expected
    assert found["buffers"][:2].tolist() == [11, 110]
