"""Compare algorithms on one study over many seeds: regret after how many designs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from io import StringIO
from typing import Any

import numpy as np
import pandas as pd

from experiments.compare.evaluation_counter import CountingProblem, Method, Start, judged
from experiments.publish import Result
from imcmoo.analysis.indicators import igd_plus, indicators
from imcmoo.arrays import Floats, Ints
from imcmoo.exact.regret import ROUNDING, Regret
from imcmoo.problem.dominance import distinct_front
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.record.evaluations import Evaluations
from imcmoo.search.sampling import draw_diverse
from imcmoo.study.study import Study

OURS = "ours"

UNCHECKING = "paper's GA"
"""The algorithm that plans ahead for its budget and evaluates no constraints before designs."""

LARGEST_REGRET = "largest_regret"
"""The largest regret over the criteria, by which designs are selected from the same run."""

FRONT = {
    "igd_plus": "IGD+",
    "hypervolume": "hypervolume",
    "epsilon_multiplicative": "epsilon",
    "coverage": "coverage",
}
"""Indicators of the front against the exact one, or the best of all compared runs; titles."""

TITLES = {LARGEST_REGRET: "largest regret", **FRONT}

USED = "designs_used"
"""Designs that a run evaluated within a budget: an algorithm that converges leaves some over."""

FRONT_TARGETS = (0.1, 0.05, 0.02, 0.01, 0.005)
"""IGD+ for which the number of designs is recorded, to the next of `FRONT_STEPS` a decade."""

FRONT_STEPS = 8

PRIMARY = 3300
"""Unique designs after which algorithms are judged first of all: the published budget."""

SEEDS = 31

INITIAL = 500
"""Designs of a start, of which each algorithm takes as many as it needs."""

DESIGNS, CHECKS = "designs", "checks"
"""What a budget counts: designs evaluated, or constraint evaluations as well."""

MAX_PREPARED = 1 << 24
"""Most chips that a model may work out ahead of a comparison."""

TARGETS = (0.10, 0.05, 0.01, 0.001, 0.0)
"""Regrets for which the first design is recorded."""

COLUMNS = {
    "runs": ["method", "seed", "counted", "budget", "indicator", "value"],
    "target": ["method", "seed", "indicator", "target", "evaluations"],
}
"""Columns of the tables of `search_all`."""

Rows = list[tuple[Any, ...]]

Ends = Mapping[tuple[str, int], int]
"""Number of designs evaluated when a budget is spent, by what is counted and the budget."""

POINTS = "points "
"""Prefix of the names of fronts."""

Judge = Callable[[AcceleratorProblem], Regret]
"""Returns how regret is measured on a problem."""


@dataclass(frozen=True)
class Rules:
    """Rules of a comparison.

    Args:
        study: the study that is searched.
        judge: measures regret.
        budgets: unique designs, ascending.
        primary: budget of the run whose hits are counted; None for none.
        methods: algorithms by name.
        phased: algorithms that plan ahead for their budget: a smaller budget is another run, not
            the start of a longer one.
        criteria: selection criteria; those of the search by default.
        targets: regrets for which the first design is recorded.
        seeds: number of seeds by algorithm and budget, if not all.
    """

    study: Study
    judge: Judge
    budgets: tuple[int, ...]
    primary: int | None
    methods: dict[str, Method]
    phased: frozenset[str]
    criteria: tuple[str, ...] | None = None
    targets: tuple[float, ...] = TARGETS
    seeds: Mapping[str, Mapping[int, int]] = field(default_factory=dict)

    def budgets_of(self, method: str, seed: int) -> tuple[int, ...]:
        """Return the budgets after which an algorithm is judged with a seed."""
        limits = self.seeds.get(method, {})
        return tuple(n for n in self.budgets if seed < limits.get(n, seed + 1))


def search(rules: Rules, seed: int) -> Result:
    """Run all algorithms of a comparison with a seed; see `search_all`."""
    judge = rules.judge(_prepared(rules.study))
    result = search_all(rules, judge, seed)
    if judge.front is None:
        _prepared.cache_clear()  # a model keeps each chip it has met: gigabytes in extended spaces
    return result


@lru_cache(maxsize=1)
def _prepared(study: Study) -> AcceleratorProblem:
    """Make the problem of a study once in each process."""
    problem = study.problem()
    # Plain algorithms also evaluate chips that are far too large.
    problem.model.prepare(np.inf, at_most=min(problem.space.size, MAX_PREPARED))
    return problem


def search_all(rules: Rules, judge: Regret, seed: int) -> Result:
    """Run all algorithms from equal starts with one seed.

    Returns:
        Two tables: `runs`, the value of each indicator (regret by criterion, `FRONT`) by method,
        what is counted and budget; and `target`, if there is a primary budget, designs evaluated
        until its run reached a value. Of the front it has IGD+ only where checks count or there is
        no primary budget. Where no exact front is known, also the front of each run, as
        `points COUNTED BUDGET METHOD`.
    """
    problem = judge.problem
    rng = np.random.default_rng((seed, 1))
    drawing = CountingProblem(problem)
    initial = draw_diverse(drawing, INITIAL, rng)
    rows: dict[str, Rows] = {name: [] for name in COLUMNS}
    fronts: Result = {}
    criteria = rules.criteria or tuple(c.name for c in judged(problem))
    for name, method in rules.methods.items():
        budgets = rules.budgets_of(name, seed)
        for budget in budgets if name in rules.phased else budgets[-1:]:
            counting = drawing.after_start()  # the checks that drew the start count, too
            archive = method(Start(counting, initial, budget, seed, checks_are_free=True))
            best = best_so_far(judge, archive, criteria)
            run = _Run(rules, name, seed, archive, counting.counts(archive.levels), best)
            rows["runs"] += [(name, seed, *row) for row in run.judged_by(judge, budget)]
            rows["target"] += [(name, seed, *row) for row in run.hits(judge, budget)]
            if judge.front is None:
                fronts |= run.fronts(problem, budget)
    tables = {name: pd.DataFrame(lines, columns=COLUMNS[name]) for name, lines in rows.items()}
    return fronts | {name: table for name, table in tables.items() if len(table)}


@dataclass(frozen=True)
class _Run:
    """A finished search.

    Args:
        rules, method, seed: of the comparison.
        archive: designs in the order of their evaluation.
        counts: designs checked or evaluated until each of them, shape (n,).
        best: least regret by criterion among the designs until each of them, shape (n,).
    """

    rules: Rules
    method: str
    seed: int
    archive: Evaluations
    counts: Ints
    best: Mapping[str, Floats]

    def judged_by(self, judge: Regret, budget: int) -> Rows:
        """Rows of `runs`, but for method and seed, of the run planned for a budget."""
        problem, ends = judge.problem, self.ends(budget)
        rows = _values(self.best, ends)
        if judge.front is not None:
            exact = problem.coordinates(judge.front)
            for (counted, total), n in ends.items():
                whole = counted == DESIGNS and self.rules.primary is not None
                measured = _measured(self.points(problem, n), exact, whole=whole)
                rows += [(counted, total, *value) for value in measured.items()]
        used = {USED: np.arange(1.0, len(self.archive) + 1)}
        return rows + _values(used, {end: n for end, n in ends.items() if end[0] == DESIGNS})

    def hits(self, judge: Regret, budget: int) -> Rows:
        """Rows of `target`, but for method and seed, of the run planned for a budget."""
        problem, primary = judge.problem, self.rules.primary
        if primary is None or primary not in self.cuts(budget):
            return []
        at = np.arange(1, primary + 1)
        targets = self.rules.targets
        rows = [hit for name in self.best for hit in _hits(name, self.best[name], at, targets)]
        if judge.front is None:
            return rows
        n_steps = int(FRONT_STEPS * np.log10(primary / 100)) + 1
        at = np.unique(np.geomspace(min(100, primary), primary, max(1, n_steps)).astype(int))
        exact = problem.coordinates(judge.front)
        reached = np.array([igd_plus(self.points(problem, n), exact) for n in at.tolist()])
        return rows + _hits("igd_plus", reached, at, FRONT_TARGETS)

    def cuts(self, budget: int) -> list[int]:
        """Budgets that the run planned for a budget is judged at."""
        phased = self.method in self.rules.phased
        return [budget] if phased else list(self.rules.budgets_of(self.method, self.seed))

    def ends(self, budget: int) -> Ends:
        """Designs evaluated when each budget is spent, by what it counts and its size, of the run
        planned for a budget."""
        rules, checked = self.rules, self.cuts(budget)
        by_designs = {(DESIGNS, n): n for n in checked}
        if self.method in rules.phased - {UNCHECKING}:
            # Where checks count, a budget is spent by the run planned for the next smaller one.
            checked = totals(rules.budgets_of(self.method, self.seed), budget)
        spent = {cut: int(np.searchsorted(self.counts, cut, side="right")) for cut in checked}
        return by_designs | {(CHECKS, cut): n for cut, n in spent.items()}

    def points(self, problem: AcceleratorProblem, n: int) -> Floats:
        """Front of the first `n` designs, in coordinates, shape (k, n_objectives)."""
        return distinct_front(problem.coordinates(self.archive.F[:n][self.archive.feasible[:n]]))

    def fronts(self, problem: AcceleratorProblem, budget: int) -> Result:
        """Front at each budget, by `points COUNTED BUDGET METHOD`."""
        return {
            f"{POINTS}{counted} {total} {self.method}": self.points(problem, n)
            for (counted, total), n in self.ends(budget).items()
        }


def totals(budgets: Sequence[int], planned: int) -> list[int]:
    """Return the budgets in checks that are spent by the run planned for so many designs: the next
    larger one, and for the smallest plan also its own budget."""
    plans = zip((budgets[0], *budgets[:-1]), budgets, strict=True)
    return [total for plan, total in plans if plan == planned]


def best_so_far(judge: Regret, archive: Evaluations, criteria: Sequence[str]) -> dict[str, Floats]:
    """Regret of the best feasible design after each evaluation, inf before the first, shape (n,),
    by criterion; and the largest over the criteria as `LARGEST_REGRET`."""
    regret = np.full((len(criteria), len(archive)), np.inf)
    feasible = archive.feasible
    regrets = judge.regrets(archive.F[feasible])
    for row, name in zip(regret, criteria, strict=True):
        row[feasible] = np.where(regrets[name] < ROUNDING, 0.0, regrets[name])
    best = np.minimum.accumulate(regret, axis=1)
    return dict(zip(criteria, best, strict=True)) | {LARGEST_REGRET: best.max(axis=0)}


def _values(best: Mapping[str, Floats], ends: Ends) -> Rows:
    """Rows of indicators: what is counted, budget, name, value when the budget is spent."""
    return [
        (*end, name, values[:n][-1] if n and len(values) else np.inf)
        for end, n in ends.items()
        for name, values in best.items()
    ]


def _measured(points: Floats, front: Floats, *, whole: bool) -> dict[str, float]:
    """IGD+ of the front of a run, or every indicator; infinite before the first feasible design."""
    if not len(points):
        return {"igd_plus": np.inf}
    return indicators(points, front) if whole else {"igd_plus": igd_plus(points, front)}


def _hits(name: str, values: Floats, at: Ints, targets: Sequence[float]) -> Rows:
    """Indicator, target and the evaluations, of those in `at`, until its values reached it."""
    hits = [np.flatnonzero(values[: len(at)] <= target) for target in targets]
    evaluations = [float(at[hit[0]]) if len(hit) else np.inf for hit in hits]
    return [(name, *reached) for reached in zip(targets, evaluations, strict=True)]


def tables(results: Sequence[Result]) -> dict[str, pd.DataFrame]:
    """Join stored tables of all tasks, and measure fronts of `search_all`, one result for each
    seed, against the best of all runs where the exact one is not known."""
    parts: dict[str, list[pd.DataFrame]] = {}
    fronts = []
    for seed, result in enumerate(results):
        for name, stored in result.items():
            if name.startswith(POINTS):
                fronts.append((seed, name.removeprefix(POINTS).split(" ", 2), stored))
            else:
                parts.setdefault(name, []).append(pd.read_csv(StringIO(str(stored))))
    frames = {name: pd.concat(part, ignore_index=True) for name, part in parts.items()}
    if fronts:
        best = distinct_front(np.concatenate([points for _, _, points in fronts]))
        rows = [
            (method, seed, counted, int(budget), *value)
            for seed, (counted, budget, method), points in fronts
            for value in _measured(points, best, whole=counted == DESIGNS).items()
        ]
        measured = pd.DataFrame(rows, columns=COLUMNS["runs"])
        frames["runs"] = pd.concat([frames["runs"], measured], ignore_index=True)
    return frames
