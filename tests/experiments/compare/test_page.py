"""The tables of two pages are those of the comparisons the repository keeps."""

import pandas as pd
import pytest

from experiments.compare import page, statistics


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


@pytest.mark.parametrize("study", page.compared(page.DOCS / "search"))
def test_summaries_and_tests_are_those_of_the_kept_runs(study):
    folder = page.DOCS / "search" / "compare" / study
    runs = pd.read_csv(folder / "runs.csv.gz")
    for name in ("summary", "tests"):
        table, stored = getattr(statistics, name)(runs), pd.read_csv(folder / f"{name}.csv")
        pd.testing.assert_frame_equal(table, stored, rtol=1e-7, check_dtype=False)


def test_the_first_lines_state_the_regret_and_the_front_of_the_search(text, runs):
    ours = runs[(runs["method"] == "ours") & (runs["study"] == "four_workload_sram")]
    values = ours.groupby(["indicator", "budget"])["value"]
    assert values.median()["largest_regret", 1000] == values.max()["largest_regret", 3300] == 0
    assert f"in each of {ours['seed'].nunique()} runs" in text
    medians = values.median().xs(3300, level="budget")
    assert f"its IGD+ is {medians['igd_plus']:.4f}" in text
    assert f"its hypervolume {medians['hypervolume']:.3f}" in text
    assert f"epsilon {medians['epsilon_multiplicative']:.2f}" in " ".join(text.split())


def test_rows_in_which_another_method_has_a_lower_median_igd_plus_are_named(text, runs):
    keys = ["study", "budget", "method"]
    medians = runs[runs["indicator"] == "igd_plus"].groupby(keys)["value"].median().unstack()
    exceptions = medians[medians["ours"] > medians.drop(columns="ours").min(axis=1)]
    prose = " ".join(text.split())
    assert f"in any row below but {len(exceptions)}." in prose
    for (study, budget), values in exceptions.iterrows():
        ours = f"After {budget:,} designs on `{study}` it is {values['ours']:#.2g}"
        assert f"{ours}, that of {values.idxmin()} {values.min():#.2g}" in prose
        tests = pd.read_csv(page.DOCS / "search" / "compare" / study / "tests.csv")
        where = {"counted": "designs", "budget": budget, "indicator": "igd_plus"}
        p = page.row(tests, **where, method=values.idxmin())["p_holm"]
        assert (p > page.SIGNIFICANT) == (f"{values.min():#.2g}, which is no sig" in prose)


def test_the_first_lines_state_the_regrets_on_physical_rram_also_where_checks_count(text):
    folder = page.DOCS / "search" / "compare" / "four_workload_rram_physical"
    runs = pd.read_csv(folder / "runs.csv.gz")
    early = runs[(runs["indicator"] == "largest_regret") & (runs["budget"] == 1000)]
    ours = early[(early["method"] == "ours") & (early["counted"] == "designs")]["value"]
    assert (ours == 0).all()
    assert f"within 1,000 designs in each of {len(ours)} runs" in " ".join(text.split())
    checks = early[early["counted"] == "checks"].groupby("method")["value"].median()
    assert (checks < checks["ours"]).sum() == 2
    assert "after 1,000 checks on RRAM, and two on physical RRAM" in " ".join(text.split())


def test_best_first_search_has_no_larger_regret_on_sram_as_the_limits_say(runs):
    regret = runs[(runs["study"] == "four_workload_sram") & (runs["indicator"] == "largest_regret")]
    medians = regret.groupby(["budget", "method"])["value"].median().unstack()
    assert (medians["best-first"] == 0).all()
    assert medians.loc[3300, "NSGA-II, criteria"] == 0


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


def test_the_page_states_what_the_search_finds_alone(text):
    sram, rram = (
        pd.read_csv(
            page.DOCS / f"search/extended/four_workload_{device}_extended/summary.csv"
        ).query("counted == 'designs'")
        for device in ("sram", "rram")
    )
    prose = " ".join(text.split())
    for extended in (sram, rram):
        (best,) = extended[extended["indicator"] == "largest_regret"].itertuples()
        found = f"{best.solved * best.seeds:.0f} of {best.seeds} runs of {best.budget:,} designs"
        assert f"{found} each find the certified optima" in prose


def test_the_page_states_how_many_random_cases_each_method_solves(text):
    table = pd.read_csv(page.DOCS / "search" / "random" / "7" / "summary.csv")
    table = table[table["indicator"] == "largest_regret"]
    solved = (100 * table.set_index(["counted", "budget", "method"])["solved"]).map(
        "{:.0f} %".format
    )

    def shares(counted, budget):
        return solved.sort_index()[counted, budget][["ours", "Pareto local search", "best-first"]]

    first, last, checked = shares("designs", 1000), shares("designs", 3300), shares("checks", 1000)
    sentence = (
        "in {} of the runs after 1,000 designs (Pareto local search {}, best-first {}), and in {} "
        "after 3,300 ({}, {}). Where checks count it is {} after 1,000 ({}, {})."
    ).format(*first, *last, *checked)
    assert sentence in " ".join(text.split())
