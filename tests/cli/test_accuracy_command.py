"""`python -m imcmoo accuracy`: networks on simulated chips."""

import builtins
import contextlib
import io
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.extras import needs

needs("accuracy", "onnxruntime")
needs("dev", "sklearn")

from imcmoo.cli.main import main
from imcmoo.networks.accuracy_data import AccuracyData
from imcmoo.networks.workloads import Workload
from tests.cli.helpers import refused
from tests.networks.accuracy_data import DATA

GOOD = "rows=128,active_rows=64,bits_per_cell=1,input_slice_bits=1,adc_bits=8"
POOR = "rows=128,active_rows=128,bits_per_cell=1,input_slice_bits=8,adc_bits=2"


SRAM = ["--design", GOOD, "--device", "sram"]


@pytest.fixture
def command(digits, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return ["accuracy", str(digits[0]), "--data", str(digits[1]), "--samples", "200", "--quiet"]


@pytest.fixture
def one(command):
    """Runs the command with further options; returns the first row that it writes."""

    def run(*options):
        assert main([*command, *options, "--out", "out.csv"]) == 0
        return pd.read_csv("out.csv").iloc[0]

    return run


def test_a_good_chip_keeps_the_accuracy_and_a_poor_one_loses_it(one):
    good = one(*SRAM, "--chips", "2")
    assert good.float > 0.9
    assert good.integer == pytest.approx(good.float, abs=0.02)
    assert good.accuracy == pytest.approx(good.integer, abs=0.01)
    assert good.accuracy_low < good.accuracy < good.accuracy_high
    assert good["yield"] == 1
    poor = one("--design", POOR, "--device", "sram", "--chips", "2")
    assert poor.accuracy < good.accuracy - 0.2
    assert poor["yield"] == 0
    assert poor.snr_adc_dB < 10 < good.snr_adc_dB
    assert poor.worst_layer in ("hidden", "classes")


def test_a_digital_chip_is_as_accurate_as_the_integers(one, command, capsys):
    design = "rows=128,active_rows=64,input_slice_bits=2"
    row = one("--design", design, "--device", "dimc", "--chips", "2")
    assert row.accuracy == row.integer
    assert row.chip_min == row.integer
    assert np.isinf(row.snr_adc_dB)
    other = one("--design", design, "--device", "dimc", "--how", "linear", "--force")
    assert other.accuracy == pytest.approx(row.integer, abs=0.02)
    analog = {"--sigma": 0.01, "--stuck-share": 0.01, "--read-sigma": 0.01, "--redundancy": 2}
    for option, value in (analog | {"--adc-window": "range"}).items():
        options = [*command, "--design", design, "--device", "dimc", option, str(value)]
        assert f"{option}: sums of dimc are exact" in refused(capsys, *options)
    options = [*command, "--design", f"{design},adc_bits=6", "--device", "dimc"]
    assert "adc_bits, design 0: 6 is given, must be 1 for DIMC" in refused(capsys, *options)


def test_designs_of_a_file_a_run_and_a_json_object(one, tmp_path):
    design = dict(part.split("=") for part in GOOD.split(","))
    frame = pd.DataFrame([design, design | {"adc_bits": 2}])
    frame.assign(device="rram", weight_coding="differential").to_csv("designs.csv", index=False)
    one("--designs", "designs.csv", "--chips", "1")
    table = pd.read_csv("out.csv")
    assert table.design.tolist() == [0, 1]
    assert table.adc_bits.tolist() == [8, 2]
    assert table.differential.all()
    assert (table.sigma == 0.043).all()
    assert table.accuracy[0] > table.accuracy[1]
    (tmp_path / "run").mkdir()
    chosen = {name: int(value) for name, value in design.items()}
    chosen |= {"device": "rram", "weight_coding": "differential"}
    (tmp_path / "run/design.json").write_text(json.dumps({"design": chosen}))
    (tmp_path / "mine.json").write_text(json.dumps(chosen))
    for where in ("run", "run/design.json", "mine.json"):
        assert one("--designs", where, "--chips", "1").accuracy == table.accuracy[0]


def test_the_lines_of_one_device_are_taken_and_equal_chips_executed_once(one, command, capsys):
    design = dict(part.split("=") for part in GOOD.split(","))
    poor = design | {"adc_bits": 2}
    frame = pd.DataFrame([design, design, poor, design])
    frame.assign(device=["rram", "sram", "sram", "sram"]).to_csv("designs.csv", index=False)
    one("--designs", "designs.csv", "--device", "sram", "--chips", "1")
    table = pd.read_csv("out.csv")
    assert table.design.tolist() == [1, 2, 3]
    assert table.adc_bits.tolist() == [8, 2, 8]
    assert table.accuracy[0] == table.accuracy[2] > table.accuracy[1]
    assert "choose with --device" in refused(capsys, *command, "--designs", "designs.csv")
    frame.assign(device="sram").to_csv("designs.csv", index=False)
    options = ["--designs", "designs.csv", "--device", "rram"]
    assert "no line has device rram, only sram" in refused(capsys, *command, *options)


def test_what_ran_on_the_chip_is_in_the_table_and_on_the_terminal(one, capsys):
    row = one(*SRAM, "--chips", "1")
    assert (row.weights_on_chip, row.macs_on_chip) == (1, 1)
    said = "on arrays: 100.0% of the weights and 100.0% of the multiply-accumulates"
    assert said in capsys.readouterr().out


def test_noise_of_adcs_is_that_of_the_option_else_of_the_design(one):
    quiet = one(*SRAM, "--chips", "1")
    assert quiet.adc_noise == 10
    of_design = one("--design", GOOD + ",adc_noise=100", "--device", "sram", "--chips", "1")
    assert of_design.adc_noise == 100
    assert of_design.snr_adc_dB < quiet.snr_adc_dB - 10
    options = ["--design", GOOD + ",adc_noise=7", "--device", "sram", "--adc-noise", "100"]
    assert one(*options, "--chips", "1").equals(of_design)


def test_stuck_cells_and_noise_of_reads_cost_accuracy(one):
    sound = one(*SRAM, "--chips", "1")
    assert (sound.read_sigma, sound.stuck_share) == (0, 0)
    for option, value in (("read-sigma", 0.3), ("stuck-share", 0.1)):
        faulty = one(*SRAM, "--chips", "1", f"--{option}", str(value))
        assert faulty[option.replace("-", "_")] == value
        assert faulty.nsr_out_dB > sound.nsr_out_dB + 10


@pytest.fixture(scope="module")
def measured(digits, tmp_path_factory):
    """A network's table with its accuracy data beside it, and what the import said."""
    folder, said = tmp_path_factory.mktemp("measured"), io.StringIO()
    options = ["--dim", "n=1", "--data", str(digits[1]), "--out", str(folder / "mine.csv")]
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stderr(said):
        patch.setenv("IMCMOO_CACHE", str(folder / "cache"))
        assert main(["import", str(digits[0]), *options]) == 0
    return folder / "mine.csv", folder / "mine.accuracy.npz", said.getvalue()


def test_a_prediction_agrees_with_exact_execution(command, one, measured):
    options = ["--design", GOOD.replace("adc_bits=8", "adc_bits=5"), "--device", "rram"]
    options += ["--chips", "2"]
    del command[4:6]
    exact = one(*options)
    predicted = one(*options, "--how", "linear", "--accuracy-data", str(measured[1]))
    assert predicted.how == "linear"
    assert predicted.accuracy == pytest.approx(exact.accuracy, abs=0.08)


def test_import_with_data_adds_columns_that_are_read_and_written_again(measured, tmp_path):
    table, data, said = measured
    scores = AccuracyData.read(data)
    text = f"score {scores.float_score:.4g} in float, {scores.rounded[8, 8]:.4g} on integers"
    assert text in " ".join(said.split())
    lines = pd.read_csv(table, comment="#")
    assert (lines.gain_white > 0).all()
    assert (lines.gain_static > 0).all()
    assert lines.input_signed.tolist() == [0, 0]
    assert lines.input_peak[0] == 1
    with (tmp_path / "again.csv").open("w", newline="") as stream:
        Workload.read_csv(table).write_csv(stream)
    assert (tmp_path / "again.csv").read_bytes() == table.read_bytes()


def test_accuracy_data_of_another_network_or_measured_otherwise_are_refused(
    command, measured, tmp_path, capsys
):
    table, data, _ = measured
    with np.load(command[3]) as arrays:
        np.savez("fewer.npz", **{name: values[:300] for name, values in arrays.items()})
    del command[4:6]
    options = [*SRAM, "--how", "linear", "--accuracy-data"]
    refused(capsys, *command, *options, table)
    for message, others in {
        "was measured with metric top1, not cosine": ["--metric", "cosine"],
        "was measured with samples ": ["--samples", "200"],
        "was measured with seed 0, not 3": ["--seed", "3"],
        "was measured on other data than fewer.npz": ["--data", "fewer.npz"],
        "--accuracy-data needs --how linear": ["--how", "exact"],
    }.items():
        assert message in refused(capsys, *command, *options, data, *others)
    first, *_ = AccuracyData.read(data).layers
    replace(AccuracyData.read(data), layers=(first,)).write(tmp_path / "one.npz")
    line = refused(capsys, *command, *options, tmp_path / "one.npz")
    assert "one.npz has other layers than" in line
    other = tmp_path / "other.onnx"
    other.write_bytes(Path(command[1]).read_bytes() + b"\x32\x01a")
    command[1] = str(other)
    assert "is of another network than" in refused(capsys, *command, *options, data)


def test_import_says_how_many_of_the_samples_it_scored(digits, tmp_path, capsys):
    options = ["--dim", "n=1", "--out", str(tmp_path / "mine.csv"), "--scored", "30"]
    assert "--scored needs --data" in refused(capsys, "import", digits[0], *options)
    assert main(["import", str(digits[0]), *options, "--data", str(digits[1])]) == 0
    said = " ".join(capsys.readouterr().err.split())
    assert ", of 30 samples, of which one is 3.3 points (there are " in said
    assert AccuracyData.read(tmp_path / "mine.accuracy.npz").about["samples"] == 30


def test_import_refuses_scores_that_are_none(digits, tmp_path, monkeypatch, capsys):
    found = replace(DATA, float_score=93.0)
    monkeypatch.setattr("imcmoo.accuracy.sensitivity.measure", lambda *_, **__: found)
    table = tmp_path / "mine.csv"
    options = ["--dim", "n=1", "--data", digits[1], "--out", table]
    line = refused(capsys, "import", digits[0], *options)
    assert f"{digits[0]} on {digits[1]}: scores must be 0 to 1, not 93" in line
    assert list(tmp_path.iterdir()) == []


def test_what_a_prediction_does_not_know_is_left_empty(command, one, measured):
    del command[4:6]
    options = ["--design", POOR, "--device", "sram", "--how", "linear", "--layers", "layers.csv"]
    row = one(*options, "--accuracy-data", str(measured[1]))
    assert pd.isna(row[["exact_only", "snr_rounding_dB"]]).all()
    assert np.isfinite(row["snr_adc_dB"])
    assert row["chips"] == 0
    layers = pd.read_csv("layers.csv")
    assert layers["snr_rounding_dB"].isna().all()
    assert np.isfinite(layers["snr_adc_dB"]).all()
    assert np.isfinite(layers["accuracy_alone"]).all()


def test_layers_and_json(command):
    for _ in range(2):  # the second time the files are the command's own
        out = ["--out", "out.json", "--layers", "layers.json"]
        assert main([*command, *SRAM, "--chips", "1", *out]) == 0
    (row,) = json.loads(Path("out.json").read_text())
    assert row["design"] == 0
    layers = json.loads(Path("layers.json").read_text())
    assert [layer["layer"] for layer in layers] == ["hidden", "classes"]
    assert all(layer["accuracy_alone"] > 0.9 for layer in layers)


def test_no_name_in_the_tables_is_taken_for_a_formula(digits, command):
    import onnx

    proto = onnx.load(digits[0])
    for node in filter(lambda node: node.name, proto.graph.node):
        node.name = f"={node.name}"
    onnx.save(proto, "+net.onnx")
    outputs = ["--out", "out.csv", "--layers", "layers.csv"]
    assert main(["accuracy", "+net.onnx", *command[2:], *SRAM, "--chips", "1", *outputs]) == 0
    layers = pd.read_csv("layers.csv")
    assert layers.layer.tolist() == ["_=hidden", "_=classes"]
    assert {*layers.network, *pd.read_csv("out.csv").network} == {"_+net"}


def test_a_seed_repeats_its_chips(one):
    options = ["--design", POOR, "--device", "rram", "--chips", "2", "--sigma", "0.2"]
    noise_dB = [one(*options, "--seed", seed).nsr_out_dB for seed in ("3", "3", "4")]
    assert noise_dB[0] == noise_dB[1] != noise_dB[2]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "give either --designs or --design"),
        (["--design", GOOD], "which device is it?"),
        (["--design", "rows=128", "--device", "sram"], "no active_rows"),
        (["--design", "adc_noise=3", "--device", "sram"], "no rows, active_rows"),
        (["--design", GOOD.replace("active_rows=64", "active_rows=129"), "--device", "sram"],
         "at most `rows`"),
        (["--design", GOOD.replace("cell=1", "cell=2"), "--device", "sram"], "1 for SRAM"),
        ([*SRAM, "--weight-clip", "0"], "weight_clip"),
        ([*SRAM, "--layers-digital", "classes,first"],
         "no layer 'first' with stored weights; known: hidden, classes"),
        ([*SRAM, "--metric", "top2"], "unknown metric"),
        ([*SRAM, "--output", "z"], "no output 'z'; there are y"),
        (["--designs", "no_such_folder"], "No such file"),
        *((["--design", text], "--design") for text in ("rows", "rows=x", "colour=3", "")),
        ([*SRAM, "--data", "cut.npz"], "cut.npz is not an .npz"),
        ([*SRAM, "--data", "other.npz"],
         "arrays z, but the network's inputs are x"),
        ([*SRAM, "--redundancy", "9"], "redundancy must be 1 to 4"),
        ([*SRAM, "--sigma", "inf"],
         "--sigma: must be from 0 to 1, got inf"),
        ([*SRAM, "--sigma", "1e300"], "--sigma: must be from 0 to 1, got 1e300"),
        ([*SRAM, "--read-sigma", "2"], "--read-sigma: must be from 0 to 1, got 2"),
        ([*SRAM, "--stuck-share", "٠"], "'٠' is not a number"),
        ([*SRAM, "--samples", "١٢"], "'١٢' is not a whole number"),
        (["--design", GOOD + ",cell_errors=wan2022_1d", "--device", "rram", "--sigma", "0.1"],
         "--sigma is for designs whose cell_errors are uniform"),
        ([*SRAM, "--adc-noise", "401"],
         "design column adc_noise, design 0: 401 is given, must be a whole number of 0 to 400"),
        ([*SRAM, "--adc-noise", "1.5"], "'1.5' is not a whole number"),
        ([*SRAM, "--read-sigma", "-1"], "--read-sigma"),
        ([*SRAM, "--stuck-share", "1.5"], "must be from 0 to 1, got 1.5"),
        ([*SRAM, "--allowed-drop", "5"], "must be from 0 to 1"),
        ([*SRAM, "--layers-digital", "classes,classes"], "classes is given twice"),
        (["--design", GOOD + ",rows=64"], "rows is given twice"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_one_line(command, tmp_path, capsys, options, message):
    (tmp_path / "cut.npz").write_bytes(b"PK")
    np.savez(tmp_path / "other.npz", z=np.ones(3))
    assert message in refused(capsys, *command, *options)


def test_a_shipped_table_of_sizes_is_no_network(command, capsys):
    command[1] = "resnet18_onnx"
    line = refused(capsys, *command, *SRAM)
    assert "resnet18_onnx is a shipped table of layer sizes; the" in line


def test_a_missing_package_is_named(command, monkeypatch, capsys):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "imcmoo.accuracy.assess":
            raise ModuleNotFoundError("no", name="numba")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    line = refused(capsys, *command, *SRAM)
    assert "pip install 'imcmoo[accuracy]'" in line


@pytest.mark.parametrize(("n", "line"), [("20", "20 samples are scored"), ("1", "1 sample is")])
def test_few_samples_are_warned_of(command, capsys, n, line):
    assert main([*command, "--samples", n, "--chips", "1", *SRAM]) == 0
    assert line in capsys.readouterr().err


def test_errors_of_a_chip_are_written_for_training(command, tmp_path):
    design = "rows=64,active_rows=64,bits_per_cell=2,input_slice_bits=1,adc_bits=8"
    options = ["--design", design, "--device", "rram", "--adc-noise", "40", "--chips", "1"]
    options += ["--stuck-share", "0.001", "--layers-digital", "hidden"]
    assert main([*command, *options, "--export-noise", "noise.json"]) == 0
    noise = json.loads(Path("noise.json").read_text())
    assert noise["noise_of"] == "digits.onnx"
    assert (noise["circuit"]["adc_noise"], noise["circuit"]["adc_bits"]) == (0.4, 8)
    hidden, classes = noise["layers"]
    assert hidden == {"layer": "hidden", "weight_error": 0, "stuck_error": 0, "output_noise": 0}
    # Four slices of up to 3 of offset weights, of 127 at most.
    slices = math.sqrt(sum((4**j * 3) ** 2 for j in range(4))) / 127
    # The cells of the reference column err as those of the weights do.
    assert classes["weight_error"] == pytest.approx(math.sqrt(2) * 0.043 * slices)
    assert classes["stuck_error"] == pytest.approx(math.sqrt(0.001 / 2) * slices)
    assert 0 < classes["output_noise"] < 0.3
    assert main([*command, *options, "--export-noise", "noise.json"]) == 0  # its own file
    Path("other.json").write_text("{}")
    assert main([*command, *options, "--export-noise", "other.json"]) == 2
    assert Path("other.json").read_text() == "{}"


def test_errors_are_written_of_one_design_only(command, tmp_path, capsys):
    lines = ["rows,active_rows,bits_per_cell,input_slice_bits,adc_bits"]
    Path("designs.csv").write_text("\n".join([*lines, "64,64,1,1,8", "64,32,1,1,8"]) + "\n")
    options = ["--designs", "designs.csv", "--device", "rram", "--export-noise", "noise.json"]
    assert "--export-noise is for one design, got 2" in refused(capsys, *command, *options)
    assert not Path("noise.json").exists()
