"""What is compared: which searches, after how many designs, and what they are judged by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from experiments.arena.evaluation_counter import Method
from imcmoo.exact.regret import Regret
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.study.study import Study

OURS = "ours"

TARGETS = (0.10, 0.05, 0.01, 0.001, 0.0)
"""Regrets whose first time is recorded."""

Judge = Callable[[AcceleratorProblem], Regret]
"""Tells of a problem how far designs are from its optimum."""


@dataclass(frozen=True)
class Rules:
    """What is compared.

    Args:
        study: what is searched.
        judge: what it is judged by.
        budgets: unique designs, ascending.
        primary: the budget of the run whose front is measured and whose hits are counted; None
            for neither.
        methods: what searches, by name.
        phased: methods that plan ahead for their budget: a smaller budget is another run, not the
            start of a longer one.
        criteria: what designs are selected by; those that guide the search by default.
        checking: phased methods that ask about constraints before they evaluate. Where checks are
            counted, a budget is spent by the run planned for the next smaller one.
        targets: regrets whose first time is recorded.
        seeds: by method and budget, how many seeds are searched with, where not all.
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
        """The budgets that a method is judged after with a seed."""
        few = self.seeds.get(method, {})
        return tuple(n for n in self.budgets if seed < few.get(n, seed + 1))
