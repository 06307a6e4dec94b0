"""Question 3a: what does each part of the paper's search bring?"""

from __future__ import annotations

from functools import partial

import pandas as pd

from experiments.arena import contest, standings
from experiments.arena.contest import PRIMARY, SEEDS, Rules
from experiments.arena.contestants import Method, ours, paper_ga, plain_ga
from experiments.arena.variants import from_random
from imcmoo import exhaustive
from imcmoo.objectives import SCORES
from problems.build import build

SCORE = "ela_max"
"""What the paper's search optimises."""

_ga = partial(plain_ga, score=SCORES[SCORE])

STEPS: dict[str, Method] = {
    "plain GA": partial(from_random, _ga),
    "with diverse sampling": _ga,
    "with four phases": partial(paper_ga, score=SCORES[SCORE]),
    "ours": ours,
}
"""The paper's search, part by part, and ours. With four phases come the paper's population, its
initial designs and its operators."""


PHASED = frozenset({"with four phases", "ours"})

BUDGETS = (500, 1000, PRIMARY)


def paper_search(study: str) -> pd.DataFrame:
    """By budget, criterion and search, regret over `SEEDS` seeds; see `standings.summary`.

    Args:
        study: a name in `problems.PROBLEMS`.
    """
    problem, _ = build(study)
    parts = [exhaustive.survey(problem, b) for b in exhaustive.stretches(problem)]
    answer = exhaustive.conclude(problem, parts)
    criteria = (SCORE, "edap_max")
    rules = Rules(study, answer, BUDGETS, PRIMARY, STEPS, PHASED, criteria)
    search = contest.searcher(rules)
    regret = contest.tables([search(seed) for seed in range(SEEDS)])["regret"]
    return standings.summary(regret[regret["criterion"].isin(criteria)])
