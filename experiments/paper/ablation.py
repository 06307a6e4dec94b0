"""Question 3a: what does each part of the paper's search bring?"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial
from typing import Any

import pandas as pd

from experiments.arena import contest, standings
from experiments.arena.contest import PRIMARY
from experiments.arena.contestants import ours, paper_ga, plain_ga
from experiments.arena.evaluation_counter import Method
from experiments.arena.rules import Rules
from experiments.arena.variants import from_random
from experiments.paper.settings import PAPER_SCORE
from imcmoo.exact.enumeration import Enumeration
from imcmoo.exact.regret import ExactRegret
from imcmoo.problem.criteria import SCORES
from imcmoo.study.study import Study

_ga = partial(plain_ga, score=SCORES[PAPER_SCORE])

STEPS: dict[str, Method] = {
    "plain GA": partial(from_random, _ga),
    "with diverse sampling": _ga,
    "with four phases": partial(paper_ga, score=SCORES[PAPER_SCORE]),
    "ours": ours,
}
"""The paper's search, part by part, and ours. With four phases come the paper's population, its
initial designs and its operators."""

PHASED = frozenset({"with four phases", "ours"})

BUDGETS = (500, 1000, PRIMARY)

Arrays = dict[str, Any]


def search(study: Study, seed: int) -> Arrays:
    """Let all of `STEPS` search from equal starts: columns of a table of regrets, by name.

    Args:
        study: what is searched.
        seed: of all chance.
    """
    return contest.search(_rules(study), seed)


@lru_cache(maxsize=1)
def _rules(study: Study) -> Rules:
    """Knowing the exact answer takes longer than a few searches, so it is found once a process."""
    enumeration = Enumeration(study.problem())
    answer = enumeration.conclude([enumeration.survey(b) for b in enumeration.stretches()])
    judge = partial(ExactRegret, answer=answer)
    return Rules(study, judge, BUDGETS, None, STEPS, PHASED, (PAPER_SCORE,))


def paper_search(found: Sequence[Arrays]) -> pd.DataFrame:
    """By budget in designs evaluated and search, regret in the paper's score over seeds; see
    `standings.summary`.

    Args:
        found: what `search` found with each seed.
    """
    regret = contest.tables(found)["regret"]
    own = (regret["criterion"] == PAPER_SCORE) & (regret["counted"] == contest.DESIGNS)
    return standings.summary(regret[own]).drop(columns="counted")
