"""The least that the numbers of a chip can be in a box of designs: tables with a slot for "any".

A number of a chip (an area, a leakage, the price or the time of an action) depends on a few
parameters. It is worked out for all combinations of these, and along each of them one slot more
holds the least; so a box is looked up by its levels, −1 standing for a parameter that is open.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imcmoo.model.partials import NoBounds
from imcmoo.model.physical.batch import Batch
from imcmoo.model.physical.lacking import lacking
from imcmoo.space.design_space import DesignSpace, Levels

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Numbers = dict[str, Floats]

DESIGNS_AT_ONCE = 1 << 14
RANDOM_DESIGNS = 500
ALIKE = 1e-12
"""Numbers of a macro are those of a chip shared out: they round otherwise."""


@dataclass(frozen=True)
class Family:
    """Numbers that depend on the same parameters.

    Args:
        on: these parameters.
        numbers: of the chips of a batch, by name, shape (n,).
    """

    on: tuple[str, ...]
    numbers: Callable[[Batch], Numbers]


def _macro(batch: Batch) -> Numbers:
    """Of one macro, without its converters."""
    chip, macros, prices = batch.chip, batch.designs.macros, batch.chip.prices_J
    return {
        "macro_m2": (chip.areas_m2["cells"] + chip.areas_m2["drivers"]) / macros,
        "macro_W": (chip.leaks_W["cells"] + chip.leaks_W["drivers"]) / macros,
        **{name: prices[name] for name in ("cell_low", "cell_span", "dac", "write")},
        "read_s": batch.rates.read_s,
        "row_write_s": batch.rates.row_write_s,
        "unheld": np.where(batch.rates.hold, 0.0, 1.0),
    }


def _converter(batch: Batch) -> Numbers:
    """Of one converter with its adder; infinite where it does not keep the signal to noise."""
    chip = batch.chip
    number = batch.designs.macros * batch.rates.converters
    keeps = (lacking(batch.screen(), batch.context.limits)["snr"].missing <= 0).all(axis=1)
    found = {
        "converter_m2": (chip.areas_m2["adc"] + chip.areas_m2["shift_add"]) / number,
        "converter_W": (chip.leaks_W["adc"] + chip.leaks_W["shift_add"]) / number,
        "conversion": chip.price_of("conversion"),
        "convert_s": batch.rates.convert_s,
    }
    return {name: np.where(keeps, values, np.inf) for name, values in found.items()}


def _sharing(batch: Batch) -> Numbers:
    """How many converters a macro has, and the same below 0: the most are the least of these."""
    return {"converters": batch.rates.converters, "less_converters": -batch.rates.converters}


def _wires(batch: Batch) -> Numbers:
    """Infinite where the wires of the array lose too much or levels cannot be told apart."""
    limits = lacking(batch.screen(), batch.context.limits)
    broken = limits["wires"].missing + limits["levels"].missing
    return {"barred": np.where(broken.any(axis=1), np.inf, 0.0)}


def _memory(batch: Batch) -> Numbers:
    chip = batch.chip
    return {
        "memory_m2": chip.areas_m2["glb"] + chip.areas_m2["interface"],
        "memory_W": chip.leaks_W["glb"],
        **{name: chip.prices_J[name] for name in ("glb_read", "glb_write", "dram")},
        "glb_bit_s": chip.glb_bit_s,
        "dram_bit_s": chip.dram_bit_s,
    }


def _tile(batch: Batch) -> Numbers:
    """Of the buffers of one tile."""
    chip, tiles = batch.chip, batch.designs.tiles_per_group * batch.designs.router_groups
    return {
        "tile_m2": chip.areas_m2["buffers"] / tiles,
        "tile_W": chip.leaks_W["buffers"] / tiles,
        **{name: chip.prices_J[name] for name in ("buffer_read", "buffer_write", "result")},
        "buffer_word_s": chip.buffer_word_s,
    }


def _links(batch: Batch) -> Numbers:
    """Of one router group."""
    chip = batch.chip
    return {
        "router_m2": chip.areas_m2["routers"] / batch.designs.router_groups,
        "hop_J": chip.hop_J,
        "wire_J_per_m": chip.wire_J_per_m,
        "link_bit_s": chip.link_bit_s,
    }


def _digital(batch: Batch) -> Numbers:
    chip = batch.chip
    return {
        "digital_m2": chip.areas_m2["digital"],
        "digital_W": chip.leaks_W["digital"],
        "mac": chip.prices_J["mac"],
        "mac_s": batch.rates.mac_s,
    }


_ARRAY = ("technology_nm", "rows", "cols")
FAMILIES = (
    Family(
        (
            *_ARRAY,
            "input_slice_bits",
            "input_coding",
            "ping_pong",
            "voltage_V",
            "columns_per_adc",
            "sample_and_hold",
        ),
        _macro,
    ),
    Family(
        (
            "technology_nm",
            "rows",
            "active_rows",
            "bits_per_cell",
            "weight_coding",
            "input_slice_bits",
            "adc_model",
            "adc_bits",
            "sample_and_hold",
            "voltage_V",
        ),
        _converter,
    ),
    Family(("cols", "weight_coding", "columns_per_adc"), _sharing),
    Family(
        (
            *_ARRAY,
            "active_rows",
            "bits_per_cell",
            "weight_coding",
            "input_coding",
            "columns_per_adc",
            "sample_and_hold",
        ),
        _wires,
    ),
    Family(("technology_nm", "voltage_V", "glb_KiB", "glb_banks", "dram"), _memory),
    Family((*_ARRAY, "macros_per_tile", "voltage_V"), _tile),
    Family(("technology_nm", "voltage_V", "link_bits"), _links),
    Family(("technology_nm", "mac_units", "voltage_V"), _digital),
)


class Table:
    """Numbers over all levels of some parameters, and the least along each.

    Args:
        space: of the designs.
        on: the parameters; those that are fixed are left out.
        batch_of: designs by their levels, as a batch.
        numbers: as in `Family`.
    """

    def __init__(
        self,
        space: DesignSpace,
        on: tuple[str, ...],
        batch_of: Callable[[Levels], Batch],
        numbers: Callable[[Batch], Numbers],
    ) -> None:
        self.on = [name for name in space.names if name in on]
        self._sizes = [space.shape[space.names.index(name)] for name in self.on]
        levels = np.zeros((int(np.prod(self._sizes)), len(space.names)), np.int64)
        for name, level in zip(self.on, np.indices(self._sizes), strict=True):
            levels[:, space.names.index(name)] = level.ravel()
        parts = [
            numbers(batch_of(levels[at : at + DESIGNS_AT_ONCE]))
            for at in range(0, len(levels), DESIGNS_AT_ONCE)
        ]
        self.names = list(parts[0])
        values = np.array([np.concatenate([p[name] for p in parts]) for name in self.names])
        values = values.reshape(-1, *self._sizes)
        for axis in range(1, values.ndim):
            least = values.min(axis=axis, keepdims=True)
            values = np.concatenate([values, least], axis=axis)
        self._values = values.reshape(len(self.names), -1)

    def least(self, levels: Mapping[str, Ints]) -> Numbers:
        """The least numbers of boxes, by name.

        Args:
            levels: by parameter, −1 where it is open; shapes that broadcast to one.
        """
        at = np.zeros((1, 1), np.int64)
        for name, size in zip(self.on, self._sizes, strict=True):
            at = at * (size + 1) + levels[name] % (size + 1)
        return dict(zip(self.names, self._values.take(at, axis=1), strict=True))


class LeastNumbers:
    """All numbers of the chips of a space.

    Args:
        space: of the designs.
        batch_of: designs by their levels, as a batch.

    Raises:
        NoBounds: a number depends on more than its family says.
    """

    def __init__(self, space: DesignSpace, batch_of: Callable[[Levels], Batch]) -> None:
        self._tables = [Table(space, f.on, batch_of, f.numbers) for f in FAMILIES]
        some = space.random(RANDOM_DESIGNS, np.random.default_rng(0))
        levels = {name: some[:, [at]] for at, name in enumerate(space.names)}
        said = self.of(levels)
        batch = batch_of(some)
        for family in FAMILIES:
            for name, values in family.numbers(batch).items():
                if not np.allclose(values, said[name][:, 0], rtol=ALIKE, atol=0.0):
                    raise NoBounds(f"{name} depends on more than {', '.join(family.on)}")

    def of(self, levels: Mapping[str, Ints]) -> Numbers:
        """The least of each number, by name; as `Table.least`."""
        return {n: v for table in self._tables for n, v in table.least(levels).items()}
