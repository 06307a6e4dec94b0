"""`python -m imcmoo import`: a model in, a table and its totals out."""

import builtins
import json
import sys

import numpy as np
import pytest

from imcmoo.cli.main import main
from imcmoo.networks.workloads import Workload
from tests.cli.helpers import refused
from tests.networks.language_models import CONFIGS
from tests.networks.onnx_import.models import INT64, model, node, stored, tensor


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    nodes = [
        node("Reshape", ["x", "to"], ["h"]),
        node("MatMul", ["h", "w"], ["a"], name="first"),
        node("MatMul", ["a", "w"], ["b"], name="second"),
        node("Transpose", "b", ["t"], perm=[0, 2, 1]),
        node("MatMul", "bt", name="scores"),
    ]
    inputs = [tensor("x", ("batch", 9, 20)), tensor("to", (3,), INT64)]
    proto = model(nodes, inputs, [stored("w", (20, 20))])
    (tmp_path / "net.onnx").write_bytes(proto.SerializeToString())
    return tmp_path


GIVEN = ["--shape", "x=2,9,20", "--value", "to=2,9,20"]


@pytest.mark.parametrize("option", ["--metric", "--output"])
def test_what_only_labelled_data_need_is_refused_without_them(folder, capsys, option):
    command = ["import", "net.onnx", "--out", "mine.csv", *GIVEN, option, "cosine"]
    assert f"{option} needs --data" in refused(capsys, *command)


def test_a_table_and_its_totals(folder):
    out = ["--out", "mine.csv", "--name", "mine", "--summary", "mine.json"]
    assert main(["import", "net.onnx", *out, *GIVEN]) == 0
    net = Workload.read_csv(folder / "mine.csv")
    assert net.layers == ("first", "second", "scores")
    assert net.shared_with == ("", "first", "")
    assert net.dynamic == (False, False, True)
    assert net.shapes.tolist() == [
        [20, 20, 9, 1, 1, 1, 1, 2],
        [20, 20, 9, 1, 1, 1, 1, 2],
        [20, 9, 9, 1, 1, 1, 2, 1],
    ]
    assert net.weight_statistics == ("initializer", "initializer", "default")
    assert ((net.weight_bits >= 0) & (net.weight_bits <= 1)).all()
    assert np.isfinite(net.input_bits).all()
    assert net.provenance["shape x"] == "2,9,20"
    assert len(net.provenance["sha256"]) == 64
    assert json.loads((folder / "mine.json").read_text()) == {
        "layers": 3,
        "macs": 2 * 18 * 400 + 2 * 81 * 20,
        "macs_dynamic": 2 * 81 * 20,
        "weights": 400,
        "weights_recurrent": 0,
        "imported": {"MatMul": 3},
        "free": {"Reshape": 1, "Transpose": 1},
        "not_modelled": {},
    }


def test_the_terminal_gets_the_account_and_the_warnings(folder, capsys):
    assert main(["import", "net.onnx", "--out", "mine.csv", *GIVEN]) == 0
    output = capsys.readouterr()
    assert output.out == ""
    assert "MatMul" in output.err
    assert "100.00%" in output.err
    assert "the reference model treats the second as if it were resident weights" in output.err
    assert "input statistics of 3 of 3 layers are defaults; --samples takes them" in output.err


def test_symbols_are_given_by_name(folder):
    options = ["--dim", "batch=2", "--value", "to=2,9,20"]
    assert main(["import", "net.onnx", "--out", "mine.csv", *options]) == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "input 'x', axis 0 (symbol batch)"),
        (["--dim", "batch=two"], "'two' is not a whole number"),
        (["--dim", "batch"], "'batch' is not NAME=VALUE"),
        (["--shape", "x=2,9,-20"], "must be at least 0, got -20"),
        (["--value", "to=a"], "'a' is not a number"),
        (["--dim", "batch=2", "--dim", "batch=3"], "--dim batch is given twice"),
        (["--summary", "mine.csv"], "--out and --summary are the same file: mine.csv"),
        (["--summary", "nowhere/mine.json", *GIVEN], "nowhere/mine.json: No such file"),
        (["--samples", "none.npz", *GIVEN], "none.npz"),
    ],
)
def test_what_is_wrong_is_one_line_and_nothing_is_written(folder, capsys, options, message):
    assert message in refused(capsys, "import", "net.onnx", "--out", "mine.csv", *options)
    line = refused(capsys, "import", "net.onnx", "--out", "ü x.csv", *GIVEN)
    assert "--out ü x.csv: a network is called as its file, and its name" in line
    assert "gone.onnx: No such file" in refused(capsys, "import", "gone.onnx", "--out", "mine.csv")
    assert [p.name for p in folder.iterdir()] == ["net.onnx"]


def test_without_onnx_the_extra_is_named(folder, capsys, monkeypatch):
    hidden = builtins.__import__

    def no_onnx(name, *args, **kwargs):
        if name == "onnx" or name.startswith("onnx."):
            raise ModuleNotFoundError("No module named 'onnx'", name="onnx")
        return hidden(name, *args, **kwargs)

    for loaded in [m for m in sys.modules if m.startswith("imcmoo.networks.onnx_import.")]:
        monkeypatch.delitem(sys.modules, loaded)
    monkeypatch.setattr(builtins, "__import__", no_onnx)
    line = refused(capsys, "import", "net.onnx", "--out", "mine.csv")
    assert "pip install 'imcmoo[onnx]'" in line


LANGUAGE_MODEL = ["import", "config.json", "--prompt", "448", "--generate", "128"]


@pytest.fixture
def with_config(folder):
    def write(name="smollm_135m", **changes):
        (folder / "config.json").write_text(json.dumps(CONFIGS[name] | changes))
        return folder

    return write


def test_a_language_model_becomes_two_tables_and_their_totals(with_config, capsys):
    folder = with_config(quantization_config={"bits": 4})
    options = ["--batch", "2", "--out", "smol.csv", "--summary", "smol.json"]
    assert main([*LANGUAGE_MODEL, *options]) == 0
    prefill, step = (Workload.load(str(folder / f"smol_{n}.csv")) for n in ("prefill", "decode"))
    assert (prefill.provenance["phase"], step.provenance["phase"]) == ("prefill", "step")
    assert (prefill.provenance["prompt"], step.provenance["steps"]) == ("448", "127")
    assert prefill.images == step.images == 2
    assert len(step.provenance["sha256"]) == 64
    assert json.loads((folder / "smol.json").read_text()) == {
        "layers": 181,
        "macs": 2 * 54_528_049_152,
        "macs_dynamic": 2 * 448 * 448 * 34_560,
        "weights": 134_479_872,
        "step": {
            "layers": 181,
            "macs": 2 * (134_479_872 + 17_694_720),
            "macs_dynamic": 2 * 17_694_720,
            "weights": 134_479_872,
        },
        "parameters": 134_515_008,
        "cache_words": 11_520,
        "steps": 127,
        "keys": 512,
        "experts_used": None,
    }
    output = capsys.readouterr()
    assert output.out == ""
    assert "warning: quantization_config is ignored" in output.err
    assert "smol_prefill.csv, smol_decode.csv: 134,515,008 parameters" in output.err
    assert main([*LANGUAGE_MODEL, "--out", "smol.csv"]) == 0  # its own files


def test_experts_are_counted_only_and_need_no_table(with_config, capsys):
    folder = with_config("mixtral_8x7b")
    line = refused(capsys, *LANGUAGE_MODEL, "--out", "moe.csv")
    assert "8 experts: counted with --summary, not costed" in line
    assert main([*LANGUAGE_MODEL, "--summary", "moe.json"]) == 0
    assert json.loads((folder / "moe.json").read_text())["experts_used"] == 2
    assert sorted(p.name for p in folder.iterdir()) == ["config.json", "moe.json", "net.onnx"]


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["--generate", "2"], "a config.json needs --prompt and --generate"),
        (["--prompt", "2"], "a config.json needs --prompt and --generate"),
        (["--prompt", "4", "--generate", "1"], "config.json: generate must be at least 2, got 1"),
        (["--prompt", "0", "--generate", "2"], "config.json: prompt must be at least 1, got 0"),
        (["--prompt", "two", "--generate", "2"], "'two' is not a whole number"),
        ([*LANGUAGE_MODEL[2:], "--name", "x"], "--name is an option of an ONNX file, not of a con"),
        ([*LANGUAGE_MODEL[2:], "--dim", "x=1"], "--dim is an option of an ONNX file"),
        ([*LANGUAGE_MODEL[2:], "--data", "x.npz"], "--data is an option of an ONNX file"),
        ([*LANGUAGE_MODEL[2:], "--strict"], "--strict is an option of an ONNX file"),
        ([*LANGUAGE_MODEL[2:], "--batch", "0"], "batch must be at least 1, got 0"),
        ([*LANGUAGE_MODEL[2:], "--summary", "net_decode.csv"], "are the same file"),
        ([*LANGUAGE_MODEL[2:], "--summary", "nowhere/a.json"], "nowhere/a.json: No such file"),
    ],
)
def test_a_language_model_that_is_refused_leaves_no_file(with_config, capsys, command, message):
    folder = with_config()
    assert message in refused(capsys, "import", "config.json", *command, "--out", "net.csv")
    assert sorted(p.name for p in folder.iterdir()) == ["config.json", "net.onnx"]


def test_files_of_others_are_kept_unless_forced(with_config, capsys):
    folder = with_config()
    (folder / "net_decode.csv").write_text("mine")
    command = [*LANGUAGE_MODEL, "--out", "net.csv"]
    assert "net_decode.csv is there and was not written by this" in refused(capsys, *command)
    assert not (folder / "net_prefill.csv").exists()
    assert main([*command, "--force"]) == 0
    assert "--out is needed" in refused(capsys, *LANGUAGE_MODEL)
    assert "ü_prefill.csv: a network is called" in refused(capsys, *LANGUAGE_MODEL, "--out", "ü")


@pytest.mark.parametrize("option", ["--prompt", "--generate", "--batch"])
def test_numbers_of_language_models_are_refused_with_onnx_files(folder, capsys, option):
    command = ["import", "net.onnx", "--out", "mine.csv", option, "4"]
    assert f"{option} is an option of a config.json, not of an ONNX file" in refused(
        capsys, *command
    )
    assert "--out is needed" in refused(capsys, "import", "net.onnx")
