"""`imcmoo robust` writes the robust chip, and the check finds it to hold."""

import json
import shutil
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from imcmoo import Study
from imcmoo.cli import robust_command, terminal
from imcmoo.cli.main import main
from imcmoo.io.checksums import content_checksum
from imcmoo.io.errors import InputError
from imcmoo.report.robust_text import all_at_once
from imcmoo.study.catalogue import find_study
from tests import ROOT
from tests.cli.helpers import refused
from tests.study.test_robust import VARIED, part_of


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("robust")
    study = part_of("four_workload_sram_physical", 19214251, VARIED)
    study = study.replace(name="few", networks=list(study.networks[:2]))
    (folder / "few.toml").write_text(study.to_toml(), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def shown(home):
    """Text of a command that proves three draws."""
    words = ["robust", str(home / "few.toml"), "--draws", "3", "--out", str(home / "out")]
    with redirect_stdout(StringIO()) as text:
        assert main([*words, "--workers", "1"]) == 0
    return text.getvalue()


@pytest.fixture(scope="module")
def answered(home, shown):
    return home / "out" / "robust" / "few"


def test_the_command_writes_tables_figures_and_a_certificate(answered):
    names = {path.name for path in answered.iterdir()}
    assert {"assumptions.csv", "draws.csv", "chips.csv", "regret.csv", "information.csv"} <= names
    assert {"certificate.json", "config.json", "SHA256SUMS", "regret_sram.png"} <= names
    chips = pd.read_csv(answered / "chips.csv")
    assert list(chips["chip"]) == ["nominal", "median", "robust"]
    draws = pd.read_csv(answered / "draws.csv")
    assert {"u_logic_speed", "clock_Hz", "best_sram_J_s_mm2", "design_sram"} <= {*draws}
    config = json.loads((answered / "config.json").read_text(encoding="utf-8"))
    assert config["uncertainty"]["draws"] == 3
    assert config["command"] == "imcmoo robust few.toml --draws 3"
    regret = pd.read_csv(answered / "regret.csv")
    assert len(regret) == 9


def test_the_text_names_the_reading_of_bands_the_noise_and_what_is_not_proven(shown):
    text = shown
    assert "about 2 min with 1 process" in text
    assert "Ctrl-C keeps finished draws" in text
    assert "3 draws of 63 assumptions (49 groups), bands as stated, by edap_geomean" in text
    assert "nominal chip (as certified)" in text
    assert "noise is held as assumed (15 assumptions)" in text
    assert "compute SNR" in text


def test_a_folder_of_another_study_is_kept(home, answered, capsys):
    text = (home / "few.toml").read_text(encoding="utf-8")
    path = home / "smaller.toml"
    path.write_text(f"area_limit_mm2 = 700.0\n{text}", encoding="utf-8")
    line = refused(capsys, "robust", str(path), "--out", str(home / "out"), "--quiet")
    assert "area_limit_mm2" in line
    assert "--force" in line


def test_a_quick_answer_replaces_a_proven_one_on_request_only(
    home, answered, capsys, tmp_path, monkeypatch
):
    monkeypatch.setattr(robust_command, "draw_robust", lambda *_: None)
    out = tmp_path / "out"
    shutil.copytree(answered, out / "robust" / "few")
    words = ["robust", str(home / "few.toml"), "--draws", "2", "--quick", "--workers", "1"]
    words += ["--out", str(out), "--quiet"]
    line = refused(capsys, *words)
    assert "all draws proven" in line
    assert "--force" in line
    assert "--out" in line
    assert len(pd.read_csv(out / "robust" / "few" / "draws.csv")) == 3
    assert main([*words, "--force"]) == 0
    assert main(words) == 0, "a quick answer is replaced by another one"
    assert len(pd.read_csv(out / "robust" / "few" / "draws.csv")) == 2


def test_wrong_options_are_refused_in_one_line(home, capsys):
    words = ["robust", str(home / "few.toml"), "--out", str(home / "none"), "--quiet"]
    assert "edap_geomean" in refused(capsys, *words, "--by", "edap_geo")
    assert "at most 10000" in refused(capsys, *words, "--draws", "20000")
    assert "quantile: must be above 0" in refused(capsys, *words, "--quantile", "0")
    assert 'model = "physical"' in refused(capsys, "robust", "four_workload_sram", "--quiet")
    assert not (home / "none").exists()


def test_designs_of_the_user_are_checked_before_any_draw(home, answered, capsys, monkeypatch):
    monkeypatch.setattr(robust_command, "robust", lambda *_: pytest.fail("draws are begun"))
    study = Study.load(home / "few.toml")
    design = study.space.designs(study.space.unrank(np.array([0])))[0]
    design["tiles_per_group"] += 0.5
    path = home / "own.csv"
    lines = (",".join(map(str, line)) for line in (design, design.values()))
    path.write_text("\n".join(lines), encoding="utf-8")
    line = refused(capsys, "robust", str(home / "few.toml"), "--design", str(path), "--quiet")
    assert f"column tiles_per_group = {design['tiles_per_group']} is not in the space" in line


def test_all_faults_of_a_file_of_designs_are_reported_at_once(home, capsys, monkeypatch):
    monkeypatch.setattr(robust_command, "robust", lambda *_: pytest.fail("draws are begun"))
    path = home / "faults.csv"
    study = Study.load("four_workload_sram_physical")
    design = study.space.designs(study.space.unrank(np.array([0])))[0]
    changes = (
        {"dram": "x32", "rows": 64, "active_rows": 64, "buffer_words": 2},
        {"rows": "many", "technology_nm": 22},
        {"rows": 128, "active_rows": 127, "buffer_words": 4},
    )
    lines = [",".join(map(str, {**design, **change}.values())) for change in ({}, *changes)]
    path.write_text("\n".join([",".join(design), *lines]), encoding="utf-8")
    words = ["robust", study.name, "--design", str(path), "--out", str(home / "none"), "--quiet"]
    assert main(words) == 2
    first, *others = capsys.readouterr().err.splitlines()
    lines = [first.removeprefix("imcmoo robust: error: "), *others]
    assert [line.removeprefix(f"{path}, line ") for line in lines] == [
        "3, column dram = x32 is not in the space; allowed: x16, x64, hbm2",
        "3, column buffer_words (at rows 64) = 2 is not in the space; allowed: 1, 4",
        "4, column technology_nm: 22, but this space is for 32 only",
        "4, column rows: 'many' is not a number",
        "5, column buffer_words (at rows 128) = 4 is not in the space; allowed: 1, 8",
    ]
    header = [name for name in design if name not in ("dram", "cols")]
    cells = [str({**design, "glb_KiB": 300}[name]) for name in header]
    path.write_text("\n".join([",".join(header), *[",".join(cells)] * 12]), encoding="utf-8")
    assert main(words) == 2
    first, *others = capsys.readouterr().err.splitlines()
    assert first.endswith("line 1: no column cols, dram")
    assert "line 2, column glb_KiB = 300" in others[0]
    assert (len(others), others[-1]) == (10, "and 3 more faults")
    assert not (home / "none").exists()


def test_the_bar_shows_the_state_of_a_proof_and_no_remaining_time(home, capsys, monkeypatch):
    def fake(study, options, **changes):
        options.on_draw("draws proven", 1, 3)
        options.on_draw("proof of the robust chip of sram: best 1 · bound 0.9 · gap 11 %", 5, 10)
        raise InputError("enough")

    monkeypatch.setattr(robust_command, "robust", fake)
    monkeypatch.setattr(terminal, "LINE_S", 0.0)
    path = str(home / "few.toml")
    assert main(["robust", path, "--out", str(home / "bar")]) == 2
    first, second, *_ = capsys.readouterr().err.splitlines()
    assert first.startswith("few: 1 of 3 (33 %), about ")
    assert second == "few: 0 s, proof of the robust chip of sram: best 1 · bound 0.9 · gap 11 %"


def test_the_certificate_is_checked_again_and_a_changed_one_is_refused(
    home, answered, capsys, tmp_path, monkeypatch
):
    monkeypatch.setattr(terminal, "LINE_S", 0.0)
    assert main(["check-certificate", str(answered), "--all"]) == 0
    progress = capsys.readouterr().err
    assert "proofs of draws: 3 of 3" in progress
    assert "left" not in progress, "an estimate of the time"
    study = ["--study", str(home / "few.toml"), "--quiet"]
    content = json.loads((answered / "certificate.json").read_text(encoding="utf-8"))
    (tmp_path / "draws.csv").write_bytes((answered / "draws.csv").read_bytes())

    def refusal(**changes):
        changed = {**content, **changes}
        changed.pop("checksum")
        changed["checksum"] = content_checksum(changed)
        (tmp_path / "certificate.json").write_text(json.dumps(changed), encoding="utf-8")
        return refused(capsys, "check-certificate", str(tmp_path), *study)

    device = content["devices"]["sram"]
    lower = [0.9 * value for value in device["bound"]]
    assert "another score" in refusal(devices={"sram": {**device, "best": lower, "bound": lower}})
    higher = {**device, "bound": [1.1 * value for value in device["bound"]]}
    assert "below the bound" in refusal(devices={"sram": higher})
    assert "of the draws" in refusal(uncertainty={**content["uncertainty"], "seed": 2})
    nominal = {**device["chips"], "robust": device["chips"]["nominal"]}
    if nominal != device["chips"]:
        other = {"sram": {**device, "chips": nominal}}
        assert "another chip" in refusal(devices=other)
    (tmp_path / "draws.csv").write_text("draw\n1\n", encoding="utf-8")
    assert "not the file" in refusal()


def test_a_robust_answer_has_no_report_and_says_so_in_one_line(answered, capsys):
    for words in (["explain"], ["report"], ["explain", "--design", "edap_geomean"]):
        line = refused(capsys, *words, str(answered))
        assert "is of a robust chip, which has no report; its results are in chips.csv" in line


def test_the_card_of_a_chip_says_how_near_the_best_it_is(home, answered, capsys):
    text = (home / "few.toml").read_text(encoding="utf-8")
    path = home / "geomean.toml"
    changed = text.replace('criterion = "regret_minimax"', 'criterion = "edap_geomean"')
    path.write_text(changed, encoding="utf-8")
    for verb, folder in (("certify", "certified"), ("enumerate", "enumerated")):
        assert main([verb, str(path), "--out", str(home / "out")]) == 0
        assert main(["report", str(home / "out" / folder / "few")]) == 0
        text = " ".join(capsys.readouterr().out.split())
        assert "of the best chip in 95 % of 3 draws of the costs" in text
        page = (home / "out" / folder / "few" / "report.html").read_text(encoding="utf-8")
        assert "in 95 % of 3 draws of the costs" in page
    with (answered / "regret.csv").open("a", encoding="utf-8") as file:
        file.write("robust,sram,4,0.0\n")
    assert main(["certify", str(path), "--out", str(home / "out")]) == 0
    assert "draws of the costs" not in capsys.readouterr().out, "of a damaged answer"


def test_an_answer_for_one_value_of_an_assumption_names_the_robust_one(home, capsys):
    path = str(home / "one.toml")
    few = Study.load(home / "few.toml")
    one = few.replace(networks=[few.networks[0]], criterion="edap_geomean", baselines=False)
    Path(path).write_text(one.to_toml(), encoding="utf-8")
    line = f"with all assumptions uncertain at once: imcmoo robust {path}"
    assert main(["what-if", path, "--set", "adc_energy_factor=0.5", "--quiet"]) == 0
    assert line in capsys.readouterr().out
    assert main(["what-if", path, "--set", "area_limit_mm2=700", "--quiet"]) == 0
    assert line not in capsys.readouterr().out
    assert main(["flip", path, "--factor", "adc_energy_factor", "--exact"]) == 0
    assert line in capsys.readouterr().out


def test_an_answer_names_no_robust_one_where_costs_cannot_be_drawn():
    assert all_at_once(find_study(str(ROOT / "examples" / "cameras.toml"))) == ""


def test_networks_are_left_out_on_request(home, capsys):
    out = home / "unseen"
    words = ["robust", str(home / "few.toml"), "--unseen", "--draws", "2", "--workers", "1"]
    assert main([*words, "--out", str(out)]) == 0
    table = pd.read_csv(out / "robust" / "few" / "unseen.csv")
    assert len(table) == 2
    text = capsys.readouterr().out
    assert "left out" in text
    assert "over 2 mixes of the networks" in text
