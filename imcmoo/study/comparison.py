"""The comparison of the devices of a study: the best chip of each, and the front over all."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_integer_dtype

from imcmoo.arrays import Floats
from imcmoo.exact.check import feasible_costs
from imcmoo.io.checksums import SUMS, sha256, write_sums
from imcmoo.io.errors import Infeasible, InputError
from imcmoo.io.files import replacing
from imcmoo.io.reading import read_json
from imcmoo.io.stamp import Stamp
from imcmoo.io.units import display_column, to_display
from imcmoo.problem.criteria import Criterion
from imcmoo.problem.dominance import is_nondominated
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.problem.scores import AGGREGATIONS, EdapDefinition
from imcmoo.space.design_space import Levels
from imcmoo.study.assessment import mean_costs
from imcmoo.study.devices import COMPARISON, StudyOfDevices
from imcmoo.study.provenance import QUESTION, REPLACE, stamp_of_answers
from imcmoo.study.result_tables import caution
from imcmoo.study.study import Study

DEVICES, FRONT, DESIGN = "devices.csv", "front.csv", "design.json"

DIGITS = 4
"""Significant digits of a stated factor, which is rounded down."""


@dataclass(frozen=True)
class BestOfDevice:
    """The best chip that is known of one device.

    Args:
        study: study of the device.
        design: the chip, shape (1, n_parameters), or (0, n_parameters) if there is none.
        value: its score; NaN if there is none.
        bound: lower bound of the scores of all chips of the device; NaN if it is unknown, infinite
            if no chip is feasible.
        front: feasible chips that may be on the front over all devices, shape (n, n_parameters).
        F: their objectives, shape (n, n_objectives).
        why: why there is no chip; empty if there is one.
    """

    study: Study
    design: Levels
    value: float
    bound: float
    front: Levels
    F: Floats
    why: str = ""

    @classmethod
    def without_chip(cls, study: Study, why: Infeasible, *, bound: float) -> BestOfDevice:
        """A device without a feasible chip."""
        nothing = np.empty((0, len(study.space.names)), dtype=np.int64)
        F = np.empty((0, study.problem().n_obj))
        return cls(study, nothing, math.nan, bound, nothing, F, str(why))

    @classmethod
    def selected(
        cls, study: Study, designs: Levels, reference_edap: Floats | None, *, exact: bool
    ) -> BestOfDevice:
        """The best of some designs by the criterion of the study.

        Args:
            study: study of the device.
            designs: candidates, of which one at least is feasible, shape (n, n_parameters).
            reference_edap: EDAP of each network that regrets are against, J·s·mm², shape (W,).
            exact: whether the best design of the space is among them.
        """
        problem = study.problem()
        front, F = feasible_designs(problem, designs)
        criterion, costs = study.asked_criterion, problem.costs(F)
        scores = criterion.scores(costs, reference_edap)
        best = problem.ties(criterion).best(scores, costs, problem.space.rank(front))
        value = float(scores[best])
        return cls(study, front[[best]], value, value if exact else math.nan, front, F)

    @property
    def device(self) -> str:
        """Name of the device."""
        return str(self.study.device)

    @cached_property
    def costs(self) -> dict[str, float]:
        """Costs of the chip, see `mean_costs`, and its EDAPs by definition (geometric means), by
        names with unit; empty if there is none."""
        if not len(self.design):
            return {}
        problem = self.study.problem()
        values = problem.model.evaluate(self.design).values
        images = problem.model.images or (1,)
        edaps = {
            f"edap_{d.delay}_{d.area}_J_s_mm2": float(
                AGGREGATIONS["geomean"](d.of_images(images).of(values), problem.weights)[0]
            )
            for d in EdapDefinition.every()
        }
        return {**mean_costs(problem, self.design), **edaps}


@dataclass(frozen=True)
class Comparison:
    """Best chips of the devices of a study, as `run`, `enumerate` and `certify` of it return them.

    Column names of the tables end in their units; docs/files.md describes them.

    Args:
        study: the study.
        criterion: name of the score that selects the chips.
        folder: folder of its files.
        best: best chip of each device, in the order of the study.
        answers: what each device was asked for, by device: a `Run` per seed, `ExactOptima`, or
            certificates by criterion; none of a device without a feasible chip.
        regret_reference: what regrets are against; empty if the criterion is no regret.
    """

    study: StudyOfDevices
    criterion: str
    folder: Path
    best: tuple[BestOfDevice, ...]
    answers: Mapping[str, Any]
    regret_reference: str = ""

    def __post_init__(self) -> None:
        if not any(len(each.design) for each in self.best):
            raise no_chip(self.study, {each.device: each.why for each in self.best})

    @cached_property
    def ranking(self) -> list[BestOfDevice]:
        """Devices with a feasible chip, the best first; among equal ones by the `TieRule`."""
        with_chip = [each for each in self.best if len(each.design)]
        costs = [feasible_costs(each.study.problem(), each.design) for each in with_chip]
        ties = with_chip[0].study.problem().ties(self._criterion)
        return [with_chip[at] for at in ties.order([each.value for each in with_chip], costs)]

    @property
    def winner(self) -> BestOfDevice:
        """The best device."""
        return self.ranking[0]

    @property
    def bound(self) -> float:
        """Lower bound of the scores of all chips of all devices; NaN if it is unknown."""
        return float(np.min([each.bound for each in self.best]))

    @cached_property
    def devices(self) -> pd.DataFrame:
        """One row per device: its chip's score and bound, costs, and EDAPs over the winner's."""
        costs = [n for n in self.winner.costs if not n.startswith("edap_")]
        edaps = [n for n in self.winner.costs if n.startswith("edap_")]
        rows = [
            {
                "device": each.device,
                "feasible": bool(len(each.design)),
                "criterion": self.criterion,
                "value": each.value,
                "bound": each.bound if len(each.design) else math.nan,
                **{name: each.costs.get(name, math.nan) for name in costs},
                **{
                    name.replace("_J_s_mm2", "_ratio"): each.costs.get(name, math.nan)
                    / self.winner.costs[name]
                    for name in edaps
                },
                "design": each.study.space.text_of(each.design[0]) if len(each.design) else None,
            }
            for each in self.best
        ]
        return pd.DataFrame(rows)

    @cached_property
    def front(self) -> pd.DataFrame:
        """Non-dominated chips of all devices: device, parameters, objectives."""
        kept = is_nondominated(np.concatenate([each.F for each in self.best]))
        parts = np.split(kept, np.cumsum([len(each.F) for each in self.best])[:-1])
        tables = [
            _table(each, each.front[on_front], each.F[on_front])
            for each, on_front in zip(self.best, parts, strict=True)
        ]
        parameters = [*dict.fromkeys(n for each in self.best for n in each.study.space.names)]
        objectives = [n for n in tables[0] if n not in ("device", *parameters)]
        joined = pd.concat(_of_whole_numbers(tables, parameters), ignore_index=True)
        return joined.reindex(columns=["device", *parameters, *objectives])

    @cached_property
    def design(self) -> pd.DataFrame:
        """The winner: device, parameters, objectives; one row."""
        problem = self.winner.study.problem()
        return _table(self.winner, *feasible_designs(problem, self.winner.design))

    def excess(self, score: float, best: float) -> float:
        """Excess of a score over another one: a share, counted from `Criterion.zero`, or a
        difference of a criterion of scale "difference"."""
        criterion = self._criterion
        if criterion is not None and criterion.scale != "ratio":
            return float(criterion.regret(np.array([score]), best)[0])
        zero = 0.0 if criterion is None else criterion.zero  # None: the EDAP of one network
        return (score + zero) / (best + zero) - 1.0 if best + zero > 0 else math.inf

    @cached_property
    def _criterion(self) -> Criterion | None:
        criteria = self.best[0].study.problem().criteria
        named = {c.name_of_score(joint=joint): c for c in criteria for joint in (False, True)}
        return named.get(self.criterion)

    def factor(self, score: float, best: float) -> float:
        """Ratio of a score to another one, or their difference; see `excess`."""
        return self.excess(score, best) + (0.0 if self._is_difference else 1.0)

    @property
    def _is_difference(self) -> bool:
        return self._criterion is not None and self._criterion.scale == "difference"

    @cached_property
    def proven_factors(self) -> list[tuple[str, str, float]]:
        """Pairs of a better and a worse device, and the factor between them that is proven."""
        return [
            (a.device, b.device, self.factor(b.bound, a.value))
            for a, b in permutations(self.ranking, 2)
            if self.excess(b.bound, a.value) > 0
        ]

    @property
    def statements(self) -> list[str]:
        """Sentences on the winner, its runner-up, what is proven, and devices without a chip."""
        score = f"1 + {self.criterion}" if self._counts_from_one else self.criterion
        lines = [f"best device: {self.winner.device} ({self.criterion} {self.winner.value:.6g})"]
        for second in self.ranking[1:2]:
            times = self.factor(second.value, self.winner.value)
            lines.append(f"runner-up: {second.device}, {score} {self._times(f'{times:.4g}')}")
        lines += [
            f"{a} beats {b} by at least {_rounded_down(k)} ({score})"
            for a, b, k in self.proven_factors
        ]
        return lines + [f"no chip of {b.device}: {b.why}" for b in self.best if b.why]

    def _times(self, factor: str) -> str:
        return f"greater by {factor}" if self._is_difference else f"{factor} times as large"

    @property
    def _counts_from_one(self) -> bool:
        return self._criterion is not None and self._criterion.zero == 1.0

    def save(self, more: Mapping[str, Mapping[str, Any]] | None = None) -> list[Path]:
        """Write the files of the comparison into its folder; returns their paths.

        Args:
            more: contents of further JSON files, by name.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / SUMS).unlink(missing_ok=True)
        texts = {
            DEVICES: _csv(self.devices),
            FRONT: _csv(self.front),
            DESIGN: _json(self._winner_as_json()),
            **{name: _json(content) for name, content in (more or {}).items()},
        }
        for name, text in texts.items():
            with replacing(self.folder / name) as temporary:
                temporary.write_text(text, encoding="utf-8")
        write_sums(self.folder, {name: sha256(self.folder / name) for name in texts})
        return [self.folder / name for name in texts]

    def _winner_as_json(self) -> dict[str, Any]:
        """Content of `design.json`."""
        best = self.winner
        (values,) = best.study.space.designs(best.design)
        return {
            "study": best.study.name,
            "device": best.device,
            "criterion": self.criterion,
            **({"regret_reference": self.regret_reference} if self.regret_reference else {}),
            "value": best.value,
            "bound": _finite(self.bound),
            "design": values,
            "costs": {name: _finite(value) for name, value in best.costs.items()},
            "statements": self.statements,
            "caution": caution(best.study.model, {}, best.device),
            "stamp": stamp_of_devices(self.study).to_json(),
        }

    def __repr__(self) -> str:
        return f"Comparison({self.study.name}: {'; '.join(self.statements[:2])})"

    def _repr_html_(self) -> str:
        return self.devices.to_html(index=False)


def no_chip(study: StudyOfDevices, why: Mapping[str, object]) -> Infeasible:
    """Error of a study none of whose devices has a feasible chip; says why of each."""
    reasons = "; ".join(f"{device}: {reason}" for device, reason in why.items())
    return Infeasible(f"no device of {study.name} has a feasible chip: {reasons}")


def home_of(study: StudyOfDevices, out: Path) -> Path:
    """Folder of the comparison below the folder of one kind of answers."""
    return out / study.name / COMPARISON


def stamp_of_devices(study: StudyOfDevices) -> Stamp:
    """Stamp of a comparison: those of the answers of all devices, part by part."""
    stamps = {d: stamp_of_answers(s) for d, s in zip(study.devices, study.studies, strict=True)}
    parts = next(iter(stamps.values())).parts
    return Stamp({part: {d: stamp.parts[part] for d, stamp in stamps.items()} for part in parts})


def check_replaceable(study: StudyOfDevices, folder: Path) -> None:
    """Check that a folder holds no comparison of a different study with the same name.

    Raises:
        InputError: it does; says what differs.
    """
    try:
        stored = dict(read_json(folder / DESIGN))
    except (FileNotFoundError, TypeError, ValueError):
        return  # nothing to lose
    wanted = stamp_of_devices(study).only(*QUESTION)
    if differs := wanted.difference(stored.get("stamp")):
        raise InputError(f"{folder} is of {differs}; {REPLACE}")


def least_edap(references: Sequence[Floats | None]) -> Floats | None:
    """Best reference EDAP of each network over the devices, J·s·mm², shape (W,); None without."""
    optima = [reference for reference in references if reference is not None]
    return np.fmin.reduce(optima) if optima else None


def feasible_designs(problem: AcceleratorProblem, designs: Levels) -> tuple[Levels, Floats]:
    """The distinct feasible ones of some designs, by rank, and their objectives."""
    feasible, metrics = problem.feasible(np.unique(designs, axis=0))
    return feasible, problem.score(feasible, metrics)[0]


def _table(each: BestOfDevice, levels: Levels, F: Floats) -> pd.DataFrame:
    """Device, parameters and objectives of some designs."""
    problem = each.study.problem()
    units = [name.rpartition("_")[2] for name in problem.objective_names]
    objectives = {
        display_column(name): to_display(unit, values)
        for name, unit, values in zip(
            problem.objective_names, units, problem.natural(F).T, strict=True
        )
    }
    space = each.study.space
    values = {name: space.column(levels, name) for name in space.names}
    return pd.DataFrame({"device": [each.device] * len(levels), **values, **objectives})


def _of_whole_numbers(tables: Sequence[pd.DataFrame], names: Sequence[str]) -> list[pd.DataFrame]:
    """Tables that are not empty, in which whole numbers stay so where another table lacks them."""
    filled = [table for table in tables if len(table)]
    return [
        table.astype({n: "Int64" for n in names if n in table and is_integer_dtype(table[n].dtype)})
        for table in filled
    ]


def _csv(frame: pd.DataFrame) -> str:
    return str(frame.to_csv(index=False, lineterminator="\n"))


def _json(content: Mapping[str, Any]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _finite(value: float) -> float | None:
    """The value; None if JSON does not know it."""
    return value if math.isfinite(value) else None


def _rounded_down(value: float) -> str:
    """A positive number with `DIGITS` digits, never more than it is."""
    scale = 10.0 ** (DIGITS - 1 - math.floor(math.log10(value)))
    return f"{math.floor(value * scale) / scale:.{DIGITS}g}"
