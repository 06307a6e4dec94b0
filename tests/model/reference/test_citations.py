"""What the code cites of docs/model.md is there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
CITED = re.compile(r"docs/model\.md, sections? ((?:\d+(?:, | and | to )?)+)")


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


def test_every_cited_section_and_every_file_the_document_names_exist():
    assert len(citations()) > 8
    missing = {path: cited - set(sections()) for path, cited in citations().items()}
    assert not any(missing.values()), missing
    text = (ROOT / "docs" / "model.md").read_text(encoding="utf-8")
    paths = re.findall(r"`((?:imcmoo|tests)/[\w/.]+)`", text)
    assert len(paths) > 3
    assert [path for path in paths if not (ROOT / path).exists()] == []
