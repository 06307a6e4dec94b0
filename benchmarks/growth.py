"""Time of an enumeration as designs and networks are added.

    python benchmarks/growth.py [--out build]

Enumerates parts of the large SRAM space, in one process each: all its designs for the first 1 to 9
networks, and for all nine networks the chips with the first 1, 2, 4 and 7 numbers of router groups.
Prints the seconds and draws them.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

from matplotlib.figure import Figure

from imcmoo.exact.enumeration import Enumeration
from imcmoo.model.reference.evaluator import Evaluator
from imcmoo.networks.workloads import SHIPPED, WorkloadSet
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.report import style
from imcmoo.space.design_space import DesignSpace
from imcmoo.space.parameters import Ordinal
from problems import SRAM_LARGE

NETWORKS = (1, 3, 5, 7, 9)
GROUPS = (1, 2, 4, 7)
"""How many of the seven numbers of router groups are kept."""


def part(groups: int) -> DesignSpace:
    """The space with the first few numbers of router groups only."""
    parameters = tuple(
        Ordinal(p.name, p.values[:groups]) if p.name == "router_groups" else p
        for p in SRAM_LARGE.parameters
    )
    return replace(SRAM_LARGE, parameters=parameters)


def seconds(space: DesignSpace, networks: int) -> float:
    """Wall time of an enumeration in this process."""
    start = time.perf_counter()
    evaluator = Evaluator(space, WorkloadSet.load(SHIPPED[:networks]))
    enumeration = Enumeration(AcceleratorProblem(evaluator, area_limit_m2=800e-6))
    enumeration.merge([enumeration.evaluate_chunk(b) for b in enumeration.chunks()])
    return time.perf_counter() - start


def draw(by_networks: dict[int, float], by_designs: dict[float, float]) -> Figure:
    """Seconds over networks and over millions of designs."""
    figure = Figure(figsize=(style.WIDTH, 2.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    colour = style.colours(1)[0]
    left.plot(*zip(*by_networks.items(), strict=True), marker="o", color=colour)
    left.set(xlabel="networks (4,064,256 designs)", ylabel="enumeration (s)", ylim=(0, None))
    right.plot(*zip(*by_designs.items(), strict=True), marker="o", color=colour)
    right.set(xlabel="million designs (nine networks)", ylabel="enumeration (s)")
    right.set(xlim=(0, None), ylim=(0, None))
    return figure


def main() -> None:
    """Measure, print and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("build"))
    args = parser.parse_args()
    by_networks, by_designs = {}, {}
    for n in NETWORKS:
        by_networks[n] = seconds(SRAM_LARGE, n)
        print(f"{n} networks: {by_networks[n]:.1f} s", flush=True)
    for groups in GROUPS:
        space = part(groups)
        took = seconds(space, len(SHIPPED))
        by_designs[space.size / 1e6] = took
        print(f"{space.size:,} designs: {took:.1f} s", flush=True)
    with style.paper_style():
        style.save(draw(by_networks, by_designs), args.out, "growth")


if __name__ == "__main__":
    main()
