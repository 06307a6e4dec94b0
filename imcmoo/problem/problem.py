"""The design problem of a study: value indices in, objectives and constraints out.

Search, enumeration and selection use it; it is also a pymoo `Problem`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from pymoo.core.problem import Problem

from imcmoo.arrays import Bools, Floats, real_numbers
from imcmoo.io.errors import OwnCodeError
from imcmoo.model.cost_model import CostModel
from imcmoo.model.metrics import Metrics, Quantity, Resource, check_values
from imcmoo.problem.criteria import EDAP_NEEDS, Criterion, applicable
from imcmoo.problem.feasibility import Feasibility
from imcmoo.problem.limits import Limits, NetworkLimits
from imcmoo.problem.scores import Costs, EdapDefinition
from imcmoo.problem.solutions import indices, variables
from imcmoo.problem.ties import Scored, TieRule
from imcmoo.problem.tolerance import Tolerance
from imcmoo.problem.weights import scaled_weights
from imcmoo.space.design_space import Levels

CM2_PER_M2 = 1e4

TOLD = "told_F", "told_G"
"""Names of the arguments of `metrics_of` among the values of its metrics; `score` returns them."""

COST = Quantity("cost", "", per_workload=False, bound=1e6)


class AcceleratorProblem(Problem):  # type: ignore[misc]  # pymoo ships no types
    """Joint design of one chip for several networks, vectorised over designs.

    Use it with `run_search`, or with any algorithm of pymoo::

        problem = AcceleratorProblem(model, area_limit_m2=1e-4)
        F, G = problem.score(levels, model.evaluate(levels))
        result = minimize(problem, NSGA2(), ("n_eval", 1000), seed=1)

    A solution of pymoo is a row of value indices. Other numbers are rounded and clipped, so
    algorithms for continuous variables work unchanged. Algorithms for mixed variables read `vars`.

    Objectives F, all minimised (maximised quantities are negated), shape (n, n_objectives): the
    quantities of the model in order, one column per network or one for the chip, then cost if there
    is a price. If a network does not run on a design, all objectives of the design are at least
    `bound` of their quantity and grow with the violation. Every design that runs all networks
    dominates it, even if constraints are ignored.

    Constraints G, violated where positive, shape (n, n_constraints): those of `Feasibility`, then
    those of `NetworkLimits`, which require an evaluation.

    Args:
        model: cost model of the space and the networks.
        area_limit_m2: largest area of a feasible chip, m². If None, there is no limit.
        cost_per_cm2: cost per cm² by technology node, nm. If given, cost is an objective.
        requested: criteria that select a design; added to those that always guide the search.
        weights: weights of the networks, positive, shape (W,); scaled to sum W. If None, all are
            equal.
        limits: limits of the costs of networks, by name. If None, there are none.
        edap: delay and area of every EDAP; the images are those of the model.
        tolerance: among nearly best designs, a second criterion selects; None for none.
        own_modules: dotted names of the user's modules that the study names; part of the identity
            of answers, as is `own_data`.
        own_data: arguments of a user's model, as JSON text.

    Raises:
        ValueError: the model has no network, the area limit is not positive or the model has no
            area, the weights do not fit, or a criterion, limit or EDAP needs a missing quantity.
    """

    def __init__(
        self,
        model: CostModel,
        *,
        area_limit_m2: float | None = None,
        cost_per_cm2: Mapping[int, float] | None = None,
        requested: Sequence[Criterion] = (),
        weights: Sequence[float] | None = None,
        limits: Mapping[str, Limits] | None = None,
        edap: EdapDefinition | None = None,
        tolerance: Tolerance | None = None,
        own_modules: Sequence[str] = (),
        own_data: str = "",
    ) -> None:
        names = list(model.workload_names)
        self.quantities = (*model.quantities, *([COST] if cost_per_cm2 else []))
        _check(model, names, area_limit_m2)
        self.model = model
        self.area_limit_m2 = area_limit_m2
        self.cost_per_cm2 = cost_per_cm2
        self.space = model.space
        self.workload_names = names
        self.edap = (edap or EdapDefinition()).of_images(model.images)
        self._check_edap()
        self.tolerance = tolerance
        self.own_modules = tuple(own_modules)
        self.own_data = own_data
        self.weights = scaled_weights(weights, len(names))
        names_of_quantities = [q.name for q in self.quantities]
        self.requested = tuple(criterion.for_networks(len(names)) for criterion in requested)
        applied = applicable(names_of_quantities, self.requested)
        self.criteria = [criterion.for_networks(len(names)) for criterion in applied]
        self.guides = [c for c in self.criteria if c.guides or c in self.requested]
        self.limits = NetworkLimits(limits or {}, names, names_of_quantities, model.images)
        self._set_objectives()
        self.feasibility = Feasibility(model, area_limit_m2)
        self.constraint_names = [*self.feasibility.names, *self.limits.names]
        super().__init__(
            n_var=len(self.space.shape),
            n_obj=len(self.objective_names),
            n_ieq_constr=len(self.constraint_names),
            xl=np.zeros(len(self.space.shape)),
            xu=np.array(self.space.shape) - 1,
            vtype=int,
        )
        self.vars = variables(self.space)

    def without_checks(self) -> Self:
        """Return a copy whose constraints are known only after an evaluation.

        Search it if a check costs as much as an evaluation: infeasible designs then count in the
        budget, and a surrogate predicts which designs are feasible.
        """
        unchecked = copy(self)
        unchecked.feasibility = Feasibility(self.model, self.area_limit_m2, is_checked=False)
        return unchecked

    def _check_edap(self) -> None:
        names = [q.name for q in self.quantities]
        for key, quantity in self.edap.quantities.items():
            kind = getattr(self.edap, key)
            if quantity not in names and (self.has_edap or kind != getattr(EdapDefinition(), key)):
                raise ValueError(
                    f"{key} = {kind!r}: the cost model gives no {quantity}; it gives "
                    f"{', '.join(names)}"
                )

    def _set_objectives(self) -> None:
        """Set names, signs and ranges of the objectives, shape (n_objectives,)."""
        columns = [q.columns(self.workload_names) for q in self.quantities]
        of_each = [q for q, names in zip(self.quantities, columns, strict=True) for _ in names]
        self.objective_names = [name for names in columns for name in names]
        self._signs = np.array([1.0 if q.sense == "min" else -1.0 for q in of_each])
        self._bounds = np.array([q.bound for q in of_each])
        self._is_ratio = np.array([q.scale == "ratio" for q in of_each])
        # Objectives are finite, and ratios are positive before the sign flip.
        self._above = np.where(self._is_ratio & (self._signs > 0), 0.0, -np.inf)
        self._below = np.where(
            self._is_ratio & (self._signs < 0), np.minimum(self._bounds, 0.0), self._bounds
        )

    @property
    def largest_area_m2(self) -> float:
        """Area limit, m²; infinite if there is none."""
        return np.inf if self.area_limit_m2 is None else self.area_limit_m2

    @property
    def has_edap(self) -> bool:
        """True if each network has an EDAP."""
        return set(EDAP_NEEDS) <= {q.name for q in self.quantities}

    @property
    def gives_interval(self) -> bool:
        """True if the initiation interval is an objective."""
        return "interval" in [q.name for q in self.quantities]

    def ties(self, criterion: Scored | None = None) -> TieRule:
        """Rule that chooses among designs with equal scores by a criterion.

        Args:
            criterion: the criterion. If None, the scores are costs, such as EDAP.
        """
        return TieRule.of([q.name for q in self.quantities], criterion)

    def costs(self, F: Floats) -> Costs:
        """Quantities by name of designs with objectives F, shape (n, n_objectives)."""
        n, values, at = len(self.workload_names), {}, 0
        natural = self.natural(F)
        for q in self.quantities:
            values[q.name] = natural[:, at : at + n] if q.per_workload else natural[:, at]
            at += n if q.per_workload else 1
        return Costs(values, F, self.weights, self.edap)

    def natural(self, F: Floats) -> Floats:
        """Flip the sign of maximised quantities in F, shape (n, n_objectives); its own inverse."""
        return F if (self._signs > 0).all() else F * self._signs

    def coordinates(self, F: Floats) -> Floats:
        """Objectives on the scale on which differences count, shape as F; smaller is better.

        Ratios become logarithms; all else is unchanged.
        """
        signed = self.natural(F)
        logs = self._signs * np.log(np.where(self._is_ratio, signed, 1.0))
        return np.where(self._is_ratio, logs, F)

    def from_coordinates(self, points: Floats) -> Floats:
        """Inverse of `coordinates`."""
        return np.where(self._is_ratio, self._signs * np.exp(self._signs * points), points)

    def best_joint_edap(self, F: Floats) -> Floats | None:
        """Best EDAP of each network over designs with objectives F, J·s·mm², shape (W,); None
        without EDAP."""
        return np.asarray(self.costs(F).edap.min(axis=0)) if self.has_edap else None

    def guide_reference(self, F: Floats) -> Floats | None:
        """Return what the scores of predicted designs are against, given the objectives of all
        feasible ones; see `guide_scores`."""
        return self.best_joint_edap(F)

    def guide_scores(self, F: Floats, reference: Floats | None = None) -> Floats:
        """Compute the scores that guide a search; smaller is better.

        A search does not know the single-network optima. It follows `regret_minimax_joint`, the
        regret against the best EDAP of each network among joint designs, instead of
        `regret_minimax`.

        Args:
            F: objectives of feasible designs, shape (n, n_objectives).
            reference: that of `guide_reference`, the best known EDAP of each network, shape (W,).
                Pass it if `F` is predicted. If None, that of `F`.

        Returns:
            Shape (n, n_scores): each guiding criterion, and the EDAP of each network; without EDAP,
            each criterion and each objective.

        Raises:
            InputError: a score of an evaluated design is not allowed.
        """
        costs = self.costs(F)
        single = costs.edap if self.has_edap else F
        best = self.guide_reference(F) if reference is None else reference
        score = Criterion.scores if reference is None else Criterion.unchecked_scores
        return np.column_stack([*(score(c, costs, best) for c in self.guides), single])

    def cost(self, levels: Levels, area_m2: Floats) -> Floats:
        """Cost of chips, relative to 1 cm² = 100 at 32 nm.

        Args:
            levels: value indices, shape (n, n_parameters).
            area_m2: areas, m², shape (n,) or (..., n).

        Returns:
            Relative costs, shape as `area_m2`.

        Raises:
            ValueError: the problem has no cost.
        """
        if self.cost_per_cm2 is None:
            raise ValueError("cost is no objective of this problem")
        nodes = self.space.column(levels, "technology_nm")
        distinct, which = np.unique(nodes, return_inverse=True)
        per_cm2 = np.array([self.cost_per_cm2[int(node)] for node in distinct])[which]
        return np.asarray(area_m2 * CM2_PER_M2 * per_cm2)

    def _evaluate(self, X: ArrayLike, out: dict[str, Any], *args: object, **kwargs: object) -> None:
        levels = indices(self.space, X)
        out["F"], out["G"] = self.score(levels, self.model.evaluate(levels))

    def feasible(self, levels: Levels) -> tuple[Levels, Metrics]:
        """Return the feasible ones of some designs, shape (k, n_parameters), and their metrics.

        Raises:
            OwnCodeError: the model returned wrong types or shapes, or a quantity of a feasible chip
                is not finite.
        """
        metrics = self.model.evaluate(levels)
        kept = self.keeps_limits(levels, metrics)
        return levels[kept], metrics.take(kept)

    def keeps_limits(self, levels: Levels, metrics: Metrics) -> Bools:
        """True for designs that keep all constraints, shape (n,).

        Args:
            levels: value indices, shape (n, n_parameters).
            metrics: metrics of these designs for the networks of the problem.

        Raises:
            OwnCodeError: see `feasible`.
        """
        check_values(metrics, self.model.quantities, len(levels), len(self.workload_names))
        # A chip above the area limit may be too large for a score.
        kept = np.asarray((self.feasibility.constraints(metrics) <= 0).all(axis=1))
        _, G = self.score(levels[kept], metrics.take(kept))
        kept[kept] = (G <= 0).all(axis=1)
        return kept

    def with_weights(self, weights: Sequence[float]) -> Self:
        """Return a copy with other weights of the networks, positive, shape (W,)."""
        weighted = copy(self)
        weighted.weights = scaled_weights(weights, len(self.workload_names))
        return weighted

    def score(self, levels: Levels, metrics: Metrics) -> tuple[Floats, Floats]:
        """Compute objectives F and constraints G from metrics.

        Args:
            levels: value indices, shape (n, n_parameters).
            metrics: metrics of these designs for the networks of the problem.
        """
        check_values(metrics, self.model.quantities, len(levels), len(self.workload_names))
        constraints = self.feasibility.constraints(metrics)
        if TOLD[0] in metrics.values:
            F, G = (metrics.values[name] for name in TOLD)
            self._check_finite(F, np.asarray(metrics.runs.all(axis=1)))
            return F, G
        values = [metrics.values[q.name] for q in self.model.quantities]
        extra = [self.cost(levels, metrics.area_m2)] if self.cost_per_cm2 else []
        F = self.natural(np.column_stack([*values, *extra]))
        violation = constraints[:, :-1] if self.area_limit_m2 else constraints
        runs = np.asarray(metrics.runs.all(axis=1))
        G = np.hstack([constraints, self.limits.constraints(metrics.values)])
        return self._finite(F, runs, violation.sum(axis=1)), G

    def metrics_of(self, F: Floats, G: Floats | None) -> Metrics:
        """Metrics of designs from their objectives and constraints: the inverse of `score`.

        Args:
            F: objectives, shape (n, n_objectives).
            G: constraints, shape (n, n_constraints); None if there are none.

        Raises:
            ValueError: a shape is wrong.
        """
        F, G = matching(F, G, self.n_obj, self.n_ieq_constr)
        n, model = len(self.workload_names), self.model
        shortfall = np.expm1(np.maximum(G, 0) * np.log(2))
        resources = {
            name: Resource(np.ones(len(G)), shortfall[:, n * at : n * (at + 1)])
            for at, name in enumerate(model.resource_names)
        }
        costs = self.costs(F)
        values = {q.name: costs[q.name] for q in model.quantities}
        if self.area_limit_m2:  # the objectives of a design that does not run are made up
            runs = (G[:, : n * len(resources)] <= 0).all(axis=1)
            limited = self.area_limit_m2 * np.exp2(G[:, n * len(resources)])
            values["area"] = np.where(runs, values["area"], limited)
        # Rounding would let a search take another way.
        return Metrics(values | dict(zip(TOLD, (F, G), strict=True)), resources)

    def _finite(self, F: Floats, runs: Bools, violation: Floats) -> Floats:
        """Finite objectives; `violation`, shape (n,), orders designs that do not run."""
        self._check_finite(F, runs)
        F[~runs] = self._bounds * (1 + violation[~runs, None])
        return F

    def _check_finite(self, F: Floats, runs: Bools) -> None:
        fine = ((self._above < F) & (self._below > F)).all(axis=1) | ~runs
        if not fine.all():
            bad = int(np.argmin(fine))
            raise OwnCodeError(
                f"design {bad} of the batch runs, yet has an objective that is not finite, not "
                f"below its bound or, of a ratio, not positive: {F[bad].tolist()}"
            )


def matching(F: Any, G: Any, n_obj: int, n_constr: int) -> tuple[Floats, Floats]:
    """Check the shapes of objectives and constraints; returns them as arrays of floats.

    Raises:
        ValueError: a shape is wrong, or an entry is no real number; names the array and its shape.
    """
    given = {"F": (F, n_obj), "G": (np.empty((len(F), 0)) if G is None else G, n_constr)}
    arrays = []
    for name, (values, n_columns) in given.items():
        array = real_numbers(values, name).astype(float)
        if array.shape != (len(F), n_columns):
            raise ValueError(f"{name} must have shape {(len(F), n_columns)}, got {array.shape}")
        arrays.append(array)
    return arrays[0], arrays[1]


def _check(model: CostModel, names: list[str], area_limit_m2: float | None) -> None:
    if not names:
        raise ValueError("the cost model has no network to optimise for")
    if area_limit_m2 is None:
        return
    if not area_limit_m2 > 0:
        raise ValueError(f"area_limit_m2 must be positive, got {area_limit_m2}")
    if "area" not in [q.name for q in model.quantities]:
        raise ValueError("area_limit_m2: the cost model gives no area to limit")
