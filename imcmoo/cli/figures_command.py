"""`imcmoo figures`: the figures of a run for papers."""

from __future__ import annotations

import argparse
from pathlib import Path

from imcmoo.answers.results import PAPER
from imcmoo.cli.arguments import QUIET, add, option
from imcmoo.cli.terminal import console, timed
from imcmoo.report.finished_run import Run

DESCRIPTION = f"""
Draw the figures of a finished run for papers into RUN/{PAPER}: each as PNG (300 dpi) and PDF, 7.16
inches wide for two columns of a page and, as NAME_narrow, 3.5 inches wide for one. Figures are
drawn from the folder alone; the same command replaces them.
"""

INTERRUPTED = "the same command draws all figures"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    add(parser, option("run RUN", Path, "folder of a finished run"), QUIET)


def main(args: argparse.Namespace) -> None:
    """Draw the figures of a run for papers."""
    run = Run(args.run)
    with timed("drawing figures", quiet=args.quiet):
        folder = run.figures()
    console(quiet=args.quiet).print(f"written: {folder}", soft_wrap=True)
