"""The README is short, and shows the card of the first page."""

import re

import pandas as pd

from tests import ROOT

README = ROOT / "README.md"
SECONDS_TO_MINUTES = (1, 600)


def card(page):
    """The answer card between its marks."""
    (block,) = re.findall(r"<!-- card -->(.*?)<!-- end -->", page.read_text("utf-8"), re.S)
    return block.strip()


def test_the_readme_is_short_and_shows_the_card_of_the_first_page():
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 110
    assert card(README) == card(ROOT / "docs" / "index.md")
    assert "proven: none of the" in card(README)


def test_the_largest_spaces_are_proven_in_the_time_that_the_readme_states():
    stated = "Spaces of up to 10¹⁴ designs are proven in seconds to minutes."
    assert stated in README.read_text(encoding="utf-8")
    proofs = pd.read_csv(ROOT / "results" / "published" / "certified" / "proofs.csv")
    assert proofs["proof_cpu_s"].between(*SECONDS_TO_MINUTES).all()
