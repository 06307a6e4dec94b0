"""Designs per second of the physical model on four networks, and where its time goes.

    python benchmarks/physical_throughput.py [--device rram] [--designs 60000] [--bodies 2000]

Two processes, as a search or an enumeration has them, each with a model of its own; rates are the
sum over both. "all new": a new model, which also works out its circuits' signal to noise (a few
hundred, once). "first touch": designs whose arrays and numbers of macros were never seen, each
another one. "known": designs over bodies (array, slices, tiling) that were seen, everything
else drawn afresh: supply, converter, buffer, links, DRAM. "known, all run": only those of them on
which all networks run. "no causes": the same without finding out what binds, as behind the seam.
Medians over the repeats; processor time per design is printed beside, since other work on the
machine does not stretch it as much, and what two cores of one's own would do by it.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.io.executor import completed, cores, local
from imcmoo.model.physical.model import PhysicalModel
from imcmoo.model.physical.parameters import DRAM, space_voltages
from imcmoo.networks.workloads import WorkloadSet

NETWORKS = ("resnet18", "vgg16", "alexnet", "mobilenet_v3")
GOALS = {"first touch": "goal 20,000"}
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


@dataclass(frozen=True)
class Task:
    """What one process measures."""

    device: str
    designs: int
    bodies: int
    repeats: int
    seed: int

    def known(
        self, model: PhysicalModel, table: PhysicalTable, rng: np.random.Generator
    ) -> tuple[Columns, Columns]:
        """Designs over a set of bodies that were seen, and as many on which all networks run."""
        some = bodies(self.bodies, self.device, rng)
        every, runs = [], []
        while sum(len(part["rows"]) for part in runs) < self.designs:
            which = rng.integers(0, self.bodies, self.designs)
            drawn = {name: values[which] for name, values in some.items()}
            drawn |= operating(self.designs, table, rng)
            good = model.evaluate(drawn).runs.all(axis=1)
            every.append(drawn)
            runs.append({name: values[good] for name, values in drawn.items()})
        all_run = {name: np.concatenate([p[name] for p in runs]) for name in some | every[0]}
        return every[0], {name: values[: self.designs] for name, values in all_run.items()}


def measure(task: Task) -> dict[str, tuple[int, float, float]]:
    """Designs, wall and processor seconds by kind, in one process."""
    table, rng = PhysicalTable.load(), np.random.default_rng(task.seed)
    model = PhysicalModel(WorkloadSet.load(NETWORKS), device=task.device, table=table)
    n = task.designs // 6
    first, fresh = (bodies(n, task.device, rng) | operating(n, table, rng) for _ in range(2))
    found = {
        "all new": (n, *seconds(lambda: model.evaluate(first), 1)),
        "first touch": (n, *seconds(lambda: model.evaluate(fresh), 1)),
    }
    known, runs = task.known(model, table, rng)
    for name, some in (("known", known), ("known, all run", runs)):
        size = len(some["rows"])
        for more, causes in (("", True), (", no causes", False)):
            took = seconds(partial(model.evaluate, some, causes=causes), task.repeats)
            found[name + more] = (size, *took)
    return found


def profile(task: Task) -> None:
    """Print where the time of known designs goes, in this process."""
    table, rng = PhysicalTable.load(), np.random.default_rng(task.seed)
    model = PhysicalModel(WorkloadSet.load(NETWORKS), device=task.device, table=table)
    known, _ = task.known(model, table, rng)
    small = {name: values[:4000] for name, values in known.items()}
    profiler = cProfile.Profile(time.process_time)
    profiler.runcall(lambda: [model.evaluate(small) for _ in range(20)])
    pstats.Stats(profiler).strip_dirs().sort_stats("tottime").print_stats(15)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=("rram", "sram"), default="rram")
    parser.add_argument("--designs", type=int, default=60_000)
    parser.add_argument("--bodies", type=int, default=2_000)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--processes", type=int, default=2)
    args = parser.parse_args()
    tasks = [
        Task(args.device, args.designs, args.bodies, args.repeats, seed)
        for seed in range(args.processes)
    ]
    with local(args.processes) as executor:
        found = [result for _, result in completed(executor, measure, tasks)]
    print(f"{args.device}, {len(NETWORKS)} networks, {args.processes} processes, {cores()} cores")
    for kind in found[0]:
        rate = sum(n / wall for n, wall, _ in (one[kind] for one in found))
        each = np.mean([processor / n for n, _, processor in (one[kind] for one in found)])
        print(
            f"{kind:>26}: {rate:9,.0f} designs/s ({GOALS.get(kind, 'no goal')}); {each * 1e6:5.2f} "
            f"µs of processor per design, {args.processes / each:9,.0f} designs/s by that"
        )
    profile(tasks[0])


if __name__ == "__main__":
    main()
