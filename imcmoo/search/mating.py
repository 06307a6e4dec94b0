"""Offspring of a generation: feasible designs that were never evaluated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from imcmoo.arrays import Floats, Ints
from imcmoo.io.blas import one_thread
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.record.evaluations import Evaluations
from imcmoo.search.elites import from_elites
from imcmoo.search.front_search import near_front
from imcmoo.search.offspring import OffspringBuilder, Refused
from imcmoo.search.operators import crossover, mutate
from imcmoo.search.sampling import draw_feasible, unseen
from imcmoo.search.surrogate import Surrogate
from imcmoo.search.survival import best_in_turn
from imcmoo.space.design_space import DesignSpace, Levels
from imcmoo.space.moves import move, paired_moves, pairs, single_moves

OVERSAMPLING = 16
"""Children created per wanted child, since some are known or infeasible."""

ETA = 7.0
"""Distribution index of crossover and mutation."""

LARGE_SPACE_SIZE = 35
"""Most designs of a generation in a large space, so that the surrogate is fitted often."""

PAIRED_NETWORKS = 12
"""Most networks whose pairs have scores of their own; their number grows with the square."""

UNSCORED = 1e250
"""Smallest score of an infeasible design."""


@dataclass(frozen=True, kw_only=True)
class FeasibleMating:
    """Makes the offspring of a generation: feasible designs that were never evaluated.

    Pass one to `run_search` or `Search` to change a setting, or a subclass to change a step:

        run_search(problem, rng=rng, mating=FeasibleMating(criteria_share=0.5))

    Offspring come from these sources, in this order, until there are enough:

    - in a large space, children of per-value elites (`from_elites`), at most `elites_share`;
    - promising neighbours of the criteria's best designs, at most `criteria_share`;
    - neighbours of front members (`near_front`);
    - children of parents that each won a tournament on one criterion: `children_share` of what
      elites leave, rounded down, and what local search leaves.

    Random designs follow only if all of these give none. As long as no evaluated design is
    feasible, neighbours of the least violated one replace the first three sources. A surrogate
    orders candidates before they are checked, and only those are checked whose violation, as a
    second one predicts it, is within a tolerance that is drawn for each generation.

    Args:
        size: designs of a generation, at least 1; in a large space at most 35. By default 100.
        criteria_share: largest share of designs near the criteria's best ones, of what elites and
            children leave, in 0..1. By default 0.7.
        elites_share: largest share of children of per-value elites in a large space, in 0..1. By
            default 0.7.
        children_share: share of what elites leave that local search leaves to children, in 0..1. By
            default 0.05: in a large space that is less than one design.
        best_known: designs by each criterion whose neighbours are considered, at least 1. A
            neighbour is promising if its predicted score is among so many best. By default 16: the
            optimum is often next to the third best design, not to the best.
        large_space: number of designs above which a space is large: it gets per-value elites. By
            default 2**30; in smaller spaces a two-move local search suffices.
        tolerance: mean of the exponential distribution of the tolerance, octaves, at least 0. By
            default 0.3.
        search_front: proposes neighbours of front members. By default `near_front`.
        surrogate: class that predicts coordinates and violations. By default `Surrogate`.
        fitted: designs that a surrogate is fitted to, at least 1; those of elites are fitted to
            other numbers. Its time grows with their cube. By default 200.

    Raises:
        ValueError: a share outside 0..1, a negative tolerance or a count below 1.
    """

    size: int = 100
    criteria_share: float = 0.7
    elites_share: float = 0.7
    children_share: float = 0.05
    best_known: int = 16
    large_space: float = 2**30
    tolerance: float = 0.3
    search_front: Callable[..., Levels] = near_front
    surrogate: type[Surrogate] = Surrogate
    fitted: int = 200

    def __post_init__(self) -> None:
        for name in ("criteria_share", "elites_share", "children_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be in 0..1, got {getattr(self, name)}")
        if not self.tolerance >= 0:
            raise ValueError(f"tolerance must be at least 0, got {self.tolerance}")
        for name in ("size", "best_known", "fitted"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")

    def is_large(self, space: DesignSpace) -> bool:
        """True if a space has per-value elites."""
        return space.size > self.large_space

    @one_thread()
    def offspring(
        self,
        problem: AcceleratorProblem,
        archive: Evaluations,
        refused: Refused,
        population: Ints,
        *,
        rng: np.random.Generator,
    ) -> Levels:
        """Make the designs of a generation.

        Args:
            problem: what is searched.
            archive: what was evaluated.
            refused: designs that failed a check; more are added.
            population: indices of the parents in the archive.
            rng: the source of chance.

        Returns:
            Shape (n, n_parameters); none if no design is left.
        """
        n = min(self.size, LARGE_SPACE_SIZE) if self.is_large(problem.space) else self.size
        fit = self.surrogate.of_violation(archive, refused, population, self.fitted)
        offspring = OffspringBuilder(
            problem,
            archive,
            refused,
            n,
            predicted=fit.predict if fit else None,
            tolerance=self.tolerance * rng.exponential(),
        )
        if len(archive.seen) == archive.space.size:
            return offspring.levels
        ratios = None
        if archive.feasible[population].any():
            if self.is_large(archive.space):
                ratios = self._draw_pair_ratios(problem, archive, rng)
            self._search_locally(offspring, population, ratios, rng)
        else:
            offspring.add(_nearest(archive, rng), n // 2)
        if offspring.missing:
            self.recombine(offspring, population, ratios, rng)
        if not len(offspring.levels):
            offspring.append(draw_feasible(problem, n, rng, seen=offspring.seen))
        return offspring.levels

    def recombine(
        self,
        offspring: OffspringBuilder,
        population: Ints,
        pair_ratios: Floats | None,
        rng: np.random.Generator,
    ) -> None:
        """Add children of the population.

        Args:
            offspring: the generation, with the designs of local search.
            population: indices of the parents in the archive.
            pair_ratios: see `AcceleratorProblem.guide_scores`.
            rng: the source of chance.
        """
        problem, archive, n = offspring.problem, offspring.archive, offspring.missing
        scores = _guiding(problem, archive.F[population], archive.G[population], pair_ratios)
        won = population[tournaments(scores, OVERSAMPLING * n, rng)]
        parents = archive.levels[won.reshape(2, -1)]
        children = np.concatenate(crossover(problem.space, parents, rng, probability=1.0, eta=ETA))
        children = mutate(problem.space, children, rng, probability=0.5, eta=ETA)
        offspring.add(offspring.likely(unseen(problem.space, children, offspring.seen)), n)

    def _search_locally(
        self,
        offspring: OffspringBuilder,
        population: Ints,
        pair_ratios: Floats | None,
        rng: np.random.Generator,
    ) -> None:
        """Add children of per-value elites, promising neighbours of incumbents, and neighbours of
        front members for the rest."""
        problem, archive = offspring.problem, offspring.archive
        moves = _moves(problem.space)
        if self.is_large(problem.space):
            n_elites = round(self.elites_share * offspring.wanted)
            children, of = from_elites(
                problem, archive, n_elites, rng, pair_ratios, surrogate=self.surrogate
            )
            offspring.add_one_of_each(children, of)
        left = offspring.missing - int(self.children_share * offspring.missing)
        if wanted := round(self.criteria_share * left):
            left -= offspring.add(self.promising(offspring, moves, pair_ratios), wanted)
        if left > 0:
            neighbours = self.search_front(
                offspring,
                population,
                moves,
                left,
                rng,
                surrogate=self.surrogate,
                fitted=self.fitted,
            )
            offspring.add(neighbours, left)

    def promising(
        self,
        offspring: OffspringBuilder,
        moves: tuple[Levels, Levels],
        pair_ratios: Floats | None,
    ) -> Levels:
        """Return new designs near the best ones, most promising first.

        They lie up to two moves from the best design of each criterion or, in a small space, one
        move from any of the `best_known`.
        """
        problem, archive = offspring.problem, offspring.archive
        one_step, two_steps = moves
        feasible = np.flatnonzero(archive.feasible)
        F = archive.F[feasible]
        scores = problem.guide_scores(F, pair_ratios=pair_ratios)
        n_best = min(self.best_known, len(scores))
        threshold = np.partition(scores, n_best - 1, axis=0)[n_best - 1]
        best = scores.argmin(axis=0)
        n_pairs = 0 if pair_ratios is None else len(pair_ratios)
        incumbents = feasible[np.unique(best[: len(best) - n_pairs])]
        # In a large space, per-value elites cover the neighbours of other good designs.
        is_good = (scores <= threshold).any(axis=1)
        elites = feasible[np.unique(best) if self.is_large(problem.space) else is_good]
        beyond = _vicinity(problem.space, archive.levels[incumbents], two_steps)
        beside = _vicinity(problem.space, archive.levels[elites], one_step)
        vicinity = unseen(problem.space, np.concatenate([beyond, beside]), offspring.seen)
        fit = self.surrogate.near(problem, archive, elites, self.fitted)
        predicted = problem.guide_scores(
            problem.from_coordinates(fit.predict(vicinity)),
            problem.best_joint_edap(F),
            pair_ratios=pair_ratios,
        )
        promising = (predicted <= threshold).any(axis=1)
        vicinity, predicted = vicinity[promising], predicted[promising]
        ordered = vicinity[best_in_turn(predicted, len(predicted))]
        return offspring.likely(ordered)

    def _draw_pair_ratios(
        self, problem: AcceleratorProblem, archive: Evaluations, rng: np.random.Generator
    ) -> Floats | None:
        """Draw a ratio of the EDAP of each two networks, for `guide_scores`, shape (W(W - 1) / 2,).

        Log-uniform between its values at the best designs of the two, so that over the generations
        each trade-off between them is looked for. None without EDAP or with many networks.
        """
        if not problem.has_edap or len(problem.workload_names) > PAIRED_NETWORKS:
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
