"""Values of an assumption at which another chip, or another device, becomes the better one.

    found = flip(study, None, "adc_energy_factor", out=Path("results"))
    found.crossings

The physical model is evaluated with values over the band of the assumption. Between neighbouring
values with different winners, bisection finds where they change places.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from imcmoo.answers.answers import least_edap
from imcmoo.arrays import Floats
from imcmoo.exact.answer import FRONT, OPTIMA
from imcmoo.exact.bounded_criteria import ProofTask, problem_of
from imcmoo.exact.certificate import NothingToCertify
from imcmoo.exact.check import feasible_costs
from imcmoo.io.errors import InputError, did_you_mean_or_known
from imcmoo.model.physical.assumptions import Assumption, Assumptions
from imcmoo.model.physical.model import PhysicalEvaluator
from imcmoo.problem.criteria import CRITERIA, SCORES, Criterion
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.scores import EdapDefinition
from imcmoo.problem.selection import Candidates
from imcmoo.space.design_space import Levels
from imcmoo.space.designs_csv import read_designs
from imcmoo.study.assessment import mean_costs
from imcmoo.study.certify_study import Prover, certify_together
from imcmoo.study.devices import StudyOfDevices
from imcmoo.study.enumerate_study import folder_of
from imcmoo.study.results import CONFIG
from imcmoo.study.study import Study

GRID = 5
"""Values over the band, beside today's."""

NEAR = 0.02
"""Distance of the two values of a crossing: a share of the smaller one, or of a band with 0."""

EDAP = "edap_geomean"
"""Criterion by which the chips of two studies are compared."""

OF_RUNS = ("front.csv", "selection.csv", "baselines.csv")
"""Tables of a run with designs that may win."""

COLUMNS = ("value", "study", "design", "edap_J_s_mm2", "ratio")


@dataclass(frozen=True)
class Chip:
    """The best chip of a study at one value of an assumption.

    Args:
        study: name of the study.
        design: parameters and their values, as text.
        edap: geometric mean of the EDAPs of its networks, J·s·mm².
        costs: energy, latency and interval of an inference (geometric means), and areas of the chip
            and of its package, by name with unit (areas in mm²).
        ratio: `edap` over that of the chip of the first study, or of today's chip; NaN if that does
            not keep all limits at this value.
        score: score by which chips of several studies are compared.
    """

    study: str
    design: str
    edap: float
    ratio: float
    costs: Mapping[str, float]
    score: float = math.nan


@dataclass(frozen=True)
class Point:
    """One value of an assumption.

    Args:
        value: the value, in SI units.
        chips: best chip of each study; a study without a feasible design has none.
        winner: a crossing is where it changes: the design of the only study, or the name of the
            study of smaller EDAP; empty if no design is feasible.
    """

    value: float
    chips: tuple[Chip, ...]
    winner: str

    @property
    def ranking(self) -> list[Chip]:
        """The chips of several studies, the best first."""
        return sorted(self.chips, key=lambda chip: (chip.study != self.winner, chip.score))


@dataclass(frozen=True)
class Crossing:
    """Two near values of an assumption with different winners."""

    below: Point
    above: Point


def crossings(
    assumption: Assumption, point_at: Callable[[float], Point]
) -> tuple[list[Point], list[Crossing]]:
    """Find where the winner changes within the band of an assumption.

    Args:
        assumption: its value is today's.
        point_at: called with today's value first, then with `GRID` values over the band
            (logarithmic, or linear if an end is 0) and with midpoints between different winners.

    Returns:
        All points by value, and the crossings, nearest today's value first. A winner between two
        neighbouring values that share another one is missed.
    """
    low, high, today = assumption.low, assumption.high, assumption.value
    on_log = low > 0
    grid = np.geomspace(low, high, GRID) if on_log else np.linspace(low, high, GRID)
    values = dict.fromkeys((today, low, *grid[1:-1].tolist(), high))
    points = {value: point_at(value) for value in values}
    found: list[Crossing] = []

    def middle(one: float, other: float) -> float:
        return math.sqrt(one * other) if on_log else (one + other) / 2

    def refine(below: Point, above: Point) -> None:
        if below.winner == above.winner:
            return
        if above.value - below.value <= NEAR * (below.value if on_log else high - low):
            found.append(Crossing(below, above))
            return
        value = middle(below.value, above.value)
        between = points[value] = point_at(value)
        refine(below, between)
        refine(between, above)

    def distance(crossing: Crossing) -> float:
        value = middle(crossing.below.value, crossing.above.value)
        return abs(math.log(value / today)) if on_log else abs(value - today)

    for first, second in pairwise(sorted(points)):
        refine(points[first], points[second])
    return [points[value] for value in sorted(points)], sorted(found, key=distance)


@dataclass(frozen=True)
class Flip:
    """Crossings of an assumption, and the evaluated values.

    Args:
        factor: name of the assumption.
        assumption: its value and band.
        points: evaluated values with their best chips, ascending.
        crossings: nearest today's value first.
        n_designs: stored designs of each study that were compared; None if optima are proven.
        criterion: name of the score that selects and compares the chips.
        edap: delay and area of every EDAP.
    """

    factor: str
    assumption: Assumption
    points: Sequence[Point]
    crossings: Sequence[Crossing]
    n_designs: Sequence[int] | None
    criterion: str
    edap: EdapDefinition

    @property
    def today(self) -> Point:
        """The point of today's value."""
        return next(point for point in self.points if point.value == self.assumption.value)

    @property
    def table(self) -> pd.DataFrame:
        """One row per value and study, columns as `COLUMNS`."""
        rows = [
            (point.value, chip.study, chip.design, chip.edap, chip.ratio)
            for point in self.points
            for chip in point.chips
        ]
        return pd.DataFrame(rows, columns=list(COLUMNS))


def flip(
    study: Study | StudyOfDevices,
    other: Study | None,
    factor: str,
    *,
    out: Path,
    exact: bool = False,
    on_value: Callable[[float], None] = lambda value: None,
) -> Flip:
    """Find the values of an assumption at which the recommended chip, or the better study, changes.

    Args:
        study: its chip is selected by its criterion, delay and area; the devices of a study that
            lists them are compared by these, too.
        other: a study of the same networks, delay, area and band. If given, the studies are
            compared by the geometric-mean EDAP of their best chips.
        factor: name of an assumption of the physical model whose band has width.
        out: folder of all results, with stored runs and enumerations.
        exact: prove the best chip at each value. If False, stored designs are compared.
        on_value: called with each value before it is evaluated.

    Raises:
        InputError: the factor is unknown or its band has no width, the studies do not match, no
            design is stored, or an optimum cannot be proven.
    """
    studies = study.studies
    if other is not None:
        if isinstance(study, StudyOfDevices):
            raise InputError(f"{study.name} lists devices, which are compared without OTHER")
        studies = (*studies, other)
    assumption = _varied(studies[0], factor)
    for one in studies[1:]:
        _check_match(studies[0], one, factor)
    criterion = None if other is None else EDAP
    candidates = [_Candidates(each, criterion, _stored(each, out)) for each in studies]
    if not exact:
        for each in candidates:
            each.require_stored(out)
    point_at = _Comparison(factor, candidates, exact, on_value)
    points, found = crossings(assumption, point_at)
    n_designs = None if exact else [len(each.levels) for each in candidates]
    compared_by = criterion or studies[0].selected_by
    return Flip(factor, assumption, points, found, n_designs, compared_by, studies[0].edap)


def assumptions_of(study: Study) -> Assumptions:
    """Assumptions of the cost model of a study.

    Raises:
        InputError: its cost model is not the physical one.
    """
    model = study.cost_model().shipped
    if not isinstance(model, PhysicalEvaluator):
        raise InputError(
            f"{study.name}: only assumptions of the physical model can be varied, and its cost "
            f"model is {study.model}"
        )
    return model.assumptions


def _varied(study: Study, factor: str) -> Assumption:
    """The assumption of a study that is varied."""
    assumptions = assumptions_of(study)
    names = [f.name for f in fields(assumptions)]
    if factor not in names:
        raise InputError(f"unknown assumption {factor}; {did_you_mean_or_known(factor, names)}")
    assumption: Assumption = getattr(assumptions, factor)
    if assumption.low == assumption.high:
        raise InputError(f"{factor}: its band has no width; it is {assumption.value:g}")
    return assumption


def _check_match(study: Study, other: Study, factor: str) -> None:
    """Refuse studies that cannot be compared."""

    def settings(of: Study) -> dict[str, str]:
        varied = _varied(of, factor)
        band = f"{varied.value:g} in {varied.low:g} to {varied.high:g}"
        return {factor: band, "delay": of.delay, "area": of.area}

    theirs = settings(other)
    for what, ours in settings(study).items():
        if ours != theirs[what]:
            raise InputError(
                f"{what} differs: {ours} in {study.name}, {theirs[what]} in {other.name}"
            )
    networks, others = study.network_set(), other.network_set()
    if [networks.fingerprint, networks.images, study.weights] != [
        others.fingerprint,
        others.images,
        other.weights,
    ]:
        raise InputError(
            f"networks differ: {', '.join(study.names)} in {study.name}, "
            f"{', '.join(other.names)} in {other.name}"
        )
    if study.name == other.name:
        raise InputError(f"both studies are called {study.name}: rename one")


def _stored(study: Study, out: Path) -> Levels:
    """Designs that runs and the enumeration of a study stored, distinct, (n, n_parameters)."""
    runs = sorted((out / study.name).glob("seed-*"))
    paths = [run / name for run in runs if (run / CONFIG).is_file() for name in OF_RUNS]
    paths += [folder_of(study, out) / name for name in (FRONT, OPTIMA)]
    stored = [read_designs(path, study.space) for path in paths if path.is_file()]
    return np.unique(np.concatenate([np.empty((0, len(study.space.names)), int), *stored]), axis=0)


@dataclass
class _Candidates:
    """Designs of a study, of which the best is selected at each value of an assumption.

    Args:
        study: the study.
        criterion: criterion of the selection. If None, that of the study.
        levels: stored designs, shape (n, n_parameters).
    """

    study: Study
    criterion: str | None
    levels: Levels

    def require_stored(self, out: Path) -> None:
        """Refuse a study without stored designs."""
        if not len(self.levels):
            raise InputError(
                f"no stored design of {self.study.name} in {out}: run or enumerate it, or --exact"
            )

    def problem(self, factor: str, value: float) -> AcceleratorProblem:
        """The problem of the study at a value of an assumption."""
        assumed = {**(self.study.assumptions or {}), factor: value}
        return self.study.replace(assumptions=assumed).problem()

    def best_stored(self, problem: AcceleratorProblem, reference: Floats | None) -> _Found | None:
        """The best stored design; None if none is feasible.

        Args:
            problem: the problem at a value.
            reference: EDAP of each network that regrets are against, J·s·mm², shape (W,).
        """
        levels, metrics = problem.feasible(self.levels)
        if not len(levels):
            return None
        F, _ = problem.score(levels, metrics)
        baselines = self.study.baselines
        candidates = Candidates(
            problem, levels, F, *((reference, None) if baselines else (None, reference))
        )
        name = self.criterion or self.study.selected_by
        at = candidates.chosen[name]
        score = float(candidates.scores[name][at])
        return _Found(self.study.name, problem, levels[[at]], score)

    def reference_edap(self, problem: AcceleratorProblem) -> Floats | None:
        """Best EDAP of each network that regrets are against, J·s·mm², (W,): on a stored design
        that need not run the others, or, without baselines, on one that does; None if the criterion
        does not depend on it."""
        if self.criterion or not self.study.asked_criterion.is_regret:
            return None
        best = []
        for name in problem.workload_names:
            task = ProofTask((name,), network=name if self.study.baselines else "")
            of_task = problem_of(problem, task)
            F, _ = of_task.score(*of_task.feasible(self.levels))
            at = of_task.workload_names.index(name)
            best.append(of_task.costs(F).edap[:, at].min(initial=np.inf))
        return np.array(best)

    @property
    def judged_by(self) -> Criterion:
        """The criterion of the selection."""
        return CRITERIA[self.criterion] if self.criterion else self.study.asked_criterion

    @property
    def proven_by(self) -> str:
        """Name of the criterion as proofs have it."""
        return self.criterion or self.study.proven_as


@dataclass(frozen=True)
class _Found:
    """The best chip of a study: name of the study, problem, design (1, n_parameters), score."""

    study: str
    problem: AcceleratorProblem
    levels: Levels
    score: float


class _Comparison:
    """Compares the best chips of studies at values of an assumption; the first value is today's."""

    def __init__(
        self,
        factor: str,
        candidates: Sequence[_Candidates],
        exact: bool,
        on_value: Callable[[float], None],
    ) -> None:
        self._factor = factor
        self._candidates = candidates
        self._exact = exact
        self._on_value = on_value
        self._today: Levels | None = None
        self._is_first = True

    def __call__(self, value: float) -> Point:
        self._on_value(value)
        problems = [each.problem(self._factor, value) for each in self._candidates]
        best = self._proven(problems) if self._exact else self._best_stored(problems)
        if self._is_first and best:
            self._today = best[0].levels
        self._is_first = False
        return self._point(value, best)

    def _best_stored(self, problems: Sequence[AcceleratorProblem]) -> list[_Found]:
        pairs = [*zip(self._candidates, problems, strict=True)]
        reference = least_edap([each.reference_edap(problem) for each, problem in pairs])
        best = [each.best_stored(problem, reference) for each, problem in pairs]
        return [chip for chip in best if chip is not None]

    def _proven(self, problems: Sequence[AcceleratorProblem]) -> list[_Found]:
        """Proven best chips; each is an incumbent at the next values."""
        pairs = [*zip(self._candidates, problems, strict=True)]
        provers = [Prover(each.study, problem, start=each.levels) for each, problem in pairs]
        name = self._candidates[0].proven_by
        try:
            for _ in certify_together(provers, name):
                pass
        except NothingToCertify:
            return []
        best = []
        for (each, problem), prover in zip(pairs, provers, strict=True):
            if name in prover.done:
                proven = prover.done[name]
                design = problem.space.levels_of(proven.design)
                each.levels = np.unique(np.concatenate([each.levels, design]), axis=0)
                best.append(_Found(each.study.name, problem, design, proven.value))
        return best

    def _point(self, value: float, best: Sequence[_Found]) -> Point:
        edaps = [_edap(each.problem, each.levels) for each in best]
        against = math.nan
        if len(self._candidates) == 1 and best and self._today is not None:
            against = _edap(best[0].problem, self._today)
        elif len(best) == len(self._candidates):
            against = edaps[0]
        chips = tuple(
            Chip(
                each.study,
                each.problem.space.text_of(each.levels[0]),
                edap,
                edap / against,
                mean_costs(each.problem, each.levels),
                each.score,
            )
            for each, edap in zip(best, edaps, strict=True)
        )
        if not chips:
            return Point(value, chips, "")
        winner = chips[self._order(best)[0]]
        return Point(value, chips, winner.study if len(self._candidates) > 1 else winner.design)

    def _order(self, best: Sequence[_Found]) -> list[int]:
        """Indices of the chips of all studies, the best first."""
        ties = best[0].problem.ties(self._candidates[0].judged_by)
        costs = [feasible_costs(each.problem, each.levels) for each in best]
        return ties.order([each.score for each in best], costs)


def _edap(problem: AcceleratorProblem, levels: Levels) -> float:
    """Geometric-mean EDAP of one design, J·s·mm²; NaN if it is not feasible."""
    levels, metrics = problem.feasible(levels)
    if not len(levels):
        return math.nan
    F, _ = problem.score(levels, metrics)
    return float(SCORES[EDAP](problem.costs(F))[0])
