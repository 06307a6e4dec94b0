"""The page of scenarios is made of its published tables, and the tables agree."""

import pandas as pd
import pytest

from experiments.publish import read_tables
from experiments.scenarios.chips import AREA, LOAD, NAMES, POWER, SEEDS
from experiments.scenarios.study import page
from tests import ROOT

TABLES = ROOT / "results" / "published" / "scenarios"
ROUNDED = 1e-9


@pytest.fixture(scope="module")
def proven():
    return pd.read_csv(TABLES / "optima.csv")


def test_the_page_can_do_without_the_five_networks():
    tables = read_tables(TABLES)
    del tables["edge_five"]
    assert "`edge_five` has" not in page(tables)


def test_all_proofs_are_closed(proven):
    assert set(proven["scenario"]) == set(NAMES)
    for chips in (proven, pd.read_csv(TABLES / "edge_five.csv")):
        served = chips[chips["value"].notna()]
        assert (served["value"] == served["bound"]).all()


def test_enumerated_optima_are_the_proven_ones(proven):
    kept = proven[proven["dram_idle"]].set_index(["scenario", "adc_model", "chip"])
    listed = pd.read_csv(TABLES / "enumerated.csv")
    in_turn = listed[listed["sharing"] == "time"]
    assert {"cameras", "cameras_rram"} <= set(in_turn["scenario"])
    for row in in_turn.itertuples():
        case = (row.scenario, row.adc_model)
        assert kept.loc[(*case, POWER), "feasible"] == (row.serve > 0)
        if row.serve:
            assert kept.loc[(*case, POWER), "value"] == pytest.approx(row.average_power_W, ROUNDED)
            assert kept.loc[(*case, AREA), "area_mm2"] == pytest.approx(row.area_mm2, ROUNDED)
            assert kept.loc[(*case, LOAD), "capacity"] == pytest.approx(row.capacity, ROUNDED)


def test_every_scenario_that_a_chip_serves_was_searched_with_all_seeds(proven):
    searched = pd.read_csv(TABLES / "search.csv")
    usual = proven[(proven["adc_model"] == "zigzag") & proven["dram_idle"] & proven["feasible"]]
    assert set(searched["scenario"]) == set(usual.loc[usual["chip"] == POWER, "scenario"])
    seeds = searched.groupby(["scenario", "criterion"])["seed"].nunique()
    assert (seeds == SEEDS).all()
    assert (searched["ratio"] >= 1 - ROUNDED).all()


def test_rram_chips_serve_what_the_page_says():
    listed = pd.read_csv(TABLES / "enumerated.csv")
    serve = listed[listed["scenario"] != "cameras"].groupby(["scenario", "adc_model"])["serve"]
    most = serve.max()
    assert most.xs("murmann", level="adc_model").max() == 0
    assistant = most["assistant_rram"]
    assert list(assistant.index[assistant > 0]) == ["isaac"]
