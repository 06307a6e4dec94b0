"""Offspring of a generation: feasible designs that were never evaluated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imcmoo.arrays import Floats, Ints
from imcmoo.io.blas import one_thread
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.record.evaluations import Evaluations
from imcmoo.search.elites import from_elites
from imcmoo.search.front_search import near_front
from imcmoo.search.offspring import OffspringBuilder
from imcmoo.search.operators import crossover, mutate
from imcmoo.search.sampling import draw_feasible, first_passing, unseen
from imcmoo.search.schedule import Phase
from imcmoo.search.surrogate import Surrogate
from imcmoo.search.survival import best_in_turn
from imcmoo.space.design_space import DesignSpace, Levels
from imcmoo.space.moves import move, paired_moves, pairs, single_moves

OVERSAMPLING = 4
"""Children created per wanted child, since some are known or infeasible."""

UNSCORED = 1e250
"""Smallest score of an infeasible design."""


@dataclass(frozen=True, kw_only=True)
class FeasibleMating:
    """Makes the offspring of a generation: all feasible, none evaluated before.

    Pass one to `run_search` or `Search` to change a setting, or a subclass to change a step:

        run_search(problem, rng=rng, mating=FeasibleMating(criteria_share=0.5))

    Offspring come from these sources, in this order, until there are enough:

    - in a large space, children of per-value elites (`from_elites`), a share of
      `Phase.value_elites`;
    - promising neighbours of the criteria's best designs, at most `criteria_share` of the share of
      local search;
    - neighbours of front members (`near_front`): the rest of that share, or of the generation in a
      large space;
    - children of parents that each won a tournament on one criterion (`fill`);
    - random designs, if too few of these are feasible and new (`fill`).

    As long as the population has no feasible design, neighbours of the least violated one replace
    the first three sources.

    Args:
        criteria_share: largest share of local search near the criteria's best designs, in 0..1; the
            rest is near the front. By default 0.75.
        infeasible_share: share of the offspring near the least violated design while none is
            feasible, in 0..1. By default 0.5.
        best_known: designs by each criterion whose neighbours are considered, at least 1. A
            neighbour is promising if its predicted score is among so many best. By default 16: the
            optimum is often next to the third best design, not to the best.
        large_space: number of designs above which a space is large: it gets per-value elites. By
            default 2**30; in smaller spaces a two-move local search suffices.
        large_space_offspring: most offspring per generation in a large space, at least 1, so that
            the surrogate is fitted often. By default 35.
        large_space_local_search: factor of `Phase.local_search` in a large space, in 0..1. By
            default 0.3.
        paired_networks: most networks whose pairs have scores of their own in a large space; the
            number of pairs grows with the square. By default 12.
        surrogate: class that predicts coordinates of designs. By default `Surrogate`.
        fitted: evaluated designs that a surrogate is fitted to, at least 1; those of elites are
            fitted to other numbers. Its time grows with their cube. By default 200.

    Raises:
        ValueError: a share outside 0..1 or a count below 1.
    """

    criteria_share: float = 0.75
    infeasible_share: float = 0.5
    best_known: int = 16
    large_space: float = 2**30
    large_space_offspring: int = 35
    large_space_local_search: float = 0.3
    paired_networks: int = 12
    surrogate: type[Surrogate] = Surrogate
    fitted: int = 200

    def __post_init__(self) -> None:
        for name in ("criteria_share", "infeasible_share", "large_space_local_search"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be in 0..1, got {getattr(self, name)}")
        for name in ("best_known", "large_space_offspring", "fitted"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")

    def is_large(self, space: DesignSpace) -> bool:
        """True if a space has per-value elites."""
        return space.size > self.large_space

    def most_offspring(self, space: DesignSpace, phase: Phase) -> int:
        """Number of designs of a generation."""
        if self.is_large(space):
            return min(phase.offspring, self.large_space_offspring)
        return phase.offspring

    def offspring(
        self,
        problem: AcceleratorProblem,
        archive: Evaluations,
        population: Ints,
        n: int,
        *,
        phase: Phase,
        rng: np.random.Generator,
    ) -> Levels:
        """Make the designs of a generation.

        Args:
            problem: what is searched.
            archive: what was evaluated.
            population: indices of the parents in the archive.
            n: number of designs wanted.
            phase: how to vary designs.
            rng: the source of chance.

        Returns:
            Shape (n, n_parameters), or what few are left.
        """
        offspring = OffspringBuilder(problem, archive, n)
        if len(archive.seen) == archive.space.size:
            return offspring.levels
        ratios = None
        if archive.feasible[population].any():
            if self.is_large(archive.space):
                ratios = self._draw_pair_ratios(problem, archive, rng)
            self._search_locally(offspring, phase, ratios, rng)
        else:
            offspring.add(_nearest(archive, rng), round(self.infeasible_share * n))
        self.fill(offspring, population, phase, ratios, rng)
        return offspring.levels

    def search_front(
        self,
        problem: AcceleratorProblem,
        archive: Evaluations,
        moves: tuple[Levels, Levels],
        wanted: int,
        rng: np.random.Generator,
    ) -> Levels:
        """Find new neighbours of front members; not all need be feasible.

        Args:
            problem: what is searched.
            archive: what was evaluated, at least one feasible design in it.
            moves: single moves, and all moves of up to two steps, shape (n_moves, n_parameters).
            wanted: number of designs that the generation takes.
            rng: the source of chance.

        Returns:
            Best first, shape (n, n_parameters); by default those of `near_front`.
        """
        return near_front(
            problem, archive, moves, wanted, rng, surrogate=self.surrogate, fitted=self.fitted
        )

    def fill(
        self,
        offspring: OffspringBuilder,
        population: Ints,
        phase: Phase,
        pair_ratios: Floats | None,
        rng: np.random.Generator,
    ) -> None:
        """Fill the generation up with children of the population, then with random designs.

        Args:
            offspring: the generation, with what local search found.
            population: indices of the parents in the archive.
            phase: how to vary designs.
            pair_ratios: see `AcceleratorProblem.guide_scores`.
            rng: the source of chance.
        """
        problem, archive = offspring.problem, offspring.archive
        if n := offspring.missing:
            scores = _guiding(problem, archive.F[population], archive.G[population], pair_ratios)
            won = population[tournaments(scores, OVERSAMPLING * n, rng)]
            parents = archive.levels[won.reshape(2, -1)]
            recombined, mutated = phase.crossover_probability, phase.mutation_probability
            couples = crossover(problem.space, parents, rng, probability=recombined, eta=phase.eta)
            children = np.concatenate(couples)
            mutants = mutate(problem.space, children, rng, probability=mutated, eta=phase.eta)
            offspring.add(mutants, n)
        if n := offspring.missing:
            offspring.append(draw_feasible(problem, n, rng, seen=offspring.seen))

    @one_thread()
    def _search_locally(
        self,
        offspring: OffspringBuilder,
        phase: Phase,
        pair_ratios: Floats | None,
        rng: np.random.Generator,
    ) -> None:
        """Add children of per-value elites, promising neighbours of incumbents, and neighbours of
        front members for the rest."""
        problem, archive, share = offspring.problem, offspring.archive, phase.local_search
        is_large, moves = self.is_large(problem.space), _moves(problem.space)
        if is_large:
            share *= self.large_space_local_search
            n_elites = round(phase.value_elites * offspring.wanted)
            children = from_elites(
                problem, archive, n_elites, rng, pair_ratios, surrogate=self.surrogate
            )
            offspring.add(children, n_elites)
        left = round(share * offspring.wanted)
        if wanted := round(self.criteria_share * left):
            promising = self._promising(problem, archive, moves, wanted, pair_ratios)
            left -= offspring.add(promising, wanted)
        if is_large and share:
            left = offspring.missing
        if left:
            offspring.add(self.search_front(problem, archive, moves, left, rng), left)

    def _promising(
        self,
        problem: AcceleratorProblem,
        archive: Evaluations,
        moves: tuple[Levels, Levels],
        wanted: int,
        pair_ratios: Floats | None,
    ) -> Levels:
        """Return new designs near the best ones, most promising first.

        They lie up to two moves from the best design of each criterion or, in a small space, one
        move from any of the `best_known`. In a large space, unpromising neighbours follow, because
        the surrogate can be wrong.
        """
        one_step, two_steps = moves
        feasible = np.flatnonzero(archive.feasible)
        F = archive.F[feasible]
        scores = problem.guide_scores(F, pair_ratios=pair_ratios)
        n_best = min(self.best_known, len(scores))
        threshold = np.partition(scores, n_best - 1, axis=0)[n_best - 1]
        n_pairs = 0 if pair_ratios is None else len(pair_ratios)
        is_large = self.is_large(problem.space)
        best = _best_known(scores, threshold, n_pairs, every=not is_large)
        incumbents, elites = (feasible[rows] for rows in best)
        beyond = _vicinity(problem.space, archive.levels[incumbents], two_steps)
        beside = _vicinity(problem.space, archive.levels[elites], one_step)
        vicinity = unseen(problem.space, np.concatenate([beyond, beside]), archive.seen)
        surrogate = self.surrogate.near(problem, archive, elites, self.fitted)
        predicted = problem.guide_scores(
            problem.from_coordinates(surrogate.predict(vicinity)),
            problem.best_joint_edap(F),
            pair_ratios=pair_ratios,
        )
        promising = (predicted <= threshold).any(axis=1)
        rows, others = np.flatnonzero(promising), np.arange(0)
        if is_large:
            rows = rows[first_passing(problem, vicinity[rows], predicted[rows], wanted)]
            nearest = np.isin(problem.space.rank(vicinity), problem.space.rank(beside))
            others = np.flatnonzero(nearest & ~promising)
        order = [x[best_in_turn(predicted[x], len(x))] for x in (rows, others)]
        return vicinity[np.concatenate(order)]

    def _draw_pair_ratios(
        self, problem: AcceleratorProblem, archive: Evaluations, rng: np.random.Generator
    ) -> Floats | None:
        """Draw a ratio of the EDAP of each two networks, for `guide_scores`, shape (W(W - 1) / 2,).

        Log-uniform between its values at the best designs of the two, so that over the generations
        each trade-off between them is looked for. None without EDAP or with many networks.
        """
        if not problem.has_edap or len(problem.workload_names) > self.paired_networks:
            return None
        edap = problem.costs(archive.F[archive.feasible]).edap
        best = edap[edap.argmin(axis=0)]
        first, second = np.triu_indices(len(best), 1)
        at_first = best[first, first] / best[first, second]
        at_second = best[second, first] / best[second, second]
        return np.exp(rng.uniform(np.log(at_first), np.log(at_second)))


def _moves(space: DesignSpace) -> tuple[Levels, Levels]:
    """Single moves, and all moves of up to two steps."""
    single = single_moves(space)
    return single, np.concatenate([single, pairs(single), paired_moves(space)])


def _vicinity(space: DesignSpace, levels: Levels, moves: Levels) -> Levels:
    """Designs one of the moves away from some, shape (n, n_parameters)."""
    designs, inside = move(space, levels, moves)
    return designs[inside]


def _nearest(archive: Evaluations, rng: np.random.Generator) -> Levels:
    """Neighbours of the least violated design that was evaluated, in random order."""
    violation = np.maximum(archive.G, 0.0).sum(axis=1)
    least = archive.levels[[violation.argmin()]]
    return rng.permutation(_vicinity(archive.space, least, _moves(archive.space)[1]))


def _best_known(
    scores: Floats, threshold: Floats, n_pairs: int, *, every: bool
) -> tuple[Ints, Ints]:
    """Indices of the best designs by each score but those of pairs of networks (the last), and of
    the best known designs: all up to a threshold, or the best by each score."""
    best = scores.argmin(axis=0)
    incumbents = np.unique(best[: len(best) - n_pairs])
    # In a large space, per-value elites cover the neighbours of other good designs.
    good = np.flatnonzero((scores <= threshold).any(axis=1)) if every else np.unique(best)
    return incumbents, good


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
