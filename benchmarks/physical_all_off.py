"""How the physical model with all its rules off ranks designs beside the reference model.

    python benchmarks/physical_all_off.py [--designs 6000]

Random designs of the four-workload RRAM space that both models cover and run; Kendall's τ of the
geometric mean over networks. The reference's cycle time is free, so its latency is compared per
cycle, too.
"""

from __future__ import annotations

import argparse

import numpy as np
from numpy.typing import NDArray
from scipy.stats import kendalltau

from imcmoo.model.physical.model import PhysicalModel
from imcmoo.model.physical.switches import Switches
from imcmoo.model.reference.evaluator import Evaluator
from imcmoo.networks.workloads import WorkloadSet
from problems import get

LARGEST_GLB_DEPTH = 131_072  # 32 MiB, the physical table's largest
TILING = ("macros_per_tile", "tiles_per_group", "router_groups")
TABULATED_STEP_V = 0.05


def physical_columns(designs: dict[str, NDArray]) -> dict[str, NDArray]:
    """The reference's designs as the physical model's: all rows at once, 8-bit pulses."""
    n = len(designs["rows"])
    fixed = {
        "technology_nm": 32,
        "input_slice_bits": 8,
        "adc_bits": 5,
        "columns_per_adc": 1,
        "glb_banks": 1,
        "link_bits": 512,
        "dram": "x64",
        "schedule": "layer",
    }
    same = ("voltage_V", "rows", "cols", "bits_per_cell", *TILING)
    return {
        **{name: np.full(n, value) for name, value in fixed.items()},
        **{name: designs[name] for name in same},
        "active_rows": designs["rows"],
        "glb_KiB": designs["glb_depth"] / 4,
    }


def main() -> None:
    """Evaluate with both models and print rank correlations."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--designs", type=int, default=6_000)
    args = parser.parse_args()
    problem = get("four_workload_rram")
    networks, space = WorkloadSet.load(problem.workloads), problem.space
    levels = space.random(args.designs, np.random.default_rng(0))
    values = {name: np.asarray(column) for name, column in space.decode(levels).items()}
    steps = values["voltage_V"] / TABULATED_STEP_V
    covered = np.isclose(steps, np.rint(steps))
    covered &= (values["glb_depth"] <= LARGEST_GLB_DEPTH) & (values["glb_depth"] >= 1024)
    for name in TILING:
        covered &= values[name] <= 255
    reference = Evaluator(space, networks).evaluate(levels[covered])
    designs = {name: column[covered] for name, column in values.items()}
    model = PhysicalModel(networks, device="rram", switches=Switches.all_off())
    physical = model.evaluate(physical_columns(designs))
    both = reference.resources.maps.all(axis=1) & physical.runs.all(axis=1)
    cycle = designs["cycle_s"][both]
    means = [
        {name: np.log(getattr(m, name)[both]).mean(axis=1) for name in ("energy_J", "latency_s")}
        | {"area": np.log(area[both])}
        for m, area in ((reference, reference.resources.area_m2), (physical, physical.area_m2))
    ]
    print(f"{both.sum()} designs that both models cover and run")
    for name in means[0]:
        print(f"{name:>22}: τ {kendalltau(means[0][name], means[1][name]).statistic:.2f}")
    per_cycle = means[0]["latency_s"] - np.log(cycle)
    print(
        f"{'latency per cycle':>22}: τ {kendalltau(per_cycle, means[1]['latency_s']).statistic:.2f}"
    )
    products = [sum(mean.values()) for mean in means]
    print(f"{'EDAP':>22}: τ {kendalltau(*products).statistic:.2f}")
    tau = kendalltau(products[0] - np.log(cycle), products[1]).statistic
    print(f"{'EDAP per cycle':>22}: τ {tau:.2f}")
    ratio = np.exp(np.median(means[1]["area"] - means[0]["area"]))
    print(f"area, physical over reference: {ratio:.3f}")


if __name__ == "__main__":
    main()
