"""The tables of `docs/search.md` are those of the comparisons the repository keeps."""

import re

import pandas as pd
import pytest

from experiments.compare import page
from experiments.compare.comparison import DESIGNS, OURS, PRIMARY, WORST


@pytest.fixture(scope="module")
def text():
    return (page.DOCS / "search.md").read_text(encoding="utf-8")


def test_every_table_is_that_of_the_kept_comparisons(text):
    assert page.fill(text, page.DOCS / "search") == text


def test_every_kind_of_table_is_on_the_page(text):
    marks = {match["name"].split()[0] for match in page.MARKED.finditer(text)}
    assert marks == set(page.TABLES)


def test_a_changed_figure_changes_the_page(text, tmp_path):
    source = page.DOCS / "search"
    for path in source.rglob("*.csv"):
        copy = tmp_path / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        frame = pd.read_csv(path)
        if path == source / "compare" / "four_workload_rram" / "summary.csv":
            own = (frame["method"] == OURS) & (frame["budget"] == PRIMARY)
            own &= (frame["criterion"] == WORST) & (frame["counted"] == DESIGNS)
            frame.loc[own, "solved"] = 0.5
        frame.to_csv(copy, index=False)
    changed = page.fill(text, tmp_path)
    assert changed != text
    assert re.search(r"\| ours \|.*\| 50 % \|", changed)


def test_what_is_taken_over_is_enough_for_the_page(text, tmp_path, monkeypatch):
    """A comparison's folder, with more in it than is kept."""
    results = tmp_path / "results" / "compare" / "four_workload_rram"
    results.mkdir(parents=True)
    (results / "config.json").write_text("{}\n")
    rows = [("ours", 0.5, 1.0, 0.0), ("ours", 0.7, 3.0, 0.2), ("random", 0.1, 5.0, 0.4)]
    front = pd.DataFrame(rows, columns=["method", *page.FRONT])
    front.to_csv(results / "front.csv", index=False)
    (results / "regret.csv").write_text("large\n")
    monkeypatch.setattr(page, "DOCS", tmp_path / "docs")
    page.take_over(tmp_path / "results", tmp_path / "docs" / "search")
    kept = tmp_path / "docs" / "search" / "compare" / "four_workload_rram"
    assert sorted(p.name for p in kept.iterdir()) == ["config.json", "front_medians.csv"]
    medians = pd.read_csv(kept / "front_medians.csv").set_index("method")
    assert medians.loc["ours", "epsilon_multiplicative"] == 2.0


def test_a_method_without_a_budget_has_no_figures_there(tmp_path):
    folder = tmp_path / "compare" / "big"
    folder.mkdir(parents=True)
    keys = {"counted": DESIGNS, "criterion": WORST, "seeds": 5, "percentile_95": 0.2}
    rows = [("ours", 1000, 0.0), ("ours", 10_000, 0.0), ("slow", 1000, 0.1)]
    summary = pd.DataFrame([keys | {"method": m, "budget": b, "median": r} for m, b, r in rows])
    summary.to_csv(folder / "summary.csv", index=False)
    tests = keys | {"method": "slow", "budget": 1000, "p_holm": 0.03, "A12": 1.0}
    pd.DataFrame([tests]).to_csv(folder / "tests.csv", index=False)
    text = "<!-- large big -->\n<!-- end -->\n"
    *_, ours, slow, _, _ = page.fill(text, tmp_path).splitlines()
    assert ours == "| ours | 0 % | 20 % |  |  | 5 | 0 % | 20 % |  |  | 5 |"
    assert slow == "| slow | 10 % | 20 % | 0.03 | 1.00 | 5 |  |  |  |  |  |"


def test_of_a_front_that_is_not_known_what_was_asked_is_kept(tmp_path, monkeypatch):
    results = tmp_path / "results" / "compare" / "big"
    results.mkdir(parents=True)
    (results / "config.json").write_text("{}\n")
    rows = [("ours", 100), ("ours", 300), ("random", 50)]
    pd.DataFrame(rows, columns=["method", "asked"]).to_csv(results / "front.csv", index=False)
    monkeypatch.setattr(page, "DOCS", tmp_path / "docs")
    page.take_over(tmp_path / "results", tmp_path / "docs" / "search")
    kept = tmp_path / "docs" / "search" / "compare" / "big" / "front_medians.csv"
    assert pd.read_csv(kept).set_index("method")["asked"].to_dict() == {"ours": 200, "random": 50}
