"""Answers of several studies beside each other: the best of all, and the front over all."""

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

from imcmoo.answers.answer import Answer, feasible_designs, ranked
from imcmoo.answers.cautions import caution
from imcmoo.answers.provenance import QUESTION, REPLACE, stamp_of_answers
from imcmoo.arrays import Floats
from imcmoo.io.checksums import SUMS, sha256, write_sums
from imcmoo.io.errors import Infeasible, InputError
from imcmoo.io.files import replacing
from imcmoo.io.reading import read_json
from imcmoo.io.stamp import Stamp
from imcmoo.io.units import display_column, to_display
from imcmoo.problem.criteria import Criterion
from imcmoo.problem.dominance import is_nondominated
from imcmoo.problem.scale import RATIO, Scale
from imcmoo.space.design_space import Levels
from imcmoo.study.devices import COMPARISON, StudyOfDevices
from imcmoo.study.study import Study

DEVICES, FRONT, DESIGN = "devices.csv", "front.csv", "design.json"

DIGITS = 4
"""Significant digits of a stated factor, which is rounded down."""


@dataclass(frozen=True, repr=False)
class Answers:
    """Answers of several studies beside each other, such as those of the devices of a study.

    Column names of the tables end in their units; docs/files.md describes them::

        >>> nodes = vary(study, [{"technology_nm": 22}, {"technology_nm": 45}])
        >>> answers = Answers("nodes", tuple(solve_all(nodes)), "edap_geomean")
        >>> answers.best.design["technology_nm"]
        22

    Args:
        name: name of the studies together.
        answers: one per study, in their order.
        criterion: name of the score that selects the chips.
        regret_reference: what regrets are against; empty if the criterion is no regret.
    """

    name: str
    answers: tuple[Answer, ...]
    criterion: str
    regret_reference: str = ""

    @cached_property
    def ranking(self) -> list[Answer]:
        """Answers with a feasible chip, the best first; among equal ones by the `TieRule`."""
        return ranked(self.answers, self._criterion)

    @property
    def best(self) -> Answer:
        """The best answer.

        Raises:
            Infeasible: none has a feasible chip; says why of each.
        """
        if not self.ranking:
            raise no_chip(self.name, {self.label(a): a.why for a in self.answers})
        return self.ranking[0]

    @property
    def bound(self) -> float:
        """Lower bound of the scores of all chips of all studies; NaN if it is unknown."""
        return float(np.min([each.bound for each in self.answers]))

    def label(self, answer: Answer) -> str:
        """Name of an answer in tables: its device where all differ, else its study."""
        return str(answer.study.device) if self._by_device else answer.study.name

    @cached_property
    def _by_device(self) -> bool:
        return len({each.study.device for each in self.answers}) == len(self.answers)

    @property
    def _kind(self) -> str:
        """Name of the column of labels."""
        return "device" if self._by_device else "study"

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row per answer: its score and bound, costs, and EDAPs over those of the best."""
        costs = [n for n in self.best.costs if not n.startswith("edap_")]
        edaps = [n for n in self.best.costs if n.startswith("edap_")]
        rows = [
            {
                self._kind: self.label(each),
                "feasible": each.has_chip,
                "criterion": self.criterion,
                "value": each.score,
                "bound": each.bound if each.has_chip else math.nan,
                **{name: each.costs.get(name, math.nan) for name in costs},
                **{
                    name.replace("_J_s_mm2", "_ratio"): each.costs.get(name, math.nan)
                    / self.best.costs[name]
                    for name in edaps
                },
                "design": each.text or None,
            }
            for each in self.answers
        ]
        return pd.DataFrame(rows)

    @cached_property
    def front(self) -> pd.DataFrame:
        """Non-dominated chips of all answers: label, parameters, objectives."""
        parts = [each.designs for each in self.answers]
        kept = is_nondominated(np.concatenate([F for _, F in parts]))
        of_each = np.split(kept, np.cumsum([len(F) for _, F in parts])[:-1])
        tables = [
            self._designs_table(each, levels[on_front], F[on_front])
            for each, (levels, F), on_front in zip(self.answers, parts, of_each, strict=True)
        ]
        parameters = [*dict.fromkeys(n for each in self.answers for n in each.study.space.names)]
        objectives = [n for n in tables[0] if n not in (self._kind, *parameters)]
        joined = pd.concat(_of_whole_numbers(tables, parameters), ignore_index=True)
        return joined.reindex(columns=[self._kind, *parameters, *objectives])

    @cached_property
    def design(self) -> pd.DataFrame:
        """The best chip: label, parameters, objectives; one row."""
        best = self.best
        return self._designs_table(best, *feasible_designs(best.problem, best.levels))

    def _designs_table(self, each: Answer, levels: Levels, F: Floats) -> pd.DataFrame:
        """Label, parameters and objectives of some designs."""
        problem, space = each.problem, each.study.space
        units = [name.rpartition("_")[2] for name in problem.objective_names]
        objectives = {
            display_column(name): to_display(unit, values)
            for name, unit, values in zip(
                problem.objective_names, units, problem.natural(F).T, strict=True
            )
        }
        values = {name: space.column(levels, name) for name in space.names}
        return pd.DataFrame({self._kind: [self.label(each)] * len(levels), **values, **objectives})

    @cached_property
    def scale(self) -> Scale:
        """Scale on which scores by the criterion compare."""
        return self._criterion.score_scale if self._criterion is not None else RATIO

    @cached_property
    def _criterion(self) -> Criterion | None:
        """The criterion; None for the EDAP of one network, which is none of the problem."""
        criteria = self.answers[0].problem.criteria
        named = {c.score_name(joint=joint): c for c in criteria for joint in (False, True)}
        return named.get(self.criterion)

    def factor(self, score: float, best: float) -> float:
        """Ratio of a score to another one, or their difference; see `Scale.excess`."""
        return self.scale.excess(score, best) + (0.0 if self._is_difference else 1.0)

    @property
    def _is_difference(self) -> bool:
        return self.scale.kind == "difference"

    @cached_property
    def factors(self) -> list[tuple[str, str, float]]:
        """Labels of a better and a worse answer, and the factor between them that is proven."""
        return [
            (self.label(a), self.label(b), self.factor(b.bound, a.score))
            for a, b in permutations(self.ranking, 2)
            if self.scale.excess(b.bound, a.score) > 0
        ]

    @property
    def statements(self) -> list[str]:
        """Sentences on the best answer, its runner-up, what is proven, and who has no chip."""
        best, score = self.best, f"1 + {self.criterion}" if self.scale.zero else self.criterion
        lines = [f"best {self._kind}: {self.label(best)} ({self.criterion} {best.score:.6g})"]
        for second in self.ranking[1:2]:
            times = self.factor(second.score, best.score)
            name = self.label(second)
            lines.append(f"runner-up: {name}, {score} {self._times(f'{times:.4g}')}")
        lines += [
            f"{a} beats {b} by at least {_rounded_down(k)} ({score})" for a, b, k in self.factors
        ]
        return lines + [f"no chip of {self.label(a)}: {a.why}" for a in self.answers if a.why]

    def _times(self, factor: str) -> str:
        return f"greater by {factor}" if self._is_difference else f"{factor} times as large"

    def save(
        self, folder: Path, more: Mapping[str, Mapping[str, object]] | None = None
    ) -> list[Path]:
        """Write the tables and the best chip into a folder; returns the paths of the files.

        Args:
            folder: the folder, which is made if it is not there.
            more: contents of further JSON files, by name.
        """
        texts = {
            DEVICES: _csv(self.table),
            FRONT: _csv(self.front),
            DESIGN: _json(self._best_as_json()),
            **{name: _json(content) for name, content in (more or {}).items()},
        }
        folder.mkdir(parents=True, exist_ok=True)
        (folder / SUMS).unlink(missing_ok=True)
        for name, text in texts.items():
            with replacing(folder / name) as temporary:
                temporary.write_text(text, encoding="utf-8")
        write_sums(folder, {name: sha256(folder / name) for name in texts})
        return [folder / name for name in texts]

    def _best_as_json(self) -> dict[str, Any]:
        """Content of `design.json`."""
        best = self.best
        return {
            "study": best.study.name,
            self._kind: self.label(best),
            "criterion": self.criterion,
            **({"regret_reference": self.regret_reference} if self.regret_reference else {}),
            "value": best.score,
            "bound": _finite(self.bound),
            "design": best.design,
            "costs": {name: _finite(value) for name, value in best.costs.items()},
            "statements": self.statements,
            "caution": caution(best.study.model, {}, str(best.study.device)),
            "stamp": self.stamp.to_json(),
        }

    @property
    def stamp(self) -> Stamp:
        """Stamps of all answers, part by part."""
        return stamp_of_studies({self.label(each): each.study for each in self.answers})

    def __repr__(self) -> str:
        return f"Answers({self.name}: {'; '.join(self.statements[:2])})"

    def _repr_html_(self) -> str:
        return self.table.to_html(index=False)


def no_chip(name: str, why: Mapping[str, object]) -> Infeasible:
    """Error of studies none of which has a feasible chip; says why of each."""
    reasons = "; ".join(f"{label}: {reason}" for label, reason in why.items())
    return Infeasible(f"no device of {name} has a feasible chip: {reasons}")


def comparison_folder(study: StudyOfDevices, out: Path, *, is_apart: bool = False) -> Path:
    """Folder of the comparison below the folder of one kind of answers, or below that of its
    criterion if certificates are apart (`answers.certificates.is_apart`)."""
    folder = out / study.name / COMPARISON
    return folder / study.studies[0].default_proof if is_apart else folder


def stamp_of_studies(studies: Mapping[str, Study]) -> Stamp:
    """Stamp of answers beside each other: those of all studies by label, part by part."""
    stamps = {label: stamp_of_answers(study) for label, study in studies.items()}
    parts = next(iter(stamps.values())).parts
    return Stamp({part: {n: stamp.parts[part] for n, stamp in stamps.items()} for part in parts})


def stamp_of_devices(study: StudyOfDevices) -> Stamp:
    """Stamp of the answers of all devices of a study."""
    return stamp_of_studies(dict(zip(study.devices, study.studies, strict=True)))


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


def _of_whole_numbers(tables: Sequence[pd.DataFrame], names: Sequence[str]) -> list[pd.DataFrame]:
    """Tables that are not empty, in which whole numbers stay so where another table lacks them."""
    filled = [table for table in tables if len(table)]
    return [
        table.astype({n: "Int64" for n in names if n in table and is_integer_dtype(table[n].dtype)})
        for table in filled
    ]


def _csv(frame: pd.DataFrame) -> str:
    return str(frame.to_csv(index=False, lineterminator="\n"))


def _json(content: Mapping[str, object]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _finite(value: float) -> float | None:
    """The value; None if JSON does not know it."""
    return value if math.isfinite(value) else None


def _rounded_down(value: float) -> str:
    """A positive number with `DIGITS` digits, never more than it is."""
    scale = 10.0 ** (DIGITS - 1 - math.floor(math.log10(value)))
    return f"{math.floor(value * scale) / scale:.{DIGITS}g}"
