"""A problem of the suite for pymoo, with its exact answer and a record of evaluations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from pymoo.core.problem import Problem

from imcmoo.analysis.indicators import REFERENCE_POINT, epsilon_multiplicative, indicators
from imcmoo.arrays import Floats, Values, real_numbers
from imcmoo.benchmark import truth
from imcmoo.exact.enumeration import Enumeration, ExactAnswer
from imcmoo.exact.regret import ROUNDING, ExactRegret
from imcmoo.io.errors import InputError
from imcmoo.problem.scalarisation import TOLERANCE, spans
from imcmoo.problem.solutions import indices, variables
from imcmoo.space.design_space import DesignSpace, Levels
from imcmoo.study.study import Study

MAX_PREPARED = 1 << 17
"""Largest number of chips that `prepare` maps."""

FEW, PATIENCE = 8, 128
"""Calls with at most so many designs before a problem prepares itself: a chip that is mapped alone
takes some hundred times as long as among all, so that all take as long as so many calls."""

CHECKED = 8
"""Designs of a stored front that are evaluated before the front is used."""

NO_DESIGN = dict.fromkeys(("igd_plus", "epsilon_multiplicative"), np.inf)
NO_DESIGN |= dict.fromkeys(("hypervolume", "coverage"), 0.0)


class OptimalDesigns(NamedTuple):
    """An optimum in the unit of its criterion, and all designs that reach it, shape (n, n_var)."""

    value: float
    X: Levels


class Record:
    """Distinct evaluated designs, in order of first evaluation.

    Repeated evaluations, such as by an algorithm whose numbers are rounded, count once.

    Args:
        space: the design space.
        n_obj, n_constr: numbers of objectives and constraints.
    """

    def __init__(self, space: DesignSpace, n_obj: int, n_constr: int) -> None:
        self._space = space
        self._seen: set[int] = set()
        columns = (len(space.shape), np.int64), (n_obj, float), (n_constr, float)
        x, f, g = (np.empty((0, n), dtype) for n, dtype in columns)
        self._rows: list[tuple[Levels, Floats, Floats]] = [(x, f, g)]
        self.n_calls = 0
        """Number of evaluations, repeated ones included."""

    def add(self, levels: Levels, F: Floats, G: Floats) -> None:
        """Record evaluated designs, shapes (n, n_var), (n, n_obj) and (n, n_ieq_constr)."""
        new = []
        for row, rank in enumerate(self._space.rank(levels).tolist()):
            if rank not in self._seen:
                self._seen.add(rank)
                new.append(row)
        self.n_calls += len(levels)
        self._rows.append((levels[new], F[new], G[new]))

    def __len__(self) -> int:
        return len(self._seen)

    @property
    def X(self) -> Levels:
        """Value indices, shape (n, n_var)."""
        return self._joined(0)

    @property
    def F(self) -> Floats:
        """Objectives, shape (n, n_obj)."""
        return self._joined(1)

    @property
    def G(self) -> Floats:
        """Constraints, shape (n, n_ieq_constr)."""
        return self._joined(2)

    def feasible_F(self, budget: int | None = None) -> Floats:
        """Objectives of the feasible designs among the first `budget`. If None, all."""
        feasible = (self.G[:budget] <= 0).all(axis=1)
        return np.asarray(self.F[:budget][feasible])

    def _joined(self, part: int) -> np.ndarray:
        return np.concatenate([row[part] for row in self._rows])


class BenchmarkProblem(Problem):  # type: ignore[misc]  # pymoo ships no types
    """A design problem with finite variables, for any algorithm of pymoo. Create it with `get`.

    A solution is a row of value indices, shape (n, n_var), from 0 to the number of values less 1.
    Other numbers are rounded and clipped, so algorithms for continuous variables work unchanged.
    Algorithms for mixed variables read `vars`: `Integer` (value index) for ordered and conditional
    variables, `Choice` of values for categorical ones. Both forms are always accepted.

    All objectives F are minimised; constraints G are violated where positive. See
    `imcmoo.problem.problem.AcceleratorProblem`.

    Args:
        name: name of the problem, with version.
        study: the study that defines it.

    Attributes:
        study: the study.
        space: its design space.
        objective_names, constraint_names: names of the columns of F and G.
        vars: typed variables by name, for algorithms for mixed variables.
        record: designs evaluated since `start_record`; None before.
    """

    def __init__(self, name: str, study: Study) -> None:
        self.study = study
        self.accelerator = study.problem()
        self.space: DesignSpace = self.accelerator.space
        self.objective_names = self.accelerator.objective_names
        self.constraint_names = self.accelerator.constraint_names
        self._name = name
        self._solved: ExactAnswer | None = None
        self.record: Record | None = None
        self._small_calls = 0
        super().__init__(
            n_var=len(self.space.shape),
            n_obj=len(self.objective_names),
            n_ieq_constr=len(self.constraint_names),
            xl=np.zeros(len(self.space.shape)),
            xu=np.array(self.space.shape) - 1.0,
            vtype=int,
        )
        self.vars = variables(self.space)

    def name(self) -> str:
        """Name of the problem, with version."""
        return self._name

    def indices(self, X: ArrayLike | Sequence[Mapping[str, object]]) -> Levels:
        """Convert solutions to value indices, shape (n, n_var).

        Args:
            X: numbers, shape (n, n_var) or (n_var,), or a mapping by variable (see `vars`) for each
                solution. Numbers are rounded and clipped to the allowed indices.

        Raises:
            ValueError: the shape is wrong, a number is not finite and real, or a name or value is
                unknown.
        """
        return indices(self.space, X)

    def evaluate_indices(self, indices: ArrayLike) -> tuple[Floats, Floats]:
        """Evaluate designs: objectives F and constraints G.

        After `PATIENCE` calls with at most `FEW` designs it calls `prepare`.

        Args:
            indices: value indices, shape (n, n_var) or (n_var,).

        Returns:
            Shapes (n, n_obj) and (n, n_ieq_constr); n is 1 for a single design.
        """
        levels = self.indices(indices)
        self._small_calls += len(levels) <= FEW
        if self._small_calls == PATIENCE:
            self.prepare()
            self._small_calls += 1
        F, G = self.accelerator.score(levels, self.accelerator.model.evaluate(levels))
        if self.record is not None:
            self.record.add(levels, F, G)
        return F, G

    def prepare(self) -> None:
        """Do the costly part of all evaluations in advance, if the cost model can.

        Use it before many runs in one process: later evaluations are look-ups. No effect in spaces
        of more than `MAX_PREPARED` chips.
        """
        self.accelerator.model.prepare(self.accelerator.largest_area_m2, MAX_PREPARED)

    def start_record(self) -> Record:
        """Start a new record of the distinct designs that are evaluated."""
        self.record = Record(self.space, self.n_obj, self.n_ieq_constr)
        return self.record

    def _evaluate(self, X: Any, out: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        out["F"], out["G"] = self.evaluate_indices(self.indices(X))

    def decode(self, X: ArrayLike) -> dict[str, Values]:
        """Physical values (SI) of solutions by parameter, shape (n,) each."""
        return self.space.decode(self.indices(X))

    @cached_property
    def _shipped(self) -> ExactAnswer | None:
        """The stored answer, if designs of its front still have their stored objectives."""
        answer = truth.load(self._name)
        if answer is None:
            return None
        rows = np.linspace(0, len(answer.ranks) - 1, min(CHECKED, len(answer.ranks))).astype(int)
        levels = self.space.unrank(answer.ranks[rows])
        F, G = self.accelerator.score(levels, self.accelerator.model.evaluate(levels))
        if (G > 0).any() or not np.allclose(F, answer.front[rows], rtol=TOLERANCE, atol=0):
            raise InputError(
                f"{self._name}: the cost model gives other numbers than the stored front has; "
                "a new version of the problem is needed"
            )
        return answer

    @property
    def answer(self) -> ExactAnswer | None:
        """The exact answer, shipped or from `solve`; None if there is neither.

        Raises:
            InputError: the shipped answer is damaged, or does not agree with the cost model.
        """
        return self._solved or self._shipped

    def solve(self, at_most: int = 10**7) -> ExactAnswer:
        """Enumerate all designs, unless the exact answer is known.

        Args:
            at_most: largest number of designs.

        Raises:
            TooMany: there are more designs.
            NothingFeasible: no design is feasible.
        """
        if self.answer is None:
            enumeration = Enumeration(self.accelerator)
            chunks = enumeration.chunks(at_most=at_most)
            self._solved = enumeration.merge([enumeration.evaluate_chunk(c) for c in chunks])
        assert self.answer is not None
        return self.answer

    @property
    def cache(self) -> dict[str, Any]:
        """Empty, so that pymoo returns a new array for each front."""
        return {}

    def _calc_pareto_front(self, *args: object, **kwargs: object) -> Floats | None:
        return None if self.answer is None else self.answer.front.copy()

    def _calc_pareto_set(self, *args: object, **kwargs: object) -> Levels | None:
        return None if self.answer is None else self.space.unrank(self.answer.ranks)

    @property
    def optima(self) -> dict[str, OptimalDesigns] | None:
        """Best designs by criterion and objective; None if unknown.

        `alone_NETWORK` is the single-network optimum: the best EDAP on a chip that need not run the
        others.
        """
        if self.answer is None:
            return None
        return {
            name: OptimalDesigns(optimum.value, self.space.unrank(optimum.ranks))
            for name, optimum in self.answer.optima.items()
        }

    @property
    def reference_point(self) -> Floats | None:
        """Reference point of hypervolumes, shape (n_obj,); None if the front is unknown.

        Beyond the nadir by 10 % of the range of the front, on the scale of `coordinates`; by 1.1 in
        objectives that are constant on the front.
        """
        if self.answer is None:
            return None
        front = self.coordinates(self.answer.front)
        return self.accelerator.from_coordinates(front.min(axis=0) + REFERENCE_POINT * spans(front))

    def coordinates(self, F: ArrayLike) -> Floats:
        """Objectives on the scale of indicators: logarithms of ratios; shape as F."""
        return self.accelerator.coordinates(self._objectives(F))

    def indicators(self, F: ArrayLike) -> dict[str, float]:
        """Compare feasible points with the exact front.

        Args:
            F: objectives of feasible designs, shape (n, n_obj); dominated ones do not matter.

        Returns:
            `igd_plus`, `hypervolume` (share of that of the exact front), `epsilon_multiplicative`,
            `coverage` (see `imcmoo.analysis.indicators`), and `largest_regret`, the largest of
            `regrets`. Without any design infinity, or 0 for shares.

        Raises:
            InputError: the exact front is unknown, or a point is better than it.
            ValueError: the shape of `F` is wrong, or it has a value that no design has.
        """
        points, answer = self._checked(F)
        largest = {"largest_regret": max(self.regrets(points).values())}
        if not len(points):
            return NO_DESIGN | largest
        return indicators(self.coordinates(points), self.coordinates(answer.front)) | largest

    def regrets(self, F: ArrayLike) -> dict[str, float]:
        """Regret of the best of some feasible designs by each criterion, a share.

        See `indicators` for arguments and errors, and `imcmoo.exact.regret`.
        """
        points, answer = self._checked(F)
        regrets = ExactRegret(self.accelerator, answer).regrets(points)
        least = {name: float(values.min(initial=np.inf)) for name, values in regrets.items()}
        return {name: 0.0 if value < ROUNDING else value for name, value in least.items()}

    def _objectives(self, F: ArrayLike) -> Floats:
        return real_numbers(F, f"{self._name}: F").astype(float)

    def _checked(self, F: ArrayLike) -> tuple[Floats, ExactAnswer]:
        """Objectives of feasible designs, shape (n, n_obj), and the exact answer."""
        if self.answer is None:
            raise InputError(f"{self._name}: the exact front is not known; solve() finds it")
        points = np.atleast_2d(self._objectives(F))
        points = points if points.size else np.empty((0, self.n_obj))
        if points.ndim != 2 or points.shape[1] != self.n_obj:
            raise ValueError(f"{self._name}: F needs {self.n_obj} columns, got {points.shape}")
        with np.errstate(invalid="ignore", divide="ignore"):
            scaled = self.coordinates(points)
        if not np.isfinite(scaled).all():
            raise ValueError(f"{self._name}: F has a value that no design has")
        front = self.coordinates(self.answer.front)
        if len(points) and epsilon_multiplicative(front, scaled) > 1 + TOLERANCE:
            raise InputError(f"{self._name}: F has a point that no feasible design has")
        return points, self.answer
