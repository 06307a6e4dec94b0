"""Many networks, many workers, large spaces, narrow terminals, mute schedulers."""

from __future__ import annotations

import socket
import time
from pathlib import Path

from tests.reliability.commands import BAD, BROKEN, Outcome, finish, fork, judged, outcome, start
from tests.reliability.drawn import (
    CERTIFY,
    ENUMERATE,
    EVALUATE,
    EXACT,
    LAYERS,
    PROOF,
    RESULTS,
    RUN,
    Trial,
    study_text,
)

COUNTS = (16, 40, 130, 300)


def many_networks(trial: Trial) -> Outcome:
    """Studies of many small networks are enumerated, run and certified."""
    n = trial.choose(*COUNTS, int(trial.log_uniform(10, 300)))
    names = [f"net{i}" for i in range(n)]
    folder = trial.begin(text=study_text(names).replace("cols = [32, 64]", "cols = 32"))
    for i, name in enumerate(names):
        (folder / f"{name}.csv").write_text(LAYERS.replace("64,10", f"64,{10 + i}"))
    kind = trial.choose("enumerate and run", "run", "certify")
    run = (*RUN, "--no-baselines")
    steps = {"enumerate and run": (ENUMERATE, run), "run": (run,), "certify": (CERTIFY,)}
    for command in steps[kind]:
        end = fork(folder, command, seconds=200)
        if judged(end, must="work") in BAD:
            break
    return outcome(f"{kind}: {'at most' if n <= 40 else 'more than'} 40", end, must="work")


NUMBERS = ("0", "-1", "1", "2", "3", "7", "1000", "1000000", "1" + "0" * 20, "", "x", "1.5", "inf")


def workers(trial: Trial) -> Outcome:
    """`--workers` of any size: no more processes than tasks, the same answer, or a refusal."""
    number = trial.choose(*NUMBERS)
    folder = trial.begin()
    command = trial.choose(ENUMERATE[:-2], (*RUN, "--seeds", "1-2", "--no-baselines"))
    process = start(folder, (*command, "--workers", number))
    most = 0
    while process.poll() is None and most <= 64:
        most = max(most, _processes(process.pid))
        time.sleep(0.02)
    if most > 64:
        process.kill()
    end = finish(process)
    same = command[0] == "run" or trial.is_whole(EXACT)
    must = "work" if number in ("1", "2", "3", "7") else ""
    result = outcome(f"{command[0]} {number or 'nothing'}", end, right=same, must=must)
    return result if most <= 64 else Outcome(result.case, BROKEN, f"{most} processes")


def _processes(group: int) -> int:
    """Number of processes in a session."""
    count = 0
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            count += fields[3] == str(group)
    return count


WIDTHS = ("1", "0", "-1", "2", "3", "5", "9", "20", "1000000", "", "x", "1.5", "9" * 30)


SETTINGS: tuple[dict[str, str], ...] = (
    {},
    {"FORCE_COLOR": "1"},
    {"TERM": "dumb"},
    {"PYTHONIOENCODING": "ascii"},
    {"PYTHONIOENCODING": "utf-16"},
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    {"MPLBACKEND": "nonsense"},
    {"TZ": "Mars/Olympus", "LANG": "tlh_QO"},
)


def narrow(trial: Trial) -> Outcome:
    """Terminals of odd widths, and odd settings: commands work as they do elsewhere."""
    environment = {"COLUMNS": trial.choose(*WIDTHS), **trial.choose(*SETTINGS)}
    command = trial.choose(
        RUN[:-1], ("enumerate", "tiny.toml", "--workers", "1"), ("explain", RESULTS),
        ("report", RESULTS), ("run", "--list"), ("run", "--help"),
        ("check-certificate", PROOF, "--study", "tiny.toml"),
    )  # fmt: skip
    folder = trial.begin("finished")
    if len(environment) > 1:  # some settings are read when Python starts
        end = finish(start(folder, command, environment=environment))
    else:
        end = fork(folder, command, environment=environment)
    same = trial.is_whole(without=("report.html",))
    return outcome(f"COLUMNS={environment['COLUMNS'][:9]}", end, right=same, must="work")


LARGE = ("four_workload_sram_extended", "nine_workload_sram_extended")


def oversize(trial: Trial) -> Outcome:
    """Enumeration of spaces that are far too large: refused at once."""
    name = trial.choose(*LARGE, "file")
    folder = trial.begin()
    if name == "file":
        base = trial.choose("sram_extended", "rram_extended")
        rows = ", ".join(str(r) for r in trial.choose((128, 256), (256, 512), (64, 128, 256)))
        (folder / "tiny.toml").write_text(
            f'name = "tiny"\nmodel = "physical"\n[space]\nbase = "{base}"\nrows = [{rows}]\n'
            '[[networks]]\nsource = "resnet18_onnx"\n'
        )
    command = ("enumerate", "tiny.toml" if name == "file" else name, "--quiet", "--workers", "1")
    end = fork(folder, command, seconds=40)
    return outcome(name, end, must="refuse", cpu=10)


SEEDS = ("1-1000000000", "1-1" + "0" * 20, "1-400,1000-1200")


def huge_numbers(trial: Trial) -> Outcome:
    """Numbers that would make the machine fall over are refused."""
    folder, size = trial.begin(), int(trial.log_uniform(1e8, 1e12))
    (folder / "first.csv").write_text(f"name,C,M,P,Q\nx,{size},{size},{size},1\n")
    kind = trial.choose("seeds", "layer")
    command = (*RUN, "--seeds", trial.choose(*SEEDS)) if kind == "seeds" else EVALUATE
    return outcome(kind, fork(folder, command, seconds=40), must="refuse", cpu=10)


def mute_scheduler(trial: Trial) -> Outcome:
    """A port that accepts and says nothing: given up after a while."""
    folder = trial.begin()
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        command = trial.choose(ENUMERATE[:-2], RUN)
        end = fork(folder, (*command, "--scheduler", address), seconds=40)
    return outcome(command[0], end, must="refuse")
