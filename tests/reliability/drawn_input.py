"""Input that is damaged, absurd, endless, or has markup in it."""

from __future__ import annotations

import io
import json
import os
import resource
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from onnx.helper import make_attribute

import imcmoo.hardware
from tests.reliability.commands import Outcome, fork, outcome
from tests.reliability.drawn import (
    CERTIFY,
    ENUMERATE,
    EVALUATE,
    EXACT,
    HEADER,
    LAYERS,
    PHYSICAL,
    PROOF,
    RESULTS,
    RESUME,
    ROW,
    RUN,
    SPACE,
    Trial,
    kept,
    study_text,
    tree,
)


def underflow(trial: Trial) -> Outcome:
    """Products over many networks and high powers: a positive finite number, or a refusal."""
    n = int(trial.choose(2, 8, 20, 24, 30, 40))
    names = [f"net{i}" for i in range(n)]
    aggregate, power = trial.choose("max", "mean", "product", "geomean"), trial.choose(1, 3, 9, 40)
    text, case = study_text(names, top='criterion = "edap_product"\n'), f"EDAP of {n} networks"
    if trial.happens(2):
        text, case = study_text(names), f"score by {aggregate}, power {power}"
        text += f'[score]\nenergy = {power}\nlatency = {power}\naggregate = "{aggregate}"\n'
    folder = trial.begin(text=text)
    for name in names:
        (folder / f"{name}.csv").write_text(LAYERS)
    end = fork(folder, ENUMERATE)
    return outcome(case, end, right=_is_sound(folder / EXACT / "optima.csv"))


def _is_sound(path: Path) -> bool:
    """Scores are positive and finite, and a product has the designs of its geometric mean."""
    if not path.exists():
        return False
    optima = pd.read_csv(path)
    values = optima[optima["criterion"].str.startswith(("edap", "ela", "score"))]["value"]
    if not (np.isfinite(values) & (values > 0)).all():
        return False
    by = {name: rows.drop(columns=["criterion", "value"]) for name, rows in
          optima.groupby("criterion")}  # fmt: skip
    pair = [by[name] for name in ("edap_product", "edap_geomean") if name in by]
    return len(pair) < 2 or len(pair[0].merge(pair[1])) == max(map(len, pair))


def weights(trial: Trial) -> Outcome:
    """Weights of networks: absurd ones are refused, ordinary ones work."""
    if absurd := trial.happens(2):
        small = 10.0 ** -int(trial.rng.integers(300, 323))
        weight = trial.log_uniform(1e300, 1.7e308) if trial.happens(2) else small
    else:
        weight = trial.log_uniform(1e-2, 1e2)
    text = study_text(top='criterion = "edap_product"\n')
    folder = trial.begin(text=text.replace('"first.csv"', f'"first.csv"\nweight = {weight!r}'))
    end = fork(folder, ENUMERATE)
    right = absurd or _is_sound(folder / EXACT / "optima.csv")
    case = "absurd" if absurd else "ordinary"
    return outcome(case, end, right=right, must="refuse" if absurd else "work")


TOKENS = ("[red]", "[/]", "[/red]", "[b]", "[x]", "[", "]", "\\\\", "[link=x]", "[@click=f]", ":x:")
PLAIN = ("a", "b2", "_", "-", ".", "Z9")


def _text(trial: Trial, *tokens: str) -> str:
    return "".join(trial.choose(*tokens) for _ in range(int(trial.rng.integers(1, 5))))


def markup(trial: Trial) -> Outcome:
    """Markup in paths and names of layers is shown as it is; in names of networks it is refused."""
    place = trial.choose("path", "path", "layer", "network")
    odd = f"n{_text(trial, *TOKENS, *PLAIN)}"
    if place == "network":
        name = odd.translate({ord(sign): None for sign in ":\\/"})
        folder = trial.begin(text=study_text((name, "second")))
        (folder / f"{name}.csv").write_text(LAYERS)
        end = fork(folder, RUN[:-1], environment={"COLUMNS": "400"})
        valid = all(part.isalnum() or part in "_.-" for part in name)
        must = "work" if valid else "refuse"
        return outcome("name of a network", end, right=name in end.out, must=must)
    folder = trial.begin()
    if place == "layer":
        rows = LAYERS.replace("a,16", f"{odd},16").replace("b,64", f"{odd}2,64")
        (folder / "first.csv").write_text(rows)
        fork(folder, RUN)
        end = fork(folder, ("explain", RESULTS), environment={"COLUMNS": "600"})
        return outcome("name of a layer", end, right=odd in end.out, must="work")
    command, made = trial.choose(
        ((*RUN[:-1], "--out", odd), f"{odd}/tiny/seed-1/config.json"),
        (("enumerate", "tiny.toml", "--workers", "1", "--out", odd), f"{odd}/exact/tiny"),
        (("certify", "tiny.toml", "--criterion", "edap_max", "--out", odd), odd),
    )
    end = fork(folder, command)
    shown = made in end.out and (folder / made).exists()
    return outcome(f"path of {command[0]}", end, right=shown, must="work")


NAMES_OF_STUDIES = {
    "reserved or beginning with -": ("exact", "-x", "--help", "-", "-1", "--quiet"),
    "no name of a folder": ("", ".", "..", ".x", "a/b", "a\\\\b", "a b", "[red]x", "ü", "a\\n"),
    "ordinary": ("x", "a-b", "a.b", "A_1", "1", "exact2"),
}


def study_name(trial: Trial) -> Outcome:
    """Names of studies that are refused when the study is read, and others."""
    kind = trial.choose(*NAMES_OF_STUDIES)
    name = trial.choose(*NAMES_OF_STUDIES[kind])
    folder = trial.begin(text=study_text(top=f'name = "{name}"\n'))
    before = tree(folder)
    end = fork(folder, trial.choose(RUN, ENUMERATE))
    whole = end.code == 0 or tree(folder) == before
    return outcome(kind, end, kept=whole, must="work" if kind == "ordinary" else "refuse")


ALWAYS_POSITIVE = {
    "components.npz": {
        "rram": ("row_area", "adc_area", "cell_area", "adc_read_low", "adc_read_high"),
        "adder": ("energy", "area"),
        "buffer": ("read", "write", "area"),
        "router": ("read", "area"),
    },
    "physical_components.npz": {
        "rram": ("time", "time_muxed", "row_area", "column_area", "cell_area", "flash_energy"),
        "neurosim_sar": ("energy", "area", "time"),
        "buffer": ("read", "write", "area", "cycle"),
        "shift_add": ("energy", "area"),
        "mac": ("energy", "area"),
        "router": ("read", "area"),
        "technology": ("threshold_V", "wire_ohm_per_m"),
        "dram": ("energy_per_bit", "pin_rate"),
    },
}
"""Costs that cannot be 0, by file and component."""


def component_table(trial: Trial) -> Outcome:
    """A component table with impossible costs, or damaged: refused, or of no effect."""
    kind = trial.choose("NaN", "negative", "infinite", "zero", "damaged", "damaged", "form")
    file = trial.choose(*ALWAYS_POSITIVE)
    content = (Path(imcmoo.hardware.__file__).parent / file).read_bytes()
    case = kind
    if kind == "damaged":
        case, content = trial.damaged(content)
    elif kind == "form":
        case, content = _without_form(trial, content)
    else:
        content = _impossible(trial, content, kind, ALWAYS_POSITIVE[file])
    model, space = ("physical", PHYSICAL) if "physical" in file else ("finished", SPACE)
    folder = trial.begin(text=study_text(top='components = "t.npz"\n', space=space))
    (folder / "t.npz").write_bytes(content)
    end = fork(folder, ENUMERATE)
    same = end.code == 0 and all(
        (trial.ready / model / EXACT / name).read_bytes() == (folder / EXACT / name).read_bytes()
        for name in ("optima.csv", "front.csv")
    )
    must = "refuse" if kind in ("NaN", "negative", "infinite", "zero") else ""
    return outcome(f"{file}: {case}", end, right=same, must=must)


def _impossible(
    trial: Trial, content: bytes, kind: str, positive: dict[str, tuple[str, ...]]
) -> bytes:
    """Put impossible costs into one entry or all of a quantity."""
    arrays = _arrays(content)
    table = trial.choose(*positive)
    names = arrays[f"{table}.quantities"].tolist()
    row = names.index(trial.choose(*positive[table]))
    value = {"NaN": np.nan, "negative": -1e-12, "infinite": np.inf, "zero": 0.0}[kind]
    if "adder" in positive and trial.happens(8):
        arrays["main_memory_J_per_bit"] = np.array(value)
    else:
        values = arrays[f"{table}.values"]
        columns = trial.choose(slice(None), int(trial.rng.integers(values.shape[1])))
        values[row, columns] = value
    return _npz(arrays)


def _without_form(trial: Trial, content: bytes) -> tuple[str, bytes]:
    """Give one array another form than a table has, or none."""
    arrays = _arrays(content)
    name = trial.choose(*arrays)
    odd: dict[str, Callable[[Any], Any]] = {
        "absent": lambda a: None,
        "flat": lambda a: a.ravel()[:1],
        "empty": lambda a: a[..., :0] if a.ndim else np.array([]),
        "text": lambda a: np.full(a.shape, "x"),
        "Python objects": lambda a: np.full(a.shape, {}, dtype=object),
        "complex": lambda a: np.full(a.shape, 1j),
        "another size": lambda a: a[..., :-1] if a.ndim else np.array([1.0, 2.0]),
        "whole numbers": lambda a: np.full(a.shape, 1 << 62),
    }
    way = trial.choose(*odd)
    arrays[name] = odd[way](arrays[name])
    if arrays[name] is None:
        del arrays[name]
    return f"form: {way}", _npz(arrays)


def _arrays(content: bytes) -> dict[str, Any]:
    with np.load(io.BytesIO(content)) as stored:
        return dict(stored)


def _npz(arrays: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


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
    end = fork(folder, RESUME)
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
    end = fork(folder, RESUME)
    right = end.code == 0 and trial.is_whole()
    return outcome(way, end, right=right, kept=end.code == 0 or kept(before, folder))


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
    end = fork(folder, DAMAGED[file])
    return outcome(f"{path.name} {way}", end, kept=kept(before, folder), must="refuse")


def _in_header(trial: Trial, content: bytes) -> tuple[str, bytes]:
    """Flip a bit of what says how an array is stored, where no checksum may help."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entry = trial.choose(*archive.infolist())
        starts = (entry.header_offset, archive.start_dir)
    place = trial.choose(*starts) + int(trial.rng.integers(160))
    changed = bytearray(content)
    changed[min(place, len(changed) - 1)] ^= 1 << int(trial.rng.integers(8))
    return "bit of a header flipped", bytes(changed)


def nested(trial: Trial) -> Outcome:
    """JSON and TOML that nest deeply or hold numbers of thousands of digits."""
    depth = int(trial.log_uniform(500, 200_000))
    digits = "9" * int(trial.log_uniform(4_301, 100_000))
    texts = {
        "lists in lists": "[" * depth + "]" * depth,
        "lists without end": "[" * depth,
        "a number of many digits": digits,
        "minus a number of many digits": f"-{digits}",
    }
    file = trial.choose("tiny.toml", "tiny.toml", *NESTED)
    folder = trial.begin("finished")
    path = folder / file
    if file == "tiny.toml":
        texts["tables in tables"] = "{ a = " * depth + "1" + "}" * depth
        kind = trial.choose(*texts)
        key = trial.choose("budget", "area_limit_mm2", "seeds", "objectives", "unknown", "cost")
        path.write_text(study_text(top=f"{key} = {texts[kind]}\n"))
        command = trial.choose(RESUME, ENUMERATE, CERTIFY)
    else:
        texts["objects in objects"] = '{"a":' * depth + "1" + "}" * depth
        kind = trial.choose(*texts)
        path.write_text(texts[kind] if trial.happens(2) else _with_value(trial, path, texts[kind]))
        command = NESTED[file]
    before = tree(folder)
    end = fork(folder, command, seconds=30)
    must = "" if file.endswith("design.json") else "refuse"  # explain needs few of its values
    return outcome(f"{path.name}: {kind}", end, kept=kept(before, folder), must=must)


NESTED = {
    f"{RESULTS}/config.json": RESUME,
    f"{RESULTS}/design.json": ("explain", f"{RESULTS}/design.json", "--study", "tiny.toml"),
    f"{RESULTS}/explain.json": ("explain", RESULTS),
    f"{EXACT}/summary.json": (*RUN, "--seed", "2"),
    f"{PROOF}/certificate.json": ("check-certificate", PROOF, "--study", "tiny.toml"),
}


def _with_value(trial: Trial, path: Path, text: str) -> str:
    """The file with one of its values replaced."""
    content = json.loads(path.read_text())
    key = trial.choose(*content)
    return json.dumps({**content, key: "HERE"}).replace('"HERE"', text)


def endless(trial: Trial) -> Outcome:
    """Devices, pipes and giant files as input: refused, in little time and memory."""
    source = trial.choose("/dev/zero", "pipe that never ends", "mute pipe", "100 GB of nothing")
    reader = trial.choose(*READERS)
    if (reader, source) == ("designs", "mute pipe"):  # is waited for, as by any filter
        source = "pipe that never ends"
    command, name = READERS[reader]
    folder = trial.begin("finished")
    table = 'components = "odd.npz"\n' if name == "odd.npz" else ""
    text = study_text(("first",), top=table) if table else study_text(("odd",))
    (folder / "with.toml").write_text(text)
    odd, writer = folder / name, None
    if source == "100 GB of nothing":
        odd.touch()
        os.truncate(odd, 100 << 30)
    elif source == "/dev/zero":
        odd.symlink_to(source)
    else:
        os.mkfifo(odd)
    if source == "pipe that never ends":
        writer = subprocess.Popen(["/bin/sh", "-c", f"exec cat /dev/zero > {odd}"])
    try:
        end = fork(folder, command, before=_bounded, seconds=25)
    finally:
        if writer:
            writer.kill()
            writer.wait()
    return outcome(f"{reader}: {source}", end, must="refuse")


WITH = ("enumerate", "with.toml", "--quiet", "--workers", "1")
READERS = {
    "study": (("enumerate", "odd.toml", "--quiet"), "odd.toml"),
    "network": (WITH, "odd.csv"),
    "component table": (WITH, "odd.npz"),
    "JSON": (("explain", "odd.json", "--study", "tiny.toml"), "odd.json"),
    "designs": (("evaluate", "odd.csv", *EVALUATE[2:]), "odd.csv"),
    "network of evaluate": ((*EVALUATE[:5], "odd.csv", "--out", "o.csv"), "odd.csv"),
    "ONNX": (("import", "odd.onnx", "--out", "o.csv"), "odd.onnx"),
}
"""By what is read: the command, and the file it reads."""


def _bounded() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))


def slow_input(trial: Trial) -> Outcome:
    """Input that is long but no more: 2 CPU s, or a refusal."""
    n = int(trial.log_uniform(20_000, 100_000))
    kind = trial.choose("values of a parameter", "columns of a CSV", "nodes of a model")
    folder = trial.begin()
    if kind == "values of a parameter":
        values = ", ".join(f"{i + 1}e-9" for i in range(n))
        text = study_text().replace("[space]", f"[space]\ncycle_s = [{values}]")
        (folder / "tiny.toml").write_text(text)
        command: tuple[str, ...] = ("explain", "d.csv:2", "--study", "tiny.toml")
    elif kind == "columns of a CSV":
        more = ",".join(f"x{i}" for i in range(n))
        (folder / "d.csv").write_text(f"{HEADER.strip()},{more}\n{ROW.strip()}{',1' * n}\n")
        command = trial.choose(EVALUATE, (*EVALUATE[:5], "d.csv", "--out", "o.csv"))
    else:
        from tests.networks.onnx_import import models as m

        nodes = [m.node("Relu", [f"t{i}"], [f"t{i + 1}"], name=f"r{i}") for i in range(n)]
        nodes.append(m.node("MatMul", [f"t{n}", "w"], ["y"]))
        proto = m.model(nodes, [m.tensor("t0", (1, 8))], [m.stored("w", (8, 8))])
        (folder / "m.onnx").write_bytes(proto.SerializeToString())
        command = ("import", "m.onnx", "--out", "o.csv")
    # Twice what is promised: a busy machine's CPU seconds are shorter than an idle one's.
    return outcome(kind, fork(folder, command), cpu=4.0)


WITH_HEADS = (
    *("Attention", "MultiHeadAttention", "GroupQueryAttention", "Attention of ONNX Runtime"),
)


def onnx_model(trial: Trial) -> Outcome:
    """A small model with absurd attributes or shapes, or damaged."""
    from tests.networks.onnx_import import models as m

    operator = trial.choose(*_models(m), *(3 * (*WITH_HEADS, "Scan")))
    nodes, inputs, stored, options = _models(m)[operator]
    proto = m.model(nodes, inputs, stored, **options)
    way = trial.choose("attribute", "attribute", "shape", "damaged")
    if way == "attribute":
        _set_attribute(trial, proto.graph.node[0])
    elif way == "shape":
        dims = trial.choose(*proto.graph.input).type.tensor_type.shape.dim
        trial.choose(*dims).dim_value = trial.choose(0, -1, 1, 7, 1 << 31, (1 << 63) - 1)
    content = proto.SerializeToString()
    if way == "damaged":
        way, content = trial.damaged(content)
    folder = trial.folder
    (folder / "m.onnx").write_bytes(content)
    end = fork(folder, ("import", "m.onnx", "--out", "o.csv"), before=_bounded, seconds=30)
    made = folder / "o.csv"
    sound = end.code != 0 or len(made.read_text().splitlines()) > 1
    whole = end.code == 0 or not made.exists()
    return outcome(f"{operator}: {way}", end, right=sound, kept=whole)


def _models(m: Any) -> dict[str, tuple[Any, Any, Any, dict[str, Any]]]:
    """Small valid models by operator, as `tests.networks.onnx_import.models.model` makes them."""
    qkv = [m.tensor(name, (2, 6, 24)) for name in "qkv"]
    ms = {"domains": ["com.microsoft"]}
    body = m.helper.make_graph(
        [m.node("MatMul", ["c", "w"], ["d"]), m.node("Identity", ["c"], ["e"])], "body",
        [m.tensor("c", (4, 8))], [m.tensor("d", (4, 5))],
    )  # fmt: skip
    return {
        "Conv": ([m.node("Conv", "xw", strides=[1, 1], pads=[0] * 4, dilations=[1, 1], group=1)],
                 [m.tensor("x", (1, 3, 9, 9))], [m.stored("w", (8, 3, 3, 3))], {}),
        "ConvTranspose": ([m.node("ConvTranspose", "xw", strides=[2, 2], group=1)],
                          [m.tensor("x", (1, 3, 9, 9))], [m.stored("w", (3, 8, 3, 3))], {}),
        "Attention": ([m.node("Attention", "qkv", q_num_heads=3, kv_num_heads=3)], qkv, [],
                      {"opset": 23}),
        "MultiHeadAttention": ([m.node("MultiHeadAttention", "qkv", domain="com.microsoft",
                                       num_heads=3)], qkv, [], ms),
        "GroupQueryAttention": ([m.node("GroupQueryAttention", "qkv", domain="com.microsoft",
                                        num_heads=3, kv_num_heads=3)], qkv, [], ms),
        "Attention of ONNX Runtime": ([m.node("Attention", "xw", domain="com.microsoft",
                                              num_heads=3, qkv_hidden_sizes=[24, 24, 24])],
                                      [m.tensor("x", (2, 6, 24))], [m.stored("w", (24, 72))], ms),
        "Scan": ([m.node("Scan", "x", body=body, num_scan_inputs=1, scan_input_axes=[0],
                         scan_output_axes=[0])], [m.tensor("x", (3, 4, 8))],
                 [m.stored("w", (8, 5))], {}),
        "LSTM": ([m.node("LSTM", "xwr", hidden_size=4)], [m.tensor("x", (5, 1, 8))],
                 [m.stored("w", (1, 16, 8)), m.stored("r", (1, 16, 4))], {}),
        "Gemm": ([m.node("Gemm", "xw", transB=0, transA=0)], [m.tensor("x", (3, 8))],
                 [m.stored("w", (8, 5))], {}),
        "Transpose": ([m.node("Transpose", "x", "t", perm=[1, 0]), m.node("MatMul", "tw")],
                      [m.tensor("x", (8, 3))], [m.stored("w", (8, 5))], {}),
        "Einsum": ([m.node("Einsum", "xw", equation="ab,bc->ac")], [m.tensor("x", (3, 8))],
                   [m.stored("w", (8, 5))], {}),
    }  # fmt: skip


def _set_attribute(trial: Trial, node: Any) -> None:
    """Give one attribute of a node an absurd value or type, or remove it."""
    numbers = [a for a in node.attribute if a.ints or a.HasField("i")]
    attribute = trial.choose(*node.attribute, *numbers, *numbers)
    number = trial.choose(0, 0, 0, -1, -7, 2, 7, 1 << 31, (1 << 63) - 1, -(1 << 63))
    if trial.happens(10) or not (attribute in numbers or attribute.HasField("s")):
        node.attribute.remove(attribute)
    elif attribute in numbers and trial.happens(10):
        attribute.CopyFrom(make_attribute(attribute.name, "many"))
    elif attribute.ints:
        attribute.ints[int(trial.rng.integers(len(attribute.ints)))] = number
        if trial.happens(4):
            del attribute.ints[0]
    elif attribute.HasField("i"):
        attribute.i = number
    else:
        attribute.s = trial.choose(b"", b"->", b"ab,bc", b"a,b,c->d", b"\xff\xfe", b"ab,bc->az")


def designs_csv(trial: Trial) -> Outcome:
    """A CSV of designs or a network's CSV, damaged: never a traceback, never half an output."""
    folder = trial.begin()
    name = trial.choose("d.csv", "first.csv")
    way, content = trial.damaged((folder / name).read_bytes())
    (folder / name).write_bytes(content)
    end = fork(folder, EVALUATE)
    return outcome(f"{name}: {way}", end, kept=end.code == 0 or not (folder / "o.csv").exists())
