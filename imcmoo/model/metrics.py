"""What one evaluation yields: arrays over designs and workloads, SI units."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Resources:
    """What a chip offers and what each network lacks on it.

    Args:
        area_m2: chip area, shape (n_designs,).
        cells: cells of the chip, shape (n_designs,).
        missing_cells: cells a network lacks to be resident and placed, shape (n_designs, W).
        buffer_bits: bits of the global buffer, shape (n_designs,).
        missing_buffer_bits: bits the global buffer lacks for the network's worst layer in its
            smallest loop order, shape (n_designs, W).
    """

    area_m2: Floats
    cells: Floats
    missing_cells: Floats
    buffer_bits: Floats
    missing_buffer_bits: Floats

    @property
    def maps(self) -> NDArray[np.bool_]:
        """Whether each network runs on each design, shape (n_designs, W)."""
        return (self.missing_cells <= 0) & (self.missing_buffer_bits <= 0)


@dataclass(frozen=True)
class Metrics:
    """Resources, and energy and latency of one inference of each network.

    Args:
        resources: area and shortfalls.
        energy_J: shape (n_designs, W); NaN where the network does not map.
        latency_s: shape (n_designs, W); NaN where the network does not map.
        utilization: highest share of the cells that a layer keeps busy, shape (n_designs, W);
            NaN where the network does not map.
    """

    resources: Resources
    energy_J: Floats
    latency_s: Floats
    utilization: Floats

    @classmethod
    def joined(cls, parts: Iterable[Metrics]) -> Metrics:
        """Metrics of several batches of designs as one."""
        parts = list(parts)
        resources = [p.resources for p in parts]
        return cls(
            Resources(
                *(
                    np.concatenate([getattr(r, f.name) for r in resources])
                    for f in fields(Resources)
                )
            ),
            *(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(cls)[1:]),
        )
