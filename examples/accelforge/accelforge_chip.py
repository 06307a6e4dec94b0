"""AccelForge on an analog macro as a cost model: `model = "accelforge_chip:AccelForgeChip"`.

Needs `pip install accelforge`; nothing of it is imported before a design is evaluated.

What is assumed: a layer is a product of matrices, a group of it after the other, and layers run one
after the other on all macros, each mapped by AccelForge for the smallest product of energy and
latency. Operands are distributed as in AccelForge's example. What feeds the macros (main memory,
buffers, routers) costs neither energy nor time nor area, and so does loading weights.
"""

from __future__ import annotations

import runpy
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from imcmoo import ExternalModel, Function, Quantity, WorkloadSet
from imcmoo.networks.layers import DIMENSIONS

MACRO = "basic_analog"
"""AccelForge's example: row drivers, cells, column drivers and ADCs, costed by NeuroSim."""

FANOUTS = {"row_ARRAY_ROWS": "rows", "column_ARRAY_COLUMNS": "cols"}
"""The macro's spatial loops, and the parameter that sets each one's size."""

Product = tuple[int, int, int]
"""Sizes M, N and K of a product of an M × K with a K × N matrix."""


def simulate(design: dict[str, Any], networks: list[str]) -> dict[str, Any]:
    """Costs of one design.

    Args:
        design: `rows`, `cols`, `bits_per_cell`, `technology_nm`, `voltage_V` and `macros_per_tile`,
            of which there is one tile; all else is left alone.
        networks: names of shipped networks.
    """
    costs = {name: network_costs(design, name) for name in networks}
    return {
        "energy": {name: energy for name, (energy, _) in costs.items()},
        "latency": {name: latency for name, (_, latency) in costs.items()},
        "area": macros(design).calculate_component_costs().arch.total_area,
    }


def network_costs(design: dict[str, Any], name: str) -> tuple[float, float]:
    """Energy in J and latency in s of one inference."""
    energy = latency = 0.0
    for sizes, times in Counter(products(name)).items():
        of_one = product_costs(design, sizes)
        energy, latency = energy + times * of_one[0], latency + times * of_one[1]
    return energy, latency


def products(name: str) -> Iterator[Product]:
    """The products of matrices that a network consists of."""
    (network,) = WorkloadSet.load([name]).workloads
    for shape in network.shapes.tolist():
        of = dict(zip(DIMENSIONS, shape, strict=True))
        sizes = of["N"] * of["P"] * of["Q"], of["M"], of["C"] * of["R"] * of["S"]
        yield from [sizes] * of["G"]


def product_costs(design: dict[str, Any], sizes: Product) -> tuple[float, float]:
    """Energy and latency of one product, mapped best."""
    from accelforge import Metrics
    from accelforge.mapper.FFM.main import map_workload_to_arch

    spec = macros(design)
    spec.workload.rank_sizes.update(zip("MNK", sizes, strict=True))
    spec.mapper.metrics = Metrics.ENERGY | Metrics.LATENCY
    # In detail, it would draw every mapping with Graphviz, into the working directory.
    mapping = map_workload_to_arch(spec, print_progress=False, eval_in_detail=False).data
    energies, latencies = (mapping[f"Total<SEP>{name}"].tolist() for name in ("energy", "latency"))
    return min(zip(energies, latencies, strict=True), key=lambda costs: costs[0] * costs[1])


def macros(design: dict[str, Any]) -> Any:
    """AccelForge's specification of the design's macros."""
    import accelforge

    accelforge.set_n_parallel_jobs(1)  # designs are evaluated side by side instead
    script = Path(accelforge.examples.path) / "arches" / "compute_in_memory" / "_load_spec.py"
    get_spec = runpy.run_path(str(script))["get_spec"]
    spec = get_spec(MACRO, add_dummy_main_memory=True, n_macros=design["macros_per_tile"])
    for node in spec.arch.nodes:
        for loop in getattr(node, "spatial", None) or ():
            if loop.name in FANOUTS:
                loop.fanout = design[FANOUTS[loop.name]]
    spec.arch.variables.bits_per_cell = design["bits_per_cell"]
    spec.variables.voltage = design["voltage_V"]
    spec.variables.tech_node = float(f"{design['technology_nm']}e-9")
    return spec


class AccelForgeChip(ExternalModel):
    """Macros of AccelForge's analog example."""

    quantities = (
        Quantity("energy", "J"),
        Quantity("latency", "s"),
        Quantity("area", "m2", per_workload=False),
    )
    evaluation = Function(simulate, timeout_s=600)
    version = "accelforge 1.0.467"
    workers = 1
    cache = Path("accelforge_cache")
