"""`docs/physical.md` follows from the published tables, and from nothing else."""

import numpy as np
import pandas as pd
import pytest

from experiments.physics import figures
from experiments.physics.optima import optimum_table
from experiments.physics.page import DEFAULT_ADC, page, stored
from experiments.physics.study import SEEDS
from experiments.physics.summary import chip_of
from imcmoo.model.physical.parameters import ADC_MODELS
from tests.experiments.conftest import ROOT

PUBLISHED = ROOT / "results" / "published"
HOME = PUBLISHED / "physics"
OTHER = "neurosim_sar"


def test_the_page_is_made_of_the_tables():
    text = (ROOT / "docs" / "physical.md").read_text(encoding="utf-8")
    assert page(stored(HOME), {OTHER: stored(HOME / OTHER)}, PUBLISHED) == text


@pytest.mark.parametrize("folder", [HOME, HOME / OTHER])
def test_all_seeds_of_all_studies_are_there(folder):
    seeds = pd.read_csv(folder / "searches.csv").groupby("study")["seed"].nunique()
    assert len(seeds) == 4
    assert (seeds == SEEDS).all()


def test_the_figure_shows_the_chips_that_are_recommended():
    optima = pd.read_csv(HOME / "optima.csv")
    shown = pd.read_csv(HOME / "figures" / "over_own_best.csv")
    assert set(shown["study"]) == {"nine_workload_rram_physical", "nine_workload_sram_physical"}
    chips = optima[optima["criterion"] == "regret_minimax"]
    both = shown.merge(chips, on=["study", "workload"], suffixes=("", "_optimum"))
    assert len(both) == len(shown) == 18
    assert np.allclose(both["over_own_best"], both["over_own_best_optimum"], rtol=1e-12)


def test_nothing_published_is_better_than_what_was_taken_for_the_best():
    variations = pd.read_csv(HOME / "variations.csv")
    for name in ("default_regret", "regret_by_default"):
        assert not (variations[name] < -1e-9).any()


def test_the_ratio_of_devices_is_drawn_for_each_network_and_its_mean_for_each_adc_model():
    optima, variations = (pd.read_csv(HOME / f"{name}.csv") for name in ("optima", "variations"))
    ratios = figures.device_ratios({DEFAULT_ADC: optima}, variations, DEFAULT_ADC)
    means = ratios[ratios["workload"] == figures.MEAN].set_index("adc_model")["ratio"]
    assert set(means.index) == set(ADC_MODELS)
    by_network = ratios[ratios["workload"] != figures.MEAN]["ratio"]
    assert len(by_network) == 9
    assert means[DEFAULT_ADC] == pytest.approx(np.exp(np.log(by_network).mean()))
    assert figures.device_ratio(ratios, 3.5).axes


def test_components_of_the_recommended_chip_sum_to_its_energy_and_area(study, answer):
    optima = optimum_table(study, answer)
    table = figures.components(study, optima)
    for _, row in chip_of(optima, study.name).iterrows():
        total = table[f"energy_{row['workload']}_J"].sum()
        assert total == pytest.approx(row["energy_J"])
        assert table["area_mm2"].sum() == pytest.approx(row["area_mm2"])


def test_chips_on_the_front_of_area_grow_as_the_worst_network_gains(study, answer):
    front = figures.area_front(study, answer)
    assert front["area_mm2"].is_monotonic_increasing
    assert front["worst_over_own_best"].is_monotonic_decreasing
    assert front["worst_over_own_best"].iloc[-1] - 1 == pytest.approx(
        answer.optima["regret_minimax"].value
    )
    assert front["selected"].tolist() == [False] * (len(front) - 1) + [True]
