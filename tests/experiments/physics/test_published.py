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
