"""From a population to the offspring of a generation: feasible, and never evaluated before."""

from __future__ import annotations

from typing import Any

import numpy as np
from pymoo.core.infill import InfillCriterion
from pymoo.core.population import Population

from imcmoo.model.metrics import Floats, Ints
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.search.archive import Archive
from imcmoo.search.elites import LARGE_SPACE, from_elites
from imcmoo.search.offspring import OffspringBuilder
from imcmoo.search.operators import crossover, mutate
from imcmoo.search.sampling import draw_feasible, unseen
from imcmoo.search.schedule import Phase
from imcmoo.search.surrogate import Surrogate, nearest_to_incumbents
from imcmoo.search.survival import elite
from imcmoo.space.design_space import Levels
from imcmoo.space.moves import move, paired_moves, pairs, single_moves

OVERSAMPLING = 4
"""Children made per child wanted: some repeat what was evaluated, others are infeasible."""

ROUNDS = 2
"""Rounds of children before a generation is filled up with neighbours and random designs."""

ATTEMPTS = 4
"""Attempts to fill a generation: each time only the infeasible designs that were dropped."""

INFEASIBLE_SHARE = 0.5
"""Share of the offspring taken around the least violated design where none is feasible yet."""

UNSCORED = 1e250
"""Scores of infeasible designs begin here."""

PROMISING = 8
"""Neighbours of incumbents offered per one wanted: most may be infeasible."""

ELITES_LOCAL_SEARCH = 0.3
"""Factor of a phase's share of local search where per-value elites are improved, too."""

N_SEEDS = 10
"""Designs of the population whose neighbours fill a generation."""


class FeasibleMating(InfillCriterion):  # type: ignore[misc]  # pymoo ships no types
    """Offspring by the operators of a phase.

    Part of a generation (`Phase.polish`) are neighbours of the incumbents of the criteria, those
    that a surrogate promises most of first, or of the least violated design as long as limits leave
    none that is feasible; the rest are children of parents that each won a tournament on one
    criterion. Where those repeat what was evaluated or are infeasible, repaired children,
    neighbours of some of the population and then random designs fill the generation. In a space of
    more than `LARGE_SPACE` designs another part comes from per-value elites.

    Args:
        phase: how to vary designs; the algorithm changes it as the search proceeds.
        archive: what was evaluated.
        fitted: designs the surrogate is fitted to, the best by each criterion or, in a large space,
            the nearest to their incumbents; 0 for none, and neighbours in random order.
        niches: share of the offspring that comes from per-value elites in a large space.
    """

    def __init__(self, *, phase: Phase, archive: Archive, fitted: int, niches: float = 0.0) -> None:
        super().__init__()
        self.phase = phase
        self.archive = archive
        self.fitted = fitted
        self.niches = niches if archive.space.size > LARGE_SPACE else 0.0
        single = single_moves(archive.space)
        self._moves = np.concatenate([single, pairs(single), paired_moves(archive.space)])

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
        offspring = OffspringBuilder(problem, self.archive, n_offsprings)
        infeasible = not (G <= 0).all(axis=1).any()
        n_elites = 0 if infeasible else round(self.niches * n_offsprings)
        if n_elites:
            offspring.add(
                from_elites(problem, self.archive, n_elites, self.fitted > 0, rng), n_elites
            )
        share = self.phase.polish * (ELITES_LOCAL_SEARCH if self.niches else 1.0)
        polished = round(max(share, INFEASIBLE_SHARE * infeasible) * n_offsprings)
        if polished:
            local = self._nearest(rng) if infeasible else self._promising(problem, polished, rng)
            offspring.add(local, polished)
        for _ in range(ATTEMPTS):
            self._fill(offspring, levels, scores, rng)
            offspring.drop_infeasible()
            if not offspring.missing:
                break
        else:
            n = n_offsprings - len(offspring.levels)
            offspring.append(draw_feasible(problem, n, rng, seen=offspring.seen))
        return Population.new("X", offspring.levels)

    def _nearest(self, rng: np.random.Generator) -> Levels:
        """Neighbours of the least violated design that was evaluated, in random order."""
        violation = np.maximum(self.archive.G, 0.0).sum(axis=1)
        return rng.permutation(self._vicinity(self.archive.levels[[violation.argmin()]]))

    def _promising(
        self, problem: AcceleratorProblem, wanted: int, rng: np.random.Generator
    ) -> Levels:
        """New neighbours of the incumbents, some more than wanted: the best of each criterion in
        turn, as far as a surrogate can tell; at random without one."""
        archive = self.archive
        levels, F = archive.levels[archive.feasible], archive.F[archive.feasible]
        scores = problem.guide_scores(F)
        best = np.unique(scores.argmin(axis=0))
        vicinity = self._vicinity(levels[best])
        vicinity = unseen(problem.space, vicinity, archive.seen)
        if not self.fitted:
            return rng.permutation(vicinity)
        training = (
            nearest_to_incumbents(problem.space, levels, best, self.fitted)
            if self.niches
            else elite(scores, self.fitted)
        )
        surrogate = Surrogate(problem.space, levels[training], problem.coordinates(F[training]))
        guessed = problem.from_coordinates(surrogate.predict(vicinity))
        promise = problem.guide_scores(guessed, problem.own_best(F))
        if self.niches:
            passing = _first_passing(problem, vicinity, promise, wanted)
            vicinity, promise = vicinity[passing], promise[passing]
        return vicinity[elite(promise, PROMISING * wanted)]

    def _fill(
        self, offspring: OffspringBuilder, levels: Levels, scores: Floats, rng: np.random.Generator
    ) -> None:
        """Add children, and where they do not suffice others, to what passes the screen."""
        problem = offspring.problem
        for _ in range(ROUNDS):
            if offspring.missing:
                children = self._children(
                    problem, levels, scores, OVERSAMPLING * offspring.missing, rng
                )
                offspring.add(children, offspring.missing)
        if offspring.missing:
            offspring.repair()
        if offspring.missing:
            drawn = rng.permutation(levels)[:N_SEEDS]
            offspring.add(rng.permutation(self._vicinity(drawn)), offspring.missing)

    def _vicinity(self, levels: Levels) -> Levels:
        """Designs one move, two moves or a paired move away from some, shape (n, n_parameters)."""
        designs, inside = move(self.archive.space, levels, self._moves)
        return designs[inside]

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


def _first_passing(problem: AcceleratorProblem, levels: Levels, promise: Floats, n: int) -> Ints:
    """Indices of designs that pass the screen, the first `n` by each criterion among them.

    In a large space what is infeasible may look best for good: whoever offers only the first few
    never comes to those behind.

    Args:
        levels: shape (n_designs, n_parameters).
        promise: smaller is better, shape (n_designs, n_criteria).
    """
    asked, passes = np.zeros((2, len(levels)), bool)
    for column in promise.T:
        order = np.argsort(column, kind="stable")
        at, step, n_passed = 0, 2 * n, 0
        while n_passed < n and at < len(order):
            chunk = order[at : at + step]
            new = chunk[~asked[chunk]]
            passes[new] = problem.feasibility.screened(levels[new]) <= 0
            asked[new] = True
            n_passed += int(passes[chunk].sum())
            at, step = at + step, 2 * step
    return np.flatnonzero(passes)


def _guiding(problem: AcceleratorProblem, F: Floats, G: Floats) -> Floats:
    """Scores of a population by what guides, shape (n, n_scores); what is infeasible loses.

    It is in the population only where the model cannot tell without an evaluation.
    """
    violation = np.maximum(G, 0.0).sum(axis=1)
    feasible = violation <= 0
    if not feasible.any():
        return violation[:, None]
    guide = problem.guide_scores(F[feasible])
    scores = np.repeat(UNSCORED * (1 + violation[:, None]), guide.shape[1], axis=1)
    scores[feasible] = guide
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
