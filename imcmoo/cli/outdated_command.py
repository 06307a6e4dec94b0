"""`imcmoo outdated`: results of an older cost model."""

from __future__ import annotations

import argparse
from pathlib import Path

from imcmoo.answers.outdated import outdated
from imcmoo.cli.arguments import add, option
from imcmoo.cli.terminal import console

DESCRIPTION = """
List the results whose cost model is older than that of this package: they are to be made again by
the command that made them.
"""

INTERRUPTED = "nothing was lost"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    add(
        parser,
        option(
            "folder FOLDER",
            Path,
            "searched (default: results)",
            nargs="?",
            default=Path("results"),
        ),
    )


def main(args: argparse.Namespace) -> None:
    """List the results of older cost models."""
    found = outdated(args.folder)
    out = console()
    for row in found.itertuples():
        of = f"version {row.version} of the {row.model} cost model, now {row.current}"
        out.print(f"{row.folder}: {of}", soft_wrap=True)
    if found.empty:
        out.print(f"{args.folder}: no results of an older cost model", soft_wrap=True)
