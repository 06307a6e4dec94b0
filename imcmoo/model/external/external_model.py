"""A cost model that another program is: one evaluation per design, in parallel, kept on disk."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from imcmoo.io.executor import cores, imap_unordered, waiting
from imcmoo.model.cost_model import CostModel
from imcmoo.model.external.answers import (
    EVALUATION,
    FAILED,
    AnswerCache,
    Kept,
    as_metrics,
    checked,
)
from imcmoo.model.external.evaluation import Evaluation, EvaluationFailed
from imcmoo.model.metrics import Metrics, Quantity
from imcmoo.networks.workloads import WorkloadSet
from imcmoo.space.design_space import DesignSpace, Levels


class ExternalModel(CostModel):
    """Base of a user's model: a subclass says what is evaluated, and how.

    A design whose evaluation crashes, takes too long or answers nonsense lacks its `evaluation` on
    every network: it violates a constraint, and a warning tells of it. Nothing else is lost.

    Args:
        space: the designs.
        workloads: the networks.
        options: of a study; others than the usual ones are refused.

    Attributes:
        quantities: what is answered, in order.
        evaluation: a `Function` or a `Command`.
        version: of the model, to be changed when it would answer otherwise: older answers are then
            no longer used.
        cache: folder of the answers.
        workers: evaluations at a time.

    Raises:
        ValueError: an option an external model does not know.
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
        """A hash of what the model is called, its version, quantities and networks."""
        return hashlib.sha256(json.dumps(self._asked, sort_keys=True).encode()).hexdigest()

    def for_network(self, name: str) -> ExternalModel:
        """The model of one of the networks alone; its evaluations are others.

        Raises:
            ValueError: no such network here.
        """
        return type(self)(self.space, self._workloads.only(name))

    def evaluate(self, levels: Levels) -> Metrics:
        """All quantities of designs, levels (n, n_parameters); evaluates those that are not kept.

        Raises:
            ValueError: levels outside the space.
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
        """Evaluate designs and keep each answer as it comes."""
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
