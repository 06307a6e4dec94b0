"""Answers of evaluations: checked, turned into metrics, and kept in a folder."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from imcmoo.io.files import replacing
from imcmoo.io.reading import of_json
from imcmoo.model.external.evaluation import EvaluationFailed
from imcmoo.model.metrics import Floats, Metrics, Quantity, Resource

EVALUATION = "evaluation"
"""The resource that networks lack which do not run, or whose evaluation failed: all of it."""

FAILED = "failed"
"""Folder of what failed: what is removed from it is evaluated again."""


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


@dataclass(frozen=True)
class Kept:
    """An answer, or why there is none.

    Args:
        answer: by quantity, as `answers.checked` gives it; None if the evaluation failed.
        failure: why it failed, one line; empty if it did not.
    """

    answer: dict[str, list[float]] | None
    failure: str = ""


class AnswerCache:
    """A folder of answers that several processes may use at a time.

    An answer's file says what was asked, and is named by its hash. It appears whole or not at all,
    and one that does not say what it should is no answer. Two processes that ask the same at the
    same time may both evaluate it; either answer is good.

    Args:
        folder: made when there is something to keep.
        asked: what all answers here depend on, but for the design; JSON values.
    """

    def __init__(self, folder: Path, asked: dict[str, Any]) -> None:
        self._folder = folder
        self._asked = asked
        self._read: dict[str, Kept] = {}

    def key(self, design: dict[str, Any]) -> str:
        """Key of a design's answer."""
        text = json.dumps(self._question(design), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def get(self, design: dict[str, Any]) -> Kept | None:
        """Stored answer of a design, if there is one."""
        key = self.key(design)
        if key not in self._read:
            answer = self._load(key, design)
            if answer is None:
                return None
            self._read[key] = answer
        return self._read[key]

    def put(self, design: dict[str, Any], kept: Kept) -> None:
        """Keep what came of a design.

        Raises:
            OSError: the folder cannot be written to.
        """
        key = self.key(design)
        content = {**self._question(design), "answer": kept.answer, "failure": kept.failure}
        path = self._path(key, failed=kept.answer is None)
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary:
            temporary.write_text(json.dumps(content, indent=1), encoding="utf-8")
        self._read[key] = kept

    def _question(self, design: dict[str, Any]) -> dict[str, Any]:
        return {**self._asked, "design": design}

    def _path(self, key: str, *, failed: bool) -> Path:
        return self._folder / (FAILED if failed else key[:2]) / f"{key}.json"

    def _load(self, key: str, design: dict[str, Any]) -> Kept | None:
        for failed in (False, True):
            try:
                text = self._path(key, failed=failed).read_text(encoding="utf-8")
                content = of_json(text, "answer")
                kept = Kept(content.pop("answer"), content.pop("failure"))
            except (OSError, ValueError, KeyError, TypeError, AttributeError):
                continue  # not there, or not whole: evaluated again
            if content == self._question(design) and (kept.answer is None) == failed:
                return kept
        return None
