"""`imcmoo explain`: why a design is what it is."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from imcmoo.answers.certificates import certified_study, mismatch
from imcmoo.answers.explain import explain
from imcmoo.answers.explanation import Explanation, to_json, write_csv
from imcmoo.answers.provenance import ordinary_study, stamp_of_answers, study_of_run
from imcmoo.answers.results import SELECTED, reading
from imcmoo.answers.robust_folder import refuse_robust
from imcmoo.cli.arguments import FORCE, add, option, whole
from imcmoo.cli.terminal import Bars, console, show, timed
from imcmoo.exact.certificate import FILE as CERTIFICATE
from imcmoo.exact.certificate import Certificate, certified_reference
from imcmoo.io.errors import InputError, input_errors
from imcmoo.io.reading import read_json
from imcmoo.report.explanation_tables import explained
from imcmoo.report.finished_run import OnExplained, Run
from imcmoo.space.design_space import DesignSpace, Levels
from imcmoo.space.designs_csv import read_design
from imcmoo.study import catalogue
from imcmoo.study.calibration import sentence

DESCRIPTION = """
Explain why a design is what it is: chip, networks, components, layers, limits, and what every step
to a neighbouring design would change.

  imcmoo explain results/STUDY/seed-1                       the selected design of a run
  imcmoo explain results/STUDY/seed-1 --design alone_vgg16  another of its designs
  imcmoo explain results/certified/STUDY                    the certified design
  imcmoo explain DESIGNS.csv:2 --study STUDY                a line of a file; line 1 is its header
"""

INTERRUPTED = "nothing was lost"

LINE = re.compile(r"[0-9]{1,9}")
"""Number of a line of a CSV."""

Explained = tuple[Explanation, Mapping[str, Any] | None]
"""An explanation, and the calibration of the cost model as a config states it, if there is one."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add(
        parser,
        option("what WHAT", str, "RUN, folder of a certificate, design.json, or DESIGNS.csv:LINE"),
        option("--study STUDY", str,
               "what a design of a file is for, or a run whose study has another name or place "
               "now"),
        option("--design NAME", str,
               "another design of a run: a criterion, alone_NETWORK, or front_N (row of "
               "front.csv)"),
        option("--layers N", whole(1), "of each network (default: 3)", default=3),
        option("--json", bool, "print everything as JSON instead"),
        option("--csv DIR", Path, "also write tables into a folder"),
        FORCE,
    )  # fmt: skip


def main(args: argparse.Namespace) -> None:
    """Explain what a command line asks for."""
    path = Path(args.what)
    if (path / CERTIFICATE).is_file() and args.design is None:
        explanation, calibrated = _of_certificate(path, args.study)
    elif path.is_dir():
        explanation, calibrated = _of_run(path, args.study, args.design or SELECTED)
    elif args.design is not None:
        raise InputError(f"--design is for the folder of a run, which {path} is not")
    else:
        explanation, calibrated = _of_file(args.what, args.study)
    written = write_csv(explanation, args.csv, force=args.force) if args.csv else []
    if args.json:
        text = json.dumps(json.loads(to_json(explanation)), indent=1)
        console().print(text, soft_wrap=True)
        return
    terminal = console()
    show(terminal, *explained(explanation, width=terminal.width, layers=args.layers))
    if calibrated:
        terminal.print(sentence(calibrated), soft_wrap=True)
    if written:
        terminal.print("written:", *written, sep="\n  ", soft_wrap=True)


def _of_run(folder: Path, study_name: str | None, name: str) -> Explained:
    """A design of a run: as the run has stored it, or worked out from its tables and study."""
    with reading(folder) as results:
        study = None if study_name is None else study_of_run(folder, results.config, study_name)
        with explaining(quiet=False) as progress:
            explanation = Run(folder, study, results).explain(name, progress=progress)
        return explanation, results.config.get("calibration")


@contextmanager
def explaining(*, quiet: bool) -> Iterator[OnExplained]:
    """Show how many designs are explained; yields what to call after each."""
    with Bars(quiet=quiet) as shown:
        task = shown.add_task("designs explained", total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total)


def _of_certificate(folder: Path, study_name: str | None) -> Explained:
    """The certified design of a folder."""
    refuse_robust(folder)
    certificate = Certificate.load(folder)
    stored = str(certificate.settings.get("study", ""))
    study = ordinary_study(folder, stored, study_name)
    study = certified_study(certificate.settings, study)
    problem = study.problem()
    if differs := mismatch(certificate, problem, stamp_of_answers(study)):
        raise InputError(f"{folder}: its certificate is {differs}: certify again")
    with input_errors(f"{folder}: its design is not of study {study.name}: ", ValueError):
        levels = problem.space.levels_of(certificate.design)
    criteria = {
        c.certificate_name(joint=joint): replace(c, name=c.certificate_name(joint=joint))
        for c in problem.criteria
        for joint in (False, True)
    }
    with timed("explaining", quiet=False):
        reference, kind = certified_reference(certificate, study.names)
        (explanation,) = explain(
            problem,
            criteria.get(certificate.criterion, study.resolved_criterion),
            levels,
            [("certified",)],
            reference_edap=reference,
            reference=kind,
        )
    return explanation, study.to_config().get("calibration")


def _of_file(what: str, study_name: str | None) -> Explained:
    """A design of a file, for a study."""
    name, _, line = what.rpartition(":")
    is_line = name.endswith(".csv")
    path = Path(name if is_line else what)
    if not is_line and path.suffix not in (".json", ".csv"):
        raise InputError(f"{what} is no folder of a run, design.json or FILE.csv:LINE")
    if not path.exists():
        raise InputError(f"{path} does not exist")
    if path.suffix == ".csv" and not (is_line and LINE.fullmatch(line)):
        raise InputError(f"which line of {path}? {path}:2 is its first design")
    if study_name is None:
        raise InputError(f"which study is {what} for? give --study")
    design = {} if is_line else _read(path)
    study = catalogue.find_study(study_name, str(design.get("study", "")))
    problem = study.problem()
    levels = (
        read_design(path, problem.space, int(line))
        if is_line
        else _of_json(path, design, problem.space)
    )
    names = (f"{path.name}:{line}" if is_line else path.name,)
    with timed("explaining", quiet=False):
        (explanation,) = explain(problem, study.resolved_criterion, levels, [names])
    return explanation, study.to_config().get("calibration")


def _read(path: Path) -> dict[str, Any]:
    """Content of a `design.json`."""
    try:
        content = dict(read_json(path))
        return {**content, "design": dict(content["design"])}
    except (KeyError, TypeError, ValueError, AttributeError):
        raise InputError(f"{path} is no design.json of a run, or damaged") from None


def _of_json(path: Path, content: Mapping[str, Any], space: DesignSpace) -> Levels:
    design = content["design"]
    for name, value in space.fixed.items():
        if design.get(name, value) != value:
            raise InputError(
                f"{path}: {name} is {design[name]}, but the study is for {value} only; list both "
                f"values in [space]"
            )
    with input_errors(f"{path}: ", (TypeError, ValueError)):
        return space.levels_of(design)
