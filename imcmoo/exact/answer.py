"""Store the exact answer of a problem, and load it if it is of the same problem.

A folder holds `optima.csv`, `points.csv` and, written last, `summary.json` with the stamp of the
answer and numbers of the model for some designs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from imcmoo.exact.behaviour import behaviour, changed, sampled_designs
from imcmoo.exact.certificate import CONFIRMATION, EXECUTED
from imcmoo.exact.enumeration import ExactAnswer, Optimum
from imcmoo.io.checksums import content_checksum, sha256, write_checked_json
from imcmoo.io.errors import InputError
from imcmoo.io.files import replacing
from imcmoo.io.reading import read_json
from imcmoo.io.stamp import Stamp
from imcmoo.io.units import display_column, to_display, to_si
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.space.design_space import DesignSpace, Ranks

SUMMARY, OPTIMA, POINTS = "summary.json", "optima.csv", "points.csv"


class OtherProblem(Exception):
    """The stored answer is of another problem, code or cost model; says what differs."""


def save(answer: ExactAnswer, folder: Path, problem: AcceleratorProblem, stamp: Stamp) -> None:
    """Write an answer into its folder, replacing an earlier one.

    Args:
        stamp: of the answer, made when the work began.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # While files are replaced, no summary says that they are complete.
    (folder / SUMMARY).unlink(missing_ok=True)
    frames = {
        OPTIMA: optima_table(answer, problem),
        POINTS: front_table(answer, problem),
    }
    for name, frame in frames.items():
        with replacing(folder / name) as temporary:
            frame.to_csv(temporary, index=False, lineterminator="\n")
    summary = {
        "stamp": stamp.to_json(),
        "sha256": {name: sha256(folder / name) for name in frames},
        "designs": problem.space.size,
        "feasible_designs": answer.n_feasible,
        "front_points": len(answer.front),
        "front_designs": int(answer.designs.sum()),
        "optima": {
            name: {"value": value, "designs": len(answer.optima[name].ranks)}
            for name, value in _shown_values(answer, problem).items()
        },
        **({EXECUTED: [*answer.executed]} if answer.executed else {}),
        **({CONFIRMATION: answer.confirmation} if answer.confirmation else {}),
        "behaviour": behaviour(problem, sampled_designs(problem)),
    }
    write_checked_json(folder / SUMMARY, summary)


def load(folder: Path, problem: AcceleratorProblem, stamp: Stamp) -> ExactAnswer:
    """Read the answer of a problem back; a shipped model is evaluated on some of its designs.

    Args:
        stamp: of the answer that is wanted.

    Raises:
        OtherProblem: the answer is of another problem or cost model.
        InputError: a file is damaged, or was replaced while it was read.
        FileNotFoundError: the folder has no complete answer.
    """
    summary = read_summary(folder)
    if differs := stamp.difference(summary.get("stamp")):
        raise OtherProblem(f"{folder} is of {differs}")
    for name, digest in summary["sha256"].items():
        if not (folder / name).is_file() or sha256(folder / name) != digest:
            raise damaged(folder / name)
    optima, front = pd.read_csv(folder / OPTIMA), pd.read_csv(folder / POINTS)
    space, columns = problem.space, problem.objective_names
    answer = ExactAnswer(
        n_feasible=summary["feasible_designs"],
        optima={
            str(name): Optimum(
                _value(problem, str(name), rows["value"].iloc[0]), _ranks(rows, space)
            )
            for name, rows in optima.groupby("criterion", sort=False)
        },
        front=problem.natural(
            np.column_stack(
                [to_si(c.rpartition("_")[2], front[display_column(c)].to_numpy()) for c in columns]
            )
        ),
        ranks=_ranks(front, space),
        designs=front["designs"].to_numpy(),
        executed=tuple(summary.get(EXECUTED, ())),
        confirmation=summary.get(CONFIRMATION, ""),
    )
    if differs := changed(problem, summary.get("behaviour", {}), answer):
        raise OtherProblem(f"{folder} is of {differs}")
    return answer


def read_summary(folder: Path) -> dict[str, Any]:
    """Read `summary.json` of a folder.

    Raises:
        FileNotFoundError: the file does not exist.
        InputError: the file is damaged.
    """
    try:
        summary = dict(read_json(folder / SUMMARY))
        if summary["checksum"] != content_checksum(summary):
            raise ValueError("checksum")
    except (KeyError, TypeError, ValueError):
        raise damaged(folder / SUMMARY) from None
    return summary


def damaged(path: Path) -> InputError:
    """Error for a damaged file of an exact answer."""
    return InputError(f"{path} is damaged: enumerate again or remove {path.parent}")


def optima_table(answer: ExactAnswer, problem: AcceleratorProblem) -> pd.DataFrame:
    """One row per criterion and optimal design.

    Values are in J·s·mm² (EDAP; to the power W for the product), J, s or mm²; regret is a share. A
    criterion `log10_NAME` has the decimal logarithm.
    """
    space = problem.space
    n_designs = [len(o.ranks) for o in answer.optima.values()]
    shown = _shown_values(answer, problem)
    names = np.repeat(list(shown), n_designs)
    values = np.repeat(np.array(list(shown.values())), n_designs)
    levels = space.unrank(np.concatenate([o.ranks for o in answer.optima.values()]))
    designs = {name: space.column(levels, name) for name in space.names}
    return pd.DataFrame({"criterion": names, "value": values, **designs})


def front_table(answer: ExactAnswer, problem: AcceleratorProblem) -> pd.DataFrame:
    """One row per point of the front: its first design, number of designs, and objectives."""
    space = problem.space
    levels = space.unrank(answer.ranks)
    natural = problem.natural(answer.front)
    return pd.DataFrame(
        {
            **{name: space.column(levels, name) for name in space.names},
            "designs": answer.designs,
            **{
                display_column(name): to_display(name.rpartition("_")[2], values)
                for name, values in zip(problem.objective_names, natural.T, strict=True)
            },
        }
    )


def _unit(problem: AcceleratorProblem, criterion: str) -> str:
    """Unit of an optimum that is an objective of the chip; else empty."""
    if criterion in [c.name for c in problem.criteria]:
        return ""
    return {q.name: q.unit for q in problem.quantities if not q.per_workload}.get(criterion, "")


def _sign(problem: AcceleratorProblem, criterion: str) -> float:
    """-1 for a maximised objective, else 1."""
    large = [q for q in problem.quantities if q.sense == "max"]
    names = {q.name if not q.per_workload else f"{q.name}_{w}"
             for q in large for w in problem.workload_names}  # fmt: skip
    return -1.0 if criterion in names else 1.0


def _shown_values(answer: ExactAnswer, problem: AcceleratorProblem) -> dict[str, float]:
    """Optima in the units of files, by criterion."""
    return {
        name: float(to_display(_unit(problem, name), _sign(problem, name) * optimum.value))
        for name, optimum in answer.optima.items()
    }


def _value(problem: AcceleratorProblem, name: str, value: float) -> float:
    """Inverse of `_shown_values` for one criterion."""
    return float(to_si(_unit(problem, name), _sign(problem, name) * value))


def _ranks(rows: pd.DataFrame, space: DesignSpace) -> Ranks:
    values = {str(name): column.to_numpy() for name, column in rows.items()}
    return space.rank(space.encode(values))
