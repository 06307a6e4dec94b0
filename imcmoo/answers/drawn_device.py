"""A device in draws of its costs: the best chip of each draw, and how robust some chips are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from imcmoo.analysis.draws import Saving, mean_log, order_statistic, regrets
from imcmoo.arrays import Bools, Floats
from imcmoo.exact.robust_proof import RobustProof
from imcmoo.model.physical.constraints import MOST_DB
from imcmoo.model.physical.draws import DrawTable
from imcmoo.model.physical.model import PhysicalEvaluator
from imcmoo.space.design_space import Levels
from imcmoo.study.study import Study
from imcmoo.study.uncertainty import UncertaintyTable

NOMINAL, AT_MEDIAN = "nominal", "median"
ROBUST, ROBUST_OF_ALL = "robust", "robust_of_all"
"""Roles of chips: the best at assumed costs, the best at median costs, the robust one, and the
robust one among the chips of all devices. The role of a chip of the user is its name."""

NEAR = 0.1
"""Regret up to which a chip is near the best."""

QUANTILES = {"R50": 0.5, "R90": 0.9, "R95": 0.95, "worst": 1.0}
"""Columns of quantiles of regrets."""


@dataclass(frozen=True)
class Snr:
    """Compute SNR of a chip with noise as assumed.

    Args:
        network: the network with the least one, above its limit if any network has one.
        dB: that SNR; NaN for exact sums.
        limit_dB: the least allowed one; minus infinity for none.
    """

    network: str
    dB: float
    limit_dB: float

    @classmethod
    def of(cls, model: PhysicalEvaluator, levels: Levels) -> Snr:
        """The SNR of a chip, shape (1, n_parameters), at the costs of a model."""
        if not model.snr_sources:
            return cls("", np.nan, -np.inf)
        snr = model.in_full(levels).snr_dB[0]
        limits = model.compute_snr_limits_dB
        network = int((snr - np.maximum(limits, -MOST_DB)).argmin())
        return cls(model.workload_names[network], float(snr[network]), float(limits[network]))

    @property
    def margin_dB(self) -> float | None:
        """dB above the limit; None without a limit."""
        return self.dB - self.limit_dB if np.isfinite(self.limit_dB) else None


@dataclass(frozen=True, eq=False)
class DrawnChip:
    """A chip in all draws.

    Args:
        role: why it is looked at.
        levels: value indices, shape (1, n_parameters).
        scores: score of each draw, infinite where it breaks a limit, shape (n_draws,).
        assumed: score at assumed costs.
        area_m2: chip area at assumed costs.
        snr: its compute SNR.
        best: what its regrets are against: best score of each draw, NaN without a chip.
    """

    role: str
    levels: Levels
    scores: Floats
    assumed: float
    area_m2: float
    snr: Snr
    best: Floats

    @property
    def counted(self) -> Bools:
        """True for draws with a feasible chip, shape (n_draws,)."""
        return np.isfinite(self.best)

    @cached_property
    def regrets(self) -> Floats:
        """Regrets in the draws with a feasible chip."""
        return regrets(self.scores[self.counted], self.best[self.counted])

    def quantile(self, q: float) -> float:
        """Order statistic of the regrets."""
        return float(order_statistic(self.regrets, q))

    @property
    def measures(self) -> dict[str, float]:
        """Quantiles and means of regrets by column, and shares of the draws."""
        regret, scores = self.regrets, self.scores[self.counted]
        return {
            **{name: self.quantile(q) for name, q in QUANTILES.items()},
            "mean_regret": float(regret.mean()),
            "mean_ln": float(mean_log(scores)),
            "within_10": float((regret <= NEAR).mean()),
            "keeps_limits": float(np.isfinite(scores).mean()),
        }


@dataclass(frozen=True, eq=False)
class DrawnDevice:
    """A device, or the only one of a study, in draws of its costs.

    Args:
        study: its study, with the key `uncertainty`.
        table: the draws.
        best: best score of each draw, in the unit of the score; NaN where no chip is feasible or,
            in a draw that is not proven, no candidate is, shape (n_draws,).
        bounds: proven lower bounds of these, infinite where it is proven that no chip is feasible,
            NaN where nothing is proven, shape (n_draws,).
        designs: best chip of each draw, shape (n_draws, n_parameters); −1 where there is none.
        chips: the chips that are looked at, by role in order.
        savings: what a measurement of each entry would save; None if every chip breaks a limit in
            some draw.
        n_pool: number of candidates.
        value: criterion of the robust chip.
        proof: proof of the robust chip; None if it is the best of the candidates only.
        time_limit_s: time limit of that proof, s; None if it ends after a number of steps.
        why: why there is no robust chip; empty if there is one.
    """

    study: Study
    table: DrawTable
    best: Floats
    bounds: Floats
    designs: Levels
    chips: tuple[DrawnChip, ...]
    savings: Mapping[str, Saving] | None
    n_pool: int
    value: float
    proof: RobustProof | None
    time_limit_s: float | None = None
    why: str = ""

    @property
    def label(self) -> str:
        """Name of the device."""
        return device_name(self.study)

    @property
    def settings(self) -> UncertaintyTable:
        """Settings of the draws."""
        assert self.study.uncertainty is not None, "the study says how its costs are drawn"
        return self.study.uncertainty

    @property
    def counted(self) -> Bools:
        """True for draws with a feasible chip."""
        return np.isfinite(self.best)

    @property
    def n_proven(self) -> int:
        """Number of draws whose best chip is proven."""
        return int((~np.isnan(self.bounds)).sum())

    def chip(self, role: str) -> DrawnChip | None:
        """The chip of a role; None if there is none."""
        return next((chip for chip in self.chips if chip.role == role), None)

    def design(self, chip: DrawnChip) -> dict[str, Any]:
        """Value of each parameter of a chip."""
        design = self.study.space.designs(chip.levels)[0]
        return {name: design[name] for name in self.study.space.names}

    def text_of(self, at: int) -> str | None:
        """The best chip of a draw as text; None if there is none."""
        if not self.counted[at]:
            return None
        return self.study.space.text_of(self.designs[at])

    def over_nominal(self, chip: DrawnChip) -> float:
        """Score of a chip at assumed costs over that of the nominal one; NaN without one."""
        nominal = self.chip(NOMINAL)
        return chip.assumed / nominal.assumed if nominal is not None else float("nan")


def device_name(study: Study) -> str:
    """Name of the device of a study."""
    return str(study.device or study.space.values_of("device")[0])
