"""Component minima: the smallest value of each cost term of a chip over a sub-domain.

A cost term (an area, a leakage, the energy or the time of an action) depends on a few parameters.
It is tabulated over all their combinations, with one slot more along each parameter that holds the
minimum. So a sub-domain is looked up by its value indices, −1 standing for a free parameter.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imcmoo.model.partials import NoBounds
from imcmoo.model.physical.constraints import lacking
from imcmoo.model.physical.evaluate import Batch
from imcmoo.space.design_space import DesignSpace, Levels
from imcmoo.space.parameters import Conditional

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
CostTerms = dict[str, Floats]

DESIGNS_AT_ONCE = 1 << 14
VALIDATED_DESIGNS = 500
LARGEST_TABLE = 1 << 25
"""Combinations of parameters that a table may have."""
ROUNDING = 1e-12
"""Terms of one macro are those of a chip divided by its macros, which rounds differently."""


@dataclass(frozen=True)
class CostTermGroup:
    """Cost terms that depend on the same parameters.

    Args:
        depends_on: names of the parameters.
        terms: function of a batch of n designs that returns the terms by name, shape (n,) each.
    """

    depends_on: tuple[str, ...]
    terms: Callable[[Batch], CostTerms]


def _macro_terms(batch: Batch) -> CostTerms:
    """Terms of one macro without its ADCs."""
    chip, macros, prices = batch.chip, batch.designs.macros, batch.chip.prices_J
    return {
        "macro_m2": (chip.areas_m2["cells"] + chip.areas_m2["drivers"]) / macros,
        "macro_W": (chip.leaks_W["cells"] + chip.leaks_W["drivers"]) / macros,
        **{name: prices[name] for name in ("cell_low", "cell_span", "dac", "write")},
        "read_s": batch.rates.read_s,
        "row_write_s": batch.rates.row_write_s,
        "no_sample_hold": np.where(batch.rates.hold, 0.0, 1.0),
    }


def _adc_terms(batch: Batch) -> CostTerms:
    """Terms of one ADC with its shift-and-add; infinite where its SQNR breaks the limit."""
    chip = batch.chip
    number = batch.designs.macros * batch.rates.converters
    keeps = (lacking(batch.screen(), batch.context.limits)["snr"].missing <= 0).all(axis=1)
    found = {
        "adc_m2": (chip.areas_m2["adc"] + chip.areas_m2["shift_add"]) / number,
        "adc_W": (chip.leaks_W["adc"] + chip.leaks_W["shift_add"]) / number,
        "conversion": chip.price_of("conversion"),
        "convert_s": batch.rates.convert_s,
    }
    return {name: np.where(keeps, values, np.inf) for name, values in found.items()}


def _sharing_terms(batch: Batch) -> CostTerms:
    """ADCs of a macro, and their negative, whose minimum is that of the most ADCs."""
    return {"adcs": batch.rates.converters, "negated_adcs": -batch.rates.converters}


def _array_limit_terms(batch: Batch) -> CostTerms:
    """Infinite where IR drop or conductance levels break their limits."""
    limits = lacking(batch.screen(), batch.context.limits)
    broken = limits["wires"].missing + limits["levels"].missing
    return {"infeasible": np.where(broken.any(axis=1), np.inf, 0.0)}


def _memory_terms(batch: Batch) -> CostTerms:
    """Terms of the global buffer and the memory interface."""
    chip = batch.chip
    return {
        "memory_m2": chip.areas_m2["glb"] + chip.areas_m2["interface"],
        "memory_W": chip.leaks_W["glb"],
        **{name: chip.prices_J[name] for name in ("glb_read", "glb_write", "dram")},
        "glb_bit_s": chip.glb_bit_s,
        "dram_bit_s": chip.dram_bit_s,
    }


def _tile_terms(batch: Batch) -> CostTerms:
    """Terms of the buffers of one tile."""
    chip, tiles = batch.chip, batch.designs.tiles_per_group * batch.designs.router_groups
    return {
        "tile_m2": chip.areas_m2["buffers"] / tiles,
        "tile_W": chip.leaks_W["buffers"] / tiles,
        **{name: chip.prices_J[name] for name in ("buffer_read", "buffer_write", "result")},
        "buffer_word_s": chip.buffer_word_s,
    }


def _link_terms(batch: Batch) -> CostTerms:
    """Terms of one router group."""
    chip = batch.chip
    return {
        "router_m2": chip.areas_m2["routers"] / batch.designs.router_groups,
        "hop_J": chip.hop_J,
        "wire_J_per_m": chip.wire_J_per_m,
        "link_bit_s": chip.link_bit_s,
    }


def _digital_terms(batch: Batch) -> CostTerms:
    """Terms of the digital unit."""
    chip = batch.chip
    return {
        "digital_m2": chip.areas_m2["digital"],
        "digital_W": chip.leaks_W["digital"],
        "mac": chip.prices_J["mac"],
        "mac_s": batch.rates.mac_s,
    }


_ARRAY = ("technology_nm", "rows", "cols")
COST_TERM_GROUPS = (
    CostTermGroup(
        (
            *_ARRAY,
            "input_slice_bits",
            "input_coding",
            "ping_pong",
            "voltage_V",
            "columns_per_adc",
            "sample_and_hold",
        ),
        _macro_terms,
    ),
    CostTermGroup(
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
        _adc_terms,
    ),
    CostTermGroup(("cols", "weight_coding", "columns_per_adc"), _sharing_terms),
    CostTermGroup(
        (
            *_ARRAY,
            "active_rows",
            "bits_per_cell",
            "weight_coding",
            "input_coding",
            "columns_per_adc",
            "sample_and_hold",
        ),
        _array_limit_terms,
    ),
    CostTermGroup(("technology_nm", "voltage_V", "glb_KiB", "glb_banks", "dram"), _memory_terms),
    CostTermGroup((*_ARRAY, "macros_per_tile", "voltage_V"), _tile_terms),
    CostTermGroup(("technology_nm", "voltage_V", "link_bits"), _link_terms),
    CostTermGroup(("technology_nm", "mac_units", "voltage_V"), _digital_terms),
)


class MinimumTable:
    """Cost terms over all values of the parameters they depend on, with the minimum along each.

    Args:
        space: of the designs.
        group: the cost terms.
        batch_of: returns the batch of some designs.

    Raises:
        NoBounds: there are too many combinations.
    """

    def __init__(
        self, space: DesignSpace, group: CostTermGroup, batch_of: Callable[[Levels], Batch]
    ) -> None:
        names = {name for name in space.names if name in group.depends_on}
        # The values of a conditional parameter depend on another one.
        names |= {
            p.on.name for p in space.parameters if isinstance(p, Conditional) and p.name in names
        }
        self._parameters = [name for name in space.names if name in names]
        self._sizes = [space.shape[space.names.index(name)] for name in self._parameters]
        n = math.prod(self._sizes)
        if n > LARGEST_TABLE:
            raise NoBounds(f"no bounds: {n:,} combinations of {', '.join(self._parameters)}")
        designs = space.grid(self._parameters)
        parts = [
            group.terms(batch_of(designs[at : at + DESIGNS_AT_ONCE]))
            for at in range(0, n, DESIGNS_AT_ONCE)
        ]
        self._names = list(parts[0])
        values = np.array([np.concatenate([p[name] for p in parts]) for name in self._names])
        values = values.reshape(-1, *self._sizes)
        for axis in range(1, values.ndim):
            least = values.min(axis=axis, keepdims=True)
            values = np.concatenate([values, least], axis=axis)
        self._values = values.reshape(len(self._names), -1)

    def minima(self, levels: Mapping[str, Ints]) -> CostTerms:
        """Minima of the cost terms over sub-domains, by name.

        Args:
            levels: value indices by parameter, −1 where it is free; shapes broadcast to one.
        """
        at = np.zeros((1, 1), np.int64)
        for name, size in zip(self._parameters, self._sizes, strict=True):
            at = at * (size + 1) + levels[name] % (size + 1)
        return dict(zip(self._names, self._values.take(at, axis=1), strict=True))


class ComponentMinima:
    """Minima of all cost terms over sub-domains of a space.

    Args:
        space: of the designs.
        batch_of: returns the batch of some designs.

    Raises:
        NoBounds: a cost term depends on a parameter that its group does not declare.
    """

    def __init__(self, space: DesignSpace, batch_of: Callable[[Levels], Batch]) -> None:
        self._tables = [MinimumTable(space, group, batch_of) for group in COST_TERM_GROUPS]
        designs = space.random(VALIDATED_DESIGNS, np.random.default_rng(0))
        minima = self.of({name: designs[:, [at]] for at, name in enumerate(space.names)})
        batch = batch_of(designs)
        for group in COST_TERM_GROUPS:
            for name, values in group.terms(batch).items():
                if not np.allclose(values, minima[name][:, 0], rtol=ROUNDING, atol=0.0):
                    raise NoBounds(f"{name} depends on more than {', '.join(group.depends_on)}")

    def of(self, levels: Mapping[str, Ints]) -> CostTerms:
        """Minima of all cost terms; arguments as of `MinimumTable.minima`."""
        return {n: v for table in self._tables for n, v in table.minima(levels).items()}
