"""Outputs that are no plain files, full disks, odd terminals, absurd numbers."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.reliability.commands import LOST, RUN, Outcome, ended, finish, last_line, start
from tests.reliability.trials import DESIGN, Bench, resumed

EVALUATE = ("imcmoo", "evaluate", "d.csv", "--device", "rram", "--workloads", "resnet18", "--out")


def outputs(bench: Bench) -> Iterator[Outcome]:
    """`evaluate --out` onto what is no plain file."""
    folder = bench.folder(finished=True)
    expected = folder / "expected.csv"
    finish(start(folder, (*EVALUATE, "expected.csv")))
    (folder / "link.csv").symlink_to("target.csv")
    (folder / "input.csv").symlink_to("d.csv")
    os.mkfifo(folder / "pipe")
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append((folder / "pipe").read_bytes()))
    reader.start()
    checks: dict[str, Callable[[], bool]] = {
        "/dev/null": lambda: Path("/dev/null").is_char_device(),
        "/dev/full": lambda: Path("/dev/full").is_char_device(),
        "pipe": lambda: not reader.join(30) and got == [expected.read_bytes()],
        "link.csv": lambda: (folder / "target.csv").read_bytes() == expected.read_bytes(),
        "d.csv": lambda: (folder / "d.csv").read_text() == DESIGN,
        "input.csv": lambda: (folder / "d.csv").read_text() == DESIGN,
        "missing/out.csv": lambda: not (folder / "missing").exists(),
        "results": lambda: (folder / "results").is_dir(),
    }
    for name, check in checks.items():
        code, error = finish(start(folder, (*EVALUATE, name)))
        yield Outcome("output", name, ended(code, error, same=check()), last_line(error))


def hardship(bench: Bench) -> Iterator[Outcome]:
    """A full disk, folders that cannot be written or vanish, terminals and settings."""
    small = 20_000

    def full() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (small, small))

    folder = bench.folder(finished=True)
    code, error = finish(start(folder, RUN, limit=full))
    whole = bench.is_whole(folder, begun=True)
    word = ended(code, error, same=whole) if whole else LOST
    yield Outcome("no room", f"files of {small:,} bytes at most", word, last_line(error))
    yield resumed(bench, folder, "no room", "then room again, --resume")
    folder = bench.folder(finished=False)
    process = start(folder, RUN)
    while process.poll() is None and not (folder / "results/small/seed-1/.work").exists():
        time.sleep(0.01)
    shutil.rmtree(folder / "results", ignore_errors=True)
    code, error = finish(process)
    same = code != 0 or (folder / "results/small/seed-1/config.json").exists()
    yield Outcome(
        "folder deleted", "while it runs", ended(code, error, same=same), last_line(error)
    )
    for name, environment in {
        "PYTHONIOENCODING=ascii": {"PYTHONIOENCODING": "ascii"},
        "LC_ALL=C": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        "PYTHONIOENCODING=utf-16": {"PYTHONIOENCODING": "utf-16"},
        "MPLBACKEND=nonsense": {"MPLBACKEND": "nonsense"},
        "TERM=dumb COLUMNS=20": {"TERM": "dumb", "COLUMNS": "20"},
        "TZ, LANG odd": {"TZ": "Mars/Olympus", "LANG": "tlh_QO"},
    }.items():
        folder = bench.folder(finished=False)
        shutil.copytree(bench.whole / "results" / "exact", folder / "results" / "exact")
        command = tuple(part for part in RUN if part != "--quiet")
        code, error = finish(start(folder, command, environment=environment))
        word = ended(code, error, same=bench.is_whole(folder))
        yield Outcome("terminal and settings", name, word, last_line(error))
    yield from _numbers(bench)


def _numbers(bench: Bench) -> Iterator[Outcome]:
    """Numbers that would make the machine fall over."""
    folder = bench.folder(finished=False)
    (folder / "wide.csv").write_text(",".join(f"c{i}" for i in range(20_000)) + "\n" + DESIGN)
    (folder / "huge.csv").write_text(f"name,C,M,P,Q\nx,{10**9},{10**9},{10**9},1\n")
    wide = ("imcmoo", "evaluate", "wide.csv", *EVALUATE[3:], "o.csv")
    huge = ("imcmoo", "evaluate", "d.csv", *EVALUATE[3:5], "--workloads", "huge.csv", "--out", "o")
    (folder / "d.csv").write_text(DESIGN)
    for name, command in {
        "--seeds 1-1000000000": (*RUN, "--seeds", "1-1000000000"),
        "20,000 columns": wide,
        "C = M = P = 10⁹": huge,
        "endless input": ("imcmoo", "evaluate", "/dev/zero", *EVALUATE[3:], "o.csv"),
    }.items():

        def bounded() -> None:
            resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))

        code, error = finish(start(folder, command, limit=bounded))
        word = ended(code, error, same=False)
        yield Outcome("number", name, word, last_line(error))
