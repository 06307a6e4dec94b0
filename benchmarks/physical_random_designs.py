"""What the physical model says of random designs: distributions, what binds, what is feasible.

    python benchmarks/physical_random_designs.py [--designs 2000] [--seed 0]

Designs are drawn parameter by parameter, evenly over levels, layer by layer and pipelined in equal
parts. "feasible" applies a study's default limits: 800 mm2, SNR of conversion, levels told apart,
loss along wires.
"""

from __future__ import annotations

import argparse

import numpy as np
from numpy.typing import NDArray
from physical_throughput import NETWORKS, bodies, operating

from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.model.physical.limits import (
    DEFAULT_AREA_M2,
    DEFAULT_IR_DROP,
    DEFAULT_LEVEL_SIGMAS,
    DEFAULT_SNR_ADC_DB,
)
from imcmoo.model.physical.metrics import PhysicalMetrics
from imcmoo.model.physical.model import PhysicalModel
from imcmoo.model.physical.timing import CAUSES
from imcmoo.networks.workloads import WorkloadSet


def spread(values: NDArray) -> str:
    """5th, 50th and 95th percentile."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return "none"
    return " / ".join(f"{v:.4g}" for v in np.percentile(finite, [5, 50, 95]))


def limits(found: PhysicalMetrics) -> dict[str, NDArray[np.bool_]]:
    """Which designs keep each limit, for all networks."""
    return {
        "runs": found.runs.all(axis=1),
        "area": found.area_m2 <= DEFAULT_AREA_M2,
        "snr_adc": found.snr_adc_dB.min(axis=1) >= DEFAULT_SNR_ADC_DB,
        "levels": found.level_sigmas >= DEFAULT_LEVEL_SIGMAS,
        "ir_drop": found.ir_drop <= DEFAULT_IR_DROP,
    }


def describe(title: str, found: PhysicalMetrics, macs: float, chosen: NDArray[np.bool_]) -> None:
    """Print the distributions of the first network on the chosen designs."""
    energy, interval = found.energy_J[chosen, 0], found.interval_s[chosen, 0]
    area = found.area_m2[chosen]
    print(f"  {title}: {chosen.sum()} designs; 5 / 50 / 95 %, {NETWORKS[0]}")
    for name, values in {
        "energy_mJ": energy * 1e3,
        "latency_ms": found.latency_s[chosen, 0] * 1e3,
        "area_mm2": area * 1e6,
        "W_per_mm2": found.power_W[chosen, 0] / area * 1e-6,
        "tops_per_W": 2 * macs / energy * 1e-12,
        "tops_per_mm2": 2 * macs / interval / area * 1e-18,
        "snr_adc_dB": found.snr_adc_dB[chosen, 0],
        "snr_dev_dB": found.snr_dev_dB[chosen, 0],
        "snr_dB": found.snr_dB[chosen, 0],
    }.items():
        print(f"    {name:>13}: {spread(values)}")
    bound = found.bound_by[chosen]
    shares = [f"{cause} {np.mean(bound == i):.1%}" for i, cause in enumerate(CAUSES)]
    print(f"    what binds, all networks: {', '.join(shares)}")


def main() -> None:
    """Evaluate and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--designs", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    table, networks = PhysicalTable.load(), WorkloadSet.load(NETWORKS)
    shapes = networks.workloads[0].shapes
    macs = float(shapes.prod(axis=1).sum())
    for device in ("rram", "sram"):
        rng = np.random.default_rng(args.seed)
        columns = bodies(args.designs, device, rng) | operating(args.designs, table, rng)
        columns["schedule"] = rng.choice(["layer", "pipelined"], args.designs)
        found = PhysicalModel(networks, device=device, table=table).evaluate(columns)
        kept = limits(found)
        every = np.logical_and.reduce(list(kept.values()))
        print(f"{device}: " + ", ".join(f"{name} {v.mean():.2%}" for name, v in kept.items()))
        print(f"  feasible {every.mean():.2%}; runs by network {found.runs.mean(axis=0).round(3)}")
        describe("all that run", found, macs, found.runs[:, 0])
        describe("feasible", found, macs, every)


if __name__ == "__main__":
    main()
