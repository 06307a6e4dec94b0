"""What the code cites of docs/model.md is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CITED = re.compile(r"docs/model\.md, sections? ((?:\d+(?:, | and | to )?)+)")

RULES = ("mapping", "loop_orders", "nests", "traffic", "counts", "prices", "profiles", "breakdown")
"""Modules of the reference model that hold its rules."""


def sections():
    """Numbers of the sections of the document, in order."""
    text = (ROOT / "docs" / "model.md").read_text(encoding="utf-8")
    return [int(number) for number in re.findall(r"^## (\d+)\. ", text, flags=re.M)]


def citations():
    """By file, the numbers of the sections it cites."""
    found = {}
    for folder in ("imcmoo", "problems", "experiments", "tests"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            # A citation may break over a line.
            text = re.sub(r"\s+", " ", path.read_text(encoding="utf-8"))
            for numbers in CITED.findall(text):
                cited = found.setdefault(path.relative_to(ROOT).as_posix(), set())
                cited |= {int(number) for number in re.findall(r"\d+", numbers)}
    return found


def test_sections_are_numbered_without_gaps():
    assert sections() == list(range(1, len(sections()) + 1))
    assert len(sections()) > 10


def test_every_cited_section_exists():
    there = set(sections())
    missing = {path: cited - there for path, cited in citations().items() if cited - there}
    assert missing == {}


@pytest.mark.parametrize("module", RULES)
def test_every_module_of_rules_cites_where_they_are_written(module):
    assert citations().get(f"imcmoo/model/reference/{module}.py")


def test_the_document_points_to_files_that_exist():
    text = (ROOT / "docs" / "model.md").read_text(encoding="utf-8")
    paths = re.findall(r"`((?:imcmoo|tests)/[\w/.]+)`", text)
    assert len(paths) > 3
    assert [path for path in paths if not (ROOT / path).exists()] == []
