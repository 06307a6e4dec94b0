"""Results of a run or a proof: the files of its folder, and their reader."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from imcmoo.answers.explanation import (
    EXPLANATIONS,
    Explanation,
    read_explanations,
)
from imcmoo.answers.provenance import HOW, SEARCHED, stamp_in
from imcmoo.answers.robust_folder import refuse_robust
from imcmoo.arrays import Floats
from imcmoo.exact import certificate
from imcmoo.exact.certificate import BEST_FOUND, EXACT
from imcmoo.io.checksums import SUMS, check_sums
from imcmoo.io.errors import InputError
from imcmoo.io.files import unchanged
from imcmoo.io.reading import read_json
from imcmoo.io.stamp import OLDER
from imcmoo.io.units import to_si
from imcmoo.problem.scores import EdapDefinition
from imcmoo.study.study_file import STUDY

CONFIG = "config.json"
"""Written last: where it stands, everything beside it is complete and of one run or proof."""

FIGURES = "figures"

PAPER = f"{FIGURES}/paper"
"""Figures for papers, drawn on demand; a new run removes those of the old one."""

SELECTED, BASELINE, FRONT = "selected", "alone_", "front_"
"""Names of designs, the last two their beginnings."""

DESIGN, ANSWER = "design.json", "answer.json"

REPORT = "report.html"
"""Made on demand; a new run removes that of the old one."""

FILES = (
    "evaluations.csv", "front.csv", "selection.csv", "baselines.csv", "trace.csv",
    "convergence.csv", "breakdown.csv", "regret.csv", "indicators.csv", "scenario.csv",
    "timeline.csv", STUDY, ANSWER,
    DESIGN, "accuracy.csv", "generation.csv", "steps.csv", EXPLANATIONS, REPORT,
    FIGURES, SUMS,
)  # fmt: skip
"""All that a run or a proof may leave beside its config, and a new one replaces."""

CONTENT = tuple(name for name in FILES if name not in (REPORT, FIGURES, SUMS))
"""Files with what a run found out."""

SUMMED = (*(name for name in CONTENT if name != STUDY), CONFIG)
"""What the checksums of a run are of; the study file may be edited, and the config tells."""

ALWAYS = ("evaluations.csv", "front.csv", "selection.csv", DESIGN, CONFIG)
"""Those of them that all have, whatever their version, study, model and settings."""


def check_files(folder: Path, *, remedy: str, all_there: bool = True) -> None:
    """Check that the files of a finished run are as it wrote them.

    Args:
        remedy: what the user can do, in words.
        all_there: False where a file may have been removed.

    Raises:
        InputError: one is missing or damaged; names it.
    """
    check_sums(folder, known=SUMMED, always=ALWAYS, remedy=remedy, all_there=all_there)


@contextmanager
def reading(folder: Path) -> Iterator[Results]:
    """The results of a complete run, of which all files are of one run while the block reads.

    Raises:
        InputError: `Results.read` refuses the folder, or another run was published meanwhile.
    """
    if not (folder / CONFIG).is_file():
        raise InputError(_no_run(folder))
    with unchanged(folder / CONFIG):
        yield Results.read(folder)


def _no_run(folder: Path) -> str:
    """Message on a folder without a run; names the certificates that are there."""
    is_proof = (folder / certificate.FILE).is_file()
    hint = "; `imcmoo run` makes a run of what is proven here" if is_proof else ""
    if not is_proof and (proofs := sorted(folder.glob(f"*/{certificate.FILE}"))):
        hint = f"; certificates are in {', '.join(str(p.parent) for p in proofs)}"
    return f"{folder} holds no complete run: there is no {CONFIG}{hint}"


def _table(name: str) -> cached_property[pd.DataFrame]:
    return cached_property(lambda results: results._needed(f"{name}.csv"))


def _optional_table(name: str) -> cached_property[pd.DataFrame | None]:
    """A table that only some runs have, read once."""
    return cached_property(lambda results: results.content.get(f"{name}.csv"))


@dataclass(frozen=True)
class Results:
    """Tables, design and explanations of a run, in memory or read from its files.

    `Results.read(folder)` reads those of a complete run; `Run` is the simpler interface::

        >>> run = study.run(budget=20, out=folder)
        >>> Results.read(run.folder).selected["area_mm2"].item() > 0
        True

    Args:
        folder: folder of the run.
        config: settings of the run, as in `config.json`.
        content: content of the files of the run, by names of `CONTENT`: tables, `design.json` as a
            dictionary, and `explain.json` as explanations.
    """

    folder: Path
    config: Mapping[str, Any]
    content: Mapping[str, Any]

    @classmethod
    def read(cls, folder: Path) -> Results:
        """The results of a complete run; reads each file when it is first needed.

        Raises:
            InputError: the folder holds no complete run of this version, or a file is damaged.
        """
        refuse_robust(folder)
        path = folder / CONFIG
        try:
            config = read_json(path)
        except FileNotFoundError:
            raise InputError(_no_run(folder)) from None
        except ValueError:
            raise InputError(f"{path} is not the config of a run") from None
        if not (isinstance(config, dict) and "study" in config and stamp_in(config)):
            raise InputError(f"{folder} is of {OLDER}: run the study again")
        check_files(folder, remedy="bring it back, or run the study again", all_there=False)
        return cls(folder, config, _StoredFiles(folder, config))

    @property
    def study(self) -> str:
        """Name of the study."""
        return str(self.config["study"])

    @property
    def how(self) -> str:
        """Method that found the design: searched, certified or enumerated."""
        return str(self.config.get(HOW, SEARCHED))

    @property
    def workloads(self) -> list[str]:
        """Names of the networks, in the order of all columns."""
        return list(self.config["workloads"])

    @property
    def parameters(self) -> list[str]:
        """Names of the parameters of the space."""
        return list(self.config["space"])

    @property
    def values_by_parameter(self) -> dict[str, list[object]]:
        """All values of each parameter, in order; of one that depends on another, those of all."""
        return _values_by_parameter(self.config)

    evaluations, front, selection, convergence = map(
        _table, ("evaluations", "front", "selection", "convergence")
    )
    """Every design of the joint search, the non-dominated ones, the design each criterion selects,
    and improvements of the best design of each search."""

    baselines, breakdown, regret, indicators, scenario, timeline, accuracy, generation, steps = map(
        _optional_table,
        ("baselines", "breakdown", "regret", "indicators", "scenario", "timeline", "accuracy",
         "generation", "steps"),
    )  # fmt: skip
    """Tables that only some runs have: designs for all and for one workload; energy and area of the
    selected design by component; distance from the exact optima and from the exact front; service
    and simulated work of the requests of each network; its accuracy on the selected design; tokens
    of language models on it, and their first, mean and last step."""

    @property
    def selected(self) -> pd.DataFrame:
        """The joint design, one row of `selection`."""
        return self.selection[self.selection["used"]]

    @property
    def named(self) -> list[tuple[pd.DataFrame, list[str]]]:
        """Designs and their names: the selected one, `alone_NETWORK`, those of the criteria, and
        `front_N` by their row in `front.csv`, from 1."""
        designs = [(self.selected, [SELECTED])]
        if self.baselines is not None:
            # The first row is the selected design once more.
            alone = self.baselines.iloc[1:]
            designs.append((alone, [f"{BASELINE}{name}" for name in alone["optimised_for"]]))
        designs.append((self.selection, [str(name) for name in self.selection["criterion"]]))
        front = [f"{FRONT}{row}" for row in range(1, len(self.front) + 1)]
        return [*designs, (self.front, front)]

    @property
    def criterion(self) -> str:
        """Name of the criterion that has the last word."""
        return str(self.selected["criterion"].iloc[0])

    @cached_property
    def design(self) -> dict[str, Any]:
        """Content of `design.json`, the joint design."""
        return dict(self._needed(DESIGN))

    @property
    def regret_reference(self) -> str:
        """Reference of the regrets; `BEST_FOUND` for runs without regrets."""
        return str(self.design.get("regret_reference", BEST_FOUND))

    @property
    def reference_edap(self) -> Floats | None:
        """EDAP of each network that regrets are against, J·s·mm², shape (W,).

        None without EDAP, and for a certificate that rests on no optima of networks."""
        if not self.has_edap_columns:
            return None
        if self.how != SEARCHED and "regret_reference" not in self.design:
            return None
        if self.regret_reference == EXACT:
            networks = self.design["workloads"]
            return np.array([networks[n]["reference_edap_J_s_mm2"] for n in self.workloads])
        tables = [table for table in (self.front, self.baselines) if table is not None]
        rows = [self.workload_values(table, "edap_{}_J_s_mm2") for table in tables]
        return np.asarray(np.nanmin(np.concatenate(rows), axis=0))

    @cached_property
    def explanations(self) -> list[Explanation]:
        """Explanations of designs that the run stored; none in runs of older versions.

        Raises:
            InputError: the file is damaged.
        """
        return self.content.get(EXPLANATIONS) or []

    def workload_values(self, frame: pd.DataFrame, pattern: str) -> Floats:
        """The columns of a table that are one per workload, shape (n, W); `{}` is its name."""
        columns = [pattern.format(name) for name in self.workloads]
        return np.asarray(frame[columns].to_numpy(dtype=float))

    @property
    def edap(self) -> EdapDefinition:
        """Delay and area of every EDAP of the run."""
        names = [f.name for f in fields(EdapDefinition) if f.name in self.config]
        values = {name: self.config[name] for name in names}
        return EdapDefinition(**values).of_images(values.get("images", ()))

    def edap_values(self, frame: pd.DataFrame) -> Floats:
        """EDAP of the designs of a table with energies, delays and area, J·s·mm², shape (n, W)."""
        delay, area = self.edap.quantities.values()
        values = {
            "energy": self.workload_values(frame, "energy_{}_J"),
            delay: self.workload_values(frame, f"{delay}_{{}}_s"),
            area: to_si("m2", frame[f"{area}_mm2"].to_numpy()),
        }
        return self.edap.of(values)

    def designs_in(self, frame: pd.DataFrame) -> list[tuple[object, ...]]:
        """Values of the parameters in each row of a table; equal rows are one design."""
        return [*map(tuple, frame[self.parameters].to_numpy(dtype=object))]

    @property
    def has_edap_columns(self) -> bool:
        """True if the tables have the EDAP of each network."""
        return f"edap_{self.workloads[0]}_J_s_mm2" in self.front

    def _needed(self, name: str) -> Any:
        """Content of a file that every run has."""
        content = self.content.get(name)
        if content is None:
            missing = errno.ENOENT
            raise FileNotFoundError(missing, os.strerror(missing), str(self.folder / name))
        return content


def _values_by_parameter(config: Mapping[str, Any]) -> dict[str, list[object]]:
    values_of = {}
    for name, values in config["space"].items():
        if isinstance(values, dict):
            values = sorted({v for part in values["values"].values() for v in part})
        values_of[str(name)] = list(values)
    return values_of


class _StoredFiles(Mapping[str, Any]):
    """Content of the files of a run in its folder, by name; each is read when it is asked for."""

    def __init__(self, folder: Path, config: Mapping[str, object]) -> None:
        self._folder, self._config = folder, config

    def __iter__(self) -> Iterator[str]:
        return (name for name in CONTENT if (self._folder / name).exists())

    def __len__(self) -> int:
        return len([*self])

    def __getitem__(self, name: str) -> Any:
        path = self._folder / name
        if not path.exists():
            raise KeyError(name)
        if name == EXPLANATIONS:
            return read_explanations(path)
        if name in (DESIGN, ANSWER):
            return read_json(path)
        if name == STUDY:
            return path.read_text(encoding="utf-8")
        values_of = _values_by_parameter(self._config)
        words = [name for name, values in values_of.items() if isinstance(values[0], str)]
        # Only an empty cell is nothing: a level may well be called "NA", or "01".
        frame = pd.read_csv(
            path, dtype=dict.fromkeys(words, str), keep_default_na=False, na_values=[""]
        )
        return frame.copy()  # as one block: of a hundred and more pandas warns
