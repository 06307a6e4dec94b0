"""Shares of the weights and multiply-accumulates of a network by the unit they run on."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from imcmoo.networks.accuracy_data import AccuracyData
from imcmoo.networks.workloads import Workload

ARRAYS, DIGITAL, IN_FLOAT = range(3)
UNITS = ("on arrays", "on the digital unit", "in float")
"""Units by number, for people."""
UNKNOWN = (math.nan,) * len(UNITS)


@dataclass(frozen=True)
class WorkShares:
    """Shares of the weights and products of a network by unit; create it with a class method.

    Args:
        weights: share of the stored weights on each of `UNITS`, 0 to 1; NaN if unknown.
        macs: share of the multiply-accumulates, likewise.
    """

    weights: tuple[float, ...]
    macs: tuple[float, ...]

    @classmethod
    def of_layers(
        cls, weights: Sequence[int], macs: Sequence[int], units: Sequence[int]
    ) -> WorkShares:
        """Shares of layers.

        Args:
            weights: stored weights of each layer; 0 for activations and for weights that an earlier
                layer counts.
            macs: multiply-accumulates of each layer.
            units: number of its unit in `UNITS`.
        """
        return cls(*(_shares(values, units) for values in (weights, macs)))

    @classmethod
    def of_network(
        cls, network: Workload, digital: Collection[str], data: AccuracyData | None = None
    ) -> WorkShares:
        """Shares of a network of a study.

        With accuracy data, the units are those of its execution: layers that are not in the data,
        such as products of activations, run in float. Without, they are those of the physical
        model: products of activations run on the digital unit.

        Args:
            network: table of the network.
            digital: its layers on the digital unit.
            data: accuracy data of the network, if any.
        """
        if data is None:
            on_digital = [
                dynamic or layer in digital
                for layer, dynamic in zip(network.layers, network.dynamic, strict=True)
            ]
            units = np.where(on_digital, DIGITAL, ARRAYS)
        else:
            units = np.full(len(network), IN_FLOAT)
            for at, layer in data.rows_in(network).items():
                units[at] = DIGITAL if layer.name in digital else ARRAYS
        return cls.of_layers(
            network.weights_of_layers.tolist(),
            network.shapes.prod(axis=1).tolist(),
            units.tolist(),
        )

    def to_columns(self) -> dict[str, float]:
        """Columns of a table; `on_chip` is on arrays or the digital unit, the rest in float."""
        shares = {"weights": self.weights, "macs": self.macs}
        on_chip = {f"{of}_on_chip": s[ARRAYS] + s[DIGITAL] for of, s in shares.items()}
        return on_chip | {f"{of}_on_digital": s[DIGITAL] for of, s in shares.items()}

    def __str__(self) -> str:
        """One sentence for a terminal; leaves out units without work."""
        parts = []
        for at, unit in enumerate(UNITS):
            weights, macs = self.weights[at], self.macs[at]
            if at == ARRAYS or weights != 0 or macs != 0:
                parts.append(
                    f"{unit}: {_known(weights)} of the weights and {_known(macs)} of the "
                    "multiply-accumulates"
                )
        return "; ".join(parts)


def _shares(values: Sequence[int], units: Sequence[int]) -> tuple[float, ...]:
    totals = np.bincount(units, np.array(values, float), len(UNITS))
    return tuple((totals / max(1.0, totals.sum())).tolist())


def _known(share: float) -> str:
    return "an unknown share" if math.isnan(share) else f"{share:.1%}"
