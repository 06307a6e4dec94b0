"""The tables of two pages are those of the comparisons the repository keeps."""

import re

import numpy as np
import pandas as pd
import pytest

from experiments.compare import page, statistics
from experiments.publish import to_csv


@pytest.fixture(scope="module")
def text():
    return (page.DOCS / "search.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def runs():
    """Every run of the kept comparisons, by study."""
    files = (page.DOCS / "search" / "compare").glob("*/runs.csv.gz")
    tables = pd.concat({file.parent.name: pd.read_csv(file) for file in files}, names=["study"])
    return tables[tables["counted"] == "designs"].reset_index("study")


@pytest.mark.parametrize("path", page.PAGES, ids=lambda path: path.stem)
def test_every_table_is_that_of_the_kept_comparisons(path):
    text = path.read_text(encoding="utf-8")
    assert "<!-- " in text
    assert page.fill(text, page.DOCS / "search") == text


@pytest.mark.parametrize(
    "study",
    [
        "nine_workload_sram",
        pytest.param("four_workload_rram_extended", marks=pytest.mark.slow),
        pytest.param("four_workload_sram_extended", marks=pytest.mark.slow),
    ],
)
def test_summaries_and_tests_are_those_of_the_kept_runs(study):
    folder = page.DOCS / "search" / "compare" / study
    runs = pd.read_csv(folder / "runs.csv.gz")
    for name in ("summary", "tests"):
        table, stored = getattr(statistics, name)(runs), pd.read_csv(folder / f"{name}.csv")
        pd.testing.assert_frame_equal(table, stored, rtol=1e-7, check_dtype=False)


def test_the_first_lines_state_the_largest_regret(text, runs):
    regret = runs[runs["indicator"] == "largest_regret"]
    extended = regret["study"].str.endswith("_extended")
    early = regret[~extended & (regret["budget"] == 1000) & (regret["method"] == "ours")]
    assert (early.groupby("study")["value"].median() == 0).all()
    late = regret[extended & (regret["budget"] == 10_000)].groupby("method")["value"]
    assert late.max()["ours"] == 0
    assert f"in each of {late.size()['ours']} runs" in text
    others = np.floor(1000 * late.min().drop("ours").min()) / 10
    assert f"other compared method is more than {others:.1f} % in" in " ".join(text.split())


def test_the_first_lines_state_where_another_method_has_the_lowest_igd_plus(text, runs):
    keys = ["study", "budget", "method"]
    medians = runs[runs["indicator"] == "igd_plus"].groupby(keys)["value"].median().unstack()
    others = medians.drop(columns="ours").min(axis=1)
    behind = medians[medians["ours"] >= others]
    cases = [("nine_workload_sram", 1000), ("four_workload_sram_extended", 10_000)]
    least = ("four_workload_rram_physical", 3300)
    assert set(behind.index) == {*cases, least}
    assert f"by {behind.loc[least, 'ours'] - others[least]:.5f} on RRAM, physical" in text
    found = behind.loc[cases, ["Pareto local search", "ours"]]
    assert (found["Pareto local search"] == others[cases]).all()
    stated = " and ".join(f"{peer:.3f} against {ours:.3f}" for peer, ours in found.to_numpy())
    assert stated in " ".join(text.split())


@pytest.mark.parametrize(
    ("series", "template"),
    [
        ("7202", "in {solved} of its runs after 1,000 designs ({interval})"),
        ("7202", "The misses are of {missed} cases; the largest regret is {largest}"),
        ("5222", "There it is {solved} of the runs after 1,000 designs ({interval})"),
    ],
)
def test_the_page_states_the_share_of_random_cases_that_are_solved(text, series, template):
    runs = pd.read_csv(page.DOCS / "search" / "random" / series / "runs.csv.gz")
    worst = runs[(runs["counted"] == "designs") & (runs["indicator"] == "largest_regret")]
    shares = (worst["value"] == 0).groupby([worst["budget"], worst["case"]]).mean()
    assert (shares[3300] == 1).all()
    early = shares[1000]
    drawn = np.random.default_rng(0).choice(early, (10_000, len(early))).mean(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    stated = template.format(
        solved=f"{100 * early.mean():.0f} %",
        interval=f"interval over cases: {100 * low:.0f} % to {100 * high:.0f} %",
        missed=(early < 1).sum(),
        largest=f"{100 * worst['value'].max():.1f} %",
    )
    assert stated in " ".join(text.split())


def test_the_page_says_where_checks_that_count_put_another_method_ahead(text):
    marked = re.search(r"<!-- leaders -->(.*?)<!-- end -->", text, re.DOTALL)
    cells = [line.split("|")[-3:-1] for line in marked[1].strip().splitlines()[2:]]
    shares = [[float(c.split("%")[0].replace(",", "")) for c in row] for row in cells]
    better = sum(other < ours for ours, other in shares)
    assert f"another method is better in {better} of the {len(shares)} rows below" in " ".join(
        text.split()
    )


def test_the_page_counts_the_comparisons_in_which_the_search_is_not_ahead(text):
    folder = page.DOCS / "search"
    behind = page.not_ahead(folder)
    assert (folder / page.NOT_AHEAD).read_text(encoding="utf-8") == to_csv(behind)
    total = page.verdicts(folder).iloc[-1]
    assert total["all"] == total[["better", "neither", "worse"]].sum()
    assert len(behind) == total["neither"] + total["worse"]
    stated = (
        f"significantly better in {total['better']} of {total['all']} comparisons",
        f"and significantly worse in {total['worse']}",
    )
    assert all(part in " ".join(text.split()) for part in stated)


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
