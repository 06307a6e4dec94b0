"""The exact answer of a problem in files, and the proof that it is of this problem.

A folder holds `optima.csv`, `front.csv` and, written last, `summary.json` with a fingerprint of all
that the answer depends on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from imcmoo.exact.enumeration import Exact, Optimum
from imcmoo.io.files import replacing
from imcmoo.io.fingerprint import code_digest
from imcmoo.model.reference.evaluator import Evaluator
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.scores import MM2_PER_M2
from imcmoo.space.design_space import DesignSpace

SUMMARY, OPTIMA, FRONT = "summary.json", "optima.csv", "front.csv"


class OtherProblem(Exception):
    """A stored answer is not of this cost model, table, workloads, space or limit."""


def fingerprint(problem: AcceleratorProblem, evaluator: Evaluator) -> str:
    """SHA-256 (hex) of all that the exact answer depends on: code, component table, networks,
    space, deployment, area limit and cost."""
    code = code_digest("imcmoo.exact.enumeration", "imcmoo.model.reference.evaluator")
    digest = hashlib.sha256(code.encode())
    workloads = evaluator.workloads
    stated = (
        evaluator.table.fingerprint,
        repr([(p, getattr(p, "rows", None)) for p in problem.space.parameters]),
        repr(problem.space),
        evaluator.deployment,
        problem.area_limit_m2,
        sorted((problem.cost_per_cm2 or {}).items()),
        workloads.names,
    )
    digest.update(repr(stated).encode())
    for array in (
        workloads.shapes[workloads.shape_index],
        workloads.owner,
        workloads.input_bits,
        workloads.weight_bits,
    ):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def options(study: str, problem: AcceleratorProblem, evaluator: Evaluator) -> dict[str, Any]:
    """What tells one problem of a study from another, for the summary."""
    return {
        "study": study,
        "area_limit_mm2": problem.area_limit_m2 * MM2_PER_M2,
        "deployment": evaluator.deployment,
        "scaling": evaluator.table.scaling,
    }


def save(
    exact: Exact,
    folder: Path,
    problem: AcceleratorProblem,
    fingerprint: str,
    options: Mapping[str, Any],
) -> None:
    """Write an answer into a folder, replacing what is there.

    Args:
        options: as `options` gives them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # While files are replaced, no summary says that they are complete.
    (folder / SUMMARY).unlink(missing_ok=True)
    for name in (SUMMARY, OPTIMA, FRONT):
        for left_by_a_kill in folder.glob(f".{name}.*.tmp"):
            left_by_a_kill.unlink()
    frames = {
        OPTIMA: optima_table(exact, problem.space),
        FRONT: front_table(exact, problem),
    }
    for name, frame in frames.items():
        with replacing(folder / name) as temporary:
            frame.to_csv(temporary, index=False, lineterminator="\n")
    summary = {
        **options,
        "fingerprint": fingerprint,
        "designs": problem.space.size,
        "feasible_designs": exact.n_feasible,
        "front_points": len(exact.front),
        "front_designs": int(exact.designs.sum()),
        "optima": {
            name: {"value": _shown(name, o.value), "designs": len(o.ranks)}
            for name, o in exact.optima.items()
        },
    }
    with replacing(folder / SUMMARY) as temporary:
        temporary.write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")


def load(folder: Path, problem: AcceleratorProblem, fingerprint: str) -> Exact:
    """Read the answer of a problem back.

    Raises:
        OtherProblem: the folder holds the answer of another one.
        FileNotFoundError: the folder holds no complete answer.
    """
    summary = read_summary(folder)
    if summary["fingerprint"] != fingerprint:
        raise OtherProblem(f"{folder} is of another cost model, table, space or set of workloads")
    optima, front = pd.read_csv(folder / OPTIMA), pd.read_csv(folder / FRONT)
    space = problem.space
    return Exact(
        n_feasible=summary["feasible_designs"],
        optima={
            str(name): Optimum(
                float(_inside(str(name), rows["value"].iloc[0])), _ranks(rows, space)
            )
            for name, rows in optima.groupby("criterion", sort=False)
        },
        front=np.column_stack(
            [_inside(n, front[_column(n)].to_numpy()) for n in problem.objective_names]
        ),
        ranks=_ranks(front, space),
        designs=front["designs"].to_numpy(),
    )


def read_summary(folder: Path) -> dict[str, Any]:
    """What `summary.json` of a folder says.

    Raises:
        FileNotFoundError: there is none.
    """
    return dict(json.loads((folder / SUMMARY).read_text(encoding="utf-8")))


def optima_table(exact: Exact, space: DesignSpace) -> pd.DataFrame:
    """One row per criterion and design that reaches its optimum.

    Values are in J·s·mm² (EDAP; to the power W for the product), J, s or mm²; regret is a share.
    """
    names = np.repeat(list(exact.optima), [len(o.ranks) for o in exact.optima.values()])
    values = np.array([_shown(name, exact.optima[name].value) for name in names])
    levels = space.unrank(np.concatenate([o.ranks for o in exact.optima.values()]))
    designs = {name: space.column(levels, name) for name in space.names}
    return pd.DataFrame({"criterion": names, "value": values, **designs})


def front_table(exact: Exact, problem: AcceleratorProblem) -> pd.DataFrame:
    """One row per point of the front: its first design, how many share it, its objectives."""
    space = problem.space
    levels = space.unrank(exact.ranks)
    return pd.DataFrame(
        {
            **{name: space.column(levels, name) for name in space.names},
            "designs": exact.designs,
            **{
                _column(name): _shown(name, values)
                for name, values in zip(problem.objective_names, exact.front.T, strict=True)
            },
        }
    )


def _column(objective: str) -> str:
    """Name of an objective in files, which give areas in mm²."""
    return objective.replace("area_m2", "area_mm2")


def _shown(name: str, value: Any) -> Any:
    return value * MM2_PER_M2 if name.startswith("area") else value


def _inside(name: str, value: Any) -> Any:
    return value / MM2_PER_M2 if name.startswith("area") else value


def _ranks(rows: pd.DataFrame, space: DesignSpace) -> Any:
    values = {name: rows[name].to_numpy() for name in space.names}
    return space.rank(space.encode(values))
