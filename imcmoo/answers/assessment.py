"""Evaluated designs of a problem, and their distance from each limit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from imcmoo.arrays import Bools, Floats
from imcmoo.io.units import display_column, to_display
from imcmoo.model.metrics import Metrics, Quantity, tera_operations_per
from imcmoo.problem.criteria import Criterion
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.record.evaluations import Evaluations
from imcmoo.space.design_space import Levels


@dataclass(frozen=True)
class EvaluatedDesigns:
    """n evaluated designs.

    Args:
        problem: the design problem.
        levels: value indices, shape (n, n_parameters).
        metrics: their metrics.
        F: objectives, shape (n, n_objectives).
        G: constraint violations, octaves, shape (n, n_limits).
    """

    problem: AcceleratorProblem
    levels: Levels
    metrics: Metrics
    F: Floats
    G: Floats

    @classmethod
    def evaluate(
        cls, problem: AcceleratorProblem, levels: Levels, record: Evaluations | None = None
    ) -> EvaluatedDesigns:
        """Assess designs; those in `record` are not evaluated again."""
        evaluate = problem.model.evaluate if record is None else record.metrics_of
        metrics = evaluate(levels)
        return cls(problem, levels, metrics, *problem.score(levels, metrics))

    def take(self, rows: slice) -> EvaluatedDesigns:
        """Designs of a slice."""
        metrics = self.metrics.take(rows)
        return EvaluatedDesigns(
            self.problem, self.levels[rows], metrics, self.F[rows], self.G[rows]
        )

    @property
    def runs(self) -> Bools:
        """True where a network runs, shape (n, W)."""
        shape = len(self.levels), len(self.problem.workload_names)
        return np.broadcast_to(self.metrics.runs, shape)

    @property
    def feasible(self) -> Bools:
        """True for feasible designs, shape (n,)."""
        return np.asarray((self.G <= 0).all(axis=1))

    @property
    def judged_by(self) -> Quantity | None:
        """Quantity by which networks are judged: the first ratio; None for EDAP, or without
        ratios."""
        if self.problem.has_edap:
            return None
        ratios = (q for q in self.problem.quantities if q.per_workload and q.scale == "ratio")
        return next(ratios, None)

    @property
    def judged(self) -> Floats:
        """EDAP of each network, or else `judged_by`, shape (n, W); NaN if unknown."""
        values, quantity = self.metrics.values, self.judged_by
        if self.problem.has_edap:
            return self.problem.edap.of(values)
        return values[quantity.name] if quantity else np.full(self.runs.shape, np.nan)

    def scores(self, criterion: Criterion, reference_edap: Floats | None) -> Floats:
        """Scores by a criterion, shape (n,); NaN where a network does not run or no reference is
        known."""
        scores = np.full(len(self.levels), np.nan)
        all_run = self.runs.all(axis=1)
        unknown = criterion.is_regret and reference_edap is None
        if not unknown and criterion.is_judged and all_run.any():
            costs = self.problem.costs(self.F[all_run])
            scores[all_run] = criterion.scores(costs, reference_edap)
        return scores

    def of_chip(self) -> dict[str, Floats]:
        """Quantities of the chip in display units, shape (n,), by name with unit."""
        values = {
            display_column(q.column): to_display(q.unit, self.metrics.values[q.name])
            for q in self.problem.model.quantities
            if not q.per_workload
        }
        for name in ("package", "silicon"):
            if name in self.metrics.values:
                values[f"{name}_mm2"] = to_display("m2", self.metrics.values[name])
        if self.problem.cost_per_cm2:
            values["cost"] = self.problem.cost(self.levels, self.metrics.area_m2)
        return values

    @property
    def limit_names(self) -> list[tuple[str, str]]:
        """Name and network of each limit (no network for those of the chip), in the order of
        `G`."""
        problem = self.problem
        return [
            *((r, name) for r in problem.model.resource_names for name in problem.workload_names),
            *([("area", "")] if problem.area_limit_m2 else []),
            *problem.limits.limited,
        ]

    @property
    def missing(self) -> Floats:
        """Missing amount of each resource in its unit, shape as `G`; NaN for other limits."""
        resources = self.problem.model.resource_names
        amounts = [self.metrics.resources[name].missing for name in resources]
        others = np.full_like(self.G[:, sum(a.shape[1] for a in amounts) :], np.nan)
        return np.hstack([*amounts, others])

    @property
    def excess(self) -> Floats:
        """Excess over each limit as a share of the limit, shape as `G`; NaN where a network does
        not run."""
        return np.where(self.defined, np.exp2(np.maximum(self.G, 0.0)) - 1.0, np.nan)

    def used(self) -> Floats:
        """Used share of each limit, shape as `G`; NaN if unknown."""
        names, shares = self.problem.workload_names, self.problem.model.resource_use(self.levels)
        share = np.where(self.defined, np.exp2(np.minimum(self.G, 1000.0)), np.nan)
        n_resources = len(self.problem.model.resource_names) * len(names)
        for column, (limit, network) in enumerate(self.limit_names[:n_resources]):
            share[self.G[:, column] <= 0, column] = np.nan
            if limit in shares:
                share[:, column] = shares[limit][:, names.index(network)]
        return share

    @property
    def defined(self) -> Bools:
        """True where a limit is evaluated, shape as `G`: a network's only if it runs, and its load
        and power only if all run."""
        defined = np.ones(self.G.shape, dtype=bool)
        limits = self.problem.limits
        if rows := limits.rows:
            evaluated = limits.evaluated(self.metrics.values)
            defined[:, -len(rows) :] = evaluated & self.runs[:, [w for w, _, _ in rows]]
        return defined


def with_neighbours(
    problem: AcceleratorProblem, designs: Levels, record: Evaluations | None = None
) -> Iterator[tuple[EvaluatedDesigns, EvaluatedDesigns]]:
    """Each design with its neighbours, all evaluated together."""
    around = [problem.space.neighbours(design) for design in designs]
    assessed = EvaluatedDesigns.evaluate(problem, np.concatenate([designs, *around]), record)
    at = len(designs)
    for row, neighbours in enumerate(around):
        end = at + len(neighbours)
        yield assessed.take(slice(row, row + 1)), assessed.take(slice(at, end))
        at = end


def limits(design: EvaluatedDesigns, around: EvaluatedDesigns) -> pd.DataFrame:
    """One row per limit of the chip or of a network."""
    table = pd.DataFrame(design.limit_names, columns=["limit", "network"]).assign(
        used=design.used()[0],
        excess=design.excess[0],
        missing=design.missing[0],
        stops=((around.G > 0) & around.defined & (design.G <= 0)).sum(axis=0),
    )
    return _of_chip_once(table, ["limit"])


CHIP_LIMITS = ("max_average_power_W",)
"""Limits of the chip that `G` has a column of for every network."""


def _of_chip_once(table: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """A table of limits with one row, without a network, for each limit of the chip."""
    of_chip = table["limit"].isin(CHIP_LIMITS)
    table = table.assign(network=table["network"].mask(of_chip, ""))
    return table[~(of_chip & table.duplicated(keys))].reset_index(drop=True)


def neighbours(design: EvaluatedDesigns, around: EvaluatedDesigns, score: Floats) -> pd.DataFrame:
    """One row per neighbour, with its score; see `explanation.TABLES`."""
    space = design.problem.space
    before, after = space.decode(design.levels), space.decode(around.levels)
    steps = []
    for row, levels in enumerate(around.levels):
        name = space.names[int(np.argmax(levels != design.levels[0]))]
        beside = (
            f"{other} {after[other][row]}"
            for other in space.names
            if other != name and after[other][row] != before[other][0]
        )
        values = before[name][0].item(), after[name][row].item()
        steps.append((row, name, *values, ", ".join(beside)))
    # Keep types: numbers with texts, integers with floats.
    names = ["step", "parameter", "before", "after", "beside"]
    table = pd.DataFrame(steps, columns=names, dtype=object).astype({"step": np.int64})
    return table.assign(feasible=around.feasible, **around.of_chip(), score=score)


def changes(design: EvaluatedDesigns, around: EvaluatedDesigns) -> pd.DataFrame:
    """One row per neighbour and network."""
    names, quantity = design.problem.workload_names, design.judged_by
    # NaN if a network runs on only one of the two.
    ratio = around.judged / design.judged
    is_large_good = quantity is not None and quantity.sense == "max"
    gain = ratio - 1.0 if is_large_good else 1.0 - ratio
    n = len(around.levels)
    return pd.DataFrame(
        {
            "step": np.repeat(np.arange(n), len(names)),
            "network": np.tile(np.asarray(names), n),
            "runs": around.runs.ravel(),
            "gain": gain.ravel(),
        }
    )


def lacking(around: EvaluatedDesigns) -> pd.DataFrame:
    """One row per neighbour and limit that it breaks."""
    step, limit = np.nonzero((around.G > 0) & around.defined)
    names = pd.DataFrame(around.limit_names, columns=["limit", "network"])
    table = names.iloc[limit].reset_index(drop=True)
    table.insert(0, "step", step)
    amounts = {"excess": around.excess[step, limit], "missing": around.missing[step, limit]}
    return _of_chip_once(table.assign(**amounts), ["step", "limit"])


BESIDE = {"interval": "s", "power": "W", "snr_adc": "dB"}
"""Unit of further values of networks that a model may give."""


def with_unit(name: str) -> str:
    """Column name of a further value of a model, with unit."""
    unit = BESIDE.get(name)
    return f"{name}_{unit}" if unit else name


def power(problem: AcceleratorProblem, values: Mapping[str, Floats]) -> dict[str, Floats]:
    """Power (W), power density (W/mm²) and TOPS/W of networks, shape (n, W); empty without EDAP.

    Power is that on the chip if the model gives it, else energy over latency;
    `energy_over_latency_W`, which `max_power_W` limits, includes DRAM. On pipelined chips it may be
    smaller.

    Args:
        problem: the design problem.
        values: metrics by name, SI units.
    """
    if not problem.has_edap:
        return {}
    total = values["energy"] / values["latency"]
    watts = values.get("power", total)
    density = watts / to_display("m2", values["area"])[:, None]
    with_dram = {"energy_over_latency_W": total} if "power" in values else {}
    columns = {"power_W": watts, **with_dram, "W_per_mm2": density}
    if problem.model.macs is not None:
        columns["tops_per_W"] = tera_operations_per(problem.model.macs, values["energy"])
    return columns


def tera_operations(problem: AcceleratorProblem, values: Mapping[str, Floats]) -> dict[str, Floats]:
    """TOPS of each network by the name `tops`, shape (n, W); empty if unknown.

    Per initiation interval, or per latency if the model has no interval.
    """
    if "latency" not in values or problem.model.macs is None:
        return {}
    seconds = values.get("interval", values["latency"])
    return {"tops": tera_operations_per(problem.model.macs, seconds)}


def mean_costs(problem: AcceleratorProblem, design: Levels) -> dict[str, float]:
    """Costs of one design by name with unit, as far as the model gives them.

    Energy, latency and interval of an inference are geometric means over the networks; areas are
    those of the chip alone and with packages and dies of its DRAM (mm²).

    Args:
        problem: the design problem.
        design: the design, shape (1, n_parameters).
    """
    values = problem.model.evaluate(design).values
    of_networks = {"energy_J": "energy", "latency_s": "latency", "interval_s": "interval"}
    areas = {"area_mm2": "area", "package_mm2": "package", "silicon_mm2": "silicon"}
    return {
        **{
            name: float(np.exp(np.log(values[q][0]).mean()))
            for name, q in of_networks.items()
            if q in values
        },
        **{name: float(to_display("m2", values[q][0])) for name, q in areas.items() if q in values},
    }
