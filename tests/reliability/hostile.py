"""Classes of trials on hostile values: names, batches, calibrations, and files whose checksum a
program has renewed.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from unicodedata import category

import numpy as np

from imcmoo.io.checksums import content_checksum
from imcmoo.record.checkpoint import _checksum
from imcmoo.study.calibration import FACTORS, PRESETS
from tests.reliability.commands import BROKEN, Outcome, outcome
from tests.reliability.drawn import (
    CERTIFY,
    ENUMERATE,
    LAYERS,
    RESULTS,
    RESUME,
    RUN,
    Trial,
    kept,
    small_model,
    tree,
)
from tests.reliability.inputs import run_here

UNSEEN = ("\x1b[2J", "\x1b]0;title\x07", "\x9b31m", "\x07", "\u202e", "\u2066", "\u200b", "\u2028",
          "\ufeff", "\x7f")  # fmt: skip
"""Texts that steer a terminal, reorder a line or cannot be seen."""


def unseen_name(trial: Trial) -> Outcome:
    """A name that steers the terminal: refused or shown as a code, never printed as it is."""
    folder, text = trial.begin(), f"a{trial.choose(*UNSEEN)}b"
    place = trial.choose("layer", "kind", "column", "provenance", "network", "study", "study file",
                         "designs file", "option", "node")  # fmt: skip
    table, study = folder / "first.csv", folder / "tiny.toml"
    command, must = ENUMERATE, "refuse"
    if place == "layer":
        table.write_text(LAYERS.replace("\na,", f"\n{text},"))
    elif place == "kind":
        lines = zip(LAYERS.splitlines(), ("kind", text, "x"), strict=True)
        table.write_text("".join(f"{line},{cell}\n" for line, cell in lines))
    elif place == "column":
        table.write_text(LAYERS.replace("name", f"name,{text}", 1))
    elif place == "provenance":
        table.write_text(f"#{text}={text}\n#{text}\n{LAYERS}")
    elif place == "network":
        (folder / f"{text}.csv").write_text(LAYERS)
        study.write_text(study.read_text().replace('"first.csv"', json.dumps(f"{text}.csv")))
    elif place == "study":
        study.write_text(study.read_text().replace('"tiny"', json.dumps(text)))
    elif place == "study file":
        command = (ENUMERATE[0], f"{text}.toml", *ENUMERATE[2:])
    elif place == "designs file":
        command = ("evaluate", f"{text}.csv", "--device", "rram", "--workloads", "first.csv",
                   "--out", "o.csv")  # fmt: skip
    elif place == "option":
        command = (*ENUMERATE, f"--{text}")
    else:
        (folder / "m.onnx").write_bytes(_renamed(text))
        command, must = ("import", "m.onnx", "--out", "o.csv"), "work"
    before = tree(folder)
    end = run_here(folder, command)
    raw = {c for c in end.stdout + end.stderr if c != "\n" and category(c)[0] == "C"} - {"\t"}
    if raw or {"\u2028", "\u2029"} & {*end.stdout, *end.stderr}:
        return Outcome(place, BROKEN, repr(end.stderr[-200:]))
    return outcome(place, end, kept=kept(before, folder), must=must)


def _renamed(text: str) -> bytes:
    """The small model with a name at its node."""
    import onnx

    model = onnx.load_from_string(small_model())
    model.graph.node[0].name = text
    return model.SerializeToString()


def huge_batch(trial: Trial) -> Outcome:
    """More images than an inference may have, or than its layers may: refused."""
    folder = trial.begin()
    images = (1 << int(trial.rng.integers(17, 80))) + int(trial.rng.integers(-1, 2))
    study, table = folder / "tiny.toml", folder / "first.csv"
    place = trial.choose("study", "table", "change", "import", "layer")
    command = trial.choose(ENUMERATE, CERTIFY, RUN)
    if place == "study":
        study.write_text(f"{study.read_text()}batch = {images}\n")
    elif place == "table":
        table.write_text(f"#batch={images}\n{LAYERS}")
    elif place == "change":
        command = ("what-if", "tiny.toml", "--set", f"batch={images}", "--quiet")
    elif place == "layer":
        images = 1 << int(trial.rng.integers(1, 17))
        channels = (1 << 62) // images + 1
        (folder / "second.csv").write_text(f"name,C,M,P,Q\na,{channels},1,1,1\n")
        study.write_text(f"{study.read_text()}batch = {images}\n")
    else:
        (folder / "config.json").write_text(json.dumps(LANGUAGE_MODEL))
        command = ("import", "config.json", "--prompt", "3", "--generate", "2", "--batch",
                   str(images), "--out", "o.csv")  # fmt: skip
    before = tree(folder)
    end = run_here(folder, command)
    return outcome(place, end, kept=kept(before, folder), must="refuse")


LANGUAGE_MODEL = {
    "model_type": "gpt2", "n_embd": 8, "n_layer": 1, "n_head": 2, "n_positions": 64,
    "vocab_size": 100,
}  # fmt: skip

CALIBRATED = """name = "tiny"
model = "physical"
device = "sram"
calibration = "own.calibration.toml"
[space]
adc_model = "sar_noise"
[[networks]]
source = "first.csv"
"""


def calibration_file(trial: Trial) -> Outcome:
    """A calibration with a number that no fit gives, or with damage: refused."""
    folder = trial.begin()
    text = (PRESETS / "sinangil_jssc_2021.calibration.toml").read_text(encoding="utf-8")
    table, key = trial.choose("factors", "deviations"), trial.choose(*FACTORS)
    size = 10.0 ** int(trial.rng.integers(2, 308))
    value = trial.choose(str(size), str(-size), "0", "-1.0", "nan", "inf", '"1.0"', "[1.0]", "true")
    if table == "factors" and trial.happens(3):
        value = str(1 / size)
    above, title, below = text.partition(f"[{table}]\n")
    lines = below.splitlines(keepends=True)
    at = next(i for i, line in enumerate(lines) if line.startswith(key))
    lines[at] = f"{key} = {value}\n"
    (folder / "own.calibration.toml").write_text(f"{above}{title}{''.join(lines)}")
    (folder / "tiny.toml").write_text(CALIBRATED)
    before = tree(folder)
    end = run_here(folder, trial.choose(RUN, CERTIFY))
    return outcome(table, end, kept=kept(before, folder), must="refuse")


def forged_checkpoint(trial: Trial) -> Outcome:
    """Other metrics under a renewed checksum: refused, or the result is what it would have been."""
    folder = trial.begin("begun")
    path = trial.choose(*sorted((folder / RESULTS / ".work").glob("*.checkpoint")))
    with np.load(path) as stored:
        arrays = dict(stored)
    text, _ = str(arrays.pop("words")), arrays.pop("checksum")
    metrics = [name for name in sorted(arrays) if name.startswith(("value ", "own ", "missing "))]
    way = _forge_metric(trial, arrays, trial.choose(*metrics))
    with path.open("wb") as stream:
        np.savez(stream, words=text, checksum=_checksum(text, arrays), **arrays)
    before = tree(folder)
    end = run_here(folder, RESUME)
    right = end.returncode == 0 and trial.is_whole()
    return outcome(way, end, right=right, kept=end.returncode == 0 or kept(before, folder))


def _forge_metric(trial: Trial, arrays: dict[str, np.ndarray], name: str) -> str:
    """Change an array of metrics; returns the way."""
    values = arrays[name]
    ways: dict[str, Callable[[], np.ndarray | None]] = {
        "without": lambda: None,
        "a further one": lambda: values,
        "times 1.1": lambda: values * 1.1,
        "reversed": lambda: values[::-1].copy(),
        "zeros": lambda: values * 0,
        "negative": lambda: -np.abs(values) - 1,
        "not numbers": lambda: values * np.nan,
        "texts": lambda: values.astype(str),
        "truths": lambda: values.astype(bool),
        "complex": lambda: values + 0j,
        "single precision": lambda: values.astype(np.float32),
        "of fewer designs": lambda: values[:-1],
        "of another shape": lambda: (
            values.reshape(len(values), -1)[:, :1].ravel()
            if values.ndim > 1
            else np.stack([values, values], axis=1)
        ),
        "one not a number": lambda: _with(trial, values, np.nan),
        "one infinite": lambda: _with(trial, values, np.inf),
    }
    way = trial.choose(*ways)
    with np.errstate(all="ignore"):
        changed = ways[way]()
    if changed is None:
        del arrays[name]
    else:
        arrays["value mine" if way == "a further one" else name] = changed
    return f"{name.partition(' ')[0]} {way}"


def _with(trial: Trial, values: np.ndarray, value: float) -> np.ndarray:
    """A copy with one other number."""
    changed = values.astype(float)
    changed.flat[int(trial.rng.integers(changed.size))] = value
    return changed


def forged_certificate(trial: Trial) -> Outcome:
    """A list, or nothing, in the place of a value, under a renewed checksum: refused."""
    folder = trial.begin("finished")
    place = folder / "results" / "certified" / "tiny" / "edap_max"
    path = place / "certificate.json"
    content = json.loads(path.read_text())
    parts = [part for part in _leaves(content) if part[-1] != "checksum"]
    *above, last = trial.choose(*parts)
    holder: Any = content
    for key in above:
        holder = holder[key]
    value = holder[last]
    ways = {"a list": [value], "an empty list": [], "two lists": [[value], [value]],
            "an object": {"a": value}, "null": None}  # fmt: skip
    way = trial.choose(*(way for way, other in ways.items() if other != value))
    holder[last] = ways[way]
    content["checksum"] = content_checksum(content)
    path.write_text(json.dumps(content, indent=2))
    before = tree(folder)
    name = place.relative_to(folder)
    end = run_here(folder, ("check-certificate", str(name), "--study", "tiny.toml"))
    return outcome(f"{'.'.join([*above, last])}: {way}", end, kept=kept(before, folder),
                   must="refuse")  # fmt: skip


def _leaves(content: Any) -> list[list[str]]:
    """Keys of each value of nested objects that is no object."""
    if not isinstance(content, dict):
        return [[]]
    return [[key, *rest] for key, value in content.items() for rest in _leaves(value)]
