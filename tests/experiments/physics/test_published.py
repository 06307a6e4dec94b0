"""`docs/physical.md` follows from the published tables, and from nothing else."""

import numpy as np
import pandas as pd
import pytest

from experiments.physics.page import page, stored
from experiments.physics.study import SEEDS
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
