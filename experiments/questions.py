"""The paper's questions, answered from the EDAP of every design: one function, one table each."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, product
from math import comb

import numpy as np
import pandas as pd
from moocore import is_nondominated

from experiments.contestants import Start, edap_max, ours, paper_ga, random_search
from experiments.landscape import Landscape
from imcmoo.judge import JUDGED
from imcmoo.metrics import Floats
from imcmoo.objectives import AGGREGATIONS, MM2_PER_M2
from imcmoo.sampling import DiverseFeasibleSampling
from imcmoo.schedule import PAPER
from imcmoo.space import DesignSpace, Levels

LEVELS_OF_DESIGN = (
    ("technology_nm", "bits_per_cell"),
    ("voltage_V", "cycle_s", "rows", "cols"),
    ("macros_per_tile", "tiles_per_group", "router_groups"),
    ("glb_depth",),
)
"""Device, circuit, architecture, system: what the sequential baseline decides one after another."""

MIDDLE = {
    "bits_per_cell": 4,
    "technology_nm": 32,
    "voltage_V": 0.7,
    "cycle_s": 4e-9,
    "rows": 256,
    "cols": 256,
    "router_groups": 8,
    "tiles_per_group": 16,
    "macros_per_tile": 32,
    "glb_depth": 4 * 4096,
}
"""The paper's second starting point of the sequential baseline; the bits are our choice."""

SAMPLED_SETS = 30
"""Sets of networks of one size looked at, where there are more."""


def largest(landscape: Landscape) -> int:
    """The network with the most weights, an index."""
    evaluator = landscape.problem.evaluator
    shapes = evaluator.workloads  # type: ignore[attr-defined]
    weights = shapes.shapes[shapes.shape_index][:, [0, 1, 4, 5, 6]].prod(axis=1)
    return int(np.bincount(shapes.owner, weights).argmax())


def start_of_middle(space: DesignSpace) -> Levels:
    """Levels of `MIDDLE`, shape (n_parameters,)."""
    return space.encode({n: np.array([MIDDLE[n]]) for n in space.names})[0]


def start_of_largest(space: DesignSpace) -> Levels:
    """The largest value of every parameter, shape (n_parameters,)."""
    return np.array(space.shape) - 1


def sequential(landscape: Landscape, start: Levels) -> Levels:
    """Optimise one level of design after another for EDAP (max), the others frozen.

    Where no choice is feasible the one that violates the constraints least is taken, as a designer
    would who hopes for the next level. Shape (n_parameters,).
    """
    problem = landscape.problem
    space = problem.space
    here = start.copy()
    for names in LEVELS_OF_DESIGN:
        columns = [space.names.index(n) for n in names if n in space.names]
        if not columns:
            continue
        choices = np.array(list(product(*(range(space.shape[c]) for c in columns))))
        designs = np.repeat(here[None], len(choices), axis=0)
        designs[:, columns] = choices
        F, G = problem.evaluate(designs)
        violation = np.maximum(G, 0).sum(axis=1)
        here = designs[np.lexsort((edap_max(problem, F), violation))[0]]
    return here


def _edap(landscape: Landscape, levels: Levels) -> Floats:
    """EDAP of a design on every network, (W,); NaN where it does not run or is too large."""
    rank = int(landscape.problem.space.rank(levels[None])[0])
    try:
        return landscape.edap[landscape.index_of(rank)]
    except KeyError:
        return np.full(len(landscape.workloads), np.nan)


def designs(landscape: Landscape, seed: int) -> dict[str, Levels]:
    """The designs that are compared, by how they were found."""
    problem, space = landscape.problem, landscape.problem.space
    everything = range(len(landscape.workloads))

    def at(index: int) -> Levels:
        return space.unrank(landscape.ranks[[index]])[0]

    found = {"joint, exact": at(landscape.best_for(everything, "edap_max"))}
    rng = np.random.default_rng((seed, 1))
    initial = DiverseFeasibleSampling()._do(problem, PAPER.initial, random_state=rng)
    begin = Start(problem, initial, PAPER.budget, seed)
    searches = {"joint, search": ours, "paper's GA": paper_ga, "random search": random_search}
    for name, search in searches.items():
        archive = search(begin)
        score = np.where(archive.feasible, edap_max(problem, archive.F), np.inf)
        found[name] = archive.levels[score.argmin()]
    found["sequential from the largest"] = sequential(landscape, start_of_largest(space))
    found["sequential from the middle"] = sequential(landscape, start_of_middle(space))
    found["largest network only"] = at(landscape.best_for([largest(landscape)], "edap_max"))
    for w, name in enumerate(landscape.workloads):
        found[f"alone: {name}"] = at(landscape.best_for([w], "edap_max"))
    return found


def joint_against_baselines(landscape: Landscape, seed: int) -> pd.DataFrame:
    """Each design's EDAP on every network and aggregated (J·s·mm²), and by how much the exact joint
    design reduces it (share; negative where the joint design is worse)."""
    space, names = landscape.problem.space, landscape.workloads
    found = designs(landscape, seed)
    edap = np.stack([_edap(landscape, x) for x in found.values()])
    columns = {f"edap_{n}": edap[:, w] for w, n in enumerate(names)}
    columns |= {f"edap_{n}": f(edap) for n, f in AGGREGATIONS.items()}
    levels = np.stack(list(found.values()))
    area = landscape.problem.evaluator.screen(levels).area_m2 * MM2_PER_M2
    return pd.DataFrame(
        {
            "design": list(found),
            **{n: space.column(levels, n) for n in space.names},
            "area_mm2": area,
            "too_large": area > landscape.problem.area_limit_m2 * MM2_PER_M2,
            **columns,
            **{f"reduction_{n}": 1 - v[0] / v for n, v in columns.items()},
        }
    )


def aggregations(landscape: Landscape) -> pd.DataFrame:
    """By criterion, the exact design, its EDAP over each network's own best, the network it
    sacrifices most, and whether it is the design for the largest network alone."""
    space = landscape.problem.space
    everything = range(len(landscape.workloads))
    alone = landscape.best_for([largest(landscape)], "edap_max")
    rows = []
    for criterion in JUDGED:
        index = landscape.best_for(everything, criterion)
        over = landscape.edap[index] / landscape.own_best
        design = space.unrank(landscape.ranks[[index]])
        rows.append(
            {
                "criterion": criterion,
                **{n: space.column(design, n)[0] for n in space.names},
                **{f"over_own_best_{n}": v for n, v in zip(landscape.workloads, over, strict=True)},
                "sacrificed_most": landscape.workloads[int(over.argmax())],
                "is_that_of_largest_network": index == alone,
            }
        )
    return pd.DataFrame(rows)


def sensitivity(landscape: Landscape) -> pd.DataFrame:
    """The best EDAP (max) and the best of each objective that is left when one parameter is fixed,
    over the optimum: 1 where the value costs nothing; NaN where no design runs all networks."""
    space = landscape.problem.space
    rows = np.flatnonzero(np.isfinite(landscape.edap).all(axis=1))
    levels = space.unrank(landscape.ranks[rows])
    names = ["edap_max", *landscape.problem.objective_names]
    scores = np.column_stack([landscape.edap[rows].max(axis=1), landscape.objectives])
    optimum = scores.min(axis=0)
    found = []
    for i, parameter in enumerate(space.parameters):
        for level, value in enumerate(parameter.values):
            own = scores[levels[:, i] == level]
            left = own.min(axis=0) / optimum if len(own) else np.full(len(names), np.nan)
            over = {f"{name}_over_best": x for name, x in zip(names, left, strict=True)}
            found.append({"parameter": parameter.name, "value": value} | over)
    return pd.DataFrame(found)


def leave_one_out(landscape: Landscape, criterion: str) -> pd.DataFrame:
    """By network left out: EDAP on it of the design for the others, and of the design for all, over
    the network's own best; NaN where it does not run there."""
    everything = set(range(len(landscape.workloads)))
    knew = landscape.edap[landscape.best_for(sorted(everything), criterion)]
    rows = []
    for w, name in enumerate(landscape.workloads):
        blind = landscape.edap[landscape.best_for(sorted(everything - {w}), criterion)]
        rows.append(
            {
                "left_out": name,
                "criterion": criterion,
                "unknown_over_own_best": blind[w] / landscape.own_best[w],
                "known_over_own_best": knew[w] / landscape.own_best[w],
            }
        )
    return pd.DataFrame(rows)


def growing_sets(landscape: Landscape, criterion: str, seed: int) -> pd.DataFrame:
    """By set of networks and network not in it: EDAP on it of the design for the set, over its own
    best; NaN where it does not run. All sets, or `SAMPLED_SETS` of a size where there are more."""
    n = len(landscape.workloads)
    rng = np.random.default_rng((seed, 3))
    rows = []
    for size in range(1, n):
        for subset in _sets(n, size, rng):
            values = landscape.edap[landscape.best_for(subset, criterion)]
            rows += [
                {
                    "size": size,
                    "set": "+".join(landscape.workloads[i] for i in subset),
                    "unknown": landscape.workloads[w],
                    "criterion": criterion,
                    "over_own_best": values[w] / landscape.own_best[w],
                }
                for w in range(n)
                if w not in subset
            ]
    return pd.DataFrame(rows)


def cost_front(landscape: Landscape) -> pd.DataFrame:
    """By technology node, the designs for which no other of the node has both smaller cost and
    smaller EDAP (max), and whether that holds among all nodes."""
    problem, space = landscape.problem, landscape.problem.space
    rows = np.flatnonzero(np.isfinite(landscape.edap).all(axis=1))
    levels = space.unrank(landscape.ranks[rows])
    score = landscape.edap[rows].max(axis=1)
    points = np.column_stack([problem.cost(levels, landscape.area_m2[rows]), score])
    node = levels[:, space.names.index("technology_nm")]
    kept = np.concatenate(
        [
            own[is_nondominated(points[own])]
            for value in np.unique(node)
            for own in [np.flatnonzero(node == value)]
        ]
    )
    kept = kept[np.lexsort((points[kept, 0], node[kept]))]
    return pd.DataFrame(
        {
            **{n: space.column(levels[kept], n) for n in space.names},
            "cost": points[kept, 0],
            "edap_max": points[kept, 1],
            "on_front": is_nondominated(points[kept]),
        }
    )


def _sets(n: int, size: int, rng: np.random.Generator) -> Sequence[tuple[int, ...]]:
    every = list(combinations(range(n), size))
    if comb(n, size) <= SAMPLED_SETS:
        return every
    return [every[i] for i in np.sort(rng.choice(len(every), SAMPLED_SETS, replace=False))]
