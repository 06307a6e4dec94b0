"""The page of scenarios states the numbers of its published tables, and the tables agree."""

import numpy as np
import pandas as pd
import pytest

from experiments.scenarios import edge_five, enumerated, optima, searches, times
from experiments.scenarios.page import number, published
from experiments.scenarios.studies import AREA, LOAD, NAMES, POWER
from tests.experiments.conftest import ROOT

TABLES = ROOT / "results" / "published" / "scenarios"
ROUNDED = 1e-9


@pytest.fixture(scope="module")
def page():
    return (ROOT / "docs" / "scenarios.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def prose(page):
    return " ".join(page.split())


@pytest.fixture(scope="module")
def proven():
    return pd.read_csv(TABLES / optima.FILE)


@pytest.fixture(scope="module")
def searched():
    return pd.read_csv(TABLES / searches.FILE)


def test_the_page_has_all_rows_of_its_tables(page):
    tables = published(TABLES)
    assert [len(rows) for rows in tables.values()] == [8, 6]
    for name, rows in tables.items():
        assert [row for row in rows if row not in page] == [], name


def test_all_proofs_are_closed(proven):
    assert set(proven["scenario"]) == set(NAMES)
    served = proven[proven["value"].notna()]
    assert (served["value"] == served["bound"]).all()


def test_enumerated_optima_are_the_proven_ones(proven):
    kept = proven[proven["dram_idle"]].set_index(["scenario", "adc_model", "chip"])
    listed = pd.read_csv(TABLES / enumerated.FILE)
    in_turn = listed[listed["sharing"] == "time"]
    assert {"cameras", "cameras_rram"} <= set(in_turn["scenario"])
    for row in in_turn.itertuples():
        case = (row.scenario, row.adc_model)
        assert kept.loc[(*case, POWER), "feasible"] == (row.serve > 0)
        if row.serve:
            assert kept.loc[(*case, POWER), "value"] == pytest.approx(row.average_power_W, ROUNDED)
            assert kept.loc[(*case, AREA), "area_mm2"] == pytest.approx(row.area_mm2, ROUNDED)
            assert kept.loc[(*case, LOAD), "capacity"] == pytest.approx(row.capacity, ROUNDED)


def test_every_scenario_that_a_chip_serves_was_searched_with_all_seeds(proven, searched):
    assert set(searched["scenario"]) == set(searches.optima(proven))
    seeds = searched.groupby(["scenario", "criterion"])["seed"].nunique()
    assert (seeds == searches.SEEDS).all()
    assert (searched["ratio"] >= 1 - ROUNDED).all()


def test_the_page_names_the_medians_that_are_not_within_one_percent(page, searched):
    medians = searched.groupby(["scenario", "criterion"])["ratio"].median()
    missed = [
        f"{100 * ratio - 100:.1f} % for `{name}` ({of.replace('_', ' ')})"
        for (name, of), ratio in medians[medians > 1.01].items()
    ]
    sentence = page[page.index("In the median the search misses") :].split(").\n")[0] + ")"
    sentence = sentence.replace("\n", " ")
    assert sentence.count("% for") == len(missed)
    assert [text for text in missed if text not in sentence] == []


def test_evaluations_with_a_scenario_keep_their_share_of_time(page):
    ratios = pd.read_csv(TABLES / times.FILE).set_index(["scenario", "policy"])["ratio"]
    most = {policy: ratios.xs(policy, level="policy").max() for policy in ("none", "layer")}
    assert most["none"] <= 1.05
    assert most["layer"] <= 1.3
    assert f"at most {most['none']:.2f} (`none`) and {most['layer']:.2f} (`layer`)" in page


def test_the_page_says_what_running_side_by_side_gains(prose):
    listed = pd.read_csv(TABLES / enumerated.FILE).set_index(["scenario", "adc_model", "sharing"])
    time, space = (listed.loc[("cameras_rram", "zigzag", s)] for s in ("time", "space"))
    assert f"{space['serve']:.0f} chips meet them instead of {time['serve']:.0f}" in prose
    power, area = ((number(time[c]), number(space[c])) for c in ("average_power_W", "area_mm2"))
    assert f"from {power[0]} to {power[1]} W" in prose
    assert f"from {area[0]} to {area[1]} mm²" in prose
    rram = listed.drop("cameras", level="scenario")["serve"]
    assert rram.xs("murmann", level="adc_model").sum() == 0
    assistant = rram.xs("assistant_rram").groupby("adc_model").sum()
    assert list(assistant.index[assistant > 0]) == ["isaac"]


def test_the_page_says_how_many_chips_meet_the_deadlines(prose):
    listed = pd.read_csv(TABLES / enumerated.FILE).set_index(["scenario", "adc_model", "sharing"])
    sram, rram = (listed.loc[(name, "zigzag", "time")] for name in ("cameras", "cameras_rram"))
    assert (
        f"of the SRAM chips {sram['run_all']:,.0f} run all networks and {sram['serve']:,.0f} meet "
        f"all deadlines, of the RRAM chips {rram['run_all']:,.0f} and {rram['serve']:.0f}"
    ) in prose


def test_the_page_says_how_far_chips_of_least_edap_are_from_the_least(prose, proven):
    chips = proven[proven["dram_idle"] & (proven["adc_model"] == "zigzag")]
    chips = chips[chips["value"].notna()].set_index(["scenario", "chip"])
    least_power = chips.xs(POWER, level="chip")["average_power_W"]
    edap = chips.xs("edap_geomean", level="chip").loc[least_power.index]
    power = edap["average_power_W"] / least_power
    area = edap["area_mm2"] / chips.xs(AREA, level="chip")["area_mm2"]
    assert (
        f"draw {power.min():.1f} to {power.max():.1f} times the least power of a scenario and take "
        f"{area.min():.1f} to {area.max():.1f} times the least area"
    ) in prose
    least, most = edap["capacity"].min(), edap["capacity"].max()
    assert f"serve {least:.1f} to {most:.0f} times the load" in prose


def test_the_page_says_how_often_a_search_finds_the_optimum(prose, searched):
    found = (searched["ratio"] <= 1 + searches.SOLVED).groupby(
        [searched["scenario"], searched["criterion"]]
    )
    counts = found.sum()
    assert (
        f"Of {searches.SEEDS} searches of 3,300 designs, {counts.min()} to {counts.max()}" in prose
    )


def test_numbers_in_the_text_are_those_of_the_tables(page, proven):
    served = proven[proven["dram_idle"] & proven["value"].notna()]
    by = {
        (name, chip): of
        for (name, chip), of in served.groupby(["scenario", "chip"])
        if chip in (POWER, AREA, LOAD)
    }
    power = by["cameras", POWER]["average_power_W"]
    area = by["cameras", AREA]["area_mm2"]
    most = by["cameras", LOAD]["capacity"]
    listed = pd.read_csv(TABLES / enumerated.FILE)
    apart = listed[(listed["scenario"] == "cameras_rram") & (listed["sharing"] == "space")]
    apart = apart[apart["serve"] > 0]
    edap = proven[(proven["scenario"] == "cameras") & proven["chip"].isin(optima.EDAP)]
    over = power.iloc[0], area.iloc[0]
    text = page.replace("\n", " ")
    assert f"{power.min():.1f} to {power.max():.1f} W" in text
    assert f"{area.min():.0f} to {area.max():.0f} mm²" in text
    assert f"{most.min():.0f} to {most.max():.0f} times the load" in text
    assert len(apart) == 3
    least = apart["average_power_W"]
    assert f"{least.min():.2f} to {least.max():.2f} W" in text
    assert f"at least {number(apart['area_mm2'].min())} mm²" in text
    assert {f"{ratio:.1f}" for ratio in edap["average_power_W"] / over[0]} == {"2.2"}
    assert {f"{ratio:.0f}" for ratio in edap["area_mm2"] / over[1]} == {"3"}
    assert "2.2 times the least power" in text
    assert "3 times the least area" in text
    idle = proven[(proven["scenario"] == "cameras") & ~proven["dram_idle"]].set_index("chip")
    assert f"would be {number(idle.loc[POWER, 'average_power_W'])} W" in page
    assert idle.loc[POWER, "dram"] == "hbm2"
    cpu_s = proven[proven["chip"].isin([POWER, AREA, LOAD])]["cpu_s"].max()
    assert f"more than {np.ceil(cpu_s):.0f} s of CPU time" in page.replace("\n", " ")


def test_the_page_states_the_chips_of_five_networks(page):
    chips = pd.read_csv(TABLES / edge_five.FILE).set_index("chip")
    assert (chips["value"] == chips["bound"]).all()
    least = number(chips.loc[POWER, "average_power_W"]), number(chips.loc[AREA, "area_mm2"])
    assert f"draws {least[0]} W and the smallest has {least[1]} mm²" in page.replace("\n", " ")
    assert f"{chips.loc[LOAD, 'capacity']:.0f} times the load" in page.replace("\n", " ")
