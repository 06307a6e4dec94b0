"""Criteria as scores of designs and of lower bounds, and the plan of their proofs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np

from imcmoo.arrays import Floats
from imcmoo.model.metrics import Metrics
from imcmoo.problem.criteria import SINGLE_NETWORK, Criterion, score_prefix
from imcmoo.problem.limits import with_interval
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.scale import RATIO, Scale
from imcmoo.problem.scores import Costs
from imcmoo.problem.ties import EQUAL
from imcmoo.space.design_space import Levels


class NotProvable(ValueError):
    """A criterion or limit has no bounds; one line says why."""


@dataclass(frozen=True)
class BoundedCosts(Costs):
    """Lower bounds of costs; may have a tighter bound `edp` of energy × latency."""

    @cached_property
    def edap(self) -> Floats:
        """Lower bounds of each network's energy × delay × area, J·s·mm², shape (n, W)."""
        product = self.values.get("edp") if self.definition.delay == "latency" else None
        return self.definition.of(self.values, product)

    @classmethod
    def from_bounds(
        cls, bounds: Metrics, problem: AcceleratorProblem, levels: Levels, each: int = 1
    ) -> BoundedCosts:
        """Costs from the bounds of a model, `each` bounds per design of their node."""
        values = dict(bounds.values)
        if problem.gives_interval:
            values = with_interval(values)
        if problem.edap.area != "chip":  # which the chip is part of
            values.setdefault(problem.edap.quantities["area"], bounds.area_m2)
        if problem.cost_per_cm2:
            by_option = bounds.area_m2.reshape(len(levels), each).T
            values["cost"] = problem.cost(levels, by_option).T.ravel()
        # Only criteria that are chosen from a set look at objectives.
        objectives = np.empty((len(bounds.area_m2), 0))
        return cls(values, objectives, problem.weights, problem.edap)


@dataclass(frozen=True)
class BoundedCriterion:
    """A criterion to prove.

    Args:
        name: of the criterion.
        score: of designs, shape (n,), no smaller where any energy, latency, interval or
            area is larger.
        bound: lower bounds of scores from bounded costs; another function where the score itself
            depends on something only bounded, such as the single-network optima.
        score_scale: how scores compare.
        least: as `Criterion.least`.
        is_own: as `Criterion.is_own`.
    """

    name: str
    score: Callable[[Costs], Floats]
    bound: Callable[[Costs], Floats]
    score_scale: Scale = RATIO
    least: float = -math.inf
    is_own: bool = False

    @property
    def score_name(self) -> str:
        """Name of the score, `log10_NAME` of a decimal logarithm."""
        return f"{score_prefix(self.score_scale.kind)}{self.name}"

    def lower_bound(self, costs: Costs) -> Floats:
        """Lower bounds of scores: `bound`, but at least `least`."""
        return np.maximum(self.bound(costs), self.least)

    def gap(self, value: float, bound: float) -> float:
        """Gap between a value and a lower bound, 0 if they are equal; may be infinite."""
        if self.largest_equal(bound) >= value:
            return 0.0
        return float(self.score_scale.excess(value, bound))

    def largest_equal(self, value: float) -> float:
        """Largest score that is equal to a score."""
        return self.score_scale.limit(value, EQUAL)

    def pruning_threshold(self, value: float, gap: float) -> float:
        """Smallest bound of nodes that need no look, if a design has a value.

        Without a gap, designs with equal scores are looked at as well, since one of them may come
        first by the `TieRule`.
        """
        if gap == 0:
            return math.nextafter(self.largest_equal(value), math.inf)
        return self.score_scale.least(value, gap)


@dataclass(frozen=True)
class SingleNetworkOptima:
    """Proven lower bounds and best values of the EDAP of each network, J·s·mm², shape (W,) each."""

    bound: Floats
    value: Floats

    @classmethod
    def from_certificates(cls, optima: Mapping[str, Mapping[str, float]]) -> SingleNetworkOptima:
        """Create from `Certificate.single_network_optima`."""
        return cls(
            np.array([optimum["bound"] for optimum in optima.values()]),
            np.array([optimum["value"] for optimum in optima.values()]),
        )


def bounded_criteria(problem: AcceleratorProblem) -> dict[str, BoundedCriterion]:
    """Criteria that can be proven directly, by name.

    `edap_NETWORK` is the best EDAP of a network, on which regret criteria depend.
    """
    n = len(problem.workload_names)
    criteria = {
        c.name: bounded(c, n) for c in problem.criteria if c.monotone and c.against == "nothing"
    }
    if problem.has_edap:
        for w, name in enumerate(problem.workload_names):
            edap = partial(_edap_of_network, w=w)
            criteria[f"edap_{name}"] = BoundedCriterion(f"edap_{name}", edap, edap)
    return criteria


def bounded(criterion: Criterion, n: int) -> BoundedCriterion:
    """A criterion that judges a design of n networks by itself, as a bounded criterion."""
    return BoundedCriterion(
        criterion.name,
        partial(criterion.scores, reference_edap=None),
        partial(criterion.unchecked_scores, reference_edap=None),
        replace(criterion.score_scale, root=n) if criterion.is_product else criterion.score_scale,
        is_own=criterion.is_own,
    )


def regret_criteria(problem: AcceleratorProblem) -> dict[str, Criterion]:
    """Regret criteria by name; provable once the single-network optima are."""
    return {c.name: c for c in problem.criteria if c.monotone and c.is_regret}


def regret_criterion(criterion: Criterion, optima: SingleNetworkOptima) -> BoundedCriterion:
    """Regret against proven single-network optima, as a bounded criterion.

    Regret falls as the reference optimum rises. Incumbents are scored against the proven lower
    bound of each optimum and nodes against the best design found, so both stay valid bounds.
    """
    return BoundedCriterion(
        criterion.name,
        lambda costs: criterion.scores(costs, optima.bound),
        lambda costs: criterion.unchecked_scores(costs, optima.value),
        criterion.score_scale,
        criterion.least,
        is_own=criterion.is_own,
    )


def check_provable(problem: AcceleratorProblem) -> None:
    """Refuse limits without bounds.

    Raises:
        NotProvable: names the limit.
    """
    for w, key, _ in problem.limits.rows:
        if not problem.limits.is_monotone(key):
            raise NotProvable(
                f"{key} of {problem.workload_names[w]} cannot be certified: it may hold on a worse "
                "design and not on a better one; max_latency_s, max_energy_J and min_fps can; "
                "imcmoo enumerate evaluates all designs"
            )


def has_bounds(problem: AcceleratorProblem, criterion: str, *, of_space: bool = False) -> bool:
    """Check if bounds prove a criterion of a problem.

    Args:
        problem: the problem.
        criterion: name of the criterion.
        of_space: whether to check as well that the model bounds this space, by building its tree.
    """
    is_provable = any(criterion in names for names in provable(problem))
    if not (is_provable and problem.model.offers("partials")):
        return False
    try:
        check_provable(problem)
        if of_space:
            problem.model.partials(problem.largest_area_m2)
    except ValueError:
        return False
    return True


def _edap_of_network(costs: Costs, *, w: int) -> Floats:
    return costs.edap[:, w]


@dataclass(frozen=True)
class ProofTask:
    """Criteria that are proven together on one search tree.

    Args:
        names: names of the criteria.
        network: the only network that the chips must run; empty for all networks.
        prerequisites: names of single-network optima to prove before.
    """

    names: tuple[str, ...]
    network: str = ""
    prerequisites: tuple[str, ...] = ()

    def problem(self, joint: AcceleratorProblem) -> AcceleratorProblem:
        """The problem of the task: `joint`, which all networks have, or that of its network.

        Raises:
            NotProvable: there is no model of one network.
        """
        if not self.network:
            return joint
        if not joint.model.offers("for_network"):
            raise NotProvable("the cost model does not tell what one network alone would cost")
        return AcceleratorProblem(
            joint.model.time_multiplexed().for_network(self.network),
            area_limit_m2=joint.area_limit_m2,
            limits=joint.limits.given,
            edap=joint.edap,
        )

    def criteria(
        self, problem: AcceleratorProblem, optima: SingleNetworkOptima | None
    ) -> list[BoundedCriterion]:
        """Its bounded criteria.

        Args:
            problem: the problem of the task.
            optima: the optima that regrets depend on; None for other criteria.
        """
        if optima is not None:
            regrets = regret_criteria(problem).values()
            named = {n: c for c in regrets for n in (c.name, c.joint_name)}
            return [replace(regret_criterion(named[n], optima), name=n) for n in self.names]
        by_name: Mapping[str, BoundedCriterion] = bounded_criteria(problem)
        if self.network:
            return [replace(by_name[f"edap_{self.network}"], name=self.names[0])]
        return [by_name[name] for name in self.names]


def provable(problem: AcceleratorProblem) -> tuple[list[str], list[str]]:
    """Names of all provable criteria, prerequisites first.

    Returns:
        Criteria on chips that run all networks, and criteria on chips of one network.
    """
    later = regret_criteria(problem)
    single: list[str] = []
    if problem.has_edap and problem.model.offers("for_network"):
        single = [*(f"{SINGLE_NETWORK}{name}" for name in problem.workload_names), *later]
    return [*bounded_criteria(problem), *(c.joint_name for c in later.values())], single


def proof_plan(problem: AcceleratorProblem, names: Sequence[str]) -> list[ProofTask]:
    """Tasks that prove criteria (names from `provable`) and their prerequisites, in order."""
    networks = problem.workload_names
    joint = tuple(f"edap_{name}" for name in networks)
    optima = tuple(f"{SINGLE_NETWORK}{name}" for name in networks)
    later = regret_criteria(problem).values()
    against_joint = tuple(c.joint_name for c in later if c.joint_name in names)
    against_single = tuple(c.name for c in later if c.name in names)
    first = {n for n in bounded_criteria(problem) if n in names} | set(
        joint if against_joint else ()
    )
    single = {n for n in optima if n in names} | set(optima if against_single else ())
    parts = [
        ProofTask(tuple(n for n in bounded_criteria(problem) if n in first)),
        ProofTask(against_joint, prerequisites=joint),
        *(ProofTask((o,), network=n) for o, n in zip(optima, networks, strict=True) if o in single),
        ProofTask(against_single, prerequisites=optima),
    ]
    return [part for part in parts if part.names]
