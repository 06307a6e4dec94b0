"""Enumeration of all designs of a problem: exact optima and the exact Pareto front.

Designs with the same mapping key share costly work and are evaluated together. Each chunk of
mapping keys yields a `PartialResult`; merged, they yield the exact answer. Mapping keys that the
screen of the model rules out are skipped.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from imcmoo.arrays import Bools, Floats, Ints
from imcmoo.exact.enumerated_scores import relative_scores, scores, single_network_edap, tie_rules
from imcmoo.model.cost_model import CostModel
from imcmoo.model.metrics import Metrics
from imcmoo.problem.criteria import SINGLE_NETWORK
from imcmoo.problem.dominance import is_nondominated
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.scores import Costs
from imcmoo.problem.ties import COSTS, EQUAL, TieRule
from imcmoo.space.design_space import Levels, Ranks

DESIGNS_PER_ENUMERATION_CHUNK = 2048 * 48
"""Designs in a chunk: about 50 MB for nine networks, and 1 s of work."""

FEW_NETWORKS = 9
"""Number of networks up to which chunks have full size."""

MAPPING_KEYS_PER_SCREEN = 1 << 18
"""Mapping keys screened at once; bounds memory."""


SCREENING_S = 1.0
"""Time limit of the screen, s; designs not ruled out by then count as remaining."""


class TooMany(ValueError):
    """There are more designs than allowed.

    Args:
        left: number of designs that the screen did not rule out in time.
    """

    def __init__(self, left: int) -> None:
        super().__init__(f"{left:,} designs are left to enumerate")
        self.left = left


class NothingFeasible(ValueError):
    """No design of a problem is feasible.

    Args:
        nearest: the evaluated design with the smallest violation, shape (1, n_parameters); empty if
            the screen ruled out all.
        single_network: single-network optima by `alone_NETWORK`; infinite where there is none.
    """

    def __init__(self, nearest: Levels, single_network: Mapping[str, Optimum]) -> None:
        super().__init__("no design is feasible")
        self.nearest = nearest
        self.single_network = single_network


@dataclass(frozen=True)
class Optimum:
    """Best value of a criterion, and the ranks of all designs that reach it: first the one that the
    `TieRule` of the problem chooses, then the others, ascending."""

    value: float
    ranks: Ranks

    @classmethod
    def from_scores(cls, scores: Floats, costs: Costs, ranks: Ranks, ties: TieRule) -> Optimum:
        """Optimum of designs with these scores, costs and ranks; NaN is ignored."""
        at = ties.tied(scores)
        tied, value = ranks[at], float(np.fmin.reduce(scores, initial=np.inf))
        if len(tied) < 2:
            return cls(value, tied)
        _, first = ties.first(costs.take(at), tied)
        return cls(value, np.concatenate([tied[[first]], np.sort(np.delete(tied, first))]))


@dataclass(frozen=True)
class PartialResult:
    """Designs of a chunk that can still be optimal or on the front.

    Args:
        n_feasible: number of feasible designs of the chunk.
        ranks: the kept designs, shape (n,).
        F: their objectives, shape (n, n_objectives).
        single_network: by network, the smallest EDAP of a chip that need not run the others,
            J·s·mm²; empty without EDAP.
        nearest: the smallest violation, octaves (0 if any is feasible), and a design that has it.
    """

    n_feasible: int
    ranks: Ranks
    F: Floats
    single_network: list[Optimum]
    nearest: Optimum


@dataclass(frozen=True)
class ExactAnswer:
    """Exact optima and Pareto front of a problem. Arrays are read-only.

    Args:
        n_feasible: number of feasible designs.
        optima: by criterion: those of `scores`; `alone_NETWORK`, the single-network optimum (best
            EDAP on a chip within the area limit and its own limits that need not run the others);
            regret criteria against these (`regret_minimax`); and regret criteria against the best
            EDAP on any feasible design (`regret_minimax_joint`).
        front: distinct non-dominated objective vectors, sorted, shape (k, n_objectives).
        ranks: design of lowest rank of each point, shape (k,).
        designs: number of designs of each point, shape (k,).
        executed, confirmation: see `Certificate`; of the design that the study selects.
    """

    n_feasible: int
    optima: dict[str, Optimum]
    front: Floats
    ranks: Ranks
    designs: Ints
    executed: tuple[Mapping[str, Any], ...] = ()
    confirmation: str = ""

    def __post_init__(self) -> None:
        for name in ("front", "ranks", "designs"):
            view = getattr(self, name).view()
            view.setflags(write=False)
            object.__setattr__(self, name, view)


class Enumeration:
    """Enumerate all designs of a problem, in chunks of mapping keys.

    Call `answer`, or distribute the work: evaluate each of `chunks` with `evaluate_chunk`, then
    `merge` the results.

    Args:
        problem: the design problem.
    """

    def __init__(self, problem: AcceleratorProblem) -> None:
        self.problem = problem
        model, names = problem.model, problem.space.names
        self.mapping_parameters = list(model.mapping_parameters or names)
        self.point_parameters = [n for n in names if n not in self.mapping_parameters]
        self.single_networks: list[CostModel] = model.single_network_models()

    @cached_property
    def points(self) -> Levels:
        """All combinations of the other parameters, shape (n_points, n_parameters)."""
        return self.problem.space.grid(self.point_parameters)

    def designs(self, keys: Ranks) -> Levels:
        """All designs of mapping keys, key by key, shape (n_keys · n_points, n_parameters)."""
        levels = self.problem.space.unrank(keys, self.mapping_parameters)
        n_designs = len(levels) * len(self.points)
        return (levels[:, None] + self.points).reshape(n_designs, self.points.shape[1])

    def chunks(
        self,
        *,
        at_most: int | None = None,
        on_screened: Callable[[int, int], None] = lambda done, total: None,
    ) -> list[Ranks]:
        """Split the mapping keys on which any network may run within the area limit.

        Args:
            at_most: largest number of designs. If None, there is no limit.
            on_screened: called with the number of screened mapping keys and of all.

        Returns:
            Ranks of mapping keys, ascending, in chunks of `DESIGNS_PER_ENUMERATION_CHUNK` designs,
            fewer for many networks.

        Raises:
            TooMany: more than `at_most` designs pass the screen.
        """
        space, began = self.problem.space, time.monotonic()
        n, n_points = space.size_of(self.mapping_parameters), space.size_of(self.point_parameters)
        passing_keys: list[Ranks] = []
        n_screened = 0

        def check() -> None:
            left = (n - n_screened + sum(map(len, passing_keys))) * n_points
            hopeful = (
                self.single_networks[0].offers("screen") and time.monotonic() < began + SCREENING_S
            )
            if at_most is not None and left > at_most and not hopeful:
                raise TooMany(left)

        for at in range(0, n, MAPPING_KEYS_PER_SCREEN):
            keys = np.arange(at, min(at + MAPPING_KEYS_PER_SCREEN, n))
            passing_keys.append(self._passing(keys, check))
            n_screened += len(keys)
            on_screened(n_screened, n)
        passing = np.concatenate(passing_keys)
        if at_most is not None and len(passing) * n_points > at_most:
            raise TooMany(len(passing) * n_points)
        share = max(1.0, len(self.problem.workload_names) / FEW_NETWORKS)
        step = max(1, int(DESIGNS_PER_ENUMERATION_CHUNK / share) // len(self.points))
        return [passing[i : i + step] for i in range(0, len(passing), step)]

    def _passing(self, keys: Ranks, check: Callable[[], None]) -> Ranks:
        """Mapping keys that the screen does not rule out for every network."""
        check()
        if not self.single_networks[0].offers("screen"):
            return keys
        space, limit = self.problem.space, self.problem.area_limit_m2
        levels = space.unrank(keys, self.mapping_parameters)
        passes = np.zeros(len(keys), dtype=bool)
        # The screen ignores most parameters outside the mapping key.
        screened_by = [n for n in self.point_parameters if n in self.single_networks[0].screened_by]
        for rank in range(space.size_of(screened_by)):
            designs = levels + space.unrank(np.array([rank]), screened_by)
            for model in self.single_networks:
                quick = model.screen(designs)
                fits = quick.runs.any(axis=1)
                passes |= fits if limit is None else fits & (quick.area_m2 <= limit)
            if passes.all():
                break
            check()
        return keys[passes]

    def evaluate_chunk(self, keys: Ranks) -> PartialResult:
        """Evaluate all designs of some mapping keys.

        Args:
            keys: ranks of mapping keys, shape (n,).
        """
        problem = self.problem
        designs = self.designs(keys)
        ranks = problem.space.rank(designs)
        metrics = problem.model.evaluate(designs)
        F, G = problem.score(designs, metrics)
        feasible = np.asarray((G <= 0).all(axis=1))
        kept = np.flatnonzero(feasible)
        own_scores = scores(problem, problem.costs(F[kept]))
        kept = kept[pareto_candidates(problem, F[kept], own_scores)]
        single: list[Optimum] = []
        if problem.has_edap:
            same = self.single_networks == [problem.model]
            parts = [metrics] if same else [m.evaluate(designs) for m in self.single_networks]
            single = self._single_network_optima(parts, ranks)
        nearest = _least_violated(G, feasible, ranks)
        return PartialResult(int(feasible.sum()), ranks[kept], F[kept], single, nearest)

    def _single_network_optima(self, parts: Sequence[Metrics], ranks: Ranks) -> list[Optimum]:
        """Optimum of each network among designs with some ranks, from their metrics by each of the
        single-network models."""
        costs = [
            costs_of_networks(part, [w])
            for part, model in zip(parts, self.single_networks, strict=True)
            for w in range(len(model.workload_names))
        ]
        each = zip(self._single_network_edap(parts).T, costs, strict=True)
        return [Optimum.from_scores(v, c, ranks, self.problem.ties()) for v, c in each]

    def _single_network_optimum(self, w: int, of_chunks: Sequence[Optimum]) -> Optimum:
        """Optimum of the network in column w over all chunks."""
        least = min((o.value for o in of_chunks), default=np.inf)
        limit = self.problem.ties().limit(least)
        tied = [o for o in of_chunks if o.value <= limit and len(o.ranks)]
        if len(tied) < 2:
            return tied[0] if tied else Optimum(np.inf, np.empty(0, dtype=np.int64))
        ranks = np.concatenate([o.ranks for o in tied])
        levels = self.problem.space.unrank(ranks)
        parts = [model.evaluate(levels) for model in self.single_networks]
        return self._single_network_optima(parts, ranks)[w]

    def _single_network_edap(self, parts: Sequence[Metrics]) -> Floats:
        """EDAP of each network on chips of its own, J·s·mm², shape (n, W); NaN if infeasible."""
        values = single_network_edap(self.problem.edap, self.single_networks, parts)
        fits = [
            np.repeat(p.area_m2[:, None] <= self.problem.largest_area_m2, p.runs.shape[1], axis=1)
            for p in parts
        ]
        values[~np.concatenate(fits, axis=1)] = np.nan
        each = {
            name: np.concatenate([p.values[name] for p in parts], axis=1)
            for name, value in parts[0].values.items()
            if value.ndim > 1
        }
        values[~self.problem.limits.within(each)] = np.nan
        return values

    def merge(self, findings: Sequence[PartialResult]) -> ExactAnswer:
        """Merge the results of all chunks to the exact answer.

        Raises:
            NothingFeasible: no design is feasible.
        """
        problem = self.problem
        n_feasible = sum(f.n_feasible for f in findings)
        nothing = Optimum(np.inf, np.empty(0, dtype=np.int64))
        single = {
            f"{SINGLE_NETWORK}{name}": self._single_network_optimum(
                w, [f.single_network[w] for f in findings]
            )
            for w, name in enumerate(problem.workload_names if problem.has_edap else [])
        }
        if not n_feasible:
            least = min((f.nearest for f in findings), key=lambda o: o.value, default=nothing)
            raise NothingFeasible(problem.space.unrank(least.ranks), single)
        ranks = np.concatenate([f.ranks for f in findings])
        order = np.argsort(ranks)
        ranks, F = ranks[order], np.concatenate([f.F for f in findings])[order]
        costs = problem.costs(F)
        by_criterion = scores(problem, costs)
        if problem.has_edap:
            joint = costs.edap.min(axis=0).tolist()
            best = [optimum.value for optimum in single.values()]
            by_criterion |= relative_scores(problem, costs, joint, best)
        if (tolerance := problem.tolerance) is not None:
            by_criterion[tolerance.name] = tolerance.scores(
                by_criterion[tolerance.first_name], by_criterion[tolerance.second_name]
            )
        rules = tie_rules(problem)
        optima = {
            name: Optimum.from_scores(score, costs, ranks, rules[name])
            for name, score in by_criterion.items()
        }
        on_front = is_nondominated(F)
        front, first, n = np.unique(F[on_front], axis=0, return_index=True, return_counts=True)
        return ExactAnswer(n_feasible, optima | single, front, ranks[on_front][first], n)

    def answer(self) -> ExactAnswer:
        """Enumerate all designs in this process."""
        return self.merge([self.evaluate_chunk(keys) for keys in self.chunks()])


def costs_of_networks(metrics: Metrics, networks: list[int]) -> Costs:
    """Costs by which a `TieRule` orders chips for some networks, given by their columns."""
    values = {
        name: v[:, networks] if v.ndim > 1 else v
        for name, v in metrics.values.items()
        if name in COSTS
    }
    return Costs(values, np.empty((len(metrics.area_m2), 0)))


def _least_violated(G: Floats, feasible: Bools, ranks: Ranks) -> Optimum:
    """Smallest violation of designs with constraints G, and the first design that has it."""
    if feasible.any():
        return Optimum(0.0, ranks[[feasible.argmax()]])
    violation = np.maximum(G, 0.0).sum(axis=1)
    return Optimum(float(violation.min()), ranks[[violation.argmin()]])


def pareto_candidates(
    problem: AcceleratorProblem, F: Floats, scores: Mapping[str, Floats]
) -> Bools:
    """True for feasible designs that can be optimal or on the front of more designs, shape (n,).

    These are non-dominated designs; designs that no other beats in the EDAP of all networks at
    once, which alone can have the smallest minimax regret; and the best by every other criterion.

    Args:
        F: objectives, shape (n, n_objectives).
        scores: by criterion, shape (n,).
    """
    if not len(F):
        return np.zeros(0, dtype=bool)
    keep = is_nondominated(F)
    if problem.has_edap:
        keep |= _undefeated(problem.costs(F).edap)
    rules = tie_rules(problem)
    for name, values in scores.items():
        keep[rules[name].tied(values)] = True
    return keep


def _undefeated(values: Floats) -> Bools:
    """True for rows of (n, W) that no other row beats in all columns."""
    best = np.unique(values[is_nondominated(values)], axis=0)
    # Rows with the smallest product exclude most others.
    best = best[np.argsort(np.log(best).sum(axis=1))]
    left = np.arange(len(values))
    for row in best:
        left = left[~(row * (1 + EQUAL) < values[left]).all(axis=1)]
    undefeated = np.zeros(len(values), dtype=bool)
    undefeated[left] = True
    return undefeated
