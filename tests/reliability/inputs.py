"""Classes of trials on what a command reads: caches, data, models, studies and functions.

Each command runs in a child of this process, which has loaded the packages already.
"""

from __future__ import annotations

import io
import os
import resource
import shutil
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tests.networks.accuracy_data import sram_study
from tests.reliability.commands import (
    FINE,
    REFUSED,
    SILENT,
    TRACEBACK,
    End,
    Outcome,
    outcome,
    wait,
)
from tests.reliability.drawn import LAYERS, Trial, kept, tree

SECONDS = 60.0
"""Wall time of a command."""
MEMORY = 6 << 30
"""Bytes of address space of a command: more than twice what the packages reserve."""
CHIP = "rows=32,active_rows=32,bits_per_cell=1,input_slice_bits=1,adc_bits=5"
PREDICTED = ("accuracy", "net.onnx", "--data", "data.npz", "--metric", "agreement", "--how",
             "linear", "--device", "sram", "--design", CHIP, "--out", "out.csv", "--quiet",
             "--force")  # fmt: skip
LINEAR = (*PREDICTED, "--accuracy-data", "net.accuracy.npz")
EXECUTED = (*(word if word != "linear" else "exact" for word in PREDICTED), "--chips", "1")
ENUMERATED = ("enumerate", "accurate.toml", "--quiet", "--workers", "1")


def run_here(folder: Path, arguments: Sequence[str], *, cached: str = "cache") -> End:
    """Run a command in a child of this process, in a folder, within `SECONDS` and `MEMORY`."""
    files = [folder / ".stdout", folder / ".stderr"]
    child = os.fork()
    if not child:
        code = 1
        try:
            code = _command(folder, arguments, files, cached)
        finally:
            os._exit(code)
    code = wait(child, SECONDS)
    output = [file.read_text(errors="replace") if file.exists() else "" for file in files]
    for file in files:
        file.unlink(missing_ok=True)
    return End(arguments, code, *output)


def _command(folder: Path, arguments: Sequence[str], files: Sequence[Path], cached: str) -> int:
    """Run the command in the child; returns the exit code of the command."""
    os.setsid()
    for number, file in enumerate(files, start=1):
        os.dup2(os.open(file, os.O_CREAT | os.O_WRONLY | os.O_TRUNC), number)
    sys.stdout, sys.stderr = (open(n, "w", closefd=False) for n in (1, 2))  # noqa: SIM115
    os.chdir(folder)
    os.environ["IMCMOO_CACHE"] = str(folder / cached)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    sys.path.insert(0, str(folder))
    try:
        from imcmoo.cli.main import main

        return main([*arguments])
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else 1
    except BaseException:
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def prepare(ready: Path) -> None:
    """Make the folder `accurate`: a network with data, its table, and what commands make of it."""
    from tests.networks.onnx_import import models as m

    folder = ready / "accurate"
    folder.mkdir()
    rng = np.random.default_rng(0)
    weights = [m.stored("w", (16, 12), np.float32), m.stored("v", (12, 4), np.float32, seed=1)]
    nodes = [m.node("MatMul", "xw", ["h"], "first"), m.node("Relu", ["h"], ["r"]),
             m.node("MatMul", "rv", ["y"], "second")]  # fmt: skip
    proto = m.model(nodes, [m.tensor("x", ("n", 16))], weights)
    (folder / "net.onnx").write_bytes(proto.SerializeToString())
    np.savez(folder / "data.npz", x=rng.normal(size=(280, 16)).astype(np.float32),
             labels=rng.integers(4, size=280))  # fmt: skip
    keys = 'accuracy = "net.accuracy.npz"', "max_accuracy_drop = 0.5"
    (folder / "accurate.toml").write_text(sram_study("accurate", "net.csv", *keys))
    imported = ("import", "net.onnx", "--dim", "n=1", "--data", "data.npz", "--metric",
                "agreement", "--out", "net.csv")  # fmt: skip
    for command, name in ((imported, ""), (ENUMERATED, ""), (LINEAR, "linear.csv"),
                          (EXECUTED, "executed.csv")):  # fmt: skip
        end = run_here(folder, command)
        if end.returncode:
            raise RuntimeError(f"{' '.join(command)}: {end.stderr}")
        if name:
            (folder / "out.csv").rename(folder / name)


def _array(values: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, values)
    return stream.getvalue()


def _claiming(values: np.ndarray) -> bytes:
    """An array whose header claims 10^12 numbers."""
    shape = str(values.shape)
    return _array(values).replace(shape.encode(), b"(1000000000000,)"[: len(shape)], 1)


def _numbers(trial: Trial, path: Path) -> tuple[str, bytes]:
    """Content of a cached file with other numbers in its own form, as far as it is one of NumPy."""
    values = np.full((2, 2), 0.01)
    content = path.read_bytes()
    at = content.find(b"\x93NUMPY")
    head = content[: max(at, 0)]
    if at >= 0:
        try:
            values = np.load(io.BytesIO(content[at:]), allow_pickle=False)
        except ValueError:
            return "noise", content[::-1]
    ways: dict[str, Callable[[], bytes]] = {
        "zeros": lambda: _array(values * 0),
        "times a million": lambda: _array(values * 1e6),
        "a bit more": lambda: _array(values * 1.01),
        "not a number": lambda: _array(values * np.nan),
        "whole numbers": lambda: _array(values.astype(np.int64)),
        "more layers": lambda: _array(np.concatenate([values, values])),
        "10^12 claimed": lambda: _claiming(values),
        "empty": lambda: b"",
    }
    way = trial.choose(*ways)
    return way, head + ways[way]()


def noise_cache(trial: Trial) -> Outcome:
    """A cached file of noise that is damaged, foreign or no file: worked out again."""
    folder = trial.begin("accurate")
    files = sorted(path for path in (folder / "cache").rglob("*") if path.is_file())
    another = trial.choose(*files).read_bytes()
    for path in files if trial.happens(2) else [trial.choose(*files)]:
        way = _spoilt(trial, path, another)
    end = run_here(folder, LINEAR)
    right = end.returncode == 0 and _same(folder, "out.csv", "linear.csv")
    return outcome(way, end, right=right, must="work")


def _spoilt(trial: Trial, path: Path, another: bytes) -> str:
    """Replace a file by something else; returns the way."""
    kind = trial.choose("numbers", "numbers", "bytes", "bytes", "fifo", "folder", "zero", "swap")
    way, content = kind, b""
    if kind == "numbers":
        way, content = _numbers(trial, path)
    elif kind == "bytes":
        way, content = trial.damaged(path.read_bytes())
    elif kind == "swap":
        content = another
    path.unlink()
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "zero":
        path.symlink_to("/dev/zero")
    else:
        path.write_bytes(content)
    return way


def _same(folder: Path, *names: str) -> bool:
    """True if both files are there and have the same content."""
    first, second = (folder / name for name in names)
    return first.is_file() and first.read_bytes() == second.read_bytes()


def _forged(trial: Trial, path: Path) -> str:
    """Change an array of a file as only a forger would; returns the way."""
    with np.load(path, allow_pickle=False) as stored:
        arrays = dict(stored)
    name = trial.choose(*arrays)
    values = arrays[name]
    numbers = values.dtype.kind in "fiu"
    ways: dict[str, Callable[[], Any]] = {
        "without": lambda: None,
        "cut": lambda: values[:-1] if values.ndim else values[None],
        "doubled": lambda: np.concatenate([values, values]) if values.ndim else values,
        "text": lambda: np.array(["x"] * 3),
        "complex": lambda: np.ones(values.shape, complex),
        "other shape": lambda: values[None],
    }
    if numbers:
        ways |= {
            "negative": lambda: -np.abs(values) - 1,
            "times 1.1": lambda: values * 1.1,
            "not a number": lambda: values * np.nan,
            "infinite": lambda: values + np.inf,
            "zeros": lambda: values * 0,
            "reversed": lambda: values[::-1],
            "beyond 1": lambda: values + 1.5,
        }
    way = trial.choose(*ways)
    with np.errstate(all="ignore"):
        changed = ways[way]()
    if changed is None:
        del arrays[name]
    else:
        arrays[name] = changed
    with path.open("wb") as stream:
        np.savez(stream, **arrays)
    return f"{name.partition('/')[0]}: {way}"


def accuracy_data(trial: Trial) -> Outcome:
    """Damaged or forged accuracy data, or a table that lacks a layer: refused, or no change."""
    folder = trial.begin("accurate")
    path, command = folder / "net.accuracy.npz", trial.choose(LINEAR, ENUMERATED)
    way = trial.choose("forged", "forged", "forged", "damaged", "table")
    if way == "table":
        command, table = ENUMERATED, folder / "net.csv"
        *lines, _ = table.read_text().splitlines(keepends=True)
        table.write_text("".join(lines))
    elif way == "damaged":
        way, content = trial.damaged(path.read_bytes())
        path.write_bytes(content)
    else:
        way = _forged(trial, path)
    answer = "results/enumerated/accurate"
    if command == ENUMERATED:
        shutil.rmtree(folder / "results")
    before = tree(folder)
    end = run_here(folder, command)
    if end.returncode or command == LINEAR:
        right = _same(folder, "out.csv", "linear.csv")
    else:
        # Bytes between the arrays change no number, but the digest of the file in config.json.
        now, then = (tree(place / answer) for place in (folder, trial.ready / "accurate"))
        differing = {name for name in {*now, *then} if now.get(name) != then.get(name)}
        right = differing <= {"config.json", "SHA256SUMS"}
    must = "refuse" if command == ENUMERATED and way == "table" else ""
    return outcome(way, end, right=right, kept=end.returncode == 0 or kept(before, folder),
                   must=must)  # fmt: skip


def accuracy_model(trial: Trial) -> Outcome:
    """A network that no score can be had of, or a damaged one: refused, or a finite score."""
    folder = trial.begin("accurate")
    path = folder / "net.onnx"
    ways = {"NaN weights": True, "0/0": True, "log of 0": True, "random node": True,
            "endless loop": True, "float16": False, "weights beside": False,
            "weights beside, missing": True, "bits flipped": False}  # fmt: skip
    way = trial.choose(*ways, "bits flipped", "bits flipped")
    if way == "bits flipped":
        way, content = trial.damaged(path.read_bytes())
        path.write_bytes(content)
    else:
        _made_odd(trial, path, way)
    end = run_here(folder, EXECUTED)
    right = end.returncode == 0 and _finite(folder / "out.csv")
    if way == "weights beside":
        right = right and _scores_equal(folder)
    return outcome(way, end, right=right, must="refuse" if ways.get(way) else "")


def _made_odd(trial: Trial, path: Path, way: str) -> None:
    """Write the network with one peculiarity over the model at `path`."""
    import onnx
    from onnx import numpy_helper

    from tests.networks.onnx_import import models as m

    proto = onnx.load(path)
    graph = proto.graph
    first = graph.node[0]
    if way == "NaN weights":
        weights = numpy_helper.to_array(graph.initializer[0]).copy()
        weights.flat[int(trial.rng.integers(weights.size))] = np.nan
        graph.initializer[0].CopyFrom(numpy_helper.from_array(weights, "w"))
    elif way == "float16":
        for stored in graph.initializer:
            array = numpy_helper.to_array(stored).astype(np.float16)
            stored.CopyFrom(numpy_helper.from_array(array, stored.name))
        graph.input[0].type.tensor_type.elem_type = onnx.TensorProto.FLOAT16
        graph.output[0].type.tensor_type.elem_type = onnx.TensorProto.FLOAT16
    elif way.startswith("weights beside"):
        onnx.save_model(proto, path, save_as_external_data=True, location="net.data",
                        size_threshold=0)  # fmt: skip
        if way.endswith("missing"):
            (path.parent / "net.data").unlink()
        return
    else:
        first.output[0] = "odd"
        graph.node.extend(_odd_nodes(m, graph, way))
        order = [first, *list(graph.node)[3:], *list(graph.node)[1:3]]
        del graph.node[:]
        graph.node.extend(order)
    path.write_bytes(proto.SerializeToString())


def _odd_nodes(m: Any, graph: Any, way: str) -> list[Any]:
    """Nodes from "odd" to "h" whose result is not finite, not the same twice, or never there."""
    if way == "0/0":
        return [m.node("Sub", ["odd", "odd"], ["nil"], "nil"),
                m.node("Div", ["nil", "nil"], ["h"], "ratio")]  # fmt: skip
    if way == "log of 0":
        # Of minus infinity, which Relu makes 0, a network has a score.
        return [m.node("Sub", ["odd", "odd"], ["nil"], "nil"),
                m.node("Log", ["nil"], ["low"], "log"),
                m.node("Neg", ["low"], ["h"], "high")]  # fmt: skip
    if way == "random node":
        return [m.node("RandomNormalLike", ["odd"], ["noise"], "noise"),
                m.node("Add", ["odd", "noise"], ["h"], "sum")]  # fmt: skip
    graph.initializer.extend(
        [m.exactly("times", np.iinfo(np.int64).max), m.exactly("go", True, bool)]
    )
    body = m.graph_of([m.node("Identity", ["keep"], ["kept"]), m.node("Tanh", ["in"], ["out"])],
                      outputs=(), inputs=())  # fmt: skip
    body.input.extend([m.tensor("i", (), m.INT64), m.tensor("keep", (), 9), m.tensor("in", None)])
    body.output.extend([m.tensor("kept", (), 9), m.tensor("out", None)])
    return [m.node("Loop", ["times", "go", "odd"], ["h"], "loop", body=body)]


def _finite(path: Path) -> bool:
    import pandas as pd

    table = pd.read_csv(path)
    return bool(table["accuracy"].between(0, 1).all())


def _scores_equal(folder: Path) -> bool:
    import pandas as pd

    names = ["float", "integer", "accuracy"]
    tables = [pd.read_csv(folder / name)[names] for name in ("out.csv", "executed.csv")]
    return bool(tables[0].equals(tables[1]))


def benchmark_file(trial: Trial) -> Outcome:
    """A shipped front that is damaged, forged or of another problem: refused, or no change."""
    from imcmoo import benchmark
    from imcmoo.benchmark import truth

    names = ("four_workload_rram-v1", "rram/resnet18+mobilenet_v3/800mm2-v1")
    names = tuple(n for n in names if truth.truth_path(n).is_file()) or names[:1]
    name = trial.choose(*names)
    shipped = truth.FOLDER
    right = benchmark.get(name).pareto_front()
    folder = trial.folder / "answers"
    folder.mkdir()
    path = folder / truth.truth_path(name).name
    shutil.copy(truth.truth_path(name), path)
    kind = trial.choose("forged", "forged", "damaged", "of another problem", "changed in place")
    if kind == "of another problem":
        others = sorted(p for p in shipped.glob("*rram*.npz") if p.name != path.name)
        shutil.copy(trial.choose(*others), path)
    elif kind == "damaged":
        kind, content = trial.damaged(path.read_bytes())
        path.write_bytes(content)
    elif kind == "forged":
        kind = _forged(trial, path)
    truth.FOLDER = folder
    try:
        return _front_read(kind, name, right)
    finally:
        truth.FOLDER = shipped


def _front_read(kind: str, name: str, right: np.ndarray) -> Outcome:
    """Ask the problem of a name for its front, and judge the answer."""
    from imcmoo import benchmark
    from imcmoo.io.errors import InputError

    try:
        problem = benchmark.get(name)
        front = problem.pareto_front()
        if kind == "changed in place":
            with np.errstate(all="ignore"):
                try:
                    front *= 0.5
                except ValueError:  # read only
                    return Outcome(kind, FINE)
            front = problem.pareto_front()
    except InputError as error:
        return Outcome(kind, REFUSED, str(error))
    except Exception:
        return Outcome(kind, TRACEBACK, traceback.format_exc())
    same = front is not None and np.array_equal(front, right)
    return Outcome(kind, FINE if same else SILENT)


FEW = """name = "few"
model = "{model}"
device = "rram"
budget = 40
[space]
{lists}
[[networks]]
source = "first.csv"
[[networks]]
source = "second.csv"
"""
FIXED = {
    "reference": {"voltage_V": [0.5, 0.6], "bits_per_cell": [8, 4], "cycle_s": [1e-9, 2e-9],
                  "rows": [512, 256], "cols": [64, 32], "router_groups": [8, 4],
                  "tiles_per_group": [16, 8], "macros_per_tile": [64, 32],
                  "glb_depth": [4096, 8192]},
}  # fmt: skip
"""By model, for each parameter, the value that is fixed and another."""
FEW_COMMANDS = (
    ("run", "few.toml", "--quiet"),
    ("enumerate", "few.toml", "--quiet", "--workers", "1"),
    ("certify", "few.toml", "--quiet"),
    ("explain", "results/few/seed-1"),
    ("report", "results/few/seed-1"),
)


def few_parameters(trial: Trial) -> Outcome:
    """A study with one free parameter or none: every command answers."""
    folder = trial.begin()
    values = FIXED["reference"]
    free = () if trial.happens(2) else (trial.choose(*values),)
    lists = "".join(f"{k} = {v if k in free else v[0]}\n" for k, v in values.items())
    (folder / "few.toml").write_text(FEW.format(model="reference", lists=lists))
    case = "one free parameter" if free else "no free parameter"
    commands = (
        FEW_COMMANDS[1:3] if trial.happens(3) else (FEW_COMMANDS[0], trial.choose(*FEW_COMMANDS))
    )
    if commands[-1][0] in ("explain", "report") and commands[0][0] != "run":
        commands = (FEW_COMMANDS[0], commands[-1])
    for command in commands:
        end = run_here(folder, command)
        result = outcome(f"{command[0]}: {case}", end, must="work")
        if result.ended != FINE:
            break
    return result


def equal_networks(trial: Trial) -> Outcome:
    """Hundreds of networks of equal layers: within the memory of one computer."""
    folder = trial.begin()
    n = int(trial.rng.integers(100, 400))
    names = [f"net_{i}" for i in range(n)]
    for name in names:
        (folder / f"{name}.csv").write_text(LAYERS)
    text = (folder / "tiny.toml").read_text().partition("[[networks]]")[0]
    text = text.replace('name = "tiny"', 'name = "equal"')
    networks = "".join(f'[[networks]]\nsource = "{name}.csv"\n' for name in names)
    (folder / "equal.toml").write_text(text + networks)
    command = trial.choose(
        ("enumerate", "equal.toml", "--quiet", "--workers", "1"),
        ("run", "equal.toml", "--quiet", "--no-baselines", "--budget", "40"),
    )
    return outcome(command[0], run_here(folder, command), must="work")


FUNCTIONS = (
    "os:system", "math:sqrt", "builtins:exec", "builtins:eval", "builtins:print", "builtins:len",
    "builtins:open", "builtins:input", "builtins:exit", "builtins:max", "builtins:dict",
    "numpy:array", "numpy:sum", "numpy:zeros", "numpy:load", "numpy:random", "numpy.linalg:norm",
    "json:dumps", "json:load", "subprocess:run", "subprocess:Popen", "sys:exit", "sys:path",
    "sys:setrecursionlimit", "operator:mul", "operator:itemgetter", "functools:partial",
    "functools:reduce", "pathlib:Path", "shutil:rmtree", "os:abort", "os:fork", "os:kill",
    "time:sleep", "threading:Thread", "socket:socket", "importlib:reload", "re:compile",
    "itertools:count", "collections:Counter", "string:Template", "random:random", "gc:collect",
    "pandas:DataFrame", "scipy.stats:norm", "this:s", "antigravity:fly", "imcmoo:Study",
    "imcmoo.version:__version__", "nothing:there", "numpy:", ":sum", "a:b:c", "os.path:join",
    "ctypes:memset", "signal:pause", "select:select", "code:interact", "tests:ROOT",
)  # fmt: skip
"""Functions of other people that are no scores, and words that are no functions."""


def hostile_score(trial: Trial) -> Outcome:
    """A score that is any function: refused in one line, soon, and nothing is done."""
    folder = trial.begin()
    function, key = trial.choose(*FUNCTIONS), trial.choose("score", "criterion", "model")
    text = (folder / "tiny.toml").read_text()
    top, space = text.partition("[space]")[::2]
    if key == "score":
        networks = space.partition("[[networks]]")
        space = f'{networks[0]}[score]\nfunction = "{function}"\n{"".join(networks[1:])}'
    else:
        top += f'{key} = "{function}"\n'
    (folder / "tiny.toml").write_text(f"{top}[space]{space}")
    before = tree(folder)
    command = trial.choose(
        ("run", "tiny.toml", "--budget", "20", "--no-baselines", "--quiet"),
        ("enumerate", "tiny.toml", "--quiet", "--workers", "1"),
    )
    end = run_here(folder, command)
    return outcome(f"{key} = {function}", end, kept=kept(before, folder), must="refuse")
