"""Features of bodies, remembered as long as memory allows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from imcmoo.model.physical.bodies import BodyFeatures

Ints = NDArray[np.int64]

BODIES_AT_ONCE = 512
"""Bodies worked out at once: what stays in a core's cache."""


class BodyMemory:
    """Keeps features by a whole number per body; forgets all when there are too many.

    Args:
        bytes_at_most: memory for features, roughly.
    """

    def __init__(self, bytes_at_most: int = 1 << 28) -> None:
        self._bytes_at_most = bytes_at_most
        self._lock = Lock()
        self._keys = np.empty(0, np.int64)
        self._places = np.empty(0, np.int64)
        self._store: BodyFeatures | None = None

    def __len__(self) -> int:
        return len(self._keys)

    def of(self, keys: Ints, work_out: Callable[[Ints], BodyFeatures]) -> BodyFeatures:
        """Features of bodies, in the order of `keys`.

        Args:
            keys: a number per body, shape (n,).
            work_out: features of the bodies at some positions in `keys`.
        """
        while True:
            with self._lock:
                places, store = self._find(keys), self._store
            unknown = np.flatnonzero(places < 0)
            if not len(unknown) and store is not None:
                # What is stored is never written again, so that others may go on meanwhile.
                return store.take(places)
            _, first = np.unique(keys[unknown], return_index=True)
            new = unknown[first]
            for at in range(0, max(len(new), 1), BODIES_AT_ONCE):
                some = new[at : at + BODIES_AT_ONCE]
                features = work_out(some)
                with self._lock:
                    self._add(keys[some], features)

    def _find(self, keys: Ints) -> Ints:
        """Where the features of bodies are stored, -1 where they are not."""
        if not len(self._keys):
            return np.full(len(keys), -1)
        at = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        return np.where(self._keys[at] == keys, self._places[at], -1)

    def _add(self, keys: Ints, features: BodyFeatures) -> None:
        """Store what nobody else has stored meanwhile."""
        new = np.flatnonzero(self._find(keys) < 0)
        keys, features = keys[new], features.take(new)
        n, more = len(self._keys), len(keys)
        each = sum(getattr(features, f.name).nbytes for f in fields(features)) / max(more, 1)
        if (n + more) * each > self._bytes_at_most:
            n, self._store = 0, None
            self._keys = self._places = np.empty(0, np.int64)
        if self._store is None or len(self._store.reads) < n + more:
            self._store = _room(self._store, features, max(2 * n, n + more))
        for field in fields(features):
            getattr(self._store, field.name)[n : n + more] = getattr(features, field.name)
        every = np.concatenate([self._keys, keys])
        places = np.concatenate([self._places, np.arange(n, n + more)])
        order = np.argsort(every)
        self._keys, self._places = every[order], places[order]


def _room(store: BodyFeatures | None, like: BodyFeatures, n: int) -> BodyFeatures:
    """Arrays with room for n bodies, holding what was stored."""
    arrays = []
    for field in fields(like):
        shape = getattr(like, field.name).shape[1:]
        arrays.append(np.empty((n, *shape)))
        if store is not None:
            old = getattr(store, field.name)
            arrays[-1][: len(old)] = old[:n]
    return BodyFeatures(*arrays)
