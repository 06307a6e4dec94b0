"""The designs of a run that are explained, from the tables in its folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from imcmoo.io.errors import InputError
from imcmoo.model.metrics import Floats
from imcmoo.problem.criteria import Criterion
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.space.design_space import Levels
from imcmoo.study.explain import Subject, explain
from imcmoo.study.explanation import Explanation

MOST_OF_FRONT = 50
"""Designs of the front that are explained at the most."""

SELECTED = "selected"
ALONE = "alone_"
FRONT = "front_"


def explain_run(
    problem: AcceleratorProblem, criterion: Criterion, folder: Path
) -> list[Explanation]:
    """Explain the selected design of a run, its baselines, and the best of its front, as shown.

    Those of the front are what each criterion selects and then the best by the criterion asked for,
    called `front_N` by their row in `front.csv`, from 1. A design is explained once, however many
    names it has.

    Args:
        problem: of the run.
        criterion: that selected.
        folder: with the run's `front.csv`, `selection.csv` and, if any, `baselines.csv`.

    Raises:
        InputError: a table is not of this problem.
    """
    front, selection = _read(folder / "front.csv"), _read(folder / "selection.csv")
    path = folder / "baselines.csv"
    # The first row is the selected design once more.
    alone = _read(path).iloc[1:] if path.exists() else None
    try:
        subjects = _subjects(problem, criterion, front, selection, alone)
        best = _own_best(problem, front, alone)
    except (KeyError, ValueError) as error:
        raise InputError(f"{folder}: its tables are not of this study: {error}") from None
    found = [e.as_shown() for e in explain(problem, criterion, subjects, own_best=best)]
    _check(found[0], selection[selection["used"]].iloc[0], problem, folder)
    return found


def _read(path: Path) -> pd.DataFrame:
    """A table with every number as it was, and texts as they are."""
    try:
        return pd.read_csv(
            path, float_precision="round_trip", keep_default_na=False, na_values=[""]
        )
    except (FileNotFoundError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {error}") from None


def _subjects(
    problem: AcceleratorProblem,
    criterion: Criterion,
    front: pd.DataFrame,
    selection: pd.DataFrame,
    alone: pd.DataFrame | None,
) -> list[Subject]:
    """What is explained, the selected design first."""
    designs = _levels(problem, front)
    chosen = _levels(problem, selection)
    used = int(np.argmax(selection["used"].to_numpy(dtype=bool)))
    subjects = [Subject(chosen[used], (SELECTED,))]
    if alone is not None:
        names = ALONE + alone["optimised_for"].astype(str)
        subjects += [Subject(*own) for own in _named(_levels(problem, alone), names)]
    by_criterion = _named(chosen, selection["criterion"].astype(str))
    at = {tuple(design.tolist()): row for row, design in enumerate(designs)}
    first = [at[tuple(design.tolist())] for design in chosen]
    order = front[f"score_{criterion.name}"].to_numpy().argsort(kind="stable").tolist()
    rows = list(dict.fromkeys([*first, *order]))[:MOST_OF_FRONT]
    subjects += [Subject(*own, in_full=False) for own in by_criterion]
    subjects += [Subject(designs[r], (f"{FRONT}{r + 1}",), in_full=False) for r in rows]
    return _distinct(subjects)


def _named(levels: Levels, names: pd.Series[str]) -> list[tuple[Levels, tuple[str, ...]]]:
    return [(design, (name,)) for design, name in zip(levels, names, strict=True)]


def _distinct(subjects: list[Subject]) -> list[Subject]:
    """Each design once, with all its names."""
    found: dict[tuple[int, ...], Subject] = {}
    for subject in subjects:
        key = tuple(subject.levels.tolist())
        known = found.get(key)
        found[key] = replace(known, names=known.names + subject.names) if known else subject
    return list(found.values())


def _levels(problem: AcceleratorProblem, frame: pd.DataFrame) -> Levels:
    space = problem.space
    return space.encode({name: frame[name].to_numpy() for name in space.names})


def _own_best(
    problem: AcceleratorProblem, front: pd.DataFrame, alone: pd.DataFrame | None
) -> Floats | None:
    """The best EDAP of each network that the run found, shape (W,)."""
    if not problem.has_edap:
        return None
    columns = [f"edap_{name}_J_s_mm2" for name in problem.workload_names]
    best = np.asarray(front[columns].min(axis=0))
    return best if alone is None else np.fmin(best, np.asarray(alone[columns].min(axis=0)))


def _check(
    selected: Explanation, row: pd.Series[float], problem: AcceleratorProblem, folder: Path
) -> None:
    """Check that a run was of the cost model there is now.

    Raises:
        InputError: the selected design costs something else today.
    """
    networks = selected.tables["networks"].set_index("network")
    for quantity in (q for q in problem.model.quantities if q.per_workload):
        (unit,) = quantity.columns(["{}"])
        for name in problem.workload_names:
            now = networks[unit.replace("_{}", "")].astype(float)[name]
            if not np.isclose(now, row[unit.format(name)], rtol=1e-9, atol=0.0):
                raise InputError(
                    f"{folder} was run with another cost model, component table or network {name}: "
                    "run the study again"
                )
