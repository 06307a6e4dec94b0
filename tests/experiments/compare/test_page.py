"""The tables of `docs/search.md` are those of the comparisons the repository keeps."""

import pytest

from experiments.compare import page


@pytest.fixture(scope="module")
def text():
    return (page.DOCS / "search.md").read_text(encoding="utf-8")


def test_every_table_is_that_of_the_kept_comparisons(text):
    assert page.fill(text, page.DOCS / "search") == text


def test_every_kind_of_table_is_on_the_page(text):
    marks = {match["name"].split()[0] for match in page.MARKED.finditer(text)}
    assert marks == set(page.TABLES)


def test_what_is_taken_over_is_enough_for_the_page(text, tmp_path, monkeypatch):
    """A comparison's folder, with more in it than is kept."""
    results = tmp_path / "results" / "compare" / "four_workload_rram"
    results.mkdir(parents=True)
    (results / "config.json").write_text("{}\n")
    for name in ("runs.csv.gz", "ecdf.svg", "ecdf.pdf", "regret.svg", "summary.csv"):
        (results / name).write_text("large\n")
    monkeypatch.setattr(page, "DOCS", tmp_path / "docs")
    shown = tmp_path / "docs" / "figures" / "ecdf_four_workload_rram.svg"
    shown.parent.mkdir(parents=True)
    shown.write_text("earlier\n")
    page.take_over(tmp_path / "results", tmp_path / "docs" / "search")
    kept = tmp_path / "docs" / "search" / "compare" / "four_workload_rram"
    assert sorted(p.name for p in kept.iterdir()) == ["config.json", "runs.csv.gz", "summary.csv"]
    assert [p.read_text() for p in shown.parent.iterdir()] == ["large\n"]
