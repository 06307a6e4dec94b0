"""Studies whose networks have accuracy data."""

import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest

from tests.extras import needs

needs("accuracy", "onnxruntime", "numba")
needs("dev", "sklearn")

from imcmoo.cli.main import main
from imcmoo.networks.accuracy_data import AccuracyData
from imcmoo.networks.workloads import Workload
from imcmoo.study.catalogue import find_study
from tests.cli.helpers import refused
from tests.networks.accuracy_data import sram_study

KEYS = 'accuracy = "digits.accuracy.npz"\nmax_accuracy_drop = 0.01\n'


@pytest.fixture(scope="module")
def folder(tmp_path_factory, digits):
    """The network with its data, and what the import made of them."""
    folder = tmp_path_factory.mktemp("study")
    network, data = (shutil.copy(path, folder) for path in digits)
    options = ["--dim", "n=1", "--data", str(data), "--out", str(folder / "digits.csv")]
    assert main(["import", str(network), *options]) == 0
    return folder


@pytest.fixture
def study(folder, monkeypatch):
    # One cache for all tests: they execute the same network on the same circuits.
    monkeypatch.setenv("IMCMOO_CACHE", str(folder / "cache"))

    def write(keys):
        path = folder / "small.toml"
        path.write_text(sram_study("small", "digits.csv", keys))
        return str(path)

    return write


@pytest.fixture
def run(study, tmp_path):
    """Runs the study with further keys; returns the folder, its row of accuracy, and its config."""

    def run(keys):
        assert main(["run", study(keys), "--all", "--force", "--out", str(tmp_path / "out")]) == 0
        folder, row = tmp_path / "out/small/seed-1", None
        if (folder / "accuracy.csv").exists():
            row = pd.read_csv(folder / "accuracy.csv").iloc[0]
        return folder, row, json.loads((folder / "config.json").read_text())

    return run


def test_a_run_keeps_the_limit_and_executes_the_selected_design(run, capsys):
    folder, row, config = run(KEYS)
    assert "accuracy of the selected design" in capsys.readouterr().out
    assert main(["report", str(folder)]) == 0
    assert "accuracy of the selected design" in (folder / "report.html").read_text("utf-8")
    assert row.float_of_samples > row.float + 0.05, "the executed samples are easier than all"
    lower = min(row.float_of_samples, row.integer_of_samples)
    assert row.allowed == pytest.approx(lower - 0.01)
    assert row.linear >= row.float - 0.01
    assert row.exact_low <= row.exact <= row.exact_high
    assert row.samples == 100
    assert config["accuracy"]["digits"]["max_accuracy_drop"] == 0.01


@pytest.mark.parametrize(("high", "where"), [(0.96, "within"), (0.94, "outside")])
def test_a_run_says_which_network_computes_worse_than_allowed(
    run, capsys, monkeypatch, high, where
):
    executed = {"exact": 0.9, "exact_low": 0.84, "exact_high": high, "samples": 100, "note": ""}
    executed |= {"float_of_samples": 0.97, "integer_of_samples": 0.96}
    monkeypatch.setattr("imcmoo.answers.verified_accuracy._executed", lambda *_: executed)
    _, row, _ = run(KEYS)
    assert row.float < 0.9, "the executed samples are easier than all"
    interval = f"({where} the interval 0.840 to {high:.3f})"
    assert row.note == f"executed 0.900, below the allowed 0.950 {interval}"
    assert f"digits: {row.note}" in " ".join(capsys.readouterr().out.split())


def test_clipped_weights_are_predicted_and_executed(run):
    (_, whole, plain), (_, clipped, config) = (
        run(KEYS.replace("0.01", "0.9") + clip) for clip in ("", "weight_clip = 0.2\n")
    )
    assert (plain.get("weight_clip"), config["weight_clip"]) == (None, {"digits": 0.2})
    for how in ("linear", "exact"):
        assert clipped[how] < whole[how] - 0.05, how


def test_layers_on_the_digital_unit_are_predicted_and_executed(run, study, capsys):
    folder, row, config = run(KEYS + 'layers_digital = ["hidden", "classes"]\n')
    assert row.exact == pytest.approx(row.float_of_samples, abs=0.01)
    energy = pd.read_csv(folder / "breakdown.csv").set_index("component")["energy_digits_J"]
    assert energy["digital"] > 0
    ran = json.loads((folder / "design.json").read_text())["workloads"]["digits"]
    assert ran["weights_on_chip"] == ran["weights_on_digital"] == ran["macs_on_digital"] == 1
    capsys.readouterr()
    assert main(["explain", str(folder)]) == 0
    (table,) = capsys.readouterr().out.split("Where weights and multiply-accumulates run")[1:]
    row = next(line for line in table.splitlines() if "digits" in line)
    assert row.split()[1:] == ["0.0", "0.0", "100.0", "100.0", "0.0", "0.0"]
    assert config["layers_digital"] == {"digits": ["hidden", "classes"]}
    line = refused(capsys, "run", study('layers_digital = ["first"]\n'))
    assert "digits has no layer 'first' with stored weights" in line


def test_the_settings_of_a_run_are_those_of_its_study(run, folder, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    run, *_ = run('input_bits = 6\nweight_clip = 0.3\nlayers_digital = ["hidden"]\n')
    copy = tmp_path / "design.json"
    copy.write_text((run / "design.json").read_text())
    data = ["--data", str(folder / "digits.npz"), "--samples", "200", "--chips", "1", "--quiet"]

    def executed(designs, *options):
        command = ["accuracy", str(folder / "digits.onnx"), *data, "--designs", str(designs)]
        assert main([*command, *options, "--out", "a.csv", "--force"]) == 0
        return pd.read_csv("a.csv").iloc[0]

    given = ["--input-bits", "6", "--weight-clip", "0.3", "--layers-digital", "hidden"]
    alike = executed(copy, *given)
    assert (alike.input_bits, alike.weight_clip) == (6, 0.3)
    for designs in (run, run / "design.json"):
        assert executed(designs).equals(alike)
    assert executed(run, "--input-bits", "8").nsr_out_dB < alike.nsr_out_dB
    assert executed(copy).weight_clip == 1

    def other_networks(**clips):
        config = json.loads((run / "config.json").read_text())
        config |= {"workloads": list(clips), "weight_clip": clips}
        (run / "config.json").write_text(json.dumps(config))

    other_networks(a=0.5, b=0.5)
    assert executed(run).weight_clip == 0.5
    other_networks(a=0.5, digits=0.6)
    assert executed(run).weight_clip == 0.6
    other_networks(a=0.5, b=0.6)
    assert executed(run, "--weight-clip", "0.7").weight_clip == 0.7
    command = ["accuracy", str(folder / "digits.onnx"), *data, "--designs", str(run)]
    assert "digits.onnx is none of the networks of the run, whose" in refused(capsys, *command)
    (run / "config.json").write_text("[]")
    assert "config.json is no record of a run" in refused(capsys, *command)


def test_explain_shows_what_other_circuits_would_lose(run, capsys):
    folder, *_ = run(KEYS)
    capsys.readouterr()
    assert main(["explain", str(folder)]) == 0
    shown = capsys.readouterr().out
    assert "Predicted drop of accuracy" in shown
    assert "half the" in shown
    assert main(["explain", str(folder), "--json"]) == 0
    networks = json.loads(capsys.readouterr().out)["tables"]["networks"]
    (network,) = pd.DataFrame(networks).to_dict("records")
    assert network["drop_with_1_more_adc_bit"] <= network["accuracy_drop"] + 0.01
    assert "classes" in network["accuracy_lost_in"]


def test_accuracy_data_of_another_network_are_refused(study, folder, capsys):
    table = (folder / "digits.csv").read_text()
    (folder / "other.csv").write_text(table.replace("\n#sha256=", "\n#sha256=0"))
    (folder / "cut.csv").write_text("".join(table.splitlines(keepends=True)[:-1]))
    path = study(KEYS)
    for source in ("resnet18_onnx", "other.csv", "cut.csv"):
        (folder / "small.toml").write_text(sram_study("small", source, KEYS))
        line = refused(capsys, "run", path)
        assert "digits.accuracy.npz is of another network than " in line


def test_forged_accuracy_data_are_refused(study, folder, tmp_path, capsys):
    arrays = dict(np.load(folder / "digits.accuracy.npz"))
    np.savez(folder / "forged.accuracy.npz", **arrays | {"white": arrays["white"] + 0.01})
    line = refused(capsys, "run", study(KEYS.replace("digits.acc", "forged.acc")))
    assert "forged.accuracy.npz is not a file of `imcmoo import --data`, or damaged" in line


def test_a_table_without_a_digest_must_have_the_measured_layers(folder, tmp_path):
    data = AccuracyData.read(folder / "digits.accuracy.npz")
    lines = (folder / "digits.csv").read_text().splitlines(keepends=True)
    table = tmp_path / "own.csv"
    table.write_text("".join(line for line in lines if not line.startswith("#")))
    assert data.fits(Workload.read_csv(table))
    table.write_text("".join(line for line in lines[:-1] if not line.startswith("#")))
    assert not data.fits(Workload.read_csv(table))


def test_where_no_chip_keeps_the_accuracy_the_nearest_is_named(study, tmp_path, capsys):
    path = study(KEYS + "weight_clip = 0.1\n")
    for command in ("run", "enumerate", "certify"):
        error = refused(capsys, command, path, "--out", tmp_path / "out", "--quiet")
        assert "found that keeps all limits for digits; the nearest (" in error
        assert re.search(r"breaks .*accuracy of digits \(\d+(\.\d+)? times\)", error)


def test_the_table_of_limits_has_the_share_of_the_allowed_drop(study):
    problem = find_study(study(KEYS.replace("0.01", "0.2"))).problem()
    levels = problem.space.unrank(np.arange(problem.space.size))
    drop = problem.model.evaluate(levels).values["accuracy_drop"]
    used = problem.model.resource_use(levels)["accuracy"]
    runs = np.isfinite(drop)
    assert runs.any()
    np.testing.assert_allclose(used[runs], np.maximum(drop, 0)[runs] / 0.2, atol=3e-3)


def test_without_the_keys_nothing_is_said_of_accuracy(run):
    for keys in (KEYS, ""):
        folder, row, config = run(keys)
        tables = " ".join(p.read_text() for p in folder.glob("*.csv"))
        for has_accuracy in ("accuracy" in config, row is not None, "accuracy" in tables):
            assert has_accuracy == bool(keys)


def test_the_network_is_not_executed_where_it_changed(run, folder):
    (folder / "digits.onnx").rename(folder / "gone.onnx")
    try:
        _, row, _ = run(KEYS)
    finally:
        (folder / "gone.onnx").rename(folder / "digits.onnx")
    assert row.note.startswith("not executed: ")
    assert np.isnan(row.allowed)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("max_accuracy_drop = 0.01\n", "max_accuracy_drop needs accuracy"),
        ('accuracy = "none.npz"\n', "none.npz: No such file"),
        ('accuracy = "digits.npz"\n', "is not a file of `imcmoo import --data`"),
        (KEYS + "weight_bits = 3\n", "3"),
        (KEYS.replace("0.01", "-1"), "must be at least 0, got -1"),
        (KEYS + "weight_clip = 0\n", "weight_clip"),
    ],
)
def test_what_is_wrong_is_one_line(study, capsys, keys, message):
    assert message in refused(capsys, "run", study(keys))


def test_the_reference_model_knows_no_accuracy(study, folder, capsys):
    path = folder / "reference.toml"
    table = 'name = "r"\ndevice = "sram"\n[[networks]]\nsource = "digits.csv"\n'
    for key, keys in (("accuracy", KEYS), ("weight_clip", "weight_clip = 0.7\n")):
        path.write_text(table + keys)
        assert f"{key} needs the physical model" in refused(capsys, "run", path)
