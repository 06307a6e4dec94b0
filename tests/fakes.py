"""A stand-in for the evaluator: the same interface, made-up but plausible numbers."""

from dataclasses import replace

import numpy as np

from imcmoo.model.metrics import Metrics, Resources
from imcmoo.space.design_space import DesignSpace
from imcmoo.space.parameters import Categorical, Ordinal


class FakeEvaluator:
    """Analytic costs of a design, quick and without component table or mapping."""

    def __init__(self, space: DesignSpace, n_workloads: int = 4) -> None:
        self.space = space
        self.workload_names = [f"net{i}" for i in range(n_workloads)]
        self.demand_cells = 8e6 * 4.0 ** np.arange(n_workloads)

    def resources(self, levels):
        d = self.space.decode(levels)
        columns = d["cols"] * d["macros_per_tile"] * d["tiles_per_group"] * d["router_groups"]
        cells = columns * d["rows"].astype(float)
        bits = d["glb_depth"] * 2048.0
        return Resources(
            area_m2=columns * 850e-12 + bits * 0.35e-12,
            cells=cells,
            missing_cells=np.maximum(
                0.0, self.demand_cells[None] / d["bits_per_cell"][:, None] - cells[:, None]
            ),
            buffer_bits=bits,
            missing_buffer_bits=np.maximum(0.0, 2.0e7 - bits)[:, None]
            * np.ones(len(self.workload_names)),
        )

    def screen(self, levels):
        resources = self.resources(levels)
        unknown = np.zeros_like(resources.missing_buffer_bits)
        return replace(resources, missing_buffer_bits=unknown)

    def evaluate(self, levels):
        d = self.space.decode(levels)
        resources = self.resources(levels)
        scale = np.arange(1, len(self.workload_names) + 1)[None]
        energy = 1e-3 * scale * (d["voltage_V"] ** 2 * (1 + 64 / d["rows"]))[:, None]
        energy = energy + 1e-12 * d["glb_depth"][:, None]
        latency = scale * (d["cycle_s"] * 1e6 / np.sqrt(resources.cells))[:, None]
        nan = np.where(resources.maps, 1.0, np.nan)
        return Metrics(resources, energy * nan, latency * nan, 0.5 * nan)


SMALL = DesignSpace(
    name="small",
    parameters=(
        Categorical("voltage_V", (0.7, 0.5, 0.6)),
        Categorical("bits_per_cell", (4, 1, 2)),
        Ordinal("cycle_s", (1e-9, 2e-9)),
        Ordinal("rows", (64, 128, 256)),
        Ordinal("cols", (64, 128)),
        Ordinal("router_groups", (4, 8)),
        Ordinal("tiles_per_group", (8, 16)),
        Ordinal("macros_per_tile", (8, 16, 32)),
        Ordinal("glb_depth", (4096, 16384)),
    ),
)
"""A space of both kinds of parameters that can be enumerated: 2,592 designs."""
