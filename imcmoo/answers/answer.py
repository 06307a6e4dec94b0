"""The answer of a study: its best chip, how it was found, and how good it is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

import numpy as np

from imcmoo.answers.assessment import mean_costs
from imcmoo.answers.executed import without_failed
from imcmoo.answers.provenance import CERTIFIED, ENUMERATED
from imcmoo.arrays import Floats
from imcmoo.exact.bounded_criteria import ProofTask
from imcmoo.exact.certificate import CONFIRMATION, EXECUTED, Certificate
from imcmoo.exact.check import feasible_costs
from imcmoo.exact.enumeration import ExactAnswer
from imcmoo.io.errors import Infeasible, InputError
from imcmoo.problem.criteria import SCORES, Criterion
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.scores import AGGREGATIONS, EdapDefinition
from imcmoo.problem.selection import Candidates
from imcmoo.space.design_space import Levels
from imcmoo.study.study import Study

SELECTED = "best of stored designs"
INFEASIBLE, REFUSED = "no feasible chip", "refused"


@dataclass(frozen=True, repr=False)
class Answer:
    """The best chip of a study. A study without a feasible chip has an answer without a design.

    `solve` and the verbs of a study return one::

        >>> answer = solve(study)
        >>> answer.design["device"], answer.has_chip
        ('sram', True)
        >>> again = Answer.of_json(study, answer.to_json())
        >>> again.design == answer.design
        True

    Args:
        study: the study.
        how: how the chip was found: "certified", "enumerated", "searched" or "best of stored
            designs"; "no feasible chip", or "refused" if the cost model refuses the study.
        levels: value indices of the chip, shape (1, n_parameters); (0, n_parameters) without chip.
        score: its score by the criterion of the study; NaN without chip.
        bound: lower bound of the scores of all chips; NaN if unknown, infinite if it is proven that
            no chip is feasible.
        gap: share by which the score may be above the least there is; NaN if unknown.
        front: feasible chips that may be on the Pareto front, shape (n, n_parameters). If None, the
            chip itself.
        why: why there is no chip; empty if there is one.
        note: a remark on how the chip was found; empty if there is none.
        executed, confirmation: see `Certificate`.
        evidence: what the answer rests on: certificates by criterion, an `ExactAnswer` or
            `ExactOptima`, an `Outcome` of searches, a `Run`, or the runs of all seeds.
    """

    study: Study
    how: str
    levels: Levels
    score: float = math.nan
    bound: float = math.nan
    gap: float = math.nan
    front: Levels | None = None
    why: str = ""
    note: str = ""
    executed: tuple[Mapping[str, Any], ...] = ()
    confirmation: str = ""
    evidence: Any = field(default=None, compare=False)

    @classmethod
    def without_chip(
        cls, study: Study, why: Infeasible | str, *, how: str = INFEASIBLE, bound: float = math.nan
    ) -> Self:
        """The answer of a study that has no feasible chip, or is refused."""
        nothing = np.empty((0, len(study.space.names)), dtype=np.int64)
        return cls(study, how, nothing, bound=bound, why=str(why))

    @property
    def certificate(self) -> Certificate:
        """The certificate that a certified answer rests on."""
        *_, certificate = self.evidence.values()
        assert isinstance(certificate, Certificate)
        return certificate

    @property
    def has_chip(self) -> bool:
        """True if there is a feasible chip."""
        return len(self.levels) > 0

    @cached_property
    def problem(self) -> AcceleratorProblem:
        """The problem of the study."""
        return self.study.problem()

    @cached_property
    def design(self) -> dict[str, Any]:
        """Value of each parameter and fixed value of the chip; empty without chip."""
        return next(iter(self.study.space.designs(self.levels)), {})

    @property
    def text(self) -> str:
        """Names and values of the parameters of the chip, as text; empty without chip."""
        return self.study.space.text_of(self.levels[0]) if self.has_chip else ""

    @cached_property
    def designs(self) -> tuple[Levels, Floats]:
        """Distinct feasible chips of `front`, by rank, and their objectives.

        Shapes (n, n_parameters) and (n, n_objectives).
        """
        return feasible_designs(self.problem, self.levels if self.front is None else self.front)

    @cached_property
    def edap(self) -> float:
        """Geometric mean of the EDAPs of the networks on the chip, J·s·mm²; NaN without chip."""
        return geometric_mean_edap(self.problem, self.levels)

    @cached_property
    def mean_costs(self) -> dict[str, float]:
        """Costs of the chip by name with unit, see `assessment.mean_costs`; empty without chip."""
        return mean_costs(self.problem, self.levels) if self.has_chip else {}

    @cached_property
    def costs(self) -> dict[str, float]:
        """`mean_costs`, and EDAPs by each definition (geometric means); empty without chip."""
        if not self.has_chip:
            return {}
        values = self.problem.model.evaluate(self.levels).values
        images = self.problem.model.images or (1,)
        edaps = {
            f"edap_{d.delay}_{d.area}_J_s_mm2": float(
                AGGREGATIONS["geomean"](d.of_images(images).of(values), self.problem.weights)[0]
            )
            for d in EdapDefinition.every()
        }
        return {**self.mean_costs, **edaps}

    def to_json(self) -> dict[str, Any]:
        """The answer as JSON values, without `front` and `evidence`; `of_json` reads it back.

        The score is in the units of certificates: EDAP in J·s·mm², regret as a share.
        """
        return {
            "study": self.study.name,
            "how": self.how,
            "criterion": self.study.score_name,
            "design": self.design or None,
            "score": _finite(self.score),
            "bound": _finite(self.bound),
            "gap": _finite(self.gap),
            "why": self.why,
            "note": self.note,
            **({EXECUTED: [*self.executed]} if self.executed else {}),
            **({CONFIRMATION: self.confirmation} if self.confirmation else {}),
        }

    @classmethod
    def of_json(cls, study: Study, content: Mapping[str, Any]) -> Self:
        """The answer of a study that `to_json` gave.

        Raises:
            InputError: the content is of another study, or none of an answer.
        """
        if (name := content.get("study")) != study.name:
            raise InputError(f"the answer is of study {name}, not of {study.name}")
        try:
            design, nothing = content["design"], np.empty((0, len(study.space.names)), np.int64)
            return cls(
                study,
                str(content["how"]),
                nothing if design is None else study.space.levels_of(design),
                score=_number(content["score"]),
                bound=_number(content["bound"]),
                gap=_number(content["gap"]),
                why=str(content["why"]),
                note=str(content["note"]),
                executed=tuple(content.get(EXECUTED, ())),
                confirmation=str(content.get(CONFIRMATION, "")),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"this is no answer of study {study.name}: {error}") from None

    def __repr__(self) -> str:
        if not self.has_chip:
            return f"Answer({self.study.name}: {self.how}: {self.why})"
        return f"Answer({self.study.name}: {self.how}, {self.study.score_name} {self.score:.6g})"


def _finite(value: float) -> float | str | None:
    """A number for JSON, which knows neither NaN nor infinity."""
    return None if math.isnan(value) else value if math.isfinite(value) else str(value)


def _number(value: float | str | None) -> float:
    """Inverse of `_finite`."""
    return math.nan if value is None else float(value)


def answer_from_certificates(study: Study, proven: Mapping[str, Certificate]) -> Answer:
    """The answer of a study whose criterion is proven.

    Args:
        study: the study.
        proven: certificates by criterion; that of the answer is the last.
    """
    *_, certificate = proven.values()
    of_first = certificate.within.get("gap", 0.0)
    note = f"the tolerance counts from an answer with a gap of {of_first:.3%}" if of_first else ""
    return Answer(
        without_failed(study, certificate.executed),
        CERTIFIED,
        study.space.levels_of(certificate.design),
        score=certificate.value,
        bound=certificate.bound,
        gap=certificate.gap,
        note=note,
        executed=tuple(certificate.executed),
        confirmation=certificate.confirmation,
        evidence=proven,
    )


def answer_from_enumeration(study: Study, answer: ExactAnswer) -> Answer:
    """The answer of an enumerated study.

    Raises:
        InputError: the criterion compares candidates, so it has no optimum.
    """
    if study.answer_name not in answer.optima:
        raise InputError(f"criterion {study.criterion} compares candidates: it has no optimum")
    best = answer.optima[study.answer_name]
    levels = study.space.unrank(best.ranks[:1])
    return Answer(
        without_failed(study, answer.executed),
        ENUMERATED,
        levels,
        score=best.value,
        bound=best.value,
        gap=0.0,
        front=study.space.unrank(answer.ranks),
        executed=answer.executed,
        confirmation=answer.confirmation,
        evidence=answer,
    )


def ranked(answers: Sequence[Answer], criterion: Criterion | None) -> list[Answer]:
    """The answers with a feasible chip, the best first; among equal ones by the `TieRule`.

    Args:
        answers: answers of several studies.
        criterion: criterion of their scores; None for the EDAP of one network.
    """
    found = [each for each in answers if each.has_chip]
    if not found:
        return []
    ties = found[0].problem.ties(criterion)
    costs = [feasible_costs(each.problem, each.levels) for each in found]
    return [found[at] for at in ties.order([each.score for each in found], costs)]


def feasible_designs(problem: AcceleratorProblem, designs: Levels) -> tuple[Levels, Floats]:
    """The distinct feasible ones of some designs, by rank, and their objectives."""
    feasible, metrics = problem.feasible(np.unique(designs, axis=0))
    return feasible, problem.score(feasible, metrics)[0]


def geometric_mean_edap(problem: AcceleratorProblem, levels: Levels) -> float:
    """Geometric-mean EDAP of one design, J·s·mm²; NaN if it is not feasible."""
    levels, metrics = problem.feasible(levels)
    if not len(levels):
        return math.nan
    F, _ = problem.score(levels, metrics)
    return float(SCORES["edap_geomean"](problem.costs(F))[0])


def select_all(studies: Sequence[Study], pools: Sequence[Levels]) -> list[Answer]:
    """The best of some designs of each study; regrets are against the best EDAPs of all pools.

    A network's best EDAP is on a design that need not run the other networks or, without
    baselines, on one that does.

    Args:
        studies: the studies, of one criterion.
        pools: designs of each study, shape (n, n_parameters) each.
    """
    reference = None
    if studies[0].resolved_criterion.is_regret:
        pairs = zip(studies, pools, strict=True)
        reference = np.fmin.reduce([_best_edap(study, pool) for study, pool in pairs])
    return [select(s, pool, reference) for s, pool in zip(studies, pools, strict=True)]


def _best_edap(study: Study, pool: Levels) -> Floats:
    """Best EDAP of each network over some designs, J·s·mm², shape (W,); infinite without one."""
    problem, best = study.problem(), []
    for name in problem.workload_names:
        task = ProofTask((name,), network=name if study.baselines else "")
        of_task = task.problem(problem)
        F, _ = of_task.score(*of_task.feasible(pool))
        at = of_task.workload_names.index(name)
        best.append(of_task.costs(F).edap[:, at].min(initial=np.inf))
    return np.array(best)


def select(
    study: Study,
    designs: Levels,
    reference_edap: Floats | None,
    *,
    how: str = SELECTED,
    **known: Any,
) -> Answer:
    """The best of some designs by the criterion of a study.

    Args:
        study: the study.
        designs: candidates, shape (n, n_parameters).
        reference_edap: EDAP of each network that regrets are against, J·s·mm², shape (W,).
        how: how the candidates were found.
        known: further fields of the answer, such as `evidence`. With `gap` 0 the best design of
            the space is among the candidates.

    Returns:
        The answer; one without chip if no candidate is feasible.
    """
    problem = study.problem()
    front, F = feasible_designs(problem, designs)
    if not len(front):
        return Answer.without_chip(study, "no candidate is feasible")
    known_best = reference_edap if study.baselines else None
    candidates = Candidates(problem, front, F, known_best, reference_edap)
    best = candidates.chosen[study.score_name]
    score = float(candidates.scores[study.score_name][best])
    bound = score if known.get("gap") == 0.0 else math.nan
    return Answer(study, how, front[[best]], score=score, bound=bound, front=front, **known)
