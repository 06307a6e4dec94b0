"""`imcmoo report`: a run as one page to look at, offline."""

from __future__ import annotations

import argparse
import re
from contextlib import ExitStack
from pathlib import Path

from imcmoo.cli.arguments import add_force
from imcmoo.cli.study_of_run import study_of_run
from imcmoo.cli.terminal import console
from imcmoo.io.errors import InputError
from imcmoo.io.files import replacing, writing
from imcmoo.io.locks import folder_lock
from imcmoo.report.page import page
from imcmoo.report.results import Results, reading
from imcmoo.study.explained_run import explain_run
from imcmoo.study.explanation_file import EXPLANATIONS, read_explanations
from imcmoo.study.results_folder import REPORT

DESCRIPTION = """
Show a finished run as one HTML page, made from its folder alone and complete in itself: it loads
nothing and sends nothing. Drag along an axis to keep the designs in a range, in all views; click a
design for its card: in full where it is explained, its parameters and quantities elsewhere. A run
explains its selected design and its baselines; --front asks the study's cost model about others.
Needs the package plotly (pip install 'imcmoo[report]').
"""

PAGE = re.compile(
    rb'<!DOCTYPE html>\s*<html lang="en">\s*<head>\s*<meta charset="utf-8">\s*'
    rb'<meta name="generator" content="imcmoo report">'
)
"""How a page begins."""

INTERRUPTED = "nothing was written"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command and add what it takes."""
    parser.description = DESCRIPTION
    parser.add_argument("run", type=Path, metavar="RUN", help="folder of a finished run")
    parser.add_argument(
        "--out", type=Path, metavar="PAGE.html", help=f"where to write (default: RUN/{REPORT})"
    )
    parser.add_argument(
        "--front", action="store_true", help="explain up to 50 designs of the front as well"
    )
    parser.add_argument(
        "--study", metavar="STUDY", help="with --front, if the run's study has another name now"
    )
    add_force(parser)


def main(args: argparse.Namespace) -> None:
    """Write the page of a run.

    Raises:
        InputError: the folder holds no complete run of this version, or Plotly is missing.
        OSError: a file cannot be read or written.
    """
    run, out = args.run, args.out
    if args.study is not None and not args.front:
        raise InputError("--study says what to explain the front by: give --front")
    if not run.is_dir():
        raise InputError(f"{run} is no folder of a run")
    if out is not None and out.resolve().parent == run.resolve() and out.name != REPORT:
        raise InputError(f"--out {out}: in the run's own folder the page is called {REPORT}")
    if out is not None and out.resolve() == (run / REPORT).resolve():
        out = None  # which is where it goes anyway
    with ExitStack() as stack:
        if out is None:
            Results.read(run)  # before anything of ours is put there
            stack.enter_context(folder_lock(run))
        text = _page(run, front=args.front, study_name=args.study)
        put = writing(out, ours=PAGE, force=args.force) if out else replacing(run / REPORT)
        with put as target:
            target.write_text(text, encoding="utf-8")
    console().print("written:", out or run / REPORT, sep="\n  ", soft_wrap=True)


def _page(run: Path, *, front: bool, study_name: str | None) -> str:
    """The page, from files of one run; from its study, too, if the front is to be explained."""
    with reading(run) as results:
        path = run / EXPLANATIONS
        explanations = read_explanations(path) if path.exists() else []
        if front:
            study = study_of_run(run, results.config, study_name)
            explanations = explain_run(study.problem(), study.asked_criterion, run, front=True)
        return page(results, explanations)
