"""Question 1: what is the joint design worth, against which baseline?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from experiments.arena.contestants import ours, paper_ga, random_search
from experiments.arena.evaluation_counter import Start
from experiments.paper.enumerated_study import EnumeratedStudy
from experiments.paper.settings import PAPER_SCORE
from experiments.recorded import recorded_designs
from imcmoo.model.layer_costs import BreaksDown
from imcmoo.model.metrics import Floats
from imcmoo.problem.criteria import SCORES
from imcmoo.problem.scores import MM2_PER_M2, costs_of, edap
from imcmoo.search.archive import Archive
from imcmoo.search.sampling import DiverseFeasibleSampling
from imcmoo.search.schedule import PAPER
from imcmoo.space.design_space import DesignSpace, Levels
from imcmoo.study.result_tables import breakdown

JOINT = (PAPER_SCORE, "ela_mean", "edap_max")
"""Criteria of the joint design: the paper's own scores, and ours next to them."""

EXACT, SEARCHED = "joint, exact", "joint, search"

LARGEST_ONLY = "largest network only"

GA, RANDOM = "paper's GA, rebuilt", "random feasible designs"

BASELINES = (
    "sequential from the largest",
    "sequential from the middle",
    "their sequential from the largest",
    "their sequential from the middle",
    LARGEST_ONLY,
    "their search, by products",
    "their search, by means",
    GA,
    RANDOM,
)
"""What the joint design is compared with, besides the designs for each network alone. What is
theirs is as published, the rest is ours."""

LEVELS_OF_DESIGN = (
    ("bits_per_cell",),
    ("rows", "cols"),
    ("router_groups", "tiles_per_group", "macros_per_tile", "glb_depth"),
    ("voltage_V", "cycle_s"),
)
"""Device, circuit, architecture, system: what the sequential baseline decides one after another, as
in the released notebooks `HWC_05_dev_circ_arch_sys_search*.ipynb`."""

MIDDLE = {
    "bits_per_cell": 4,
    "voltage_V": 0.7,
    "cycle_s": 4e-9,
    "rows": 256,
    "cols": 256,
    "router_groups": 8,
    "tiles_per_group": 16,
    "macros_per_tile": 32,
    "glb_depth": 4 * 4096,
}
"""The paper's second starting point of the sequential baseline; bits are decided first anyway. Its
SRAM notebook has 32 tiles instead."""

Columns = dict[str, Any]


def start_of_middle(space: DesignSpace) -> Levels:
    """Levels of `MIDDLE`, shape (n_parameters,)."""
    return space.encode({n: np.array([MIDDLE[n]]) for n in space.names})[0]


def start_of_largest(space: DesignSpace) -> Levels:
    """The largest value of every parameter, shape (n_parameters,)."""
    return np.array(space.shape) - 1


def sequential(
    enumerated: EnumeratedStudy,
    criterion: str,
    start: Levels,
    decided: Sequence[Sequence[str]] = LEVELS_OF_DESIGN,
) -> Levels:
    """Optimise one level of design after another, the others frozen.

    As in the paper's notebooks, where no choice is within the area limit the best of those that run
    all networks is taken whatever its area, in the hope of the next level; where none runs them,
    the one that lacks least. Shape (n_parameters,).

    Args:
        criterion: one of `SCORES`.
        start: levels to begin with, shape (n_parameters,).
        decided: parameters that are decided at once, in order.
    """
    problem, space = enumerated.problem, enumerated.problem.space
    here = start.copy()
    for names in decided:
        columns = [space.names.index(n) for n in names if n in space.names]
        if not columns:
            continue
        choices = np.array(list(product(*(range(space.shape[c]) for c in columns))))
        designs = np.repeat(here[None], len(choices), axis=0)
        designs[:, columns] = choices
        F, G = problem.evaluate(designs)
        lacking = np.maximum(G[:, :-1], 0).sum(axis=1)
        too_large = G[:, -1] > 0
        score = SCORES[criterion](problem.costs(F))
        here = designs[np.lexsort((score, too_large, lacking))[0]]
    return here


def searches(enumerated: EnumeratedStudy, seed: int) -> dict[str, dict[str, Levels]]:
    """The best design, by each criterion of `JOINT`, that a search for all networks evaluates
    within the paper's budget: by criterion and by name of the search. The paper's GA optimises
    nothing but the criterion itself, so it runs anew for each."""
    problem = enumerated.problem
    rng = np.random.default_rng((seed, 1))
    initial = DiverseFeasibleSampling()._do(problem, PAPER.initial, random_state=rng)
    begin = Start(problem, initial, PAPER.budget, seed)
    shared = {SEARCHED: ours(begin), RANDOM: random_search(begin)}
    found = {}
    for criterion in JOINT:
        archives = shared | {GA: paper_ga(begin, SCORES[criterion])}
        found[criterion] = {n: _best_of(enumerated, a, criterion) for n, a in archives.items()}
    return found


def _best_of(enumerated: EnumeratedStudy, archive: Archive, criterion: str) -> Levels:
    if not archive.feasible.any():
        raise ValueError("a search has found no feasible design")
    score = SCORES[criterion](enumerated.problem.costs(archive.F))
    return archive.levels[np.where(archive.feasible, score, np.inf).argmin()]


def designs(enumerated: EnumeratedStudy, seed: int) -> dict[tuple[str, str], Levels]:
    """What is compared: levels, shape (n_parameters,), by criterion and how they were found."""
    space, everything = enumerated.problem.space, range(len(enumerated.workloads))

    def best(subset: Sequence[int], criterion: str) -> Levels:
        return enumerated.levels(np.array([enumerated.best_for(subset, criterion)]))[0]

    alone = {f"alone: {n}": best([w], "edap_max") for w, n in enumerate(enumerated.workloads)}
    largest = alone[f"alone: {enumerated.workloads[enumerated.largest]}"]
    found = searches(enumerated, seed)
    starts = {"largest": start_of_largest(space), "middle": start_of_middle(space)}
    return {
        (criterion, name): levels
        for criterion in JOINT
        for name, levels in (
            {EXACT: best(everything, criterion)}
            | found[criterion]
            | {
                f"sequential from the {name}": sequential(enumerated, criterion, start)
                for name, start in starts.items()
            }
            | {LARGEST_ONLY: largest}
            | alone
        ).items()
    }


def joint(enumerated: EnumeratedStudy, study: str, seed: int) -> pd.DataFrame:
    """The designs that are compared, what they cost on every network, and what they score; NaN
    where a network does not run. The last are those the paper published, by its stack."""
    problem, space = enumerated.problem, enumerated.problem.space
    found = designs(enumerated, seed)
    levels = np.stack(list(found.values()))
    metrics = problem.model.evaluate(levels)
    area = metrics.area_m2
    ours = pd.DataFrame(
        {
            "criterion": [criterion for criterion, _ in found],
            "design": [name for _, name in found],
            **{n: space.column(levels, n) for n in space.names},
            **_costs(enumerated.workloads, metrics.energy_J, metrics.latency_s, area),
        }
    )
    theirs = _recorded(study, space.names)
    repeated = [] if theirs.empty else [theirs.assign(criterion=c) for c in JOINT]
    every = pd.concat([ours, *repeated], ignore_index=True)
    limit = (problem.area_limit_m2 or np.inf) * MM2_PER_M2
    every.insert(list(every).index("area_mm2") + 1, "too_large", every["area_mm2"] > limit)
    return every


def by_component(enumerated: EnumeratedStudy) -> pd.DataFrame:
    """Energy by network and area of the exact joint design by the paper's score, by component."""
    model = enumerated.problem.model
    if not isinstance(model, BreaksDown):
        raise TypeError(f"{type(model).__name__} does not tell what components cost")
    index = enumerated.best_for(range(len(enumerated.workloads)), PAPER_SCORE)
    return breakdown(model, enumerated.workloads, enumerated.levels(np.array([index])))


def _recorded(study: str, parameters: Sequence[str]) -> pd.DataFrame:
    """The designs the paper shows and what they cost by its stack; empty if there is none."""
    frame = recorded_designs(study)
    energies = [c for c in map(str, frame) if c.startswith("energy_")]
    workloads = [c.removeprefix("energy_").removesuffix("_J") for c in energies]
    energy, latency = (
        frame[[pattern.format(n) for n in workloads]].to_numpy()
        for pattern in ("energy_{}_J", "latency_{}_s")
    )
    costs = _costs(workloads, energy, latency, frame["area_mm2"].to_numpy() / MM2_PER_M2)
    names = "their " + frame["design"]
    return frame[[c for c in parameters if c in frame]].assign(design=names, **costs)


def _costs(workloads: Sequence[str], energy: Floats, latency: Floats, area: Floats) -> Columns:
    """Area; energy, latency and EDAP by network; and each of `SCORES`."""
    own, costs = edap(energy, latency, area), costs_of(energy, latency, area)
    return {
        "area_mm2": area * MM2_PER_M2,
        **{f"energy_{n}_J": energy[:, w] for w, n in enumerate(workloads)},
        **{f"latency_{n}_s": latency[:, w] for w, n in enumerate(workloads)},
        **{f"edap_{n}_J_s_mm2": own[:, w] for w, n in enumerate(workloads)},
        **{scored(name): score(costs) for name, score in SCORES.items()},
    }


def scored(name: str) -> str:
    """The column of a score, with its unit; a product has another one for each set of networks."""
    return name if name.endswith("product") else f"{name}_J_s_mm2"


def _alone(designs: Iterable[str]) -> list[str]:
    return [name for name in designs if name.startswith("alone: ")]


def reductions(joint: pd.DataFrame) -> pd.DataFrame:
    """By how much the joint design, exact or found by the search, reduces EDAP by network and every
    score of each baseline: shares, negative where the joint design is worse.

    Args:
        joint: as `joint` makes it.
    """
    columns = [c for c in map(str, joint) if c.startswith(("edap_", "ela_"))]
    named = {c: c.removesuffix("_J_s_mm2") for c in columns}
    frames = []
    for criterion, rows in joint.groupby("criterion", sort=False):
        values = rows.set_index("design")[columns].rename(columns=named)
        order = [*(n for n in BASELINES if n in values.index), *_alone(values.index)]
        baselines = values.loc[order]
        for name in (EXACT, SEARCHED):
            share = 1 - values.loc[name] / baselines
            own = {"criterion": criterion, "joint": name, "baseline": share.index}
            large = rows.set_index("design").loc[share.index, "too_large"]
            frames.append(pd.DataFrame(own | {"too_large": large}).join(share))
    return pd.concat(frames, ignore_index=True)
