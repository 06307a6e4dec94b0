"""The numbers of README follow from published tables."""

import pandas as pd
import pytest

from experiments.compare.comparison import PRIMARY
from experiments.markdown import span
from experiments.paper.questions import read_studies
from experiments.paper.study import summary
from experiments.physics.page import (
    chip_of,
    device_of,
    device_ratios,
    networks_of,
    recommended,
    runs_of,
)
from tests import ROOT

PUBLISHED = ROOT / "results" / "published"


@pytest.fixture(scope="module")
def readme():
    """The text of README with single spaces."""
    return " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 120


@pytest.fixture(scope="module")
def optima():
    return pd.read_csv(PUBLISHED / "physics" / "optima.csv")


def test_the_recommended_chip_is_the_published_one(readme, optima):
    study = recommended(optima)
    chip = chip_of(optima, study)
    one = chip.iloc[0]
    assert networks_of(study) == "nine"
    assert (
        f"{device_of(study)}, {one['area_mm2']:.0f} mm²: {one['macros']:.0f} macros of "
        f"{one['rows']:.0f} × {one['cols']:.0f}, one {one['adc_bits']:.0f}-bit ADC per "
        f"{one['columns_per_adc']:.0f} columns, {one['voltage_V']:.1f} V"
    ) in readme
    over = chip["over_own_best"]
    span_of_networks = f"has {over.min():.2f} to {over.max():.2f} times the "
    assert f"each network {span_of_networks}EDAP" in readme
    assert (
        f"one SRAM chip of {one['area_mm2']:.0f} mm² each of nine networks {span_of_networks}"
    ) in readme


def test_the_comparison_of_devices_is_the_published_one(readme):
    proven = pd.read_csv(PUBLISHED / "accuracy" / "recommended.csv")
    nine, four = (device_ratios(proven, networks) for networks in ("nine", "four"))
    assert (len(nine), len(four)) == (3, 4)
    assert min(*nine.values(), *four.values()) > 1
    assert f"is {span(nine.values(), 1)} times SRAM's for nine networks" in readme
    assert f"and {span(four.values(), 1)} times for four CNNs" in readme


def test_the_networks_that_the_rram_chip_runs_are_the_published_ones(readme):
    executed = pd.read_csv(PUBLISHED / "accuracy" / "edge_five_executed.csv")
    runs = runs_of(executed, "nine_rram")
    assert (sum(runs), len(runs)) == (1, 5)
    assert "RRAM chip for nine networks keeps the score of one of five real networks" in readme


def test_the_gains_are_the_published_ones(readme):
    gains = summary(read_studies(PUBLISHED))
    assert gains["over_ga"] == 0
    assert f"finds the optimum of the paper's score within {PRIMARY:,} designs" in readme
    assert f"gains of up to {100 * gains['from_largest']:.0f} %" in readme


def test_the_agreement_with_macros_is_the_published_one(readme):
    table = pd.read_csv(PUBLISHED / "silicon" / "agreement.csv")
    rows = table[(table["reading"] == "default") & (table["periphery"] == "fitted")]
    shown = [f"{100 * r.within:.0f} % of {r.rows:.0f}" for r in rows.itertuples()]
    time, efficiency, density = shown
    assert f"{time} latencies, {efficiency} TOPS/W and {density} TOPS/mm²" in readme


def test_the_power_of_the_reference_model_is_the_published_one(readme):
    ledger = pd.read_csv(PUBLISHED / "ledger.csv")
    power = ledger.loc[ledger["quantity"].str.startswith("power: "), "value"]
    assert f"draw up to {power.max() / 1e3:.0f} kW" in readme


def test_the_exact_ratios_of_the_first_study_are_the_published_ones():
    optima = pd.read_csv(PUBLISHED / "physics" / "optima.csv").query(
        "study == 'four_workload_sram_physical' and criterion == 'regret_minimax'"
    )
    over = optima["over_own_best"]
    start = (ROOT / "docs" / "start.md").read_text(encoding="utf-8")
    assert f"its ratios, {over.min():.2f} to {over.max():.2f}" in start
