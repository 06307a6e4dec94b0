"""The folder of an answer, of a run or a proof: how its files are written, all together."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from imcmoo.answers.answer import Answer
from imcmoo.answers.explanation import EXPLANATIONS, explanations_text
from imcmoo.answers.outcome import Outcome
from imcmoo.answers.provenance import REPLACE, run_config, stamp_in
from imcmoo.answers.result_tables import make_results
from imcmoo.answers.results import (
    ANSWER,
    CONFIG,
    DESIGN,
    FIGURES,
    FILES,
    SUMMED,
    Results,
    check_files,
)
from imcmoo.io.checksums import digest, write_sums
from imcmoo.io.errors import InputError
from imcmoo.io.files import check_own_folder, replacing
from imcmoo.io.reading import read_json
from imcmoo.io.stamp import Stamp
from imcmoo.study.study_file import STUDY

_WORK = ".work"

_CHECKPOINTS = ".checkpoints"
"""States of the searches of a finished run, from which a larger budget continues."""


def write_answer(answer: Answer, folder: Path) -> Results:
    """Write a proven answer into its folder, as a run is written: study, config, tables, design.

    Args:
        answer: a certified or enumerated answer with a chip.
        folder: the folder, locked by this process; its certificates and optima stay.
    """
    config = run_config(answer.study, answer.how)
    home = RunFolder(folder, config)
    home.begin(resume=False)
    results = make_results(Outcome.from_answer(answer), folder, home.config)
    home.write_results(results)
    home.publish()
    return results


def has_answer(answer: Answer, folder: Path) -> bool:
    """True if the files of a proven answer, with the same proof, are complete in a folder."""
    try:
        stored = read_json(folder / ANSWER)
        finished = RunFolder(folder, run_config(answer.study, answer.how)).is_finished()
    except (InputError, OSError, ValueError):
        return False
    return finished and stored == json.loads(json.dumps(answer.to_json()))


def remove_answer(folder: Path) -> None:
    """Remove the answer in a folder, if there is one: its proof is being replaced."""
    for name in (CONFIG, *FILES):
        _remove(folder / name)


class RunFolder:
    """The results folder of one run.

    Until the run is complete everything lives in a hidden folder `.work`: the config it was started
    with, checkpoints, and finished files. `publish` then moves the files to their place. A kill at
    any moment leaves either no `.work` or one from which the run can continue.

    Args:
        path: the folder, `results/<study>/seed-<n>`.
        config: settings and stamp of the run; see `provenance.run_config`.
    """

    def __init__(self, path: Path, config: Mapping[str, object]) -> None:
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
        self._files.mkdir()

    @property
    def figures(self) -> Path:
        """Folder into which the figures of the run are drawn before it is published."""
        folder = self._files / FIGURES
        folder.mkdir(exist_ok=True)
        return folder

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
            if name == STUDY and not (self._files / name).exists():
                continue  # the file that the study was read from
            _remove(self.path / name)
            if (self._files / name).exists():
                (self._files / name).replace(self.path / name)
        shutil.rmtree(self._checkpoints, ignore_errors=True)
        for path in self._work.glob("*.checkpoint"):
            self._checkpoints.mkdir(exist_ok=True)
            path.rename(self._checkpoints / path.name)
        # This one move turns a begun run into a finished one.
        (self._work / CONFIG).replace(self.path / CONFIG)
        self.discard_work()

    def discard_work(self) -> None:
        """Delete `.work`: config, checkpoints and staged files; nothing can be resumed after."""
        shutil.rmtree(self._work, ignore_errors=True)

    def _extended(self, stored: Mapping[str, object]) -> Stamp:
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


def _of_any_seed(config: Mapping[str, object]) -> dict[str, Any]:
    """The stamp in a config, without the seed."""
    return stamp_in({key: value for key, value in config.items() if key != "seed"})


def _text(name: str, content: Any) -> str:
    """Text of a file of a run, by its name and content."""
    if name == EXPLANATIONS:
        return explanations_text(content)
    if name == STUDY:
        return str(content)
    if name in (DESIGN, ANSWER):
        return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    return str(content.to_csv(index=False, lineterminator="\n"))
