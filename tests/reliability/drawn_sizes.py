"""Many networks, many workers, large spaces, narrow terminals, mute schedulers."""

from __future__ import annotations

import socket
import time
from pathlib import Path

from tests.reliability import commands
from tests.reliability.commands import Outcome, fork, judged, start
from tests.reliability.drawn import (
    ENUMERATE,
    LAYERS,
    RESULTS,
    RUN,
    Trial,
    study_text,
    tree,
    words,
)

COUNTS = (16, 40, 130, 300)


def many_networks(trial: Trial) -> Outcome:
    """Studies of many small networks are enumerated, run and certified."""
    n = trial.choose(*COUNTS, int(trial.log_uniform(10, 300)))
    names = [f"net{i}" for i in range(n)]
    folder = trial.begin()
    for i, name in enumerate(names):
        (folder / f"{name}.csv").write_text(LAYERS.replace("64,10", f"64,{10 + i}"))
    (folder / "tiny.toml").write_text(study_text(names).replace("cols = [32, 64]", "cols = 32"))
    kind = trial.choose("enumerate and run", "run", "certify")
    steps = {
        "enumerate and run": (ENUMERATE, (*RUN, "--no-baselines")),
        "run": ((*RUN, "--no-baselines"),),
        "certify": (("certify", "tiny.toml", "--quiet", "--criterion", "edap_max",
                     "--out", "proof"),),
    }  # fmt: skip
    for command in steps[kind]:
        end = fork(folder, command, seconds=200)
        if judged(end, must="work") in commands.BAD:
            break
    some = "at most 40" if n <= 40 else "more than 40"
    return Outcome("many networks", f"{kind}: {some}", judged(end, must="work"), words(end))


NUMBERS = ("0", "-1", "1", "2", "3", "7", "1000", "1000000", "1" + "0" * 20, "", "x", "1.5", "inf")


def workers(trial: Trial) -> Outcome:
    """`--workers` of any size: no more processes than tasks, the same answer, or a refusal."""
    number = trial.choose(*NUMBERS)
    folder = trial.begin()
    command = trial.choose(ENUMERATE[:-2], (*RUN, "--seeds", "1-2", "--no-baselines"))
    process = start(folder, ("imcmoo", *command, "--workers", number))
    most = 0
    while process.poll() is None and most <= 64:
        most = max(most, _processes(process.pid))
        time.sleep(0.02)
    if most > 64:
        process.kill()
    code, error = commands.finish(process)
    end = commands.End(code, "", error, 0.0)
    part = "results/exact/tiny"
    same = command[0] == "run" or tree(folder / part) == tree(trial.ready / "finished" / part)
    word = judged(end, right=same, must="work" if number in ("1", "2", "3", "7") else "")
    word = commands.BROKEN if most > 64 else word
    return Outcome("--workers", f"{command[0]} {number or 'nothing'}", word, words(end))


def _processes(group: int) -> int:
    """How many processes a session holds."""
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


def narrow(trial: Trial) -> Outcome:
    """Terminals of odd widths: commands work as they do elsewhere."""
    width = trial.choose(*WIDTHS)
    environment = {"COLUMNS": width, **trial.choose({}, {"FORCE_COLOR": "1"}, {"TERM": "dumb"})}
    command = trial.choose(
        RUN[:-1], ("enumerate", "tiny.toml", "--workers", "1"), ("explain", RESULTS),
        ("report", RESULTS), ("run", "--list"), ("run", "--help"),
        ("check-certificate", "proof", "--study", "tiny.toml"),
    )  # fmt: skip
    folder = trial.begin("finished")
    end = fork(folder, command, environment=environment)
    same = tree(folder / RESULTS, without=("report.html",)) == tree(
        trial.ready / "finished" / RESULTS
    )
    word = judged(end, right=same, must="work")
    return Outcome("width of the terminal", f"COLUMNS={width[:9]}", word, words(end))


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
    return Outcome("enumerate too much", name, judged(end, must="refuse", cpu=10), words(end))


def mute_scheduler(trial: Trial) -> Outcome:
    """A port that accepts and says nothing: given up after a while."""
    folder = trial.begin()
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        command = trial.choose(ENUMERATE[:-2], RUN)
        end = fork(folder, (*command, "--scheduler", address), seconds=40)
    return Outcome("mute scheduler", command[0], judged(end, must="refuse"), words(end))
