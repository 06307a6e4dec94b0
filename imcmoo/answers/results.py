"""The folder of one run: how it is written, all files together, and continued; and its reader."""

from __future__ import annotations

import errno
import json
import os
import shutil
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
    explanations_text,
    read_explanations,
)
from imcmoo.answers.outcome import BEST_FOUND, EXACT
from imcmoo.answers.provenance import REPLACE, stamp_in
from imcmoo.arrays import Floats
from imcmoo.exact import certificate
from imcmoo.io.checksums import SUMS, check_sums, digest, write_sums
from imcmoo.io.errors import InputError
from imcmoo.io.files import check_own_folder, replacing, unchanged
from imcmoo.io.reading import read_json
from imcmoo.io.stamp import OLDER, Stamp
from imcmoo.io.units import to_si
from imcmoo.problem.scores import EdapDefinition

CONFIG = "config.json"
"""Written last: where it stands, everything beside it is complete and of this one run."""

FIGURES = "figures"

PAPER = f"{FIGURES}/paper"
"""Figures for papers, drawn on demand; a new run removes those of the old one."""

SELECTED, BASELINE, FRONT = "selected", "alone_", "front_"
"""Names of designs, the last two their beginnings."""

DESIGN = "design.json"

REPORT = "report.html"
"""Made on demand; a new run removes that of the old one."""

FILES = (
    "evaluations.csv", "front.csv", "selection.csv", "baselines.csv", "trace.csv",
    "convergence.csv", "breakdown.csv", "regret.csv", "indicators.csv", "scenario.csv",
    "timeline.csv", DESIGN, "accuracy.csv", "generation.csv", "steps.csv", EXPLANATIONS, REPORT,
    FIGURES, SUMS,
)  # fmt: skip
"""All a run may leave beside its config. A new run replaces these and touches nothing else."""

CONTENT = tuple(name for name in FILES if name not in (REPORT, FIGURES, SUMS))
"""Files with what a run found out."""

SUMMED = (*CONTENT, CONFIG)
"""What the checksums of a run are of."""

ALWAYS = ("evaluations.csv", "front.csv", "selection.csv", "trace.csv", DESIGN, CONFIG)
"""Those of them that runs of every version have, whatever their study, model and settings."""

_WORK = ".work"

_CHECKPOINTS = ".checkpoints"
"""States of the searches of a finished run, from which a larger budget continues."""


def check_files(folder: Path, *, remedy: str, all_there: bool = True) -> None:
    """Check that the files of a finished run are as it wrote them.

    Args:
        remedy: what the user can do, in words.
        all_there: False where a file may have been removed.

    Raises:
        InputError: one is missing or damaged; names it.
    """
    check_sums(folder, known=SUMMED, always=ALWAYS, remedy=remedy, all_there=all_there)


class RunFolder:
    """The results folder of one run.

    Until the run is complete everything lives in a hidden folder `.work`: the config it was started
    with, checkpoints, and finished files. `publish` then moves the files to their place. A kill at
    any moment leaves either no `.work` or one from which the run can continue.

    Args:
        path: the folder, `results/<study>/seed-<n>`.
        config: settings and stamp of the run; see `provenance.run_config`.
    """

    def __init__(self, path: Path, config: Mapping[str, Any]) -> None:
        self.path = path
        self.config = json.loads(json.dumps(config))
        self._stamp = Stamp(stamp_in(self.config))
        self._work = path / _WORK
        self._files = self._work / "files"
        self._checkpoints = path / _CHECKPOINTS
        self._sums: dict[str, str] = {}
        self._begun_as: tuple[int, int] | None = None

    def check_resumable(self) -> None:
        """Check that what stands in the folder, if anything, is of this run.

        Raises:
            InputError: a run with another stamp was begun or finished here; says what differs.
        """
        stored = self._begun() or _read_json(self.path / CONFIG)
        if stored and (differs := self._extended(stored).difference(stamp_in(stored))):
            remedy = f"{REPLACE} instead of --resume"
            raise InputError(f"cannot resume {self.path}: it is of {differs}; {remedy}")

    def check_replaceable(self) -> None:
        """Check that no run of another study of this name stands beside or in the folder.

        Raises:
            InputError: one does, whatever its seed; says what differs.
        """
        wanted = Stamp(_of_any_seed(self.config)).only("settings", "networks")
        for path in sorted(self.path.parent.glob("seed-*")):
            try:
                stored = _read_json(path / _WORK / CONFIG) or _read_json(path / CONFIG)
            except (InputError, OSError):
                continue  # damaged: nothing to lose
            if stored and (differs := wanted.difference(_of_any_seed(stored))):
                raise InputError(f"{path} is of {differs}; {REPLACE}")

    def is_finished(self) -> bool:
        """True if the complete run with this stamp is here.

        Raises:
            InputError: it is, but a file is missing or damaged.
        """
        stored = _read_json(self.path / CONFIG)
        if self._begun() or not stored or self._stamp.difference(stamp_in(stored)):
            return False
        check_files(self.path, remedy="bring it back, or run again without --resume")
        return True

    def begin(self, *, resume: bool) -> None:
        """Prepare the folder: keep the work of an unfinished run, or start with nothing.

        The files of an earlier finished run stay until `publish` replaces them.

        Raises:
            InputError: `.work` in the folder is a file or a link.
            OSError: the folder cannot be written to.
        """
        check_own_folder(self._work)
        if not (resume and self._begun()):
            self.discard_work()
            self._work.mkdir(parents=True)
            if resume and self._checkpoints.is_dir():
                shutil.copytree(self._checkpoints, self._work, dirs_exist_ok=True)
        config = (json.dumps(self.config, indent=2) + "\n").encode()
        with replacing(self._work / CONFIG) as temporary:
            temporary.write_bytes(config)
        self._sums = {CONFIG: digest(config)}
        self._begun_as = _state(self._work / CONFIG)
        # Files are quick to write again, so only checkpoints outlive a kill.
        shutil.rmtree(self._files, ignore_errors=True)
        self.figures.mkdir(parents=True)

    @property
    def figures(self) -> Path:
        """Folder into which the figures of the run are drawn before it is published."""
        return self._files / FIGURES

    def write_results(self, results: Results) -> None:
        """Write all files of a run but figures; `publish` puts them beside the config."""
        for name, content in results.content.items():
            self.write(name, _text(name, content).encode())

    def write(self, name: str, content: bytes) -> None:
        """Write a file that `publish` puts beside the config, or below it."""
        path = self._files / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        if name in SUMMED:
            self._sums[name] = digest(content)

    def checkpoint(self, name: str) -> Path:
        """Path of the state of the search of this name."""
        return self._work / f"{name}.checkpoint"

    def files(self) -> list[Path]:
        """Files of a finished run, in the order of `FILES`, then the config."""
        return [p for name in (*FILES, CONFIG) if (p := self.path / name).exists()]

    def publish(self) -> None:
        """Replace whatever earlier run is in the folder by the files that were written.

        A kill in between leaves the folder without config and `.work` in place: not a finished run,
        and to be continued.

        Raises:
            InputError: the work in the folder is not of this run.
        """
        if _state(self._work / CONFIG) != self._begun_as:
            raise InputError(f"{self._work} is not of this run any more: nothing was published")
        write_sums(self._files, self._sums)
        (self.path / CONFIG).unlink(missing_ok=True)
        for name in FILES:
            _remove(self.path / name)
            if (self._files / name).exists():
                (self._files / name).replace(self.path / name)
        shutil.rmtree(self._checkpoints, ignore_errors=True)
        self._checkpoints.mkdir()
        for path in self._work.glob("*.checkpoint"):
            path.rename(self._checkpoints / path.name)
        # This one move turns a begun run into a finished one.
        (self._work / CONFIG).replace(self.path / CONFIG)
        self.discard_work()

    def discard_work(self) -> None:
        """Delete `.work`: config, checkpoints and staged files; nothing can be resumed after."""
        shutil.rmtree(self._work, ignore_errors=True)

    def _extended(self, stored: Mapping[str, Any]) -> Stamp:
        """The stamp of this run, with the budget of a stored run that a larger one extends."""
        budget = stored.get("budget")
        is_extended = isinstance(budget, int) and budget < self.config["budget"]
        return Stamp(stamp_in({**self.config, "budget": budget})) if is_extended else self._stamp

    def _begun(self) -> dict[str, Any] | None:
        return _read_json(self._work / CONFIG)


def _state(path: Path) -> tuple[int, int] | None:
    """Inode and time of a file, which another one in its place does not share; None without."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns


def _remove(path: Path) -> None:
    """Remove a file, a folder with all that is in it, or a link but not where it points."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _read_json(path: Path) -> dict[str, Any] | None:
    try:
        content = read_json(path)
    except FileNotFoundError:
        return None
    except ValueError:
        content = None
    if not (isinstance(content, dict) and content):
        raise InputError(f"{path} is not the config of a run; remove it to start over")
    return content


def _of_any_seed(config: Mapping[str, Any]) -> dict[str, Any]:
    """The stamp in a config, without the seed."""
    return stamp_in({key: value for key, value in config.items() if key != "seed"})


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

    `Results.read(folder)` reads those of a complete run; `Run` is the simpler interface.

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
    def workloads(self) -> list[str]:
        """Names of the networks, in the order of all columns."""
        return list(self.config["workloads"])

    @property
    def parameters(self) -> list[str]:
        """Names of the parameters of the space."""
        return list(self.config["space"])

    @property
    def values_by_parameter(self) -> dict[str, list[Any]]:
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
        """EDAP of each network that regrets are against, J·s·mm², shape (W,); None without EDAP."""
        if not self.has_edap_columns:
            return None
        if self.regret_reference == EXACT:
            networks = self.design["workloads"]
            return np.array([networks[n]["reference_edap_J_s_mm2"] for n in self.workloads])
        tables = [table for table in (self.front, self.baselines) if table is not None]
        rows = [self.of_workloads(table, "edap_{}_J_s_mm2") for table in tables]
        return np.asarray(np.nanmin(np.concatenate(rows), axis=0))

    @cached_property
    def explanations(self) -> list[Explanation]:
        """Explanations of designs that the run stored; none in runs of older versions.

        Raises:
            InputError: the file is damaged.
        """
        return self.content.get(EXPLANATIONS) or []

    def of_workloads(self, frame: pd.DataFrame, pattern: str) -> Floats:
        """The columns of a table that are one per workload, shape (n, W); `{}` is its name."""
        columns = [pattern.format(name) for name in self.workloads]
        return np.asarray(frame[columns].to_numpy(dtype=float))

    @property
    def edap(self) -> EdapDefinition:
        """Delay and area of every EDAP of the run."""
        names = [f.name for f in fields(EdapDefinition) if f.name in self.config]
        values = {name: self.config[name] for name in names}
        return EdapDefinition(**values).of_images(values.get("images", ()))

    def edap_of(self, frame: pd.DataFrame) -> Floats:
        """EDAP of the designs of a table with energies, delays and area, J·s·mm², shape (n, W)."""
        delay, area = self.edap.quantities.values()
        values = {
            "energy": self.of_workloads(frame, "energy_{}_J"),
            delay: self.of_workloads(frame, f"{delay}_{{}}_s"),
            area: to_si("m2", frame[f"{area}_mm2"].to_numpy()),
        }
        return self.edap.of(values)

    def designs_in(self, frame: pd.DataFrame) -> list[tuple[Any, ...]]:
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


def _values_by_parameter(config: Mapping[str, Any]) -> dict[str, list[Any]]:
    values_of = {}
    for name, values in config["space"].items():
        if isinstance(values, dict):
            values = sorted({v for part in values["values"].values() for v in part})
        values_of[str(name)] = list(values)
    return values_of


class _StoredFiles(Mapping[str, Any]):
    """Content of the files of a run in its folder, by name; each is read when it is asked for."""

    def __init__(self, folder: Path, config: Mapping[str, Any]) -> None:
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
        if name == DESIGN:
            return read_json(path)
        values_of = _values_by_parameter(self._config)
        words = [name for name, values in values_of.items() if isinstance(values[0], str)]
        # Only an empty cell is nothing: a level may well be called "NA", or "01".
        frame = pd.read_csv(
            path, dtype=dict.fromkeys(words, str), keep_default_na=False, na_values=[""]
        )
        return frame.copy()  # as one block: of a hundred and more pandas warns


def _text(name: str, content: Any) -> str:
    """Text of a file of a run, by its name and content."""
    if name == EXPLANATIONS:
        return explanations_text(content)
    if name == DESIGN:
        return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    return str(content.to_csv(index=False, lineterminator="\n"))
