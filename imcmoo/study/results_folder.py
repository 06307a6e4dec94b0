"""The folder of one run: files appear in it together, and a killed run continues in it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from imcmoo.io.checksums import SUMS, check_sums, write_sums
from imcmoo.io.errors import InputError
from imcmoo.io.files import replacing
from imcmoo.io.reading import read_json
from imcmoo.problem.identity import differing_keys
from imcmoo.study.explanation import EXPLANATIONS
from imcmoo.version import __version__

CONFIG = "config.json"
"""Written last: where it stands, everything beside it is complete and of this one run."""

FIGURES = "figures"

REPORT = "report.html"
"""Made on demand; a new run removes that of the old one."""

FILES = (
    "evaluations.csv",
    "front.csv",
    "selection.csv",
    "baselines.csv",
    "trace.csv",
    "convergence.csv",
    "breakdown.csv",
    "regret.csv",
    "indicators.csv",
    "scenario.csv",
    "timeline.csv",
    "design.json",
    "accuracy.csv",
    EXPLANATIONS,
    REPORT,
    FIGURES,
    SUMS,
)
"""All a run may leave beside its config. A new run replaces these and touches nothing else."""

SUMMED = (*(name for name in FILES if name not in (REPORT, FIGURES, SUMS)), CONFIG)
"""What the checksums of a run are of."""

ALWAYS = ("evaluations.csv", "front.csv", "selection.csv", "trace.csv", "design.json", CONFIG)
"""Those of them that runs of every version have, whatever their study, model and settings."""

_WORK = ".work"


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
        config: what identifies the run; see `provenance.config`.
    """

    def __init__(self, path: Path, config: Mapping[str, Any]) -> None:
        self.path = path
        self._config = json.loads(json.dumps(config))
        self._work = path / _WORK
        self.staging = self._work / "files"

    def check_resumable(self) -> None:
        """Check that what stands in the folder, if anything, is of this run.

        Raises:
            InputError: a run with another config was begun or finished here; says what differs.
        """
        stored = self._begun() or self._finished()
        if stored is None:
            return
        versions = stored.get("versions")
        stored_version = versions.get("imcmoo") if isinstance(versions, dict) else None
        if stored_version != __version__:
            raise InputError(
                f"cannot resume {self.path}: it is of imcmoo {stored_version}, this is "
                f"{__version__}; without --resume the run starts over"
            )
        differing = [k for k in self._config if stored.get(k) != self._config[k]]
        if differing:
            key = next((k for k in differing if k != "command"), differing[0])
            before, now = stored.get(key), self._config[key]
            names = differing_keys(before, now)
            how = f"is {_short(before)}, this run's is {_short(now)}"
            if names:
                how = f"differs in {', '.join(names)}"
            raise InputError(
                f"cannot resume {self.path}: its {key} {how}; without --resume the run starts over"
            )

    def is_finished(self) -> bool:
        """True if the complete run with this config is here.

        Raises:
            InputError: it is, but a file is missing or damaged.
        """
        if self._begun() is not None or self._finished() != self._config:
            return False
        check_files(self.path, remedy="bring it back, or run again without --resume")
        return True

    def begin(self, *, resume: bool) -> None:
        """Prepare the folder: keep the work of an unfinished run, or start with nothing.

        The files of an earlier finished run stay until `publish` replaces them.

        Raises:
            OSError: the folder cannot be written to.
        """
        if not (resume and self._begun()):
            self.discard_work()
            self._work.mkdir(parents=True)
            with replacing(self._work / CONFIG) as temporary:
                temporary.write_text(json.dumps(self._config, indent=2) + "\n", encoding="utf-8")
        # Files are quick to write again, so only checkpoints outlive a kill.
        shutil.rmtree(self.staging, ignore_errors=True)
        (self.staging / FIGURES).mkdir(parents=True)

    def checkpoint(self, name: str) -> Path:
        """Path of the state of the search of this name."""
        return self._work / f"{name}.checkpoint"

    def files(self) -> list[Path]:
        """Files of a finished run, in the order of `FILES`, then the config."""
        return [p for name in (*FILES, CONFIG) if (p := self.path / name).exists()]

    def publish(self) -> None:
        """Replace whatever earlier run is in the folder by the staged files.

        A kill in between leaves the folder without config and `.work` in place: not a finished run,
        and to be continued.

        Raises:
            InputError: what is staged is not of this run.
        """
        if self._begun() != self._config:
            raise InputError(f"{self._work} is not of this run any more: nothing was published")
        staged = {path.name: path for path in self.staging.iterdir() if path.is_file()}
        write_sums(self.staging, {**staged, CONFIG: self._work / CONFIG})
        (self.path / CONFIG).unlink(missing_ok=True)
        for name in FILES:
            _remove(self.path / name)
            if (self.staging / name).exists():
                (self.staging / name).replace(self.path / name)
        # This one move turns a begun run into a finished one.
        (self._work / CONFIG).replace(self.path / CONFIG)
        self.discard_work()

    def discard_work(self) -> None:
        """Delete `.work`: config, checkpoints and staged files; nothing can be resumed after."""
        shutil.rmtree(self._work, ignore_errors=True)

    def _begun(self) -> dict[str, Any] | None:
        return _read_json(self._work / CONFIG)

    def _finished(self) -> dict[str, Any] | None:
        return _read_json(self.path / CONFIG)


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


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."
