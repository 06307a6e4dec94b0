"""Mapping: what the comparison with the plain model does not show."""

import itertools

import numpy as np
import pytest

from imcmoo.model.reference.mapping import Chips, allocate, distinct_primes, map_layers, row_keys
from tests.model.reference import scalar_model as plain


def test_cases_are_never_taken_for_one_another():
    """Allocations are solved once per distinct case: sizes and capacity together tell cases."""
    cases = list(itertools.product(range(1, 7), range(1, 6), range(1, 25)))
    sizes = np.array([case[:2] for case in cases])
    capacity = np.array([case[2] for case in cases])
    expected = [plain.fill(case[:2], case[2])[1] for case in cases]
    assert [tuple(factors) for factors in allocate(sizes, capacity).tolist()] == expected


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
