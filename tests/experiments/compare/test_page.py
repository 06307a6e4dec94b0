"""The tables of three pages are those of the comparisons the repository keeps."""

import pandas as pd
import pytest

from experiments.compare import comparison, page, statistics
from experiments.compare.ablations import ABLATIONS
from experiments.compare.evaluation_counter import POPULATION
from imcmoo.search.algorithm import N_INITIAL

SEARCH = page.DOCS / "search"


@pytest.fixture(scope="module")
def text():
    return (page.DOCS / "search.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", page.PAGES, ids=lambda path: path.stem)
def test_every_table_is_that_of_the_kept_comparisons(path):
    text = path.read_text(encoding="utf-8")
    assert "<!-- " in text
    assert page.fill(text, page.DOCS / "search") == text


ENUMERATED = [
    (kind, study) for kind in ("compare", "ablation") for study in page.compared(SEARCH, kind)
]


@pytest.mark.parametrize(("kind", "study"), ENUMERATED)
def test_summaries_and_tests_are_those_of_the_kept_runs(kind, study):
    folder = SEARCH / kind / study
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


@pytest.fixture(scope="module")
def solved():
    """Percent of the runs that find all best designs, a column for each method."""
    tables = {
        (kind, study): pd.read_csv(SEARCH / kind / study / "summary.csv")
        for kind, study in page.measured(SEARCH)
    }
    table = pd.concat(tables, names=["kind", "study"]).query("indicator == 'largest_regret'")
    index = ["kind", "study", "counted", "budget"]
    return 100 * table.pivot_table(index=index, columns="method", values="solved")


def rows_of(solved, **levels):
    """Rows with some values of the index."""
    return solved.xs(tuple(levels.values()), level=tuple(levels))


def test_the_first_lines_state_in_how_many_runs_the_search_finds_all_best_designs(text, solved):
    kept = solved.drop(index="extended", level="kind")
    last = rows_of(kept, counted="designs", budget=3300)
    assert (last["ours"] == 100).all()
    assert "Every run of 3,300 designs finds the best design by each of six" in text
    assert not (last.drop(columns="ours") == 100).all().any()
    assert "No other method does so on all of them." in text
    studies = kept.xs("compare", level="kind")

    def share(**levels):
        found = rows_of(studies, **levels)["ours"]
        return f"{found.min():.0f} to {found.max():.0f} %"

    first = share(counted="designs", budget=1000)
    assert f"Within 1,000 designs {first} of the runs on the five studies find" in text
    assert (
        f"{share(counted='checks', budget=3300)} of the runs find the best designs within 3,300, "
        f"and {share(counted='checks', budget=1000)} within 1,000."
    ) in text


def test_the_first_lines_state_where_other_methods_find_the_best_designs_in_more_runs(text, solved):
    studies = solved.xs("compare", level="kind")
    more = studies.gt(studies["ours"], axis=0)
    fewer_designs = rows_of(more, counted="designs", budget=1000)
    assert not rows_of(more, counted="designs", budget=3300).any(axis=None)
    assert [*fewer_designs.stack().loc[lambda each: each].index] == [
        ("four_workload_sram", "best-first")
    ]
    row = studies.loc["four_workload_sram", "designs", 1000]
    stated = f"{row['best-first']:.0f} % against {row['ours']:.0f} %"
    assert f"in more runs on one study (SRAM, four networks: {stated})" in text
    checked = more.xs("checks", level="counted").any(axis=1)
    assert f"more runs in {checked.sum()} of these {len(checked)} rows" in text


NUMBERS = {2: "two", 3: "three", 4: "four"}
RRAM, RRAM_PHYSICAL = "four_workload_rram", "four_workload_rram_physical"


@pytest.mark.parametrize(
    ("counted", "best", "significant", "named"),
    [
        (
            "designs",
            "After 3,300 designs no other method has a smaller median IGD+ on {} of five studies, "
            "after 1,000 on {}.",
            [(RRAM, 1000, "NSGA-II, mixed")],
            "better (p < 0.01): NSGA-II, mixed on RRAM after 1,000 designs.",
        ),
        (
            "checks",
            "By IGD+ no other method has a smaller median on {} of five studies after 3,300, on {} "
            "after 1,000.",
            [
                (RRAM, 1000, "Pareto local search"),
                (RRAM_PHYSICAL, 1000, "Pareto local search"),
                (RRAM_PHYSICAL, 3300, "NSGA-II"),
                (RRAM_PHYSICAL, 3300, "NSGA-III"),
            ],
            "Pareto local search after 1,000 on both RRAM studies, and NSGA-II and NSGA-III after "
            "3,300 on RRAM, physical.",
        ),
    ],
)
def test_the_first_lines_state_on_how_many_studies_the_front_is_best(
    text, kept, counted, best, significant, named
):
    worse = better_than_ours(medians(kept["summary"], "igd_plus", counted)) > 0
    studies = (~worse).groupby("budget").sum()
    assert best.format(NUMBERS[studies[3300]], NUMBERS[studies[1000]]) in text
    found = significantly_better(kept["tests"], indicator="igd_plus", counted=counted)
    assert sorted(found) == significant
    assert named in text


def test_no_method_has_a_significantly_smaller_regret_if_checks_count(kept):
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


def test_the_page_states_which_parts_of_the_search_change_the_front(text):
    folder = SEARCH / "ablation" / "four_workload_sram"
    summary, tests = (pd.read_csv(folder / f"{name}.csv") for name in ("summary", "tests"))
    assert set(summary["method"]) == set(ABLATIONS)
    assert (summary["seeds"] == 31).all()
    tests = tests[tests["p_holm"] < page.SIGNIFICANT]

    def worse(budget, indicator):
        rows = page.select(tests, counted="designs", budget=budget, indicator=indicator)
        assert (rows["A12"] > 0.5).all()
        return set(rows["method"])

    parts = {
        "no local search": "without local search,",
        "no search near the front": "without its steps near the front,",
        "no search by criteria": "without its steps by criteria,",
        "no surrogate": "or without surrogates.",
    }
    assert worse(3300, "igd_plus") == set(parts)
    assert f"After 3,300 designs IGD+ is significantly worse {' '.join(parts.values())}" in text
    assert worse(3300, "largest_regret") == {"no local search", "no search by criteria"}
    assert worse(1000, "largest_regret") == {*worse(3300, "largest_regret"), "no surrogate"}
    assert worse(1000, "igd_plus") - set(parts) == {"500 initial designs"}
    found = summary[summary["indicator"] == "largest_regret"].set_index(["budget", "method"])
    share = found["solved"]
    assert share[3300, "no local search"] == share[1000, "no surrogate"] == 0
    assert f"without steps by criteria {100 * share[3300, 'no search by criteria']:.0f} %" in text


def test_the_limits_state_what_is_found_in_extended_spaces(text, solved):
    folders = {d: SEARCH / f"extended/four_workload_{d}_extended" for d in ("sram", "rram")}
    extended = solved.xs("extended", level="kind").dropna(axis="columns")
    ours, others = (extended["ours"], extended.drop(columns="ours"))
    assert (ours.xs("designs", level="counted") == 100).all()
    found = others.xs("designs", level="counted").sum(axis=None) * 11 / 100
    runs = 11 * others.xs("designs", level="counted").notna().sum(axis=None)
    prose = " ".join(text.split())
    stated = (
        "All 22 runs of 10,000 designs find the best ones there, of other methods {:.0f} of {}."
    )
    assert stated.format(found, runs) in prose
    assert (extended.xs("checks", level="counted") == 0).all(axis=None)

    def median(device, method, indicator):
        table = page.select(pd.read_csv(folders[device] / "summary.csv"), counted="checks")
        return page.median(table, method, 10_000, indicator)

    front = [median("rram", name, "igd_plus") for name in ("NSGA-II", "NSGA-III", "ours")]
    assert "(IGD+ {:.3f} and {:.3f}, ours {:.3f}; p < 0.01).".format(*front) in prose
    front = [median("sram", name, "igd_plus") for name in ("NSGA-III", "ours")]
    tests = pd.read_csv(folders["sram"] / "tests.csv")
    p = page.row(tests, counted="checks", indicator="igd_plus", method="NSGA-III")["p_holm"]
    assert "On SRAM NSGA-III has ({:.3f}, ours {:.3f}; p = {:.3f}).".format(*front, p) in prose
    sram, rram = (
        [100 * median(device, name, "largest_regret") for name in (other, "ours")]
        for device, other in (("sram", "NSGA-II, criteria"), ("rram", "NSGA-III"))
    )
    p_of = [
        page.row(found, counted="checks", indicator="largest_regret", method=name)["p_holm"]
        for found, name in (
            (pd.read_csv(folders["sram"] / "tests.csv"), "NSGA-II, criteria"),
            (pd.read_csv(folders["rram"] / "tests.csv"), "NSGA-III"),
        )
    ]
    stated = (
        "{:.1f} % (ours {:.1f} %, p = {:.2f}) on SRAM and {:.1f} % (ours {:.0f} %, p = {:.2f}) on "
        "RRAM."
    )
    assert stated.format(*sram, p_of[0], *rram, p_of[1]) in prose
    tests = page.select(pd.read_csv(folders["rram"] / "tests.csv"), indicator="igd_plus")
    p_values = tests.set_index(["counted", "method"])["p_holm"]
    assert (p_values["checks"][["NSGA-II", "NSGA-III"]] < page.SIGNIFICANT).all()
    for folder in folders.values():
        found = page.select(pd.read_csv(folder / "tests.csv"), counted="checks")
        found = page.select(found, indicator="largest_regret")
        assert not ((found["p_holm"] < page.SIGNIFICANT) & (found["A12"] < 0.5)).any()
    assert (p_values["designs"][["NSGA-II", "NSGA-III"]] >= page.SIGNIFICANT).all()
    for indicator in ("hypervolume", "epsilon_multiplicative"):
        better = page.select(pd.read_csv(folders["rram"] / "tests.csv"), indicator=indicator)
        better = better.set_index("method").loc[["NSGA-II", "NSGA-III"]]
        assert ((better["p_holm"] < page.SIGNIFICANT) & (better["A12"] > 0.5)).all()


def test_the_limits_state_where_the_criteria_are_enough(text, solved, kept):
    found = solved.xs(("designs", 3300), level=("counted", "budget"))["NSGA-II, criteria"][
        "compare"
    ]
    assert set(found.index[found < 100]) == {"nine_workload_sram"}
    front = medians(kept["summary"], "igd_plus", "designs")
    assert (front["NSGA-II, criteria"] > front["ours"]).all()
    assert "except with nine networks. It has a worse front." in text


def test_the_page_states_how_many_designs_methods_of_pymoo_reach_on_rram(text, kept):
    used = page.select(kept["summary"], indicator=comparison.USED, budget=3300)
    rram = page.select(used, study="four_workload_rram").set_index("method")["median"]
    few = rram[rram < 3300]
    assert all(name.startswith("NSGA") for name in few.index)
    physical = page.select(used, study="four_workload_rram_physical").set_index("method")["median"]
    ended = physical[physical < 3300]
    assert set(ended.index) == {"NSGA-II, criteria", "NSGA-III"}
    prose = " ".join(text.split())
    stated = (
        "On RRAM all four do, after {:,.0f} to {:,.0f}. On RRAM, physical, NSGA-II on the criteria "
        "ends after {:,.0f} and NSGA-III after {:,.0f}."
    )
    assert len(few) == 4
    of_physical = ended["NSGA-II, criteria"], ended["NSGA-III"]
    assert stated.format(few.min(), few.max(), *of_physical) in prose


def test_the_page_states_how_many_designs_of_the_start_are_evaluated(text):
    prose = " ".join(text.split())
    assert (
        f"Ours evaluates the first {N_INITIAL}, every other method the first {POPULATION};" in prose
    )
    assert f"the same {comparison.INITIAL} designs to begin with" in prose
