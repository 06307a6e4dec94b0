"""Copies of every layer, remembered by what decides them: the array and the number of macros."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from imcmoo.model.physical.keys import copies_keys
from imcmoo.model.physical.layers import LayerTable
from imcmoo.model.physical.parameters import Designs
from imcmoo.model.physical.placement import Placement, place
from imcmoo.model.physical.replication import even_copies, fastest_copies
from imcmoo.model.physical.switches import Switches

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

Deployment = Literal["alone", "together"]
BODIES_AT_ONCE = 2048
"""Bodies whose copies are worked out at once; bounds memory."""


@dataclass(frozen=True, eq=False)
class Copies:
    """Copies per layer, shape (n, L).

    Args:
        resident: where weights stay on the chip; 0 where the network does not fit.
        streamed: where a layer's weights are loaded each time.
    """

    resident: NDArray[np.int32]
    streamed: NDArray[np.int32]


class CopiesMemory:
    """Works out copies once per body and keeps them.

    Args:
        layers: L distinct layers.
        switches: `placement` and `diagonal_groups` matter here.
        deployment: whether each network has the chip to itself or all are on it.
        streams: whether weights may be streamed.
    """

    def __init__(
        self, layers: LayerTable, switches: Switches, deployment: Deployment, *, streams: bool
    ) -> None:
        self._layers = layers
        self._switches = switches
        self._deployment = deployment
        self._streams = streams
        self._lock = Lock()
        self._keys = np.empty(0, np.int64)
        self._places = np.empty(0, np.int64)
        none = np.empty((0, len(layers)), np.int32)
        self._known = Copies(none, none)

    def __len__(self) -> int:
        return len(self._keys)

    def of(self, designs: Designs) -> Copies:
        """Copies of all layers on n chips."""
        keys = copies_keys(designs)
        with self._lock:
            unknown = np.flatnonzero(~self._holds(keys))
        if len(unknown):
            _, first = np.unique(keys[unknown], return_index=True)
            bodies = designs.take(unknown[first])
            parts = [self._work_out(some) for some in bodies.chunks(BODIES_AT_ONCE)]
            with self._lock:
                for some, part in zip(bodies.chunks(BODIES_AT_ONCE), parts, strict=True):
                    self._keep(copies_keys(some), part)
        with self._lock:
            places = self._places[np.searchsorted(self._keys, keys)]
            known = self._known
        return Copies(known.resident[places], known.streamed[places])

    def _holds(self, keys: Ints) -> NDArray[np.bool_]:
        if not len(self._keys):
            return np.zeros(len(keys), bool)
        at = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        return self._keys[at] == keys

    def _keep(self, keys: Ints, found: Copies) -> None:
        """Store what nobody else has stored meanwhile."""
        new = ~self._holds(keys)
        n, keys = len(self._keys), keys[new]
        order = np.argsort(keys)
        at = np.searchsorted(self._keys, keys[order])
        self._keys = np.insert(self._keys, at, keys[order])
        self._places = np.insert(self._places, at, n + order)
        self._known = Copies(
            np.concatenate([self._known.resident, found.resident[new]]),
            np.concatenate([self._known.streamed, found.streamed[new]]),
        )

    def _work_out(self, bodies: Designs) -> Copies:
        placement = place(self._layers, bodies, diagonal_groups=self._switches.diagonal_groups)
        resident = self._resident(bodies, placement)
        streamed = self._streamed(bodies, placement) if self._streams else np.zeros_like(resident)
        return Copies(resident.astype(np.int32), streamed.astype(np.int32))

    def _resident(self, bodies: Designs, placement: Placement) -> Floats:
        layers = self._layers
        if not self._switches.placement:
            with np.errstate(divide="ignore"):
                most = np.floor(bodies.macros[:, None] / placement.macros)
            return np.minimum(most, layers.steps)
        copies = np.empty_like(placement.macros)
        time = placement.input_slices * placement.phases
        together = self._deployment == "together"
        groups = (
            [slice(None)] if together else [layers.of_network(w) for w in range(layers.n_networks)]
        )
        for pipelined, choose in ((False, fastest_copies), (True, even_copies)):
            here = bodies.pipelined == pipelined
            for own in groups if here.any() else []:
                copies[here, own] = choose(
                    placement.macros[here, own],
                    layers.steps[own],
                    time[here, own],
                    layers.count[own],
                    bodies.macros[here],
                )
        return copies

    def _streamed(self, bodies: Designs, placement: Placement) -> Floats:
        """As many as fit, but not so many that a vector's reads take less than loading the rows.

        An array read and a row write are taken as equally long here: more copies than that shorten
        a layer by less than it takes to load them, and each costs its writes.
        """
        layers = self._layers
        with np.errstate(divide="ignore"):
            most = np.maximum(np.floor(bodies.macros[:, None] / placement.macros), 1)
        reads = layers.steps * placement.input_slices * placement.phases
        wanted = np.minimum(np.ceil(reads / placement.rows_used), layers.steps)
        copies = np.minimum(most, wanted)
        return np.ceil(layers.steps / np.ceil(layers.steps / copies))
