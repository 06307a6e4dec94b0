"""`python -m imcmoo evaluate`: designs in, costs out, one line per error."""

import csv
import os
import signal
import subprocess
from functools import partial

import numpy as np
import pandas as pd
import pytest

from imcmoo.cli.main import main
from imcmoo.model.reference.evaluator import Evaluator
from imcmoo.networks.workloads import WorkloadSet
from imcmoo.space.restricted import restricted
from problems import RRAM
from tests import ROOT
from tests.cli.helpers import INTERRUPT, assert_fails
from tests.io.tasks import PATIENCE
from tests.reliability.commands import start

GOOD = (0.5, 3, 4e-9, 256, 512, 2, 16, 128, 65536)
TINY = (0.5, 3, 4e-9, 32, 32, 1, 4, 4, 2048)
HEADER = ",".join(RRAM.names)


def row(design):
    return ",".join(f"{value:g}" for value in design)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "designs.csv").write_text("\n".join([HEADER, row(GOOD), row(TINY)]) + "\n")
    return tmp_path


def evaluate(*extra, workloads="alexnet,resnet18"):
    options = ["--device", "rram", "--workloads", workloads, "--out", "out.csv"]
    return main(["evaluate", "designs.csv", *options, *extra])


def test_one_line_per_design_and_workload_with_the_evaluator_s_numbers(folder):
    assert evaluate() == 0
    out = pd.read_csv(folder / "out.csv")
    assert list(out.columns) == [
        *RRAM.names, "workload", "energy_J", "latency_s", "area_mm2", "feasible",
        "max_utilization_pct", "missing_cells", "missing_buffer_bits",
    ]  # fmt: skip
    assert out["workload"].tolist() == ["alexnet", "resnet18"] * 2
    assert out["feasible"].tolist() == [True, True, False, False]
    levels = RRAM.encode({n: np.array([v]) for n, v in zip(RRAM.names, GOOD, strict=True)})
    metrics = Evaluator(RRAM, WorkloadSet.load(["alexnet", "resnet18"])).evaluate(levels)
    good, tiny = out.iloc[:2], out.iloc[2:]
    assert good["energy_J"].to_numpy() == pytest.approx(metrics.energy_J[0], rel=1e-14, abs=0)
    assert good["latency_s"].to_numpy() == pytest.approx(metrics.latency_s[0], rel=1e-14, abs=0)
    assert good["area_mm2"].iloc[0] == pytest.approx(metrics.area_m2[0] * 1e6, rel=1e-15, abs=0)
    assert tiny[["energy_J", "latency_s", "max_utilization_pct"]].isna().all(axis=None)
    assert (tiny["missing_cells"] > 0).all()
    assert (tiny["area_mm2"] > 0).all()


def test_values_beyond_the_shipped_space_are_costed_as_a_study_costs_them(folder):
    """A study may choose among any values that the component table covers."""
    designs = [(0.8, *GOOD[1:]), (0.9, *GOOD[1:]), (0.5, *GOOD[1:6], 12, *GOOD[7:])]
    space = restricted(RRAM, {"voltage_V": [0.5, 0.8, 0.9], "tiles_per_group": [12, 16]}, name="x")
    (folder / "designs.csv").write_text("\n".join([HEADER, *map(row, designs)]) + "\n")
    assert evaluate(workloads="alexnet") == 0
    out = pd.read_csv(folder / "out.csv")
    columns = zip(space.names, np.array(designs).T, strict=True)
    metrics = Evaluator(space, WorkloadSet.load(["alexnet"])).evaluate(space.encode(dict(columns)))
    assert out["energy_J"].to_numpy() == pytest.approx(metrics.energy_J[:, 0], rel=1e-14, abs=0)
    assert out["voltage_V"].tolist() == [0.8, 0.9, 0.5]


def test_why_networks_do_not_run_is_said_with_numbers(folder, capsys):
    assert evaluate() == 0
    out = pd.read_csv(folder / "out.csv")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    for line, (_, failed) in zip(lines, out.iloc[2:].iterrows(), strict=True):
        start = f"{failed['workload']}: 1 of 2 designs do not run it; design 2 needs "
        assert line.startswith(f"{start}{failed['missing_cells'] / 1e6:.3g} M more cells")
    assert evaluate("--quiet", workloads="alexnet,gpt2_medium_onnx") == 0
    assert capsys.readouterr().err == ""


def test_breakdown_adds_up_to_the_energies(folder):
    assert evaluate("--breakdown", "breakdown.csv", "--rounding", "reference") == 0
    out = pd.read_csv(folder / "out.csv")
    parts = pd.read_csv(folder / "breakdown.csv")
    assert list(parts.columns) == [
        *RRAM.names, "workload", "layer", "component", "energy_J", "cycles"
    ]  # fmt: skip
    good = parts[parts["rows"] == 256]
    sums = good.groupby("workload", sort=False)["energy_J"].sum()
    assert sums.to_numpy() == pytest.approx(out["energy_J"][:2].to_numpy(), rel=1e-12, abs=0)
    layers = good.drop_duplicates(["workload", "layer"])
    latency = layers.groupby("workload", sort=False)["cycles"].sum() * GOOD[2]
    assert latency.to_numpy() == pytest.approx(out["latency_s"][:2].to_numpy(), rel=1e-12, abs=0)


def test_paths_of_networks_are_taken_and_other_columns_order_and_blank_lines_do_not_matter(folder):
    names = ["label", *reversed(RRAM.names), "technology_nm", "device"]
    values = ["a, b", *reversed(GOOD), 32, "rram"]
    with (folder / "designs.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([names, [], values, []])
    shipped = ROOT / "imcmoo" / "networks" / "tables" / "alexnet.csv"
    (folder / "own.csv").write_bytes(shipped.read_bytes())
    assert evaluate(workloads="alexnet,./own.csv") == 0
    out = pd.read_csv(folder / "out.csv")
    assert out[RRAM.names].to_numpy().tolist() == [list(GOOD)] * 2
    assert out["workload"].tolist() == ["alexnet", "own"]
    assert out["energy_J"].nunique() == 1


def test_many_designs_keep_their_order_across_chunks(folder, monkeypatch):
    monkeypatch.setattr("imcmoo.cli.evaluate_command.DESIGNS_PER_CHUNK", 7)
    levels = RRAM.random(30, np.random.default_rng(0))
    values = pd.DataFrame({n: v for n, v in RRAM.decode(levels).items() if n in RRAM.names})
    values.to_csv(folder / "designs.csv", index=False)
    assert evaluate() == 0
    out = pd.read_csv(folder / "out.csv")
    assert len(out) == 60
    assert (out[RRAM.names][::2].to_numpy() == values.to_numpy()).all()


def changed(name, value):
    """The good design with one value replaced by a text."""
    texts = row(GOOD).split(",")
    texts[RRAM.names.index(name)] = value
    return f"{HEADER}\n{row(GOOD)}\n{','.join(texts)}\n"


MALFORMED = {
    "": "designs.csv: empty",
    f"{HEADER}\n": "designs.csv: a header but no designs",
    "rows,cols\n32,32\n": "designs.csv, line 1: no column voltage_V, bits_per_cell",
    f"{HEADER},rows\n{row(GOOD)},1\n": "designs.csv, line 1: column rows is there twice",
    f"{HEADER}\n{row(GOOD)}\n0.5,3\n": "designs.csv, line 3, column cycle_s: no value",
    f"{HEADER}\n{row(GOOD)},7\n": "designs.csv, line 2: 10 values for 9 columns",
    f'{HEADER}\n{row(GOOD)}\n"0.5\n': "designs.csv, line 3: malformed",
    changed("rows", "many"): "designs.csv, line 3, column rows: 'many' is not a number",
    changed("rows", "١٢٨"): "designs.csv, line 3, column rows: '١٢٨' is not a number",
    changed("rows", ""): "designs.csv, line 3, column rows: no value",
    changed("rows", "100"): "designs.csv, line 3, column rows = 100 is not in the space; "
    "allowed: 32, 64, 128, 256, 512",
    changed("voltage_V", "nan"): "designs.csv, line 3, column voltage_V = nan is not in the space",
    f"{HEADER},technology_nm\n{row(GOOD)},22\n": "designs.csv, line 2, column technology_nm: 22, "
    "but this space is for 32 only",
    b"\xff\xfe\x00": "designs.csv: not a UTF-8 text file",
}


@pytest.mark.parametrize(("content", "message"), MALFORMED.items(), ids=list(MALFORMED.values()))
def test_bad_designs_are_one_clear_line(folder, capsys, content, message):
    data = content if isinstance(content, bytes) else content.encode()
    (folder / "designs.csv").write_bytes(data)
    assert_fails(folder, capsys, message, evaluate)


CALLS = {
    "unknown workload 'resnet19'": ["--workloads", "alexnet,resnet19"],
    "two workloads are called 'alexnet' in alexnet, alexnet": ["--workloads", "alexnet,alexnet"],
    "missing/out.csv: No such file or directory": ["--out", "missing/out.csv"],
    ": Is a directory": ["--out", "."],
    "--out and --breakdown are the same file": ["--breakdown", "./out.csv"],
}


@pytest.mark.parametrize(("message", "options"), CALLS.items(), ids=list(CALLS))
def test_bad_calls_are_one_clear_line(folder, capsys, message, options):
    assert_fails(folder, capsys, message, lambda: evaluate(*options))


def test_designs_that_are_not_there_are_named(folder, capsys):
    (folder / "designs.csv").unlink()
    assert_fails(folder, capsys, "designs.csv: No such file or directory", evaluate)


SLOW = """
import time
from imcmoo.cli.evaluate_command import ReferenceEvaluation
def slow(self, rows):
    print("evaluating", flush=True)
    time.sleep(60)
ReferenceEvaluation.costs = slow
"""


def begun(folder, limit):
    """A process that is in the middle of an evaluation."""
    options = ["designs.csv", "--device", "rram", "--workloads", "alexnet", "--out", "out.csv"]
    process = start(folder, ["evaluate", *options], before=SLOW, limit=limit)
    assert process.stdout.readline() == "evaluating\n"
    return process


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="this system has no SIGHUP")
@pytest.mark.parametrize("how", ["SIGHUP", "SIGTERM"])
def test_a_signal_to_end_leaves_no_file(folder, how):
    # Tests may run under nohup, which hands an ignored SIGHUP on.
    heeding = partial(signal.signal, getattr(signal, how), signal.SIG_DFL)
    with begun(folder, heeding) as process:
        process.send_signal(getattr(signal, how))
        assert process.wait(PATIENCE) == 128 + getattr(signal, how)
    assert os.listdir(folder) == ["designs.csv"]


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="this system has no SIGHUP")
def test_a_hangup_that_is_ignored_stays_so(folder):
    """`nohup` starts commands so."""
    ignoring = partial(signal.signal, signal.SIGHUP, signal.SIG_IGN)
    with begun(folder, ignoring) as process:
        process.send_signal(signal.SIGHUP)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1)
        process.kill()


def test_ctrl_c_is_one_line(folder, monkeypatch, capsys):
    monkeypatch.setattr(Evaluator, "evaluate", INTERRUPT)
    assert evaluate() == 130
    assert capsys.readouterr().err == "imcmoo evaluate: interrupted; no file was written\n"
    assert os.listdir(folder) == ["designs.csv"]
