"""From a population to the offspring of a generation: feasible, and never evaluated before."""

from __future__ import annotations

from typing import Any

import numpy as np
from pymoo.core.infill import InfillCriterion
from pymoo.core.population import Population

from imcmoo.model.metrics import Floats
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.search.archive import Archive
from imcmoo.search.operators import crossover, mutate
from imcmoo.search.repair import repair
from imcmoo.search.sampling import draw_feasible, unseen
from imcmoo.search.schedule import Phase
from imcmoo.space.design_space import Levels
from imcmoo.space.moves import move, pairs, single_moves, trades

SURPLUS = 2
"""Children made per child wanted: some repeat what was evaluated."""

ROUNDS = 4
"""Rounds of children before a generation is filled up with neighbours and random designs."""


SEEKING = 0.5
"""Share of the offspring taken around the least violated design where none is feasible yet."""

UNSCORED = 1e250
"""Scores of infeasible designs begin here."""

ATTEMPTS = 2
"""How often a brood is collected and confirmed: the second time only what was refused."""


class Brood:
    """Collects the offspring of one generation: feasible, new, and no more than wanted."""

    def __init__(self, problem: AcceleratorProblem, archive: Archive, wanted: int) -> None:
        self.problem = problem
        self.wanted = wanted
        self.levels: Levels = archive.levels[:0]
        self.seen = set(archive.seen)

    @property
    def missing(self) -> int:
        """How many designs are still wanted."""
        return self.wanted - len(self.levels)

    def add(self, candidates: Levels, limit: int) -> None:
        """Repair candidates and take at most `limit` new ones, in order.

        Only the least violated, twice as many as may be taken, are walked to feasibility.
        """
        space = self.problem.space
        candidates = unseen(space, candidates, self.seen)
        lacks = self.problem.feasibility.screened(candidates)
        near = np.sort(np.argsort(lacks, kind="stable")[: 2 * limit])
        repaired, lacks = repair(self.problem, candidates[near])
        new = unseen(space, repaired[lacks <= 0], self.seen)
        self.take(new[: min(limit, self.missing)])

    def confirm(self) -> None:
        """Drop what passed the screen but is not feasible after all.

        For the whole brood in one go: the truth about many chips costs little more than about one.
        """
        self.levels = self.levels[self.problem.feasibility.violation(self.levels) <= 0]

    def take(self, levels: Levels) -> None:
        """Take new designs as they are."""
        self.levels = np.concatenate([self.levels, levels])
        self.seen.update(self.problem.space.rank(levels).tolist())


class FeasibleMating(InfillCriterion):  # type: ignore[misc]  # pymoo ships no types
    """Offspring by the operators of a phase.

    Part of a generation are neighbours of the incumbents of the criteria (`Phase.polish`), or of
    the least violated design as long as limits leave none that is feasible; the rest are children
    of parents that each won a tournament on one criterion. Where those repeat what was evaluated,
    neighbours of the whole population and then random designs fill the generation.

    Args:
        phase: how to vary designs; the algorithm changes it as the search proceeds.
        archive: what was evaluated.
    """

    def __init__(self, *, phase: Phase, archive: Archive) -> None:
        super().__init__()
        self.phase = phase
        self.archive = archive

    def do(
        self,
        problem: AcceleratorProblem,
        pop: Population,
        n_offsprings: int,
        *args: Any,
        random_state: np.random.Generator,
        **kwargs: Any,
    ) -> Population:
        """A population of `n_offsprings` unevaluated designs, or of what few are left."""
        rng = random_state
        levels = pop.get("X")
        F, G = pop.get("F", "G")
        scores = _guiding(problem, F, G)
        brood = Brood(problem, self.archive, n_offsprings)
        lost = not (G <= 0).all(axis=1).any()
        polished = round(max(self.phase.polish, SEEKING * lost) * n_offsprings)
        if polished:
            incumbents = np.unique(scores.argmin(axis=0))
            brood.add(_around(problem, levels[incumbents], rng), polished)
        for _ in range(ATTEMPTS):
            for _ in range(ROUNDS):
                if brood.missing:
                    n = SURPLUS * brood.missing
                    children = self._children(problem, levels, scores, n, rng)
                    brood.add(children, brood.missing)
            if brood.missing:
                brood.add(_around(problem, levels, rng), brood.missing)
            brood.confirm()
        if brood.missing:
            brood.take(draw_feasible(problem, brood.missing, rng, seen=brood.seen))
        return Population.new("X", brood.levels)

    def _children(
        self,
        problem: AcceleratorProblem,
        levels: Levels,
        scores: Floats,
        n: int,
        rng: np.random.Generator,
    ) -> Levels:
        parents = tournaments(scores, 2 * -(-n // 2), rng).reshape(2, -1)
        phase = self.phase
        children = crossover(
            problem.space,
            levels[parents],
            rng,
            probability=phase.crossover_probability,
            eta=phase.eta,
        ).reshape(-1, levels.shape[1])
        return mutate(
            problem.space, children, rng, probability=phase.mutation_probability, eta=phase.eta
        )


def _guiding(problem: AcceleratorProblem, F: Floats, G: Floats) -> Floats:
    """Scores of a population by what guides, shape (n, n_scores); what is infeasible loses.

    It is in the population only where the model cannot tell without an evaluation.
    """
    violation = np.maximum(G, 0.0).sum(axis=1)
    feasible = violation <= 0
    if not feasible.any():
        return violation[:, None]
    own = problem.guide_scores(F[feasible])
    scores = np.repeat(UNSCORED * (1 + violation[:, None]), own.shape[1], axis=1)
    scores[feasible] = own
    return scores


def tournaments(scores: Floats, n: int, rng: np.random.Generator) -> Levels:
    """Winners of `n` tournaments between two random designs on one random criterion each.

    With 9 and more objectives nearly all designs are equal in rank, so rank decides nothing.

    Args:
        scores: smaller is better, shape (n_designs, n_criteria).

    Returns:
        Indices of designs, shape (n,).
    """
    a, b = rng.integers(len(scores), size=(2, n))
    criterion = rng.integers(scores.shape[1], size=n)
    return np.where(scores[a, criterion] <= scores[b, criterion], a, b)


def _around(problem: AcceleratorProblem, levels: Levels, rng: np.random.Generator) -> Levels:
    """Designs one move away, in random order, then those two moves away, in random order."""
    single = single_moves(problem.space)
    wider = np.concatenate([pairs(single), trades(problem.space)])
    return np.concatenate(
        [
            rng.permutation(designs[inside])
            for designs, inside in (move(problem.space, levels, m) for m in (single, wider))
        ]
    )
