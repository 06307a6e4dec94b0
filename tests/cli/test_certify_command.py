"""`imcmoo certify` and `imcmoo check-certificate`: files, one line for each fault."""

import json
import os
import re
import shutil
import signal
import warnings

import pytest

from imcmoo.api import Study
from imcmoo.cli.main import main
from imcmoo.cli.terminal import Bars
from imcmoo.io.checksums import content_checksum
from imcmoo.io.locks import folder_lock
from imcmoo.model.partials import NoBounds
from imcmoo.model.physical.model import PhysicalEvaluator
from imcmoo.problem.criteria import Criterion
from tests.cli.helpers import contents, refused

STUDY = """
name = "few"
model = "physical"
criterion = "edap_geomean"

[space]
base = "sram_extended"
voltage_V = [0.8, 1.0]
rows = [128, 256]
cols = 256
active_rows = 128
weight_coding = "differential"
input_slice_bits = 1
input_coding = "levels"
adc_bits = [6, 7]
columns_per_adc = [2, 4]
sample_and_hold = [0, 1]
ping_pong = 1
macros_per_tile = 4
tiles_per_group = [4, 8]
router_groups = 16
glb_KiB = [512, 2048]
glb_banks = 4
link_bits = 512
dram = ["x64", "hbm2"]
schedule = "layer"
buffer_words = 1
adc_noise = 10

[[networks]]
source = "mobilenet_v3_onnx"

[[networks]]
source = "resnet18_onnx"
"""


def mean_regret(costs, optima):
    return (costs.edap / optima).mean(axis=1)


MEAN_REGRET = Criterion("mean_regret", mean_regret, against="optima", monotone=True)


@pytest.fixture
def study(tmp_path):
    path = tmp_path / "few.toml"
    path.write_text(STUDY)
    return path


def certify(study, results, *more):
    return main(["certify", str(study), "--quiet", "--out", str(results), *more])


def check(out, study):
    return main(["check-certificate", str(out), "--study", str(study), "--quiet"])


def refused_check(capsys, out, study):
    return refused(capsys, "check-certificate", out, "--study", study)


def stored(folder):
    """The certificate in a folder."""
    return json.loads((folder / "certificate.json").read_text())


def change(path, **values):
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def forge(path, **values):
    """Change a certificate, and its checksum with it."""
    change(path, **values)
    change(path, checksum=content_checksum(json.loads(path.read_text())))


def forge_settings(path, **changes):
    """Change settings of a certificate, and its checksum with them."""
    stamp = json.loads(path.read_text())["stamp"]
    forge(path, stamp={**stamp, "settings": {**stamp["settings"], **changes}})


@pytest.fixture(scope="module")
def proven(tmp_path_factory):
    """The study, and a folder with a certificate; only to be copied."""
    folder = tmp_path_factory.mktemp("proven")
    (folder / "few.toml").write_text(STUDY)
    assert certify(folder / "few.toml", folder, "--criterion", "edap_geomean") == 0
    (folder / "certified" / "few").rename(folder / "proof")
    return folder


def test_a_criterion_is_certified_and_checked(proven, capsys):
    out = proven / "proof"
    certificate = stored(out)
    assert certificate["stamp"]["settings"]["study"] == "few"
    assert (certificate["criterion"], certificate["gap"]) == ("edap_geomean", 0)
    assert certificate["bound"] == certificate["incumbent"]["value"]
    counts = certificate["counts"]
    counted = sum(s["infeasible"] + s["excluded"] for s in counts["stages"].values())
    assert counted + counts["evaluated"] == certificate["designs"] == 256
    assert main(["check-certificate", str(out), "--study", str(proven / "few.toml")]) == 0
    output = r"re-walked and re-counted; bounds validated on [\d,]+ designs\n$"
    assert re.search(output, capsys.readouterr().out)


def test_a_certificate_with_a_setting_that_the_study_lacks_is_refused(proven, tmp_path, capsys):
    out = tmp_path / "proof"
    shutil.copytree(proven / "proof", out)
    forge_settings(out / "certificate.json", scaling="current")
    line = refused_check(capsys, out, proven / "few.toml")
    assert 'the certificate is of other settings: scaling "current" (here null)' in line


def test_all_criteria_go_to_folders_of_their_names(tmp_path, study, capsys):
    out = tmp_path / "certified" / "few"
    assert certify(study, tmp_path, "--criterion", "all") == 0
    written = {path.parent.name for path in out.glob("*/certificate.json")}
    assert {"edap_max", "ela_mean", "edap_resnet18_onnx", "regret_minimax"} <= written
    assert {"alone_resnet18_onnx", "regret_minimax_joint"} <= written
    assert (stored(out)["criterion"], "edap_geomean" in written) == ("edap_geomean", False)
    assert check(out, study) == 0
    change(out / "regret_minimax" / "certificate.json", bound=0.9)
    line = refused_check(capsys, out, study)
    assert "regret_minimax: refused: the certificate is not as it was written" in line


@pytest.mark.parametrize("criterion", ["edap_max", "ela_mean"])
def test_the_certificate_of_another_criterion_stays_beside_that_of_the_study(
    criterion, proven, tmp_path, study, capsys
):
    out = tmp_path / "certified" / "few"
    shutil.copytree(proven / "proof", out)
    before = contents(out)
    assert main(["certify", str(study), "--out", str(tmp_path), "--criterion", criterion]) == 0
    assert f"written: {out / criterion}\n" in capsys.readouterr().out
    assert contents(out).items() > before.items()
    proof = stored(out / criterion)
    assert proof["criterion"] == criterion
    assert main(["explain", str(out / criterion), "--study", str(study), "--json"]) == 0
    explained = json.loads(capsys.readouterr().out)
    assert explained["criterion"] == criterion
    assert explained["score"] == pytest.approx(proof["incumbent"]["value"])
    assert check(out, study) == 0


def test_the_certificate_of_the_former_criterion_of_a_study_is_kept(proven, tmp_path):
    study, out = tmp_path / "few.toml", tmp_path / "certified" / "few"
    shutil.copytree(proven / "proof", out)
    former = (out / "certificate.json").read_bytes()
    study.write_text(STUDY.replace("edap_geomean", "edap_max"))
    for _ in range(2):
        assert certify(study, tmp_path) == 0
        assert stored(out)["criterion"] == "edap_max"
        assert (out / "edap_geomean" / "certificate.json").read_bytes() == former
    assert check(out, study) == 0


def test_a_users_criterion_of_the_command_line_has_a_subfolder_with_what_it_rests_on(
    proven, tmp_path, study, capsys
):
    out, mine = tmp_path / "certified" / "few", f"{__name__}:MEAN_REGRET"
    shutil.copytree(proven / "proof", out)
    before = (out / "certificate.json").read_bytes()
    for _ in range(2):
        assert certify(study, tmp_path, "--criterion", mine) == 0
    assert stored(out / "mean_regret")["criterion"] == "mean_regret"
    names = {path.parent.name for path in (out / "mean_regret").glob("*/certificate.json")}
    assert names == {"alone_mobilenet_v3_onnx", "alone_resnet18_onnx"}
    # Other criteria go on, as does the check of the study, which says what it leaves out.
    assert certify(study, tmp_path, "--criterion", "edap_max") == 0
    assert (out / "certificate.json").read_bytes() == before
    assert check(out, study) == 0
    assert f"{out / 'mean_regret'} was not checked" in capsys.readouterr().err
    asked = ("check-certificate", out / "mean_regret", "--study", study)
    assert main([*map(str, asked), "--criterion", mine, "--quiet"]) == 0
    assert "whose module would run code" in refused(capsys, *asked)


@pytest.mark.parametrize(
    ("criterion", "weights", "is_told"),
    [("edap_max", "3", True), ("edap_max", "1", False), ("edap_geomean", "3", False)],
)
def test_weights_that_the_criterion_ignores_are_said_to_be_ignored(
    tmp_path, study, capsys, criterion, weights, is_told
):
    study.write_text(STUDY + f"weight = {weights}\n")
    assert main(["certify", str(study), "--out", str(tmp_path), "--criterion", criterion]) == 0
    said = (
        f"few sets weights of networks, which criterion {criterion} ignores; "
        "edap_mean, edap_product, edap_geomean, ela_mean count them"
    )
    assert capsys.readouterr().err == f"warning: {said}\n" * is_told
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        Study.load(study).certify(criterion, out=tmp_path)
    assert [str(each.message) for each in told] == [said] * is_told


def test_other_studies_are_no_certificates_beside_that_of_a_study(proven, tmp_path, capsys):
    out = tmp_path / "certified" / "few"
    shutil.copytree(proven / "proof", out)
    shutil.copytree(proven / "proof", tmp_path / "certified" / "other")
    forge_settings(tmp_path / "certified" / "other" / "certificate.json", study="other")
    change(out / "certificate.json", bound=0.0)
    assert "to check all" not in refused_check(capsys, out, proven / "few.toml")


def test_a_folder_without_the_certificate_that_is_asked_for_names_those_that_are_there(
    tmp_path, study, capsys
):
    out = tmp_path / "certified" / "few"
    assert certify(study, tmp_path, "--criterion", "regret_minimax_joint") == 0
    line = refused(capsys, "explain", out, "--study", study)
    assert f"certificates are in {out / 'edap_mobilenet_v3_onnx'}, " in line
    line = refused_check(capsys, out / "regret_minimax_joint", study)
    assert line.endswith(f"which it rests on; to check all certificates of the study: {out}\n")
    of_regret = ("explain", str(out / "regret_minimax_joint"), "--study", str(study), "--json")
    assert main([*of_regret]) == 0
    assert json.loads(capsys.readouterr().out)["criterion"] == "regret_minimax_joint"


def test_every_certificate_must_be_of_the_study_and_its_settings(proven, tmp_path, study, capsys):
    shutil.copytree(proven / "proof", tmp_path / "proof")
    shutil.copytree(proven / "proof", tmp_path / "proof" / "second")
    path = tmp_path / "proof" / "second" / "certificate.json"
    for settings in ({"area_limit_mm2": 1e6}, {"study": "another"}):
        forge_settings(path, **settings)
        line = refused_check(capsys, tmp_path / "proof", study)
        said = f"second: refused: the certificate is of other settings: {', '.join(settings)} "
        assert said in line


def test_certificates_of_another_study_of_this_name_are_kept_unless_forced(
    proven, tmp_path, study, capsys
):
    out = tmp_path / "certified" / "few"
    shutil.copytree(proven / "proof", out)
    shutil.copytree(proven / "proof", out / "second")
    study.write_text(f"area_limit_mm2 = 500\n{STUDY}")
    before = contents(tmp_path)
    asked = ("--criterion", "edap_geomean")
    line = refused(capsys, "certify", study, "--quiet", "--out", tmp_path, *asked)
    assert f"{out} is of other settings: area_limit_mm2 " in line
    assert "(here 500.0); choose another folder with out= (--out), or replace it with" in line
    assert contents(tmp_path) == before
    assert certify(study, tmp_path, *asked, "--force") == 0
    assert stored(out)["stamp"]["settings"]["area_limit_mm2"] == 500
    assert not (out / "second" / "certificate.json").exists()
    assert check(out, study) == 0


def test_a_certificate_of_another_area_limit_than_the_named_study_is_refused(proven, capsys):
    out, study = proven / "proof", proven / "few.toml"
    limited = proven / "limited.toml"
    limited.write_text(f"area_limit_mm2 = 500\n{STUDY}")
    refusal = "the certificate is of other settings: area_limit_mm2 "
    assert refusal in refused_check(capsys, out, limited)
    line = refused(capsys, "check-certificate", out, "--study", study, "--area-limit", "500")
    assert refusal in line
    own = str(stored(out)["stamp"]["settings"]["area_limit_mm2"])
    named = ["check-certificate", str(out), "--study", str(limited), "--quiet"]
    assert main([*named, "--area-limit", own]) == 0


def test_a_kept_certificate_is_not_shown_as_proven_now(proven, tmp_path, study, capsys):
    """Whoever forges one has no better answer from the command that keeps it."""
    out = tmp_path / "certified" / "few"
    shutil.copytree(proven / "proof", out)
    asked = ("certify", str(study), "--out", str(tmp_path), "--criterion", "edap_geomean")
    assert main([*asked]) == 0
    kept = f"kept from an earlier certificate, not proven now: imcmoo check-certificate {out}"
    assert kept in capsys.readouterr().out
    optimum = stored(out)["bound"]
    for bound in (0.99 * optimum, 2 * optimum):
        forge(out / "certificate.json", bound=bound, gap=max(0.0, optimum / bound - 1), ties="")
        assert main([*asked, "--time-limit", "0"]) == 0
        assert (kept in capsys.readouterr().out) == (bound < optimum)
        assert stored(out)["bound"] <= optimum


def test_a_space_without_bounds_is_reported_once_and_evaluated(
    proven, tmp_path, study, capsys, monkeypatch
):
    def refuse(*_):
        raise NoBounds("no bounds: not this space")

    monkeypatch.setattr(PhysicalEvaluator, "partials", refuse)
    out = tmp_path / "certified" / "few"
    assert main(["certify", str(study), "--out", str(tmp_path), "--criterion", "all"]) == 0
    output = capsys.readouterr().out
    assert output.count("no bounds: not this space: all 256 designs are evaluated instead") == 1
    assert re.search(r"^    voltage_V [\d.]+, rows \d+, ", output, re.M)
    assert stored(out)["incumbent"] == stored(proven / "proof")["incumbent"]


def test_a_shift_between_two_counts_is_noticed(tmp_path, proven, study, capsys):
    """Their sum is kept, and so is every statement that can be proven anew."""
    shutil.copytree(proven / "proof", tmp_path / "proof")
    path = tmp_path / "proof" / "certificate.json"
    counts = json.loads(path.read_text())["counts"]
    stage = max(counts["stages"], key=lambda name: counts["stages"][name]["excluded"])
    counts["stages"][stage]["excluded"] -= 1
    counts["stages"][stage]["infeasible"] += 1
    change(path, counts=counts)
    line = refused_check(capsys, tmp_path / "proof", study)
    assert "the certificate is not as it was written" in line


def test_a_bound_never_gets_weaker(tmp_path, proven, study, capsys):
    """A command without time proves less than the certificate that is there."""
    out = tmp_path / "certified" / "few"
    asked = ("--criterion", "edap_geomean", "--time-limit", "0")
    assert certify(study, tmp_path, *asked) == 0
    least = stored(out)
    shutil.rmtree(out)
    assert certify(study, tmp_path, "--criterion", "edap_geomean", "--gap", "0.05") == 0
    before = stored(out)
    assert least["bound"] < before["bound"] < before["incumbent"]["value"]
    assert certify(study, tmp_path, *asked) == 0
    after = stored(out)
    assert (after["bound"], after["gap"]) == (before["bound"], before["gap"])
    assert check(out, study) == 0


def test_the_bound_of_a_regret_is_not_below_0(tmp_path, study):
    assert certify(study, tmp_path, "--criterion", "regret_minimax", "--time-limit", "0") == 0
    out = tmp_path / "certified" / "few"
    certificate = stored(out / "regret_minimax")
    assert 0 <= certificate["bound"] < certificate["incumbent"]["value"]
    assert check(out, study) == 0


def test_an_interrupted_command_goes_on(tmp_path, study):
    out = tmp_path / "certified" / "few"
    asked = (study, tmp_path, "--criterion", "regret_minimax")
    assert certify(*asked) == 0
    before = {path: path.read_text() for path in out.rglob("certificate.json")}
    gone = out / "alone_resnet18_onnx" / "certificate.json"
    gone.unlink()
    assert certify(*asked) == 0
    assert json.loads(gone.read_text())["bound"] == json.loads(before[gone])["bound"]
    assert all(path.read_text() == text for path, text in before.items() if path != gone)
    assert check(out, study) == 0


@pytest.mark.parametrize(
    ("more", "why"),
    [
        (("--criterion", "pseudo_weights"), "pseudo_weights cannot be certified"),
        (("--criterion", "edap_unknown"), "edap_unknown cannot be certified"),
        (("--criterion", "unknown"), "unknown criterion 'unknown'"),
        (("--gap", "-1"), "must be at least 0"),
        (("--time-limit", "soon"), "'soon' is not a number"),
        (("--area-limit", "0.01"), "is feasible within"),
    ],
)
def test_a_fault_is_one_line_and_nothing_is_written(tmp_path, study, capsys, more, why):
    out = tmp_path / "proof"
    assert why in refused(capsys, "certify", study, "--quiet", "--out", out, *more)
    assert not out.exists()
    with folder_lock(out / "certified" / "few"):
        assert "is in use by process" in refused(capsys, "certify", study, "--out", out)


def test_a_limit_that_is_not_monotone_is_one_line(tmp_path, study, capsys):
    study.write_text(STUDY + "max_power_W = 10\n")
    line = refused(capsys, "certify", study, "--quiet", "--out", tmp_path / "proof")
    assert "max_power_W of resnet18_onnx cannot be certified" in line
    assert "imcmoo enumerate" in line


def test_the_study_file_in_the_folder_is_taken_and_asked_for_where_it_is_not(
    proven, tmp_path, capsys
):
    assert main(["check-certificate", str(proven / "proof"), "--quiet"]) == 0
    shutil.copy(proven / "proof" / "certificate.json", tmp_path)
    line = refused(capsys, "check-certificate", tmp_path)
    assert line.endswith("or its file by --study FILE.toml\n")


def test_a_folder_without_certificate_is_one_line(tmp_path, study, capsys):
    assert "holds no certificate.json" in refused_check(capsys, tmp_path, study)
    (tmp_path / "certificate.json").write_text("{}")
    assert "is no certificate" in refused_check(capsys, tmp_path, study)


def test_sigterm_leaves_the_best_design_and_says_so(study, tmp_path, monkeypatch, capsys):
    steps = []

    def ended(self, task, **fields):
        steps.append(fields["state"])
        if len(steps) == 1:
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(Bars, "update", ended)
    with pytest.raises(SystemExit) as left:
        certify(study, tmp_path)
    assert left.value.code == 128 + signal.SIGTERM
    line = capsys.readouterr().err
    folder = tmp_path / "certified" / "few"
    gap = stored(folder)["gap"]
    assert f"the best design so far by edap_geomean has a gap of {gap:.3%}: {folder}" in line
    assert main(["certify", str(study), "--quiet", "--out", str(tmp_path)]) == 0
    assert stored(folder)["gap"] == 0
