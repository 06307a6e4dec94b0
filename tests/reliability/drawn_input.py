"""Stored results and input files that are damaged at random."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import imcmoo.hardware
from tests.reliability.commands import Outcome, outcome, run
from tests.reliability.drawn import (
    ENUMERATE,
    EVALUATE,
    EXACT,
    PHYSICAL,
    RESULTS,
    RESUME,
    RUN,
    SPACE,
    Trial,
    kept,
    small_model,
    study_text,
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


def checksums(trial: Trial) -> Outcome:
    """`SHA256SUMS` that does not list exactly the files of the run."""
    folder = trial.begin("finished")
    path = folder / RESULTS / "SHA256SUMS"
    lines = path.read_text().splitlines(keepends=True)
    way = trial.choose("lines left out", "cut at a line boundary", "a line too many", "line twice")
    if way == "lines left out":
        gone = {*trial.rng.choice(len(lines), size=int(trial.rng.integers(1, len(lines))))}
        lines = [line for i, line in enumerate(lines) if i not in gone]
    elif way == "cut at a line boundary":
        lines = lines[: int(trial.rng.integers(len(lines)))]
    elif way == "line twice":
        lines.insert(int(trial.rng.integers(len(lines))), trial.choose(*lines))
    else:
        (path.parent / "mine.txt").write_bytes(b"")
        name = trial.choose("mine.txt", "gone.txt", "../seed-1/mine.txt", "/etc/hostname")
        empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        lines.insert(int(trial.rng.integers(len(lines))), f"{empty}  {name}\n")
    path.write_text("".join(lines))
    before = tree(folder)
    end = run(folder, RESUME)
    must = "" if way == "line twice" else "refuse"
    return outcome(way, end, kept=kept(before, folder), must=must)


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


def component_table(trial: Trial) -> Outcome:
    """A damaged component table: refused, or of no effect."""
    file = trial.choose("components.npz", "physical_components.npz")
    is_physical = file != "components.npz"
    space = PHYSICAL if is_physical else SPACE
    folder = trial.begin(text=study_text(top='components = "t.npz"\n', space=space))
    way, content = trial.damaged((Path(imcmoo.hardware.__file__).parent / file).read_bytes())
    (folder / "t.npz").write_bytes(content)
    end = run(folder, ENUMERATE)
    whole = trial.ready / ("physical" if is_physical else "finished") / EXACT
    same = end.code == 0 and all(
        (whole / name).read_bytes() == (folder / EXACT / name).read_bytes()
        for name in ("optima.csv", "front.csv")
    )
    return outcome(f"{file}: {way}", end, right=same)


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
