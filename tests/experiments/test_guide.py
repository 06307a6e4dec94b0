"""Recipes ask for what they show."""

import re
import shlex

import pytest

from experiments.guide import RECIPES, study_of
from imcmoo.cli.what_if_command import change
from imcmoo.study.what_if import changed
from tests import ROOT


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_the_command_of_a_recipe_makes_its_changes(recipe):
    words = shlex.split(recipe.command)
    given = [change(text) for text in words[words.index("--set") :] if text != "--set"]
    assert given == list(recipe.changes)
    assert words[:3] == ["imcmoo", "what-if", recipe.study]


def test_a_change_of_a_recipe_reaches_the_study():
    (recipe,) = (r for r in RECIPES if r.name == "frames")
    study = study_of(recipe.study)
    after = changed(study, recipe.changes[0]).study
    for before, now in zip(study.networks, after.networks, strict=True):
        assert now.rate_Hz == 2 * before.rate_Hz


def test_there_are_twelve_recipes():
    page = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (\d+)\.", page, re.M) == [str(n) for n in range(1, 13)]
