"""Shared parts of drawn trials: a tiny study, its results, and a generator for each trial."""

from __future__ import annotations

import os
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from tests.reliability.commands import run

T = TypeVar("T")

LAYERS = "name,C,M,P,Q,R,S\na,16,16,8,8,3,3\nb,64,10,1,1,1,1\n"
SPACE = """
[space]
base = "rram"
rows = [512]
cols = [32, 64]
voltage_V = [0.5, 0.6]
bits_per_cell = 8
"""
NAMES = ("first", "second")
HEADER = (
    "voltage_V,bits_per_cell,cycle_s,rows,cols,router_groups,tiles_per_group,macros_per_tile,"
    "glb_depth\n"
)
ROW = "0.5,8,1e-9,512,64,8,16,64,4096\n"
DESIGNS, MANY_DESIGNS = HEADER + ROW, HEADER + ROW * 20_000
RUN = ("run", "tiny.toml", "--budget", "40", "--quiet")
RESUME = (*RUN, "--resume")
ENUMERATE = ("enumerate", "tiny.toml", "--quiet", "--workers", "1")
CERTIFY = ("certify", "tiny.toml", "--quiet", "--criterion", "edap_max")
EVALUATE = ("evaluate", "d.csv", "--device", "rram", "--workloads", "first.csv", "--out", "o.csv")
EVALUATED = "evaluated.csv"
"""What `EVALUATE` makes of `MANY_DESIGNS`."""
RESULTS, EXACT = "results/tiny/seed-1", "results/enumerated/tiny"


def study_text(top: str = "") -> str:
    """A study of small networks of the user's, with further lines on top."""
    networks = "".join(f'[[networks]]\nsource = "{name}.csv"\n' for name in NAMES)
    return f'name = "tiny"\n{top}{SPACE}{networks}'


@dataclass(frozen=True)
class Trial:
    """One trial."""

    ready: Path  # folders made by `prepare`, by the state of the study in them
    folder: Path  # where the trial is made; empty
    rng: np.random.Generator  # of all that is drawn

    def begin(self, state: str = "fresh", *, exact: bool = False) -> Path:
        """The folder of the trial, filled: fresh, finished, or begun (and killed); with the exact
        answer, if asked for."""
        shutil.copytree(self.ready / state, self.folder, symlinks=True, dirs_exist_ok=True)
        if exact:
            shutil.copytree(self.ready / "finished" / EXACT, self.folder / EXACT)
        return self.folder

    def is_whole(self, part: str = RESULTS) -> bool:
        """True if a part of the folder is what an undisturbed command leaves."""
        return tree(self.folder / part) == tree(self.ready / "finished" / part)

    def choose(self, *options: T) -> T:
        """One option, each with the same probability."""
        return options[int(self.rng.integers(len(options)))]

    def happens(self, one_in: int) -> bool:
        """True once in so many times."""
        return bool(self.rng.integers(one_in) == 0)

    def damaged(self, content: bytes) -> tuple[str, bytes]:
        """Damage content at random; returns the way and the result."""
        way = self.choose("bits flipped", "bits flipped", "bits flipped", "cut short", "noise")
        if way == "cut short":
            return way, content[: int(self.rng.integers(len(content)))]
        changed = np.frombuffer(content, np.uint8).copy()
        if way == "noise":
            start = int(self.rng.integers(len(changed)))
            part = changed[start : start + int(self.rng.integers(1, 65))]
            part[:] = self.rng.integers(256, size=len(part))
        else:
            for place in self.rng.integers(len(changed), size=self.choose(1, 1, 1, 2, 8)):
                changed[place] ^= 1 << int(self.rng.integers(8))
        return way, changed.tobytes()


def prepare(home: Path) -> Path:
    """Make the folders trials begin with: fresh, finished and begun; and `EVALUATED`."""
    ready = home / "ready"
    fresh, finished, begun, many = (ready / name for name in ("fresh", "finished", "begun", "many"))
    fresh.mkdir(parents=True)
    for name in NAMES:
        (fresh / f"{name}.csv").write_text(LAYERS)
    (fresh / "d.csv").write_text(DESIGNS)
    (fresh / "tiny.toml").write_text(study_text())
    for folder in (finished, begun, many):
        shutil.copytree(fresh, folder)
    (many / "d.csv").write_text(MANY_DESIGNS)
    for folder, command in (*((finished, c) for c in (ENUMERATE, RUN, CERTIFY)), (many, EVALUATE)):
        end = run(folder, command)
        if end.returncode:
            raise RuntimeError(f"{' '.join(command)}: {end.stderr}")
    (many / "o.csv").rename(ready / EVALUATED)
    shutil.copytree(finished / "results" / "enumerated", begun / "results" / "enumerated")
    run(begun, RUN, before=killing_at("breakdown.csv"))
    return ready


def killing_at(name: str) -> str:
    """Python that lets the process that runs it be killed as `kill_at` says."""
    return f"from tests.reliability.drawn import kill_at; kill_at({name!r})"


def kill_at(name: str) -> None:
    """Let this process be killed when it would move a file to a path that ends in a name."""
    original = Path.replace

    def replace(self: Path, target: Path | str) -> Path:
        if f"/{Path(target).as_posix()}".endswith(f"/{name}"):
            os.kill(os.getpid(), signal.SIGKILL)
        return original(self, target)

    Path.replace = replace  # type: ignore[method-assign]


def tree(folder: Path) -> dict[str, str | bytes]:
    """Everything below a folder: content of files, targets of links, and the kind of all else."""
    entries: dict[str, str | bytes] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            entries[name] = f"link to {path.readlink()}"
        elif path.is_file():
            entries[name] = path.read_bytes()
        else:
            entries[name] = "folder" if path.is_dir() else f"mode {path.stat().st_mode}"
    return entries


def small_model() -> bytes:
    """An ONNX file of one matrix product."""
    from tests.networks.onnx_import import models as m

    nodes, weights = [m.node("MatMul", "xw")], [m.stored("w", (8, 5))]
    return m.model(nodes, [m.tensor("x", (3, 8))], weights).SerializeToString()


SPARE = (".lock", ".work")
"""What commands keep for themselves beside results."""


def kept(before: dict[str, str | bytes], folder: Path) -> bool:
    """True if everything that was there is there."""
    after = tree(folder)
    found = [name for name in before if not any(spare in name for spare in SPARE)]
    return all(after.get(name) == before[name] for name in found)
