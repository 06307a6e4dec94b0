"""What is tried: each function does its trials in folders of its own and says how they ended."""

from __future__ import annotations

import os
import random
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.reliability.commands import (
    BROKEN,
    ENUMERATE,
    EXPLAIN,
    FINE,
    LOST,
    REFUSED,
    RUN,
    STUDY,
    Outcome,
    contents,
    ended,
    finish,
    last_line,
    start,
)

DESIGN = (
    "voltage_V,bits_per_cell,cycle_s,rows,cols,router_groups,tiles_per_group,macros_per_tile,"
    "glb_depth\n0.5,8,1e-9,512,64,8,16,64,4096\n"
)
KILL = """
import os, pathlib, signal
def replace(self, target, original=pathlib.Path.replace):
    if pathlib.Path(target).name == {name!r} and pathlib.Path(target).parent.name == "seed-1":
        os.kill(os.getpid(), signal.SIGKILL)
    return original(self, target)
pathlib.Path.replace = replace
"""


@dataclass(frozen=True)
class Bench:
    """Where trials are made.

    Args:
        home: for folders of trials.
        whole: a folder with a finished run and enumeration.
        seed: of all that is drawn.
    """

    home: Path
    whole: Path
    seed: int

    def folder(self, *, finished: bool) -> Path:
        """A new folder with the study, or with its results as well."""
        path = Path(tempfile.mkdtemp(dir=self.home)) / "trial"
        if finished:
            shutil.copytree(self.whole, path)
        else:
            path.mkdir()
            (path / "small.toml").write_text(STUDY)
        return path

    def is_whole(self, folder: Path, *, begun: bool = False) -> bool:
        """Whether the run in a folder is what an undisturbed one leaves.

        Args:
            folder: where.
            begun: whether another run may have been begun beside it.
        """
        run = "results/small/seed-1"
        found = contents(folder / run)
        shown = {n: c for n, c in found.items() if not (begun and n.startswith(".work"))}
        return shown == contents(self.whole / run)


def prepare(home: Path, seed: int) -> Bench:
    """Make an enumeration and a run to compare with."""
    whole = home / "whole"
    whole.mkdir(parents=True)
    (whole / "small.toml").write_text(STUDY)
    (whole / "d.csv").write_text(DESIGN)
    for command in (ENUMERATE, RUN):
        code, error = finish(start(whole, command))
        if code:
            raise RuntimeError(error)
    return Bench(home, whole, seed)


def pairs(bench: Bench, n: int) -> Iterator[Outcome]:
    """Two commands in one folder, 0 to 2 s apart: both do their work, or one names the other."""
    rng = random.Random(bench.seed)
    kinds = {"run": RUN, "resumed run": (*RUN, "--resume"), "enumeration": ENUMERATE}
    alone = contents(bench.whole / "results")
    for _ in range(n):
        folder, names = bench.folder(finished=False), rng.choices(list(kinds), k=2)
        if "enumeration" not in names:  # then a run finds the same answer as alone
            shutil.copytree(bench.whole / "results" / "exact", folder / "results" / "exact")
        processes = []
        for name in names:
            processes.append(start(folder, kinds[name]))
            time.sleep(rng.uniform(0, 2))
        found = [finish(process) for process in processes]
        left = contents(folder / "results")
        # A run beside an enumeration may have been too early for its regret.
        early = {f"small/seed-1/{n}" for n in ("regret.csv", "indicators.csv", "SHA256SUMS")}
        ignored = early if "enumeration" in names else set()
        same = all(left[n] == alone[n] for n in left if n not in ignored)
        words = [ended(code, error, same=same) for code, error in found]
        word = next((w for w in words if w not in (FINE, REFUSED)), None)
        if word is None:
            word = BROKEN if FINE not in words else REFUSED if REFUSED in words else FINE
        yield Outcome("two commands at once", " & ".join(names), word, last_line(found[1][1]))


def kills(bench: Bench, n: int) -> Iterator[Outcome]:
    """SIGKILL at a random moment, then the same command with --resume."""
    rng = random.Random(bench.seed)
    for _ in range(n):
        folder = bench.folder(finished=False)
        shutil.copytree(bench.whole / "results" / "exact", folder / "results" / "exact")
        process = start(folder, RUN)
        time.sleep(rng.uniform(0.2, 6))
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        yield resumed(bench, folder, "killed at a random moment", "run")


def crash_points(bench: Bench) -> Iterator[Outcome]:
    """SIGKILL before each file is moved to its place."""
    run = bench.whole / "results" / "small" / "seed-1"
    for name in sorted(path.name for path in run.iterdir()):
        folder = bench.folder(finished=False)
        shutil.copytree(bench.whole / "results" / "exact", folder / "results" / "exact")
        code, error = finish(start(folder, RUN, before=KILL.format(name=name)))
        if code != -signal.SIGKILL:
            yield Outcome("killed while publishing", name, BROKEN, last_line(error))
        else:
            yield resumed(bench, folder, "killed while publishing", f"before {name}")


def resumed(bench: Bench, folder: Path, kind: str, case: str) -> Outcome:
    """How the run ends that goes on where one was stopped."""
    code, error = finish(start(folder, (*RUN, "--resume")))
    word = ended(code, error, same=bench.is_whole(folder))
    return Outcome(kind, case, LOST if word == REFUSED else word, last_line(error))


WAYS: dict[str, Callable[[bytes], bytes]] = {
    "truncated": lambda content: content[: len(content) // 2],
    "emptied": lambda _: b"",
    "replaced by noise": lambda content: random.Random(1).randbytes(len(content)),
    "one bit flipped": lambda content: (
        content[: len(content) * 2 // 3]
        + bytes([content[len(content) * 2 // 3] ^ 1])
        + content[len(content) * 2 // 3 + 1 :]
    ),
    "replaced by {}": lambda _: b"{}",
}
READERS = {
    "results/exact/small/summary.json": (*RUN, "--seed", "2"),
    "results/exact/small/optima.csv": (*RUN, "--seed", "2"),
    "results/exact/small/front.csv": (*RUN, "--seed", "2"),
    "results/small/seed-1/config.json": (*RUN, "--resume"),
    "results/small/seed-1/design.json": (*RUN, "--resume"),
    "results/small/seed-1/front.csv": (*RUN, "--resume"),
    "results/small/seed-1/evaluations.csv": (*RUN, "--resume"),
    "results/small/seed-1/selection.csv": EXPLAIN,
    "results/small/seed-1/explain.json": EXPLAIN,
    "results/small/seed-1/SHA256SUMS": (*RUN, "--resume"),
}


BEGUN = {
    "results/small/seed-1/.work/config.json": (*RUN, "--resume"),
    "results/small/seed-1/.work/joint.checkpoint": (*RUN, "--resume"),
}
"""Files of a run that was killed before it published anything."""


def damage(bench: Bench) -> Iterator[Outcome]:
    """Each kind of stored file, damaged in each way, and a command that reads it."""
    begun = bench.folder(finished=False)
    finish(start(begun, RUN, before=KILL.format(name="breakdown.csv")))
    readers = [(bench.whole, *given) for given in READERS.items()]
    for home, name, command in [*readers, *((begun, *given) for given in BEGUN.items())]:
        for way, change in WAYS.items():
            folder = bench.folder(finished=False)
            shutil.copytree(home, folder, dirs_exist_ok=True)
            path = folder / name
            path.write_bytes(change(path.read_bytes()))
            before = _kept(folder)
            code, error = finish(start(folder, command))
            same = _kept(folder) == before
            word = ended(code, error, same=same, damaged=True)
            if word == REFUSED and not same:
                word = LOST
            yield Outcome("damaged file", f"{path.name} {way}", word, last_line(error))


def _kept(folder: Path) -> dict[str, bytes]:
    """What must not be lost: neither the lock a killed process has left, nor what it was about to
    publish, which is made anew in any case."""
    spare = "/.lock", "/.work/files/"
    return {n: c for n, c in contents(folder).items() if not any(part in n for part in spare)}
