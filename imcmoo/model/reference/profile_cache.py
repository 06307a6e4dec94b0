"""The profiles of the chips asked about so far, so that each is mapped once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from imcmoo.model.reference.chips import ChipModel
from imcmoo.model.reference.mapping import Ints
from imcmoo.model.reference.profiles import Profiler, Profiles
from imcmoo.space.design_space import Levels

CHUNK_CHIPS = 2048
"""Chips profiled at once; bounds memory to some 50 MB per four networks."""


class ProfileCache:
    """Profiles of the chips of a space, by their body, worked out when first asked for.

    Args:
        chips: the cost model bound to a space and a set of networks.
    """

    def __init__(self, chips: ChipModel) -> None:
        self._chips = chips
        self._profiler = Profiler(chips.workloads, chips.terms)
        n = len(chips.bodies())
        self._profiled = np.zeros(n, dtype=bool)
        self._profiles = Profiles.allocate(n, len(chips.workloads), len(self.features))

    @property
    def features(self) -> list[tuple[str, str]]:
        """Action and operand factor of each feature of the profiles."""
        return self._profiler.features

    def of(self, names: Sequence[str]) -> Profiles:
        """Profiles of all networks or of one, by body; a view that fills up as chips are asked for.

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

    def body(self, levels: Levels) -> Ints:
        """Body of each design, (n,); profiles what is new, together with its close relatives."""
        body = self._chips.body(levels)
        new = ~self._profiled[body]
        if new.any():
            fresh = np.unique(body[new], return_index=True)[1]
            for family in self._chips.families(levels[new][fresh], CHUNK_CHIPS):
                runs = self._chips.run(family.representatives)
                for bits, rows, member in family.members:
                    at = self._chips.body(member)
                    self._profiles.put(at, self._profiler.summarise(runs.take(rows), bits))
                    self._profiled[at] = True
        return body
