"""What chips hold, and the cells networks surely lack on them, before anything is mapped."""

from __future__ import annotations

from functools import cached_property

from imcmoo.model.reference.chips import ChipModel, Deployment, Designs
from imcmoo.model.reference.mapping import Floats
from imcmoo.space.design_space import Levels

SCREEN_TABLE = 1 << 20
"""Chips of a space up to which what they surely lack is worked out for all of them once."""

WORTH_ALL = 8
"""All chips are looked at once as many were asked about as this part of them."""

Capacity = tuple[Floats, Floats, Floats]
"""Cells and buffer bits, shape (n,), and cells each network surely lacks, shape (n, W)."""


class Capacities:
    """Capacities of the chips of a space.

    Args:
        chips: the chips.
        deployment: "alone" if a chip need hold one network at a time, "together" for all at once.
    """

    def __init__(self, chips: ChipModel, deployment: Deployment) -> None:
        self._chips = chips
        self._deployment: Deployment = deployment
        self._asked = 0

    def of(self, designs: Designs) -> Capacity:
        """Those of some designs."""
        self._asked += len(designs)
        # A few designs are sooner looked at than all there are.
        if self._asked < self._size // WORTH_ALL or self._all is None:
            return self._of(designs.levels)
        cells, buffer_bits, lacking = self._all
        return cells[designs.body], buffer_bits[designs.body], lacking[designs.body]

    @property
    def _size(self) -> int:
        """Number of chips in the space."""
        return self._chips.space.size_of(self._chips.body_parameters)

    @cached_property
    def _all(self) -> Capacity | None:
        """Those of every body, where they are few enough."""
        space, body = self._chips.space, self._chips.body_parameters
        return None if self._size > SCREEN_TABLE else self._of(space.grid(body))

    def _of(self, levels: Levels) -> Capacity:
        sizes = self._chips.sizes(levels)
        return sizes.cells, sizes.buffer_bits, self._chips.lacking_cells(sizes, self._deployment)
