"""Our search with one part changed at a time: what does each part bring?"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from experiments.arena.contestants import ours
from experiments.arena.evaluation_counter import Method, Start
from imcmoo.search.archive import Archive
from imcmoo.search.sampling import draw_feasible
from imcmoo.search.schedule import PAPER, Schedule


def _polished(factor: float) -> Schedule:
    """The schedule with every phase's share of polishing multiplied."""
    phases = tuple(replace(phase, polish=factor * phase.polish) for phase in PAPER.phases)
    return replace(PAPER, phases=phases)


def _one_phase() -> Schedule:
    """The schedule in which every phase varies designs like the second one."""
    balance = PAPER.phases[1]
    return replace(PAPER, phases=(replace(balance, generations=40),))


def from_random(method: Method, start: Start) -> Archive:
    """A search from random instead of diverse feasible designs."""
    rng = np.random.default_rng((start.seed, 2))
    initial = draw_feasible(start.problem, len(start.initial), rng)
    return method(replace(start, initial=initial))


VARIANTS: dict[str, Method] = {
    "ours": ours,
    "no polishing": partial(ours, schedule=_polished(0)),
    "half the polishing": partial(ours, schedule=_polished(0.5)),
    "no surrogate": partial(ours, schedule=replace(PAPER, fitted=0)),
    "surrogate of 400": partial(ours, schedule=replace(PAPER, fitted=400)),
    "no elitism": partial(ours, schedule=replace(PAPER, elite_share=0.0)),
    "elitism only": partial(ours, schedule=replace(PAPER, elite_share=1.0)),
    "neither": partial(ours, schedule=replace(_polished(0), elite_share=0.0)),
    "one phase": partial(ours, schedule=_one_phase()),
    "150 initial designs": partial(ours, schedule=replace(PAPER, initial=150)),
    "random start": partial(from_random, ours),
}
"""Every variant by its name in tables."""
