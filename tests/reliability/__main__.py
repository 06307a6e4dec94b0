"""`python -m tests.reliability`: disturb commands, count how they end, write a page and a CSV."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
import traceback
import zlib
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from tests import ROOT
from tests.reliability import drawn, inputs
from tests.reliability.classes import CLASSES
from tests.reliability.commands import BAD, BROKEN, FINE, REFUSED, Outcome

HEAD = """# What happens when something goes wrong

In {trials} trials no command crashed, lost data or left a wrong result. Each trial disturbs one
command on a small study of two networks: it is killed, or meets damaged or forged files, hostile
names and numbers, a full disk or a second command. [All cases](reliability.csv)

- *{fine}*: the command left, byte for byte, what an undisturbed command leaves.

- *{refused}*: it ended with one line that states the problem, and all earlier files are intact.

- Any other outcome would add a column: {bad}.

All cases are drawn at random, seed {seed}. `make reliability` writes this page.

"""

N_PROCESSES = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns 1 if anything was broken, lost, silent or a traceback."""
    parser = argparse.ArgumentParser(prog="python -m tests.reliability", description=__doc__)
    parser.add_argument("--only", action="append", choices=CLASSES, metavar="CLASS",
                        help=f"may be repeated: {', '.join(CLASSES)}")  # fmt: skip
    parser.add_argument("--trials", type=int, help="of each class (default: its own number)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--report", type=Path,
                        help="default: docs/dev/reliability.md, or none with --only")  # fmt: skip
    args = parser.parse_args(argv)
    # Each trial has a generator of its own, so that it can be repeated alone.
    trials = [
        (name, (args.seed, zlib.crc32(name.encode()), i))
        for name, (_, n) in CLASSES.items()
        if name in (args.only or CLASSES)
        for i in range(args.trials or n)
    ]
    with tempfile.TemporaryDirectory() as home, ProcessPoolExecutor(N_PROCESSES) as pool:
        ready = drawn.prepare(Path(home))
        inputs.prepare(ready)
        trial = partial(_trial, ready, Path(home))
        outcomes = list(pool.map(trial, *zip(*trials, strict=True)))
    results = pd.DataFrame(
        [(name, o.case, o.ended) for (name, _), o in zip(trials, outcomes, strict=True)],
        columns=["tried", "case", "ended"],
    )
    report = args.report or (None if args.only else ROOT / "docs" / "dev" / "reliability.md")
    if report:
        report.write_text(page(results, args.seed), encoding="utf-8")
        cases = results.groupby([*results], sort=False).size().reset_index(name="times")
        cases.to_csv(report.with_suffix(".csv"), index=False)
    sys.stdout.write(table(results))
    return int(results["ended"].isin(BAD).any())


def _trial(ready: Path, home: Path, name: str, seed: tuple[int, ...]) -> Outcome:
    folder = Path(tempfile.mkdtemp(dir=home))
    began = time.monotonic()
    try:
        result = CLASSES[name][0](drawn.Trial(ready, folder, np.random.default_rng(seed)))
    except Exception:  # a defect of the trial counts as one of the command, and is seen
        result = Outcome("the trial itself", BROKEN, traceback.format_exc())
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sys.stderr.write(f"{name}: {result.case}: {result.ended} | {result.message}\n")
    if (seconds := time.monotonic() - began) > 30:
        sys.stderr.write(f"{name} {seed}: {seconds:.0f} s\n")
    return result


def page(results: pd.DataFrame, seed: int) -> str:
    """The report of trials, a row each: class tried, case, and how it ended."""
    words = {"fine": FINE, "refused": REFUSED, "bad": ", ".join(BAD)}
    if results["ended"].isin(BAD).any():
        return "# What happens when something goes wrong\n\n" + table(results)
    return HEAD.format(trials=len(results), seed=seed, **words) + table(results)


def table(results: pd.DataFrame) -> str:
    """Times of each ending, by class."""
    words = (FINE, REFUSED, *(word for word in BAD if word in results["ended"].to_numpy()))
    text = f"| tried | times | {' | '.join(words)} |\n|{' --- |' * (2 + len(words))}\n"
    for name, ended in results.groupby("tried", sort=False)["ended"]:
        cells = [str((ended == word).sum()) for word in words]
        text += f"| {name} | {len(ended)} | {' | '.join(cells)} |\n"
    return text


if __name__ == "__main__":
    raise SystemExit(main())
