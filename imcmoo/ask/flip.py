"""Values of an assumption at which another chip, or another device, becomes the better one.

    found = flip(study, None, "adc_energy_factor", out=Path("results"))
    found.crossings

The physical model is evaluated with values over the band of the assumption. Between neighbouring
values with different winners, bisection finds where they change places.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from imcmoo.answers import certificates
from imcmoo.answers.answer import Answer, geometric_mean_edap, ranked, select_all
from imcmoo.answers.results import CONFIG
from imcmoo.exact.answer import OPTIMA
from imcmoo.io.errors import InputError, did_you_mean_or_known
from imcmoo.model.physical.assumptions import Assumption, Assumptions
from imcmoo.model.physical.model import PhysicalEvaluator
from imcmoo.problem.scores import EdapDefinition
from imcmoo.solve.enumerate import enumeration_folder
from imcmoo.solve.solve import solve_all
from imcmoo.space.design_space import Levels
from imcmoo.space.designs_csv import read_designs
from imcmoo.study.devices import StudyOfDevices
from imcmoo.study.study import Study
from imcmoo.study.vary import vary

GRID = 5
"""Values over the band, beside today's."""

NEAR = 0.02
"""Distance of the two values of a crossing: a share of the smaller one, or of a band with 0."""

EDAP = "edap_geomean"
"""Criterion by which the chips of two studies are compared."""

RUN_TABLES = ("front.csv", "selection.csv", "baselines.csv")
"""Tables of a run with designs that may win."""

COLUMNS = ("value", "study", "design", "edap_J_s_mm2", "ratio")


@dataclass(frozen=True)
class Point:
    """One value of an assumption.

    Args:
        value: the value, in SI units.
        winner: a crossing is where it changes: the design of the only study, or the name of the
            study with the better chip; empty if no design is feasible.
        answers: answers of the studies that have a feasible chip.
        ratios: EDAP of each chip over that of the chip of the first study, or of today's chip; NaN
            if that does not keep all limits at this value.
    """

    value: float
    winner: str
    answers: tuple[Answer, ...] = ()
    ratios: tuple[float, ...] = ()

    @property
    def ranking(self) -> list[Answer]:
        """The answers, the best first."""
        return ranked(self.answers, self.answers[0].study.resolved_criterion)


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
            (point.value, chip.study.name, chip.text, chip.edap, ratio)
            for point in self.points
            for chip, ratio in zip(point.answers, point.ratios, strict=True)
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
    if other is not None:
        by_edap = {"criterion": EDAP, "tolerance": None, "second_criterion": None}
        studies = tuple(each.replace(**by_edap) for each in studies)
    pools = [_stored(each, out) for each in studies]
    for each, pool in zip(studies, pools, strict=True):
        if not (exact or len(pool)):
            raise InputError(
                f"no stored design of {each.name} in {out}: run or enumerate it, or --exact"
            )
    point_at = _WinnerAt(factor, studies, pools, exact, on_value)
    points, found = crossings(assumption, point_at)
    n_designs = None if exact else [len(pool) for pool in pools]
    first = studies[0]
    return Flip(factor, assumption, points, found, n_designs, first.score_name, first.edap)


def model_assumptions(study: Study) -> Assumptions:
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
    assumptions = model_assumptions(study)
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
    """Designs that runs, certificates and the enumeration of a study stored, distinct.

    Shape (n, n_parameters).
    """
    proven, enumerated = (
        certificates.certified_folder(study, out),
        enumeration_folder(study, out),
    )
    homes = [*sorted((out / study.name).glob("seed-*")), proven, enumerated]
    paths = [home / name for home in homes if (home / CONFIG).is_file() for name in RUN_TABLES]
    paths.append(enumerated / OPTIMA)
    stored = [read_designs(path, study.space) for path in paths if path.is_file()]
    return np.unique(np.concatenate([np.empty((0, len(study.space.names)), int), *stored]), axis=0)


class _WinnerAt:
    """Finds the best chips of studies at values of an assumption; the first value is today's.

    Args:
        factor: name of the assumption.
        studies: the studies.
        pools: designs of each study, shape (n, n_parameters): candidates, or what proofs begin
            with.
        exact: whether the best chips are proven.
        on_value: called with each value before it is evaluated.
    """

    def __init__(
        self,
        factor: str,
        studies: Sequence[Study],
        pools: Sequence[Levels],
        exact: bool,
        on_value: Callable[[float], None],
    ) -> None:
        self._factor, self._studies, self._pools = factor, studies, [*pools]
        self._exact, self._on_value = exact, on_value
        self._today: Levels | None = None
        self._is_first = True

    def __call__(self, value: float) -> Point:
        self._on_value(value)
        studies = [vary(study, [{self._factor: value}])[0] for study in self._studies]
        answers = self._proven(studies) if self._exact else select_all(studies, self._pools)
        best = [each for each in answers if each.has_chip]
        if self._is_first and best:
            self._today = best[0].levels
        self._is_first = False
        return self._point(value, best)

    def _proven(self, studies: Sequence[Study]) -> list[Answer]:
        """Proven best chips; each is an incumbent at the next values."""
        answers = solve_all(studies, "certify", starts=self._pools)
        self._pools = [
            np.unique(np.concatenate([pool, each.levels]), axis=0)
            for pool, each in zip(self._pools, answers, strict=True)
        ]
        return answers

    def _point(self, value: float, best: Sequence[Answer]) -> Point:
        if not best:
            return Point(value, "")
        against = math.nan
        if len(self._studies) == 1 and self._today is not None:
            against = geometric_mean_edap(best[0].problem, self._today)
        elif len(best) == len(self._studies):
            against = best[0].edap
        winner = ranked(best, best[0].study.resolved_criterion)[0]
        name = winner.study.name if len(self._studies) > 1 else winner.text
        return Point(value, name, tuple(best), tuple(each.edap / against for each in best))
