"""`python -m tests.reliability`: try everything, count how it ended, write docs/reliability.md."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
import traceback
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import numpy as np

from tests.reliability import (
    drawn,
    drawn_code,
    drawn_files,
    drawn_input,
    drawn_sizes,
    hardship,
    trials,
)
from tests.reliability.commands import BAD, BROKEN, FINE, REFUSED, ROOT, Outcome

HEAD = """# What happens when something goes wrong

Written by `make reliability`: commands on small studies of two networks, disturbed. *{fine}*: the
command did its work, and what it left is, byte for byte, what an undisturbed command leaves.
*{refused}*: it ended with one line on the terminal that says what is wrong, and everything that was
there is there. Anything else would have a column: {bad}. The first {series} rows are processes in
fixed or random disturbances; the cases of all others are drawn at random, seed {seed}.

"""

Series = Callable[[trials.Bench, int], Iterator[Outcome]]
Drawn = Callable[[drawn.Trial], Outcome]

SERIES: dict[str, tuple[Series, int]] = {
    "output": (lambda bench, n: hardship.outputs(bench), 1),
    "hardship": (lambda bench, n: hardship.hardship(bench), 1),
    "damaged-file": (lambda bench, n: trials.damage(bench), 1),
    "killed-publishing": (lambda bench, n: trials.crash_points(bench), 1),
    "killed": (trials.kills, 30),
    "two-commands": (trials.pairs, 30),
}
"""Series of trials of one kind, and how many there are where that can be chosen."""

CLASSES: dict[str, tuple[Drawn, int]] = {
    "edited-code": (drawn_code.edited_code, 40),
    "wrong-name": (drawn_code.wrong_name, 150),
    "reading": (drawn_code.reading, 8),
    "underflow": (drawn_input.underflow, 30),
    "weights": (drawn_input.weights, 30),
    "markup": (drawn_input.markup, 40),
    "study-name": (drawn_input.study_name, 40),
    "component-table": (drawn_input.component_table, 150),
    "checksums": (drawn_input.checksums, 60),
    "checkpoint": (drawn_input.checkpoint, 120),
    "nested": (drawn_input.nested, 100),
    "endless": (drawn_input.endless, 21),
    "slow-input": (drawn_input.slow_input, 9),
    "onnx": (drawn_input.onnx_model, 500),
    "designs-csv": (drawn_input.designs_csv, 200),
    "lock": (drawn_files.lock_file, 48),
    "output-of-any": (drawn_files.output, 100),
    "stopped": (drawn_files.stopped, 40),
    "figures-link": (drawn_files.figures_link, 12),
    "full-disk": (drawn_files.full_disk, 24),
    "interrupted": (drawn_files.interrupted, 24),
    "many-networks": (drawn_sizes.many_networks, 6),
    "workers": (drawn_sizes.workers, 12),
    "narrow": (drawn_sizes.narrow, 40),
    "oversize": (drawn_sizes.oversize, 4),
    "mute-scheduler": (drawn_sizes.mute_scheduler, 2),
}
"""Classes of drawn cases, and how many trials each has by default."""

AT_ONCE = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns 1 if anything was broken, lost, silent or a traceback."""
    parser = argparse.ArgumentParser(prog="python -m tests.reliability", description=__doc__)
    parser.add_argument("--only", action="append", choices=[*SERIES, *CLASSES], metavar="CLASS",
                        help=f"may be repeated: {', '.join((*SERIES, *CLASSES))}")  # fmt: skip
    parser.add_argument("--trials", type=int, help="of each class (default: its own number)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--report", type=Path,
                        help="default: docs/reliability.md, or none with --only")  # fmt: skip
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as home:
        found = [outcome for of_class in _all(Path(home), args) for outcome in of_class]
    report = args.report or (None if args.only else ROOT / "docs" / "reliability.md")
    if report:
        report.write_text(page(found, args.seed), encoding="utf-8")
    sys.stdout.write(table(found))
    return int(any(outcome.ended in BAD for outcome in found))


def _all(home: Path, args: argparse.Namespace) -> list[list[Outcome]]:
    """Outcomes by class, in the order of the tables above."""
    names = [name for name in (*SERIES, *CLASSES) if name in (args.only or (*SERIES, *CLASSES))]
    bench = trials.prepare(home / "bench", args.seed) if {*names} & {*SERIES} else None
    ready = drawn.prepare(home / "drawn")
    done: dict[str, list[Outcome]] = {}
    with ProcessPoolExecutor(AT_ONCE) as pool:
        tasks = {}
        for name in names:
            n = args.trials or (SERIES | CLASSES)[name][1]  # type: ignore[operator]
            if name in SERIES:
                tasks[pool.submit(_series, name, bench, n)] = name
            else:
                tasks[pool.submit(_drawn, name, ready, home, args.seed, n)] = name
        for task in as_completed(tasks):
            done[tasks[task]] = task.result()
    return [done[name] for name in names]


def _series(name: str, bench: trials.Bench, n: int) -> list[Outcome]:
    return [_told(outcome) for outcome in SERIES[name][0](bench, n)]


def _drawn(name: str, ready: Path, home: Path, seed: int, n: int) -> list[Outcome]:
    """Trials of one class; each has a generator of its own, so that it can be repeated alone."""
    return [_told(_trial(name, ready, home, (seed, zlib.crc32(name.encode()), i)))
            for i in range(n)]  # fmt: skip


def _trial(name: str, ready: Path, home: Path, seed: tuple[int, ...]) -> Outcome:
    folder = Path(tempfile.mkdtemp(dir=home))
    began = time.monotonic()
    try:
        return CLASSES[name][0](drawn.Trial(ready, folder, np.random.default_rng(seed)))
    except Exception:  # a defect of the trial counts as one of the command, and is seen
        return Outcome(name, "the trial itself", BROKEN, traceback.format_exc())
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if (seconds := time.monotonic() - began) > 30:
            sys.stderr.write(f"{name} {seed}: {seconds:.0f} s\n")


def _told(outcome: Outcome) -> Outcome:
    sys.stderr.write(f"{outcome.kind}: {outcome.case}: {outcome.ended} | {outcome.said}\n")
    return outcome


def page(found: Sequence[Outcome], seed: int) -> str:
    """The report."""
    kinds = [kind for kind in dict.fromkeys(o.kind for o in found) if kind in OF_SERIES]
    text = HEAD.format(fine=FINE, refused=REFUSED, bad=", ".join(BAD), series=len(kinds), seed=seed)
    text += table(found)
    text += "\n## Case by case\n\n| tried | case | ended | times |\n| --- | --- | --- | --- |\n"
    for (kind, case, word), times in Counter((o.kind, o.case, o.ended) for o in found).items():
        text += f"| {kind} | `{case}` | {word} | {times} |\n"
    return text


OF_SERIES = (
    *("output", "no room", "folder deleted", "terminal and settings", "number", "damaged file"),
    *("killed while publishing", "killed at a random moment", "two commands at once"),
)
"""What the series try."""


def table(found: Sequence[Outcome]) -> str:
    """Times of each ending, by what was tried."""
    words = (FINE, REFUSED, *(w for w in BAD if any(o.ended == w for o in found)))
    text = f"| tried | times | {' | '.join(words)} |\n|{' --- |' * (2 + len(words))}\n"
    for kind in dict.fromkeys(o.kind for o in found):
        counts = Counter(o.ended for o in found if o.kind == kind)
        cells = [str(counts[w]) for w in words]
        text += f"| {kind} | {sum(counts.values())} | {' | '.join(cells)} |\n"
    return text


if __name__ == "__main__":
    raise SystemExit(main())
