"""Compare algorithms on one study over many seeds: regret after how many designs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.compare.check_counter import CountingProblem
from experiments.compare.evaluation_counter import Method, Start
from imcmoo.analysis.indicators import coverage, epsilon_multiplicative, igd_plus
from imcmoo.exact.regret import Regret
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.search.archive import Archive
from imcmoo.search.sampling import DiverseFeasibleSampling
from imcmoo.search.schedule import PAPER
from imcmoo.study.study import Study

OURS = "ours"

WORST = "worst"
"""The largest regret over the criteria, by which designs are selected from the same run."""

PRIMARY = 3300
"""Unique designs after which algorithms are judged first of all: the published budget."""

SEEDS = 31

DESIGNS, CHECKS = "designs", "checks"
"""What a budget counts: designs evaluated, or constraint evaluations as well."""

EQUAL = 1e-9
"""Regret that counts as 0: the order of summation moves the last digits."""

MOST_PREPARED = 1 << 24
"""Most chips that a model may work out ahead of a comparison."""

TARGETS = (0.10, 0.05, 0.01, 0.001, 0.0)
"""Regrets for which the first design is recorded."""

Columns = dict[str, NDArray[Any]]
"""Columns of tables, named `table.column`."""

Judge = Callable[[AcceleratorProblem], Regret]
"""Returns how regret is measured on a problem."""


@dataclass(frozen=True)
class Rules:
    """Rules of a comparison.

    Args:
        study: the study that is searched.
        judge: measures regret.
        budgets: unique designs, ascending.
        primary: budget of the run whose front is measured and whose hits are counted; None for
            neither.
        methods: algorithms by name.
        phased: algorithms that plan ahead for their budget: a smaller budget is another run, not
            the start of a longer one.
        criteria: selection criteria; those of the search by default.
        checking: phased algorithms that evaluate constraints before designs. If checks are counted,
            a budget is spent by the run planned for the next smaller one.
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
    checking: frozenset[str] = frozenset({OURS})
    targets: tuple[float, ...] = TARGETS
    seeds: Mapping[str, Mapping[int, int]] = field(default_factory=dict)

    def budgets_of(self, method: str, seed: int) -> tuple[int, ...]:
        """Return the budgets after which an algorithm is judged with a seed."""
        limits = self.seeds.get(method, {})
        return tuple(n for n in self.budgets if seed < limits.get(n, seed + 1))


def judged(problem: AcceleratorProblem) -> tuple[str, ...]:
    """List the selection criteria of a comparison: those of the search, one of each group of
    criteria that order designs alike."""
    return tuple(c.name for c in problem.guides if c.is_judged and not c.orders_like)


def search(rules: Rules, seed: int) -> Columns:
    """Run all algorithms of a comparison with a seed; see `search_all`."""
    return search_all(rules, rules.judge(_prepared(rules.study)), seed)


@lru_cache(maxsize=1)
def _prepared(study: Study) -> AcceleratorProblem:
    """Make the problem of a study once in each process."""
    problem = study.problem()
    # Plain algorithms also evaluate chips that are far too large.
    problem.model.prepare(np.inf, at_most=min(problem.space.size, MOST_PREPARED))
    return problem


def search_all(rules: Rules, judge: Regret, seed: int) -> Columns:
    """Run all algorithms from equal starts with one seed.

    Returns:
        Columns of three tables: `regret` by method, what is counted, budget and criterion;
        `target`: designs evaluated until a regret was reached; `front`: distance of the front from
        the exact one, if that is known, and constraint evaluations. The last two at the primary
        budget.
    """
    problem = judge.problem
    rng = np.random.default_rng((seed, 1))
    initial = DiverseFeasibleSampling()._do(problem, PAPER.initial, random_state=rng)
    counting = CountingProblem(problem)
    rows: dict[str, list[dict[str, Any]]] = {"regret": [], "target": [], "front": []}
    for name, method in rules.methods.items():
        budgets = rules.budgets_of(name, seed)
        for budget in budgets if name in rules.phased else budgets[-1:]:
            counting.reset()
            archive = method(Start(counting, initial, budget, seed))
            run = _Run(rules, name, seed, archive, counting.counts(archive.levels))
            for table, judged in run.judged_by(judge, budget).items():
                rows[table] += judged
    return {
        f"{table}.{column}": np.array([row[column] for row in lines])
        for table, lines in rows.items()
        for column in (lines[0] if lines else ())
    }


@dataclass(frozen=True)
class _Run:
    """A finished search.

    Args:
        rules: of the comparison.
        method: name of the algorithm.
        seed: of the search.
        archive: the evaluated designs.
        counts: constraint evaluations up to each of them.
    """

    rules: Rules
    method: str
    seed: int
    archive: Archive
    counts: NDArray[np.int64]

    def judged_by(self, judge: Regret, budget: int) -> dict[str, list[dict[str, Any]]]:
        """Return the rows of the three tables of `search_all`; `budget` is the planned one."""
        rules, name, counts = self.rules, self.method, self.counts
        best = best_so_far(judge, self.archive, rules.criteria or judged(judge.problem))
        keys = {"method": name, "seed": self.seed}
        budgets = rules.budgets_of(name, self.seed)
        cuts = [budget] if name in rules.phased else list(budgets)
        regret = _regrets(best, {n: n for n in cuts}, keys | {"counted": DESIGNS})
        if name in rules.checking:
            cuts = totals(budgets, budget)
        within = {cut: int(np.searchsorted(counts, cut, side="right")) for cut in cuts}
        regret += _regrets(best, within, keys | {"counted": CHECKS})
        primary = rules.primary
        if primary not in budgets or (name in rules.phased and budget != primary):
            return {"regret": regret}
        assert primary is not None
        front = keys | _front(judge, self.archive, primary) | {"asked": int(counts[:primary][-1])}
        return {
            "regret": regret,
            "target": _hits(best, primary, keys, rules.targets),
            "front": [front],
        }


def totals(budgets: Sequence[int], planned: int) -> list[int]:
    """Return the budgets in checks that are spent by the run planned for so many designs: the next
    larger one, and for the smallest plan also its own budget."""
    plans = zip((budgets[0], *budgets[:-1]), budgets, strict=True)
    return [total for plan, total in plans if plan == planned]


def best_so_far(
    judge: Regret, archive: Archive, criteria: Sequence[str]
) -> dict[str, NDArray[np.float64]]:
    """Return the regret of the best feasible design after each evaluation, inf before the first.

    Returns:
        By criterion, shape (n,); and the largest over the criteria as `WORST`.
    """
    regret = np.full((len(criteria), len(archive)), np.inf)
    feasible = archive.feasible
    regrets = judge.regrets(archive.F[feasible])
    for row, name in zip(regret, criteria, strict=True):
        row[feasible] = np.where(regrets[name] < EQUAL, 0.0, regrets[name])
    best = np.minimum.accumulate(regret, axis=1)
    return dict(zip(criteria, best, strict=True)) | {WORST: best.max(axis=0)}


def _regrets(
    best: dict[str, NDArray[np.float64]], cuts: Mapping[int, int], keys: dict[str, Any]
) -> list[dict[str, Any]]:
    """Rows of regret by budget and criterion, after as many evaluations as the budget allows."""
    return [
        {
            **keys,
            "budget": budget,
            "criterion": name,
            "regret": values[:n][-1] if n and len(values) else np.inf,
        }
        for budget, n in cuts.items()
        for name, values in best.items()
    ]


def _hits(
    best: dict[str, NDArray[np.float64]],
    budget: int,
    keys: dict[str, Any],
    targets: Sequence[float] = TARGETS,
) -> list[dict[str, Any]]:
    rows = []
    for name, values in best.items():
        for target in targets:
            hit = np.flatnonzero(values[:budget] <= target)
            evaluations = hit[0] + 1.0 if len(hit) else np.inf
            rows.append({**keys, "criterion": name, "target": target, "evaluations": evaluations})
    return rows


def _front(judge: Regret, archive: Archive, budget: int) -> dict[str, float]:
    """Measure the distance of the front from the exact one; empty if that is not known."""
    problem = judge.problem
    if judge.front is None:
        return {}
    points = problem.coordinates(archive.F[:budget][archive.feasible[:budget]])
    front = problem.coordinates(judge.front)
    # Hypervolumes of so many points take longer than most searches.
    measures = (coverage, epsilon_multiplicative, igd_plus)
    return {measure.__name__: measure(points, front) for measure in measures}


def tables(results: Sequence[Columns]) -> dict[str, pd.DataFrame]:
    """Join the tables of `search_all` over all seeds."""
    return {
        table: pd.concat([one_table(result, table) for result in results], ignore_index=True)
        for table in ("regret", "target", "front")
    }


def one_table(result: Columns, table: str) -> pd.DataFrame:
    """Select one of the tables whose columns are in a result."""
    columns = {key.partition("."): values for key, values in result.items()}
    return pd.DataFrame({c: values for (name, _, c), values in columns.items() if name == table})
