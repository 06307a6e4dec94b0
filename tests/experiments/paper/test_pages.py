"""The pages are made of the published tables; their numbers and conclusions, recomputed."""

import json

import pandas as pd
import pytest

from experiments.paper.claims import claims
from experiments.paper.figures import named_figures
from experiments.paper.pages import pages
from experiments.paper.tables import Tables
from experiments.publish import NARROW
from tests.experiments.conftest import ROOT


def test_the_claims_are_what_the_tables_say(published):
    frame = pd.read_csv(published / "claims.csv")
    pd.testing.assert_frame_equal(frame, claims(Tables(published)), check_dtype=False)
    assert frame["difference"].to_numpy() == pytest.approx(frame["exact"] - frame["theirs"])


def test_the_pages_are_made_of_the_published_tables(published):
    config = json.loads((published / "config.json").read_text(encoding="utf-8"))
    written = pages(Tables(published), config, ROOT / "docs")
    assert len(written) == 2 + 1 + 5
    for path, content in written.items():
        assert path.read_text(encoding="utf-8") == content, path


def test_every_figure_is_listed_with_its_data(published):
    content = (published / "README.md").read_text(encoding="utf-8")
    names = {path.stem.removesuffix(NARROW) for path in (published / "figures").iterdir()}
    assert names == set(named_figures(Tables(published)))
    for name in names:
        for ending in (".svg", ".pdf", ".csv", "_narrow.svg", "_narrow.pdf"):
            assert (published / "figures" / f"{name}{ending}").exists()
            assert f"(figures/{name}{ending})" in content
