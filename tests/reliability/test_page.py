"""The page of disturbed commands has all classes of the harness, as the stored cases count them."""

import pandas as pd

from tests import ROOT
from tests.reliability.__main__ import CLASSES, page
from tests.reliability.commands import Outcome

PAGE = ROOT / "docs" / "dev" / "reliability.md"


def test_the_page_is_what_this_harness_writes_of_the_stored_cases():
    results = {}
    for row in pd.read_csv(PAGE.with_suffix(".csv")).itertuples():
        results.setdefault(row.tried, []).extend([Outcome(row.case, row.ended)] * row.times)
    trials = {name: len(outcomes) for name, outcomes in results.items()}
    assert trials == {name: n for name, (_, n) in CLASSES.items()}
    assert PAGE.read_text(encoding="utf-8") == page(results, seed=1)
