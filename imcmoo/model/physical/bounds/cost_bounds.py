"""Lower bounds of cost over both weight modes."""

from __future__ import annotations

import numpy as np

from imcmoo.model.metrics import Bools, Floats, edp
from imcmoo.model.physical.bounds.chip_bounds import MinimalChips

SAFETY = 1 - 1e-9
"""Sums in another order may round up; bounds are scaled down by this."""


class CostBounds:
    """Lower bounds of W networks on X chips of each of n mapping keys; infinite where none runs.

    Args:
        chips: chips of component minima.
        n_networks: W.
    """

    def __init__(self, chips: MinimalChips, n_networks: int) -> None:
        self._feasible = ~chips.infeasible[:, None]
        n, m = chips.infeasible.shape
        shape = n, n_networks, m
        self.values = {name: np.full(shape, np.inf) for name in ("energy", "latency", "edp")}
        self.values["area"] = np.where(chips.infeasible, np.inf, chips.area_m2 * SAFETY)

    def keep(self, energy: Floats, latency: Floats, possible: Bools) -> None:
        """Lower the bounds to those of one weight mode where they are smaller.

        Args:
            energy, latency: of the mode, shape (n, W, X).
            possible: whether networks may run in the mode, shape (n, W) or less.
        """
        may = np.broadcast_to(possible[:, :, None] & self._feasible, energy.shape)
        costs = {"energy": energy, "latency": latency, "edp": edp(energy, latency)}
        for name, values in costs.items():
            least = self.values[name]
            np.minimum(least, values * SAFETY, out=least, where=may)
