"""The profiles of the chips asked about so far, so that each is mapped once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from imcmoo.model.reference.chips import ChipModel, Designs
from imcmoo.model.reference.families import families
from imcmoo.model.reference.mapping import Ints
from imcmoo.model.reference.profiles import Profiler, Profiles
from imcmoo.space.design_space import Levels, Ranks

CHUNK_CHIPS = 2048
"""Chips profiled at once; bounds memory to some 50 MB per four networks."""


DENSE = 1 << 28
"""Chips of a space up to which an array has an entry for each, most of them never touched."""


class ProfileCache:
    """Profiles of the chips of a space, worked out when first asked for.

    A chip's profile has a *place* in the arrays; only what is asked for takes memory.

    Args:
        chips: the cost model bound to a space and a set of networks.
    """

    def __init__(self, chips: ChipModel) -> None:
        self._chips = chips
        self._profiler = Profiler(chips.workloads, chips.terms)
        self._places = Places(chips.space.size_of(chips.body_parameters))
        self._profiles = Profiles.allocate(0, len(chips.workloads), len(self.features))

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
        known = self._chips.workloads.names
        if list(names) == known:
            return self._profiles
        if len(names) != 1 or names[0] not in known:
            raise ValueError(f"profiles are of {', '.join(known)}, not of {', '.join(names)}")
        return self._profiles.only(known.index(names[0]))

    def place(self, designs: Designs) -> Ints:
        """Place of each design's profile, (n,); what is new is profiled, with its relatives."""
        body = designs.body
        place = self._places.of(body)
        new = place < 0
        if new.any():
            fresh = np.unique(body[new], return_index=True)[1]
            for family in families(self._chips.space, designs.levels[new][fresh], CHUNK_CHIPS):
                runs = self._chips.run(family.representatives)
                for bits, rows, member in family.members:
                    self._put(member, self._profiler.summarise(runs.take(rows), bits))
            place = self._places.of(body)
        return place

    def _put(self, member: Levels, profiles: Profiles) -> None:
        """Keep the profiles of some chips."""
        body = self._chips.body(member)
        self._places.add(body)
        if self._places.used > len(self._profiles):
            room = max(self._places.used, 2 * len(self._profiles), CHUNK_CHIPS)
            self._profiles = self._profiles.grown(room)
        self._profiles.put(self._places.of(body), profiles)


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
