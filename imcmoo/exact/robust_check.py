"""Verify a robust proof by a second walk over the search tree, without a queue or an incumbent.

The walk goes depth first, rules out partial designs that cannot be below the proven bound, and
evaluates the designs that are left in every draw. Random designs of those that were ruled out are
evaluated as well, so that a bound that is too high is noticed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from imcmoo.arrays import Bools, Floats
from imcmoo.exact.bounded_criteria import SingleNetworkOptima
from imcmoo.exact.check import SAMPLED, DesignCounts, Refused, completions
from imcmoo.exact.draw_bounds import NUMBERS_CHUNK_SIZE, DrawBounds
from imcmoo.exact.robust import NODES_CHUNK_SIZE, criterion_over, feasible_draws
from imcmoo.exact.robust_criteria import TIE, UNBOUNDED
from imcmoo.exact.robust_proof import RobustProof
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.space.design_space import Levels

ROUNDING = 1e-12
"""Difference of levels that rounding may make."""


def check(
    proof: RobustProof,
    problems: Sequence[AcceleratorProblem],
    best: Floats,
    *,
    optima: Sequence[SingleNetworkOptima] | None = None,
    on_step: Callable[[int], None] = lambda _: None,
) -> DesignCounts:
    """Check that the chip of a proof has its value, and that no chip is below its bound.

    Args:
        proof: the proof.
        problems: the problem of each draw, of one space.
        best: proven best score of each draw, shape (n_draws,); NaN where no chip is feasible. Their
            proofs are checked elsewhere; a chip below one is refused.
        optima: single-network optima of each draw, for a regret. If None, there are none.
        on_step: called with the number of counted designs.

    Returns:
        Outcome of all designs; `excluded` counts those that cannot be below the bound.

    Raises:
        Refused: says what does not hold.
    """
    draws = feasible_draws(problems, best, proof.by, optima)
    criterion = criterion_over(proof.criterion, draws, proof.quantile)
    walk = _RobustWalk(DrawBounds(draws, criterion, np.zeros(len(draws))), proof)
    walk.check_chip()
    return walk.run(on_step)


class _RobustWalk:
    """Steps of `check`."""

    def __init__(self, bounds: DrawBounds, proof: RobustProof) -> None:
        self._bounds = bounds
        self._proof = proof
        self._tree = bounds.tree
        # No chip is above an infinite bound but those that are infeasible.
        level = bounds.criterion.level_of(proof.bound)
        self._claim = min(level - ROUNDING, UNBOUNDED)
        self._rng = np.random.default_rng(0)
        self._left_out: list[Levels] = []

    def check_chip(self) -> None:
        """Check the stated numbers, and evaluate the chip in every draw."""
        proof, criterion = self._proof, self._bounds.criterion
        if proof.draws != len(self._bounds.draws):
            raise Refused(f"{proof.draws} draws are stated, {len(self._bounds.draws)} have a chip")
        value = math.inf
        if proof.levels is not None:
            level = criterion.level(self._excess(proof.levels[None]))[0]
            value = criterion.value(float(level))
        same = math.isclose(value, proof.value, rel_tol=TIE, abs_tol=TIE)
        if not same:
            raise Refused(
                f"{proof.criterion}: {proof.value:.9g} is stated, the chip has {value:.9g}"
            )
        if not proof.bound <= proof.value:
            raise Refused(f"the bound {proof.bound:.9g} is above the value {proof.value:.9g}")
        gap = criterion.gap(proof.value, proof.bound)
        if not math.isclose(gap, proof.gap, rel_tol=TIE, abs_tol=TIE):
            raise Refused(f"a gap of {proof.gap:.9g} is stated, it is {gap:.9g}")

    def run(self, on_step: Callable[[int], None]) -> DesignCounts:
        """Walk the tree depth first."""
        tree, counts = self._tree, DesignCounts()
        open_: list[tuple[Levels, Floats, int]] = [(tree.start, self._bounds.unknown(1), 0)]
        while open_:
            rows, excess, stage = open_.pop()
            if stage == len(tree.stages):
                counts.evaluated += len(rows)
                self._look_at(tree.designs(rows))
            else:
                rows, excess = self._further(rows, excess, stage, counts)
                whole = stage + 1 < tree.bound_from
                step = max(1, len(rows)) if whole else NODES_CHUNK_SIZE
                for at in range(0, len(rows), step):
                    open_.append((rows[at : at + step], excess[at : at + step], stage + 1))
            on_step(counts.all)
        if self._left_out:
            self._look_at(np.concatenate(self._left_out))
        size = self._bounds.draws[0].problem.space.size
        if counts.all != size:
            raise Refused(f"{counts.all:,} designs were counted of {size:,}")
        return counts

    def _further(
        self, rows: Levels, excess: Floats, stage: int, counts: DesignCounts
    ) -> tuple[Levels, Floats]:
        """Children that may be below the bound, and bounds of their excesses."""
        tree = self._tree
        relaxed = self._bounds.relaxed(rows, excess, stage, self._claim)
        if relaxed is None:
            children, parents = tree.children(rows, stage)
            counts.infeasible += self._count(rows) - self._count(children)
            excess = excess[parents]
        else:
            left, excess = relaxed
            counts.excluded += int(tree.child_leaves(rows, stage)[~left].sum())
            out = np.flatnonzero(~left)
            if len(out):
                out = np.unique(self._rng.choice(out, SAMPLED))
                self._sample(tree.children(rows, stage, out)[0], stage + 1)
            children, _ = tree.children(rows, stage, np.flatnonzero(left))
        if stage + 1 >= (tree.bound_from if relaxed is None else tree.refined_from):
            left = self._bounds.bounded(children, excess, stage + 1, self._claim)
            counts.excluded += self._leave_out(children, left, stage + 1)
            children, excess = children[left], excess[left]
        return children, excess

    def _leave_out(self, rows: Levels, left: Bools, stage: int) -> int:
        """Number of designs of nodes that are ruled out, a few of which are sampled."""
        out = rows[~left]
        if len(out):
            self._sample(out[self._rng.integers(0, len(out), SAMPLED)], stage)
        return self._count(out)

    def _count(self, rows: Levels) -> int:
        return int(self._tree.n_leaves(rows).sum())

    def _sample(self, rows: Levels, stage: int) -> None:
        self._left_out.append(completions(self._tree, rows, stage, self._rng))

    def _excess(self, levels: Levels) -> Floats:
        """Excesses of designs in all draws, shape (n, n_draws)."""
        return np.stack([draw.excess(levels) for draw in self._bounds.draws], axis=1)

    def _look_at(self, levels: Levels) -> None:
        """Evaluate designs in every draw."""
        step = max(1, NUMBERS_CHUNK_SIZE // len(self._bounds.draws))
        for at in range(0, len(levels), step):
            excess = self._excess(levels[at : at + step])
            below = excess.min(axis=0)
            if (below < -TIE).any():
                raise Refused(f"draw {int(below.argmin())}: a chip is below the best score")
            level = float(self._bounds.criterion.level(excess).min())
            if level < self._claim:
                found = self._bounds.criterion.value(level)
                raise Refused(
                    f"{self._proof.criterion}: a chip has {found:.9g}, below the bound "
                    f"{self._proof.bound:.9g}"
                )
