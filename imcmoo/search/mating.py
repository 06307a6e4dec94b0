"""Offspring of a generation: feasible designs that were never evaluated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imcmoo.arrays import Floats, Ints
from imcmoo.io.blas import one_thread
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.scalarisation import span_scaled, tchebycheff
from imcmoo.record.evaluations import Evaluations
from imcmoo.search.elites import from_elites
from imcmoo.search.offspring import OffspringBuilder
from imcmoo.search.operators import crossover, mutate
from imcmoo.search.sampling import draw_feasible
from imcmoo.search.surrogate import Surrogate
from imcmoo.search.survival import best_in_turn
from imcmoo.space.design_space import DesignSpace, Levels
from imcmoo.space.sets import distinct, unseen

OVERSAMPLING = 16
"""Children created per wanted child, since some are known or infeasible."""

ETA = 7.0
"""Distribution index of crossover and mutation."""

SPARSITY = 0.2
"""Parameter of the Dirichlet distribution of weights; below 1, few objectives dominate."""

MEMBERS_PER_DESIGN = 4
"""Random front members looked at per wanted design; bounds the time where the front is large."""


@dataclass(frozen=True, kw_only=True)
class FeasibleMating:
    """Makes the offspring of a generation: feasible designs that were never evaluated.

    Pass one to `run_search` or `Search` to change a setting, or a subclass to change a step:

        run_search(problem, rng=rng, mating=FeasibleMating(criteria_share=0.5))

    Offspring come from these sources, in this order, until there are enough:

    - in a large space, children of per-value elites (`from_elites`), at most `elites_share`;
    - promising neighbours of the criteria's best designs, at most `criteria_share`;
    - neighbours of front members;
    - children of parents that each won a tournament on one criterion: `children_share` of what
      elites leave, rounded down, and what local search leaves.

    Random designs follow only if all of these give none. As long as no evaluated design is
    feasible, neighbours of the least violated one replace the first three sources. A surrogate
    orders candidates before they are checked, and only those are checked whose violation, as a
    second one predicts it, is within a tolerance that is drawn for each generation.

    Args:
        size: designs of a generation, at least 1; a third of it in a large space, so that the
            surrogate is fitted often. By default 100.
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
        surrogate: class that predicts coordinates and violations. By default `Surrogate`.
        fitted: designs that a surrogate is fitted to, at least 1. Its time grows with their cube.
            By default 200.

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
        refused: dict[int, float],
        population: Ints,
        *,
        rng: np.random.Generator,
    ) -> Levels:
        """Make the designs of a generation.

        Args:
            problem: what is searched.
            archive: what was evaluated.
            refused: violation of designs that failed a check, octaves, by rank; more are added.
            population: indices of the parents in the archive.
            rng: the source of chance.

        Returns:
            Shape (n, n_parameters); none if no design is left.
        """
        is_large = self.is_large(problem.space)
        n = -(-self.size // 3) if is_large else self.size
        tolerance = self.tolerance * rng.exponential()
        offspring = OffspringBuilder(
            problem, archive, refused, population, n, rng, self.surrogate, self.fitted, tolerance
        )
        if len(archive.seen) == problem.space.size:
            return offspring.levels
        if archive.feasible[population].any():
            self._search_locally(offspring, is_large)
        else:
            least = np.array([archive.violation.argmin()])
            around, _ = offspring.neighbours(least, offspring.moves[1])
            offspring.add(rng.permutation(around), n // 2)
        if offspring.missing:
            self.recombine(offspring)
        if not len(offspring.levels):
            offspring.append(draw_feasible(problem, n, rng, seen=offspring.seen))
        return offspring.levels

    def recombine(self, offspring: OffspringBuilder) -> None:
        """Add children of survivors for all missing designs; feasible parents win tournaments."""
        archive, rng, n = offspring.archive, offspring.rng, offspring.missing
        space, parents = offspring.problem.space, offspring.population
        scores, feasible = archive.violation[parents, None], archive.feasible[parents]
        if feasible.any():
            guiding = offspring.problem.guide_scores(archive.F[parents[feasible]])
            scores = np.full((len(parents), guiding.shape[1]), np.inf)
            scores[feasible] = guiding
        won = parents[tournaments(scores, OVERSAMPLING * n, rng)]
        pairs = archive.levels[won.reshape(2, -1)]
        children = np.concatenate(crossover(space, pairs, rng, probability=1.0, eta=ETA))
        children = mutate(space, children, rng, probability=0.5, eta=ETA)
        offspring.add(offspring.likely(unseen(space, children, offspring.seen)), n)

    def _search_locally(self, offspring: OffspringBuilder, is_large: bool) -> None:
        """Add children of per-value elites, promising neighbours of incumbents, and neighbours of
        front members for the rest."""
        if is_large:
            n_elites = round(self.elites_share * offspring.wanted)
            offspring.add(from_elites(offspring, n_elites), n_elites)
        left = offspring.missing - int(self.children_share * offspring.missing)
        if wanted := round(self.criteria_share * left):
            left -= offspring.add(self.promising(offspring), wanted)
        if left > 0:
            offspring.add(self.near_front(offspring, left), left)

    def promising(self, offspring: OffspringBuilder) -> Levels:
        """Return new designs near the best ones, most promising first.

        They lie up to two moves from the best design of each criterion or, in a small space, one
        move from any of the `best_known`.

        Args:
            offspring: the generation; a feasible design was evaluated before it.

        Returns:
            Designs predicted to be feasible, shape (n, n_parameters).
        """
        problem, archive = offspring.problem, offspring.archive
        feasible = np.flatnonzero(archive.feasible)
        F = archive.F[feasible]
        scores = problem.guide_scores(F)
        n_best = min(self.best_known, len(scores))
        threshold = np.partition(scores, n_best - 1, axis=0)[n_best - 1]
        best = feasible[np.unique(scores.argmin(axis=0))]
        # In a large space, per-value elites cover the neighbours of other good designs.
        good = best if self.is_large(problem.space) else feasible[(scores <= threshold).any(axis=1)]
        beside, beyond = offspring.moves
        reaches = (best, beyond), (good, beside)
        around = [offspring.neighbours(rows, moves)[0] for rows, moves in reaches]
        vicinity = distinct(problem.space, np.concatenate(around))
        predicted = problem.from_coordinates(offspring.predict(vicinity, good))
        promise = problem.guide_scores(predicted, problem.guide_reference(F))
        promising = (promise <= threshold).any(axis=1)
        return offspring.likely(vicinity[promising][best_in_turn(promise[promising])])

    def near_front(self, offspring: OffspringBuilder, wanted: int) -> Levels:
        """Return new neighbours of front members, best first.

        As many random weight vectors as wanted designs each select the best front member that has a
        new neighbour. A surrogate orders the neighbours: the best by each weight vector in turn.
        Feasible survivors compete with the front, so that a small one has enough neighbours.
        Neighbours are one step away or, where that leads to fewer than wanted, up to two.

        Args:
            offspring: the generation; a feasible design was evaluated before it.
            wanted: number of wanted designs, at least 1.

        Returns:
            Designs predicted to be feasible, shape (n, n_parameters), perhaps more than wanted.
        """
        problem, archive, rng = offspring.problem, offspring.archive, offspring.rng
        front = archive.front
        members = rng.permutation(front)[: MEMBERS_PER_DESIGN * wanted]
        members = np.union1d(members, offspring.population)
        members = members[archive.feasible[members]]
        for moves in offspring.moves:
            neighbours, of = offspring.neighbours(members, moves)
            if len(neighbours) >= wanted:
                break
        if not len(neighbours):
            return neighbours
        points = problem.coordinates(archive.F[front])
        weights = rng.dirichlet(np.full(points.shape[1], SPARSITY), size=wanted)
        scaled = span_scaled(problem.coordinates(archive.F[members]), points)
        distance = tchebycheff(scaled, weights)
        distance[np.bincount(of, minlength=len(members)) == 0] = np.inf
        chosen = np.bincount(distance.argmin(axis=0), minlength=len(members)) > 0
        neighbours = neighbours[chosen[of]]
        neighbours = offspring.likely(distinct(problem.space, neighbours))
        predicted = offspring.predict(neighbours, members[chosen])
        return neighbours[best_in_turn(tchebycheff(span_scaled(predicted, points), weights))]


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
