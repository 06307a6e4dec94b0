"""Classes of trials: signals, second commands, vanished folders, full disks, damaged files."""

from __future__ import annotations

import io
import resource
import shutil
import signal
import subprocess
import time
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.reliability import hostile, inputs
from tests.reliability.commands import (
    BAD,
    BROKEN,
    FINE,
    LOST,
    REFUSED,
    Outcome,
    finish,
    judged,
    outcome,
    run,
    start,
)
from tests.reliability.drawn import (
    CERTIFY,
    ENUMERATE,
    EVALUATE,
    EVALUATED,
    EXACT,
    MANY_DESIGNS,
    RESULTS,
    RESUME,
    RUN,
    Trial,
    kept,
    small_model,
    tree,
)

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
STOPPED = {
    "evaluate": (EVALUATE, EVALUATE, "o.csv"),
    "run": (RUN, RESUME, RESULTS),
    "enumerate": (ENUMERATE, ENUMERATE, EXACT),
}
"""By command: its arguments, those of the next start, and what both make."""


def stopped(trial: Trial) -> Outcome:
    """A signal at a random moment: after the next start nothing half written is left."""
    name, number = trial.choose("evaluate", "evaluate", *STOPPED), trial.choose(*SIGNALS)
    if name == "evaluate":
        number = trial.choose(number, signal.SIGKILL, signal.SIGHUP)
    writing = name == "evaluate" and not trial.happens(4)
    command, again, made = STOPPED[name]
    folder = trial.begin(exact=name == "run")
    (folder / "d.csv").write_text(MANY_DESIGNS)
    ignored = number == signal.SIGHUP and trial.happens(4)
    heed = signal.SIG_IGN if ignored else signal.SIG_DFL
    process = _ready(folder, command, limit=lambda: signal.signal(signal.SIGHUP, heed))
    is_now = _moment(trial, writing)
    while process.poll() is None and not is_now():
        time.sleep(0.001)
    process.send_signal(number)
    end = finish(process)
    case = f"{name}: {number.name}{' ignored' * ignored}{' while it writes' * writing}"
    first = outcome(case, end, must="work" if ignored else "")
    if (ignored or end.returncode != -number) and first.ended in BAD:
        return first
    clean = number == signal.SIGKILL or not _temporary(folder)
    end = run(folder, again)
    if name == "evaluate":
        right = (folder / made).read_bytes() == (trial.ready / EVALUATED).read_bytes()
    else:
        right = trial.is_whole(made)
    return outcome(case, end, right=right, kept=clean and not _temporary(folder), must="work")


def _ready(folder: Path, command: Sequence[str], **options: Any) -> subprocess.Popen[str]:
    """A process in which Python itself has started: an interrupt before that is not ours."""
    process = start(folder, command, before="print('ready', flush=True)", **options)
    assert process.stdout is not None
    process.stdout.readline()
    return process


EARLY = (
    *("regret.csv", "indicators.csv", "SHA256SUMS", "design.json", "explain.json", ".pdf", ".png"),
    *(f"seed-1/{name}.csv" for name in ("front", "selection", "baselines", "breakdown")),
)
"""Files of a run that differ if it began before the exact answer was there."""
KINDS = {"run": RUN, "resumed run": RESUME, "enumeration": ENUMERATE}


def two_commands(trial: Trial) -> Outcome:
    """Two commands in one folder, 0 to 2 s apart: both do their work, or one names the other."""
    names = (trial.choose(*KINDS), trial.choose(*KINDS))
    folder = trial.begin(exact="enumeration" not in names)
    processes = []
    for name in names:
        processes.append(start(folder, KINDS[name]))
        time.sleep(float(trial.rng.uniform(0, 2)))
    ends = [finish(process) for process in processes]
    whole = tree(trial.ready / "finished" / "results")
    ignored = EARLY if "enumeration" in names else ()
    same = all(content == whole.get(name) for name, content in tree(folder / "results").items()
               if not name.endswith((*ignored, ".lock")))  # fmt: skip
    results = [outcome(" & ".join(names), end, right=same) for end in ends]
    words = [result.ended for result in results]
    if FINE not in words:
        return Outcome(results[0].case, BROKEN, results[0].message)
    return results[words.index(next((w for w in words if w in (*BAD, REFUSED)), FINE))]


def folder_deleted(trial: Trial) -> Outcome:
    """The results vanish while a run works: one line, or they are made again."""
    folder = trial.begin()
    process = start(folder, RUN)
    while process.poll() is None and not (folder / RESULTS / ".work").exists():
        time.sleep(0.001)
    time.sleep(float(trial.rng.uniform(0, 0.5)))
    shutil.rmtree(folder / "results", ignore_errors=True)
    end = finish(process)
    return outcome("run", end, right=(folder / RESULTS / "config.json").exists())


def _moment(trial: Trial, writing: bool) -> Callable[[], bool]:
    """When a signal is sent: up to 2 s after the start, or up to 0.1 s after a temporary file is
    there."""
    start, wait = time.monotonic(), float(trial.rng.uniform(0, 0.1 if writing else 2))
    began = [None if writing else start]

    def is_now() -> bool:
        if began[0] is None and _temporary(trial.folder):
            began[0] = time.monotonic()
        return began[0] is not None and time.monotonic() >= began[0] + wait

    return is_now


def _temporary(folder: Path) -> list[Path]:
    return list(folder.rglob(".*.tmp"))


def full_disk(trial: Trial) -> Outcome:
    """No file may grow beyond some size: one line, then `--resume` where there is room again."""
    size = int(300 * 1000 ** trial.rng.uniform())  # all orders of magnitude alike
    folder = trial.begin(exact=True)
    if trial.happens(2):
        shutil.copytree(trial.ready / "finished" / RESULTS, folder / RESULTS)
    before = tree(folder)

    def full() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    command = trial.choose(RUN, RUN, ENUMERATE, CERTIFY, ("report", RESULTS))
    end = run(folder, command, limit=full)
    result = outcome(command[0], end, kept=end.returncode == 0 or kept(before, folder))
    if result.ended not in BAD and command == RUN:
        after = run(folder, RESUME)
        if judged(after, right=trial.is_whole(), must="work") != FINE:
            return Outcome(command[0], LOST, after.stderr[-200:])
    return result


INTERRUPTED = (
    (*RUN, "--no-baselines"),
    ENUMERATE[:-2],
    ("explain", "tiny.toml"),
    ("import", "--help"),
    CERTIFY,
)


def interrupted(trial: Trial) -> Outcome:
    """Ctrl-C at a random moment of a process, imports included."""
    folder = trial.begin()
    command = trial.choose(*INTERRUPTED)
    process = _ready(folder, command)
    moment = float(trial.rng.uniform(0, 2.5))
    time.sleep(moment)
    process.send_signal(signal.SIGINT)
    end = finish(process)
    refuses = command[0] in ("explain", "import")  # ends by itself, perhaps for lack of a run
    must = "" if refuses or end.returncode else "work"
    when = "first half second" if moment < 0.5 else "later"
    return outcome(f"{command[0]}: {when}", end, kept=not _temporary(folder), must=must)


DAMAGED = {
    f"{EXACT}/summary.json": (*RUN, "--seed", "2"),
    f"{EXACT}/optima.csv": (*RUN, "--seed", "2"),
    f"{EXACT}/points.csv": (*RUN, "--seed", "2"),
    f"{EXACT}/front.csv": ("explain", EXACT, "--json"),
    f"{RESULTS}/config.json": RESUME,
    f"{RESULTS}/design.json": RESUME,
    f"{RESULTS}/front.csv": RESUME,
    f"{RESULTS}/evaluations.csv": RESUME,
    f"{RESULTS}/SHA256SUMS": RESUME,
    f"{RESULTS}/selection.csv": ("explain", RESULTS, "--json"),
    f"{RESULTS}/explain.json": ("explain", RESULTS, "--json"),
    f"{RESULTS}/.work/config.json": RESUME,
}
"""By stored file: a command that reads it."""


def damaged_file(trial: Trial) -> Outcome:
    """A stored file that is damaged, emptied or replaced is refused, and nothing is lost."""
    file = trial.choose(*DAMAGED)
    folder = trial.begin("begun" if ".work" in file else "finished")
    path = folder / file
    ways = {"emptied": b"", "replaced by {}": b"{}"}
    way, content = trial.damaged(path.read_bytes())
    if trial.happens(3):
        way = trial.choose(*ways)
        content = ways[way]
    path.write_bytes(content)
    before = tree(folder)
    end = run(folder, DAMAGED[file])
    return outcome(f"{path.name} {way}", end, kept=kept(before, folder), must="refuse")


def checkpoint(trial: Trial) -> Outcome:
    """A damaged checkpoint: refused, or the result is what it would have been."""
    folder = trial.begin("begun")
    path = trial.choose(*sorted((folder / RESULTS / ".work").glob("*.checkpoint")))
    way, content = trial.damaged(path.read_bytes())
    if trial.happens(2):
        way, content = _in_header(trial, path.read_bytes())
    path.write_bytes(content)
    before = tree(folder)
    end = run(folder, RESUME)
    right = end.returncode == 0 and trial.is_whole()
    return outcome(way, end, right=right, kept=end.returncode == 0 or kept(before, folder))


def _in_header(trial: Trial, content: bytes) -> tuple[str, bytes]:
    """Flip a bit of what says how an array is stored, where no checksum may help."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entry = trial.choose(*archive.infolist())
        starts = (entry.header_offset, archive.start_dir)
    place = trial.choose(*starts) + int(trial.rng.integers(160))
    changed = bytearray(content)
    changed[min(place, len(changed) - 1)] ^= 1 << int(trial.rng.integers(8))
    return "bit of a header flipped", bytes(changed)


def read_input(trial: Trial) -> Outcome:
    """Damaged designs, networks or models: never a traceback, never half an output."""
    name = trial.choose("d.csv", "first.csv", "m.onnx")
    folder = trial.begin()
    (folder / "m.onnx").write_bytes(small_model())
    way, content = trial.damaged((folder / name).read_bytes())
    (folder / name).write_bytes(content)
    is_model = name == "m.onnx"
    end = run(folder, ("import", name, "--out", "o.csv") if is_model else EVALUATE)
    made = folder / "o.csv"
    whole = end.returncode == 0 or not made.exists()
    return outcome(f"{name}: {way}", end, kept=whole)


CLASSES: dict[str, tuple[Callable[[Trial], Outcome], int]] = {
    "stopped": (stopped, 40),
    "interrupted": (interrupted, 24),
    "two-commands": (two_commands, 30),
    "folder-deleted": (folder_deleted, 6),
    "full-disk": (full_disk, 24),
    "damaged-file": (damaged_file, 100),
    "checkpoint": (checkpoint, 120),
    "read-input": (read_input, 200),
    "noise-cache": (inputs.noise_cache, 150),
    "accuracy-data": (inputs.accuracy_data, 150),
    "accuracy-model": (inputs.accuracy_model, 60),
    "benchmark-file": (inputs.benchmark_file, 70),
    "few-parameters": (inputs.few_parameters, 30),
    "equal-networks": (inputs.equal_networks, 8),
    "hostile-score": (inputs.hostile_score, 60),
    "unseen-name": (hostile.unseen_name, 60),
    "huge-batch": (hostile.huge_batch, 40),
    "calibration-file": (hostile.calibration_file, 40),
    "forged-checkpoint": (hostile.forged_checkpoint, 60),
    "forged-certificate": (hostile.forged_certificate, 40),
}
"""Classes of drawn cases, and how many trials each has by default."""
