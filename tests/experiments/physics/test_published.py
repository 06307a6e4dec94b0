"""What `docs/physical.md` says follows from the published tables, and from nothing else."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments.physics.page import asked, folder_of, name_of, page
from experiments.physics.study import SEEDS

ROOT = Path(__file__).parents[3]
PUBLISHED = ROOT / "results" / "published"
MODELS = asked(PUBLISHED)


@pytest.mark.parametrize("adc_model", MODELS)
def test_a_page_is_made_of_the_tables(adc_model):
    written = (ROOT / "docs" / name_of(adc_model)).read_text(encoding="utf-8")
    assert page(PUBLISHED, adc_model) == written


@pytest.mark.parametrize("adc_model", MODELS)
def test_every_number_of_a_column_is_in_its_table(adc_model):
    """Of the areas, written in whole mm², and of the numbers of networks' energies in mJ."""
    text = page(PUBLISHED, adc_model)
    optima = pd.read_csv(PUBLISHED / folder_of(adc_model) / "optima.csv")
    said = {int(a) for line in text.splitlines() if line.startswith("| area ")
            for a in re.findall(r"(\d+) mm²", line)}  # fmt: skip
    assert said
    assert said <= set(np.round(optima["area_mm2"]).astype(int))


@pytest.mark.parametrize("adc_model", MODELS)
def test_all_seeds_of_all_studies_are_there(adc_model):
    searches = pd.read_csv(PUBLISHED / folder_of(adc_model) / "searches.csv")
    seeds = searches.groupby("study")["seed"].nunique()
    assert len(seeds) == 4
    assert (seeds == SEEDS).all()


@pytest.mark.parametrize("adc_model", MODELS)
def test_the_better_device_is_told_with_its_ratio(adc_model):
    optima = pd.read_csv(PUBLISHED / folder_of(adc_model) / "optima.csv")
    best = optima[optima["criterion"] == "edap_geomean"]
    edap = np.log(best["energy_J"] * best["latency_s"] * best["area_mm2"])
    means = edap.groupby(best["study"]).mean()
    text = page(PUBLISHED, adc_model)
    for networks in ("four", "nine"):
        ratio = np.exp(
            means[f"{networks}_workload_rram_physical"]
            - means[f"{networks}_workload_sram_physical"]
        )
        better = "RRAM" if ratio < 1 else "SRAM"
        (line,) = [s for s in text.splitlines() if s.startswith(f"**{better} for {networks} netw")]
        assert f"is {ratio:.2f} × that of the best SRAM chip" in line


@pytest.mark.parametrize("adc_model", MODELS)
def test_the_figure_shows_the_chips_that_are_recommended(adc_model):
    folder = PUBLISHED / folder_of(adc_model)
    optima = pd.read_csv(folder / "optima.csv")
    shown = pd.read_csv(folder / "figures" / "over_own_best.csv")
    assert set(shown["study"]) == {"nine_workload_rram_physical", "nine_workload_sram_physical"}
    chips = optima[optima["criterion"] == "regret_minimax"]
    both = shown.merge(chips, on=["study", "workload"], suffixes=("", "_optimum"))
    assert len(both) == len(shown) == 18
    assert np.allclose(both["over_own_best"], both["over_own_best_optimum"], rtol=1e-12)


@pytest.mark.parametrize("adc_model", MODELS)
def test_nothing_published_is_better_than_what_was_taken_for_the_best(adc_model):
    variations = pd.read_csv(PUBLISHED / folder_of(adc_model) / "variations.csv")
    for name in ("default_regret", "regret_by_default"):
        assert not (variations[name] < -1e-9).any()
