"""Features of bodies, remembered as long as memory allows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cached_property
from threading import Lock
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from imcmoo.model.physical.bodies import BodyFeatures, LayerFeatures, NetworkFeatures

Ints = NDArray[np.int64]
Features = TypeVar("Features", LayerFeatures, NetworkFeatures)

BODIES_AT_ONCE = 512
"""Bodies worked out at once: what stays in a core's cache."""


@dataclass(frozen=True, eq=False)
class KnownBodies:
    """The bodies of n designs; features are gathered when they are asked for.

    Args:
        store: features of many bodies.
        places: of the body of each design among them, shape (n,).
    """

    store: BodyFeatures
    places: Ints

    def layers(self, some: slice) -> LayerFeatures:
        """Features of single layers, of some of the designs."""
        return self.store.layers.take(self.places[some])

    @cached_property
    def networks(self) -> NetworkFeatures:
        """Features of whole networks, of all designs."""
        return self.store.networks.take(self.places)


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

    def of(self, keys: Ints, work_out: Callable[[Ints], BodyFeatures]) -> KnownBodies:
        """Bodies, in the order of `keys`.

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
                return KnownBodies(store, places)
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
        keys = keys[new]
        features = BodyFeatures(features.layers.take(new), features.networks.take(new))
        n, more = len(self._keys), len(keys)
        each = (_bytes(features.layers) + _bytes(features.networks)) / max(more, 1)
        if (n + more) * each > self._bytes_at_most:
            n, self._store = 0, None
            self._keys = self._places = np.empty(0, np.int64)
        if self._store is None or len(self._store.layers.reads) < n + more:
            old = self._store or BodyFeatures(
                features.layers.take(_NONE), features.networks.take(_NONE)
            )
            size = max(2 * n, n + more)
            self._store = BodyFeatures(_room(old.layers, n, size), _room(old.networks, n, size))
        _write(self._store.layers, n, features.layers)
        _write(self._store.networks, n, features.networks)
        every = np.concatenate([self._keys, keys])
        places = np.concatenate([self._places, np.arange(n, n + more)])
        order = np.argsort(every)
        self._keys, self._places = every[order], places[order]


_NONE: Ints = np.empty(0, np.int64)


def _bytes(features: LayerFeatures | NetworkFeatures) -> int:
    return sum(getattr(features, f.name).nbytes for f in fields(features))


def _room(old: Features, n: int, size: int) -> Features:
    """Arrays with room for `size` bodies, of which the first n are old."""
    arrays = []
    for field in fields(old):
        known: NDArray[np.float64] = getattr(old, field.name)
        arrays.append(np.empty((size, *known.shape[1:])))
        arrays[-1][:n] = known[:n]
    return type(old)(*arrays)


def _write(store: Features, at: int, features: Features) -> None:
    for field in fields(features):
        values: NDArray[np.float64] = getattr(features, field.name)
        getattr(store, field.name)[at : at + len(values)] = values
