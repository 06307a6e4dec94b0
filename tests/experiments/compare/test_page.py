"""The tables of two pages are those of the comparisons the repository keeps."""

import pandas as pd
import pytest

from experiments.compare import page, statistics

SEARCH = page.DOCS / "search"


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


@pytest.fixture(scope="module")
def kept():
    """Summaries and tests of the kept comparisons, by study."""
    folders = [page.DOCS / "search" / "compare" / study for study in page.compared(SEARCH)]
    return {
        name: pd.concat(
            {f.name: pd.read_csv(f / f"{name}.csv") for f in folders}, names=["study"]
        ).reset_index("study")
        for name in ("summary", "tests")
    }


def medians(summary, indicator, counted):
    """Medians of an indicator, a row for each study and budget, a column for each method."""
    of_rows = page.select(summary, indicator=indicator, counted=counted)
    return of_rows.pivot_table(index=["study", "budget"], columns="method", values="median")


def better_than_ours(medians):
    """Number of methods with a lower median than ours in each row."""
    return medians.lt(medians["ours"], axis=0).sum(axis=1)


def significantly_better(tests, **where):
    """Studies, budgets and methods by which ours is significantly worse."""
    found = page.select(tests, **where)
    found = found[(found["p_holm"] < page.SIGNIFICANT) & (found["A12"] < 0.5)]
    return [*found[["study", "budget", "method"]].itertuples(index=False, name=None)]


def test_the_first_lines_state_in_how_many_runs_the_search_finds_all_best_designs(text, kept):
    ours = page.select(kept["summary"], method="ours", indicator="largest_regret")
    solved = 100 * ours.set_index(["counted", "budget", "study"])["solved"].sort_index()
    assert (solved["designs", 3300] == 100).all()
    (seeds,) = set(ours["seeds"])
    assert f"within 3,300 designs in each of {seeds} runs on each study below." in text
    others = (("checks", 3300), ("designs", 1000), ("checks", 1000))
    shares = [f"{solved[of].min():.0f} to {solved[of].max():.0f} %" for of in others]
    assert f"count as designs, it does so in {shares[0]} of the runs" in text
    assert f"it does so in {shares[1]} of the runs; if checks count, in {shares[2]}." in text


def test_the_first_lines_state_where_other_methods_are_better(text, kept):
    worse = better_than_ours(medians(kept["summary"], "igd_plus", "designs"))
    assert f"have a lower median in {(worse > 0).sum()} of {len(worse)} rows" in text
    found = significantly_better(kept["tests"], indicator="igd_plus", counted="designs")
    assert found == [("four_workload_rram", 1000, "NSGA-II, mixed")]
    assert "a significant difference: NSGA-II, mixed on RRAM after 1,000 designs" in text
    by_checks = better_than_ours(medians(kept["summary"], "largest_regret", "checks"))
    assert by_checks[by_checks > 0].to_dict() == {
        ("four_workload_rram", 1000): 1,
        ("four_workload_rram_physical", 1000): 2,
    }
    assert "smaller median regret on RRAM (one) and physical RRAM (two)" in text
    assert not significantly_better(kept["tests"], indicator="largest_regret", counted="checks")


def test_the_figure_states_the_front_on_sram(text, kept):
    of_front = {
        name: page.median(
            page.select(kept["summary"], study="four_workload_sram", counted="designs"),
            "ours",
            3300,
            name,
        )
        for name in ("igd_plus", "hypervolume", "epsilon_multiplicative")
    }
    sentence = "IGD+ is {igd_plus:.4f}, hypervolume {hypervolume:.3f} and epsilon "
    assert sentence.format(**of_front) + f"{of_front['epsilon_multiplicative']:.2f}" in text


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
        regret = page.select(extended, indicator="largest_regret", budget=10_000)
        (best,) = page.select(regret, method="ours").itertuples()
        found = f"{best.solved * best.seeds:.0f} of {best.seeds} runs of {best.budget:,} designs"
        assert f"{found} each find the certified optima" in prose
    others = sram[(sram["method"] != "ours") & (sram["budget"] == 10_000)]
    regret, front = (page.select(others, indicator=name) for name in ("largest_regret", "igd_plus"))
    found = (regret["solved"] * regret["seeds"]).sum()
    assert f"On SRAM {found:.0f} of {regret['seeds'].sum()} runs of other methods" in prose
    ours, least = page.median(sram, "ours", 10_000, "igd_plus"), front["median"].min()
    assert f"IGD+ is {ours:.3f}, of the best other method {least:.3f} (NSGA-III)" in prose


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
