"""Bounds of energy and latency: the cost model with every component cost at its minimum.

Since Σ_l max_r t(l, r) ≥ max_r Σ_l t(l, r), a network treated as one layer is bounded as well.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imcmoo.model.physical.bounds.chip_bounds import MinimalChips
from imcmoo.model.physical.bounds.layer_operations import LayerOperations

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

SAFETY = 1 - 1e-9
"""Sums in another order may round up; bounds are scaled down by this."""


@dataclass(frozen=True, eq=False)
class Seconds:
    """Seconds of k layers or networks on X chips of each of n bodies, shape (n, k, X).

    Args:
        arrays: reading and converting all vectors.
        fill: the same of one vector of each layer.
        digital, glb, link, buffer, dram: of the other parts of the chips.
    """

    arrays: Floats
    fill: Floats
    digital: Floats
    glb: Floats
    link: Floats
    buffer: Floats
    dram: Floats

    @classmethod
    def of(
        cls,
        steps: LayerOperations,
        chips: MinimalChips,
        conversions: tuple[Floats, Floats],
        macs: Floats,
        spilled_bits: Floats,
    ) -> Seconds:
        """Find them.

        Args:
            steps: of n bodies, shape (n, k).
            chips: X for each.
            conversions: one after the other, of all vectors and of one of each layer, (n, k, X).
            macs: of the digital unit, shape (k,).
            spilled_bits: activations through DRAM, shape (n, k, X) or less.
        """

        def arrays(reads: Floats, conversions: Floats) -> Floats:
            first, then = chips.times(reads, "read_s"), conversions * chips["convert_s"][:, None]
            return np.maximum(first, then) + chips["no_sample_hold"][:, None] * np.minimum(
                first, then
            )

        return cls(
            arrays(steps.reads, conversions[0]),
            arrays(steps.fills, conversions[1]),
            chips.times(macs[None], "mac_s"),
            chips.times(steps.glb_bits, "glb_bit_s"),
            chips.times(steps.link_bits, "link_bit_s"),
            chips.times(steps.buffer_words, "buffer_word_s"),
            spilled_bits * chips["dram_bit_s"][:, None],
        )


def in_turns(parts: Seconds) -> Floats:
    """Seconds of layers that take turns, their weights in place, shape (n, k, X)."""
    slowest = _largest(
        parts.arrays + parts.digital, parts.glb, parts.link, parts.buffer, parts.dram
    )
    return slowest + parts.fill


def in_turns_and_loaded(
    parts: Seconds,
    steps: LayerOperations,
    stored_bits: Floats,
    chips: MinimalChips,
    *,
    ping_pong: bool,
) -> Floats:
    """The same where weights are loaded for every image.

    Args:
        parts, steps, chips: as in `Seconds`.
        stored_bits: of the weights, shape (k,).
        ping_pong: whether they are loaded while other arrays compute.
    """
    rows = chips.times(steps.load_rows, "row_write_s")
    links = chips.times(steps.load_link_bits, "link_bit_s")
    memory = chips.times(stored_bits[None], "dram_bit_s")
    if not ping_pong:
        return in_turns(parts) + _largest(rows, links, memory)
    compute = np.maximum(parts.arrays + parts.digital, rows)
    others = parts.glb, parts.link + links, parts.buffer, parts.dram + memory
    return _largest(compute, *others) + parts.fill


def _largest(*terms: Floats) -> Floats:
    found = np.maximum(terms[0], terms[1])
    for term in terms[2:]:
        found = np.maximum(found, term)
    return found


def interval(slowest: Floats, parts: Seconds, io_s: Floats, pipeline_links_s: Floats) -> Floats:
    """Seconds between images where layers work on several at once, shape (n, W, X).

    Args:
        slowest: of the layers' arrays and tiles.
        parts: of networks.
        io_s: of their own input and output.
        pipeline_links_s: of links, by the groups that a pipeline uses.
    """
    return _largest(slowest, parts.digital, parts.glb, parts.dram + io_s, pipeline_links_s)


class Bounds:
    """Lower bounds of W networks on X chips of each of n bodies; infinite where none runs.

    Args:
        chips: these.
        n_networks: W.
    """

    def __init__(self, chips: MinimalChips, n_networks: int) -> None:
        self._chips = chips
        n, m = chips.infeasible.shape
        shape = n, n_networks, m
        self.values = {name: np.full(shape, np.inf) for name in ("energy", "latency", "edp")}
        self.values["area"] = np.where(chips.infeasible, np.inf, chips.area_m2 * SAFETY)

    def keep(
        self, counts: Floats, dram_bits: Floats, latency: Floats, interval: Floats, usable: Bools
    ) -> None:
        """Take a mode in which networks may run where it is better than what is there.

        Leakage comes on top, and where a chip would draw more than any that matters may, it is
        slowed down: latency is no less than the interval.

        Args:
            counts: of actions by `PRICED`, shape (n, W, A).
            dram_bits: of an image, shape (n, W, X) or less.
            latency, interval: before a chip is slowed down, shape (n, W, X).
            usable: where networks may run so, shape (n, W) or less.
        """
        chips = self._chips
        leak, allowed = chips.leak_W[:, None], chips.allowed_W
        energy = counts @ chips.prices_J
        least = energy / np.maximum(allowed - leak, 1e-3 * allowed)
        energy += dram_bits * chips["dram"][:, None]
        energy += leak * np.maximum(interval, least)
        latency = np.maximum(latency, least)
        may = np.broadcast_to(usable[:, :, None] & ~chips.infeasible[:, None], energy.shape)
        found = (("energy", energy), ("latency", latency), ("edp", energy * latency))
        for name, values in found:
            own = self.values[name]
            np.minimum(own, values * SAFETY, out=own, where=may)
