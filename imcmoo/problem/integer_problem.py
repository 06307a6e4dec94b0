"""Problems of pymoo with integer variables, as the search takes them."""

from __future__ import annotations

from typing import Any

import numpy as np
from pymoo.core.problem import Problem
from pymoo.core.variable import Binary, Choice, Integer, Variable

from imcmoo.arrays import Floats, Values
from imcmoo.io.errors import OwnCodeError
from imcmoo.model.cost_model import CostModel
from imcmoo.model.metrics import Metrics, Quantity
from imcmoo.problem.dominance import is_nondominated
from imcmoo.problem.problem import AcceleratorProblem, matching
from imcmoo.problem.scalarisation import span_scaled
from imcmoo.space.design_space import DesignSpace, Levels
from imcmoo.space.parameters import Categorical, Ordinal, Parameter

CONSTRAINTS = "G"
"""Name of the constraints among the values of metrics."""


def searchable(problem: Problem) -> AcceleratorProblem:
    """The problem as one search takes it.

    Args:
        problem: an `AcceleratorProblem`; a problem of the benchmark suite, of which that is taken;
            or any problem of pymoo that `IntegerProblem` accepts.

    Raises:
        ValueError: see `IntegerProblem`.
    """
    problem = getattr(problem, "accelerator", problem)
    if isinstance(problem, AcceleratorProblem) and not isinstance(problem, IntegerProblem):
        return problem
    return IntegerProblem(getattr(problem, "posed", problem))


class IntegerProblem(AcceleratorProblem):
    """Any problem of pymoo with integer, binary or choice variables.

    The criteria that guide a search are the mean of the objectives, scaled by their ranges on the
    front, and each objective. Constraints G are known only after an evaluation, so infeasible
    solutions count in a budget; a G of 1 should be a large violation. The first solutions scored
    set the unit of each objective, so each search has a problem of its own (`searchable`).

    Args:
        problem: has finite bounds and `vtype=int` or `bool`, or `vars` of such types.

    Attributes:
        posed: the problem.
        solutions: a function from value indices to solutions of the problem.

    Raises:
        ValueError: a variable is continuous or unbounded, or there are equality constraints.
    """

    def __init__(self, problem: Problem) -> None:
        if problem.n_eq_constr:
            raise ValueError(
                f"{problem.name()} has {problem.n_eq_constr} equality constraints, which no "
                "repair keeps: state them as inequalities or remove a variable"
            )
        self.posed, posed_model = problem, _PosedModel(problem)
        self.solutions = posed_model.solutions
        super().__init__(posed_model, own_modules=(type(problem).__module__,))
        self.n_ieq_constr = problem.n_ieq_constr
        self.constraint_names = [f"g{at + 1}" for at in range(self.n_ieq_constr)]
        self._units: Floats | None = None

    def score(self, levels: Levels, metrics: Metrics) -> tuple[Floats, Floats]:
        """Objectives F and constraints G from the metrics of these designs."""
        F = np.column_stack([metrics.values[name] for name in self.objective_names])
        G = metrics.values[CONSTRAINTS]
        if len(F) != len(levels):
            raise OwnCodeError(f"F must have a row for each of {len(levels)} designs: {len(F)}")
        if not (np.isfinite(F).all() and np.isfinite(G).all()):
            raise OwnCodeError(f"{self.posed.name()} gave an objective or constraint not finite")
        if self._units is None and len(F):
            largest = np.abs(F).max(axis=0)
            self._units = np.where(largest > 0, largest, 1.0)
        return F, G

    def coordinates(self, F: Floats) -> Floats:
        """Objectives over the largest ones of the first solutions scored, shape as F."""
        return F if self._units is None else F / self._units

    def from_coordinates(self, points: Floats) -> Floats:
        """Inverse of `coordinates`."""
        return points if self._units is None else points * self._units

    def metrics_of(self, F: Floats, G: Floats | None) -> Metrics:
        """Metrics of designs from their objectives and constraints: the inverse of `score`."""
        F, G = matching(F, G, self.n_obj, self.n_ieq_constr)
        return Metrics(dict(zip(self.objective_names, F.T, strict=True)) | {CONSTRAINTS: G})

    def guide_reference(self, F: Floats) -> Floats:
        """Coordinates of the front, which scale those of predicted designs."""
        return self.coordinates(F[is_nondominated(F)])

    def guide_scores(self, F: Floats, reference: Floats | None = None) -> Floats:
        """Mean of the scaled objectives, and each objective, shape (n, 1 + n_objectives)."""
        front = self.guide_reference(F) if reference is None else reference
        return np.column_stack([span_scaled(self.coordinates(F), front).mean(axis=1), F])


class _PosedModel(CostModel):
    """A problem of pymoo as a cost model: the objectives are quantities of one chip."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._variables = _variables_of(problem)
        self.space = DesignSpace(
            problem.name(), tuple(_parameter(*item) for item in self._variables.items())
        )
        self.workload_names = [problem.name()]
        self.quantities = tuple(
            Quantity(f"f{at + 1}", "", per_workload=False, scale="interval")
            for at in range(problem.n_obj)
        )

    def evaluate(self, levels: Levels) -> Metrics:
        self.space.validate(levels)
        F, G = self._problem.evaluate(self.solutions(levels), return_values_of=["F", "G"])
        names = [quantity.name for quantity in self.quantities]
        return Metrics(dict(zip(names, F.T, strict=True)) | {CONSTRAINTS: G})

    def solutions(self, levels: Levels) -> Values:
        """Solutions in the form of the problem: rows of numbers, or mappings by variable."""
        values = [_values(variable) for variable in self._variables.values()]
        rows = [[of[at] for of, at in zip(values, row, strict=True)] for row in levels.tolist()]
        if getattr(self._problem, "vars", None) is None:
            return np.array(rows, dtype=self._problem.vtype).reshape(levels.shape)
        return np.array([dict(zip(self._variables, row, strict=True)) for row in rows], object)


def _variables_of(problem: Problem) -> dict[str, Variable]:
    """Typed variables by name; those of a problem with bounds are named x1, x2, and so on."""
    if getattr(problem, "vars", None) is not None:
        return dict(problem.vars)
    if problem.vtype not in (int, bool):
        raise ValueError(
            f"{problem.name()}: only problems of integer variables can be searched; state them by "
            f"vtype=int (or bool), or by vars; got vtype={problem.vtype}"
        )
    low, high = (0, 1) if problem.vtype is bool else (problem.xl, problem.xu)
    bounds = [np.broadcast_to(np.asarray(b, dtype=float), problem.n_var) for b in (low, high)]
    rows = np.column_stack(bounds)
    if not (np.isfinite(rows) & (rows == np.rint(rows))).all():
        raise ValueError(f"{problem.name()}: bounds must be whole numbers, got xl, xu = {bounds}")
    return {
        f"x{at + 1}": Integer(bounds=(int(a), int(b))) for at, (a, b) in enumerate(rows.tolist())
    }


def _values(variable: Variable) -> list[Any]:
    """Values of a variable, in order."""
    if isinstance(variable, Integer):
        return [*range(int(variable.bounds[0]), int(variable.bounds[1]) + 1)]
    return [False, True] if isinstance(variable, Binary) else [*variable.options]


def _parameter(name: str, variable: Variable) -> Parameter:
    if not isinstance(variable, Integer | Binary | Choice):
        kind = type(variable).__name__
        raise ValueError(f"variable {name} must be Integer, Binary or Choice, got {kind}")
    values = tuple(range(len(_values(variable))))
    is_ordered = isinstance(variable, Integer)
    return Ordinal(name, values) if is_ordered else Categorical(name, values)
