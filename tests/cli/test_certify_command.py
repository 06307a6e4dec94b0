"""`imcmoo certify` and `imcmoo check-certificate`: files, one line for each fault."""

import json
import re

import pytest

from imcmoo.cli.main import main
from imcmoo.exact import certificate

STUDY = """
name = "few"
model = "physical"

[space]
base = "sram_extended"
voltage_V = [0.8, 1.0]
rows = [128, 256]
cols = 256
active_rows = 128
weight_coding = "differential"
input_slice_bits = 4
input_coding = "levels"
adc_bits = [8, 9]
columns_per_adc = [2, 4]
sample_and_hold = [0, 1]
ping_pong = [0, 1]
macros_per_tile = 4
tiles_per_group = [4, 8]
router_groups = 16
glb_KiB = [512, 2048]
glb_banks = 4
link_bits = [128, 512]
dram = ["x64", "hbm2"]
schedule = "layer"

[[networks]]
source = "mobilenet_v3_onnx"

[[networks]]
source = "resnet18_onnx"
"""


@pytest.fixture
def study(tmp_path):
    path = tmp_path / "few.toml"
    path.write_text(STUDY)
    return path


def certify(study, out, *more):
    return main(["certify", str(study), "--quiet", "--out", str(out), *more])


def check(out, study):
    return main(["check-certificate", str(out), "--study", str(study), "--quiet"])


def change(path, **values):
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def test_a_criterion_is_certified_and_checked(tmp_path, study):
    out = tmp_path / "proof"
    assert certify(study, out, "--criterion", "edap_geomean") == 0
    found = json.loads((out / "certificate.json").read_text())
    assert (found["study"], found["criterion"], found["gap"]) == ("few", "edap_geomean", 0)
    assert found["bound"] == found["incumbent"]["value"]
    stages = found["counts"]["stages"].values()
    counted = sum(s["infeasible"] + s["excluded"] for s in stages) + found["counts"]["evaluated"]
    assert counted == found["designs"] == 1024
    assert check(out, study) == 0


def test_a_certificate_that_states_the_papers_scaling_is_accepted(tmp_path, study):
    out = tmp_path / "proof"
    assert certify(study, out, "--criterion", "edap_max") == 0
    path = out / "certificate.json"
    for scaling, code in (("reference", 0), ("current", 2)):
        content = json.loads(path.read_text())
        content["settings"]["scaling"] = scaling
        content["checksum"] = certificate._checksum(content)
        path.write_text(json.dumps(content))
        assert check(out, study) == code


def test_the_check_says_whose_bounds_it_used(tmp_path, study, capsys):
    out = tmp_path / "proof"
    assert certify(study, out, "--criterion", "edap_max") == 0
    assert main(["check-certificate", str(out), "--study", str(study)]) == 0
    assert re.search(
        r"re-walked and re-counted; bounds validated on [\d,]+ designs\n$", capsys.readouterr().out
    )


def test_all_criteria_go_to_folders_of_their_names(tmp_path, study, capsys):
    out = tmp_path / "proof"
    assert certify(study, out, "--criterion", "all") == 0
    written = {path.parent.name for path in out.glob("*/certificate.json")}
    assert {"edap_max", "ela_mean", "edap_resnet18_onnx", "regret_minimax"} <= written
    assert {"alone_resnet18_onnx", "regret_minimax_joint"} <= written
    assert check(out, study) == 0
    change(out / "regret_minimax" / "certificate.json", bound=0.9)
    assert check(out, study) == 2
    error = capsys.readouterr().err
    assert "regret_minimax: refused: " in error
    assert error.count("\n") == 1


def test_a_shift_between_two_counts_is_noticed(tmp_path, study, capsys):
    """Their sum is kept, and so is every statement that can be proven anew."""
    out = tmp_path / "proof"
    assert certify(study, out, "--criterion", "edap_geomean") == 0
    counts = json.loads((out / "certificate.json").read_text())["counts"]
    stage = max(counts["stages"], key=lambda name: counts["stages"][name]["excluded"])
    counts["stages"][stage]["excluded"] -= 1
    counts["stages"][stage]["infeasible"] += 1
    change(out / "certificate.json", counts=counts)
    assert check(out, study) == 2
    assert "refused: the certificate is not as it was written" in capsys.readouterr().err


def test_an_interrupted_command_goes_on(tmp_path, study):
    out = tmp_path / "proof"
    asked = (study, out, "--criterion", "regret_minimax")
    assert certify(*asked) == 0
    before = {path: path.read_text() for path in out.rglob("certificate.json")}
    lost = out / "alone_resnet18_onnx" / "certificate.json"
    lost.unlink()
    assert certify(*asked) == 0
    assert json.loads(lost.read_text())["bound"] == json.loads(before[lost])["bound"]
    assert all(path.read_text() == text for path, text in before.items() if path != lost)
    assert check(out, study) == 0


@pytest.mark.parametrize(
    ("more", "why"),
    [
        (("--criterion", "pseudo_weights"), "pseudo_weights cannot be certified"),
        (("--criterion", "edap_unknown"), "edap_unknown cannot be certified"),
        (("--criterion", "unknown"), "unknown criterion 'unknown'"),
        (("--gap", "-1"), "must be at least 0"),
        (("--time-limit", "soon"), "'soon' is not a number"),
        (("--area-limit", "0.01"), "no feasible design"),
    ],
)
def test_a_fault_is_one_line_and_nothing_is_written(tmp_path, study, capsys, more, why):
    out = tmp_path / "proof"
    try:
        code = certify(study, out, *more)
    except SystemExit as error:
        code = error.code
    assert code == 2
    error = capsys.readouterr().err
    assert why in error
    assert error.count("\n") == 1
    assert not out.exists()


def test_a_limit_that_is_not_monotone_is_one_line(tmp_path, study, capsys):
    study.write_text(STUDY + "max_power_W = 10\n")
    assert certify(study, tmp_path / "proof") == 2
    assert "max_power_W of resnet18_onnx cannot be certified" in capsys.readouterr().err


def test_a_folder_without_certificate_is_one_line(tmp_path, study, capsys):
    assert check(tmp_path, study) == 2
    assert "holds no certificate.json" in capsys.readouterr().err
    (tmp_path / "certificate.json").write_text("{}")
    assert check(tmp_path, study) == 2
    assert "is no certificate" in capsys.readouterr().err
