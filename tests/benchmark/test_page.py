"""The pages of the benchmark suite state its numbers and those of its published tables."""

import numpy as np
import pandas as pd
import pytest

from benchmarks import properties, suite
from experiments.baselines import NAMED
from imcmoo import benchmark
from imcmoo.benchmark import benchmark_problem, random_problems, truth
from imcmoo.benchmark.properties import least_objectives
from imcmoo.problem.scalarisation import TOLERANCE
from tests.experiments.conftest import ROOT

NUMBERS = {2: "two", 5: "five", 8: "eight"}


@pytest.fixture(scope="module")
def page():
    names = ("benchmark.md", "benchmark_problems.md", "benchmark_results.md")
    return "\n".join((ROOT / "docs" / name).read_text(encoding="utf-8") for name in names)


@pytest.fixture(scope="module")
def text(page):
    return " ".join(page.split())


BASELINES = ("ours", "NSGA-II", "NSGA-II, mixed", "NSGA-III", "random")


def test_the_page_states_the_medians_of_the_shipped_baselines(page, text):
    runs = pd.DataFrame(benchmark.baselines())
    assert set(runs["algorithm"]) == set(BASELINES)
    by_run = runs.groupby(["problem", "algorithm"])
    assert (by_run["seed"].nunique() == 31).all()
    hours = runs.groupby(["problem", "algorithm", "seed"])["cpu_s"].max().sum() / 3600
    assert f"which took {hours:.1f} hours of processor time" in text
    medians = runs.groupby(["problem", "budget", "algorithm"]).median(numeric_only=True)
    for (problem, budget), of in medians.groupby(level=["problem", "budget"]):
        rows = of.droplevel(["problem", "budget"]).loc[[*BASELINES]]
        cells = [
            *(f"{value:.2g}" for value in rows["igd_plus"]),
            *(f"{float(f'{100 * value:.3g}'):,g} %" for value in rows["largest_regret"]),
            f"{rows.loc['ours', 'constraint_evaluations']:,.0f}",
        ]
        assert f"| `{problem}` | {budget:,} | {' | '.join(cells)} |" in page
        others = rows.drop(index="ours")[["igd_plus", "largest_regret"]]
        assert (rows.loc["ours", "igd_plus"] <= others["igd_plus"]).all()
        assert rows.loc["ours", "largest_regret"] == 0
        reached = (others <= rows.loc["ours", others.columns]).all(axis=1).any()
        assert reached == ((problem, budget) == ("four_workload_rram-v1", 10_000))
    assert set(runs["problem"]) == set(NAMED)
    front = medians["igd_plus"].unstack(["budget", "algorithm"])
    assert (front[10_000, "NSGA-III"] < front[1000, "ours"]).all()


def test_the_shipped_baselines_are_of_the_problems_as_they_are():
    for row in {(row["problem"], row["digest"]) for row in benchmark.baselines()}:
        answer = benchmark.get(row[0]).answer
        assert row[1] == truth.digest(answer)[:12]


def test_the_table_of_problems_has_the_facts_of_each():
    table = pd.read_csv(ROOT / "docs" / "search" / "problems.csv").set_index("problem")
    assert list(table.index) == benchmark.names()
    for name in benchmark.names():
        known = {k: v for k, v in suite.facts(name).items() if v is not None}
        del known["problem"]
        row = table.loc[name, list(known)].to_dict()
        assert row.pop("feasible_share", 0) == pytest.approx(known.pop("feasible_share", 0), 1e-5)
        assert row == known


def test_the_page_sums_up_its_problems(text):
    problems = [benchmark.get(name) for name in benchmark.names()]
    shipped = [name for name in benchmark.names() if truth.truth_path(name).is_file()]
    objectives = [problem.n_obj for problem in problems]
    powers = np.rint(np.log10([problem.space.size for problem in problems])).astype(int)
    assert f"offers {len(problems)} many-objective, constrained problems" in text
    assert f"{min(objectives)} to {max(objectives)} objectives" in text
    assert f"$10^{powers.min()}$ to $10^{{{powers.max()}}}$ designs" in text
    assert f"{len(shipped)} of them ship with their exact Pareto front" in text


@pytest.mark.slow
def test_the_first_example_stops_after_distinct_designs(page, capsys):
    names = {}
    exec(page.split("```python\n")[1].split("```")[0], names)
    assert 1000 <= len(names["record"]) < 1100
    assert "'igd_plus': 0.0" in capsys.readouterr().out


def test_the_page_has_the_criteria_and_the_columns_of_a_submission(page):
    problem = benchmark.get("four_workload_rram-v1")
    for name in problem.regrets([]):
        assert f"`{name}`" in page.split("## Criteria")[1].split("##")[0]
    for name in problem.indicators([]):
        assert f"`{name}`" in page.split("The columns:")[1].split("Rows with")[0]


def test_the_page_has_the_bounds_of_random_problems_and_of_the_check(text):
    low, high = random_problems.DESIGNS
    fewest, most = (NUMBERS[n] for n in random_problems.NETWORKS)
    checked = NUMBERS[benchmark_problem.CHECKED]
    assert f"draws a problem of {low:,} to {high:,} designs: a device, {fewest} to {most}" in text
    assert f"{checked} of its designs are evaluated" in text


def test_the_page_has_the_measured_installation(text):
    table = pd.read_csv(ROOT / "docs" / "search" / "installation.csv", index_col="quantity")
    cells = {name: f"{row.value:g} {row.unit}" for name, row in table.iterrows()}
    assert "takes {environment}, of which `imcmoo` has {package}".format(**cells) in text
    assert "and {installation} of processor time".format(**cells) in text
    assert "each take {three_algorithms} of processor time".format(**cells) in text
    assert "takes {small environment}".format(**cells) in text


def test_the_page_has_the_properties_of_the_table_whose_fronts_are_those_that_ship(page):
    table = pd.read_csv(ROOT / "docs" / "search" / "properties.csv")
    assert properties.page_table(table) in page
    shipped = [name for name in benchmark.names() if truth.truth_path(name).is_file()]
    assert list(table["problem"]) == shipped
    for row in table.to_dict("records"):
        answer = truth.load(row["problem"])
        assert row["digest"] == truth.digest(answer)[:12]
        assert row["objectives"] == answer.front.shape[1]
    constraints = pd.read_csv(ROOT / "docs" / "search" / "constraints.csv")
    assert set(constraints["problem"]) == set(table["problem"])


def test_the_page_states_how_many_of_28_objectives_are_enough(text):
    problem = benchmark.get("nine_workload_rram_physical_snr-v3")
    front = problem.coordinates(truth.load(problem.name()).front)
    constant = int((np.ptp(front, axis=0) <= TOLERANCE).sum())
    enough = len(least_objectives(front))
    stated = f"has {front.shape[1]} objectives, {constant} of them constant on its front, and"
    assert f"{stated} {enough} of them enough" in text
