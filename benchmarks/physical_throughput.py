"""Designs per second of the physical model on four networks, and where its time goes.

    python benchmarks/physical_throughput.py [--device rram] [--designs 60000] [--bodies 2000]

"all new": a new model, which also works out its circuits' signal to noise (a few hundred, once).
"first touch": designs whose arrays and numbers of macros were never seen, each another one.
"known": designs over a set of bodies (array, slices, tiling) that were seen, everything else
drawn afresh: supply, converter, buffer, links, DRAM. Medians over the repeats; processor time per
design is printed beside, since other work on the machine does not stretch it as much.
"""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.model.physical.model import PhysicalModel
from imcmoo.model.physical.parameters import DRAM, space_voltages
from imcmoo.networks.workloads import WorkloadSet

NETWORKS = ("resnet18", "vgg16", "alexnet", "mobilenet_v3")
GOALS = {"known": "goal 500,000", "first touch": "goal 20,000", "all new": "no goal"}
NODES_NM = (7, 14, 22, 32, 45)

Columns = dict[str, NDArray]


def bodies(n: int, device: str, rng: np.random.Generator) -> Columns:
    """What decides placement: array, slices and tiling, layer by layer."""
    rows = 2 ** rng.integers(5, 11, n)
    inputs = rng.integers(0, 7, n)
    return {
        "rows": rows,
        "cols": 2 ** rng.integers(5, 11, n),
        "active_rows": np.maximum(rows // 2 ** rng.integers(0, 6, n), 1),
        "bits_per_cell": rng.integers(1, 5, n) if device == "rram" else np.ones(n, int),
        "weight_coding": rng.choice(["offset", "differential"], n),
        "input_slice_bits": np.array([1, 2, 4, 1, 2, 4, 8])[inputs],
        "input_coding": np.where(inputs < 3, "levels", "pulses"),
        "macros_per_tile": 2 ** rng.integers(2, 8, n),
        "tiles_per_group": 2 ** rng.integers(1, 7, n),
        "router_groups": 2 ** rng.integers(0, 7, n),
        "schedule": np.full(n, "layer"),
        "ping_pong": rng.integers(0, 2, n) * (device == "sram"),
    }


def operating(n: int, table: PhysicalTable, rng: np.random.Generator) -> Columns:
    """Everything else."""
    voltages = {
        node: space_voltages(float(table.look_up("technology", node_nm=node)["threshold_V"]))
        for node in NODES_NM
    }
    node = rng.choice(NODES_NM, n)
    return {
        "technology_nm": node,
        "voltage_V": np.array([voltages[nm] for nm in node.tolist()])[
            np.arange(n), rng.integers(0, 8, n)
        ],
        "adc_bits": rng.integers(4, 11, n),
        "columns_per_adc": 2 ** rng.integers(0, 7, n),
        "sample_and_hold": rng.integers(0, 2, n),
        "glb_KiB": 2 ** rng.integers(8, 16, n),
        "glb_banks": 2 ** rng.integers(0, 5, n),
        "link_bits": 2 ** rng.integers(5, 10, n),
        "dram": rng.choice(DRAM, n),
    }


def seconds(run: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Median wall time and processor time of a call."""
    wall, processor = [], []
    for _ in range(repeats):
        start = time.perf_counter(), time.process_time()
        run()
        wall.append(time.perf_counter() - start[0])
        processor.append(time.process_time() - start[1])
    return float(np.median(wall)), float(np.median(processor))


def report(kind: str, n: int, took: tuple[float, float]) -> None:
    """Print designs per second and processor time per design."""
    print(
        f"{kind:>12}: {n / took[0]:10,.0f} designs/s ({GOALS[kind]}); "
        f"{took[1] / n * 1e6:.2f} µs of processor per design"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=("rram", "sram"), default="rram")
    parser.add_argument("--designs", type=int, default=60_000)
    parser.add_argument("--bodies", type=int, default=2_000)
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()
    table, rng = PhysicalTable.load(), np.random.default_rng(0)

    def make() -> PhysicalModel:
        return PhysicalModel(WorkloadSet.load(NETWORKS), device=args.device, table=table)

    model = make()
    print(f"{args.device}, {len(NETWORKS)} networks, {os.cpu_count()} cores")
    n = args.designs // 6
    first, fresh = (bodies(n, args.device, rng) | operating(n, table, rng) for _ in range(2))
    report("all new", n, seconds(lambda: model.evaluate(first), 1))
    report("first touch", n, seconds(lambda: model.evaluate(fresh), 1))
    some = bodies(args.bodies, args.device, rng)
    which = rng.integers(0, args.bodies, args.designs)
    known = {name: values[which] for name, values in some.items()}
    known |= operating(args.designs, table, rng)
    model.evaluate(known)
    report("known", args.designs, seconds(lambda: model.evaluate(known), args.repeats))
    profile = cProfile.Profile()
    small = {name: values[:800] for name, values in known.items()}
    profile.runcall(lambda: [model.evaluate(small) for _ in range(20)])
    pstats.Stats(profile).strip_dirs().sort_stats("tottime").print_stats(12)


if __name__ == "__main__":
    main()
