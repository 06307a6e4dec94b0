"""What networks lack on a body to run there: cheap to know, and most designs lack something."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imcmoo.model.physical.copies import CopiesMemory
from imcmoo.model.physical.layers import LayerTable
from imcmoo.model.physical.parameters import Designs
from imcmoo.model.physical.placement import place
from imcmoo.model.physical.switches import Switches

Floats = NDArray[np.float64]


def shortfalls(
    layers: LayerTable,
    bodies: Designs,
    copies: CopiesMemory,
    *,
    together: bool,
    switches: Switches,
) -> tuple[Floats, Floats]:
    """Macros a network lacks to be resident, and buffer its worst layer lacks to be pipelined.

    Args:
        layers: L distinct layers.
        bodies: designs, of which only what makes a body matters.
        copies: of layers; asked about pipelined bodies only.
        together: whether all networks have to be on the chip.
        switches: `placement` and `diagonal_groups` matter.

    Returns:
        Two arrays of shape (n, W); the second is 0 where layers take turns.
    """
    macros = place(layers, bodies, diagonal_groups=switches.diagonal_groups).macros
    need = _needed(layers, macros, together, switches)
    lines = np.zeros((len(bodies), layers.n_networks))
    pipelined = np.flatnonzero(bodies.pipelined)
    if len(pipelined):
        some = bodies.take(pipelined)
        held = np.maximum(copies.of(some).resident, 1.0)
        tiles = np.ceil(macros[pipelined] / some.macros_per_tile[:, None])
        room = held * tiles * (some.rows * some.macros_per_tile * 8)[:, None]
        lacking = np.maximum(layers.line_words * layers.input_bits - room, 0.0)
        lines[pipelined] = layers.largest(lacking * ~layers.dynamic)
    return np.maximum(need - bodies.macros[:, None], 0.0), lines


def needed_macros(
    layers: LayerTable, bodies: Designs, *, together: bool, switches: Switches
) -> Floats:
    """Macros a network needs to be resident, shape (n, W); arguments as of `shortfalls`."""
    macros = place(layers, bodies, diagonal_groups=switches.diagonal_groups).macros
    return _needed(layers, macros, together, switches)


def _needed(layers: LayerTable, macros: Floats, together: bool, switches: Switches) -> Floats:
    """Without honest placement only a network's largest layer has to fit."""
    if not switches.placement:
        return layers.largest(macros)
    need: Floats = layers.total(macros)
    if together:
        need = np.broadcast_to(need.sum(axis=1, keepdims=True), need.shape)
    return need
