"""A study as one value: in Python, as a file, and what it reads and builds."""

import pickle
import re
import tomllib
from pathlib import Path

import pytest

import imcmoo
from imcmoo.api import Study
from imcmoo.networks.accuracy_data import AccuracyData
from imcmoo.networks.workloads import Workload
from imcmoo.problem.own_score import Exponents
from imcmoo.study.schema import schema_text
from problems import STUDIES
from tests import ROOT

EXAMPLES = sorted((ROOT / "examples").glob("*.toml"))


def two(**more):
    return Study(name="two", device="rram", networks=["alexnet", "resnet18"], **more)


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda path: path.stem)
def test_a_written_study_reads_back_as_itself(file, tmp_path):
    study = Study.load(file)
    path = tmp_path / "again.toml"
    path.write_text(study.to_toml(), encoding="utf-8")
    again = Study.load(path)
    assert again.to_config() == study.to_config()
    assert again.space == study.space
    path.write_text(study.to_toml(tmp_path), encoding="utf-8")
    assert f'"{ROOT}' not in path.read_text(encoding="utf-8")
    assert Study.load(path).network_set().fingerprint == study.network_set().fingerprint


@pytest.mark.parametrize("name", [name for name in STUDIES if name.startswith("four")])
def test_a_shipped_study_can_be_written_as_a_file(name):
    content = tomllib.loads(STUDIES[name].to_toml())
    assert content["space"] == {"base": STUDIES[name].space.name}
    assert [network["source"] for network in content["networks"]] == [*STUDIES[name].workloads]


def test_a_space_that_no_file_can_describe_is_said():
    space = imcmoo.DesignSpace("mine", (imcmoo.Ordinal("cells", (1, 2)),), {"device": "none"})
    networks = ["alexnet", "resnet18"]
    study = Study(name="two", space=space, model="tests.toy_model:Toy", networks=networks)
    with pytest.raises(ValueError, match="the space of study two is made of no shipped space"):
        study.to_toml()


def test_a_study_takes_what_python_users_have_at_hand():
    study = two(
        seeds=4,
        area_limit_mm2=None,
        score=Exponents(energy=1, latency=2, aggregate="mean"),
        cost={32: 1.5},
        objectives="interval",
    )
    assert study.seed == 4
    assert study.area_limit_m2 is None
    assert study.criterion == "score"
    assert study.score == Exponents(energy=1, latency=2, aggregate="mean")
    assert study.cost_per_cm2 == {32: 1.5}
    assert study.objectives == ("interval",)


def test_a_changed_copy_is_checked_again():
    study = two()
    assert study.replace(budget=5).budget == 5
    assert study.budget == 3300
    with pytest.raises(ValueError, match="budget: must be at least 1, got 0"):
        study.replace(budget=0)
    with pytest.raises(ValueError, match=r"^budget: cannot be changed; replace\(budget=5\)"):
        study.budget = 5


def test_a_space_of_its_own_has_the_name_of_the_study_as_in_its_file(tmp_path):
    one = Study(name="one", model="physical", device="sram", networks=["resnet18"],
                space={"rows": [64, 128]})  # fmt: skip
    two = one.replace(name="two")
    (tmp_path / "two.toml").write_text(two.to_toml(), encoding="utf-8")
    spaces = two.space, two.problem().space, Study.load(tmp_path / "two.toml").space
    assert {repr(space) for space in spaces} == {repr(two.space)}


def test_a_space_that_was_not_stated_follows_the_device_and_the_model():
    study = Study(name="two", model="physical", device="sram", networks=["resnet18"])
    assert study.replace(device="rram").space.name == "rram_physical"
    assert study.replace(budget=5).replace(device="rram").space.values_of("device") == ("rram",)
    assert study.replace(model="reference").space.name == "sram"


@pytest.mark.parametrize(
    "space", ["sram_physical", {"base": "sram_physical"}, {"base": "sram_physical", "rows": 128}]
)
def test_a_space_of_another_device_is_refused(space):
    sram = Study(name="two", model="physical", space=space, networks=["resnet18"])
    fault = "^device: 'rram', but space (sram_physical|two) is of sram; "
    todo = 'leave space out, or say space = {"base": "rram_physical"}$'
    for changes in ({}, {"space": space}):
        with pytest.raises(ValueError, match=fault + todo):
            sram.replace(device="rram", **changes)


def test_a_space_of_another_model_is_refused():
    study = Study.load("four_workload_rram")
    todo = 'leave space out, or say space = {"base": "rram_physical"}$'
    with pytest.raises(ValueError, match="^model: 'physical', but space rram is of.*" + todo):
        study.replace(model="physical")
    with pytest.raises(ValueError, match="model: 'reference', but space sram_physical is of the"):
        Study(name="two", space="sram_physical", networks=["resnet18"])


def test_the_hash_of_a_study_reads_no_file(monkeypatch):
    """Accuracy data can be large, and be gone by then."""
    monkeypatch.setattr(AccuracyData, "read", lambda path: None)
    network = {"source": "alexnet_onnx", "accuracy": "gone.npz"}
    study = Study(name="one", model="physical", device="sram", networks=[network])
    assert hash(study) == hash(study.replace(budget=study.budget))


def test_each_network_is_read_once_and_the_model_built_once(monkeypatch):
    read = []
    load = Workload.load
    monkeypatch.setattr(Workload, "load", lambda source: read.append(source) or load(source))
    study = two()
    model = study.cost_model()
    assert study.problem().model is model
    assert study.replace(seeds=3, budget=50).cost_model() is model
    assert study.replace(deployment="together").cost_model() is not model
    assert study.network_set().names == ["alexnet", "resnet18"]
    assert read == ["alexnet", "resnet18"]


def test_what_was_read_stays_out_of_a_pickle():
    study = two()
    study.cost_model()
    assert len(pickle.dumps(study)) < 20_000
    assert pickle.loads(pickle.dumps(study)) == study


def test_a_study_shows_itself_in_one_line_and_as_a_table():
    assert repr(two()) == "Study(two: 12,096,000 designs of space rram, for alexnet, resnet18)"
    assert "<td>alexnet, resnet18</td>" in two()._repr_html_()


def test_studies_are_loaded_by_name_and_by_path():
    assert Study.load("four_workload_rram") is STUDIES["four_workload_rram"]
    assert Study.load(Path("examples") / "weighted.toml").name == "weighted"


def test_the_file_of_a_study_is_no_key_of_it():
    assert '"file"' not in schema_text()


def test_another_process_gets_the_study_without_its_cost_model():
    study = Study(name="one", device="sram", networks=["resnet18"])
    study.cost_model()
    copy = pickle.loads(pickle.dumps(study))
    assert copy == study
    assert "_model" in vars(study)
    assert "_model" not in vars(copy)


def test_a_study_file_that_is_not_there_is_an_input_error_of_one_line():
    with pytest.raises(imcmoo.InputError, match=r"^nope\.toml: No such file or directory$"):
        Study.load("nope.toml")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "source: is missing"),
        ({"source": ""}, "source: is empty: name a shipped network, such as resnet18, or a CSV"),
        ({"source": "alexnet", "weight": "x"}, "weight: needs a number, got 'x'"),
        ({"source": "alexnet", "wieght": 2}, "wieght: unknown key; did you mean 'weight'? allowed"),
        ({"source": "alexnet", "burst": 2}, "burst needs rate_Hz"),
    ],
)
def test_a_wrong_network_is_refused_in_one_line_alone_and_in_a_study(settings, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}") as caught:
        imcmoo.Network(**settings)
    assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match=r"^networks\[0\]") as caught:
        Study(name="two", device="rram", networks=[settings])
    assert message in str(caught.value)


def test_studies_have_verbs_wherever_they_come_from(tmp_path):
    path = tmp_path / "two.toml"
    path.write_text(two().to_toml(), encoding="utf-8")
    loaded = imcmoo.Study.load(path)
    listed = imcmoo.Study(
        name="both", model="physical", device=["sram", "dimc"], networks=["resnet18_onnx"]
    )
    few = {"budget": 10, "baselines": False}
    stored = loaded.replace(**few).run(out=tmp_path).folder
    shipped = STUDIES["four_workload_rram"]
    opened = shipped.replace(**few).run(out=tmp_path).folder
    studies = (
        *(loaded, loaded.replace(budget=7), pickle.loads(pickle.dumps(loaded)), listed, shipped),
        *(*listed.studies, listed.replace(budget=7), imcmoo.Study.load("four_workload_rram")),
        *(imcmoo.Run(stored, loaded).study, imcmoo.Run(opened).study),
    )
    for study in studies:
        assert all(callable(getattr(study, verb)) for verb in ("run", "certify", "what_if"))
