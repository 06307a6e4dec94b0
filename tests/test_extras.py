"""Tests of optional parts are skipped where the packages are not installed."""

import re
import tomllib

import pytest

from tests import ROOT
from tests.extras import needs


def test_the_reason_of_a_skipped_test_names_the_extra():
    needs("accuracy", "pytest")
    with pytest.raises(pytest.skip.Exception, match=r"pip install -e '\.\[accuracy\]'"):
        needs("accuracy", "pytest", "no_such_package")


def test_tests_name_extras_that_there_are():
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py")]
    named = {name for text in texts for name in re.findall(r'^ *needs\("(\w+)"', text, re.M)}
    with (ROOT / "pyproject.toml").open("rb") as file:
        extras = tomllib.load(file)["project"]["optional-dependencies"]
    assert "accuracy" in named <= extras.keys()


def test_commits_are_checked_by_commands_of_make_test():
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    commands = re.findall(r"entry: (.+)", hooks)
    assert commands
    assert all(f"\t$(BIN)/{command}\n" in makefile for command in commands)
