"""Area and capacity of chips, and lower bounds of capacity shortfalls, without any mapping."""

from __future__ import annotations

from functools import cached_property

from imcmoo.model.cost_model import Deployment
from imcmoo.model.metrics import Floats
from imcmoo.model.reference.chips import ChipModel, Designs

SCREEN_TABLE = 1 << 20
"""Chips of a space up to which all are looked at once."""

WORTH_ALL = 8
"""All chips are looked at once as many were asked about as this part of them."""

Capacity = tuple[Floats, Floats, Floats, Floats]
"""Area in m², cells and buffer bits, shape (n,), and cells each network surely lacks, (n, W)."""


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
        if self._size > SCREEN_TABLE or not many:
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
