"""Comparison on spaces too large to enumerate: budgets, algorithms, and seeds of each."""

from __future__ import annotations

from typing import Any

from experiments.compare import algorithms
from experiments.compare.algorithms import OPTUNA
from experiments.compare.comparison import OURS
from experiments.compare.evaluation_counter import Method

BUDGETS = (1000, 3300, 10_000, 30_000)

PRIMARY = 10_000
"""Unique designs after which algorithms are judged first of all."""

TARGETS = (1.0, 0.5, 0.2, 0.1, 0.05, 0.01, 0.0)
"""Regrets for which the first design is recorded: others are far from the optimum here."""

NSGA2, TPE = OPTUNA

LEFT_OUT = ("NSGA-II, mixed", "C-TAEA", "NSGA-III, criteria", "AGE-MOEA-II, criteria")

METHODS: dict[str, Method] = {
    name: method for name, method in algorithms.METHODS.items() if name not in LEFT_OUT
} | OPTUNA
"""Every algorithm by its name in tables."""

FEW = 11
"""Seeds of slow algorithms."""

_NONE = {30_000: 0}

SEEDS: dict[str, dict[int, int]] = dict.fromkeys(METHODS, _NONE) | {
    OURS: {30_000: 5},
    "NSGA-II": {30_000: 5},
    **{name: dict.fromkeys(BUDGETS, FEW) | _NONE for name in ("AGE-MOEA-II", NSGA2)},
    TPE: dict.fromkeys(BUDGETS, 0) | {1000: 5},
}
"""Seeds by algorithm and budget if they are not all."""

RULES: dict[str, Any] = {
    "primary": PRIMARY,
    "methods": METHODS,
    "phased": algorithms.PHASED,
    "targets": TARGETS,
    "seeds": SEEDS,
}
"""Arguments of `Rules`."""
