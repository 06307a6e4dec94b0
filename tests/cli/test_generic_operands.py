"""An SNR that rests on operands of other networks says so wherever it is shown."""

import json
import re
from pathlib import Path

import pytest

from imcmoo.cli.main import main
from tests.cli.helpers import refused

STUDY = """
name = "noisy"
model = "physical"
device = "sram"
budget = 12
objectives = ["snr"]
compute_snr_limit_dB = {limit}
[space]
voltage_V = [0.8, 0.9]
rows = 32
active_rows = 31
weight_coding = "differential"
input_coding = "levels"
router_groups = 16
cols = 128
adc_bits = [3, 4, 5]
input_slice_bits = 1
columns_per_adc = 1
tiles_per_group = 2
glb_KiB = 256
dram = "x16"
ping_pong = 0
[[networks]]
source = "mine.csv"
[[networks]]
source = "alexnet"
"""
NOTE = "generic operands: the SNR of mine rests on operand histograms of other networks"


@pytest.fixture
def study(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "mine.csv").write_text("name,C,M,P,Q\na,64,64,1,1\nb,64,10,1,1\n")

    def write(limit):
        (tmp_path / "noisy.toml").write_text(STUDY.format(limit=limit))
        return "noisy.toml"

    return write


def test_tables_explanations_and_pages_name_generic_operands(study, capsys):
    assert main(["run", study(15), "--all", "--out", "out"]) == 0
    shown = capsys.readouterr().out
    assert "snr (dB, generic operands)" in shown
    assert "snr (dB) " in shown
    assert "below the limit (generic operands)" in shown
    run = "out/noisy/seed-1"
    assert main(["explain", run]) == 0
    shown = capsys.readouterr().out
    assert NOTE in shown
    assert "mine, generic operands" in shown
    assert "AlexNet, generic operands" not in shown
    assert main(["explain", run, "--json"]) == 0
    networks = json.loads(capsys.readouterr().out)["tables"]["networks"]
    assert networks["operands"] == ["generic", ""]
    assert main(["report", run, "--out", "page.html"]) == 0
    assert NOTE in Path("page.html").read_text("utf-8")


def test_limits_that_no_chip_keeps_name_generic_operands(study, capsys):
    error = refused(capsys, "run", study(90), "--out", "out", "--quiet")
    assert re.search(
        r"compute SNR of mine with generic operands \([\d.]+ dB below the limit", error
    )
    assert "compute SNR of alexnet (" in error


def test_adcs_without_errors_of_cells_are_named_once(study, capsys):
    keys = "90\nadc_snr_limit_dB = 90\n"
    error = refused(capsys, "run", study(keys), "--out", "out", "--quiet")
    assert "compute SNR of alexnet (" in error
    assert "ADC SQNR" not in error
    error = refused(capsys, "run", study("-inf" + keys[2:]), "--out", "out", "--quiet")
    assert "ADC SQNR of alexnet (" in error
    assert "compute SNR" not in error
    assert main(["run", study("-inf\nadc_snr_limit_dB = -inf"), "--out", "out", "--quiet"]) == 0


def test_an_enumeration_names_generic_operands(study, capsys):
    assert main(["enumerate", study(0), "--all", "--out", "out"]) == 0
    shown = capsys.readouterr().out
    assert "snr of mine, generic operands: " in shown
    assert "snr of AlexNet: " in shown
