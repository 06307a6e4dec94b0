"""The diagrams show the parameters that the physical model has."""

import runpy
from dataclasses import fields

import pytest

from imcmoo.model.physical.parameters import Designs
from tests import ROOT

DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def diagrams():
    return runpy.run_path(str(DOCS / "diagrams.py"))


def test_every_parameter_is_at_one_level_of_the_chip(diagrams):
    shown = [name for names in diagrams["LEVELS"].values() for name in names]
    assert sorted(shown) == sorted(field.name for field in fields(Designs))


@pytest.mark.parametrize("name", ["chip", "flow"])
def test_a_diagram_is_stored_with_its_text(diagrams, name):
    figure = diagrams[name]()
    texts = [text for axes in figure.axes for text in axes.texts if text.get_text()]
    stored = (DOCS / "figures" / f"{name}.svg").read_text(encoding="utf-8")
    lines = [line for text in texts for line in text.get_text().split("\n")]
    assert not [line for line in lines if line not in stored]
