"""Lower bounds of cost over both weight modes."""

from __future__ import annotations

import numpy as np

from imcmoo.model.metrics import Bools, Floats, edp
from imcmoo.model.physical.bounds.chip_bounds import MinimalChips

SAFETY = 1 - 1e-9
"""Sums in another order may round up; bounds are scaled down by this."""

BY_NETWORK = ("energy", "latency", "interval", "edp", "dynamic_energy")
"""Bounds with a value for each network."""


class CostBounds:
    """Lower bounds of W networks on X chips of each of n mapping keys; infinite where none runs.

    Args:
        chips: chips of component minima.
        n_networks: W.
    """

    def __init__(self, chips: MinimalChips, n_networks: int) -> None:
        self._feasible = ~chips.infeasible[:, None]
        n, m = chips.infeasible.shape
        self.values = {name: np.full((n, n_networks, m), np.inf) for name in BY_NETWORK}
        for name, values in (("area", chips.area_m2), ("static_power", chips.static_W)):
            self.values[name] = np.where(chips.infeasible, np.inf, values * SAFETY)

    def keep(
        self,
        possible: Bools,
        *,
        dynamic_energy: Floats,
        energy: Floats,
        latency: Floats,
        interval: Floats,
    ) -> None:
        """Lower the bounds to those of one weight mode where they are smaller.

        Args:
            possible: whether networks may run in the mode, shape (n, W) or less.
            dynamic_energy: without static power, shape (n, W, X) like all that follow.
            energy, latency, interval: of the mode.
        """
        may = np.broadcast_to(possible[:, :, None] & self._feasible, energy.shape)
        for name, values in (
            ("energy", energy),
            ("latency", latency),
            ("interval", interval),
            ("edp", edp(energy, latency)),
            ("dynamic_energy", dynamic_energy),
        ):
            least = self.values[name]
            np.minimum(least, values * SAFETY, out=least, where=may)
