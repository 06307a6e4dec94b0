"""Quick lower bounds of every circuit of some bodies: sums over layers first, circuits after.

A bound proper goes through every layer of every network. Here each network's layers are added up
once for a body, and what a circuit (converters, sample-and-hold, supply) makes of the sums is a few
products. Looser, since a sum of maxima is no less than the largest of the sums; a hundred times
quicker, since a body has a hundred circuits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from imcmoo.model.physical.batch import Batch
from imcmoo.model.physical.chip import MACRO_PARTS, link_price
from imcmoo.model.physical.network_sums import PRICED, Sums, sums_of
from imcmoo.model.physical.parameters import Designs

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CIRCUITS_AT_ONCE = 1 << 13
"""Circuits of some bodies that are worked on at once: what a core's cache holds."""


@dataclass(frozen=True, eq=False)
class Circuits:
    """X circuits of each of n bodies; or groups of circuits, of the least of each number in them.

    Args:
        numbers: the least of each that a choice of circuit leaves, by name, shape (n, X).
        others: of memories, tiles and links, which only the supply decides, shape (n, S).
        fits: whether some resolution keeps the limits, shape (n, X).
        supply: the choice of supply of each circuit, shape (X,).
        converters: of a macro, in C choices, shape (n, C).
        which: the choice of converters of each circuit, shape (X,).
        macros, tiles, groups: of the chip, of router groups the least there may be, shape (n,).
        largest_area_m2: of any completion that matters, shape (n,).
        ping_pong: whether arrays are loaded while others compute, shape (n,).
    """

    numbers: Mapping[str, Floats]
    others: Mapping[str, Floats]
    fits: NDArray[np.bool_]
    supply: Ints
    converters: Floats
    which: Ints
    macros: Floats
    tiles: Floats
    groups: Ints
    largest_area_m2: Floats
    ping_pong: NDArray[np.bool_]

    def __getitem__(self, name: str) -> Floats:
        """A number, shape (n, X)."""
        return self.numbers[name] if name in self.numbers else self.others[name][:, self.supply]

    @classmethod
    def of(
        cls,
        designs: Designs,
        numbers: Mapping[str, Floats],
        others: Mapping[str, Floats],
        choices: tuple[Ints, Ints],
        *,
        fewest_groups: Ints,
        largest_area_m2: Floats,
    ) -> Circuits:
        """Circuits of partial designs.

        Args:
            designs: as `PartialDesigns.filled` makes them.
            numbers, others: as above, but infinite where no resolution keeps the limits.
            choices: of supply and of converters, shape (X,) each.
            fewest_groups, largest_area_m2: as above.
        """
        supply, which = choices
        fits = np.isfinite(numbers["area_adc"])
        numbers = {name: np.where(fits, values, 0.0) for name, values in numbers.items()}
        # Where no circuit with such converters fits, any number of them will do.
        most = -numbers["less_converters"]
        by_choice = [most[:, which == c].max(axis=1) for c in range(which.max() + 1)]
        return cls(
            numbers,
            others,
            fits,
            supply,
            np.maximum(np.stack(by_choice, axis=1), 1.0),
            which,
            macros=designs.macros,
            tiles=designs.tiles_per_group * designs.router_groups,
            groups=fewest_groups,
            largest_area_m2=largest_area_m2,
            ping_pong=designs.ping_pong > 0,
        )

    def take(self, some: slice) -> Circuits:
        """Those of some bodies."""
        return replace(
            self,
            numbers={name: v[some] for name, v in self.numbers.items()},
            others={name: v[some] for name, v in self.others.items()},
            **{name: getattr(self, name)[some] for name in _OF_BODIES},
        )

    def times(self, sums: Floats, name: str) -> Floats:
        """Sums of networks, (n, W), times a number of circuits, shape (n, W, X)."""
        product: Floats = sums[:, :, None] * self[name][:, None]
        return product

    def at_supply(self, sums: Floats, name: str) -> Floats:
        """The same at every supply, shape (n, W, S)."""
        product: Floats = sums[:, :, None] * self.others[name][:, None]
        return product

    @property
    def area_m2(self) -> Floats:
        """Of the chip, shape (n, X)."""
        area: Floats = (
            sum(self[f"area_{part}"] for part in MACRO_PARTS) * self.macros[:, None]
            + self["area_buffers"] * self.tiles[:, None]
            + self["area_router"] * self.groups[:, None]
            + self["area_memory"]
            + self["area_digital"]
        )
        return area

    def leak_W(self, share: Floats | float) -> Floats:
        """Leakage where a share of the macros leaks, (n, W, 1), shape (n, W, X) or (n, 1, X)."""
        macros = sum(self[f"leak_{part}"] for part in MACRO_PARTS) * self.macros[:, None]
        others = self["leak_buffers"] * self.tiles[:, None]
        leak: Floats = (others + self["leak_glb"] + self["leak_digital"])[:, None]
        return leak + macros[:, None] * share


_OF_BODIES = ("fits", "converters", "macros", "tiles", "groups", "largest_area_m2", "ping_pong")


def glance(batch: Batch, circuits: Circuits) -> dict[str, Floats]:
    """Lower bounds of energies, latencies, their product and area.

    Args:
        batch: n partial designs of one schedule whose circuits are not chosen.
        circuits: their choices.

    Returns:
        By name, shape (n, W, X), infinite where a network does not run; of area (n, X).
    """
    shape = (*batch.runs.shape, len(circuits.which))
    found = {name: np.full(shape, np.inf) for name in ("energy", "latency", "edp")}
    for streamed, possible in ((False, batch.fits), (True, batch.may_stream)):
        runs = np.broadcast_to(possible & batch.runs, batch.runs.shape)
        usable = runs[:, :, None] & circuits.fits[:, None]
        if not runs.any():
            continue
        sums = sums_of(batch, circuits.converters, streamed=streamed)
        step = max(1, CIRCUITS_AT_ONCE // shape[-1])
        for at in range(0, len(runs), step):
            some = slice(at, at + step)
            energy, latency = _run(batch, circuits.take(some), sums.take(some))
            for name, values in (
                ("energy", energy),
                ("latency", latency),
                ("edp", energy * latency),
            ):
                own = found[name][some]
                np.minimum(own, values, out=own, where=usable[some])
    return {**found, "area": circuits.area_m2}


def _run(batch: Batch, circuits: Circuits, sums: Sums) -> tuple[Floats, Floats]:
    """Energy and latency in one mode, shape (n, W, X)."""
    c = batch.context
    prices = {name: circuits[f"price_{name}"] for name in PRICED if name != "link"}
    hop, wire = circuits["hop_J"], circuits["wire_J_per_m"]
    prices["link"] = link_price(hop, wire, circuits.area_m2, given=c.given, switches=c.switches)
    energy: Floats = sums.counts @ np.stack([prices[name] for name in PRICED], axis=1)
    idle = c.switches.idle_leakage
    leak = circuits.leak_W(1.0 if idle else (sums.occupied / circuits.macros[:, None])[:, :, None])
    allowed = (c.given.power_W_per_m2.value * circuits.largest_area_m2)[:, None, None]
    latency = _latency(circuits, sums, bool(batch.designs.pipelined.any()), c.switches.bandwidth)
    np.maximum(latency, energy / np.maximum(allowed - leak, 1e-3 * allowed), out=latency)
    energy += circuits.times(sums.dram_bits, "price_dram")
    energy += leak * latency
    return energy, latency


def _latency(circuits: Circuits, sums: Sums, pipelined: bool, bandwidth: bool) -> Floats:
    """Before a chip is slowed down, shape (n, W, X)."""
    # Of a pipeline's slowest layer neither need be the one that reads and converts longest.
    hold = (-circuits["less_hold"] > 0) | pipelined

    def arrays(reads: Floats, conversions: Floats) -> Floats:
        first = circuits.times(reads, "read_s")
        then = conversions[:, :, circuits.which] * circuits["convert_s"][:, None]
        return np.maximum(first, then) + np.minimum(first, then) * ~hold[:, None]

    compute = arrays(sums.reads, sums.conversions) + circuits.times(sums.macs, "mac_s")
    step = arrays(sums.steps, sums.step_conversions)
    ping_pong = circuits.ping_pong[:, None, None]
    rows = circuits.times(sums.load_rows, "row_write_s")
    if not bandwidth:
        return np.maximum(compute, rows * ping_pong) + step + rows * ~ping_pong
    running = sums.layer_bits + sums.load_bits * ping_pong[:, 0] + sums.io_bits * pipelined
    moving = np.maximum.reduce(
        [
            circuits.at_supply(sums.glb_bits, "glb_bit_s"),
            circuits.at_supply(sums.link_bits, "link_bit_s"),
            circuits.at_supply(sums.buffer_words, "buffer_word_s"),
            circuits.at_supply(running, "dram_bit_s"),
        ]
    )
    loading = np.maximum(
        circuits.at_supply(sums.load_link_bits, "link_bit_s"),
        circuits.at_supply(sums.load_bits, "dram_bit_s"),
    )
    before = circuits.at_supply(sums.io_bits * (not pipelined), "dram_bit_s")
    np.maximum(compute, moving[:, :, circuits.supply], out=compute)
    np.maximum(compute, rows, out=compute, where=ping_pong)
    compute += step
    np.maximum(rows, loading[:, :, circuits.supply], out=rows)
    np.add(compute, rows, out=compute, where=~ping_pong)
    compute += before[:, :, circuits.supply]
    return compute
