"""Pages and data of figures of every publication follow from its published tables, which agree."""

import json
from io import StringIO

import pandas as pd
import pytest
from jinja2 import UndefinedError

from experiments.certified import STUDIES, TECHNOLOGY_STUDY, Certified, proofs, tightness
from experiments.devices.study import Devices
from experiments.generation import GenerationChips
from experiments.guide import Guide
from experiments.markdown import render, two_digits
from experiments.paper.study import Paper
from experiments.physics.study import Physics
from experiments.publish import CONFIG, read_tables, to_csv
from experiments.scenarios.chips import AREA, LOAD, NAMES, POWER, SEEDS
from experiments.scenarios.study import Scenarios, page
from experiments.silicon.study import Silicon
from imcmoo.model.physical.parameters import ADC_MODELS
from imcmoo.report import style
from tests import ROOT

RESULTS = ROOT / "results"
CERTIFIED, SCENARIOS = (RESULTS / "published" / name for name in ("certified", "scenarios"))
ROUNDED = 1e-9

PUBLICATIONS = {
    "paper": Paper,
    "physical": lambda: Physics(RESULTS),
    "silicon": Silicon,
    "scenarios": Scenarios,
    "devices": Devices,
    "generation": GenerationChips,
    "certified": Certified,
    "guide": Guide,
}

ENDINGS = (".csv", ".svg", ".pdf", "_narrow.svg", "_narrow.pdf")


@pytest.fixture(scope="module", params=PUBLICATIONS)
def publication(request):
    made = PUBLICATIONS[request.param]()
    config = RESULTS / "published" / made.path / CONFIG
    if config.is_file():  # the versions it was made with
        made.config = json.loads(config.read_text(encoding="utf-8"))
    return made


def test_pages_are_made_of_the_published_tables(publication):
    folder = RESULTS / "published" / publication.path
    pages = publication.pages(folder, ROOT / "docs", folder)
    assert pages
    for path, text in pages.items():
        assert path.read_text(encoding="utf-8") == text, path


@pytest.mark.parametrize(("value", "text"), [(9.94, "9.9"), (9.96, "10"), (0.0996, "0.10")])
def test_a_number_has_two_digits_after_rounding(value, text):
    assert two_digits(value) == text


def test_a_template_without_a_name_that_it_uses_is_no_page():
    with pytest.raises(UndefinedError):
        render("certified.md")


def test_figures_are_drawn_from_the_published_tables(publication):
    folder = RESULTS / "published" / publication.path
    drawn, home = publication.figures(folder), folder / "figures"
    files = {path.name for path in home.iterdir()} if drawn else set()
    assert files == {f"{name}{ending}" for name in drawn for ending in ENDINGS}
    kinds = set()
    for name, (frame, draw) in drawn.items():
        expected = pd.read_csv(StringIO(to_csv(frame, publication.float_format)))
        stored = pd.read_csv(home / f"{name}.csv")
        pd.testing.assert_frame_equal(stored, expected, rtol=1e-9, atol=0)
        if draw not in kinds:  # every kind can be drawn
            kinds.add(draw)
            assert draw(frame, style.COLUMN).axes


def test_all_proofs_are_closed_and_no_bound_exceeds_the_truth():
    measured = pd.read_csv(CERTIFIED / "proofs.csv")
    assert set(measured["study"]) == {*STUDIES, TECHNOLOGY_STUDY}
    assert (measured["gap"] == 0).all()
    assert (pd.read_csv(CERTIFIED / "bounds.csv")["ratio"] <= 1).all()


@pytest.mark.slow
def test_a_proof_and_the_bounds_are_measured_again():
    name = STUDIES[0]
    row = proofs(name, "edap_geomean")
    assert (row["certificates"], row["gap"]) == (1, 0)
    assert row["proof_cpu_s"] > 0
    stored = pd.read_csv(CERTIFIED / "bounds.csv")
    ratios = [row["ratio"] for row in tightness(name)]
    assert ratios == pytest.approx(stored[stored["study"] == name]["ratio"].tolist(), rel=1e-3)


@pytest.fixture(scope="module")
def proven():
    return pd.read_csv(SCENARIOS / "optima.csv")


def test_the_page_can_do_without_the_five_networks():
    tables = read_tables(SCENARIOS)
    del tables["edge_six"]
    assert "`edge_six` has" not in page(tables)


def test_all_proofs_of_scenarios_are_closed(proven):
    assert set(proven["scenario"]) == set(NAMES)
    for chips in (proven, pd.read_csv(SCENARIOS / "edge_six.csv")):
        served = chips[chips["value"].notna()]
        assert (served["value"] == served["bound"]).all()


def test_enumerated_optima_are_the_proven_ones(proven):
    usual = proven["dram_idle"] & (proven["adc_model"] == ADC_MODELS[0])
    kept = proven[usual].set_index(["scenario", "chip"])
    listed = pd.read_csv(SCENARIOS / "enumerated.csv")
    in_turn = listed[listed["sharing"] == "time"]
    assert "cameras_rram" in set(in_turn["scenario"])
    for row in in_turn.itertuples():
        case = row.scenario
        assert kept.loc[(case, POWER), "feasible"] == (row.serve > 0)
        if row.serve:
            assert kept.loc[(case, POWER), "value"] == pytest.approx(row.average_power_W, ROUNDED)
            assert kept.loc[(case, AREA), "area_mm2"] == pytest.approx(row.area_mm2, ROUNDED)
            assert kept.loc[(case, LOAD), "capacity"] == pytest.approx(row.capacity, ROUNDED)


def test_every_scenario_that_a_chip_serves_was_searched_with_all_seeds(proven):
    searched = pd.read_csv(SCENARIOS / "search.csv")
    usual = proven[(proven["adc_model"] == "sar_noise") & proven["dram_idle"] & proven["feasible"]]
    assert set(searched["scenario"]) == set(usual.loc[usual["chip"] == POWER, "scenario"])
    seeds = searched.groupby(["scenario", "criterion"])["seed"].nunique()
    assert (seeds == SEEDS).all()
    assert (searched["ratio"] >= 1 - ROUNDED).all()
