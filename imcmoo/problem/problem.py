"""The design problem as pymoo sees it: levels in, objectives and constraints out.

The only adapter between the cost model and pymoo. Objectives are energy per workload, latency per
workload and the chip's area; constraints say how much a chip lacks, in octaves.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pymoo.core.problem import Problem

from imcmoo.model.metrics import Floats, Metrics, Resources
from imcmoo.space.design_space import DesignSpace, Levels

CM2_PER_M2 = 1e4

UNMAPPED = 1e6
"""Every objective (J, s, m²) of a design that does not map starts here: far above any chip's."""

PROBES = 500
"""Random designs on which to try out whether a parameter matters to the constraints."""

SCREEN_TABLE = 1 << 20
"""Largest number of designs to screen in advance: about a second of work, and 8 MB."""


FEW_PASSING = 1 << 14
"""Chips looked at in advance at the most: about a second of work for four networks."""


class DesignEvaluator(Protocol):
    """The cost model, as far as a search needs it.

    `screen` is `resources` without the costly part: it may call too little missing, never too
    much, and costs next to nothing.
    """

    space: DesignSpace

    @property
    def workload_names(self) -> list[str]:
        """Names of the networks, in the order of the columns of all metrics."""

    def screen(self, levels: Levels) -> Resources:
        """Quick, optimistic resources of designs (n, n_parameters)."""

    def resources(self, levels: Levels) -> Resources:
        """Resources of designs (n, n_parameters), no energies."""

    def evaluate(self, levels: Levels) -> Metrics:
        """All metrics of designs (n, n_parameters)."""


class AcceleratorProblem(Problem):  # type: ignore[misc]  # pymoo ships no types
    """Joint design of one chip for several networks, vectorised over designs.

    Objectives F, all minimised, shape (n, 2 W + 1): energy per workload [J], latency per workload
    [s], area [m²]. A design that does not map some network gets every objective from `UNMAPPED`
    upward, the larger the more it lacks, so every design that maps dominates it even where
    constraints are ignored. (The paper's scripts leave a failed evaluation at 0: the best value.)

    Constraints G, violated where positive, shape (n, 2 W + 1): log2(1 + missing / own) of cells
    per workload and of global-buffer bits per workload, relative to what the chip itself has, and
    log2(area / limit). All count octaves: a violation of 1 is one doubling (one level of most
    parameters) away from feasible, which makes cells, bits and area commensurable.

    With cost as an objective, F has one more column: area × cost per area of the chip's node.

    Args:
        evaluator: the cost model of the space and the workloads; one workload alone is fine.
        area_limit_m2: largest area of a feasible chip; the paper's 800 mm² by default.
        cost_per_cm2: cost of a square centimetre by technology node in nm; makes cost an objective.

    Raises:
        ValueError: the evaluator has no workload, or the limit is not positive.
    """

    def __init__(
        self,
        evaluator: DesignEvaluator,
        *,
        area_limit_m2: float = 800e-6,
        cost_per_cm2: Mapping[int, float] | None = None,
    ) -> None:
        if not evaluator.workload_names:
            raise ValueError("the evaluator has no workload to optimise for")
        if not area_limit_m2 > 0:
            raise ValueError(f"area_limit_m2 must be positive, got {area_limit_m2}")
        self.evaluator = evaluator
        self.area_limit_m2 = area_limit_m2
        self.cost_per_cm2 = cost_per_cm2
        self.space = evaluator.space
        self.workload_names = list(evaluator.workload_names)
        names = self.workload_names
        self.objective_names = [
            *(f"energy_{name}_J" for name in names),
            *(f"latency_{name}_s" for name in names),
            "area_m2",
            *(["cost"] if cost_per_cm2 else []),
        ]
        self.constraint_names = [
            *(f"missing_cells_{name}" for name in names),
            *(f"missing_buffer_{name}" for name in names),
            "excess_area",
        ]
        super().__init__(
            n_var=len(self.space.shape),
            n_obj=len(self.objective_names),
            n_ieq_constr=len(self.constraint_names),
            xl=np.zeros(len(self.space.shape)),
            xu=np.array(self.space.shape) - 1,
            vtype=int,
        )

    def violation(self, levels: Levels) -> Floats:
        """Total violation in octaves, 0 where feasible, from resources only: no energies.

        Args:
            levels: shape (n, n_parameters).

        Returns:
            Shape (n,).
        """
        self._few_passing  # noqa: B018  # looked at in one go, once
        return _total(self._constraints(self.evaluator.resources(levels)))

    @cached_property
    def _few_passing(self) -> Levels:
        """What passes the screen, if it is little: the evaluator is asked about it in one go.

        An evaluator that remembers chips then never works on a handful at a time, which costs it
        many times as much.
        """
        levels = np.empty((0, len(self.constrained)), dtype=np.int64)
        if self._screened is not None:
            passing = np.argwhere(self._screened <= 0)
            if len(passing) <= FEW_PASSING:
                levels = np.zeros((len(passing), len(self.constrained)), dtype=np.int64)
                levels[:, self.constrained] = passing
                self.evaluator.resources(levels)
        return levels

    def screened_violation(self, levels: Levels) -> Floats:
        """As `violation`, but from the evaluator's screen: never larger, and very much quicker.

        Repair asks about tens of thousands of designs. Few parameters matter to the constraints,
        so what these can be is screened once and looked up ever after, where that is affordable.
        """
        if self._screened is None:
            return _total(self._constraints(self.evaluator.screen(levels)))
        return np.asarray(self._screened[tuple(levels[:, self.constrained].T)])

    @cached_property
    def constrained(self) -> NDArray[np.bool_]:
        """Whether constraints depend on each parameter, shape (n_parameters,).

        Tried out on random designs, each parameter changed alone.
        """
        sizes = np.array(self.space.shape)
        own = np.arange(len(sizes))
        levels = self.space.random(PROBES, np.random.default_rng(0))
        moved = np.repeat(levels[None], len(sizes), axis=0)
        moved[own, :, own] = (levels.T + 1) % sizes[:, None]
        G = self._constraints(self.evaluator.screen(moved.reshape(-1, len(sizes))))
        before = self._constraints(self.evaluator.screen(levels))
        return np.asarray((G.reshape(len(sizes), PROBES, -1) != before).any(axis=(1, 2)))

    @cached_property
    def _screened(self) -> Floats | None:
        """Screened violation by the levels of the constrained parameters; None if not worth it."""
        shape = tuple(np.array(self.space.shape)[self.constrained].tolist())
        if not shape or math.prod(shape) > SCREEN_TABLE:
            return None
        levels = self.space.grid(
            [n for n, own in zip(self.space.names, self.constrained, strict=True) if own]
        )
        return _total(self._constraints(self.evaluator.screen(levels))).reshape(shape)

    def split(self, F: Floats) -> tuple[Floats, Floats, Floats]:
        """Energy (n, W), latency (n, W) and area (n,) of objectives of shape (n, n_obj)."""
        n_workloads = len(self.workload_names)
        return F[:, :n_workloads], F[:, n_workloads : 2 * n_workloads], F[:, 2 * n_workloads]

    def cost(self, levels: Levels, area_m2: Floats) -> Floats:
        """Cost of chips, relative to that of 1 cm² = 100 at 32 nm, shape (n,).

        Raises:
            ValueError: the problem has no cost.
        """
        if self.cost_per_cm2 is None:
            raise ValueError("cost is no objective of this problem")
        nodes = self.space.column(levels, "technology_nm")
        per_cm2 = np.array([self.cost_per_cm2[int(node)] for node in nodes])
        return np.asarray(area_m2 * CM2_PER_M2 * per_cm2)

    def _evaluate(self, X: ArrayLike, out: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        levels = as_levels(X)
        metrics = self.evaluator.evaluate(levels)
        out["F"], out["G"] = self.score(levels, metrics)

    def score(self, levels: Levels, metrics: Metrics) -> tuple[Floats, Floats]:
        """Objectives F and constraints G of designs whose metrics are known.

        Args:
            levels: shape (n, n_parameters).
            metrics: of these designs and the problem's workloads.
        """
        G = self._constraints(metrics.resources)
        area = metrics.resources.area_m2
        extra = [self.cost(levels, area)] if self.cost_per_cm2 else []
        F = np.column_stack([metrics.energy_J, metrics.latency_s, area, *extra])
        maps = np.all(metrics.resources.maps, axis=1)
        return _objectives(F, maps, lacking=G[:, :-1].sum(axis=1)), G

    def _constraints(self, resources: Resources) -> Floats:
        r = resources
        G = np.column_stack(
            [
                np.log1p(r.missing_cells / r.cells[:, None]) / np.log(2),
                np.log1p(r.missing_buffer_bits / r.buffer_bits[:, None]) / np.log(2),
                np.log2(r.area_m2 / self.area_limit_m2),
            ]
        )
        unknown = np.flatnonzero(~np.isfinite(G).all(axis=1))
        if len(unknown):
            raise ValueError(f"resources of design {unknown[0]} of the batch are not finite")
        return G


def _total(G: Floats) -> Floats:
    """Sum of what is violated, shape (n,), as pymoo sums it."""
    return np.asarray(np.maximum(G, 0.0).sum(axis=1))


def as_levels(X: ArrayLike) -> Levels:
    """Integer level matrix of what an algorithm proposes.

    Raises:
        ValueError: a value between two levels (some pymoo operators return such floats).
    """
    given = np.asarray(X, dtype=float)
    levels = np.rint(given).astype(np.int64)
    if (levels != given).any():
        raise ValueError("a design has a level that is not an integer: round before evaluation")
    return levels


def _objectives(F: Floats, maps: NDArray[np.bool_], *, lacking: Floats) -> Floats:
    """Objectives (n, n_obj), finite and positive; `lacking` (n,) orders what does not map."""
    scored = np.all((F > 0) & (F < UNMAPPED), axis=1)
    if not scored[maps].all():
        bad = int(np.argmax(maps & ~scored))
        raise ValueError(
            f"design {bad} of the batch maps, yet has an objective outside 0..{UNMAPPED:g}: "
            f"{F[bad]}"
        )
    F[~maps] = UNMAPPED * (1 + lacking[~maps, None])
    return F
