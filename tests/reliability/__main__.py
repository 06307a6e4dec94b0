"""`python -m tests.reliability`: disturb commands, count how they end, write a page and a CSV."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
import traceback
import zlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import numpy as np
import pandas as pd

from tests import ROOT
from tests.reliability import drawn, drawn_files, drawn_input
from tests.reliability.commands import BAD, BROKEN, FINE, REFUSED, Outcome

HEAD = """# What happens when something goes wrong

In {trials} trials no command crashed, lost data or left a wrong result. Each trial disturbs one
command on a small study of two networks: it is killed, or meets damaged files, a full disk or a
second command. [All cases](reliability.csv)

- *{fine}*: the command left, byte for byte, what an undisturbed command leaves.

- *{refused}*: it ended with one line that states the problem, and all earlier files are intact.

- Any other outcome would add a column: {bad}.

All cases are drawn at random, seed {seed}. `make reliability` writes this page.

"""

CLASSES: dict[str, tuple[Callable[[drawn.Trial], Outcome], int]] = {
    "stopped": (drawn_files.stopped, 40),
    "interrupted": (drawn_files.interrupted, 24),
    "two-commands": (drawn_files.two_commands, 30),
    "folder-deleted": (drawn_files.folder_deleted, 6),
    "full-disk": (drawn_files.full_disk, 24),
    "damaged-file": (drawn_input.damaged_file, 100),
    "checkpoint": (drawn_input.checkpoint, 120),
    "read-input": (drawn_input.read_input, 200),
}
"""Classes of drawn cases, and how many trials each has by default."""

AT_ONCE = 2
Results = Mapping[str, Sequence[Outcome]]


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
    with tempfile.TemporaryDirectory() as home:
        results = _all(Path(home), args)
    report = args.report or (None if args.only else ROOT / "docs" / "dev" / "reliability.md")
    if report:
        report.write_text(page(results, args.seed), encoding="utf-8")
        cases(results).to_csv(report.with_suffix(".csv"), index=False)
    sys.stdout.write(table(results))
    return int(any(o.ended in BAD for outcomes in results.values() for o in outcomes))


def _all(home: Path, args: argparse.Namespace) -> Results:
    """Outcomes by class, in the order of the classes."""
    names = [name for name in CLASSES if name in (args.only or CLASSES)]
    ready = drawn.prepare(home)
    done: dict[str, list[Outcome]] = {}
    with ProcessPoolExecutor(AT_ONCE) as pool:
        tasks = {
            pool.submit(_class, name, ready, home, args.seed, args.trials or CLASSES[name][1]): name
            for name in names
        }
        for task in as_completed(tasks):
            done[tasks[task]] = task.result()
    return {name: done[name] for name in names}


def _class(name: str, ready: Path, home: Path, seed: int, n: int) -> list[Outcome]:
    """Trials of one class; each has a generator of its own, so that it can be repeated alone."""
    return [_trial(name, ready, home, (seed, zlib.crc32(name.encode()), i)) for i in range(n)]


def _trial(name: str, ready: Path, home: Path, seed: tuple[int, ...]) -> Outcome:
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


def page(results: Results, seed: int) -> str:
    """The report."""
    endings = [o.ended for outcomes in results.values() for o in outcomes]
    words = {"fine": FINE, "refused": REFUSED, "bad": ", ".join(BAD)}
    if any(ended in BAD for ended in endings):
        return "# What happens when something goes wrong\n\n" + table(results)
    return HEAD.format(trials=len(endings), seed=seed, **words) + table(results)


def cases(results: Results) -> pd.DataFrame:
    """Number of trials by class, case and ending."""
    counts = Counter((n, o.case, o.ended) for n, outcomes in results.items() for o in outcomes)
    rows = [(*key, times) for key, times in counts.items()]
    return pd.DataFrame(rows, columns=["tried", "case", "ended", "times"])


def table(results: Results) -> str:
    """Times of each ending, by class."""
    ends = {name: Counter(o.ended for o in outcomes) for name, outcomes in results.items()}
    words = (FINE, REFUSED, *(w for w in BAD if any(w in counts for counts in ends.values())))
    text = f"| tried | times | {' | '.join(words)} |\n|{' --- |' * (2 + len(words))}\n"
    for name, counts in ends.items():
        cells = [str(counts[w]) for w in words]
        text += f"| {name} | {sum(counts.values())} | {' | '.join(cells)} |\n"
    return text


if __name__ == "__main__":
    raise SystemExit(main())
