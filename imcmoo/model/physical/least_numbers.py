"""The least that numbers of a chip can be, over all that is not chosen yet.

Numbers of a chip (areas, leakage, prices and times of actions) come in families, each of which
depends on a few parameters. Over those of them that are not chosen every combination is looked up,
and the least of each number taken: nothing is assumed of how a number changes with a parameter.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imcmoo.model.physical.batch import Batch
from imcmoo.model.physical.chip import MACRO_PARTS
from imcmoo.model.physical.keyed_memory import KeyedMemory
from imcmoo.model.physical.lacking import lacking
from imcmoo.model.physical.limits import ir_drop
from imcmoo.model.physical.partial_designs import STAGES, PartialDesigns
from imcmoo.space.choices import UNCHOSEN, every_choice
from imcmoo.space.design_space import LARGEST_RANK, Levels

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Numbers = dict[str, Floats]

DESIGNS_AT_ONCE = 1 << 16

CIRCUIT = ("adc_bits", "columns_per_adc", "sample_and_hold")


@dataclass(frozen=True)
class Family:
    """Numbers that depend on the same parameters.

    Args:
        free: the parameters that may be unchosen.
        given: the others, chosen before.
        numbers: of the designs of a batch, by name, shape (n,) or (n, W).
    """

    free: tuple[str, ...]
    given: tuple[str, ...]
    numbers: Callable[[Batch], Numbers]


def _noise(batch: Batch) -> Numbers:
    return {"noise_dB": -batch.noise[:, 0]}


def _wires(batch: Batch) -> Numbers:
    c = batch.context
    point, given, switches = batch.point, c.given, c.switches
    lost = ir_drop(batch.designs, point, device=c.device, given=given, switches=switches)
    return {"ir_drop": lost}


def _circuit(batch: Batch) -> Numbers:
    """Of one macro: its parts, its reads and conversions; and of the digital unit."""
    chip, rates, macros = batch.chip, batch.rates, batch.designs.macros
    limits = lacking(batch.screen(), batch.context.limits)
    kept = [limits[name].missing <= 0 for name in ("snr", "wires")]
    found = {}
    for part in MACRO_PARTS:
        found[f"area_{part}"] = chip.areas_m2[part] / macros
        found[f"less_area_{part}"] = -chip.areas_m2[part] / macros
        found[f"leak_{part}"] = chip.leaks_W[part] / macros
    for name in ("mac", "dac", "cell_low", "cell_span", "write"):
        found[f"price_{name}"] = chip.prices_J[name]
    found |= {
        "price_conversion": chip.price_of("conversion"),
        "area_digital": chip.areas_m2["digital"],
        "leak_digital": chip.leaks_W["digital"],
        "read_s": rates.read_s,
        "convert_s": rates.convert_s,
        "row_write_s": rates.row_write_s,
        "less_converters": -rates.converters,
        "less_hold": -rates.hold.astype(float),
        "mac_s": rates.mac_s,
    }
    # What breaks a limit for some network is no choice.
    fits = np.logical_and(*kept).all(axis=1)
    return {name: np.where(fits, values, np.inf) for name, values in found.items()}


def _memory(batch: Batch) -> Numbers:
    chip = batch.chip
    area = chip.areas_m2["glb"] + chip.areas_m2["interface"]
    return {
        "area_memory": area,
        "less_area_memory": -area,
        "leak_glb": chip.leaks_W["glb"],
        **{f"price_{name}": chip.prices_J[name] for name in ("glb_read", "glb_write", "dram")},
        "glb_bit_s": chip.glb_bit_s,
        "dram_bit_s": chip.dram_bit_s,
    }


def _tiles(batch: Batch) -> Numbers:
    """Of one tile."""
    chip, tiles = batch.chip, batch.designs.tiles_per_group * batch.designs.router_groups
    return {
        "area_buffers": chip.areas_m2["buffers"] / tiles,
        "leak_buffers": chip.leaks_W["buffers"] / tiles,
        **{f"price_{n}": chip.prices_J[n] for n in ("buffer_read", "buffer_write", "result")},
        "buffer_word_s": chip.buffer_word_s,
    }


def _links(batch: Batch) -> Numbers:
    chip = batch.chip
    return {
        "area_router": chip.areas_m2["routers"] / batch.designs.router_groups,
        "hop_J": chip.hop_J,
        "wire_J_per_m": chip.wire_J_per_m,
        "link_bit_s": chip.link_bit_s,
    }


_ARRAY = tuple(
    name
    for name in STAGES["array"]
    if name not in ("schedule", "ping_pong", "mac_units", "adc_model")
)
"""What the wires of an array depend on of the first stage."""

FAMILIES = {
    "noise": Family(
        ("adc_bits",),
        ("active_rows", "rows", "bits_per_cell", "weight_coding", "input_slice_bits"),
        _noise,
    ),
    "wires": Family(("columns_per_adc", "sample_and_hold"), _ARRAY, _wires),
    "circuit": Family(
        ("voltage_V", *CIRCUIT), (*_ARRAY, "ping_pong", "mac_units", "adc_model"), _circuit
    ),
    "memory": Family(("voltage_V", "glb_KiB", "glb_banks", "dram"), ("technology_nm",), _memory),
    "tiles": Family(("voltage_V",), ("technology_nm", "rows", "cols", "macros_per_tile"), _tiles),
    "links": Family(("voltage_V", "link_bits"), ("technology_nm",), _links),
}


class LeastNumbers:
    """The least numbers of one family, remembered by what they depend on.

    Args:
        family: which numbers.
        tree: of the partial designs.
        batch_of: designs by their levels, as a batch.

    Raises:
        ValueError: there are more combinations of what they depend on than can be told apart.
    """

    def __init__(
        self, family: Family, tree: PartialDesigns, batch_of: Callable[[Levels], Batch]
    ) -> None:
        self._family = family
        self._tree = tree
        self._batch_of = batch_of
        self._columns = tree.columns((*family.given, *family.free))
        if math.prod(tree.space.shape[at] + 1 for at in self._columns) > LARGEST_RANK:
            raise ValueError(f"no bounds: too many combinations of {', '.join(family.given)}")
        self._free = [n for n in family.free if n in tree.space.names]
        self.together = [n for n in STAGES["circuit"] if n in self._free]
        self._memory = KeyedMemory(1 << 27)
        self._choices = KeyedMemory(1 << 30)
        self._names: tuple[str, ...] = ()

    def of(self, partial: Levels) -> Numbers:
        """Least numbers by name, shape (n,) or (n, W), of partial designs of one stage."""

        def work_out(index: Ints) -> tuple[Floats, ...]:
            return self._work_out(partial[index])

        return self._named(*self._memory.of(self._keys(partial), work_out))

    def over(self, partial: Levels) -> Numbers:
        """Least numbers by name of every choice of the family's parameters of a circuit.

        Args:
            partial: of one stage, with none of them chosen, shape (n, n_columns).

        Returns:
            Shape (n, m), in the order of `every_choice`.
        """

        def work_out(index: Ints) -> tuple[Floats, ...]:
            every, _ = every_choice(self._tree.space, partial[index], self.together)
            return tuple(v.reshape(len(index), -1) for v in self._work_out(every))

        return self._named(*self._choices.of(self._keys(partial), work_out))

    def _keys(self, partial: Levels) -> Ints:
        keys = np.zeros(len(partial), np.int64)
        for at in self._columns:
            keys = keys * (self._tree.space.shape[at] + 1) + partial[:, at] + 1
        return keys

    def _named(self, store: tuple[Floats, ...], places: Ints) -> Numbers:
        return {n: v.take(places, axis=0) for n, v in zip(self._names, store, strict=True)}

    def _work_out(self, partial: Levels) -> tuple[Floats, ...]:
        space = self._tree.space
        first = dict(zip(space.names, partial[0], strict=False)) if len(partial) else {}
        free = [name for name in self._free if first.get(name) == UNCHOSEN]
        if self.together and set(self.together) <= set(free):
            least = self.over(partial)
            self._names = tuple(least)
            return tuple(values.min(axis=1) for values in least.values())
        n = len(space.grid(free))
        filled = self._tree.filled(partial)
        step = max(1, DESIGNS_AT_ONCE // n)
        parts = []
        for start in range(0, max(len(filled), 1), step):
            some = filled[start : start + step]
            every, _ = every_choice(space, some, free)
            numbers = self._family.numbers(self._batch_of(every))
            self._names = tuple(numbers)
            parts.append(
                [v.reshape(len(some), n, *v.shape[1:]).min(axis=1) for v in numbers.values()]
            )
        return tuple(np.concatenate(arrays) for arrays in zip(*parts, strict=True))
