"""Search tree of a problem: expansion, bounds and counting of nodes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from imcmoo.arrays import Bools, Floats, Ints
from imcmoo.exact.bounded_criteria import BoundedCosts, NotProvable, check_provable
from imcmoo.io.executor import spread
from imcmoo.model.cost_model import CostModel
from imcmoo.model.metrics import Metrics
from imcmoo.model.partials import PartialDesignTree
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.scenario.service import NETWORK_LOAD, NETWORK_POWER
from imcmoo.space.choices import UNCHOSEN, every_choice
from imcmoo.space.design_space import LARGEST_RANK, Levels

LEAST = 1e-30
"""Below any energy (J), latency (s) or area (m²): the bound of a model without bounds."""


class EnumerationTree:
    """A `PartialDesignTree` whose rows are designs, −1 where no value is chosen.

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
        """The root row."""
        return np.full((1, len(self._model.space.names)), UNCHOSEN)

    def children(
        self, partial: Levels, stage: int, only: Ints | None = None
    ) -> tuple[Levels, Ints]:
        """All mapping keys, or all designs, of each row, and the index of its row."""
        return every_choice(self._model.space, partial, self._names[stage], only)

    def relaxed_bound(self, partial: Levels, stage: int) -> Metrics | None:
        """No relaxed bounds."""
        return None

    def n_leaves(self, partial: Levels) -> Ints:
        """Number of designs of each row, shape (n,)."""
        return np.where(partial == UNCHOSEN, self._model.space.shape, 1).prod(axis=1)

    def child_leaves(self, partial: Levels, stage: int) -> Ints:
        """Number of designs of each child; not called without relaxed bounds."""
        return self.n_leaves(self.children(partial, stage)[0])

    def ancestors(self, levels: Levels, stage: int) -> None:
        """None: there are no bounds to validate."""

    def designs(self, partial: Levels) -> Levels:
        """The rows themselves."""
        return partial

    def representative_designs(self, partial: Levels) -> Levels:
        """Designs with the first value of each parameter that is not chosen."""
        return np.maximum(partial, 0)

    def screen(self, partial: Levels) -> Metrics:
        """Screen of the model once all its parameters are chosen."""
        if self._screened and not (partial[:, self._screened] == UNCHOSEN).any():
            return self._model.screen(self.representative_designs(partial))
        return Metrics({"area": np.full(len(partial), LEAST)}, {})

    def bound(self, partial: Levels) -> Metrics:
        """Smallest energy, latency and area of any design; in a scenario also power and load."""
        of_networks, of_chip = ["energy", "latency"], ["area"]
        if any(quantity.name == "load" for quantity in self._model.quantities):
            of_networks += [NETWORK_LOAD, NETWORK_POWER]
            of_chip += ["average_power", "load"]
        n, n_networks = len(partial), len(self._model.workload_names)
        values = {name: np.full((n, n_networks), LEAST) for name in of_networks}
        return Metrics({**values, **{name: np.full(n, LEAST) for name in of_chip}}, {})


NODES_PER_SCREEN = 1 << 14
"""Partial designs screened at once; bounds memory."""

MAX_EVALUATED = 1 << 26
"""Largest number of designs of a model without bounds (some minutes)."""

CanImprove = Callable[[BoundedCosts], Bools]
"""Returns True for bounds of partial designs that may still hold the best."""

Report = Callable[[str], None]
"""Called with a line for the user."""


@dataclass(frozen=True)
class Nodes:
    """Nodes of one stage that may contain feasible designs.

    Args:
        rows: rows of the `PartialDesignTree`, shape (n, n_columns).
        n_designs: number of designs of each node, shape (n,).
        costs: lower bounds of costs over the designs of each node; None before there are bounds.
    """

    rows: Levels
    n_designs: Ints
    costs: BoundedCosts | None

    def take(self, some: Ints) -> Nodes:
        """Nodes of an index."""
        costs = None if self.costs is None else self.costs.take(some)
        return Nodes(self.rows[some], self.n_designs[some], costs)


@dataclass(frozen=True)
class Expansion:
    """Children of nodes, with one more stage chosen.

    Args:
        nodes: children that may contain a better feasible design.
        children: number of children that relaxed bounds did not exclude.
        infeasible, excluded: numbers of designs ruled out as infeasible and by their bounds.
    """

    nodes: Nodes
    children: int
    infeasible: int
    excluded: int


class NodeExpander:
    """Expands nodes of the search tree of a problem of energy, latency and area.

    Args:
        problem: the problem.
        report: called with a line if the model has no bounds, so that all designs are evaluated.
        partials: search tree of the model, if it is known from a problem that differs in weights
            only. If None, it is made.

    Raises:
        NotProvable: a limit has no bounds, or the space is too large.
    """

    def __init__(
        self,
        problem: AcceleratorProblem,
        report: Report = lambda _: None,
        partials: PartialDesignTree | None = None,
    ) -> None:
        if problem.space.size > LARGEST_RANK:
            raise NotProvable(f"{problem.space.size:,} designs are more than can be counted here")
        self.problem = problem
        self.partials = search_tree(problem, report) if partials is None else partials
        self.stages = tuple(self.partials.stages)

    @property
    def start(self) -> Nodes:
        """Root node: the whole space."""
        rows = self.partials.start
        return Nodes(rows, self.partials.n_leaves(rows), None)

    def designs(self, rows: Levels) -> int:
        """Number of designs in some nodes."""
        return int(self.partials.n_leaves(rows).sum())

    def expand(self, rows: Levels, stage: int, can_improve: CanImprove) -> Expansion:
        """Choose one more stage of some nodes.

        Args:
            rows: nodes with all earlier stages chosen, shape (n, n_columns).
            stage: the stage to choose.
            can_improve: decides by relaxed bounds which children may improve; not called without
                such bounds.
        """
        children, costs, excluded = self._children(rows, stage, can_improve)
        parts = [
            children[at : at + NODES_PER_SCREEN] for at in range(0, len(children), NODES_PER_SCREEN)
        ]
        fits = np.concatenate([np.empty(0, bool), *spread(self.screened, parts)])
        left = children[fits]
        if costs is not None:
            costs = costs.take(fits)
        elif stage + 1 >= self.partials.bound_from:
            bounds = self.partials.bound(left)
            within = self.within(bounds)
            costs = BoundedCosts.from_bounds(
                bounds, self.problem, self.partials.representative_designs(left)
            ).take(within)
            left = left[within]
        nodes = Nodes(left, self.partials.n_leaves(left), costs)
        ruled_out = self.designs(rows) - int(nodes.n_designs.sum()) - excluded
        return Expansion(nodes, len(children), ruled_out, excluded)

    def _children(
        self, rows: Levels, stage: int, can_improve: CanImprove
    ) -> tuple[Levels, BoundedCosts | None, int]:
        """Children that relaxed bounds do not exclude, their costs, and the number of excluded
        designs."""
        quick = self.partials.relaxed_bound(rows, stage) if len(rows) else None
        if quick is None:
            return self.partials.children(rows, stage)[0], None, 0
        fits = self.within(quick)
        each = len(fits) // len(rows)
        costs = BoundedCosts.from_bounds(
            quick, self.problem, self.partials.representative_designs(rows), each
        )
        good = can_improve(costs)
        designs = self.partials.child_leaves(rows, stage)
        kept = np.flatnonzero(fits & good)
        children, _ = self.partials.children(rows, stage, kept)
        tightest = stage + 1 < self.partials.refined_from
        return children, costs.take(kept) if tightest else None, int(designs[fits & ~good].sum())

    def screened(self, rows: Levels) -> Bools:
        """True for nodes whose chips may have the cells and the area they need, shape (n,)."""
        quick = self.partials.screen(rows)
        fits: Bools = quick.runs.all(axis=1) & np.isfinite(quick.area_m2)
        return fits & (quick.area_m2 <= self.problem.largest_area_m2)

    def within(self, bounds: Metrics) -> Bools:
        """True for bounds that may be within the limits on every network, shape (n,)."""
        finite = np.isfinite(bounds.energy_J).all(axis=1) & np.isfinite(bounds.latency_s).all(
            axis=1
        )
        within = self.problem.limits.may_be_kept(bounds.values).all(axis=1)
        return np.asarray(finite & within & (bounds.area_m2 <= self.problem.largest_area_m2))

    def evaluate(self, rows: Levels) -> tuple[Levels, Floats]:
        """Feasible designs among leaves, and their objectives."""
        return self.feasible(self.partials.designs(rows))

    def feasible(self, levels: Levels) -> tuple[Levels, Floats]:
        """Feasible designs among `levels`, and their objectives."""
        levels, metrics = self.problem.feasible(levels)
        return levels, self.problem.score(levels, metrics)[0]


def search_tree(problem: AcceleratorProblem, report: Report = lambda _: None) -> PartialDesignTree:
    """The search tree of the model of a problem.

    If the model has no bounds, `report` is called with a line and all designs are evaluated.

    Raises:
        NotProvable: a limit has no bounds, or there are too many designs for a model without
            bounds.
    """
    check_provable(problem)
    model = problem.model
    try:
        return model.partials(problem.largest_area_m2)
    except ValueError as error:
        if model.space.size > MAX_EVALUATED:
            raise NotProvable(
                f"{error}, and {model.space.size:,} designs are more than the "
                f"{MAX_EVALUATED:,} that are evaluated instead"
            ) from None
        report(f"{error}: all {model.space.size:,} designs are evaluated instead")
    return EnumerationTree(model)
