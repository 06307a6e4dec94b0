"""Answers of evaluations: their check, and their conversion to metrics."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from imcmoo.model.external.evaluation import EvaluationFailed
from imcmoo.model.metrics import Floats, Metrics, Quantity, Resource

EVALUATION = "evaluation"
"""The resource that networks lack which do not run, or whose evaluation failed: all of it."""


def checked(
    answer: Any, quantities: Sequence[Quantity], networks: Sequence[str]
) -> dict[str, list[float]]:
    """An answer as plain numbers: by quantity one for each network, or one for the chip.

    Every quantity of a network that does not run is NaN.

    Raises:
        EvaluationFailed: not an answer to what was asked, or figures no chip can have.
    """
    names = [q.name for q in quantities]
    if not isinstance(answer, Mapping) or set(answer) != set(names):
        answered = ", ".join(map(str, answer)) if isinstance(answer, Mapping) else repr(answer)[:60]
        raise EvaluationFailed(f"answers {answered or 'nothing'}, but is asked {', '.join(names)}")
    read = {q.name: _numbers(q, answer[q.name], networks) for q in quantities}
    by_network = [read[q.name] for q in quantities if q.per_workload]
    for w in range(len(networks)):
        if any(math.isnan(values[w]) for values in by_network):
            for values in by_network:
                values[w] = math.nan
    return read


def _numbers(quantity: Quantity, given: Any, networks: Sequence[str]) -> list[float]:
    """The numbers of one quantity, NaN where there is none for a network."""
    if not quantity.per_workload:
        return [_number(quantity, quantity.name, given)]
    if not isinstance(given, Mapping) or set(given) != set(networks):
        raise EvaluationFailed(f"{quantity.name}: is asked for a number for each network")
    numbers = []
    for name in networks:
        value = given[name]
        none = value is None or (isinstance(value, float) and math.isnan(value))
        numbers.append(math.nan if none else _number(quantity, f"{quantity.name} of {name}", value))
    return numbers


def _number(quantity: Quantity, name: str, given: Any) -> float:
    try:
        value = float(given)
    except (TypeError, ValueError, OverflowError):
        value = math.nan
    worst = value if quantity.sense == "min" else -value
    if not math.isfinite(value) or worst >= quantity.bound:
        raise EvaluationFailed(f"{name} is {given!r:.60}")
    if quantity.scale == "ratio" and value <= 0:
        raise EvaluationFailed(f"{name} is {given!r:.60}, but must be positive")
    return value


def as_metrics(
    answers: Sequence[dict[str, list[float]] | None],
    quantities: Sequence[Quantity],
    n_workloads: int,
) -> Metrics:
    """Metrics of n designs.

    Args:
        answers: as `checked` gives them; None where there is none: nothing runs, and quantities of
            the chip are as bad as can be.
    """
    values: dict[str, Floats] = {}
    for q in quantities:
        worst = q.bound if q.sense == "min" else -q.bound
        none = [math.nan] * n_workloads if q.per_workload else [worst]
        rows = [none if a is None else a[q.name] for a in answers]
        column = np.array(rows, dtype=float).reshape(len(rows), len(none))
        values[q.name] = column if q.per_workload else column[:, 0]
    by_network = [values[q.name] for q in quantities if q.per_workload]
    failed = np.array([a is None for a in answers])[:, None]
    no_value = np.logical_or.reduce([np.isnan(v) for v in by_network]) if by_network else False
    missing = np.where(failed | no_value, 1.0, 0.0) * np.ones(n_workloads)
    return Metrics(values, {EVALUATION: Resource(np.ones(len(answers)), missing)})
