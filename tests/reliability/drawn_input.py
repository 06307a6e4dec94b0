"""Stored results and input files that are damaged at random."""

from __future__ import annotations

import io
import zipfile

from tests.reliability.commands import Outcome, outcome, run
from tests.reliability.drawn import (
    EVALUATE,
    EXACT,
    RESULTS,
    RESUME,
    RUN,
    Trial,
    kept,
    small_model,
    tree,
)

DAMAGED = {
    f"{EXACT}/summary.json": (*RUN, "--seed", "2"),
    f"{EXACT}/optima.csv": (*RUN, "--seed", "2"),
    f"{EXACT}/front.csv": (*RUN, "--seed", "2"),
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
    right = end.code == 0 and trial.is_whole()
    return outcome(way, end, right=right, kept=end.code == 0 or kept(before, folder))


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
    whole = end.code == 0 or not made.exists()
    return outcome(f"{name}: {way}", end, kept=whole)
