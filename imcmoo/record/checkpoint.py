"""Checkpoint of a search: evaluations on disk, from which the search continues."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from imcmoo.arrays import Floats, Ints, Values
from imcmoo.io.errors import InputError
from imcmoo.io.files import replacing
from imcmoo.io.reading import of_json, read_arrays
from imcmoo.io.stamp import Stamp
from imcmoo.model.metrics import Metrics, Resource
from imcmoo.problem.identity import other_numbers
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.record.evaluations import KINDS, Evaluations
from imcmoo.space.design_space import Levels

Arrays = dict[str, Values]

VALUE_PREFIX, OWN_PREFIX, MISSING_PREFIX = "value ", "own ", "missing "
"""How the names of stored arrays begin: those of metrics, and of the two parts of a resource."""

PROOF = 8
"""Designs of a checkpoint that are evaluated again, and largest number of those beside them whose
metrics are not finite just where their networks run, or whose resources are not."""

RTOL, ATOL = 1e-5, 1e-8
"""Differences of their metrics and constraints that are allowed: a user's model may compute in
single precision."""


@dataclass(frozen=True)
class SearchState:
    """State of a search beside its evaluations.

    Args:
        random: state of the random generator.
        asked: all designs of the generation in progress, evaluated or not, shape (n, n_parameters).
        refused: violation of designs that failed a check, octaves, by rank.
    """

    random: dict[str, Any]
    asked: Levels
    refused: dict[int, float]


def save(evaluations: Evaluations, path: Path, *, stamp: Stamp, state: SearchState) -> None:
    """Write evaluations to a file; a kill leaves the file before or this one, never half of it.

    Objectives and constraints are not stored; they are computed from the metrics.

    Args:
        evaluations: of a search between two generations.
        path: of the file.
        stamp: of the search.
        state: of the search.
    """
    content = {"stamp": stamp.to_json(), "random": state.random}
    words = json.dumps(content, default=np.ndarray.tolist)
    arrays = _arrays(evaluations) | {
        "asked": state.asked,
        "refused": evaluations.space.unrank([*state.refused]),
        "violation": np.array([*state.refused.values()]),
    }
    stored: dict[str, Any] = {"words": words, "checksum": _checksum(words, arrays), **arrays}
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, **stored)


def load(
    path: Path, problem: AcceleratorProblem, *, stamp: Stamp
) -> tuple[Evaluations, SearchState]:
    """Read the evaluations that `save` wrote.

    Args:
        path: an existing file.
        problem: of the search.
        stamp: of the search that wants to go on.

    Returns:
        The evaluations, and the state of the search.

    Raises:
        InputError: the file is damaged, no checkpoint, or that of another search; names the
            difference.
    """
    try:
        arrays = read_arrays(path, "a checkpoint")
        text, checksum = str(arrays.pop("words")), str(arrays.pop("checksum"))
        words = of_json(text, str(path))
        random = dict(words["random"])
        if checksum != _checksum(text, arrays):
            raise ValueError("checksum")
    except (ValueError, TypeError, KeyError):
        raise damaged(path) from None
    if differs := stamp.difference(words.get("stamp")):
        raise other_search(path, differs)
    try:
        with np.errstate(all="ignore"):  # what is not a number is refused
            state = _state(problem, random, arrays)
            return _evaluations(problem, arrays), state
    except (ValueError, TypeError, KeyError, IndexError):
        raise damaged(path) from None


def check_numbers(path: Path, evaluations: Evaluations) -> None:
    """Evaluate some designs of a checkpoint again, to detect a changed cost model.

    Args:
        path: of the checkpoint.
        evaluations: read from it.

    Raises:
        InputError: the model gives other metrics, or another number; names the first.
    """
    if not len(evaluations):
        return
    problem = evaluations.problem
    rows = _proven(evaluations)
    current, levels = Evaluations(problem), evaluations.levels[rows]
    current.append(levels, problem.model.evaluate(levels), generation=0)
    there, here = evaluations.metrics.take(rows), current.metrics
    stored, evaluated = (_arrays_of_metrics(metrics) for metrics in (there, here))
    if {n: _form(a) for n, a in stored.items()} != {n: _form(a) for n, a in evaluated.items()}:
        raise damaged(path)
    objectives, constraints = problem.objective_names, problem.constraint_names
    for before, after, atol in (
        (_by_name(objectives, evaluations.F[rows]), _by_name(objectives, current.F), 0.0),
        (_by_name(constraints, evaluations.G[rows]), _by_name(constraints, current.G), ATOL),
        (_without_prefix(stored), _without_prefix(evaluated), 0.0),
    ):
        if differs := other_numbers(before, after, rtol=RTOL, atol=atol):
            raise other_search(path, differs)


def _proven(evaluations: Evaluations) -> Ints:
    """Rows that are evaluated again."""
    n, metrics = len(evaluations), evaluations.metrics
    odd = np.zeros(n, dtype=bool)
    for values in metrics.values.values():
        if values.dtype.kind == "f":
            finite, runs = np.isfinite(values), metrics.runs
            odd |= (finite != (runs if values.shape == runs.shape else True)).reshape(n, -1).any(1)
    for resource in metrics.resources.values():
        odd |= ~np.isfinite(np.column_stack([resource.own, resource.missing])).all(axis=1)
    spread = np.linspace(0, n - 1, min(PROOF, n)).astype(int)
    return np.union1d(spread, np.flatnonzero(odd)[:PROOF])


def _form(array: Values) -> tuple[str, tuple[int, ...]]:
    """Kind of the elements of an array of metrics, and its shape without the designs."""
    return array.dtype.kind if array.dtype.kind == "U" else array.dtype.str, array.shape[1:]


def _by_name(names: Sequence[str], matrix: Floats) -> dict[str, Floats]:
    return dict(zip(names, matrix.T, strict=True))


def _without_prefix(arrays: Arrays) -> Arrays:
    """Arrays of metrics by names for messages."""
    return {name.removeprefix(VALUE_PREFIX): array for name, array in arrays.items()}


def damaged(path: Path) -> InputError:
    """Error for a file that is no valid checkpoint."""
    return InputError(
        f"{path} is not a checkpoint of a search: remove it, and the search begins anew"
    )


def other_search(path: Path, differs: str) -> InputError:
    """The error of a checkpoint that the search cannot go on from."""
    return InputError(f"checkpoint {path} is of {differs}. Remove it, and the search begins anew")


def _arrays(evaluations: Evaluations) -> Arrays:
    """Arrays from which the evaluations can be restored."""
    return {
        "levels": evaluations.levels,
        "generation": evaluations.generation,
        **_arrays_of_metrics(evaluations.metrics),
    }


def _arrays_of_metrics(metrics: Metrics) -> Arrays:
    """Arrays from which metrics can be restored."""
    return {
        **{VALUE_PREFIX + name: values for name, values in metrics.values.items()},
        **{OWN_PREFIX + name: resource.own for name, resource in metrics.resources.items()},
        **{MISSING_PREFIX + name: resource.missing for name, resource in metrics.resources.items()},
    }


def _evaluations(problem: AcceleratorProblem, arrays: Arrays) -> Evaluations:
    """Inverse of `_arrays`; checks what a program that forges a checksum could have changed."""
    levels, generation = arrays.pop("levels"), arrays.pop("generation")
    values = {
        n.removeprefix(VALUE_PREFIX): a for n, a in arrays.items() if n.startswith(VALUE_PREFIX)
    }
    resources = {
        name: Resource(arrays[OWN_PREFIX + name], arrays[MISSING_PREFIX + name])
        for name in problem.model.resource_names
        if len(levels)
    }
    _check_arrays(problem, levels, generation, values)
    metrics = Metrics(values, resources)
    evaluations = Evaluations(problem)
    for number in range(generation.max(initial=-1) + 1):
        rows = generation == number
        evaluations.append(levels[rows], metrics.take(rows), generation=number)
    return evaluations


def _check_arrays(
    problem: AcceleratorProblem,
    levels: Values,
    generation: Values,
    values: Mapping[str, Values],
) -> None:
    """Check types, shapes and ranges of stored arrays."""
    if levels.dtype != np.int64 or generation.dtype != np.int64:
        raise ValueError("indices must be whole numbers")
    problem.space.validate(levels)
    steps = np.diff(generation, prepend=-1)
    is_counted = generation.shape == (len(levels),) and np.isin(steps, (0, 1)).all()
    if not is_counted or (len(levels) and steps[0] != 1):
        raise ValueError("generations must count from 0")
    if any(v.shape[:1] != (len(levels),) or v.dtype.kind not in KINDS for v in values.values()):
        raise ValueError("metrics must have a row for each design")


def _state(problem: AcceleratorProblem, random: dict[str, Any], arrays: Arrays) -> SearchState:
    """State of a search from stored arrays, which are taken out; checks types and ranges."""
    asked, refused, violation = (arrays.pop(name) for name in ("asked", "refused", "violation"))
    for levels in (asked, refused):
        problem.space.validate(levels)
        if len(np.unique(levels, axis=0)) < len(levels) or levels.dtype != np.int64:
            raise ValueError("designs must be different, and indices whole numbers")
    if violation.shape != (len(refused),) or violation.dtype != np.float64:
        raise ValueError("each refused design must have a violation")
    if not (violation > 0).all():
        raise ValueError("violations must be positive")
    ranks = problem.space.rank(refused).tolist()
    return SearchState(random, asked, dict(zip(ranks, violation.tolist(), strict=True)))


def _checksum(words: str, arrays: Arrays) -> str:
    digest = hashlib.sha256(words.encode())
    for name, array in sorted(arrays.items()):
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
