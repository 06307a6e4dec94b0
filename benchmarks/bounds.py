"""How near bounds of partial designs are to random completions, stage by stage.

Draws designs of a study that run every network within the area limit, forgets what is chosen from
each stage on, and prints the median and the largest ratio of bound to truth: of energy × latency
over all networks, and of area. A ratio above 1 would be a bound that is wrong.

    python benchmarks/bounds.py four_workload_rram_extended --designs 1500 --seed 1
"""

from __future__ import annotations

import argparse

import numpy as np

from problems import STUDIES

DRAWN = 20_000


def main() -> None:
    """Print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("study")
    parser.add_argument("--designs", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    study = STUDIES[args.study]
    model, space, limit = study.cost_model(), study.space, study.area_limit_m2 or np.inf
    partials, rng = model.partials(limit), np.random.default_rng(args.seed)
    found: list[np.ndarray] = []
    while sum(map(len, found)) < args.designs:
        levels = space.random(DRAWN, rng)
        known = model.resources(levels)
        found.append(levels[known.runs.all(axis=1) & (known.area_m2 <= limit)])
    levels = np.concatenate(found)[: args.designs]
    true = model.evaluate(levels)
    edp = true.energy_J * true.latency_s
    print("| chosen up to | energy × latency: median, largest | area: median, largest |")
    print("| --- | --- | --- |")
    for stage in range(partials.bound_from, len(partials.stages) + 1):
        bound = partials.bound(partials.ancestors(levels, stage))
        ratios = bound.values["edp"] / edp, bound.area_m2 / true.area_m2
        cells = (f"{np.median(ratio):.3f}, {ratio.max():.9f}" for ratio in ratios)
        print(f"| {partials.stages[stage - 1]} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
