"""All methods on one study, over many seeds: what each has reached after how many designs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.arena.evaluation_counter import Start
from experiments.arena.rules import TARGETS, Rules
from experiments.arena.watched import WatchedProblem
from imcmoo.analysis.indicators import coverage, epsilon_multiplicative, igd_plus
from imcmoo.exact.regret import Regret
from imcmoo.model.cost_model import Prepares
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.search.archive import Archive
from imcmoo.search.sampling import DiverseFeasibleSampling
from imcmoo.search.schedule import PAPER
from imcmoo.study.study import Study

WORST = "worst"
"""The largest regret over the criteria: all designs are selected from one and the same run."""

PRIMARY = 3300
"""Unique designs after which methods are judged first of all: the paper's budget."""

SEEDS = 31

DESIGNS, CHECKS = "designs", "checks"
"""What a budget counts: designs evaluated, or also those whose constraints were asked about."""

EQUAL = 1e-9
"""Regret that counts as 0: the order of summation moves the last digits."""

MOST_PREPARED = 1 << 24
"""Chips a model may work out ahead of a comparison at the most."""


def judged(problem: AcceleratorProblem) -> tuple[str, ...]:
    """What a design may be selected by in a comparison: what guides the search, without those that
    order designs as another does."""
    return tuple(c.name for c in problem.guides if c.is_judged and not c.orders_like)


def search(rules: Rules, seed: int) -> dict[str, NDArray[Any]]:
    """Let all methods of a comparison search with a seed; see `search_all`."""
    return search_all(rules, rules.judge(_prepared(rules.study)), seed)


@lru_cache(maxsize=1)
def _prepared(study: Study) -> AcceleratorProblem:
    """Made once in each process, however many seeds it searches with."""
    problem = study.problem()
    if isinstance(problem.model, Prepares):
        # Plain methods also ask about chips that are far too large.
        problem.model.prepare(np.inf, at_most=min(problem.space.size, MOST_PREPARED))
    return problem


def search_all(rules: Rules, judge: Regret, seed: int) -> dict[str, NDArray[Any]]:
    """Let all methods search from equal starts with one seed.

    Returns:
        Columns of three tables, named "table.column": `regret` by method, what is counted, budget
        and criterion; `target`: designs evaluated until a regret was reached; `front`: how close
        the front comes to the exact one, where that is known, and how many designs were asked
        about. The last two at the primary budget.
    """
    problem = judge.problem
    rng = np.random.default_rng((seed, 1))
    initial = DiverseFeasibleSampling()._do(problem, PAPER.initial, random_state=rng)
    watched = WatchedProblem(problem)
    rows: dict[str, list[dict[str, Any]]] = {"regret": [], "target": [], "front": []}
    for name, method in rules.methods.items():
        budgets = rules.budgets_of(name, seed)
        for budget in budgets if name in rules.phased else budgets[-1:]:
            watched.forget()
            archive = method(Start(watched, initial, budget, seed))
            run = _Run(rules, name, seed, archive, watched.counts(archive.levels))
            for table, found in run.judged_by(judge, budget).items():
                rows[table] += found
    return {
        f"{table}.{column}": np.array([row[column] for row in some])
        for table, some in rows.items()
        for column in (some[0] if some else ())
    }


@dataclass(frozen=True)
class _Run:
    """A search that has ended.

    Args:
        rules: of the comparison.
        method: its name.
        seed: its seed.
        archive: what it evaluated.
        counts: how much had been asked when each was evaluated.
    """

    rules: Rules
    method: str
    seed: int
    archive: Archive
    counts: NDArray[np.int64]

    def judged_by(self, judge: Regret, budget: int) -> dict[str, list[dict[str, Any]]]:
        """The rows of the three tables of `search_all`.

        Args:
            budget: that it was planned for.
        """
        rules, name, counts = self.rules, self.method, self.counts
        best = best_so_far(judge, self.archive, rules.criteria or judged(judge.problem))
        own = {"method": name, "seed": self.seed}
        budgets = rules.budgets_of(name, self.seed)
        cuts = [budget] if name in rules.phased else list(budgets)
        regret = _regrets(best, {n: n for n in cuts}, own | {"counted": DESIGNS})
        if name in rules.checking:
            cuts = totals(budgets, budget)
        within = {cut: int(np.searchsorted(counts, cut, side="right")) for cut in cuts}
        regret += _regrets(best, within, own | {"counted": CHECKS})
        primary = rules.primary
        if primary not in budgets or (name in rules.phased and budget != primary):
            return {"regret": regret}
        assert primary is not None
        front = own | _front(judge, self.archive, primary) | {"asked": int(counts[:primary][-1])}
        return {
            "regret": regret,
            "target": _hits(best, primary, own, rules.targets),
            "front": [front],
        }


def totals(budgets: Sequence[int], planned: int) -> list[int]:
    """The budgets, checks counted, that are spent by the run planned for so many designs: the next
    larger one, and for the smallest its own as well."""
    plans = zip((budgets[0], *budgets[:-1]), budgets, strict=True)
    return [total for plan, total in plans if plan == planned]


def best_so_far(
    judge: Regret, archive: Archive, criteria: Sequence[str]
) -> dict[str, NDArray[np.float64]]:
    """Regret of the best feasible design by each criterion after each evaluation, inf before the
    first, shape (n,); and the largest of these, as `WORST`."""
    found = np.full((len(criteria), len(archive)), np.inf)
    feasible = archive.feasible
    regrets = judge.regrets(archive.F[feasible])
    for row, name in zip(found, criteria, strict=True):
        row[feasible] = np.where(regrets[name] < EQUAL, 0.0, regrets[name])
    best = np.minimum.accumulate(found, axis=1)
    return dict(zip(criteria, best, strict=True)) | {WORST: best.max(axis=0)}


def _regrets(
    best: dict[str, NDArray[np.float64]], cuts: Mapping[int, int], own: dict[str, Any]
) -> list[dict[str, Any]]:
    """A row per budget and criterion: the regret after so many evaluations as the budget allows."""
    return [
        {
            **own,
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
    own: dict[str, Any],
    targets: Sequence[float] = TARGETS,
) -> list[dict[str, Any]]:
    rows = []
    for name, values in best.items():
        for target in targets:
            hit = np.flatnonzero(values[:budget] <= target)
            evaluations = hit[0] + 1.0 if len(hit) else np.inf
            rows.append({**own, "criterion": name, "target": target, "evaluations": evaluations})
    return rows


def _front(judge: Regret, archive: Archive, budget: int) -> dict[str, float]:
    """How close the front comes to the exact one; nothing where that is not known."""
    problem = judge.problem
    if judge.front is None:
        return {}
    points = problem.coordinates(archive.F[:budget][archive.feasible[:budget]])
    front = problem.coordinates(judge.front)
    # Hypervolumes of so many points take longer than most searches.
    measures = (coverage, epsilon_multiplicative, igd_plus)
    return {measure.__name__: measure(points, front) for measure in measures}


def tables(parts: Sequence[dict[str, NDArray[Any]]]) -> dict[str, pd.DataFrame]:
    """The three tables of `search_all` over all seeds."""
    return {
        table: pd.concat(
            [
                pd.DataFrame(
                    {k.split(".")[1]: v for k, v in part.items() if k.split(".")[0] == table}
                )
                for part in parts
            ],
            ignore_index=True,
        )
        for table in ("regret", "target", "front")
    }
