"""The tree of a cost model that knows bounds of bodies at the most: bodies, then their designs.

What the screen rules out is left out, so that the proof costs no more than enumeration, whatever
the model; and what a model says of bodies saves their designs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from imcmoo.model.cost_model import CostModel, Screens, SharesWork
from imcmoo.model.metrics import Metrics
from imcmoo.model.partials import BoundsBodies
from imcmoo.space.choices import UNCHOSEN, every_choice
from imcmoo.space.design_space import Levels

LEAST = 1e-30
"""Less than any energy (J), latency (s) or area (m²): the bound of what is not known."""


def least_known(n: int) -> Metrics:
    """What a screen says of n partial designs of which nothing is known."""
    return Metrics({"area": np.full(n, LEAST)}, {})


class PartialsByBody:
    """Keeps `imcmoo.model.partials.Partials`; a row is a design, −1 where nothing is chosen.

    Args:
        model: any cost model.
        bounded: whether to ask it for bounds; else all designs that its screen leaves are left.
    """

    stages: Sequence[str] = ("body", "point")

    def __init__(self, model: CostModel, *, bounded: bool = True) -> None:
        self._model = model
        self.bound_from = self.refined_from = 1 if bounded else len(self.stages) + 1
        names = model.space.names
        shared = (
            model.body_parameters if isinstance(model, SharesWork) else names[: len(names) // 2]
        )
        self._names = ([n for n in names if n in shared], [n for n in names if n not in shared])
        self._screened = (
            [i for i, n in enumerate(names) if n in model.screened_by]
            if isinstance(model, Screens)
            else None
        )

    @property
    def start(self) -> Levels:
        """The row of which nothing is chosen."""
        return np.full((1, len(self._model.space.names)), UNCHOSEN)

    def options(
        self, partial: Levels, stage: int, only: NDArray[np.int64] | None = None
    ) -> tuple[Levels, NDArray[np.int64]]:
        """Every body, or every design of some bodies."""
        return every_choice(self._model.space, partial, self._names[stage], only)

    def relaxed_bound(self, partial: Levels, stage: int) -> Metrics | None:
        """No relaxed bounds."""
        return None

    def completions(self, partial: Levels) -> NDArray[np.int64]:
        """Product of the sizes of what is not chosen."""
        return np.where(partial == UNCHOSEN, self._model.space.shape, 1).prod(axis=1)

    def ancestors(self, levels: Levels, stage: int) -> Levels:
        """Rows with the parameters of later stages not chosen."""
        rows, later = levels.copy(), [n for names in self._names[stage:] for n in names]
        rows[:, [self._model.space.names.index(name) for name in later]] = UNCHOSEN
        return rows

    def designs(self, partial: Levels) -> Levels:
        """The rows as they are."""
        return partial

    def filled(self, partial: Levels) -> Levels:
        """What is not chosen at its first level."""
        return np.maximum(partial, 0)

    def screen(self, partial: Levels) -> Metrics:
        """What the model's screen says where it depends on nothing unchosen, else nothing."""
        model, known = self._model, self._screened
        if known and isinstance(model, Screens) and not (partial[:, known] == UNCHOSEN).any():
            return model.screen(self.filled(partial))
        return least_known(len(partial))

    def bound(self, partial: Levels) -> Metrics:
        """Of bodies what their model says; else the least of everything."""
        if isinstance(self._model, BoundsBodies) and (partial == UNCHOSEN).any():
            return self._model.bound_bodies(self.filled(partial))
        shape = len(partial), len(self._model.workload_names)
        values = {name: np.full(shape, LEAST) for name in ("energy", "latency")}
        return Metrics({**values, "area": np.full(len(partial), LEAST)}, {})
