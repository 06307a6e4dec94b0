"""Which assumption alone, within its band, changes the best chips or the better device.

Stored chips compete at each value of an assumption, as in `imcmoo.ask.flip`: proven optima, the
best chips of each array in a search, and what a local search from these finds at the ends of bands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from experiments.physics.devices import CRITERION, DEFINITIONS, EXTREMES
from imcmoo.arrays import Floats
from imcmoo.ask.flip import Crossing, Point, crossings
from imcmoo.exact.branch_and_bound import prove
from imcmoo.model.physical.assumptions import Assumption, Assumptions
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.scores import EdapDefinition
from imcmoo.search.algorithm import BUDGET, Search
from imcmoo.space.choices import every_choice
from imcmoo.space.design_space import DesignSpace, Levels
from imcmoo.study.study import Study

DEVICES = ("sram", "rram")

ARRAY = ("rows", "cols", "active_rows", "columns_per_adc")
"""Parameters whose combinations each have a chip in the local search."""

KEPT = 3
"""Best chips at the end of a band that compete within all bands."""

USUAL = Assumptions()
BANDS: Mapping[str, Assumption] = {
    f.name: band
    for f in fields(USUAL)
    if (band := getattr(USUAL, f.name)).low < band.high and f.name != "sram_minimum_V"
}
"""Assumptions whose band has width, but the least supply, which refuses designs of the spaces."""


@dataclass
class Candidates:
    """Chips of a study that compete at values of assumptions.

    Args:
        study: its networks, limits and space; EDAPs are those of `DEFINITIONS`.
        levels: value indices, shape (n, n_parameters).
    """

    study: Study
    levels: Levels
    _known: dict[tuple[str, float], dict[EdapDefinition, Floats]] = field(default_factory=dict)

    @property
    def device(self) -> str:
        """Device of the study."""
        return str(self.study.space.fixed["device"])

    def problem(
        self, factor: str, value: float, by: EdapDefinition = DEFINITIONS[-1]
    ) -> AcceleratorProblem:
        """The problem at a value of an assumption; by default its model gives every quantity that
        an EDAP multiplies."""
        study = self.study.replace(delay=by.delay, area=by.area)
        return study.problem(study.cost_model(assumptions=USUAL.having(**{factor: value})))

    def edaps(self, factor: str, value: float) -> dict[EdapDefinition, Floats]:
        """Geometric-mean EDAP of every chip, infinite beyond a limit, shape (n,) each."""
        # Today's value is the same problem for every assumption.
        key = ("", 0.0) if value == BANDS[factor].value else (factor, value)
        if key not in self._known:
            self._known[key] = geometric_means(self.problem(factor, value), self.levels)
        return self._known[key]

    def extend(self) -> None:
        """Add the best chips of each `ARRAY` in a search, then those that a local search from the
        present ones finds at the ends of bands."""
        usual = next(iter(BANDS))
        problem = self.problem(usual, BANDS[usual].value)
        self.levels = np.unique(np.concatenate([self.levels, elites(problem)]), axis=0)
        pool = [self.levels]
        for factor, value in self._ends():
            pool += self._improved(factor, value)
        self.levels = np.unique(np.concatenate(pool), axis=0)
        self._known = {}

    def prune(self) -> None:
        """Keep the `KEPT` best chips by each EDAP, today and at the ends of bands."""
        usual = next(iter(BANDS))
        kept: set[int] = set()
        for factor, value in [(usual, BANDS[usual].value), *self._ends()]:
            for costs in self.edaps(factor, value).values():
                best = np.argsort(costs, kind="stable")[:KEPT]
                kept |= set(best[np.isfinite(costs[best])].tolist())
        self.levels = self.levels[sorted(kept)]
        self._known = {}

    def _ends(self) -> list[tuple[str, float]]:
        """Assumptions and ends of their bands at which any chip has other EDAPs than today."""
        ends = ((n, v) for n, band in BANDS.items() for v in (band.low, band.high))
        return [(n, v) for n, v in ends if v != BANDS[n].value and self._changes(n, v)]

    def _improved(self, factor: str, value: float) -> Iterator[Levels]:
        """Better chips at a value by each of `EXTREMES`, shape (1, n_parameters): found by local
        search, or proven if no present chip keeps the limits; none if there is none."""
        problem = self.problem(factor, value)
        for by, costs in ((by, self.edaps(factor, value)[by]) for by in EXTREMES):
            best = int(costs.argmin())
            if np.isfinite(costs[best]):
                yield descend(problem, self.levels[[best]], by)
                continue
            proof = prove(self.problem(factor, value, by), CRITERION)
            if proof.levels is not None:
                yield np.atleast_2d(proof.levels)[:1]

    def depends_on(self, factor: str) -> bool:
        """Check if any chip has other EDAPs at an end of the band."""
        return self._changes(factor, BANDS[factor].low) or self._changes(factor, BANDS[factor].high)

    def _changes(self, factor: str, value: float) -> bool:
        today, then = (self.edaps(factor, v) for v in (BANDS[factor].value, value))
        return not all(np.array_equal(today[by], then[by]) for by in DEFINITIONS)


def elites(problem: AcceleratorProblem) -> Levels:
    """The best chips by each of `EXTREMES` of each `ARRAY` in a search, (n, n_parameters)."""
    search = Search(problem, budget=BUDGET, rng=np.random.default_rng(0))
    while len(levels := search.ask()):
        search.tell(problem.model.evaluate(levels))
    levels = search.archive.levels[search.archive.feasible]
    arrays = pd.MultiIndex.from_arrays([problem.space.column(levels, name) for name in ARRAY])
    codes, _ = arrays.factorize()
    means = geometric_means(problem, levels)
    best = [pd.Series(means[by]).groupby(codes).idxmin() for by in EXTREMES]
    return levels[np.unique(np.concatenate(best))]


def geometric_means(problem: AcceleratorProblem, levels: Levels) -> dict[EdapDefinition, Floats]:
    """Geometric-mean EDAP of designs by definition, infinite beyond a limit, shape (n,) each."""
    metrics = problem.model.evaluate(levels)
    feasible = (problem.score(levels, metrics)[1] <= 0).all(axis=1)
    means = {}
    for by in DEFINITIONS:
        with np.errstate(invalid="ignore", divide="ignore"):
            edap = np.exp(np.log(by.of(metrics.values)).mean(axis=1))
        means[by] = np.where(feasible, edap, np.inf)
    return means


def descend(problem: AcceleratorProblem, start: Levels, by: EdapDefinition) -> Levels:
    """The chip at which no change of two parameters lowers the geometric-mean EDAP any more, from
    one, shape (1, n_parameters)."""
    best, least = start, geometric_means(problem, start)[by][0]
    while True:
        levels = around(problem.space, best)
        edap = geometric_means(problem, levels)[by]
        if not edap.min() < least:
            return best
        best, least = levels[[edap.argmin()]], edap.min()


def around(space: DesignSpace, levels: Levels) -> Levels:
    """All designs that differ from one, shape (1, n_parameters), in at most two parameters."""
    pairs = combinations(space.names, 2)
    moved = (every_choice(space, levels, pair)[0] for pair in pairs)
    return np.unique(np.concatenate(list(moved)), axis=0)


def sensitivity_table(networks: str, competing: Iterable[Candidates]) -> pd.DataFrame:
    """Vary each assumption alone over its band.

    Args:
        networks: number of networks, in letters.
        competing: chips of each of `DEVICES`.

    Returns:
        A row per assumption, thing and definition of EDAP. Columns networks, factor, value, low,
        high; changes (`device`, or `sram` or `rram` for its best chip), delay, area; at (the value
        of the crossing nearest today's, empty if nothing changes), crossings; ratio_low,
        ratio_today and ratio_high: of a device RRAM's EDAP over SRAM's (infinite if RRAM has no
        chip, 0 if SRAM has none), of a chip the EDAP of today's over the best there; designs.
    """
    chips = {each.device: each for each in competing}
    return pd.DataFrame(_rows(networks, chips))


_At = tuple[Callable[[float], str], Callable[[float], float]]


def _rows(networks: str, chips: Mapping[str, Candidates]) -> Iterator[dict[str, Any]]:
    n = sum(len(each.levels) for each in chips.values())
    for factor, band in BANDS.items():
        start: dict[str, Any] = {"networks": networks, "factor": factor}
        start |= {"value": band.value, "low": band.low, "high": band.high}
        moving = [device for device, each in chips.items() if each.depends_on(factor)]
        for by in DEFINITIONS:
            row = _swept(band, *_of_devices(chips, factor, by), moves=bool(moving))
            yield start | {"changes": "device", **_keys(by)} | row | {"designs": n}
        for device, each in chips.items():
            row = _swept(band, *_of_chip(each, factor, DEFINITIONS[0]), moves=device in moving)
            about = {"changes": device, **_keys(DEFINITIONS[0])}
            yield start | about | row | {"designs": len(each.levels)}


def _keys(by: EdapDefinition) -> dict[str, str]:
    return {"delay": by.delay, "area": by.area}


def _of_devices(chips: Mapping[str, Candidates], factor: str, by: EdapDefinition) -> _At:
    """The better device at a value, and the ratio of EDAPs."""

    @cache
    def ratio(value: float) -> float:
        sram, rram = (chips[device].edaps(factor, value)[by].min() for device in DEVICES)
        return float(rram / sram) if np.isfinite(sram) else 0.0

    return lambda value: DEVICES[ratio(value) < 1], ratio


def _of_chip(each: Candidates, factor: str, by: EdapDefinition) -> _At:
    """The best chip at a value, and the EDAP of today's chip over its."""
    today = int(each.edaps(factor, BANDS[factor].value)[by].argmin())

    @cache
    def best(value: float) -> int:
        edap = each.edaps(factor, value)[by]
        return today if edap[today] == edap.min() else int(edap.argmin())

    def ratio(value: float) -> float:
        edap = each.edaps(factor, value)[by]
        return float(edap[today] / edap.min()) if np.isfinite(edap.min()) else np.nan

    return lambda value: str(best(value)), ratio


def _swept(
    band: Assumption,
    winner_at: Callable[[float], str],
    ratio_at: Callable[[float], float],
    *,
    moves: bool,
) -> dict[str, Any]:
    """Crossings of a winner over a band, if anything moves, and ratios at its ends and today."""
    flips: Sequence[Crossing] = []
    if moves:
        _, flips = crossings(band, lambda value: Point(value, winner_at(value)))
    nearest = flips[0] if flips else None
    at = np.nan if nearest is None else _middle(band, nearest.below.value, nearest.above.value)
    ratios = {"low": band.low, "today": band.value, "high": band.high}
    return {
        "at": at,
        "crossings": len(flips),
        **{f"ratio_{name}": ratio_at(value) for name, value in ratios.items()},
    }


def _middle(band: Assumption, below: float, above: float) -> float:
    return float(np.sqrt(below * above) if band.low > 0 else (below + above) / 2)
