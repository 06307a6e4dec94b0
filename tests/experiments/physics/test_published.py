"""`docs/physical.md` follows from the published tables, and from nothing else."""

import numpy as np
import pandas as pd
import pytest

from experiments.physics import figures
from experiments.physics.optima import FITTED_PERIPHERY, optimum_table
from experiments.physics.page import DEFAULT_ADC, device_ratios, page
from experiments.physics.summary import chip_of, edap_by_network, geometric_mean
from experiments.publish import read_tables
from imcmoo.study.power import PHYSICAL_BASIS
from problems import RRAM_PHYSICAL
from tests.experiments.conftest import ROOT

PUBLISHED = ROOT / "results" / "published"
HOME = PUBLISHED / "physics"
OTHER = "neurosim_sar"


def test_the_page_is_made_of_the_tables():
    text = (ROOT / "docs" / "physical.md").read_text(encoding="utf-8")
    assert page(read_tables(HOME), {OTHER: read_tables(HOME / OTHER)}, PUBLISHED) == text


@pytest.mark.parametrize("folder", [HOME, HOME / OTHER])
def test_tables_are_those_of_one_publication(folder):
    assert set(read_tables(folder)) == (
        {"optima", "ends", "area_front"} if folder == HOME else {"optima"}
    )


@pytest.mark.parametrize(("folder", "variation"), [(HOME, "default"), (HOME / OTHER, OTHER)])
def test_the_best_chips_are_the_proven_ones(folder, variation):
    optima = pd.read_csv(folder / "optima.csv")
    proven = pd.read_csv(PUBLISHED / "accuracy" / "recommended.csv")
    proven = proven[proven["variation"] == variation].set_index("study")["edap_geomean"]
    for study, score in proven.items():
        chip = chip_of(optima, study, "edap_geomean")
        assert geometric_mean(edap_by_network(chip)) == pytest.approx(score, rel=1e-4)


def test_the_figure_shows_the_chips_that_are_recommended():
    optima = pd.read_csv(HOME / "optima.csv")
    shown = pd.read_csv(HOME / "figures" / "over_own_best.csv")
    assert set(shown["study"]) == {"nine_workload_rram_physical", "nine_workload_sram_physical"}
    chips = optima[optima["criterion"] == "regret_minimax"]
    both = shown.merge(chips, on=["study", "workload"], suffixes=("", "_optimum"))
    assert len(both) == len(shown) == 18
    assert np.allclose(both["over_own_best"], both["over_own_best_optimum"], rtol=1e-12)


def test_the_ratio_of_devices_is_drawn_for_each_network_and_its_mean_for_each_adc_model():
    optima = pd.read_csv(HOME / "optima.csv")
    proven = device_ratios(pd.read_csv(PUBLISHED / "accuracy" / "recommended.csv"), "nine")
    ratios = figures.device_ratios({DEFAULT_ADC: optima}, proven)
    means = ratios[ratios["workload"] == figures.MEAN].set_index("adc_model")["ratio"]
    assert dict(means) == proven
    by_network = ratios[ratios["workload"] != figures.MEAN]["ratio"]
    assert len(by_network) == 9
    assert means[DEFAULT_ADC] == pytest.approx(np.exp(np.log(by_network).mean()), rel=1e-4)
    assert figures.device_ratio(ratios, 3.5).axes


def test_components_of_the_recommended_chip_sum_to_its_energy_and_area(study, exact):
    optima = optimum_table(study, exact)
    table = figures.components(study, optima)
    for _, row in chip_of(optima, study.name).iterrows():
        total = table[f"energy_{row['workload']}_J"].sum()
        assert total == pytest.approx(row["energy_J"])
        assert table["area_mm2"].sum() == pytest.approx(row["area_mm2"])


def test_no_optimum_exploits_a_part_that_costs_nothing():
    optima = pd.read_csv(HOME / "optima.csv")
    assert optima["voltage_V"].min() > min(RRAM_PHYSICAL.values_of("voltage_V"))
    assert optima["adc_bits"].min() > 3
    assert optima["bits_per_cell"].max() <= 2
    assert (optima.loc[optima["input_coding"] == "levels", "dac_share"] > 0).all()
    assert (optima.loc[optima["study"].str.contains("sram"), "cell_share"] > 0).all()
    assert (optima.loc[~optima["streamed"], "occupied_share"] <= 1 + 1e-9).all()


def test_the_caution_of_a_run_has_the_fitted_area_factor():
    assert f"macros have {FITTED_PERIPHERY:g} times the area of their modelled" in PHYSICAL_BASIS
