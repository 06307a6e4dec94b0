"""`docs/benchmark.md` states the numbers of the suite and of its published tables."""

import numpy as np
import pandas as pd
import pytest

from benchmarks import suite
from imcmoo import benchmark
from imcmoo.benchmark import benchmark_problem, random_problems, truth
from tests.experiments.conftest import ROOT

NUMBERS = {2: "two", 5: "five", 8: "eight"}


@pytest.fixture(scope="module")
def page():
    return (ROOT / "docs" / "benchmark.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def text(page):
    return " ".join(page.split())


def test_the_page_has_a_row_of_every_problem(page):
    lines = [line.split("|")[1:-1] for line in page.splitlines() if line[:3] == "| `"]
    rows = {line[0].strip(): [cell.strip() for cell in line] for line in lines}
    for facts in map(suite.facts, benchmark.names()):
        measured = [fact == suite.MEASURED for fact in facts]
        cells = zip(rows[facts[0]], measured, strict=True)
        assert [suite.MEASURED if m and cell else cell for cell, m in cells] == facts


def test_the_page_sums_up_its_problems(text):
    problems = [benchmark.get(name) for name in benchmark.names()]
    shipped = [name for name in benchmark.names() if truth.path_of(name).is_file()]
    objectives = [problem.n_obj for problem in problems]
    powers = np.rint(np.log10([problem.space.size for problem in problems])).astype(int)
    assert f"offers {len(problems)} many-objective, constrained problems" in text
    assert f"{min(objectives)} to {max(objectives)} objectives" in text
    assert f"$10^{powers.min()}$ to $10^{{{powers.max()}}}$ designs" in text
    assert f"{len(shipped)} of them ship with their exact Pareto front" in text


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
