"""Ablations: our search with one part changed at a time."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from experiments.compare.algorithms import from_random, ours
from experiments.compare.evaluation_counter import Method
from imcmoo.search.schedule import PAPER, Schedule


def _with_local_search(factor: float) -> Schedule:
    """Multiply every phase's share of local search."""
    phases = tuple(
        replace(phase, local_search=factor * phase.local_search) for phase in PAPER.phases
    )
    return replace(PAPER, phases=phases)


def _one_phase() -> Schedule:
    """Let every phase vary designs as the second one does."""
    balance = PAPER.phases[1]
    return replace(PAPER, phases=(replace(balance, generations=40),))


ABLATIONS: dict[str, Method] = {
    "ours": ours,
    "no local search": partial(ours, schedule=_with_local_search(0)),
    "half the local search": partial(ours, schedule=_with_local_search(0.5)),
    "no surrogate": partial(ours, schedule=replace(PAPER, fitted=0)),
    "surrogate of 400": partial(ours, schedule=replace(PAPER, fitted=400)),
    "no elitism": partial(ours, schedule=replace(PAPER, elite_share=0.0)),
    "elitism only": partial(ours, schedule=replace(PAPER, elite_share=1.0)),
    "neither": partial(ours, schedule=replace(_with_local_search(0), elite_share=0.0)),
    "one phase": partial(ours, schedule=_one_phase()),
    "150 initial designs": partial(ours, schedule=replace(PAPER, initial=150)),
    "random start": partial(from_random, ours),
}
"""Every ablation by its name in tables."""
