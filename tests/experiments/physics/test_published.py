"""What `docs/physical.md` says follows from the published tables, and from nothing else."""

import re

import numpy as np
import pandas as pd
import pytest

from experiments.physics.page import page, stored
from experiments.physics.study import COMPARED, SEEDS
from tests.experiments.conftest import ROOT

PUBLISHED = ROOT / "results" / "published"
HOME = PUBLISHED / "physics"
OTHER = "neurosim_sar"


@pytest.fixture(scope="module")
def text():
    return (ROOT / "docs" / "physical.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def optima():
    return pd.read_csv(HOME / "optima.csv")


def test_the_page_is_made_of_the_tables(text):
    assert page(stored(HOME), {OTHER: stored(HOME / OTHER)}, PUBLISHED) == text


def test_tables_with_another_adc_model_are_those_that_are_compared():
    assert set(stored(HOME / OTHER)) == set(COMPARED)


def test_every_area_is_in_its_table(text, optima):
    """In whole mm²."""
    areas = {
        int(a)
        for line in text.splitlines()
        if line.startswith("| area ")
        for a in re.findall(r"(\d+) mm²", line)
    }
    assert areas
    assert areas <= set(np.round(optima["area_mm2"]).astype(int))


@pytest.mark.parametrize("folder", [HOME, HOME / OTHER])
def test_all_seeds_of_all_studies_are_there(folder):
    seeds = pd.read_csv(folder / "searches.csv").groupby("study")["seed"].nunique()
    assert len(seeds) == 4
    assert (seeds == SEEDS).all()


def test_the_better_device_is_told_with_its_ratio(text, optima):
    best = optima[optima["criterion"] == "edap_geomean"]
    edap = np.log(best["energy_J"] * best["latency_s"] * best["area_mm2"])
    means = edap.groupby(best["study"]).mean()
    for networks in ("four", "nine"):
        ratio = np.exp(
            means[f"{networks}_workload_rram_physical"]
            - means[f"{networks}_workload_sram_physical"]
        )
        better = "RRAM" if ratio < 1 else "SRAM"
        (line,) = [s for s in text.splitlines() if s.startswith(f"**{better} for {networks} netw")]
        assert f"is {ratio:.2f} × that of the best SRAM chip" in line


def test_the_figure_shows_the_chips_that_are_recommended(optima):
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
