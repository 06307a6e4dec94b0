"""From a population to the offspring of a generation: feasible, and never evaluated before."""

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
"""Children made per child wanted: some repeat what was evaluated, others are infeasible."""

INFEASIBLE_SHARE = 0.5
"""Share of the offspring taken around the least violated design where none is feasible yet."""

UNSCORED = 1e250
"""Scores of infeasible designs begin here."""

CRITERIA_SHARE = 0.75
"""Largest share of local search around the incumbents of criteria; the rest is near the front."""

BEST_KNOWN = 16
"""Designs by each criterion whose neighbours are looked at; a neighbour is promising if it may be
among so many best. The optimum is often next to the third best design, not to the best."""

ELITES_LOCAL_SEARCH = 0.3
"""Factor of a phase's share of local search where per-value elites are improved, too."""

MOST_PAIRED = 12
"""Most networks whose pairs have scores of their own: pairs grow with the square."""


class FeasibleMating:
    """Builds the offspring of a generation from these sources, in this order:

    - above `LARGE_SPACE` designs, children of per-value elites (`from_elites`), a share of
      `Phase.value_elites`;
    - promising neighbours of the criteria's best designs, at most `CRITERIA_SHARE` of the share of
      local search;
    - neighbours of front members (`near_front`), the rest of that share, or above `LARGE_SPACE`
      designs of the generation;
    - children of parents that each won a tournament on one criterion;
    - random designs, where too few of these are feasible and new.

    As long as the population has no feasible design, neighbours of the least violated one replace
    the first three sources, `INFEASIBLE_SHARE` of the offspring.

    Args:
        problem: what is searched.
        archive: what was evaluated.
        phase: how to vary designs; the algorithm changes it as the search proceeds.
    """

    def __init__(self, problem: AcceleratorProblem, archive: Evaluations, phase: Phase) -> None:
        self.problem, self.archive, self.phase = problem, archive, phase
        self.has_elites = archive.space.size > LARGE_SPACE
        self._pair_ratios: Floats | None = None
        single = single_moves(archive.space)
        self._moves = single, np.concatenate([single, pairs(single), paired_moves(archive.space)])

    def offspring(self, population: Ints, n: int, rng: np.random.Generator) -> Levels:
        """New designs, shape (n, n_parameters), or what few are left.

        Args:
            population: indices of the designs in the archive that are parents.
            n: number of designs that are wanted.
            rng: the source of chance.
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
        """Add children of per-value elites, promising neighbours of incumbents, and neighbours of
        front members for the rest."""
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
        """Neighbours of the least violated design that was evaluated, in random order."""
        violation = np.maximum(self.archive.G, 0.0).sum(axis=1)
        return rng.permutation(self._vicinity(self.archive.levels[[violation.argmin()]], -1))

    def _promising(self, wanted: int) -> Levels:
        """New designs that may be among the best known: the best of each criterion in turn, as a
        surrogate predicts. They are at most two moves from an incumbent or one from the best known.

        In a large space they are near incumbents only, one move from those of pairs of networks.
        The other designs one move from an incumbent follow: a surrogate can take the best of them
        for a bad one.
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
        """Find the designs near which a local search looks for better ones.

        Args:
            scores: scores of the designs from `guide_scores`, shape (n, n_scores).
            threshold: largest value of each score that counts as good, shape (n_scores,).

        Returns:
            Indices of the incumbents, and indices of the best known designs, incumbents included.
            Incumbents are the best designs by each criterion and network (by each objective without
            EDAP). In a small space, the best known designs are all with a score up to its
            threshold. In a large space, where per-value elites cover the neighbours of other good
            designs, the best known are the incumbents and the best designs by each two networks.
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
        """Fill up with children, then with random designs."""
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
        """Designs one of `_moves[reach]` away from some, shape (n, n_parameters)."""
        designs, inside = move(self.archive.space, levels, self._moves[reach])
        return designs[inside]


def _draw_pair_ratios(
    problem: AcceleratorProblem, archive: Evaluations, rng: np.random.Generator
) -> Floats | None:
    """Draw a ratio of the EDAP of each two networks, for `guide_scores`, shape (W · (W - 1) / 2,).

    Log-uniform between its values at the best designs of the two, so that over the generations each
    trade-off between them is looked for. None without EDAP or with over `MOST_PAIRED` networks.
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
    """Scores of a population by what guides, shape (n, n_scores); what is infeasible loses.

    It is in the population only where the model cannot tell without an evaluation.
    """
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

    With 9 and more objectives nearly all designs are equal in rank, so rank decides nothing.

    Args:
        scores: smaller is better, shape (n_designs, n_criteria).

    Returns:
        Indices of designs, shape (n,).
    """
    a, b = rng.integers(len(scores), size=(2, n))
    criterion = rng.integers(scores.shape[1], size=n)
    return np.where(scores[a, criterion] <= scores[b, criterion], a, b)
