"""Recipes ask for what they show."""

import re
import shlex
from dataclasses import replace

import pytest

from experiments import guide
from experiments.guide import RECIPES, study_of
from imcmoo.cli.what_if_command import change
from imcmoo.problem.identity import problem_stamp
from imcmoo.study.vary import vary
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
    (after,) = vary(study, recipe.changes[:1])
    for before, now in zip(study.networks, after.networks, strict=True):
        assert now.rate_Hz == 2 * before.rate_Hz


def test_the_stamp_of_the_recipes_covers_every_change(monkeypatch):
    def digests(problems, stamped=()):
        return [problem_stamp(problem).digest() for problem in stamped]

    monkeypatch.setattr(guide, "dependence", digests)
    monkeypatch.setattr(guide, "new_study", lambda folder: None)
    bits, device = few = [r for name in ("bits", "device") for r in RECIPES if r.name == name]
    monkeypatch.setattr(guide, "RECIPES", few)
    first = guide.Guide().depends_on
    assert len({*first}) == sum(len(r.changes) for r in few)
    monkeypatch.setattr(guide, "RECIPES", [replace(bits, changes=({"precision": 5},)), device])
    changed_bits = guide.Guide().depends_on
    assert [a == b for a, b in zip(first, changed_bits, strict=True)].count(False) == 1


def test_there_are_twelve_recipes():
    page = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (\d+)\.", page, re.M) == [str(n) for n in range(1, 13)]
