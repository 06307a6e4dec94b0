"""Search tree of a cost model without bounds: mapping keys, then their designs.

Sub-domains that the model's screen rules out are left out, so a proof costs no more than an
enumeration.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from imcmoo.model.cost_model import CostModel
from imcmoo.model.metrics import Ints, Metrics
from imcmoo.space.choices import UNCHOSEN, every_choice
from imcmoo.space.design_space import Levels

LEAST = 1e-30
"""Below any energy (J), latency (s) or area (m²): the bound of a model without bounds."""


class EnumerationTree:
    """A `PartialDesignTree` whose rows are designs, −1 where nothing is chosen.

    Args:
        model: any cost model.
    """

    stages: Sequence[str] = ("mapping", "operation")
    bound_from = refined_from = 1

    def __init__(self, model: CostModel) -> None:
        self._model = model
        names = model.space.names
        shared = model.mapping_parameters or names[: len(names) // 2]
        self._names = ([n for n in names if n in shared], [n for n in names if n not in shared])
        self._screened = [i for i, name in enumerate(names) if name in model.screened_by]

    @property
    def start(self) -> Levels:
        """The row with nothing chosen."""
        return np.full((1, len(self._model.space.names)), UNCHOSEN)

    def children(
        self, partial: Levels, stage: int, only: Ints | None = None
    ) -> tuple[Levels, Ints]:
        """All mapping keys, or all designs of each row, and the index of each one's row."""
        return every_choice(self._model.space, partial, self._names[stage], only)

    def relaxed_bound(self, partial: Levels, stage: int) -> Metrics | None:
        """No relaxed bounds."""
        return None

    def n_leaves(self, partial: Levels) -> Ints:
        """Number of designs of each row, shape (n,)."""
        return np.where(partial == UNCHOSEN, self._model.space.shape, 1).prod(axis=1)

    def ancestors(self, levels: Levels, stage: int) -> None:
        """None: without bounds there is nothing to validate."""

    def designs(self, partial: Levels) -> Levels:
        """The rows themselves."""
        return partial

    def representative_designs(self, partial: Levels) -> Levels:
        """Designs with the first value of each parameter that is not chosen."""
        return np.maximum(partial, 0)

    def screen(self, partial: Levels) -> Metrics:
        """The model's screen once all parameters that it depends on are chosen."""
        if self._screened and not (partial[:, self._screened] == UNCHOSEN).any():
            return self._model.screen(self.representative_designs(partial))
        return Metrics({"area": np.full(len(partial), LEAST)}, {})

    def bound(self, partial: Levels) -> Metrics:
        """The smallest energy, latency and area of any design."""
        shape = len(partial), len(self._model.workload_names)
        values = {name: np.full(shape, LEAST) for name in ("energy", "latency")}
        return Metrics({**values, "area": np.full(len(partial), LEAST)}, {})
