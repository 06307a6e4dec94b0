"""Publish an experiment: tasks, checkpoints, tables, figures and pages, in this order."""

from __future__ import annotations

import json
import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from experiments import EXPERIMENTS_VERSION
from imcmoo.cli.terminal import counted, timed
from imcmoo.exact.behaviour import behaviour_mark
from imcmoo.io.checksums import sha256
from imcmoo.io.executor import imap_unordered
from imcmoo.io.files import replacing
from imcmoo.io.locks import folder_lock
from imcmoo.io.machines import Workers, open_executor
from imcmoo.io.parts import TaskCheckpoints
from imcmoo.model import registry
from imcmoo.problem.identity import problem_stamp
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.report import style
from imcmoo.study.study import Study

CONFIG = "config.json"
"""Written last: if it exists, all tables beside it are of one run."""

VERSIONS = "model_versions.json"
"""Versions of the cost models of the tables beside it, see `imcmoo.answers.outdated`."""

FIGURES = "figures"
NARROW = "_narrow"
"""Suffix of figures for one column."""

TEXT = ("reason", "left_out", "corrected", "label", "workload", "venue")
"""Columns that are text even if all their cells look like numbers, or are empty."""

Draw = Callable[[pd.DataFrame, float], Figure]
"""Draws a table, so many inches wide."""

Result = dict[str, Any]
"""Tables and arrays of a task, by name."""


class Publication(ABC):
    """An experiment whose results are published.

    Attributes:
        name: shown with the progress.
        path: of its tables, within the folder of all published ones.
        tasks: arguments of `run_task`, the longest task first.
        config: settings and versions for `config.json`; None if there is no such file.
        float_format: of floating-point numbers in tables; all digits if None.
        models: cost models of the results.
    """

    name: str
    path: str = ""
    tasks: Sequence[Any]
    config: Mapping[str, Any] | None = None
    float_format: str | None = None
    models: Sequence[str] = ("physical",)

    @property
    @abstractmethod
    def depends_on(self) -> str:
        """All that the results of tasks depend on; a checkpoint of another one is void."""

    @abstractmethod
    def run_task(self, task: Any) -> Result:
        """Run one task; its tables are stored as text."""

    def tables(self, results: Sequence[Result]) -> dict[str, str]:
        """Tables as CSV text by path, from the results of all tasks in their order; by default
        those of equal names are joined, with the columns of any of them."""
        names = dict.fromkeys(name for result in results for name in result)
        return {f"{n}.csv": _joined([str(r[n]) for r in results if n in r]) for n in names}

    def derived(self, folder: Path) -> dict[str, pd.DataFrame]:
        """Tables by path that follow from those in a folder."""
        return {}

    def figures(self, folder: Path) -> dict[str, tuple[pd.DataFrame, Draw]]:
        """Data and drawing function of each figure by name, from the tables in a folder."""
        return {}

    @abstractmethod
    def pages(self, folder: Path, docs: Path, home: Path) -> dict[Path, str]:
        """Pages by path, from the tables in a folder, which are not published yet.

        Args:
            folder: of the tables.
            docs: folder of the pages.
            home: where the tables and figures will be: links lead there.
        """

    def publish(self, published: Path, docs: Path, *, quiet: bool, workers: Workers) -> Path:
        """Run all tasks, or those that an interrupted run left, and publish; returns the folder of
        the tables.

        Args:
            published: gets the tables, `figures/` and `config.json` in `path`.
            docs: gets the pages.
            quiet: show no progress.
            workers: processes, or a scheduler of other machines.
        """
        folder = published / self.path
        with folder_lock(folder):
            checkpoints = TaskCheckpoints(folder, self.depends_on)
            # A method of the publication: other machines' workers are asked for the code it is in.
            how = (self.run_task, self.name, quiet, workers, self.float_format)
            results = run_tasks(checkpoints, self.tasks, *how)
            staged = folder / ".parts" / "files"
            shutil.rmtree(staged, ignore_errors=True)
            write_tables(self, results, staged)
            pages = self.pages(staged, docs, folder)  # one that fails leaves what was published
            _replace(folder, staged)
            for path, text in pages.items():
                write(path, text)
            versions = {model: registry.versions(model)[model] for model in self.models}
            write(folder / VERSIONS, json.dumps({"versions": versions}) + "\n")
            if self.config is not None:
                write(folder / CONFIG, json.dumps(self.config, indent=2) + "\n")
            checkpoints.remove()
        return folder


def run_tasks(
    checkpoints: TaskCheckpoints,
    tasks: Sequence[Any],
    run: Callable[[Any], Result],
    title: str,
    quiet: bool,
    workers: Workers,
    float_format: str | None = None,
) -> list[Result]:
    """Run the tasks without a checkpoint; returns the results of all, in their order, as stored:
    tables are text."""
    todo = [i for i in range(len(tasks)) if i not in checkpoints]
    done = len(tasks) - len(todo)
    is_single = len(tasks) == 1  # then nothing can be counted on the way
    with (
        timed(title, quiet=quiet or not is_single),
        counted(title, len(tasks), quiet=quiet or is_single, done=done) as advance,
        open_executor(workers, len(todo)) as executor,
    ):
        for index, result in imap_unordered(executor, run, (tasks[i] for i in todo)):
            checkpoints.save(todo[index], as_text(result, float_format))
            advance()
    return [checkpoints.load(index) for index in range(len(tasks))]


def as_text(result: Result, float_format: str | None = None) -> Result:
    """A result with its tables as CSV."""
    frames = {k: v for k, v in result.items() if isinstance(v, pd.DataFrame)}
    return {**result, **{k: to_csv(frame, float_format) for k, frame in frames.items()}}


def write_tables(publication: Publication, results: Sequence[Result], folder: Path) -> None:
    """Write tables into a folder, and figures with their data into `FIGURES` in it: as SVG and PDF
    for two columns of a page, and for one."""
    float_format = publication.float_format
    for name, text in publication.tables(results).items():
        write(folder / name, text)
    for name, frame in publication.derived(folder).items():
        write(folder / name, to_csv(frame, float_format))
    home = folder / FIGURES
    with style.paper_style():
        for name, (frame, draw) in publication.figures(folder).items():
            write(home / f"{name}.csv", to_csv(frame, float_format))
            for suffix, width in (("", style.WIDTH), (NARROW, style.COLUMN)):
                style.save(draw(frame, width), home, name + suffix, ("svg", "pdf"))


def read_tables(folder: Path) -> dict[str, pd.DataFrame]:
    """Read all tables of a folder, by name."""
    tables = {}
    for path in sorted(folder.glob("*.csv")):
        frame = pd.read_csv(path, dtype=dict.fromkeys(TEXT, str))
        tables[path.stem] = frame.fillna({name: "" for name in TEXT if name in frame})
    return tables


def to_csv(frame: pd.DataFrame, float_format: str | None = None) -> str:
    """Format a table as CSV."""
    return str(frame.to_csv(index=False, lineterminator="\n", float_format=float_format))


def write(path: Path, text: str) -> None:
    """Write a text file atomically; makes its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def dependence(
    problems: Iterable[AcceleratorProblem],
    *,
    stamped: Iterable[AcceleratorProblem] = (),
    data: Sequence[Path] = (),
) -> str:
    """State all that stored results of an experiment depend on, versions included.

    Args:
        problems: problems whose designs are evaluated for numbers of the model, in a fixed order.
        stamped: problems that only their data, space and settings identify, in a fixed order: use
            it for variants of `problems`, as drawing designs may take seconds for each.
        data: files that tasks read.
    """
    stamps = (problem_stamp(problem).digest() for problem in stamped)
    marks = [*map(behaviour_mark, problems), *stamps, *map(sha256, data)]
    return f"{EXPERIMENTS_VERSION} {marks}"


def with_study(study: Study, table: pd.DataFrame) -> pd.DataFrame:
    """Insert the name of a study as the first column, so that tables of studies can be joined."""
    named = table.copy()
    named.insert(0, "study", study.name)
    return named


def _joined(texts: Sequence[str]) -> str:
    """Join tables; digits stay as written."""
    frames = [pd.read_csv(StringIO(text), dtype=str, keep_default_na=False) for text in texts]
    return to_csv(pd.concat(frames, ignore_index=True).fillna(""))


def _replace(folder: Path, staged: Path) -> None:
    """Move staged files and folders to where others of the same names may be."""
    if (folder / CONFIG).is_file():  # what is here was published: a table may be obsolete
        (folder / CONFIG).unlink()
        for old in folder.glob("*.csv"):
            old.unlink()
    for new in sorted(staged.iterdir()):
        old = folder / new.name
        if old.is_dir():
            shutil.rmtree(old)
        new.replace(old)
