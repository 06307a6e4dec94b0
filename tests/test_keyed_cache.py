"""`KeyedCache`: rows worked out once, found again whatever was added between."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imcmoo import keyed_cache
from imcmoo.keyed_cache import KeyedCache

calls = st.lists(st.lists(st.integers(-50, 50), max_size=30), max_size=30)


@given(calls)
def test_every_key_is_worked_out_once_and_gives_its_own_row(calls: list[list[int]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keyed_cache, "RECENT", 5)  # so that merges happen
        cache, worked_out = KeyedCache(rows_at_once=7), []
        for call in calls:
            keys = np.array(call, dtype=np.int64)

            def squares(positions: np.ndarray, keys: np.ndarray = keys) -> tuple[np.ndarray]:
                worked_out.extend(keys[positions].tolist())
                return (keys[positions] ** 2,)

            (rows,) = cache.rows(keys, squares)
            assert rows.tolist() == [key**2 for key in call]
        assert sorted(worked_out) == sorted({key for call in calls for key in call})


def test_a_full_cache_forgets_and_works_out_again() -> None:
    cache, n_calls = KeyedCache(bytes_at_most=80, rows_at_once=10), 0

    def negated(positions: np.ndarray) -> tuple[np.ndarray]:
        nonlocal n_calls
        n_calls += 1
        return (-keys[positions],)

    for start in (0, 8, 0):
        keys = np.arange(start, start + 8)
        assert cache.rows(keys, negated)[0].tolist() == (-keys).tolist()
        assert len(cache) == 8
    assert n_calls == 3
