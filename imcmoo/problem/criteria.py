"""Registry of criteria: how a design is selected, searched for and judged.

`NAMED` holds the criteria of the package by name; `docs/dev/extend.md` says how to add one. A study
may name a user's `Criterion` as `module:name`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

import numpy as np

from imcmoo.arrays import Floats
from imcmoo.io.errors import InputError, OwnCodeError, check_name
from imcmoo.io.named import call_own, check_takes, load
from imcmoo.io.own_code import OURS
from imcmoo.io.units import MM2_PER_M2
from imcmoo.problem.robust_names import refuse_robust
from imcmoo.problem.scale import LARGEST, SMALLEST, Kind, Scale
from imcmoo.problem.scores import (
    AGGREGATIONS,
    UNWEIGHTED,
    Costs,
    Score,
    edap_score,
    ela_score,
    log10_edap_product,
    worst_regret,
)

EDAP_NEEDS = ("energy", "latency", "area")

LARGEST_DEGREE = 27
"""Largest number of factors of a score that is no logarithm, a power counted by its exponent: the
EDAPs of nine networks. The score is within `SMALLEST` to `LARGEST` if the geometric mean of the
factors, in J, s and mm², is between 1e-10 and 1e10."""

LOG10 = "log10_"
"""Prefix of the name of a score that is stated as its decimal logarithm."""


def score_prefix(scale: str) -> str:
    """`LOG10` if the scores of a criterion of this scale are decimal logarithms, else empty."""
    return LOG10 if scale == "log10" else ""


JOINT_SUFFIX = "_joint"
"""Suffix of the name of a regret against chips that run all networks."""


@dataclass(frozen=True)
class Criterion:
    """A rule that selects one design: the smallest score wins.

    Create one in your own module and name it in a study as `module:name`::

        WORST_LATENCY = Criterion("worst_latency", lambda costs: costs["latency"].max(axis=1))

    Args:
        name: name on command lines and in tables.
        score: function from `Costs` to scores, shape (n,). With `against="optima"` it also takes
            the single-network optima, shape (W,). It must not increase when an optimum increases,
            and a design with less EDAP on every network must not score worse.
        needs: names of the required quantities.
        against: what a score depends on besides the costs of the design: "nothing"; single-network
            "optima"; or the "set" of candidates, which then has no exact optimum.
        monotone: True if a design with no more energy, latency, interval and area, of every
            network, never scores worse. Required for certificates.
        guides: True if it guides every search, not only those that select by it.
        orders_like: name of another criterion that orders designs the same way, if any.
        scale: "ratio" for positive scores whose regret is the excess as a share of the optimum;
            "difference" for scores of any sign, such as logarithms; "log10" for decimal
            logarithms, whose regret is that of the numbers themselves.
        zero: offset added to scores before ratios are taken: 1 for minimax regret, which is 0 for
            a chip as good as each network's own.
        least: smallest score that any design can have; 0 for minimax regret.
        unit: of the score, for tables; empty where it depends on the number of networks.
        is_product: whether the score is a product over networks, of which the excess of the
            geometric mean can be compared with others.
        degree: number of factors of the score, a power counted by its exponent; of a product over
            networks, the factors of each network.
        ignores_weights: whether the score is known to ignore the weights of networks.
        log10_score: decimal logarithms of scores, computed without leaving float64. They take the
            place of `score` where there are more than `LARGEST_DEGREE` factors.
    """

    name: str
    score: Callable[..., Floats]
    needs: Collection[str] = EDAP_NEEDS
    against: Literal["nothing", "optima", "set"] = "nothing"
    monotone: bool = False
    guides: bool = False
    orders_like: str | None = None
    scale: Kind = "ratio"
    zero: float = 0.0
    least: float = -np.inf
    unit: str = ""
    is_product: bool = False
    degree: float = 0.0
    ignores_weights: bool = False
    log10_score: Callable[..., Floats] | None = None

    def for_networks(self, n: int) -> Criterion:
        """The criterion of a study of n networks: `self`, or one of scale "log10" where the score
        has more than `LARGEST_DEGREE` factors."""
        degree = self.degree * (n if self.is_product else 1)
        if self.log10_score is None or degree <= LARGEST_DEGREE:
            return self
        return replace(self, score=self.log10_score, log10_score=None, scale="log10", unit="")

    def scores(self, costs: Costs, reference_edap: Floats | None) -> Floats:
        """Compute scores of designs, shape (n,).

        Args:
            costs: costs of n designs.
            reference_edap: reference EDAP of each network, J·s·mm², shape (W,): the single-network
                optima or the best known; for `joint_name`, the best on chips that run all networks.
                None if there is none.

        Raises:
            InputError: a score is not finite, not positive (of a ratio), or out of range; names the
                criterion and the score.
        """
        scores = self.unchecked_scores(costs, reference_edap)
        if self.is_judged:  # a design that is worst in all objectives has no pseudo-weights
            self._check(scores, len(costs))
        return scores

    def unchecked_scores(self, costs: Costs, reference_edap: Floats | None) -> Floats:
        """Compute scores of bounds or predicted costs, without checking their range.

        Raises:
            OwnCodeError: the criterion does not return one number per design.
            InputError: a user's function raised an error.
        """
        if not self.is_own:
            scores = self.score(*self._arguments(costs, reference_edap))
        else:  # it may write into what it is given
            copied_edap = None if reference_edap is None else reference_edap.copy()
            scores = call_own(self.score, *self._arguments(costs.copy(), copied_edap))
        kind = type(scores).__name__
        try:
            array = np.asarray(scores)
        except ValueError:
            array, kind = np.empty(0, object), f"a {kind} of parts of different lengths"
        is_numbers = array.dtype.kind in "fiu" and not np.ma.isMaskedArray(scores)
        if array.shape != (len(costs),) or not is_numbers:
            if type(scores) is np.ndarray:
                kind = f"an array of {scores.dtype} of shape {scores.shape}"
            raise OwnCodeError(
                f"criterion {self.name} must give {len(costs)} numbers, one for each design, not "
                f"{kind}"
            )
        with np.errstate(over="ignore"):  # of a wider type; infinite scores are refused later
            return array.astype(np.float64, copy=False)

    def _arguments(self, costs: Costs, reference_edap: Floats | None) -> tuple[object, ...]:
        return (costs, reference_edap) if self.is_regret else (costs,)

    def regret(self, scores: Floats, optimum: float) -> Floats:
        """Excess of scores over the optimum, shape as `scores`."""
        return self.score_scale.excess(scores, optimum)

    @property
    def score_scale(self) -> Scale:
        """Scale on which scores compare."""
        return Scale(self.scale, self.zero)

    def _check(self, scores: Floats, n: int) -> None:
        fine = np.isfinite(scores)
        allowed = "finite"
        if self.scale == "ratio":
            size = np.abs(scores)
            fine &= scores + self.zero > 0
            fine &= (scores == 0) | ((size >= SMALLEST) & (size <= LARGEST))
            allowed += (
                f" and positive, from {SMALLEST:g} to {LARGEST:g} "
                "(a logarithm needs scale='difference')"
            )
        if not fine.all():
            raise InputError(
                f"criterion {self.name}: {n - fine.sum():,} of {n:,} designs have a score that is "
                f"not allowed, such as {scores[~fine][0]:g}; scores must be {allowed}"
            )

    @property
    def is_own(self) -> bool:
        """True if the score runs a user's code."""
        return not _is_ours(self.score)

    @property
    def is_regret(self) -> bool:
        """True if scores depend on the reference EDAP of each network."""
        return self.against == "optima"

    @property
    def joint_name(self) -> str:
        """Name of the score against chips that run all networks; `name` if it is no regret."""
        return f"{self.name}{JOINT_SUFFIX}" if self.is_regret else self.name

    def certificate_name(self, *, joint: bool) -> str:
        """Name of its certificate: `joint_name` if regret is against chips that run all networks,
        else `name`."""
        return self.joint_name if joint else self.name

    def score_name(self, *, joint: bool) -> str:
        """Its name in tables: `certificate_name`, or `log10_NAME` of a decimal logarithm."""
        return score_prefix(self.scale) + self.certificate_name(joint=joint)

    @property
    def wanted(self) -> Collection[str]:
        """Quantities that the score needs; regret also needs those of EDAP."""
        return {*self.needs, *EDAP_NEEDS} if self.is_regret else self.needs

    @property
    def is_judged(self) -> bool:
        """True if there is an exact optimum to compare with."""
        return self.against != "set"


def _is_ours(score: Callable[..., Any]) -> bool:
    """True if this project's code alone runs; a partial may pass a user's function or criterion to
    ours."""
    if isinstance(score, partial):
        parts = (score.func, *score.args, *score.keywords.values())
        if any(part.is_own for part in parts if isinstance(part, Criterion)):
            return False
        return all(_is_ours(part) for part in parts if callable(part))
    return str(getattr(score, "__module__", "")).partition(".")[0] in OURS


def _minimax_regret(costs: Costs, reference_edap: Floats) -> Floats:
    return worst_regret(costs.edap, reference_edap)


def _pseudo_weight_distance(costs: Costs) -> Floats:
    """Distance of pseudo-weights from equal weights (pymoo's `PseudoWeights`); infinite if they do
    not exist."""
    F = costs.objectives
    F = F[:, np.ptp(F, axis=0) > 0]
    if not F.shape[1]:
        return np.zeros(len(costs))
    ideal, nadir = F.min(axis=0), F.max(axis=0)
    weights = (nadir - F) / (nadir - ideal)
    total = np.sum(weights, axis=1)
    distance = np.full(len(F), np.inf)
    shares = weights[total > 0] / total[total > 0, None]
    distance[total > 0] = np.abs(shares - 1 / F.shape[1]).sum(axis=1)
    return distance


EDAP_UNIT = "J·s·mm²"

MINIMAX = "regret_minimax"
"""Largest regret over the networks against their single-network optima: their best EDAP on chips
that need not run the other networks.
"""

SINGLE_NETWORK = "alone_"
"""Prefix of single-network optima in files and on command lines, before the name of a network."""


def _aggregated(score: Callable[..., Floats], name: str, **more: Any) -> Criterion:
    aggregation = name.partition("_")[2]
    score = partial(score, aggregate=AGGREGATIONS[aggregation])
    ignores = aggregation == UNWEIGHTED
    return Criterion(name, score, monotone=True, guides=True, ignores_weights=ignores, **more)


CRITERIA: dict[str, Criterion] = {
    criterion.name: criterion
    for criterion in (
        _aggregated(edap_score, "edap_max", unit=EDAP_UNIT),
        _aggregated(edap_score, "edap_mean", unit=EDAP_UNIT),
        _aggregated(
            edap_score,
            "edap_product",
            is_product=True,
            degree=3,
            log10_score=log10_edap_product,
        ),
        _aggregated(edap_score, "edap_geomean", unit=EDAP_UNIT, orders_like="edap_product"),
        # By geometric mean it is that of the EDAP. By product it counts area once for all networks,
        # so that it is next to blind to it; the search is not built for that.
        _aggregated(ela_score, "ela_max", unit=EDAP_UNIT),
        _aggregated(ela_score, "ela_mean", unit=EDAP_UNIT),
        Criterion(
            MINIMAX,
            _minimax_regret,
            against="optima",
            monotone=True,
            guides=True,
            zero=1.0,
            least=0.0,
            ignores_weights=True,
        ),
        Criterion(
            "pseudo_weights",
            _pseudo_weight_distance,
            needs=(),
            against="set",
            ignores_weights=True,
        ),
    )
}
"""Criteria of the package, by name."""


AVERAGE_POWER = "average_power"
"""Default criterion of a study with a scenario."""


AREA = "area"
"""Criterion of the smallest chip, of studies with a scenario or on request."""


def _quantity(costs: Costs, *, name: str) -> Floats:
    return costs[name]


def _area_mm2(costs: Costs) -> Floats:
    return costs["area"] * MM2_PER_M2


SCENARIO_CRITERIA: dict[str, Criterion] = {
    name: Criterion(
        name,
        score,
        needs=("load", name),
        monotone=True,
        guides=True,
        unit=unit,
        ignores_weights=True,
    )
    for name, score, unit in (
        (AVERAGE_POWER, partial(_quantity, name=AVERAGE_POWER), "W"),
        (AREA, _area_mm2, "mm²"),
        ("load", partial(_quantity, name="load"), ""),
    )
}
"""Criteria of studies with a scenario, by name; all selected chips serve their load."""

SCORES: dict[str, Score] = {c.name: c.score for c in CRITERIA.values() if c.against == "nothing"}
"""Score functions of the criteria that depend on the costs of the design only."""

WEIGHTED = tuple(c.name for c in CRITERIA.values() if not c.ignores_weights)
"""Names of the criteria that count the weights of networks."""

NAMED = {**CRITERIA, **SCENARIO_CRITERIA}
"""All criteria with a name of their own."""


def find_criterion(name: str) -> Criterion:
    """Return a criterion of the registry, or a user's given as `module:name`.

    Raises:
        ValueError: there is no such criterion; names the known ones.
    """
    refuse_robust(name)
    if name in NAMED:
        return NAMED[name]
    criterion = load(name, "criterion", known=NAMED)
    if not isinstance(criterion, Criterion):
        raise ValueError(f"{name} is no Criterion but {type(criterion).__name__}")
    check_name(f"the name of criterion {name}", criterion.name)
    if criterion.name in NAMED:
        raise ValueError(f"criterion {name} has the name of another one, {criterion.name}")
    arguments = (None, None) if criterion.is_regret else (None,)
    check_takes(criterion.score, f"{name}: score", *arguments)
    return criterion


def applicable(quantities: Collection[str], requested: Iterable[Criterion] = ()) -> list[Criterion]:
    """Return the criteria that a problem with these quantities can use, in registry order.

    Args:
        quantities: names of the quantities.
        requested: criteria of a study; new ones follow those of the registry.

    Raises:
        ValueError: a requested criterion needs a quantity that is missing.
    """
    criteria = {name: c for name, c in NAMED.items() if set(c.wanted) <= set(quantities)}
    for criterion in requested:
        absent = [q for q in criterion.wanted if q not in quantities]
        if absent:
            raise ValueError(
                f"criterion {criterion.name} needs {', '.join(absent)}; the cost model gives "
                f"{', '.join(quantities)}"
            )
        criteria[criterion.name] = criterion
    return list(criteria.values())
