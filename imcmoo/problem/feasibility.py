"""Constraints of designs, and how far infeasible designs violate them."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from imcmoo.arrays import Bools, Floats, Ints
from imcmoo.io.errors import OwnCodeError
from imcmoo.keyed_cache import Arrays, KeyedCache
from imcmoo.model.cost_model import CostModel
from imcmoo.model.metrics import Metrics, check_resources
from imcmoo.space.design_space import LARGEST_RANK, Levels

SCREEN_TABLE = 1 << 20
"""Largest number of designs that are all screened in advance (about 1 s)."""

FEW_PASSING = 1 << 14
"""Largest number of chips checked in advance (about 1 s for four networks)."""

DESIGNS_PER_SCREEN = 1 << 16
"""Designs screened at once; bounds memory."""

DIRECT_KEYS = 1 << 23
"""Largest number of designs to screen with a direct lookup table (32 MB)."""


MAX_BOUNDED = 1 << 16
"""Largest number of partial designs of one stage that are screened to prove a space empty."""


class Feasibility:
    """Constraints of a problem, computed as cheaply as the cost model can.

    Constraints G, violated where positive, shape (n, n_constraints): log2(1 + missing / own) of
    each resource of the model per network, and log2(area / limit). All count octaves: a violation
    of 1 is one doubling (one value index of most parameters), so cells, bits and area are
    commensurable.

    Args:
        model: the cost model.
        area_limit_m2: largest area, m². If None, there is no limit.
        is_checked: False to treat every violation as unknown before an evaluation.
    """

    def __init__(
        self, model: CostModel, area_limit_m2: float | None, *, is_checked: bool = True
    ) -> None:
        self._model = model
        self._area_limit_m2 = area_limit_m2
        self.is_checked = is_checked
        self._asked_ahead = False
        self.names = [
            *(f"missing_{r}_{name}" for r in model.resource_names for name in model.workload_names),
            *(["excess_area"] if area_limit_m2 else []),
        ]

    def constraints(self, known: Metrics) -> Floats:
        """Constraints G from metrics, shape (n, n_constraints)."""
        check_resources(known, self._model.resource_names, len(self._model.workload_names))
        resources = [known.resources[name] for name in self._model.resource_names]
        columns = [np.log1p(r.missing / r.own[:, None]) / np.log(2) for r in resources]
        if self._area_limit_m2:
            columns.append(np.log2(known.area_m2 / self._area_limit_m2)[:, None])
        if not columns:
            return np.empty((len(known.runs), 0))
        G = np.concatenate(columns, axis=1)
        if not np.isfinite(G).all():
            unknown = np.flatnonzero(~np.isfinite(G).all(axis=1))
            raise OwnCodeError(f"resources of design {unknown[0]} of the batch are not finite")
        return G

    def violation(self, levels: Levels) -> Floats:
        """Total violation, octaves, shape (n,), without an evaluation; 0 if feasible or unknown."""
        if not (self.is_checked and self._model.offers("resources")):
            return np.zeros(len(levels))
        self._ask_ahead()
        return _total(self.constraints(self._model.resources(levels)))

    def screened(self, levels: Levels) -> Floats:
        """Lower bound of `violation` from the screen of the model, at almost no cost.

        Each combination of the parameters that decide the screen is screened once. 0 if the model
        has no screen.
        """
        is_screened = self.is_checked and self._model.offers("screen")
        return self._remembered(levels) if is_screened else np.zeros(len(levels))

    def is_proven_empty(self) -> bool:
        """True if the bounds of the cost model rule out every design of the space.

        False if some partial design may be feasible, if there are too many of them, or if the model
        has no bounds.
        """
        limit = self._area_limit_m2 or np.inf
        try:
            tree = self._model.partials(limit)
        except ValueError:
            return False
        rows = tree.start
        for stage in range(len(tree.stages)):
            rows, _ = tree.children(rows, stage)
            if len(rows) > MAX_BOUNDED:
                return False
            if len(rows):
                screened = tree.screen(rows)
                rows = rows[screened.runs.all(axis=1) & (screened.area_m2 <= limit)]
            if not len(rows):
                return True
        return False

    def _remembered(self, levels: Levels) -> Floats:
        """Cached violation by the screen, shape (n,); not counted as constraint evaluations."""
        if self._screened is None:
            return self._screen(levels)
        ranks = self._model.space.rank(levels, self._screening)

        def work_out(index: Ints) -> Arrays:
            return (self._screen(levels[index]),)

        return self._screened.rows(ranks, work_out)[0]

    @cached_property
    def _screened(self) -> KeyedCache | None:
        """Cache of screened violations by rank among `_screening`; None if ranks are too large."""
        n = self._model.space.size_of(self._screening)
        if not self._screening or n > LARGEST_RANK:
            return None
        return KeyedCache(rows_at_once=DESIGNS_PER_SCREEN, n_keys=n if n <= DIRECT_KEYS else None)

    def _screen(self, levels: Levels) -> Floats:
        return _total(self.constraints(self._model.screen(levels)))

    @cached_property
    def screened_by(self) -> Bools:
        """True for parameters that the screen depends on, shape (n_parameters,)."""
        return np.array([name in self._screening for name in self._model.space.names], dtype=bool)

    @cached_property
    def _screening(self) -> list[str]:
        """Parameters that the screen depends on, in the order of the space."""
        names = self._model.screened_by
        return [name for name in self._model.space.names if name in names]

    def _ask_ahead(self) -> None:
        """Evaluate all designs that pass the screen at once if they are few: small batches cost
        much more."""
        model, names = self._model, self._screening
        is_settled = self._asked_ahead or not names or not model.offers("screen")
        if is_settled or model.space.size_of(names) > SCREEN_TABLE:
            return
        self._asked_ahead = True
        designs = model.space.grid(names)
        passing = designs[self._remembered(designs) <= 0]
        if len(passing) <= FEW_PASSING:
            model.resources(passing)


def _total(G: Floats) -> Floats:
    """Sum of what is violated, shape (n,), as pymoo sums it."""
    return np.asarray(np.maximum(G, 0.0).sum(axis=1))
