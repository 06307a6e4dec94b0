"""The designs of a run that are explained, from the tables in its folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from imcmoo.io.errors import InputError
from imcmoo.model.metrics import Floats
from imcmoo.problem.criteria import Criterion
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.space.design_space import Levels
from imcmoo.space.designs_csv import read_designs
from imcmoo.study.explain import DesignToExplain, OnExplained, explain
from imcmoo.study.explanation import Explanation

MOST_OF_FRONT = 50
"""Designs of the front that are explained at the most."""

SELECTED = "selected"
BASELINE = "alone_"
FRONT = "front_"


def explain_run(
    problem: AcceleratorProblem,
    criterion: Criterion,
    folder: Path,
    *,
    front: bool,
    on_explained: OnExplained = lambda done, total: None,
) -> list[Explanation]:
    """Explain the selected design of a run, its baselines, and the best of its front, as shown.

    With `front`, these are what each criterion selects and then the best by the run's
    criterion,
    called `front_N` by their row in `front.csv`, from 1. A design is explained once, however
    many
    names it has.

    Args:
        problem, criterion: of the run.
        folder: with the run's `front.csv`, `selection.csv` and, if any, `baselines.csv`.
        front: whether designs of the front are explained that are neither selected nor
        baselines.
        on_explained: called with the number done and the total.

    Raises:
        InputError: a table is not of this problem.
    """
    designs, selection = (
        _Designs.read(folder / f"{n}.csv", problem) for n in ("front", "selection")
    )
    path = folder / "baselines.csv"
    baselines = _Designs.read(path, problem) if path.exists() else None
    if baselines is None:
        criterion = replace(criterion, name=criterion.joint_name)
    try:
        subjects = _subjects(designs, selection, baselines)
        if not front:
            subjects = [subject for subject in subjects if subject.in_full]
        best = _reference_edap(problem, designs, baselines)
        explanations = [
            e.as_shown()
            for e in explain(
                problem, criterion, subjects, reference_edap=best, on_explained=on_explained
            )
        ]
        _check(explanations[0], selection, problem, folder)
    except (KeyError, ValueError) as error:
        raise InputError(f"{folder}: its tables are not of this study: {error}") from None
    return explanations


@dataclass(frozen=True)
class _Designs:
    """A table of designs: their levels, and the texts of all columns."""

    levels: Levels
    texts: pd.DataFrame

    @classmethod
    def read(cls, path: Path, problem: AcceleratorProblem) -> _Designs:
        return cls(
            read_designs(path, problem.space), pd.read_csv(path, dtype=str, keep_default_na=False)
        )

    def numbers(self, columns: Sequence[str]) -> Floats:
        """Exactly what was written, NaN for nothing, shape (n, n_columns)."""
        return np.array(
            [[float(text or "nan") for text in row] for row in self.texts[list(columns)].to_numpy()]
        )

    @property
    def used(self) -> int:
        """The row of the design that is used."""
        return int(np.argmax(self.texts["used"] == "True"))


def _subjects(
    front: _Designs, selection: _Designs, baselines: _Designs | None
) -> list[DesignToExplain]:
    """The designs to explain, the selected design first."""
    subjects = [DesignToExplain(selection.levels[selection.used], (SELECTED,))]
    if baselines is not None:
        names = BASELINE + baselines.texts["optimised_for"]
        # The first row is the selected design once more.
        subjects += [DesignToExplain(*named) for named in _named(baselines.levels, names)][1:]
    by_criterion = _named(selection.levels, selection.texts["criterion"])
    at = {tuple(design.tolist()): row for row, design in enumerate(front.levels)}
    first = [at[tuple(design.tolist())] for design in selection.levels]
    used = selection.texts["criterion"][selection.used]
    order = front.numbers([f"score_{used}"])[:, 0].argsort(kind="stable").tolist()
    rows = list(dict.fromkeys([*first, *order]))[:MOST_OF_FRONT]
    subjects += [DesignToExplain(*named, in_full=False) for named in by_criterion]
    subjects += [
        DesignToExplain(front.levels[r], (f"{FRONT}{r + 1}",), in_full=False) for r in rows
    ]
    return _distinct(subjects)


def _named(levels: Levels, names: pd.Series[str]) -> list[tuple[Levels, tuple[str, ...]]]:
    return [(design, (name,)) for design, name in zip(levels, names, strict=True)]


def _distinct(subjects: list[DesignToExplain]) -> list[DesignToExplain]:
    """Each design once, with all its names."""
    distinct: dict[tuple[int, ...], DesignToExplain] = {}
    for subject in subjects:
        key = tuple(subject.levels.tolist())
        before = distinct.get(key)
        distinct[key] = replace(before, names=before.names + subject.names) if before else subject
    return list(distinct.values())


def _reference_edap(
    problem: AcceleratorProblem, front: _Designs, baselines: _Designs | None
) -> Floats | None:
    """The best EDAP of each network that the run found, shape (W,)."""
    if not problem.has_edap:
        return None
    columns = [f"edap_{name}_J_s_mm2" for name in problem.workload_names]
    rows = [front.numbers(columns), *([] if baselines is None else [baselines.numbers(columns)])]
    return np.asarray(np.nanmin(np.concatenate(rows), axis=0))


def _check(
    selected: Explanation, selection: _Designs, problem: AcceleratorProblem, folder: Path
) -> None:
    """Check that a run was of the cost model there is now."""
    networks = selected.tables["networks"]
    for quantity in (q for q in problem.model.quantities if q.per_workload):
        then = selection.numbers(quantity.columns(problem.workload_names))[selection.used]
        now = networks[quantity.column].to_numpy(dtype=float)
        if not np.allclose(now, then, rtol=1e-9, atol=0.0):
            raise InputError(
                f"{folder} was run with another cost model, component table or networks: run the "
                "study again"
            )
