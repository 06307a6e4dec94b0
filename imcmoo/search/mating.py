"""Offspring of a generation: feasible designs that were never evaluated."""

from __future__ import annotations

import numpy as np

from imcmoo.io.blas import one_thread
from imcmoo.model.metrics import Floats, Ints
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.record.evaluations import Evaluations
from imcmoo.search.elites import LARGE_SPACE, from_elites
from imcmoo.search.front_search import near_front
from imcmoo.search.offspring import OffspringBuilder
from imcmoo.search.operators import crossover, mutate
from imcmoo.search.sampling import draw_feasible, first_passing, unseen
from imcmoo.search.schedule import Phase
from imcmoo.search.surrogate import Surrogate
from imcmoo.search.survival import best_in_turn
from imcmoo.space.design_space import Levels
from imcmoo.space.moves import move, paired_moves, pairs, single_moves

OVERSAMPLING = 4
"""Children created per wanted child, since some are known or infeasible."""

INFEASIBLE_SHARE = 0.5
"""Share of the offspring near the least violated design while none is feasible."""

UNSCORED = 1e250
"""Smallest score of an infeasible design."""

CRITERIA_SHARE = 0.75
"""Largest share of local search near the incumbents of criteria; the rest is near the front."""

BEST_KNOWN = 16
"""Best designs by each criterion whose neighbours are considered; a neighbour is promising if it
may be among as many. The optimum is often next to the third best design, not to the best.
"""

ELITES_LOCAL_SEARCH = 0.3
"""Factor of the share of local search if per-value elites are improved."""

MOST_PAIRED = 12
"""Largest number of networks whose pairs have scores."""


class FeasibleMating:
    """Builds the offspring of a generation from these sources, in order:

    - above `LARGE_SPACE` designs, children of per-value elites (`from_elites`), a share of
      `Phase.value_elites`;
    - promising neighbours of the best designs by criterion, at most `CRITERIA_SHARE` of the local
      search;
    - neighbours of front members (`near_front`): the rest of the local search, or, above
      `LARGE_SPACE`, of the generation;
    - children of parents that won a tournament on one criterion each;
    - random designs, if too few of these are feasible and new.

    While no design is feasible, neighbours of the least violated one replace the first three
    sources, `INFEASIBLE_SHARE` of the offspring.

    Args:
        problem: the design problem.
        archive: evaluated designs.
        phase: parameters of variation; the algorithm replaces it during the search.
    """

    def __init__(self, problem: AcceleratorProblem, archive: Evaluations, phase: Phase) -> None:
        self.problem, self.archive, self.phase = problem, archive, phase
        self.has_elites = archive.space.size > LARGE_SPACE
        self._pair_ratios: Floats | None = None
        single = single_moves(archive.space)
        self._moves = single, np.concatenate([single, pairs(single), paired_moves(archive.space)])

    def offspring(self, population: Ints, n: int, rng: np.random.Generator) -> Levels:
        """Return new designs, shape (n, n_parameters), or fewer if the space is exhausted.

        Args:
            population: indices of the parents in the archive.
            n: number of wanted designs.
            rng: random generator.
        """
        offspring = OffspringBuilder(self.problem, self.archive, n)
        if len(self.archive.seen) == self.archive.space.size:
            return offspring.levels
        if self.archive.feasible[population].any():
            self._search_locally(offspring, rng)
        else:
            offspring.add(self._nearest(rng), round(INFEASIBLE_SHARE * n))
        self._fill(offspring, population, rng)
        return offspring.levels

    @one_thread()
    def _search_locally(self, offspring: OffspringBuilder, rng: np.random.Generator) -> None:
        """Add children of elites, promising neighbours of incumbents, and neighbours of front
        members."""
        problem, share = self.problem, self.phase.local_search
        if self.has_elites:
            self._pair_ratios = _draw_pair_ratios(problem, self.archive, rng)
            share *= ELITES_LOCAL_SEARCH
            n_elites = round(self.phase.value_elites * offspring.wanted)
            children = from_elites(problem, self.archive, n_elites, rng, self._pair_ratios)
            offspring.add(children, n_elites)
        left = round(share * offspring.wanted)
        if wanted := round(CRITERIA_SHARE * left):
            left -= offspring.add(self._promising(wanted), wanted)
        if self.has_elites and share:
            left = offspring.missing
        if left:
            offspring.add(near_front(problem, self.archive, self._moves, left, rng), left)

    def _nearest(self, rng: np.random.Generator) -> Levels:
        violation = np.maximum(self.archive.G, 0.0).sum(axis=1)
        return rng.permutation(self._vicinity(self.archive.levels[[violation.argmin()]], -1))

    def _promising(self, wanted: int) -> Levels:
        """New designs that a surrogate predicts among the best: the best of each criterion in turn.

        They are at most two moves from an incumbent or one from the best known; in a large space
        they are near incumbents only. Other neighbours of incumbents follow, since a surrogate can
        be wrong.
        """
        problem, archive = self.problem, self.archive
        feasible = np.flatnonzero(archive.feasible)
        F = archive.F[feasible]
        scores = problem.guide_scores(F, pair_ratios=self._pair_ratios)
        n_best = min(BEST_KNOWN, len(scores))
        threshold = np.partition(scores, n_best - 1, axis=0)[n_best - 1]
        incumbents, known = (feasible[rows] for rows in self._best_known(scores, threshold))
        two_moves = self._vicinity(archive.levels[incumbents], -1)
        one_move = self._vicinity(archive.levels[known], 0)
        vicinity = unseen(problem.space, np.concatenate([two_moves, one_move]), archive.seen)
        coordinates = Surrogate.near(problem, archive, known).predict(vicinity)
        predicted = problem.guide_scores(
            problem.from_coordinates(coordinates),
            problem.best_joint_edap(F),
            pair_ratios=self._pair_ratios,
        )
        promising = (predicted <= threshold).any(axis=1)
        rows, others = np.flatnonzero(promising), np.arange(0)
        if self.has_elites:
            rows = rows[first_passing(problem, vicinity[rows], predicted[rows], wanted)]
            nearest = np.isin(problem.space.rank(vicinity), problem.space.rank(one_move))
            others = np.flatnonzero(nearest & ~promising)
        order = [x[best_in_turn(predicted[x], len(x))] for x in (rows, others)]
        return vicinity[np.concatenate(order)]

    def _best_known(self, scores: Floats, threshold: Floats) -> tuple[Ints, Ints]:
        """Indices of the incumbents by score, and of the best known designs, incumbents included.

        In a small space, designs with a score up to its `threshold` are best known. In a large one,
        where per-value elites cover their neighbours, only incumbents and the best by two networks
        are.
        """
        best = scores.argmin(axis=0)
        n_pairs = 0 if self._pair_ratios is None else len(self._pair_ratios)
        incumbents = np.unique(best[: len(best) - n_pairs])
        if self.has_elites:
            return incumbents, np.unique(best)
        return incumbents, np.flatnonzero((scores <= threshold).any(axis=1))

    def _fill(
        self, offspring: OffspringBuilder, population: Ints, rng: np.random.Generator
    ) -> None:
        archive, space, phase = self.archive, self.archive.space, self.phase
        if n := offspring.missing:
            F, G = archive.F[population], archive.G[population]
            scores = _guiding(self.problem, F, G, self._pair_ratios)
            won = population[tournaments(scores, OVERSAMPLING * n, rng)]
            parents = archive.levels[won.reshape(2, -1)]
            recombined, mutated = phase.crossover_probability, phase.mutation_probability
            couples = crossover(space, parents, rng, probability=recombined, eta=phase.eta)
            children = np.concatenate(couples)
            offspring.add(mutate(space, children, rng, probability=mutated, eta=phase.eta), n)
        if n := offspring.missing:
            offspring.append(draw_feasible(self.problem, n, rng, seen=offspring.seen))

    def _vicinity(self, levels: Levels, reach: int) -> Levels:
        designs, inside = move(self.archive.space, levels, self._moves[reach])
        return designs[inside]


def _draw_pair_ratios(
    problem: AcceleratorProblem, archive: Evaluations, rng: np.random.Generator
) -> Floats | None:
    """Draw a ratio of the EDAP of each two networks, see `guide_scores`; None without EDAP.

    Log-uniform between its values at the best designs of the two, to cover all trade-offs.
    """
    if not problem.has_edap or len(problem.workload_names) > MOST_PAIRED:
        return None
    edap = problem.costs(archive.F[archive.feasible]).edap
    best = edap[edap.argmin(axis=0)]
    first, second = np.triu_indices(len(best), 1)
    at_first = best[first, first] / best[first, second]
    at_second = best[second, first] / best[second, second]
    return np.exp(rng.uniform(np.log(at_first), np.log(at_second)))


def _guiding(
    problem: AcceleratorProblem, F: Floats, G: Floats, pair_ratios: Floats | None
) -> Floats:
    """Guiding scores of a population, shape (n, n_scores); infeasible designs lose."""
    violation = np.maximum(G, 0.0).sum(axis=1)
    feasible = violation <= 0
    if not feasible.any():
        return violation[:, None]
    guide = problem.guide_scores(F[feasible], pair_ratios=pair_ratios)
    scores = np.repeat(UNSCORED * (1 + violation[:, None]), guide.shape[1], axis=1)
    scores[feasible] = guide
    return scores


def tournaments(scores: Floats, n: int, rng: np.random.Generator) -> Ints:
    """Winners of `n` tournaments between two random designs on one random criterion each.

    With nine or more objectives nearly all designs have equal rank, so rank is not used.

    Args:
        scores: smaller is better, shape (n_designs, n_criteria).
        n: number of tournaments.
        rng: random generator.

    Returns:
        Indices of designs, shape (n,).
    """
    a, b = rng.integers(len(scores), size=(2, n))
    criterion = rng.integers(scores.shape[1], size=n)
    return np.where(scores[a, criterion] <= scores[b, criterion], a, b)
