"""Studies with a scenario: files, errors, and what a run leaves."""

from pathlib import Path

import numpy as np
import pytest

from imcmoo.answers.provenance import study_settings
from imcmoo.answers.served_design import ServedDesign
from imcmoo.io.errors import InputError
from imcmoo.problem.nearest import nearest, nearest_text
from imcmoo.scenario.requests import Requests, Scenario
from imcmoo.study.catalogue import find_study
from problems import STUDIES
from tests.scenario.study_text import NETWORKS, study_text

EXAMPLES = Path(__file__).parents[2] / "examples"
SCENARIOS = [EXAMPLES / "cameras.toml", *sorted((EXAMPLES / "scenarios").glob("*.toml"))]

TABLE = """interrupt = "layer"
idle = "gated"
margin = 0.2"""
FULL = study_text(TABLE)


def read(text: str, folder: Path):
    path = folder / "study.toml"
    path.write_text(text, encoding="utf-8")
    return find_study(str(path))


def test_a_scenario_is_read_from_a_study_file(tmp_path):
    study = read(FULL, tmp_path)
    assert study.scenario == Scenario(
        {"resnet18_onnx": Requests(60, burst=2), "alexnet_onnx": Requests(30, 0.02)},
        interrupt="layer",
        idle="gated",
        margin=0.2,
    )
    assert study.criterion == "average_power"
    problem = study.problem()
    assert problem.objective_names[-3:] == ["area_m2", "average_power_W", "load"]
    assert problem.constraint_names[-2:] == ["max_load_resnet18_onnx", "max_load_alexnet_onnx"]
    assert [c.name for c in problem.criteria][-3:] == ["average_power", "area", "load"]
    assert study_settings(study)["scenario"]["requests"]["alexnet_onnx"]["deadline_s"] == 0.02


NO_RATE = NETWORKS.replace("rate_Hz = 60\n", "")
NO_RATES = "\n".join(line for line in NETWORKS.splitlines() if "source" in line or "[[" in line)
REFERENCE = study_text(TABLE, model="reference", space='base = "sram_large"')


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (study_text(""), r"rate_Hz of resnet18_onnx needs a table \[scenario\]"),
        (study_text(TABLE, networks=NO_RATES), "resnet18_onnx, alexnet_onnx have none"),
        (study_text(TABLE, networks=NO_RATE), r"networks\[0\]: burst needs rate_Hz"),
        (FULL.replace("0.02", "0.05"), "at most 1/rate_Hz = 0.0333333 s, got 0.05"),
        (FULL.replace("layer", "never"), "scenario.interrupt: unknown 'never'"),
        (FULL.replace("margin = 0.2", "margin = -1"), "scenario.margin: must be at least 0"),
        (FULL.replace("sram", "rram"), "on rram needs deployment together"),
        (REFERENCE, "needs model physical"),
        (study_text("", networks=NO_RATES, criterion="load"), r"load needs a \[scenario\]"),
    ],
)
def test_mistakes_in_a_scenario_are_told_in_one_line(text, message, tmp_path):
    with pytest.raises(InputError, match=message) as error:
        read(text, tmp_path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("file", SCENARIOS, ids=lambda p: p.stem)
def test_a_shipped_scenario_has_requests_of_all_its_networks(file):
    study = find_study(str(file))
    assert study.name == file.stem
    assert {*study.scenario.requests} == {*study.names}


def test_a_study_without_scenario_states_nothing_of_it():
    study = STUDIES["four_workload_sram_physical"]
    assert "scenario" not in study.to_config()
    assert "scenario" not in study_settings(study)
    problem = study.problem()
    assert {"load", "average_power", "area"}.isdisjoint(c.name for c in problem.criteria)
    assert (
        ServedDesign.if_served(problem.model, np.zeros((1, len(problem.space.shape)), int)) is None
    )


def test_where_no_chip_serves_the_load_the_best_tells_how_far_it_falls_short():
    study = find_study(str(EXAMPLES / "cameras.toml"))
    networks = [n.replace(rate_Hz=100 * n.rate_Hz) for n in study.networks]
    problem = study.replace(networks=networks).problem()
    levels = study.space.random(200, np.random.default_rng(0))
    metrics = problem.model.evaluate(levels)
    G = problem.score(levels, metrics)[1]
    best = nearest(problem, levels, G)
    load = np.where(problem.feasibility.violation(levels) <= 0, metrics.values["load"], np.inf)
    assert best.tolist() == levels[[int(load.argmin())]].tolist()
    text = nearest_text(problem, best)
    assert f"the best serves {1 / load.min():.3g} of it" in text
    assert "more work than it can do" in text
    assert 'interrupt = "layer" would help' in text
    assert "_onnx without bound" in text
    assert "\n" not in text


def test_space_sharing_is_for_chips_that_hold_all_weights(tmp_path):
    shared = FULL.replace('interrupt = "layer"', 'sharing = "space"')
    with pytest.raises(InputError, match="needs device rram"):
        read(shared, tmp_path)
    with pytest.raises(InputError, match="interrupts nothing"):
        read(FULL.replace("[scenario]", '[scenario]\nsharing = "space"'), tmp_path)
    for_tokens = shared.replace('= "space"', '= "space"\ninterrupt = "inference"')
    with pytest.raises(InputError, match=r'nothing: leave out interrupt = "inference"'):
        read(for_tokens, tmp_path)
    both = "deployment = 'together'\n" + shared.replace("sram", "rram")
    assert read(both, tmp_path).scenario.sharing == "space"
