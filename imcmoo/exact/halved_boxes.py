"""The tree of a cost model that bounds boxes of designs: boxes are halved until one design is left.

For a model that knows no order in which its parameters are best chosen. Which parameter of a box is
halved is found by trying all of them (strong branching).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from imcmoo.exact.by_body import least_known
from imcmoo.model.metrics import Bools, Floats, Metrics
from imcmoo.model.partials import BoundsBoxes
from imcmoo.space.design_space import Levels

NODE = "technology_nm"
"""Halved before all others: a bound of the price needs it."""

LEAST_GAIN = 1e-6
"""Of a half: so that of parameters that gain in one half only the one that gains most is halved."""

MOST_GAIN = 1e3
"""Of a half in which nothing is feasible."""

Ints = NDArray[np.int64]


class HalvedBoxes:
    """Keeps `imcmoo.model.partials.Partials`; a row has the lowest levels of a box, then the
    highest, which belong to it.

    Args:
        model: whose space is to be halved.
    """

    def __init__(self, model: BoundsBoxes) -> None:
        self._model = model
        shape, names = np.array(model.space.shape), model.space.names
        halvings = np.ceil(np.log2(shape)).astype(int)
        self.stages: Sequence[str] = [f"halving {i + 1}" for i in range(max(1, halvings.sum()))]
        self._node = names.index(NODE) if NODE in names else None
        self.bound_from = 1 if self._node is None else max(1, int(halvings[self._node]))
        self.refined_from = self.bound_from

    @property
    def start(self) -> Levels:
        """The whole space."""
        shape = np.array(self._model.space.shape)
        return np.concatenate([np.zeros_like(shape), shape - 1])[None]

    def options(self, partial: Levels, stage: int, only: Ints | None = None) -> tuple[Levels, Ints]:
        """Both halves of every box; what is one design already stays as it is."""
        lowest, highest = self._ends(partial)
        wide = highest > lowest
        parameter = np.zeros(len(partial), np.int64)
        several = wide.any(axis=1)
        parameter[several] = self._best(lowest[several], highest[several], wide[several])
        children, parents = _halves(lowest, highest, np.arange(len(partial)), parameter)
        kept = np.ones(len(children), bool)
        kept[1::2] = several
        return children[kept], parents[kept]

    def _best(self, lowest: Levels, highest: Levels, wide: Bools) -> Ints:
        """The parameter to halve of each box, shape (n,).

        The one by which the bounds of both halves rise most, as a product of how much each does
        (Achterberg, Koch, Martin, Branching rules revisited, 2005).
        """
        if self._node is not None:
            first = wide[:, self._node]
            wide = np.where(first[:, None], np.arange(wide.shape[1]) == self._node, wide)
        box, parameter = np.nonzero(wide)
        halves, _ = _halves(lowest, highest, box, parameter)
        before = _size(self._model.bound_boxes(lowest, highest))[box]
        after = _size(self._model.bound_boxes(*self._ends(halves))).reshape(-1, 2)
        # Of a box in which nothing is feasible any half will do.
        rises = after - np.where(np.isfinite(before), before, 0.0)[:, None]
        gains = np.full(wide.shape, -1.0)
        gains[box, parameter] = np.clip(rises, LEAST_GAIN, MOST_GAIN).prod(axis=1)
        return gains.argmax(axis=1)

    def relaxed_bound(self, partial: Levels, stage: int) -> Metrics | None:
        """No relaxed bounds."""
        return None

    def completions(self, partial: Levels) -> Ints:
        """Product of the numbers of levels."""
        lowest, highest = self._ends(partial)
        return (highest - lowest + 1).prod(axis=1)

    def ancestors(self, levels: Levels, stage: int) -> None:
        """None: where boxes are cut depends on their bounds."""

    def designs(self, partial: Levels) -> Levels:
        """What is left of each box."""
        return self._ends(partial)[0]

    def filled(self, partial: Levels) -> Levels:
        """The lowest corner."""
        return self._ends(partial)[0]

    def screen(self, partial: Levels) -> Metrics:
        """Nothing is known but by bounds."""
        return least_known(len(partial))

    def bound(self, partial: Levels) -> Metrics:
        """What the model says."""
        return self._model.bound_boxes(*self._ends(partial))

    def _ends(self, partial: Levels) -> tuple[Levels, Levels]:
        n = len(self._model.space.shape)
        return partial[:, :n], partial[:, n:]


def _halves(lowest: Levels, highest: Levels, box: Ints, parameter: Ints) -> tuple[Levels, Ints]:
    """Both halves of boxes along a parameter each, one after the other, and whose they are."""
    low, high = lowest[box], highest[box]
    at = np.arange(len(box)), parameter
    middle = (low[at] + high[at]) // 2
    upper_low, lower_high = low.copy(), high.copy()
    lower_high[at], upper_low[at] = middle, middle + 1
    lower, upper = np.hstack([low, lower_high]), np.hstack([upper_low, high])
    return np.stack([lower, upper], axis=1).reshape(-1, lower.shape[1]), np.repeat(box, 2)


def _size(bounds: Metrics) -> Floats:
    """Logarithm of a bound of the geometric mean of EDAP; infinite where nothing is feasible."""
    with np.errstate(divide="ignore"):
        product = bounds.values.get("edp", bounds.energy_J * bounds.latency_s)
        size: Floats = np.log(product).mean(axis=1) + np.log(bounds.area_m2)
    return size
