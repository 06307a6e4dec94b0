"""The designs of a run that are explained, from the tables in its folder."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd

from imcmoo.io.errors import InputError
from imcmoo.problem.criteria import Criterion
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.space.design_space import Levels
from imcmoo.study.explain import DesignToExplain, OnExplained, explain
from imcmoo.study.explanation import Explanation
from imcmoo.study.results import Results

MOST_OF_FRONT = 50
"""Designs of the front that are explained at the most."""

SELECTED = "selected"
BASELINE = "alone_"
FRONT = "front_"


def explain_run(
    problem: AcceleratorProblem,
    criterion: Criterion,
    results: Results,
    *,
    front: bool,
    on_explained: OnExplained = lambda done, total: None,
) -> list[Explanation]:
    """Explain the selected design of a run, its baselines, and the best of its front, as shown.

    With `front`, these are what each criterion selects and then the best by the run's criterion,
    called `front_N` by their row in `front.csv`, from 1. A design is explained once, however many
    names it has.

    Args:
        problem, criterion, results: of the run.
        front: whether designs of the front are explained that are neither selected nor baselines.
        on_explained: called with the number done and the total.

    Raises:
        InputError: a table is not of this problem.
    """
    try:
        name = criterion.name_of_score(joint=results.baselines is None)
        criterion = replace(criterion, name=name)
        subjects = _subjects(problem, results)
        if not front:
            subjects = [subject for subject in subjects if subject.in_full]
        explanations = [
            e.as_shown()
            for e in explain(
                problem,
                criterion,
                subjects,
                reference_edap=results.reference_edap,
                reference=results.regret_reference,
                on_explained=on_explained,
            )
        ]
        _check(explanations[0], problem, results)
    except (KeyError, ValueError) as error:
        raise InputError(f"{results.folder}: its tables are not of this study: {error}") from None
    return explanations


def _subjects(problem: AcceleratorProblem, results: Results) -> list[DesignToExplain]:
    """The designs to explain, the selected design first."""

    def levels_of(designs: pd.DataFrame) -> Levels:
        return problem.space.encode({n: designs[n].to_numpy() for n in problem.space.names})

    front, selection = levels_of(results.front), levels_of(results.selection)
    subjects = _named(levels_of(results.selected), [SELECTED])
    if results.baselines is not None:
        # The first row is the selected design once more.
        alone = results.baselines.iloc[1:]
        subjects += _named(levels_of(alone), BASELINE + alone["optimised_for"])
    subjects += _named(selection, results.selection["criterion"], in_full=False)
    at = {tuple(design): row for row, design in enumerate(front.tolist())}
    first = [at[tuple(design)] for design in selection.tolist()]
    scores = results.front[f"score_{results.criterion}"].to_numpy(dtype=float)
    order = scores.argsort(kind="stable").tolist()
    rows = list(dict.fromkeys([*first, *order]))[:MOST_OF_FRONT]
    subjects += _named(front[rows], [f"{FRONT}{row + 1}" for row in rows], in_full=False)
    return _distinct(subjects)


def _named(levels: Levels, names: Iterable[str], *, in_full: bool = True) -> list[DesignToExplain]:
    pairs = zip(levels, names, strict=True)
    return [DesignToExplain(design, (str(name),), in_full) for design, name in pairs]


def _distinct(subjects: list[DesignToExplain]) -> list[DesignToExplain]:
    """Each design once, with all its names."""
    distinct: dict[tuple[int, ...], DesignToExplain] = {}
    for subject in subjects:
        key = tuple(subject.levels.tolist())
        before = distinct.get(key)
        distinct[key] = replace(before, names=before.names + subject.names) if before else subject
    return list(distinct.values())


def _check(selected: Explanation, problem: AcceleratorProblem, results: Results) -> None:
    """Check that a run was of the cost model there is now."""
    networks = selected.tables["networks"]
    for quantity in (q for q in problem.model.quantities if q.per_workload):
        columns = quantity.columns(problem.workload_names)
        then = results.selected[columns].to_numpy(dtype=float)[0]
        now = networks[quantity.column].to_numpy(dtype=float)
        if not np.allclose(now, then, rtol=1e-9, atol=0.0):
            raise InputError(
                f"{results.folder} was run with another cost model, component table or networks: "
                "run the study again"
            )
