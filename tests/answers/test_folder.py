"""Folders of answers: a proof leaves the same files as a run, and each command reads both."""

import json

import pytest

from imcmoo import Answer, Run, Study
from imcmoo.cli.main import main
from imcmoo.io.errors import InputError
from imcmoo.solve.solve import solve

STUDY = """
name = "small"
model = "physical"
device = "dimc"
area_limit_mm2 = 60
criterion = "edap_geomean"
networks = ["resnet18", "mobilenet_v3"]
[space]
voltage_V = 0.9
rows = [64, 128]
cols = 64
input_slice_bits = [1, 2]
columns_per_adc = [2, 4]
tree_stages = 2
tiles_per_group = 2
router_groups = 64
glb_KiB = [256, 1024]
dram = ["x64", "hbm2"]
ping_pong = 0
buffer_words = 1
"""


@pytest.fixture(scope="module")
def proven(tmp_path_factory):
    """Folder with a study file, and the results of its certificate, enumeration and run."""
    home = tmp_path_factory.mktemp("proven")
    (home / "small.toml").write_text(STUDY)
    for command in (["certify"], ["enumerate"], ["run", "--budget", "12", "--no-baselines"]):
        verb, *options = command
        at = ["--out", str(home / "results"), "--quiet"]
        assert main([verb, str(home / "small.toml"), *options, *at]) == 0
    return home


HOMES = ("results/certified/small", "results/enumerated/small", "results/small/seed-1")


@pytest.mark.parametrize("home", HOMES)
def test_each_command_takes_the_folder_of_any_answer(proven, home, capsys):
    folder = proven / home
    assert main(["explain", str(folder)]) == 0
    assert main(["report", str(folder), "--quiet"]) == 0
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "proven" in page
    assert Run(folder).study.names == ("resnet18", "mobilenet_v3")
    capsys.readouterr()


def test_proofs_agree_and_hold_the_study_and_its_answer(proven):
    certified, enumerated = (Run(proven / home) for home in HOMES[:2])
    assert certified.design.iloc[0]["score"] == enumerated.design.iloc[0]["score"]
    study = certified.study
    stored = certified.results.content["answer.json"]
    answer = Answer.of_json(study, json.loads(json.dumps(stored)))
    assert (answer.how, answer.gap) == ("certified", 0.0)
    assert answer.design == solve(study).design
    assert answer.to_json() == stored
    with pytest.raises(InputError, match="of study small, not of other"):
        Answer.of_json(study.replace(name="other"), stored)


def test_cards_say_what_is_proven(proven):
    for home, text in zip(HOMES, ("proven: none of the", "were enumerated", "proven"), strict=True):
        assert text in dict(Run(proven / home).card.rows)["proof"]


def test_a_run_without_exact_answer_is_compared_with_the_certificate(proven, tmp_path):
    study = Study.load(str(proven / "small.toml")).replace(budget=4, baselines=False)
    (proven / "results" / "certified").rename(tmp_path / "certified")
    run = study.run(out=tmp_path)
    proof = dict(run.card.rows)["proof"]
    certified = Run(tmp_path / "certified" / "small")
    excess = run.design.iloc[0]["score"] / certified.design.iloc[0]["score"] - 1
    assert proof.startswith("proven" if excess < 1e-9 else f"{100 * excess:.3g} % above")
    (tmp_path / "certified").rename(proven / "results" / "certified")


def test_flip_compares_the_designs_of_proofs(proven, capsys):
    command = ["flip", str(proven / "small.toml"), "--factor", "clock_Hz", "--quiet"]
    assert main([*command, "--results", str(proven / "results")]) == 0
    (proven / "results" / "enumerated").rename(proven / "enumerated")
    (proven / "results" / "small").rename(proven / "small")
    assert main([*command, "--results", str(proven / "results")]) == 0
    (proven / "enumerated").rename(proven / "results" / "enumerated")
    (proven / "small").rename(proven / "results" / "small")


def test_a_study_file_in_a_folder_of_results_runs_no_code(proven):
    folder = proven / HOMES[0]
    text = (folder / "study.toml").read_text(encoding="utf-8")
    own = text.replace('criterion = "edap_geomean"', 'criterion = "evil:score"')
    assert own != text
    (folder / "study.toml").write_text(own, encoding="utf-8")
    with pytest.raises(InputError, match="would run code"):
        _ = Run(folder).study
    (folder / "study.toml").write_text(text, encoding="utf-8")
