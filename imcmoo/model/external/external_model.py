"""A cost model that is another program: parallel evaluations, one per design, stored on disk."""

from __future__ import annotations

import hashlib
import json
import math
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np

from imcmoo.arrays import Floats
from imcmoo.io.executor import cores, imap_unordered, waiting
from imcmoo.io.files import replacing
from imcmoo.io.reading import of_json
from imcmoo.model.cost_model import CostModel
from imcmoo.model.external.evaluation import Evaluation, EvaluationFailed
from imcmoo.model.metrics import Metrics, Quantity, Resource
from imcmoo.networks.workloads import WorkloadSet
from imcmoo.space.design_space import DesignSpace, Levels

EVALUATION = "evaluation"
"""Resource that a network lacks if it does not run or its evaluation failed."""

FAILED = "failed"
"""Folder of failed evaluations; remove a file to evaluate its design again."""


class ExternalModel(CostModel):
    """Base class of cost models that call another program. Subclass it and set the attributes::

        class Mine(ExternalModel):
            quantities = (Quantity("energy", "J"), Quantity("latency", "s"))
            evaluation = Command(["./simulate"], timeout_s=600)
            version = "1"

    A design whose evaluation fails, times out or returns an invalid answer violates a constraint
    (resource `evaluation`), and a warning reports it.

    Args:
        space: the design space.
        workloads: the networks.
        options: options of a study; only the defaults are accepted.

    Attributes:
        quantities: quantities of an answer, in order.
        evaluation: a `Function` or a `Command`.
        version: version of the model. Change it if answers change; stored ones are then not used.
        cache: folder of stored answers.
        workers: number of parallel evaluations.

    Raises:
        ValueError: an option that the model does not accept.
    """

    quantities: tuple[Quantity, ...]
    evaluation: ClassVar[Evaluation]
    version: ClassVar[str]
    cache: ClassVar[Path] = Path("results") / "external"
    workers: ClassVar[int] = cores()
    resource_names = (EVALUATION,)

    def __init__(self, space: DesignSpace, workloads: WorkloadSet, **options: Any) -> None:
        super().__init__(space, workloads, **options)
        self._workloads = workloads
        self._asked = {
            "model": self._name,
            "version": self.version,
            "quantities": [[q.name, q.unit, q.per_workload] for q in self.quantities],
            "networks": workloads.names,
            "networks_sha256": workloads.fingerprint,
        }
        self._answers = AnswerCache(self.cache, self._asked)

    @property
    def data_digest(self) -> str:
        """Hash of the name, version, quantities and networks."""
        return hashlib.sha256(json.dumps(self._asked, sort_keys=True).encode()).hexdigest()

    def for_network(self, name: str) -> ExternalModel:
        """Return the model of a single network; its evaluations are separate.

        Raises:
            ValueError: there is no such network.
        """
        return type(self)(self.space, self._workloads.only(name))

    def evaluate(self, levels: Levels) -> Metrics:
        """Return all quantities of designs (n, n_parameters); evaluates those that are not stored.

        Raises:
            ValueError: a value index is outside the space.
            OSError: the cache cannot be written to.
        """
        designs = self.space.designs(levels)
        new = {self._answers.key(d): d for d in designs if self._answers.get(d) is None}
        self._evaluate(list(new.values()))
        kept = [self._answers.get(design) for design in designs]
        answers = [None if one is None else one.answer for one in kept]
        return as_metrics(answers, self.quantities, len(self.workload_names))

    @property
    def _name(self) -> str:
        return f"{type(self).__module__}:{type(self).__qualname__}"

    def _evaluate(self, designs: Sequence[dict[str, Any]]) -> None:
        if not designs:
            return
        failures: list[tuple[dict[str, Any], str]] = []
        with waiting(min(self.workers, len(designs)), self.evaluation.end) as executor:
            for index, kept in imap_unordered(executor, self._one, designs):
                self._answers.put(designs[index], kept)
                if kept.failure:
                    failures.append((designs[index], kept.failure))
        if failures:
            design, why = failures[0]
            told = ", ".join(f"{name} {value}" for name, value in design.items())
            warnings.warn(
                f"{len(failures)} of {len(designs)} evaluations failed and count as infeasible, "
                f"such as {told}: {why}; all are in {self.cache / FAILED}",
                stacklevel=3,
            )

    def _one(self, design: dict[str, Any]) -> Kept:
        try:
            answer = self.evaluation(design, self.workload_names)
            return Kept(checked(answer, self.quantities, self.workload_names))
        except EvaluationFailed as error:
            return Kept(None, str(error))


class Kept(NamedTuple):
    """Stored answer by quantity (see `checked`), or None and the reason in one line."""

    answer: dict[str, list[float]] | None
    failure: str = ""


class AnswerCache:
    """Folder of stored answers, safe for several processes.

    The file of an answer states the request and is named by its hash. Files are written atomically;
    an invalid file is ignored. Two processes may evaluate the same request at the same time.

    Args:
        folder: created when the first answer is stored.
        asked: all that the answers depend on, except the design; JSON values.
    """

    def __init__(self, folder: Path, asked: dict[str, Any]) -> None:
        self._folder = folder
        self._asked = asked
        self._read: dict[str, Kept] = {}

    def key(self, design: dict[str, Any]) -> str:
        """Key of the answer of a design."""
        text = json.dumps({**self._asked, "design": design}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def get(self, design: dict[str, Any]) -> Kept | None:
        """Stored answer of a design; None if there is none."""
        key = self.key(design)
        for failed in (False, True) if key not in self._read else ():
            try:
                text = self._path(key, failed=failed).read_text(encoding="utf-8")
                content = of_json(text, "answer")
                kept = Kept(content.pop("answer"), content.pop("failure"))
            except (OSError, ValueError, KeyError, TypeError, AttributeError):
                continue  # missing or damaged: evaluated again
            if content == {**self._asked, "design": design} and (kept.answer is None) == failed:
                self._read[key] = kept
                break
        return self._read.get(key)

    def put(self, design: dict[str, Any], kept: Kept) -> None:
        """Store the answer of a design.

        Raises:
            OSError: the folder cannot be written to.
        """
        key = self.key(design)
        content = {**self._asked, "design": design, **kept._asdict()}
        path = self._path(key, failed=kept.answer is None)
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary:
            temporary.write_text(json.dumps(content, indent=1), encoding="utf-8")
        self._read[key] = kept

    def _path(self, key: str, *, failed: bool) -> Path:
        return self._folder / (FAILED if failed else key[:2]) / f"{key}.json"


def checked(
    answer: Any, quantities: Sequence[Quantity], networks: Sequence[str]
) -> dict[str, list[float]]:
    """Check an answer; returns one number per network, or one for the chip, by quantity.

    All quantities of a network that does not run are NaN.

    Raises:
        EvaluationFailed: the answer lacks something, or has a value that no chip can have.
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
    """Numbers of one quantity; NaN if there is none for a network."""
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
        answers: see `checked`; None where the evaluation failed: nothing runs, and quantities of
            the chip have their worst value.
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
