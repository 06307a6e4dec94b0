"""Studies that list devices: their files, the comparison of the devices, and its certificate."""

import json
import math
import os
import re
import shutil
import signal
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import imcmoo
from imcmoo.answers.answers import check_replaceable, comparison_folder
from imcmoo.answers.cautions import DIGITAL_BASIS, PHYSICAL_BASIS
from imcmoo.api import Study
from imcmoo.ask.flip import flip
from imcmoo.cli.main import main
from imcmoo.cli.terminal import Bars
from imcmoo.exact.certificate import Certificate
from imcmoo.exact.check import Refused
from imcmoo.io.checksums import check_sums, content_checksum, sha256
from imcmoo.io.errors import Infeasible, InputError
from imcmoo.model.physical.memory_cells import MEMORY_CELLS
from imcmoo.problem.dominance import is_nondominated
from imcmoo.run import run_devices
from imcmoo.solve.comparison_certificate import check_comparison
from imcmoo.study.catalogue import find, find_study
from tests.cli.helpers import contents, refused, run_quietly
from tests.study.files import written

FILE = """
name = "edge"
model = "physical"
device = ["sram", "rram"]
compute_snr_limit_dB = -inf
budget = 20
[assumptions]
pulse_s = 20e-9
[space]
rows = 128
cols = 128
voltage_V = [0.8, 0.9]
input_slice_bits = 1
input_coding = "levels"
sample_and_hold = 1
macros_per_tile = 4
tiles_per_group = 4
glb_KiB = [256, 512]
glb_banks = 4
link_bits = 128
schedule = "layer"
dram = "x32"
buffer_words = 1
[space.sram]
active_rows = [8, 16]
weight_coding = "offset"
adc_bits = [5, 6]
columns_per_adc = [1, 4]
router_groups = 1
ping_pong = 0
adc_noise = 2
[space.rram]
base = "rram_extended"
active_rows = [32, 64]
adc_bits = [6, 8]
columns_per_adc = [4, 8]
bits_per_cell = 2
weight_coding = "differential"
router_groups = [4, 8]
adc_noise = 1
[[networks]]
source = "a.csv"
[[networks]]
source = "b.csv"
"""
HEADER = "name,C,M,P,Q,R,S\n"
NETWORKS = {
    "a": "first,16,16,14,14,3,3\nsecond,16,32,7,7,3,3\n",
    "b": "first,64,128,7,7,1,1\nlast,128,10,1,1,1,1\n",
}
FAST = 2e-6
"""Latency of network b, s, that no SRAM chip of the space reaches."""


FACTOR = "adc_energy_factor"


def write_networks(folder):
    for name, layers in NETWORKS.items():
        (folder / f"{name}.csv").write_text(HEADER + layers)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Folder of the study's file, its networks and its answers."""
    folder = tmp_path_factory.mktemp("devices")
    write_networks(folder)
    written(folder, FILE)
    return folder


@pytest.fixture(scope="module")
def study(folder):
    return Study.load(folder / "own.toml")


@pytest.fixture(scope="module")
def enumerated(study, folder):
    return study.enumerate(out=folder / "results")


@pytest.fixture(scope="module")
def proven(study, folder):
    return study.certify(out=folder / "results")


@pytest.fixture(scope="module")
def hasty(study):
    """The study with a latency limit that no SRAM chip keeps."""
    networks = [n.replace(max_latency_s=FAST) if n.name == "b" else n
                for n in study.studies[0].networks]  # fmt: skip
    return study.replace(networks=networks)


def all_designs(one):
    """Objectives and EDAPs of the feasible designs of a study, and EDAPs of networks alone, by
    evaluating every design."""
    problem = one.problem()
    levels = one.space.unrank(np.arange(one.space.size))
    metrics = problem.model.evaluate(levels)
    F, G = problem.score(levels, metrics)
    feasible = (G <= 0).all(axis=1)
    alone = []
    for name in one.names:
        of_one = one.replace(networks=[n for n in one.networks if n.name == name]).problem()
        alone_F, alone_G = of_one.score(levels, of_one.model.evaluate(levels))
        keeps = (alone_G <= 0).all(axis=1)
        alone.append(of_one.costs(alone_F[keeps]).edap.min(initial=np.inf))
    return F[feasible], problem.costs(F[feasible]).edap, np.array(alone)


@pytest.fixture(scope="module")
def every(study):
    return [all_designs(one) for one in study.studies]


def least_regrets(every):
    """Least minimax regret of each device against the best single-network optima of all."""
    best = np.min([alone for _, _, alone in every], axis=0)
    return [(edap / best).max(axis=1).min(initial=np.inf) - 1 for _, edap, _ in every]


def test_each_device_has_an_ordinary_study_with_its_space(study):
    assert [one.name for one in study.studies] == ["edge/sram", "edge/rram"]
    sram, rram = (one.space for one in study.studies)
    assert sram.values_of("glb_KiB") == rram.values_of("glb_KiB") == (256, 512)
    assert (sram.fixed["router_groups"], rram.values_of("router_groups")) == (1, (4, 8))
    assert sram.values_of("adc_bits") == (5, 6)
    assert {one.budget for one in study.studies} == {20}


def test_a_list_in_python_makes_the_study_of_the_file(study, folder):
    space = {"rows": 128, "sram": {"adc_bits": [5, 6]}}
    made = Study(
        name="edge", model="physical", device=["sram", "rram"], space=space,
        networks=[str(folder / "a.csv")],
    )  # fmt: skip
    assert isinstance(made, imcmoo.StudyOfDevices)
    one = Study(
        name="edge/sram", model="physical", device="sram", space={**space.pop("sram"), **space},
        networks=[str(folder / "a.csv")],
    )  # fmt: skip
    assert made.studies[0].space == one.space
    assert made.replace(budget=7).studies[1].budget == 7
    with pytest.raises(ValueError, match="space: create the study that lists devices"):
        made.replace(space={})


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (('["sram", "rram"]', '["sram"]'), "device: a list needs at least 2; for one, write devi"),
        (('["sram", "rram"]', '["sram", "sram"]'), "device: 'sram' is listed twice"),
        (('["sram", "rram"]', '["sram", "rrm"]'), "device: unknown 'rrm'; did you mean 'rram'"),
        (('["sram", "rram"]', '["sram", 3]'), "device: needs texts in quotes, got 3"),
        (('"physical"', '"reference"'), 'device: a list needs model = "physical", got \'refer'),
        (("[space]", '[space]\nbase = "sram"'), "space.base: each device has its own base; allo"),
        (("[space]", '[space]\ndevice = "sram"'), "space.device: the key device lists the devic"),
        (("[space.sram]", '[space.sram]\ndevice = "sram"'), "space.sram.device: the table says it"),
        (("[space.sram]", "[space.sran]"), "space.sran: no device of the list; did you mean 'sr"),
        (("[space.sram]", "[space.gpu]"), "space.gpu: no device of the list; allowed: sram, rram"),
        (("[space.rram]\n", "[space.rram.x]\n"), "rram: space.rram.x: unknown para"),
        (("[space]", "[space]\nbits_per_cell = 2"), "sram: space.bits_per_cell: 2 is given, mus"),
        (("[space]", "[space]\nping_pong = 1"), "rram: space.ping_pong: 1 is given, must be 0"),
        (("adc_bits = [5, 6]", "adc_bit = 5"), "sram: space.sram.adc_bit: unknown parameter; did"),
        (("[space.sram]", '[space.sram]\nbase = "sra"'), "sram: space.sram.base: unknown 'sra'; d"),
        (("budget = 20", "budgt = 20"), "toml: budgt: unknown key; did you mean 'budget'"),
        (('"edge"', '"edge/sram"'), "toml: name: the name of a study must be letters"),
        (("budget = 20", 'criterion = "pseudo_weights"'), "criterion: pseudo_weights judges a ch"),
    ],
)  # fmt: skip
def test_a_fault_names_the_key_the_device_and_what_is_allowed(tmp_path, change, why):
    write_networks(tmp_path)
    with pytest.raises(InputError, match=why) as fault:
        find(written(tmp_path, FILE.replace(*change, 1)))
    assert len(str(fault.value).splitlines()) == 1


@pytest.mark.parametrize("device", [{"device": "rram"}, {"space": "rram_physical"}])
def test_a_name_with_a_device_is_refused_for_another_device(folder, device):
    keys = {"model": "physical", "networks": [str(folder / "a.csv")], **device}
    assert Study(name="edge/rram", **keys).name == "edge/rram"
    with pytest.raises(
        ValueError, match=r"^name: 'edge/sram' is of sram, but the study is of rram"
    ):
        Study(name="edge/sram", **keys)


def test_a_table_instead_of_a_space_is_needed(study):
    with pytest.raises(ValueError, match="space: needs a table if device is a list, got 'sram'"):
        Study(name="edge", model="physical", device=["sram", "rram"], space="sram", networks=["a"])


def test_keys_of_analog_errors_hold_for_devices_that_have_them(folder):
    keys = {"compute_snr_limit_dB": 20, "adc_snr_limit_dB": 20, "calibration": "wang_vlsi_2022"}
    usual = {
        "name": "edge", "model": "physical", "device": ["sram", "dimc"],
        "networks": [str(folder / "a.csv")],
    }  # fmt: skip
    for study in (Study(**usual, **keys), Study(**usual).replace(**keys)):
        for key, value in keys.items():
            assert [getattr(one, key) for one in study.studies] == [value, None]


def test_a_study_of_a_device_with_exact_sums_refuses_a_limit_on_analog_errors(folder):
    one = Study(
        name="one", model="physical", device="dimc", compute_snr_limit_dB=-math.inf,
        networks=[str(folder / "a.csv")],
    )  # fmt: skip
    with pytest.raises(
        ValueError, match=r"^compute_snr_limit_dB: 20 is given, must be -inf on dim"
    ):
        one.replace(compute_snr_limit_dB=20)


def test_regrets_are_against_the_best_optima_of_all_devices(enumerated, every):
    sram, rram = (alone for _, _, alone in every)
    assert (sram < rram).any()
    assert (sram > rram).any()
    expected = least_regrets(every)
    np.testing.assert_allclose(enumerated.table["value"], expected, rtol=1e-12)
    np.testing.assert_array_equal(enumerated.table["bound"], enumerated.table["value"])
    better = [each.study.device for each in enumerated.answers][int(np.argmin(expected))]
    assert enumerated.best.study.device == better
    assert enumerated.design["device"].tolist() == [better]


def test_of_devices_with_equal_scores_the_one_of_less_energy_wins(enumerated):
    equal = [replace(each, score=1.0) for each in enumerated.answers]
    energies = {each.study.device: each.costs["energy_J"] for each in equal}
    for listed in (equal, equal[::-1]):
        compared = replace(enumerated, answers=tuple(listed))
        assert compared.best.study.device == min(energies, key=energies.get)


def test_the_front_is_that_of_all_designs_of_all_devices(enumerated, every):
    F = np.concatenate([F for F, _, _ in every])
    front = np.unique(F[is_nondominated(F)], axis=0)
    assert len(enumerated.front) == len(front)
    assert set(enumerated.front["device"]) <= {"sram", "rram"}
    energies = enumerated.front["energy_a_J"].to_numpy()
    np.testing.assert_array_equal(np.sort(energies), np.sort(front[:, 0]))
    lacking = enumerated.front["device"] == "sram"
    assert enumerated.front.loc[lacking, "router_groups"].isna().all()


def test_dominated_chips_are_not_on_the_front(enumerated):
    best = []
    for each in enumerated.answers:
        every = each.study.space.unrank(np.arange(each.study.space.size))
        best.append(replace(each, front=every))
    pd.testing.assert_frame_equal(replace(enumerated, answers=tuple(best)).front, enumerated.front)


def test_the_files_have_the_tables_and_their_checksums(study, enumerated, folder):
    home = comparison_folder(study, folder / "results" / "enumerated")
    read = pd.read_csv(home / "devices.csv")
    pd.testing.assert_frame_equal(read, enumerated.table, check_dtype=False, rtol=0, atol=0)
    names = ("devices.csv", "front.csv", "design.json")
    check_sums(home, known=names, always=names, remedy="")


def test_the_caution_is_that_of_the_device_of_the_winner(enumerated, tmp_path, monkeypatch):
    def saved():
        enumerated.save(tmp_path)
        return json.loads((tmp_path / "design.json").read_text())["caution"]

    assert saved() == PHYSICAL_BASIS
    monkeypatch.setattr(MEMORY_CELLS[enumerated.best.study.device], "exact", True)
    assert saved() == DIGITAL_BASIS


def test_ratios_and_costs_of_the_table_are_those_of_the_chips(enumerated):
    table = enumerated.table.set_index("device")
    for best in enumerated.answers:
        values = best.study.cost_model().evaluate(best.levels).values
        mean = np.exp(np.log(values["energy"][0] * values["interval"][0]).mean())
        edap = mean * values["package"][0]
        winner = enumerated.best.costs["edap_interval_package_J_s_mm2"]
        ratio = table.loc[best.study.device, "edap_interval_package_ratio"]
        assert ratio == pytest.approx(edap * 1e6 / winner, rel=1e-12)
        assert table.loc[best.study.device, "package_mm2"] == pytest.approx(
            values["package"][0] * 1e6
        )
    assert table.loc[enumerated.best.study.device, "edap_latency_chip_ratio"] == 1


def test_proofs_agree_with_the_enumeration_and_state_the_factor(enumerated, proven, folder):
    home = folder / "results" / "certified" / "edge"
    pd.testing.assert_frame_equal(proven.table, enumerated.table, rtol=1e-12)
    best, other = proven.ranking
    factor = (1 + other.bound) / (1 + best.score)
    assert proven.factors == [
        (best.study.device, other.study.device, pytest.approx(factor, rel=1e-12))
    ]
    (line,) = [line for line in proven.statements if "beats" in line]
    stated = float(line.split("at least ")[1].split()[0])
    assert factor - 1e-3 < stated <= factor
    certificate = json.loads((home / "comparison" / "certificate.json").read_text())
    assert (certificate["winner"], certificate["gap"]) == (best.study.device, 0)
    assert certificate["bound"] == min(proven.table["bound"])
    for name, digest in certificate["devices"]["sram"]["certificates"].items():
        assert sha256(home / name) == digest


@pytest.fixture
def copied(proven, folder, tmp_path):
    """A copy of the proven folder, free to forge."""
    home = folder / "results" / "certified" / "edge"
    return shutil.copytree(home, tmp_path / "edge") / "comparison"


def forge(path, change):
    """Change the content of a certificate, and its checksum with it."""
    content = json.loads(path.read_text())
    change(content)
    content["checksum"] = content_checksum(content)
    path.write_text(json.dumps(content))


def relist(comparison, name):
    """Let the comparison list a forged certificate of a device."""
    device = name.split("/")[0]
    digest = sha256(comparison.parent / name)

    def change(content):
        content["devices"][device]["certificates"][name] = digest

    forge(comparison / "certificate.json", change)


@pytest.mark.parametrize("is_listed", [False, True])
def test_a_forged_certificate_of_a_device_is_refused(study, copied, is_listed):
    name = "rram/certificate.json"

    def change(content):
        content["bound"] *= 1.5
        content["incumbent"]["value"] *= 1.5

    forge(copied.parent / name, change)
    why = "not the file that the comparison lists"
    if is_listed:
        relist(copied, name)
        why = r"rram: refused: the incumbent scores"
    with pytest.raises(Refused, match=why):
        check_comparison(copied, study)


def without_optimum(content):
    del content["devices"]["sram"]["certificates"]["sram/alone_a/certificate.json"]


def falsely_infeasible(content):
    without_optimum(content)
    content["devices"]["sram"]["infeasible"] = ["alone_a"]


def other_winner(content):
    content["winner"] = {"sram": "rram", "rram": "sram"}[content["winner"]]


def larger_bound(content):
    content["bound"] *= 2


def another_place(content):
    listed = content["devices"]["sram"]["certificates"]
    listed["rram/../sram/certificate.json"] = listed["sram/certificate.json"]


def one_device(content):
    del content["devices"]["rram"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (without_optimum, "no certificate of alone_a beside it, which it rests on"),
        (falsely_infeasible, "the single-network optimum of a is not that of its certificate"),
        (other_winner, "does not follow from the certificates of the devices"),
        (larger_bound, "does not follow from the certificates of the devices"),
        (another_place, "is no certificate of sram"),
        (one_device, "it compares sram"),
    ],
)
def test_a_forged_comparison_is_refused(study, copied, change, why):
    forge(copied / "certificate.json", change)
    with pytest.raises(Refused, match=why):
        check_comparison(copied, study)


def test_a_damaged_comparison_is_refused(study, copied):
    path = copied / "certificate.json"
    path.write_text(path.read_text().replace('"gap": 0.0', '"gap": 0.1'))
    with pytest.raises(InputError, match="it is not as it was written"):
        check_comparison(copied, study)


def test_the_optimum_of_a_network_counts_on_a_device_without_a_chip_for_all(hasty, tmp_path):
    every = [all_designs(one) for one in hasty.studies]
    (sram, rram) = every
    assert not len(sram[0])
    assert sram[2][0] < rram[2][0], "the best chip for network a is of SRAM"
    compared = hasty.enumerate(out=tmp_path)
    table = compared.table
    assert table["feasible"].tolist() == [False, True]
    np.testing.assert_allclose(table["value"], [np.nan, least_regrets(every)[1]], rtol=1e-12)
    assert table.loc[0].drop(["device", "feasible", "criterion"]).isna().all()
    assert any(line.startswith("no chip of sram: ") for line in compared.statements)


@pytest.mark.slow
def test_a_device_without_a_chip_is_proven_and_checked(hasty, tmp_path):
    enumerated = hasty.enumerate(out=tmp_path)
    compared = hasty.certify(out=tmp_path)
    pd.testing.assert_frame_equal(compared.table, enumerated.table, rtol=1e-12)
    folder = comparison_folder(hasty, tmp_path / "certified")
    stated = json.loads((folder / "certificate.json").read_text())["devices"]["sram"]
    assert stated["infeasible"] == ["alone_b", "regret_minimax"]
    check_comparison(folder, hasty)
    content = json.loads((folder / "certificate.json").read_text())
    content["devices"]["rram"]["infeasible"] = ["alone_b"]
    del content["devices"]["rram"]["certificates"]["rram/alone_b/certificate.json"]
    forge(folder / "certificate.json", lambda stored: stored.update(content))
    with pytest.raises(Refused):
        check_comparison(folder, hasty)


def test_no_device_with_a_chip_is_an_error_that_says_why_of_each(study, tmp_path):
    small = study.replace(area_limit_mm2=0.1, networks=study.studies[0].networks[:1])
    for call in (small.enumerate, small.certify, small.run):
        with pytest.raises(Infeasible, match=r"no device of edge has a feas.*sram: no.*rram: no"):
            call(out=tmp_path)
    assert not contents(tmp_path)


@pytest.fixture(scope="module")
def ran(study, folder):
    return study.run(out=folder / "runs", seed=3)


def test_a_run_compares_the_best_found_of_each_device(ran, study, folder):
    for best, one in zip(ran.answers, study.studies, strict=True):
        (run,) = best.evidence
        assert run.folder == folder / "runs" / "edge" / best.study.device / "seed-3"
        columns = [f"edap_{name}_J_s_mm2" for name in one.names]
        known = [r.results.reference_edap for each in ran.answers for r in each.evidence]
        worst = (run.front[columns].to_numpy() / np.min(known, axis=0)).max(axis=1) - 1
        assert best.score == pytest.approx(worst.min(), rel=1e-9)
        assert math.isnan(best.bound)
    assert not ran.factors
    design = json.loads((comparison_folder(study, folder / "runs") / "design.json").read_text())
    assert design["regret_reference"] == "best found"
    assert design["study"] == f"edge/{ran.best.study.device}"


def test_a_device_lacks_a_chip_only_if_all_seeds_find_none(
    study, ran, folder, tmp_path, monkeypatch
):
    def unlucky(*_, **__):
        raise Infeasible("no feasible design found")

    monkeypatch.setattr("imcmoo.run.run_one", unlucky)
    shutil.copytree(folder / "runs", tmp_path / "runs")
    with pytest.warns(UserWarning, match=r"seed-4: no feasible design found"):
        compared = run_devices(study, tmp_path / "runs", seeds=(3, 4), resume=True)
    pd.testing.assert_frame_equal(compared.table, ran.table)
    with pytest.raises(Infeasible, match=r"no device of edge has a feasible chip"):
        run_devices(study, tmp_path / "none", seeds=(3, 4))


def test_the_command_writes_the_files_of_the_library_and_resumes(study, folder, ran, monkeypatch):
    run_quietly("run", folder / "own.toml", "--seed", 3, "--out", folder / "command")
    files = contents(folder / "command")
    assert files == contents(folder / "runs")
    monkeypatch.setattr("imcmoo.run.run_one", lambda *_: pytest.fail("it has begun"))
    run_quietly("run", folder / "own.toml", "--seed", 3, "--resume", "--out", folder / "command")
    assert contents(folder / "command") == files


def test_answers_of_devices_are_kept_after_an_interrupt(study, folder, enumerated, monkeypatch):
    home = comparison_folder(study, folder / "results" / "enumerated")
    before = contents(home)
    monkeypatch.setattr("imcmoo.solve.devices.enumerate_to", lambda *_, **__: pytest.fail("again"))
    study.enumerate(out=folder / "results")
    assert contents(home) == before


def test_a_comparison_of_another_study_is_replaced_by_force_only(study, ran, folder, monkeypatch):
    other = imcmoo.StudyOfDevices("edge", study.studies[::-1]).replace(area_limit_mm2=500)
    before = contents(folder / "runs")
    with pytest.raises(InputError, match=r"comparison is of other settings: .*force=True"):
        other.run(out=folder / "runs", seed=3)
    assert contents(folder / "runs") == before


def test_a_comparison_of_other_layers_is_not_replaced(study, ran, folder, tmp_path):
    write_networks(tmp_path)
    (tmp_path / "b.csv").write_text(HEADER + NETWORKS["a"])
    other = study.replace(networks=[str(tmp_path / f"{name}.csv") for name in NETWORKS])
    check_replaceable(study, comparison_folder(study, folder / "runs"))
    with pytest.raises(InputError, match=r"comparison is of other networks: .*force=True"):
        check_replaceable(other, comparison_folder(study, folder / "runs"))


def one_line(text):
    return " ".join(text.split())


def test_the_commands_print_who_wins_and_check_the_proof(study, proven, folder, capsys):
    words = [folder / "own.toml", "--out", folder / "results"]
    for command in ("enumerate", "certify"):
        assert main([command, *map(str, words)]) == 0
        text = capsys.readouterr().out
        assert f"best device: {proven.best.study.device} (regret_minimax " in text
        # The card of the winner is printed first, and its proof is over all devices.
        card, table = text.split("best device: ")
        assert "one chip for " in card
        everything = sum(one.space.size for one in study.studies)
        assert f"none of the {everything:,} designs of sram and rram is better" in one_line(card)
        area = proven.best.costs["area_mm2"]
        assert f"area {area:.4g} mm²" in one_line(card)
        assert "beats" in table
        assert "EDAP ratio: interval," in text
    certified = folder / "results" / "certified" / "edge"
    check = ["check-certificate", certified, "--study", folder / "own.toml"]
    assert main([*map(str, check)]) == 0
    text = capsys.readouterr().out
    assert "bounds validated on" in text
    counts = [
        int(n.replace(",", "")) for n in re.findall(r"([\d,]+) (?:designs inf|exc|eva)", text)
    ]
    assert sum(counts) == 3 * sum(one.space.size for one in study.studies)
    line = refused(capsys, *check[:1], certified / "sram", *check[2:])
    assert "the single-network optimum of" in line
    assert line.endswith(f"to check all devices that are compared: {certified}\n")
    assert "unknown study 'edge'" in refused(capsys, *check[:2])
    assert "compares devices, and study four_workload_sram" in refused(
        capsys, *check[:3], "four_workload_sram"
    )


def test_sigterm_leaves_the_best_design_of_the_devices_and_says_so(
    folder, tmp_path, monkeypatch, capsys
):
    steps = []

    def ended(self, task, **fields):
        steps.append(fields["description"])
        if steps.count("edge/rram edap_geomean") == 1:
            os.kill(os.getpid(), signal.SIGTERM)

    words = ["certify", str(folder / "own.toml"), "--criterion", "edap_geomean"]
    monkeypatch.setattr(Bars, "update", ended)
    with pytest.raises(SystemExit) as left:
        main([*words, "--out", str(tmp_path)])
    assert left.value.code == 128 + signal.SIGTERM
    home = tmp_path / "certified" / "edge"
    first, second = (Certificate.load(home / d / "edap_geomean") for d in ("sram", "rram"))
    assert first.value < second.value
    assert second.gap > 0
    line = f"the best design so far by edap_geomean has a gap of 0.000%: {home / 'sram'}\n"
    assert capsys.readouterr().err.endswith(line)
    assert not (home / "comparison" / "certificate.json").exists()


def test_a_criterion_that_certificates_state_has_a_comparison_of_its_own(
    proven, folder, tmp_path, capsys
):
    shutil.copytree(folder / "results" / "certified", tmp_path / "certified")
    home = tmp_path / "certified" / "edge"
    before = contents(home)
    file = str(folder / "own.toml")
    assert main(["certify", file, "--criterion", "area", "--out", str(tmp_path)]) == 0
    after = contents(home)
    assert before.items() <= after.items()
    apart = home / "comparison" / "area"
    assert str(apart) in capsys.readouterr().out
    check = ["check-certificate", str(apart), "--study", file, "--criterion", "area"]
    assert main(check) == 0
    assert f"{apart}: accepted: area" in one_line(capsys.readouterr().out)


def test_a_comparison_is_checked_from_inside_its_folder(proven, folder, monkeypatch, capsys):
    home = folder / "results" / "certified" / "edge" / "comparison"
    monkeypatch.chdir(home)
    assert main(["check-certificate", ".", "--study", str(folder / "own.toml")]) == 0
    assert f"{home}: accepted" in capsys.readouterr().out


def test_commands_of_one_device_take_the_study_that_a_file_of_results_names(ran, folder, capsys):
    file = str(folder / "own.toml")
    with pytest.raises(InputError, match=r"study edge lists devices \(sram, rram\), which this co"):
        find_study(file)
    assert find_study(file, "edge/rram").name == "edge/rram"
    with pytest.raises(InputError, match="study edge is of edge/sram, edge/rram, not of edge/gpu"):
        find_study(file, "edge/gpu")
    home = folder / "runs" / "edge"
    for what in (home / "comparison" / "design.json", home / "sram" / "seed-3"):
        assert main(["explain", str(what), "--study", file]) == 0
    assert "energy" in capsys.readouterr().out


def test_criteria_of_chips_for_one_network_and_of_candidates_compare_no_devices(
    study, folder, tmp_path, capsys
):
    with pytest.raises(InputError, match="criterion alone_a judges chips for one network"):
        study.certify("alone_a", out=tmp_path)
    line = refused(capsys, "run", folder / "own.toml", "--criterion", "pseudo_weights")
    assert "pseudo_weights judges a chip beside the others" in line
    line = refused(capsys, "run", folder / "own.toml", "--budget", 4000, "--out", tmp_path)
    assert "a budget of 4,000 is above the 32 designs of the space" in line
    line = refused(capsys, "certify", folder / "own.toml", "--from", tmp_path)
    assert "--from is a run of one device" in line
    assert not contents(tmp_path)


@pytest.mark.slow
def test_all_criteria_are_proven_and_the_comparison_is_by_that_of_the_study(folder, tmp_path):
    study = Study.load(folder / "own.toml").replace(criterion="edap_max")
    compared = study.certify("all", out=tmp_path)
    assert compared.criterion == "edap_max"
    every = [all_designs(one) for one in study.studies]
    expected = [edap.max(axis=1).min() for _, edap, _ in every]
    np.testing.assert_allclose(compared.table["value"], expected, rtol=1e-12)
    best = np.min([edap.min(axis=0) for _, edap, _ in every], axis=0)
    joint = [c["regret_minimax_joint"].value for c in (each.evidence for each in compared.answers)]
    least = [(edap / best).max(axis=1).min() - 1 for _, edap, _ in every]
    np.testing.assert_allclose(joint, least, rtol=1e-12, atol=1e-15)
    check_comparison(comparison_folder(study, tmp_path / "certified"), study)


@pytest.fixture
def few_values(monkeypatch):
    """Let flip evaluate today's value and the ends of the band only."""
    monkeypatch.setattr("imcmoo.ask.flip.GRID", 2)
    monkeypatch.setattr("imcmoo.ask.flip.NEAR", 10.0)


def test_flip_names_the_device_the_next_one_and_the_factors(
    study, enumerated, folder, few_values, capsys
):
    words = ["flip", folder / "own.toml", "--factor", FACTOR, "--results", folder / "results"]
    assert main([*map(str, words)]) == 0
    (line,) = (x for x in capsys.readouterr().out.splitlines() if x.startswith("today: "))
    best, second = enumerated.ranking
    names = f"today: edge/{best.study.device}, next edge/{second.study.device}"
    assert line.startswith(f"{names} (minimax regret {best.score:.4g} and {second.score:.4g})")
    factor = second.costs["latency_s"] / best.costs["latency_s"]
    assert f"latency × {factor:.4g}" in line
    with pytest.raises(InputError, match="edge lists devices, which are compared without OTHER"):
        flip(study, study.studies[0], FACTOR, out=folder / "results")


@pytest.mark.slow
def test_flip_proves_the_regrets_that_it_finds_among_enumerated_designs(
    study, enumerated, folder, few_values
):
    found = [
        flip(study, None, FACTOR, out=folder / out, exact=exact)
        for out, exact in (("nothing", True), ("results", False))
    ]
    proven = [[c.score for c in point.answers] for point in found[0].points]
    stored = [[c.score for c in point.answers] for point in found[1].points]
    np.testing.assert_allclose(proven, stored, rtol=1e-9)
