"""Profiles and capacities of the chips of a space, each worked out once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from imcmoo.model.cost_model import Deployment
from imcmoo.model.metrics import Bools, Floats, Ints
from imcmoo.model.reference.chips import ChipModel, Designs
from imcmoo.model.reference.mapping import distinct
from imcmoo.model.reference.profiles import LayerRuns, Profiles
from imcmoo.space.design_space import Levels, Ranks

CASES_AT_ONCE = 1 << 18
"""Layers on chips profiled at once; bounds memory to some 50 MB."""

MOST_LOOKED_AT = 1 << 20
"""Chips of a space up to which all are looked at once, without being profiled."""

FIRST_ROOM = 2048
"""Profiles there is room for at first."""

DENSE = 1 << 28
"""Chips of a space up to which an array has an entry for each, most of them never touched."""

WORTH_ALL = 8
"""All chips are looked at once as many were asked about as this part of them."""

Capacity = tuple[Floats, Floats, Floats, Floats]
"""Area in m², cells and buffer bits, shape (n,), and cells each network surely lacks, (n, W)."""


class ProfileCache:
    """Profiles of the chips of a space, worked out when first asked for.

    A chip's profile has a *place* in the arrays; only what is asked for takes memory.

    Args:
        chips: the cost model bound to a space and a set of networks.
    """

    def __init__(self, chips: ChipModel) -> None:
        self._chips = chips
        self._profiler = chips.profiler
        self._places = Places(chips.space.size_of(chips.mapping_parameters))
        self._profiles = Profiles.allocate(0, len(chips.workloads), len(self.features))
        # Which networks are profiled, by place.
        self._known = np.zeros((0, len(chips.workloads)), dtype=bool)

    @property
    def features(self) -> list[tuple[str, str]]:
        """Action and operand factor of each feature of the profiles."""
        return self._profiler.features

    def of(self, names: Sequence[str]) -> Profiles:
        """Profiles of all networks or of one, by place, as far as chips were asked for.

        A network has a profile on the chips it does not surely lack cells on (see
        `ChipModel.lacking_cells`); elsewhere it is meaningless.

        Raises:
            ValueError: other networks than all or one of those profiled here.
        """
        at = self._networks(names)
        return self._profiles if len(at) == len(self._chips.workloads) else self._profiles.only(*at)

    def place(self, designs: Designs, names: Sequence[str]) -> Ints:
        """Place of each design's profile, shape (n,); what is new is profiled.

        Args:
            designs: n of them.
            names: of the networks, as in `of`.
        """
        at = self._networks(names)
        place = self._places.of(designs.mapping_key)
        new = place < 0
        new[~new] = ~self._known[place[~new]][:, at].all(axis=1)
        if new.any():
            fresh = np.unique(designs.mapping_key[new], return_index=True)[1]
            levels = designs.levels[new][fresh]
            step = max(1, CASES_AT_ONCE // len(self._chips.workloads.shapes))
            for first in range(0, len(levels), step):
                self._profile(levels[first : first + step], at)
            place = self._places.of(designs.mapping_key)
        return place

    def _networks(self, names: Sequence[str]) -> list[int]:
        """Indices of all networks or of one."""
        profiled = self._chips.workloads.names
        if list(names) == profiled:
            return list(range(len(profiled)))
        if len(names) != 1 or names[0] not in profiled:
            raise ValueError(f"profiles are of {', '.join(profiled)}, not of {', '.join(names)}")
        return [profiled.index(names[0])]

    def _profile(self, levels: Levels, networks: list[int]) -> None:
        """Profile some networks on chips, all different, as far as that was not done."""
        key = self._chips.mapping_key(levels)
        self._places.add(key)
        self._make_room()
        place = self._places.of(key)
        new = np.zeros((len(key), len(self._chips.workloads)), dtype=bool)
        new[:, networks] = ~self._known[place][:, networks]
        sizes = self._chips.sizes(levels)
        wanted = self._profiler.uses(new & (self._chips.lacking_cells(sizes) == 0))
        runs = self._runs(levels, wanted)
        for network in networks:
            profiles = self._profiler.summarise(runs, sizes.chips.cell_bits, network)
            rows = np.flatnonzero(new[:, network])
            self._profiles.only(network).put(place[rows], profiles.take(rows))
        for network in networks:
            self._known[place, network] = True

    def _runs(self, levels: Levels, wanted: Bools) -> LayerRuns:
        """Runs of layers on chips, of which those that map all layers alike are run once."""
        levels = self._chips.with_fewest_bits(levels)
        alike, first = distinct(self._chips.mapping_key(levels))
        wanted_of_first = np.zeros((len(first), wanted.shape[1]), dtype=bool)
        np.logical_or.at(wanted_of_first, alike, wanted)
        runs = self._chips.run(levels[first], wanted_of_first)
        return runs if len(first) == len(levels) else runs.take(alike)

    def _make_room(self) -> None:
        """Let there be a profile for each place."""
        if self._places.used > len(self._profiles):
            room = max(self._places.used, 2 * len(self._profiles), FIRST_ROOM)
            self._profiles = self._profiles.grown(room)
            self._known = np.concatenate(
                [self._known, np.zeros((room - len(self._known), self._known.shape[1]), dtype=bool)]
            )


class Places:
    """Gives numbers a place each, 0, 1, 2 and so on, in the order in which they come.

    Args:
        n: numbers are below this. Up to `DENSE` a look-up is one step in an array.
    """

    def __init__(self, n: int) -> None:
        # One more than the place, 0 where there is none: untouched zeros take no memory.
        self._dense = np.zeros(n, dtype=np.int32) if n <= DENSE else None
        self._sparse: dict[int, int] = {}
        self.used = 0

    def of(self, numbers: Ranks) -> Ints:
        """Place of each number, -1 where it has none, shape (n,)."""
        if self._dense is not None:
            return self._dense[numbers].astype(np.int64) - 1
        distinct, where = np.unique(numbers, return_inverse=True)
        places = np.array([self._sparse.get(k, -1) for k in distinct.tolist()], dtype=np.int64)
        return places[where]

    def add(self, numbers: Ranks) -> None:
        """Give different numbers a place where they have none."""
        new = numbers[self.of(numbers) < 0]
        places = np.arange(self.used, self.used + len(new))
        self.used += len(new)
        if self._dense is not None:
            self._dense[new] = 1 + places
        else:
            self._sparse.update(zip(new.tolist(), places.tolist(), strict=True))


class Capacities:
    """Capacities of the chips of a space.

    Args:
        chips: the chips.
        deployment: "alone" if a chip need hold one network at a time, "together" for all at once.
        shared: of more networks, each alone; to be used as far as they are known.
    """

    def __init__(
        self, chips: ChipModel, deployment: Deployment, shared: Capacities | None = None
    ) -> None:
        self._chips = chips
        self._deployment: Deployment = deployment
        self._shared = shared
        self._asked = 0
        needed = {*chips.screened_by, "glb_depth"}
        self._names = [name for name in chips.space.names if name in needed]

    def of(self, designs: Designs) -> Capacity:
        """Capacities of designs."""
        self._asked += len(designs)
        # A few designs are sooner looked at than all there are.
        many = self._asked >= self._size // WORTH_ALL or self._is_known
        if self._size > MOST_LOOKED_AT or not many:
            return self._of(designs)
        rows = self._chips.space.rank(designs.levels, self._names)
        area, cells, buffer_bits, lacking = self._all
        return area[rows], cells[rows], buffer_bits[rows], lacking[rows]

    @property
    def _size(self) -> int:
        """Number of chips that differ in what is asked here."""
        return self._chips.space.size_of(self._names)

    @property
    def _is_known(self) -> bool:
        """True if the table of all chips exists, for these networks or for more."""
        return "_all" in vars(self) or (self._shared is not None and self._shared._is_known)

    @cached_property
    def _all(self) -> Capacity:
        """Capacities of every chip of the space."""
        if self._shared is not None and self._shared._is_known:
            area, cells, buffer_bits, lacking = self._shared._all
            names = self._shared._chips.workloads.names
            columns = [names.index(name) for name in self._chips.workloads.names]
            return area, cells, buffer_bits, lacking[:, columns]
        return self._of(self._chips.designs(self._chips.space.grid(self._names)))

    def _of(self, designs: Designs) -> Capacity:
        sizes = self._chips.sizes(designs.levels)
        return (
            self._chips.areas(designs).sum(axis=1),
            sizes.cells,
            sizes.buffer_bits,
            self._chips.lacking_cells(sizes, self._deployment),
        )
