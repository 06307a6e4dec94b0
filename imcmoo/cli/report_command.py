"""`imcmoo report`: a run as one page to look at, offline."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from imcmoo.answers.provenance import study_of_run
from imcmoo.answers.results import REPORT, Results, reading
from imcmoo.cli.arguments import FORCE, QUIET, add, option
from imcmoo.cli.explain_command import explaining
from imcmoo.cli.terminal import console, show, timed
from imcmoo.io.errors import InputError
from imcmoo.io.files import replacing, writing
from imcmoo.io.locks import folder_lock
from imcmoo.report.finished_run import Run
from imcmoo.report.page import PAGE, page
from imcmoo.report.page_tables import costs_side_by_side

DESCRIPTION = """
Show a finished run as one interactive HTML page, made from its folder alone. The page needs no
network and no other file. Several runs, such as the seeds of a study, stand side by side. Of
several runs the costs of the selected designs are printed, too: energy, latency, interval, area
without and with DRAM, and EDAP by each delay and area.

  imcmoo report results/STUDY/seed-1
  imcmoo report results/SRAM_STUDY/seed-1 results/RRAM_STUDY/seed-1
  imcmoo report results/STUDY/seed-1 results/STUDY/seed-2 --out compared.html
"""

INTERRUPTED = "nothing was written"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add(
        parser,
        option("runs RUN", Path, "folder of a finished run", nargs="+"),
        option("--out PAGE.html", Path,
               f"file to write (default: RUN/{REPORT}; none of several runs)"),
        option("--front", bool, "explain up to 50 designs of the front as well"),
        option("--study STUDY", str, "with --front, if the run's study has another name now"),
        QUIET,
        FORCE,
    )  # fmt: skip


def main(args: argparse.Namespace) -> None:
    """Write the page of one or several runs."""
    runs = [*dict.fromkeys(args.runs)]
    out = _out(runs, args)
    several = len(runs) > 1
    terminal = console(quiet=args.quiet)
    with ExitStack() as stack:
        if out is None and not several:
            Results.read(runs[0])  # before anything of ours is put there
            stack.enter_context(folder_lock(runs[0]))
        read = []
        for run in runs:  # whose files stay those of one run until the stack ends
            results = stack.enter_context(reading(run))
            explanations = results.explanations
            if args.front:
                study = study_of_run(run, results.config, args.study)
                with explaining(quiet=args.quiet) as progress:
                    explanations = Run(run, study, results).explain_front(progress=progress)
            read.append((results, explanations))
        if several:
            show(terminal, costs_side_by_side([results for results, _ in read]))
        if several and out is None:
            return
        with timed("writing the page", quiet=args.quiet):
            text = page(read)
        put = writing(out, ours=PAGE, force=args.force) if out else replacing(runs[0] / REPORT)
        with put as target:
            target.write_text(text, encoding="utf-8")
    terminal.print("written:", out or runs[0] / REPORT, sep="\n  ", soft_wrap=True)


def _out(runs: Sequence[Path], args: argparse.Namespace) -> Path | None:
    """The file to write; None for the default, which is in the run's folder."""
    out: Path | None = args.out
    if args.front and out is None and len(runs) > 1:
        raise InputError("--front shows in a page: of several runs, give --out")
    if args.study is not None and not args.front:
        raise InputError("--study says what to explain the front by: give --front")
    for run in runs:
        if not run.is_dir():
            raise InputError(f"{run} is no folder of a run")
        if out is not None and out.resolve().parent == run.resolve() and out.name != REPORT:
            raise InputError(f"--out {out}: in the run's own folder the page is called {REPORT}")
    if out is not None and len(runs) == 1 and out.resolve() == (runs[0] / REPORT).resolve():
        return None  # the default
    return out
