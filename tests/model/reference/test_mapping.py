"""Mapping: what the comparison with the plain model does not show."""

import itertools

import numpy as np

from imcmoo.model.reference.mapping import Chips, allocate, distinct_primes, map_layers, row_keys
from tests.model.reference import scalar_model as plain


def test_cases_are_never_taken_for_one_another():
    """Allocations are solved once per distinct case: sizes and capacity together tell cases."""
    cases = list(itertools.product(range(1, 7), range(1, 6), range(1, 25)))
    sizes = np.array([case[:2] for case in cases])
    capacity = np.array([case[2] for case in cases])
    expected = [plain.fill(case[:2], case[2])[1] for case in cases]
    assert [tuple(factors) for factors in allocate(sizes, capacity).tolist()] == expected


def _resident(shape, *, cell_bits, units):
    """One layer (C, M, P, Q, R, S, G, N) on one chip whose weights stay where they are."""
    chips = Chips(np.array([cell_bits]), np.array([[1, *units]]), streams_weights=False)
    return map_layers(np.array([shape]), chips)


def test_weights_that_do_not_fit_lack_the_cells_of_all_passes_but_one():
    # 32 weights of 8 bits in three cells of 3 bits each, on 16 rows and 3 columns: the rows take 16
    # channels at a time, so the chip would be written twice.
    mapping = _resident((32, 1, 1, 1, 1, 1, 1, 1), cell_bits=3, units=(16, 3, 1, 1, 1))
    assert mapping.passes.tolist() == [2]
    assert mapping.unplaced_cells().tolist() == [32 * 3 / 2]


def test_weights_that_fit_lack_nothing():
    mapping = _resident((16, 1, 4, 4, 1, 1, 1, 1), cell_bits=3, units=(16, 3, 1, 1, 1))
    assert mapping.passes.tolist() == [1]
    assert mapping.unplaced_cells().tolist() == [0]


def test_groups_lack_cells_as_channels_do():
    mapping = _resident((1, 1, 1, 1, 3, 3, 6, 1), cell_bits=8, units=(16, 1, 2, 1, 1))
    assert mapping.passes.tolist() == [3]
    assert mapping.unplaced_cells() == 9 * 6 * (1 - 1 / 3)


def test_primes_are_integers_and_large_ones_are_found_at_once():
    """Layers come from users' networks: a vocabulary may be a large prime."""
    assert distinct_primes(1_000_000_007) == (1_000_000_007,)
    assert all(type(prime) is int for prime in distinct_primes(2 * 3 * 49 * 13))


def test_rows_that_differ_in_one_column_never_share_a_key():
    """Even in the highest bit, which an even factor would lose."""
    base = np.zeros(12, dtype=np.int64)
    rows = base + np.diag(np.full(12, np.iinfo(np.int64).min))
    keys = row_keys(np.concatenate([base[None], rows, rows + 1]))
    assert (keys[1:13] != keys[0]).all()
    assert (keys[13:] != keys[1:13]).all()
