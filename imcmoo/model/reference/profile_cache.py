"""Profiles and capacities of the chips of a space, each worked out once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from imcmoo.keyed_cache import Arrays, KeyedCache
from imcmoo.model.cost_model import Deployment
from imcmoo.model.metrics import Bools, Ints
from imcmoo.model.reference.chips import ChipModel
from imcmoo.model.reference.mapping import distinct, row_keys
from imcmoo.model.reference.profiles import LayerRuns, Profiles
from imcmoo.space.design_space import Levels

CASES_AT_ONCE = 1 << 18
"""Layers on chips profiled at once; bounds memory to some 50 MB."""

MOST_LOOKED_AT = 1 << 20
"""Chips of a space up to which all are looked at, without being profiled, and remembered."""

LOOKED_AT_ONCE = 1 << 14
"""Chips whose capacities are worked out at once."""

DENSE = 1 << 28
"""Profiles of a space up to which an array has an entry for each, most of them never touched."""


class ProfileCache:
    """Profiles of networks on the chips of a space, worked out when first asked for.

    A network has a profile on the chips it does not surely lack cells on (see
    `ChipModel.lacking_cells`); elsewhere it is meaningless.

    Args:
        chips: the cost model bound to a space and a set of networks.
    """

    def __init__(self, chips: ChipModel) -> None:
        self._chips = chips
        n = chips.space.size_of(chips.mapping_parameters) * len(chips.workloads)
        step = max(1, CASES_AT_ONCE // len(chips.workloads.shapes)) * len(chips.workloads)
        self._is_dense = n <= DENSE
        self._cache = KeyedCache(np.inf, rows_at_once=step, n_keys=n if self._is_dense else None)

    def of(self, levels: Levels, names: Sequence[str]) -> tuple[Profiles, Ints]:
        """Profiles, and which of them is that of each design and network, shape (n, W).

        Args:
            levels: of n designs; what is new is profiled.
            names: of W of the networks.
        """
        networks = np.array([self._chips.workloads.names.index(name) for name in names])

        def work_out(at: Ints) -> Arrays:
            row, column = np.divmod(at, len(networks))
            return self._profile(levels[row], networks[column])

        keys = self._chip_keys(levels)[:, None] * len(self._chips.workloads) + networks
        profiles, place = self._cache.of(keys.ravel(), work_out)
        return Profiles(*profiles), place.reshape(keys.shape)

    def _chip_keys(self, levels: Levels) -> Ints:
        """A number for the mapping key of each design, shape (n,)."""
        if self._is_dense:
            return self._chips.mapping_key(levels)
        columns = [self._chips.space.names.index(name) for name in self._chips.mapping_parameters]
        return row_keys(levels[:, columns])

    def _profile(self, levels: Levels, network: Ints) -> Profiles:
        """Profiles of a network on a chip each, all different."""
        chip, first = distinct(self._chips.mapping_key(levels))
        levels = levels[first]
        new = np.zeros((len(levels), len(self._chips.workloads)), dtype=bool)
        new[chip, network] = True
        chips, profiler = self._chips.sizes(levels), self._chips.profiler
        runs = self._runs(levels, profiler.uses(new & (self._chips.lacking_cells(chips) == 0)))
        profiles = Profiles(
            np.empty((len(network), len(profiler.features))), *np.empty((4, len(network)))
        )
        for at in np.unique(network):
            rows = np.flatnonzero(network == at)
            of_network = profiler.summarise(runs, chips.cell_bits, at)
            for array, values in zip(profiles, of_network, strict=True):
                array[rows] = values[chip[rows]]
        return profiles

    def _runs(self, levels: Levels, wanted: Bools) -> LayerRuns:
        """Runs of layers on chips, of which those that map all layers alike are run once."""
        levels = self._chips.with_fewest_bits(levels)
        alike, first = distinct(self._chips.mapping_key(levels))
        wanted_of_first = np.zeros((len(first), wanted.shape[1]), dtype=bool)
        np.logical_or.at(wanted_of_first, alike, wanted)
        runs = self._chips.run(levels[first], wanted_of_first)
        return runs if len(first) == len(levels) else runs.take(alike)


class Capacities:
    """Area (m²), cells and buffer bits of chips, (n,), and cells each network surely lacks, (n, W).

    Args:
        chips: the chips.
        deployment: "alone" if a chip need hold one network at a time, "together" for all at once.
        shared: of more networks, each alone; used instead.
    """

    def __init__(
        self, chips: ChipModel, deployment: Deployment, shared: Capacities | None = None
    ) -> None:
        self._chips = chips
        self._deployment: Deployment = deployment
        self._shared = shared
        needed = {*chips.screened_by, "glb_depth"}
        self._names = [name for name in chips.space.names if name in needed]
        n = chips.space.size_of(self._names)
        self._cache = KeyedCache(np.inf, LOOKED_AT_ONCE, n) if n <= MOST_LOOKED_AT else None

    def of(self, levels: Levels) -> Arrays:
        """Capacities of designs."""
        if self._shared is not None:
            *chip, lacking = self._shared.of(levels)
            names = self._shared._chips.workloads.names
            return *chip, lacking[:, [names.index(n) for n in self._chips.workloads.names]]
        if self._cache is None:
            return self._of(levels)
        rows = self._chips.space.rank(levels, self._names)
        return self._cache.rows(rows, lambda at: self._of(levels[at]))

    def _of(self, levels: Levels) -> Arrays:
        chips = self._chips.sizes(levels)
        return (
            self._chips.areas(levels).sum(axis=1),
            chips.cells,
            self._chips.buffer_bits(levels),
            self._chips.lacking_cells(chips, self._deployment),
        )
