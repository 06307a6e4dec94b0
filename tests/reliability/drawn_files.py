"""Locks and outputs that are no plain files of ours, signals, and full disks."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import stat
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.reliability import commands
from tests.reliability.commands import FINE, LOST, Outcome, fork, judged, start
from tests.reliability.drawn import (
    CERTIFY,
    ENUMERATE,
    RESULTS,
    RUN,
    Trial,
    kept,
    study_text,
    tree,
    words,
)
from tests.reliability.drawn_input import DESIGNS, EVALUATE, HEADER, ROW

FOREIGN = "not yours\n"
LOCKS = (
    *("link", "link to nothing", "link to a folder", "hard link", "FIFO", "foreign file"),
    *("folder", "empty", "of a killed process"),
)
OWNERS = {
    RESULTS: RUN,
    "results/exact/tiny": ENUMERATE,
    "proof": CERTIFY,
    f"{RESULTS}/": ("report", RESULTS),
}


def lock_file(trial: Trial) -> Outcome:
    """`.lock` is something else: it is left alone, and so is what it points to."""
    kind, place = trial.choose(*LOCKS), trial.choose(*OWNERS)
    folder = trial.begin("finished")
    (folder / "mine.txt").write_text(FOREIGN)
    (folder / "mine").mkdir()
    lock = folder / place / ".lock"
    lock.unlink(missing_ok=True)
    _make(lock, kind, folder)
    before = _state(folder)
    end = fork(folder, OWNERS[place], seconds=20)
    after = _state(folder)
    ours = kind in ("empty", "of a killed process")
    same = all(after.get(n) == c for n, c in before.items() if ours is False or n != lock)
    word = judged(end, kept=same or (end.code == 0 and ours), must="work" if ours else "refuse")
    return Outcome(".lock", kind, word, words(end))


def _make(path: Path, kind: str, folder: Path) -> None:
    """Put something odd at a path."""
    if kind in ("link", "link to a foreign file"):
        path.symlink_to(folder / "mine.txt")
    elif kind == "link to nothing":
        path.symlink_to(folder / "nothing")
    elif kind == "link to a folder":
        path.symlink_to(folder / "mine")
    elif kind in ("hard link", "hard link to a foreign file"):
        path.hardlink_to(folder / "mine.txt")
    elif kind == "FIFO":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind in ("null device", "full device"):
        # Of our own: a command that replaces devices must not replace the machine's.
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 3 if kind == "null device" else 7))
    else:
        text = {"empty": "", "of a killed process": "4194305 nowhere\n"}
        path.write_text(text.get(kind, FOREIGN))


def _state(folder: Path) -> dict[Path, object]:
    """Kind, place and content of everything below a folder that was not published by a run."""
    found: dict[Path, object] = {}
    for path in folder.rglob("*"):
        status = path.lstat()
        content = path.read_bytes() if stat.S_ISREG(status.st_mode) else b""
        link = path.readlink() if path.is_symlink() else None
        found[path] = stat.S_IFMT(status.st_mode), status.st_nlink > 1, content, link
    return found


TARGETS = (
    *("null device", "full device", "FIFO", "link to nothing", "link to a foreign file"),
    *("hard link to a foreign file", "foreign file", "folder", "own earlier output", "input"),
)
OUTPUTS = {
    "import --out": (("import", "m.onnx", "--out", "X"), "m.onnx"),
    "import --summary": (("import", "m.onnx", "--out", "o.csv", "--summary", "X"), "m.onnx"),
    "evaluate --out": ((*EVALUATE[:-1], "X"), "d.csv"),
    "evaluate --breakdown": ((*EVALUATE, "--breakdown", "X"), "d.csv"),
    "report --out": (("report", RESULTS, "--out", "X"), f"{RESULTS}/design.json"),
    "explain --csv": (("explain", RESULTS, "--csv", "tables"), f"{RESULTS}/design.json"),
    "enumerate --out": (("enumerate", "tiny.toml", "--out", "X", "--quiet"), "tiny.toml"),
    "certify --out": ((*CERTIFY[:-1], "X"), "tiny.toml"),
    "run --out": ((*RUN, "--out", "X"), "tiny.toml"),
}


def output(trial: Trial) -> Outcome:
    """Every command that writes, onto what is no plain file of its own."""
    option, kind = trial.choose(*OUTPUTS), trial.choose(*TARGETS)
    command, source = OUTPUTS[option]
    folder = trial.begin("finished")
    (folder / "d.csv").write_text(DESIGNS)
    (folder / "m.onnx").write_bytes(_small_model())
    (folder / "mine.txt").write_text(FOREIGN)
    (folder / "mine").mkdir()
    target = folder / "X"
    if option == "explain --csv":  # writes a folder of tables, each by its name
        (folder / "tables").mkdir()
        target = folder / "tables" / trial.choose("chip.csv", "layers.csv", "changes.csv")
    earlier = kind == "own earlier output"
    if earlier:
        fork(folder, command)
        if option == "explain --csv":
            earlier = target.exists()
    elif kind == "input":
        target.symlink_to(folder / source)
    else:
        _make(target, kind, folder)
    pipe = os.open(target, os.O_RDWR | os.O_NONBLOCK) if kind == "FIFO" else None
    before = _state(folder)
    end = fork(folder, command, seconds=20)
    if pipe is not None:
        os.close(pipe)
    whole = _untouched(before, _state(folder), target, option, kind)
    return Outcome("output of any command", f"{option}: {kind}",
                   judged(end, kept=whole, must="work" if earlier else ""), words(end))  # fmt: skip


def _untouched(
    before: dict[Path, object], after: dict[Path, object], target: Path, option: str, kind: str
) -> bool:
    """Whether what was there is there; only what a command wrote itself may be replaced."""
    own = {"own earlier output"} | ({"folder"} if not option.startswith("explain") else set())
    for path, state in before.items():
        below = path == target or target in path.parents
        if not (below and kind in own) and after.get(path) != state:
            return False
    new = [path for path in after if path.parent == target.parent and path not in before]
    written = [path for path in new if path.suffix == ".csv"]
    whole = not written or len(written) >= 7 or option != "explain --csv"  # all tables or none
    return whole and not any(path.name.endswith(".tmp") for path in after)


def _small_model() -> bytes:
    from tests.networks.onnx_import import models as m

    nodes, weights = [m.node("MatMul", "xw")], [m.stored("w", (8, 5))]
    return m.model(nodes, [m.tensor("x", (3, 8))], weights).SerializeToString()


SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
STOPPED = {
    "evaluate": (EVALUATE, EVALUATE, "o.csv"),
    "run": (RUN, (*RUN, "--resume"), RESULTS),
    "enumerate": (ENUMERATE, ENUMERATE, "results/exact/tiny"),
}
"""By command: its arguments, those of the next start, and what both make."""


def stopped(trial: Trial) -> Outcome:
    """A signal at a random moment: after the next start nothing half written is left."""
    name, number = trial.choose("evaluate", "evaluate", *STOPPED), trial.choose(*SIGNALS)
    if name == "evaluate":
        number = trial.choose(number, signal.SIGKILL, signal.SIGHUP)
    writing = name == "evaluate" and bool(trial.rng.integers(4))
    command, again, made = STOPPED[name]
    folder = trial.begin()
    (folder / "d.csv").write_text(HEADER + ROW * 20_000)
    whole = _evaluated(trial) if name == "evaluate" else trial.ready / "finished"
    if name == "run":
        shutil.copytree(whole / "results/exact", folder / "results/exact")
    ignored = number == signal.SIGHUP and bool(trial.rng.integers(4) == 0)
    before = (lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)) if ignored else (lambda: None)
    end = fork(folder, command, before=before, kill=(number, _moment(trial, writing)))
    when = f"{number.name}{' ignored' if ignored else ''}{' while it writes' if writing else ''}"
    case, kind = f"{name}: {when}", "signal at a random moment"
    word = judged(end, must="work" if ignored else "")
    if (ignored or end.code != -number) and word in commands.BAD:
        return Outcome(kind, case, word, words(end))
    clean = number == signal.SIGKILL or not _temporary(folder)
    after = fork(folder, again)
    right = tree(folder / made) == tree(whole / made) and (folder / made).exists()
    if name == "evaluate":
        right = (folder / made).read_bytes() == (whole / made).read_bytes()
    word = judged(after, right=right, kept=clean and not _temporary(folder), must="work")
    return Outcome(kind, case, word, words(after))


def _evaluated(trial: Trial) -> Path:
    """A folder with what `evaluate` makes of the designs when nothing disturbs it."""
    whole = trial.ready / "evaluated"
    if not whole.exists():
        half = Path(tempfile.mkdtemp(dir=trial.ready))
        shutil.copytree(trial.ready / "fresh", half, dirs_exist_ok=True)
        (half / "d.csv").write_text(HEADER + ROW * 20_000)
        fork(half, EVALUATE)
        half.rename(whole)
    return whole


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


def figures_link(trial: Trial) -> Outcome:
    """`figures` of an old run is a link: neither the old run nor the link's target is lost."""
    folder = trial.begin("finished")
    kind = trial.choose("link to a folder", "link to nothing", "link", "FIFO")
    (folder / "mine.txt").write_text(FOREIGN)
    (folder / "mine").mkdir()
    (folder / "mine" / "a.txt").write_text(FOREIGN)
    figures = folder / RESULTS / "figures"
    shutil.rmtree(figures)
    _make(figures, kind, folder)
    old = tree(folder)
    end = fork(folder, (*RUN, *trial.choose((), ("--resume",))))
    mine = {n: c for n, c in old.items() if n.startswith("mine")}
    same = kept(mine if end.code == 0 else old, folder)
    right = (folder / RESULTS / "config.json").exists()
    return Outcome("figures are a link", kind, judged(end, right=right, kept=same), words(end))


def full_disk(trial: Trial) -> Outcome:
    """No file may grow beyond some size: one line, then `--resume` where there is room again."""
    size = int(trial.log_uniform(300, 300_000))
    folder = trial.begin("fresh")
    shutil.copytree(trial.ready / "finished/results/exact", folder / "results/exact")
    if trial.rng.integers(2):
        shutil.copytree(trial.ready / "finished" / RESULTS, folder / RESULTS)
    before = tree(folder)

    def full() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    command = trial.choose(RUN, RUN, ENUMERATE, CERTIFY, ("report", RESULTS))
    end = fork(folder, command, before=full)
    word = judged(end, kept=end.code == 0 or kept(before, folder))
    if word not in commands.BAD and command == RUN:
        after = fork(folder, (*RUN, "--resume"))
        same = tree(folder / RESULTS) == tree(trial.ready / "finished" / RESULTS)
        word = word if judged(after, right=same, must="work") == FINE else LOST
    return Outcome("full disk", command[0], word, words(end))


INTERRUPTED = (
    ("run", "small.toml", "--quiet", "--budget", "40", "--no-baselines"),
    ("enumerate", "small.toml", "--quiet"),
    ("explain", "small.toml"),
    ("import", "--help"),
    ("certify", "small.toml", "--quiet", "--out", "proof"),
)


def interrupted(trial: Trial) -> Outcome:
    """Ctrl-C at a random moment of a process, imports included."""
    folder = trial.begin()
    (folder / "small.toml").write_text(study_text(top='name = "small"\n'))
    command = trial.choose(*INTERRUPTED)
    # The process says when Python itself has started: what comes before is not ours.
    process = start(folder, ("imcmoo", *command), before="print('ready', flush=True)")
    assert process.stdout is not None
    process.stdout.readline()
    moment = float(trial.rng.uniform(0, 2.5))
    time.sleep(moment)
    process.send_signal(signal.SIGINT)
    code, error = commands.finish(process)
    end = commands.End(code, "", error, 0.0)
    whole = not _temporary(folder)
    used = command[0] in ("explain", "import")  # ends by itself, perhaps for lack of a run
    word = judged(end, kept=whole, must="" if used or code else "work")
    when = "first half second" if moment < 0.5 else "later"
    return Outcome("Ctrl-C", f"{command[0]}: {when}", word, words(end))
