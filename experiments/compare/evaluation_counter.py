"""Start of a compared search, and the counting of its evaluations and constraint checks."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pymoo.core.algorithm import Algorithm
from pymoo.core.population import Population
from pymoo.core.problem import Problem
from pymoo.core.variable import Choice, Integer

from imcmoo.arrays import Floats
from imcmoo.model.metrics import Metrics
from imcmoo.problem.criteria import Criterion
from imcmoo.problem.feasibility import Feasibility
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.scores import Score
from imcmoo.problem.solutions import indices
from imcmoo.record.evaluations import Evaluations
from imcmoo.space.design_space import Levels, Ranks

POPULATION = 100
"""Population size unless an algorithm has another one: pymoo's default."""

PROPOSALS = 20
"""Most designs that an algorithm may propose per unique design of its budget. Repeats cost nothing,
but an algorithm that proposes little else has converged."""


@dataclass(frozen=True)
class Start:
    """Inputs of a search.

    Args:
        problem: to search.
        initial: feasible designs to begin with, shape (n, n_parameters), as many as wanted.
        budget: unique designs.
        seed: of all chance.
        checks_are_free: True if infeasible designs do not count in the budget, as if all methods
            checked constraints before an evaluation.
    """

    problem: AcceleratorProblem
    initial: Levels
    budget: int
    seed: int
    checks_are_free: bool = False


Method = Callable[[Start], Evaluations]


class Counted:
    """Evaluates designs and archives each one that counts the first time, up to a budget.

    `seen` holds the ranks of all evaluated designs, of infeasible ones that do not count as well.
    """

    def __init__(self, start: Start) -> None:
        self.problem = start.problem
        self.budget = start.budget
        self.checks_are_free = start.checks_are_free
        self.proposed = 0
        self.seen: set[int] = set()
        self.archive = Evaluations(start.problem)

    @property
    def is_spent(self) -> bool:
        """True once the budget is used."""
        return len(self.archive) >= self.budget

    def __call__(self, levels: Levels) -> tuple[Floats, Floats]:
        """Return objectives and constraints, shapes (n, n_objectives) and (n, n_constraints)."""
        return self._scored(levels)[1:]

    def evaluate(self, levels: Levels) -> Metrics:
        """Evaluate designs, and archive the new ones that count, within the budget."""
        return self._scored(levels)[0]

    def _scored(self, levels: Levels) -> tuple[Metrics, Floats, Floats]:
        metrics = self.problem.model.evaluate(levels)
        self.proposed += len(levels)
        ranks = self.problem.space.rank(levels)
        self.seen.update(ranks.tolist())
        F, G = self.problem.score(levels, metrics)
        counts = np.all(G <= 0, axis=1) if self.checks_are_free else np.ones(len(levels), bool)
        first = np.sort(np.unique(ranks, return_index=True)[1])
        new = [i for i in first.tolist() if counts[i] and ranks[i] not in self.archive.seen]
        new = new[: self.budget - len(self.archive)]
        self.archive.append(levels[new], metrics.take(np.array(new, dtype=int)), generation=0)
        return metrics, F, G


def judged(problem: AcceleratorProblem) -> list[Criterion]:
    """Selection criteria of a comparison: those of the search, one of each group of criteria that
    order designs alike."""
    return [c for c in problem.guides if c.is_judged and not c.orders_like]


@dataclass(frozen=True)
class Objectives:
    """Objectives in place of those of the problem.

    Args:
        count: number of objectives of a problem.
        values: objectives of designs with the problem's objectives F, on the scale on which their
            differences count, shape (n, count).
    """

    count: Callable[[AcceleratorProblem], int]
    values: Callable[[Counted, Floats], Floats]

    @classmethod
    def from_score(cls, score: Score) -> Objectives:
        """One score as the only objective."""
        return cls(lambda _: 1, lambda counted, F: score(counted.problem.costs(F))[:, None])


def _criteria_scores(counted: Counted, F: Floats) -> Floats:
    """Scores by the judged criteria, of ratios the logarithms; minimax regret is against the best
    EDAP evaluated so far."""
    problem, archive = counted.problem, counted.archive
    costs, best = problem.costs(F), problem.best_joint_edap(archive.F[archive.feasible])
    columns = []
    for criterion in judged(problem):
        scores = criterion.unchecked_scores(costs, best)
        is_ratio = criterion.scale == "ratio"
        columns.append(np.log(scores + criterion.zero) if is_ratio else scores)
    return np.column_stack(columns)


def _n_criteria(problem: AcceleratorProblem) -> int:
    return len(judged(problem))


CRITERIA = Objectives(_n_criteria, _criteria_scores)
"""The selection criteria as objectives: what guides our search, given to a peer."""


class _Posed(Problem):  # type: ignore[misc]  # pymoo ships no types
    """The problem for pymoo's algorithms, counted, with other objectives or its own: coordinates,
    mostly logarithms, by which fronts are measured as well."""

    def __init__(
        self, counted: Counted, *, objectives: Objectives | None = None, mixed: bool = False
    ) -> None:
        p = counted.problem
        self._counted, self._objectives = counted, objectives
        names = p.space.names
        variables = {
            q.name: Integer(bounds=(0, len(q) - 1))
            if q.is_ordered
            else Choice(options=range(len(q)))
            for q in p.space.parameters
        }
        self._names = names
        super().__init__(
            n_obj=objectives.count(p) if objectives else p.n_obj,
            n_ieq_constr=p.n_constr,
            **({"vars": variables} if mixed else {"n_var": p.n_var, "xl": p.xl, "xu": p.xu}),
        )

    def _evaluate(self, X: Any, out: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        F, out["G"] = self._counted(self._levels(X))
        if self._objectives:
            out["F"] = self._objectives.values(self._counted, F)
        else:
            out["F"] = self._counted.problem.coordinates(F)

    def rescore(self, population: Population | None) -> None:
        """Update objectives that depend on the designs evaluated so far, as minimax regret does."""
        if self._objectives and population is not None and len(population):
            F, _ = self._counted.problem.evaluate(self._levels(population.get("X")))
            population.set("F", self._objectives.values(self._counted, F))

    def _levels(self, X: Any) -> Levels:
        if isinstance(X[0], dict):
            X = [[x[name] for name in self._names] for x in X]
        return indices(self._counted.problem.space, X)


def run(
    start: Start,
    make: Callable[[Levels], Algorithm],
    counted: Counted | None = None,
    each_generation: Callable[[Algorithm, int], None] | None = None,
    **posed: Any,
) -> Evaluations:
    """Run an algorithm of pymoo, made of the designs to begin with, until the budget is spent or it
    has converged; `counted` has evaluations before it, `each_generation` changes it, given the
    number of spent designs; `posed` is for `_Posed`."""
    counted = counted or Counted(start)
    algorithm = make(start.initial[:POPULATION])
    # Some of pymoo's parts break ties by the global generator instead of their own.
    np.random.seed(start.seed)  # noqa: NPY002
    problem = _Posed(counted, **posed)
    algorithm.setup(problem, seed=start.seed, termination=("n_gen", 10**9))
    algorithm.evaluator.callback = lambda _: problem.rescore(algorithm.pop)
    while not counted.is_spent and counted.proposed < PROPOSALS * start.budget:
        if each_generation:
            each_generation(algorithm, len(counted.archive))
        before = counted.proposed
        algorithm.next()
        if counted.proposed == before:
            break  # its mating has nothing to offer any more
    return counted.archive


class _CountingFeasibility(Feasibility):
    """Feasibility of a problem that counts constraint evaluations.

    A design counts once, whether it is screened, checked exactly or evaluated. Designs that agree
    in the parameters the screen depends on are one question to it; it counts until one of them is
    checked or evaluated, which answers it as well.
    """

    def __init__(self, problem: AcceleratorProblem) -> None:
        super().__init__(problem.model, problem.area_limit_m2)
        self.space = problem.space
        self._checked, self._asked, self._answered = (set[int]() for _ in range(3))
        self.count = 0

    def copy(self) -> Self:
        """A copy that goes on from this count."""
        other = copy(self)
        for name in ("_checked", "_asked", "_answered"):
            setattr(other, name, set(getattr(self, name)))
        return other

    def record(self, levels: Levels) -> None:
        """Count designs that are checked exactly or evaluated."""
        new = _add(self._checked, self.space.rank(levels))
        questions = _add(self._answered, self._questions(levels))
        self.count += len(new) - len(questions & self._asked)

    def violation(self, levels: Levels) -> Floats:
        self.record(levels)
        return super().violation(levels)

    def screened(self, levels: Levels) -> Floats:
        if self.screened_by.any():
            new = _add(self._asked, self._questions(levels))
            self.count += len(new - self._answered)
        return super().screened(levels)

    def _questions(self, levels: Levels) -> Ranks:
        """Rank of a design that represents all with the same screening result."""
        return self.space.rank(np.where(self.screened_by, levels, 0))


def _add(seen: set[int], ranks: Ranks) -> set[int]:
    """Add ranks to those that were seen; returns the new ones."""
    new = set(ranks.tolist()) - seen
    seen |= new
    return new


class CountingProblem(AcceleratorProblem):
    """A problem that counts the constraint evaluations of another; those of its own tables do not
    count."""

    def __init__(self, problem: AcceleratorProblem) -> None:
        self.__dict__ |= vars(problem)
        self.feasibility = self._counter = _CountingFeasibility(self)
        self._first: dict[int, int] = {}

    def after_start(self) -> Self:
        """A copy that goes on from this count: a search from designs that were drawn with it."""
        other = copy(self)
        other.feasibility = other._counter = self._counter.copy()
        other._first = {}
        return other

    def counts(self, levels: Levels) -> NDArray[np.int64]:
        """Return the count when each design was first evaluated, shape (n,)."""
        ranks = self.space.rank(levels).tolist()
        return np.array([self._first[rank] for rank in ranks], dtype=np.int64)

    def score(self, levels: Levels, metrics: Metrics) -> tuple[Floats, Floats]:
        """Score designs, which counts as an evaluation of their constraints."""
        for rank, design in zip(self.space.rank(levels).tolist(), levels, strict=True):
            self._counter.record(design[None])
            self._first.setdefault(rank, self._counter.count)
        return super().score(levels, metrics)
