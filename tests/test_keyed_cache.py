"""`KeyedCache`: rows worked out once, found again whatever was added between."""

from __future__ import annotations

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

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


def test_a_copy_begins_empty_with_the_same_settings() -> None:
    cache = KeyedCache(rows_at_once=3, n_keys=10)
    cache.rows(np.array([1, 2]), lambda at: (at * 2,))
    for other in (copy.deepcopy(cache), pickle.loads(pickle.dumps(cache))):
        assert len(other) == 0 < len(cache)
        (rows,) = other.rows(np.array([2, 9]), lambda at: (at * 3,))
        assert rows.tolist() == [0, 3]
    with pytest.raises(IndexError):
        other.rows(np.array([10]), lambda at: (at,))


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


def test_a_call_ends_whose_rows_exceed_the_memory() -> None:
    cache, worked_out = KeyedCache(bytes_at_most=80, rows_at_once=3), 0
    keys = np.arange(40) % 30

    def negated(positions: np.ndarray) -> tuple[np.ndarray]:
        nonlocal worked_out
        worked_out += len(positions)
        assert worked_out <= 60, "rows are worked out again and again"
        return (-keys[positions],)

    for _ in range(2):
        assert cache.rows(keys, negated)[0].tolist() == (-keys).tolist()
        assert worked_out == 30
    keys = np.arange(25, 35)
    assert cache.rows(keys, negated)[0].tolist() == (-keys).tolist()
    assert len(cache) == 10


def test_calls_of_two_threads_end_that_forget_the_rows_of_each_other() -> None:
    cache, met = KeyedCache(bytes_at_most=80, rows_at_once=4), Barrier(2)
    cache.rows(np.array([99]), lambda positions: (positions,))

    def call(start: int) -> list[int]:
        keys, n_calls = np.arange(start, start + 12), 0

        def negated(positions: np.ndarray) -> tuple[np.ndarray]:
            nonlocal n_calls
            n_calls += 1
            assert n_calls <= 10, "rows are worked out again and again"
            if n_calls <= 3:
                met.wait(timeout=10)
            return (-keys[positions],)

        return cache.rows(keys, negated)[0].tolist()

    with ThreadPoolExecutor(2) as threads:
        rows = list(threads.map(call, (0, 100)))
    assert rows == [[-key for key in range(start, start + 12)] for start in (0, 100)]


def test_few_rows_take_little_memory_whatever_is_worked_out_in_one_go() -> None:
    cache = KeyedCache(np.inf, rows_at_once=1 << 40)
    (row,) = cache.rows(np.array([7]), lambda positions: (np.ones((len(positions), 9)),))
    assert row.shape == (1, 9)


def test_rows_that_another_thread_stored_meanwhile_are_not_worked_out(monkeypatch):
    """Arrays of no rows may be fewer or more than those of some."""
    cache, keys = KeyedCache(), np.arange(3)
    cache.rows(keys, lambda some: (keys[some],))
    known, before = cache.known, [(None, np.full(3, -1))]
    monkeypatch.setattr(cache, "known", lambda keys: before.pop() if before else known(keys))
    (found,) = cache.rows(keys, lambda _: pytest.fail("they are stored"))
    np.testing.assert_array_equal(found, keys)
