"""The files of a run for programs: CSV and JSON, in J, s and mm², floats in full precision.

Numbers of one design are named and scaled as in `imcmoo evaluate`, with the workload in the name:
`energy_resnet18_J`, `latency_resnet18_s`, `area_mm2`, `edap_resnet18_J_s_mm2`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from imcmoo.exact.enumeration import Exact
from imcmoo.model.metrics import Floats
from imcmoo.problem.scores import MM2_PER_M2, regret
from imcmoo.problem.selection import CRITERIA
from imcmoo.space.design_space import DesignSpace, Levels
from imcmoo.study import exact_comparison as truth
from imcmoo.study.pipeline import JOINT, Outcome

DESIGN = "design.json"

Columns = dict[str, NDArray[Any]]


def write_tables(outcome: Outcome, folder: Path, answer: Exact | None) -> None:
    """Write every CSV and `design.json` of a run into a folder.

    Args:
        answer: the exact answer, if it is known.
    """
    frames = {
        "evaluations": evaluations(outcome),
        "front": front(outcome),
        "selection": selection(outcome),
        "trace": trace(outcome),
    }
    if outcome.baselines:
        frames["baselines"] = baselines(outcome)
    if answer:
        frames["regret"] = truth.regret_table(outcome, answer)
        frames["indicators"] = truth.indicator_table(outcome, answer)
    for name, frame in frames.items():
        frame.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")
    text = json.dumps(design(outcome), indent=2) + "\n"
    (folder / DESIGN).write_text(text, encoding="utf-8")


def evaluations(outcome: Outcome) -> pd.DataFrame:
    """Every unique design of the joint search, in the order of evaluation."""
    archive, names = outcome.joint.result.archive, outcome.workloads
    metrics = outcome.joint.evaluator.evaluate(archive.levels)
    r = metrics.resources
    return pd.DataFrame(
        {
            "generation": archive.generation,
            **_designs(archive.space, archive.levels),
            "feasible": archive.feasible,
            "area_mm2": r.area_m2 * MM2_PER_M2,
            **_costs(outcome, archive.levels, r.area_m2),
            **_each("energy_{}_J", names, metrics.energy_J),
            **_each("latency_{}_s", names, metrics.latency_s),
            **_each("missing_cells_{}", names, np.ceil(r.missing_cells).astype(np.int64)),
            **_each("missing_buffer_bits_{}", names, np.ceil(r.missing_buffer_bits).astype(int)),
        }
    )


def front(outcome: Outcome) -> pd.DataFrame:
    """The feasible designs no other dominates, in the order of evaluation, with all scores."""
    every = np.arange(len(outcome.candidates.levels))
    scores = outcome.selection.scores
    return pd.DataFrame(
        {**_candidates(outcome, every), **{f"score_{name}": s for name, s in scores.items()}}
    )


def selection(outcome: Outcome) -> pd.DataFrame:
    """The design each criterion selects, one row per criterion."""
    chosen = outcome.selection.chosen
    rows = np.array([chosen[name] for name in CRITERIA])
    excess = regret(outcome.candidates.edap[rows], outcome.candidates.best_edap)
    return pd.DataFrame(
        {
            "criterion": list(CRITERIA),
            "used": [name == outcome.study.criterion for name in CRITERIA],
            "score": [outcome.selection.scores[name][chosen[name]] for name in CRITERIA],
            **_candidates(outcome, rows),
            **_each("regret_{}", outcome.workloads, excess),
        }
    )


def baselines(outcome: Outcome) -> pd.DataFrame:
    """Designs for all and for one workload, on every workload; empty where one does not map."""
    alone, names = outcome.baselines, outcome.workloads
    assert alone is not None
    own = {
        **_designs(outcome.candidates.space, alone.levels),
        "area_mm2": alone.metrics.resources.area_m2 * MM2_PER_M2,
        **_each("energy_{}_J", names, alone.metrics.energy_J),
        **_each("latency_{}_s", names, alone.metrics.latency_s),
        **_each("edap_{}_J_s_mm2", names, alone.edap),
    }
    joint = _candidates(outcome, np.array([outcome.chosen]))
    frame = pd.concat([pd.DataFrame(joint), pd.DataFrame(own)], ignore_index=True)
    frame.insert(0, "optimised_for", [JOINT, *outcome.alone])
    relative = relative_edap(outcome)
    return frame.assign(**_each("relative_edap_{}", names, relative))


def relative_edap(outcome: Outcome) -> NDArray[np.float64]:
    """EDAP over the best known of each workload, shape (1 + W, W): first the joint design, then
    the design for each workload alone; NaN where a network does not map."""
    assert outcome.baselines is not None
    rows = np.concatenate([outcome.candidates.edap[[outcome.chosen]], outcome.baselines.edap])
    return np.asarray(rows / outcome.candidates.best_edap)


def trace(outcome: Outcome) -> pd.DataFrame:
    """How every search went, generation by generation."""
    found = {JOINT: outcome.joint, **outcome.alone}
    return pd.DataFrame(
        [{"search": name, **asdict(row)} for name, f in found.items() for row in f.result.trace]
    )


def seeds(folders: Mapping[int, Path]) -> pd.DataFrame:
    """The generalized designs of several finished runs, one row per seed.

    Args:
        folders: the folder of each seed.
    """
    return pd.DataFrame(
        [
            {
                "seed": seed,
                **content["design"],
                "area_mm2": content["area_mm2"],
                **{f"score_{name}": score for name, score in content["scores"].items()},
            }
            for seed, folder in folders.items()
            for content in [json.loads((folder / DESIGN).read_text(encoding="utf-8"))]
        ]
    )


def design(outcome: Outcome) -> dict[str, Any]:
    """The generalized design and what it costs, for `design.json`."""
    space, names = outcome.candidates.space, outcome.workloads
    metrics = outcome.joint.evaluator.evaluate(outcome.design)
    edap = outcome.candidates.edap[outcome.chosen]
    values = {name: v[0].item() for name, v in space.decode(outcome.design).items()}
    per_workload = {
        name: {
            "energy_J": metrics.energy_J[0, w].item(),
            "latency_s": metrics.latency_s[0, w].item(),
            "edap_J_s_mm2": edap[w].item(),
            "max_utilization_pct": 100 * metrics.utilization[0, w].item(),
        }
        for w, name in enumerate(names)
    }
    return {
        "problem": outcome.study.problem,
        "criterion": outcome.study.criterion,
        "design": values,
        "area_mm2": metrics.resources.area_m2[0].item() * MM2_PER_M2,
        "workloads": per_workload,
        "scores": {name: s[outcome.chosen].item() for name, s in outcome.selection.scores.items()},
    }


def _candidates(outcome: Outcome, rows: NDArray[np.int64]) -> Columns:
    """Design, area, and per workload energy, latency and EDAP of some candidates."""
    c, names = outcome.candidates, outcome.workloads
    return {
        **_designs(c.space, c.levels[rows]),
        "area_mm2": c.area_m2[rows] * MM2_PER_M2,
        **_costs(outcome, c.levels[rows], c.area_m2[rows]),
        **_each("energy_{}_J", names, c.energy_J[rows]),
        **_each("latency_{}_s", names, c.latency_s[rows]),
        **_each("edap_{}_J_s_mm2", names, c.edap[rows]),
    }


def _costs(outcome: Outcome, levels: Levels, area_m2: Floats) -> Columns:
    """The cost column, if cost is an objective."""
    problem = outcome.joint.problem
    return {"cost": problem.cost(levels, area_m2)} if problem.cost_per_cm2 else {}


def _designs(space: DesignSpace, levels: Levels) -> Columns:
    values: Mapping[str, NDArray[Any]] = space.decode(levels)
    return {name: values[name] for name in space.names}


def _each(pattern: str, names: Sequence[str], values: NDArray[Any]) -> Columns:
    """One column per workload of values (n, W)."""
    return {pattern.format(name): values[:, w] for w, name in enumerate(names)}
