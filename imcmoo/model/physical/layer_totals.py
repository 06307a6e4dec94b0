"""What the layers of every network add up to, on a batch of designs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imcmoo.model.physical.batch import Batch
from imcmoo.model.physical.compiling import worth_compiling
from imcmoo.model.physical.runs import FILLING, all_at_once, one_after_the_other

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DESIGNS_AT_ONCE = 256
"""Designs whose layers are worked on at once: what a core's cache holds of some twenty arrays."""


@dataclass(frozen=True, eq=False)
class Totals:
    """What summing over the layers of each network leaves; arrays of shape (n, W) unless said.

    Args:
        sum_bits: partial sums over the links.
        kept_bits: partial sums that wait in the global buffer.
        seconds: by cause, as `runs.one_after_the_other` or `runs.all_at_once` find them.
    """

    sum_bits: Floats
    kept_bits: Floats
    seconds: Floats


def totals(batch: Batch, *, causes: bool) -> dict[bool, Totals]:
    """Sums over layers in each mode, where the mode is of any use."""
    shape = batch.runs.shape
    pipelined = bool(batch.designs.pipelined.any())
    n_causes = FILLING + 1 if pipelined else 5 if causes else 1
    n_modes = 2 if batch.may_stream.any() else 1
    sum_bits, kept_bits = np.zeros(shape), np.zeros((n_modes, *shape))
    # Where a mode is of no use any time will do: it is not asked about.
    seconds = np.ones((n_modes, n_causes, *shape))
    if worth_compiling(len(batch.designs)) and not pipelined:
        from imcmoo.model.physical.compiled import add_up

        add_up(batch, sum_bits, kept_bits[-1], seconds)
    else:
        _add_up(batch, sum_bits, kept_bits[-1], seconds)
    return {bool(m): Totals(sum_bits, kept_bits[m], seconds[m]) for m in range(n_modes)}


def _add_up(batch: Batch, sum_bits: Floats, kept_bits: Floats, seconds: Floats) -> None:
    """Fill in what `totals` finds, a few designs at a time; seconds by mode first."""
    layers = batch.context.layers
    add = all_at_once if batch.designs.pipelined.any() else one_after_the_other
    for some, modes in _alike(batch):
        work = batch.work(some, streams=True in modes)
        sum_bits[some] = layers.total(work.sums)
        for streamed in modes:
            found = np.empty((seconds.shape[1], len(some), layers.n_networks))
            add(layers, work.times(streamed=streamed), found)
            seconds[int(streamed)][:, some] = found
            if streamed and work.kept_bits is not None:
                kept_bits[some] = layers.total(work.kept_bits)


def _alike(batch: Batch) -> Iterator[tuple[Ints, tuple[bool, ...]]]:
    """Designs that are worked on at once, and the modes that are of use to them.

    Those that take the same steps are neighbours, which leaves steps out for most.
    """
    designs = batch.designs
    use = batch.uses(streamed=False) + 2 * batch.uses(streamed=True)
    order = np.argsort(4 * use + 2 * designs.ping_pong + designs.sample_and_hold, kind="stable")
    cuts = np.searchsorted(use[order], np.arange(5))
    for kind, modes in enumerate(((False,), (True,), (False, True)), 1):
        own = order[cuts[kind] : cuts[kind + 1]]
        for at in range(0, len(own), DESIGNS_AT_ONCE):
            yield own[at : at + DESIGNS_AT_ONCE], modes
