"""What is compared on spaces too large to enumerate, where certificates judge: budgets, methods,
and how many seeds each is given."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from experiments.arena import contestants
from experiments.arena.contestants import ours
from experiments.arena.evaluation_counter import Method
from experiments.arena.optuna_contestants import optuna_nsga2, optuna_tpe
from experiments.arena.rules import OURS
from imcmoo.search.schedule import PAPER

BUDGETS = (1000, 3300, 10_000, 30_000)

PRIMARY = 10_000
"""Unique designs after which methods are judged first of all."""

TARGETS = (1.0, 0.5, 0.2, 0.1, 0.05, 0.01, 0.0)
"""Regrets whose first time is recorded: peers are far from the optimum here."""

UNADAPTED = "ours, no niches"
NSGA2 = "Optuna NSGA-II"
TPE = "Optuna TPE"
OPTUNA = (NSGA2, TPE)

METHODS: dict[str, Method] = {
    OURS: ours,
    UNADAPTED: partial(ours, schedule=replace(PAPER, niches=0.0)),
    **{
        name: contestants.METHODS[name]
        for name in (
            "NSGA-II",
            "NSGA-III",
            "AGE-MOEA-II",
            "Pareto local search",
            "random",
            "paper's GA",
        )
    },
    NSGA2: optuna_nsga2,
    TPE: optuna_tpe,
}
"""Every method of the comparison by its name in tables."""

PHASED = contestants.PHASED | {UNADAPTED}

CHECKING = frozenset({OURS, UNADAPTED})

FEW = 11
"""Seeds of what takes long."""

_NONE = {30_000: 0}

SEEDS: dict[str, dict[int, int]] = dict.fromkeys(METHODS, _NONE) | {
    OURS: {30_000: 5},
    "NSGA-II": {30_000: 5},
    **{name: dict.fromkeys(BUDGETS, FEW) | _NONE for name in (UNADAPTED, "AGE-MOEA-II", NSGA2)},
    TPE: dict.fromkeys(BUDGETS, 0) | {1000: 5},
}
"""Seeds by method and budget where they are not all."""

RULES: dict[str, Any] = {
    "primary": PRIMARY,
    "methods": METHODS,
    "phased": PHASED,
    "checking": CHECKING,
    "targets": TARGETS,
    "seeds": SEEDS,
}
"""All of it, as `Rules` takes it."""
