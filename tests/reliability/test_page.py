"""The page of disturbed commands has all classes of the harness, as the stored cases count them."""

import pandas as pd

from tests import ROOT
from tests.reliability.__main__ import page
from tests.reliability.classes import CLASSES

PAGE = ROOT / "docs" / "dev" / "reliability.md"


def test_the_page_is_what_this_harness_writes_of_the_stored_cases():
    cases = pd.read_csv(PAGE.with_suffix(".csv"))
    results = cases.loc[cases.index.repeat(cases["times"])]
    trials = results["tried"].value_counts().to_dict()
    assert trials == {name: n for name, (_, n) in CLASSES.items()}
    assert PAGE.read_text(encoding="utf-8") == page(results, seed=1)
