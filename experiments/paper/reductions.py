"""Question 1: how much does the joint design gain, and over which baseline?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from experiments.compare.algorithms import ours, paper_ga, random_search
from experiments.compare.evaluation_counter import Start
from experiments.enumerated_study import EnumeratedStudy
from experiments.paper.questions import PAPER_SCORE, SEED
from experiments.recorded import recorded_designs
from imcmoo.model.metrics import Floats
from imcmoo.problem.criteria import SCORES
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.scores import MM2_PER_M2, costs_of, edap
from imcmoo.search.archive import Archive
from imcmoo.search.sampling import draw_diverse
from imcmoo.search.schedule import PAPER
from imcmoo.space.choices import every_choice
from imcmoo.space.design_space import Levels
from imcmoo.study.result_tables import breakdown

JOINT = (PAPER_SCORE, "ela_mean", "edap_max")
"""Criteria of the joint design: the scores of Krestinskaya et al., and EDAP (max)."""

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
"""Baselines besides the designs for each network alone; "their" designs are as published."""

LEVELS_OF_DESIGN = (
    ("bits_per_cell",),
    ("rows", "cols"),
    ("router_groups", "tiles_per_group", "macros_per_tile", "glb_depth"),
    ("voltage_V", "cycle_s"),
)
"""Device, circuit, architecture, system: parameters that the sequential baseline decides together.

Source: released notebooks `HWC_05_dev_circ_arch_sys_search*.ipynb` of Krestinskaya et al."""

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
"""Second starting point of the published sequential baseline; bits are decided first anyway. The
SRAM notebook has 32 tiles instead."""


def sequential(problem: AcceleratorProblem, criterion: str, start: Levels) -> Levels:
    """Optimise one level of design after another, the others frozen, from a design by value index,
    shape (n_parameters,); returns the final one.

    As in the released notebooks, if no choice is within the area limit, the best of those that run
    all networks is taken whatever its area; if none runs them, the one with the least violation.
    """
    space, design = problem.space, start.copy()
    for names in LEVELS_OF_DESIGN:
        decided = [n for n in names if n in space.names]
        designs, _ = every_choice(space, design[None], decided)
        F, G = problem.evaluate(designs)
        violation = np.maximum(G[:, :-1], 0).sum(axis=1)
        too_large = G[:, -1] > 0
        score = SCORES[criterion](problem.costs(F))
        design = designs[np.lexsort((score, too_large, violation))[0]]
    return design


def designs(enumerated: EnumeratedStudy) -> dict[tuple[str, str], Levels]:
    """Collect the compared designs, shape (n_parameters,), by criterion of `JOINT` and origin.

    Searches have the published budget. The rebuilt GA optimises nothing but the criterion, so it
    runs once for each.
    """
    problem, names = enumerated.problem, enumerated.workloads
    initial = draw_diverse(problem, PAPER.initial, np.random.default_rng((SEED, 1)))
    start = Start(problem, initial, PAPER.budget, SEED)
    archives = {SEARCHED: ours(start), RANDOM: random_search(start)}
    first = {
        "largest": np.array(problem.space.shape) - 1,
        "middle": problem.space.levels_of(MIDDLE)[0],
    }
    single = [enumerated.optimum([w], "edap_max")[0] for w in range(len(names))]
    compared: dict[tuple[str, str], Levels] = {}
    for criterion in JOINT:
        archives[GA] = paper_ga(start, SCORES[criterion])
        of_criterion = {
            EXACT: enumerated.optimum(range(len(names)), criterion)[0],
            **{name: _best_of(problem, found, criterion) for name, found in archives.items()},
            **{
                f"sequential from the {name}": sequential(problem, criterion, design)
                for name, design in first.items()
            },
            LARGEST_ONLY: single[enumerated.largest],
            **{f"alone: {name}": design for name, design in zip(names, single, strict=True)},
        }
        compared |= {(criterion, name): design for name, design in of_criterion.items()}
    return compared


def _best_of(problem: AcceleratorProblem, archive: Archive, criterion: str) -> Levels:
    if not archive.feasible.any():
        raise ValueError("a search has found no feasible design")
    score = SCORES[criterion](problem.costs(archive.F))
    return archive.levels[np.where(archive.feasible, score, np.inf).argmin()]


def joint(enumerated: EnumeratedStudy, study: str) -> pd.DataFrame:
    """Compare joint designs with baselines: their costs on every network, NaN where it does not
    run, and scores. The last rows are designs that Krestinskaya et al. published, costed by their
    stack."""
    problem, space = enumerated.problem, enumerated.problem.space
    compared = designs(enumerated)
    levels = np.stack(list(compared.values()))
    metrics = problem.model.evaluate(levels)
    area = metrics.area_m2
    ours = pd.DataFrame(
        {
            "criterion": [criterion for criterion, _ in compared],
            "design": [name for _, name in compared],
            **{n: space.column(levels, n) for n in space.names},
            **_costs(enumerated.workloads, metrics.energy_J, metrics.latency_s, area),
        }
    )
    theirs = _recorded(study, space.names)
    repeated = [] if theirs.empty else [theirs.assign(criterion=c) for c in JOINT]
    table = pd.concat([ours, *repeated], ignore_index=True)
    limit_mm2 = (problem.area_limit_m2 or np.inf) * MM2_PER_M2
    table.insert(list(table).index("area_mm2") + 1, "too_large", table["area_mm2"] > limit_mm2)
    return table


def by_component(enumerated: EnumeratedStudy) -> pd.DataFrame:
    """Break down energy (by network) and area of the exact joint design by component."""
    model = enumerated.problem.model
    levels = enumerated.optimum(range(len(enumerated.workloads)), PAPER_SCORE)
    return breakdown(model, enumerated.workloads, levels)


def _recorded(study: str, parameters: Sequence[str]) -> pd.DataFrame:
    """Published designs and their costs by the published stack; empty if there is none."""
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


def _costs(
    workloads: Sequence[str], energy: Floats, latency: Floats, area: Floats
) -> dict[str, Any]:
    """Area; energy, latency and EDAP by network; and each of `SCORES`."""
    edaps, costs = edap(energy, latency, area), costs_of(energy, latency, area)
    # The unit of a product depends on the set of networks.
    scored = {n: n if n.endswith("product") else f"{n}_J_s_mm2" for n in SCORES}
    return {
        "area_mm2": area * MM2_PER_M2,
        **{f"energy_{n}_J": energy[:, w] for w, n in enumerate(workloads)},
        **{f"latency_{n}_s": latency[:, w] for w, n in enumerate(workloads)},
        **{f"edap_{n}_J_s_mm2": edaps[:, w] for w, n in enumerate(workloads)},
        **{scored[name]: score(costs) for name, score in SCORES.items()},
    }


def reductions(joint: pd.DataFrame) -> pd.DataFrame:
    """Shares by which the joint design, exact or searched, reduces EDAP and scores of the table of
    `joint`, by criterion, joint design and baseline; negative where the joint design is worse."""
    columns = [c for c in map(str, joint) if c.startswith(("edap_", "ela_"))]
    names = {c: c.removesuffix("_J_s_mm2") for c in columns}
    frames = []
    for criterion, designs in joint.groupby("criterion", sort=False):
        designs = designs.set_index("design")
        values = designs[columns].rename(columns=names)
        alone = [name for name in values.index if name.startswith("alone: ")]
        baselines = values.loc[[*(n for n in BASELINES if n in values.index), *alone]]
        for name in (EXACT, SEARCHED):
            share = 1 - values.loc[name] / baselines
            keys = {"criterion": criterion, "joint": name, "baseline": share.index}
            too_large = designs.loc[share.index, "too_large"]
            frames.append(pd.DataFrame(keys | {"too_large": too_large}).join(share))
    return pd.concat(frames, ignore_index=True)
