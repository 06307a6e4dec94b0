"""Pages and data of figures of every publication follow from its published tables."""

import json
from io import StringIO

import pandas as pd
import pytest

from experiments.certified import Certified
from experiments.paper.study import Paper
from experiments.physics.page import DEFAULT_ADC
from experiments.physics.study import Physics
from experiments.publish import CONFIG, to_csv
from experiments.scenarios.study import Scenarios
from experiments.silicon.study import Silicon
from imcmoo.report import style
from tests import ROOT

RESULTS = ROOT / "results"

PUBLICATIONS = {
    "paper": Paper,
    "physical": lambda: Physics(RESULTS, DEFAULT_ADC),
    "silicon": Silicon,
    "scenarios": Scenarios,
    "certified": Certified,
}

ENDINGS = (".csv", ".svg", ".pdf", "_narrow.svg", "_narrow.pdf")


@pytest.fixture(scope="module", params=PUBLICATIONS)
def publication(request):
    made = PUBLICATIONS[request.param]()
    config = RESULTS / "published" / made.path / CONFIG
    if config.is_file():  # the versions it was made with
        made.config = json.loads(config.read_text(encoding="utf-8"))
    return made


def test_pages_are_made_of_the_published_tables(publication):
    folder = RESULTS / "published" / publication.path
    pages = publication.pages(folder, ROOT / "docs", folder)
    assert pages
    for path, text in pages.items():
        assert path.read_text(encoding="utf-8") == text, path


def test_figures_are_drawn_from_the_published_tables(publication):
    folder = RESULTS / "published" / publication.path
    drawn, home = publication.figures(folder), folder / "figures"
    files = {path.name for path in home.iterdir()} if drawn else set()
    assert files == {f"{name}{ending}" for name in drawn for ending in ENDINGS}
    kinds = set()
    for name, (frame, draw) in drawn.items():
        expected = pd.read_csv(StringIO(to_csv(frame, publication.float_format)))
        stored = pd.read_csv(home / f"{name}.csv")
        pd.testing.assert_frame_equal(stored, expected, rtol=1e-9, atol=0)
        if draw not in kinds:  # every kind can be drawn
            kinds.add(draw)
            assert draw(frame, style.COLUMN).axes
