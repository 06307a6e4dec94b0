"""The comparison of searches: the same start, honest counting, and the files it leaves."""

import json
import shutil
from dataclasses import replace
from functools import cache, partial

import numpy as np
import pandas as pd
import pytest
from pymoo.core.population import Population

from experiments.compare import __main__ as compare
from experiments.compare import algorithms, cli_rules, comparison, random_cases, statistics
from experiments.compare.ablations import ABLATIONS, RandomSurrogate
from experiments.compare.algorithms import COMPILED, METHODS, OPTUNA, PHASED
from experiments.compare.cli_rules import PACKAGES
from experiments.compare.comparison import Rules
from experiments.compare.evaluation_counter import (
    CRITERIA,
    POPULATION,
    Counted,
    Start,
    _Posed,
    judged,
)
from imcmoo.cli.main import main
from imcmoo.exact.regret import ExactRegret
from imcmoo.io.locks import folder_lock
from imcmoo.problem.limits import Limits
from imcmoo.search.mating import FeasibleMating
from imcmoo.search.sampling import draw_feasible
from imcmoo.space.restricted import restricted
from imcmoo.study.catalogue import find_study
from problems import STUDIES
from tests.extras import needs
from tests.fakes import SMALL, FakeEvaluator, fake_problem
from tests.search.searches import builder
from tests.study.files import SMALL_RRAM, written

STUDY = "four_workload_rram"
BUDGET = 150
LONG = {*COMPILED, "C-TAEA", "NSGA-III", "NSGA-III, criteria"}


@pytest.fixture(scope="module")
def start():
    problem = STUDIES[STUDY].problem()
    initial = draw_feasible(problem, 120, np.random.default_rng(0))
    return Start(problem, initial, BUDGET, seed=3)


def searched(name, start):
    return (METHODS | ABLATIONS | cli_rules.LARGE_METHODS)[name](start)


@pytest.fixture(scope="module")
def first_search(start):
    """The first search of a name, which several tests read."""
    return cache(partial(searched, start=start))


@pytest.mark.parametrize(
    "name",
    [
        *(n for n in (*METHODS, *list(ABLATIONS)[1:], *OPTUNA) if n not in LONG),
        *(pytest.param(n, marks=pytest.mark.slow) for n in sorted(LONG)),
    ],
)
def test_a_search_evaluates_unique_designs_within_its_budget_from_the_same_start(
    name, start, first_search
):
    if name in PACKAGES:
        needs("compare", PACKAGES[name])
    archive = first_search(name)
    assert 100 <= len(archive) <= BUDGET
    assert len(archive.seen) == len(archive)
    initial = set(start.problem.space.rank(start.initial).tolist())
    first = set(start.problem.space.rank(archive.levels[:70]).tolist())
    assert name == "random start" or first <= initial


@pytest.mark.parametrize(
    "name", ["ours", "NSGA-II, criteria", "Pareto local search", "best-first", *OPTUNA]
)
def test_the_same_seed_gives_the_same_search(name, start, first_search):
    if name in PACKAGES:
        needs("compare", PACKAGES[name])
    assert np.array_equal(searched(name, start).levels, first_search(name).levels)


def test_designs_proposed_again_are_evaluated_but_not_counted(start):
    counted = Counted(start)
    F, _ = counted(start.initial[[0, 1, 0]])
    assert len(counted.archive) == 2
    assert np.array_equal(F[0], F[2])
    assert counted.proposed == 3


def test_where_checks_are_free_infeasible_designs_are_proposed_but_not_counted(start):
    random = start.problem.space.random(60, np.random.default_rng(0))
    levels = np.concatenate([random, start.initial[:3]])
    free, counted = Counted(replace(start, checks_are_free=True)), Counted(start)
    free(levels), counted(levels)
    assert len(free.archive) < len(counted.archive) == 63
    assert free.archive.feasible.all()
    assert free.proposed == 63


def test_most_mutations_change_a_design(start):
    """Rounding undoes few of the mutations for integers."""
    mutation = algorithms._integer()["mutation"]
    problem = _Posed(Counted(start))
    X = np.repeat(start.initial.astype(float), 10, axis=0)
    mutation.prob_var = 1 / X.shape[1]
    rng = np.random.default_rng(0)
    mutated = mutation(problem, Population.new(X=X), random_state=rng).get("X")
    assert (mutated == mutated.round()).all()
    assert (mutated != X).any(axis=1).mean() > 0.3


@pytest.mark.slow
def test_a_search_of_optuna_that_only_repeats_itself_ends():
    needs("compare", "optuna")
    few = {"rows": (256,), "cols": (128,), "cycle_s": (1e-9,), "glb_depth": (16384,)}
    problem = fake_problem(restricted(SMALL, few, name="few"), 3)
    initial = draw_feasible(problem, 20, np.random.default_rng(0))
    budget = problem.space.size + 1
    archive = algorithms.optuna_nsga2(Start(problem, initial, budget, seed=1))
    assert len(archive) == len(archive.seen) < budget


def test_optuna_is_told_constraints(start, monkeypatch):
    needs("compare", "optuna")
    from optuna.trial import Trial as trial

    told, was = [], trial.set_constraint
    monkeypatch.setattr(
        trial,
        "set_constraint",
        lambda self, key, value: (told.append(key), was(self, key, value))[1],
    )
    algorithms.optuna_nsga2(replace(start, budget=POPULATION))
    assert set(told) == set(start.problem.constraint_names)


@pytest.mark.parametrize("name", ["Pareto local search", "best-first"])
def test_a_local_search_begins_again_when_nothing_is_left_to_expand(name):
    """It evaluates every feasible design of a small space."""
    few = {"rows": (64, 256), "cols": (64, 128), "glb_depth": (4096, 16384)}
    problem = fake_problem(restricted(SMALL, few, name="few"), 3)
    levels = problem.space.unrank(np.arange(problem.space.size))
    feasible = levels[problem.feasibility.violation(levels) <= 0]
    archive = METHODS[name](Start(problem, feasible[:2], len(levels) + 1, seed=0))
    assert len(archive) == len(feasible)


@pytest.mark.parametrize("name", ["Pareto local search", "best-first", "random", "ours"])
def test_designs_that_break_a_limit_are_evaluated_once_and_do_not_count(name):
    """Limits of networks, as deadlines of scenarios, are known only after an evaluation."""
    few = {"rows": (64, 256), "cols": (64, 128), "glb_depth": (4096, 16384)}
    space = restricted(SMALL, few, name="few")
    levels = space.unrank(np.arange(space.size))
    checked = levels[fake_problem(space, 3).feasibility.violation(levels) <= 0]
    latency = FakeEvaluator(space, 3).evaluate(checked).values["latency"][:, 0]
    limit = Limits(max_latency_s=float(np.median(latency)))
    problem = fake_problem(space, 3, limits={"net0": limit})
    feasible = checked[(problem.evaluate(checked)[1] <= 0).all(axis=1)]
    assert 2 < len(feasible) < len(checked)
    start = Start(problem, checked[:5], len(levels) + 1, seed=0, checks_are_free=name != "ours")
    archive = METHODS[name](start)
    assert archive.feasible.sum() == len(feasible)
    assert len(archive) == len(checked if name == "ours" else feasible)


def test_minimax_regret_of_survivors_is_against_the_best_so_far(start):
    counted = Counted(start)
    posed = _Posed(counted, objectives=CRITERIA)
    out = {}
    posed._evaluate(start.initial[:5], out)
    population = Population.new(X=start.initial[:5], F=out["F"])
    posed._evaluate(start.initial[5:], {})
    posed.rescore(population)
    later = population.get("F")
    minimax = [c.name for c in judged(start.problem)].index("regret_minimax")
    assert (later[:, minimax] > out["F"][:, minimax]).any()
    np.testing.assert_array_equal(
        np.delete(later, minimax, axis=1), np.delete(out["F"], minimax, axis=1)
    )
    counted(start.initial[:5])
    posed._evaluate(start.initial[:5], out)
    np.testing.assert_array_equal(later, out["F"])


def test_objectives_of_others_are_coordinates(start):
    out = {}
    _Posed(Counted(start))._evaluate(start.initial[:5], out)
    F, _ = start.problem.evaluate(start.initial[:5])
    np.testing.assert_array_equal(out["F"], start.problem.coordinates(F))


def test_without_a_surrogate_random_neighbours_are_offered(start):
    """Not none: then the criteria would not be searched at all."""
    archive = METHODS["best-first"](start)
    offspring = builder(archive, 20, surrogate=RandomSurrogate)
    assert len(FeasibleMating().promising(offspring)) >= 20


def test_the_largest_regret_is_that_of_the_criterion_farthest_from_its_optimum():
    best = {"a": np.array([3.0, 1.0, 0.0]), "b": np.array([2.0, 2.0, 0.5])}
    rows = comparison._values(best, {("designs", n): n for n in (1, 3)})
    assert [value for *_, value in rows] == [3.0, 2.0, 0.0, 0.5]
    assert comparison._values(best, {("checks", 9): 0})[0][-1] == np.inf
    values, at = np.array([0.2, 0.07, 0.0]), np.arange(1, 10)
    hits = comparison._hits("a", values, at, comparison.TARGETS)
    assert [evaluations for *_, evaluations in hits] == [2, 3, 3, 3, 3]
    missed = comparison._hits("a", values[:1], at, comparison.TARGETS)
    assert [evaluations for *_, evaluations in missed] == [np.inf] * 5


def regrets(**of_method):
    """A table of regrets by method: one for each seed, at a budget of ten designs."""
    keys = {"counted": comparison.DESIGNS, "budget": 10, "indicator": comparison.LARGEST_REGRET}
    return pd.DataFrame(
        [
            keys | {"method": method, "seed": seed, "value": value}
            for method, values in of_method.items()
            for seed, value in enumerate(values)
        ]
    )


def test_a_summary_counts_seeds_without_regret_and_what_was_never_feasible():
    row = statistics.summary(regrets(m=[0.0, 0.0, 0.5, np.inf])).iloc[0]
    assert row["solved"] == 0.5
    assert row["percentile_95"] == row["largest"] == np.inf


def test_a_budget_that_only_ours_was_given_is_not_tested():
    both = regrets(ours=[0.0] * 5, random=[0.1] * 5)
    table = pd.concat([both, regrets(ours=[0.0] * 5).assign(budget=30_000)])
    tested = statistics.tests(table)
    assert tested[["budget", "method"]].to_numpy().tolist() == [[10, "random"]]
    assert len(statistics.summary(table)) == 3


@pytest.fixture
def small(monkeypatch):
    """Few methods and small budgets."""
    methods = {name: METHODS[name] for name in ("ours", "NSGA-II", "random")}
    monkeypatch.setattr(cli_rules, "METHODS", methods)
    monkeypatch.setattr(cli_rules, "BUDGETS", (100, 200))
    for module in (cli_rules, compare):
        monkeypatch.setattr(module, "PRIMARY", 200)


@pytest.fixture(scope="module")
def answered(tmp_path_factory):
    """The file of a small study, and results with its exact answer; only to be read."""
    out = tmp_path_factory.mktemp("answered")
    file = written(out, SMALL_RRAM)
    assert main(["enumerate", file, "--out", str(out), "--quiet", "--workers", "1"]) == 0
    return file, out


@pytest.fixture
def results(answered, tmp_path):
    """A copy of the results with the exact answer."""
    shutil.copytree(answered[1] / "enumerated", tmp_path / "enumerated")
    return tmp_path


@pytest.mark.usefixtures("small")
def test_a_comparison_from_the_command_line(answered, results, capsys):
    """After the budgets asked for."""
    command = [answered[0], "--seeds", "2", "--workers", "1", "--out", str(results)]
    assert compare.main([*command, "--budgets", "200,60,200"]) == 0
    assert "IGD+ at 200 designs" in capsys.readouterr().out
    folder = results / "compare" / "small"
    files = {"runs.csv.gz", "target.csv.gz", "summary.csv", "tests.csv"}
    files |= {"ecdf.pdf", "ecdf.svg", "config.json"}
    assert {p.name for p in folder.iterdir()} == files
    runs = pd.read_csv(folder / "runs.csv.gz")
    criteria = {
        *(c.name for c in judged(find_study(answered[0]).problem())),
        comparison.LARGEST_REGRET,
    }
    assert set(runs["indicator"]) == criteria | set(comparison.FRONT) | {comparison.USED}
    assert set(runs["budget"]) == {60, 200}
    assert len(runs) == 3 * 2 * 2 * (2 * len(criteria) + len(comparison.FRONT) + 2)
    of_front = runs[runs["indicator"] == "igd_plus"]
    by_count = of_front.pivot(index=["method", "seed", "budget"], columns="counted", values="value")
    assert (by_count["checks"] >= by_count["designs"]).all()
    assert (by_count["checks"] > by_count["designs"]).any()
    used = runs[runs["indicator"] == comparison.USED]
    assert (used["value"] == used["budget"]).all()
    assert (runs["value"] >= 0).all()
    assert not set(PHASED) & set(runs["method"])
    with folder_lock(folder):
        assert compare.main(command) == 2
    assert "is in use by process" in capsys.readouterr().err


def test_a_comparison_on_random_cases(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(random_cases, "DESIGNS", (1000, 4000))
    monkeypatch.setattr(random_cases, "FEWEST_FEASIBLE", 50)
    monkeypatch.setattr(random_cases, "BUDGETS", (60, 120))
    command = ["--random", "2", "--seed", "7", "--seeds", "2", "--methods", "ours;random"]
    command += ["--workers", "1", "--out"]
    assert compare.main([*command, str(tmp_path)]) == 0
    assert "runs solved" in capsys.readouterr().out
    folder = tmp_path / "random" / "7"
    tables = {"case.csv", "runs.csv.gz", "summary.csv"}
    assert {p.name for p in folder.iterdir()} == {"config.json", *tables}
    asked = json.loads((folder / "config.json").read_text())["command"]
    assert asked.endswith("--random 2 --seed 7 --seeds 2 --methods 'ours;random'")
    runs = pd.read_csv(folder / "runs.csv.gz")
    assert runs.groupby("method").size().to_dict() == dict.fromkeys(["ours", "random"], 152)
    assert list(pd.read_csv(folder / "case.csv")["case"]) == [0, 1]
    assert compare.main([*command, str(tmp_path / "again")]) == 0
    again = tmp_path / "again" / "random" / "7" / "runs.csv.gz"
    assert again.read_bytes() == (folder / "runs.csv.gz").read_bytes()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        *(([STUDY, "--budgets", b], "--budgets") for b in ("", "0,3300", "3300,many")),
        (["--random", "0"], "--random: must be at least 1, got 0"),
        (["--random", "1", "--seeds", "0"], "--seeds: must be at least 1, got 0"),
    ],
)
def test_budgets_that_are_no_numbers_from_one_are_refused(options, message, tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        compare.main([*options, "--out", str(tmp_path)])
    assert stop.value.code == 2
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_comparison_without_the_exact_answer_says_how_to_get_it(tmp_path, capsys):
    needs("compare", "numba")
    assert compare.main([STUDY, "--out", str(tmp_path)]) == 2
    assert "run `imcmoo enumerate four_workload_rram" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_dear_methods_are_given_fewer_seeds_and_budgets():
    budgets = cli_rules.LARGE_BUDGETS
    rules = Rules(STUDIES[STUDY], ExactRegret, budgets, **cli_rules.LARGE_SPACES)
    assert rules.budgets_of("ours", 4) == budgets
    assert rules.budgets_of("ours", 30) == rules.budgets_of("random", 0) == budgets[:3]
    assert rules.budgets_of("Optuna TPE", 4) == (1000,)
    assert rules.budgets_of("Optuna TPE", 5) == rules.budgets_of("AGE-MOEA-II", 11) == ()


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (["--methods", "ours;magic"], "got magic"),
        (["--method", "magic"], "unknown method 'magic'"),
        (["--method", "math:pi"], "is no function"),
    ],
)
def test_methods_that_cannot_be_compared_are_refused(option, said, answered, results, capsys):
    assert compare.main([answered[0], *option, "--out", str(results)]) == 2
    assert said in capsys.readouterr().err


def test_a_search_of_ones_own_is_compared_without_ours(answered, results):
    own = "experiments.compare.algorithms:plain_ga"
    command = [answered[0], "--methods", "random", "--method", own, "--budgets", "40,80"]
    command += ["--seeds", "2", "--workers", "1", "--out", str(results)]
    assert compare.main(command) == 0
    folder = results / "compare" / "small"
    runs = pd.read_csv(folder / "runs.csv.gz")
    assert runs["method"].unique().tolist() == ["random", own]
    assert set(runs["budget"]) == {40, 80}
    assert set(pd.read_csv(folder / "tests.csv")["method"]) == {own}  # against the first


@pytest.mark.slow
def test_methods_are_added_from_an_earlier_comparison(answered, results, capsys):
    """Without running them again; the two give what one comparison of all gives."""
    common = [answered[0], "--seeds", "2", "--workers", "1", "--out", str(results)]
    methods, folder = ("--methods", "ours;random"), results / "compare" / "small"

    def runs(*options):
        assert compare.main([*common, "--budgets", "60,90", *options]) == 0
        frame = pd.read_csv(folder / "runs.csv.gz")
        return frame.sort_values([*frame.columns], ignore_index=True)

    at_once = runs(*methods)
    runs("--methods", "random")
    folder.rename(results / "earlier")
    earlier = ("--add", str(results / "earlier"))
    pd.testing.assert_frame_equal(runs("--methods", "ours", *earlier), at_once)
    config = json.loads((folder / "config.json").read_text())
    assert "--methods 'ours' --add" in config["command"]
    assert [command.split("--methods ")[1] for command in config["added_commands"]] == ["'random'"]
    runs("--methods", "ours", "--add", str(folder))  # keeps the rows of both
    config = json.loads((folder / "config.json").read_text())
    assert [" --add " in command for command in config["added_commands"]] == [False, True]
    assert set(pd.read_csv(folder / "tests.csv")["method"]) == {"random"}
    assert compare.main([*common, "--budgets", "60", *methods, *earlier]) == 2
    assert "has other budgets or is of another problem" in capsys.readouterr().err


def test_fronts_are_measured_against_the_best_of_all_runs_where_none_is_known():
    ends, middle = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([[0.4, 0.4]])
    fronts = (ends, np.vstack([ends, middle]))
    results = [
        {"runs": "method\na\n", "points designs 10 a b": front, "points checks 10 a b": front[:at]}
        for at, front in enumerate(fronts)
    ]
    measured = comparison.tables(results)["runs"].dropna()
    assert set(measured["method"]) == {"a b"}
    table = measured.pivot(index=["counted", "indicator"], columns="seed", values="value")
    assert table.loc["designs", "coverage"].tolist() == [pytest.approx(2 / 3), 1.0]
    assert table.loc[("designs", "igd_plus"), 1] == 0 < table.loc[("designs", "igd_plus"), 0]
    assert table.loc[("checks", "igd_plus"), 0] == np.inf > table.loc[("checks", "igd_plus"), 1] > 0


def hits(methods, rows):
    """Evaluations until each target of the largest regret, by method and seed."""
    table = [
        (method, seed, comparison.LARGEST_REGRET, target, evaluations)
        for method in methods
        for seed, evaluated in enumerate(rows)
        for target, evaluations in evaluated.items()
    ]
    columns = ["method", "seed", "indicator", "target", "evaluations"]
    return pd.DataFrame(table, columns=columns)


def test_a_method_has_one_colour_in_every_figure():
    recorded = pd.DataFrame(columns=["criterion", "budget", "evaluations"])
    lines = []
    others = sorted(set(METHODS) - {"ours"})
    for methods in (["ours", *others[:6]], [*others[3:], "mine"]):
        table = hits(methods, [{0.1: 20.0, 0.0: 90.0}])
        title = {comparison.LARGEST_REGRET: "largest regret"}
        figures = (
            statistics.ecdf_figure(table, recorded, 100, title),
            statistics.regret_figure(table, 100),
        )
        lines += [line for figure in figures for line in figure.axes[0].get_lines()]
    drawn = {(line.get_label(), (line.get_color(), line.get_linestyle())) for line in lines}
    assert {label for label, _ in drawn} == {"ours", *others, "mine"}
    assert len(drawn) == len({look for _, look in drawn}) == len(others) + 2


def test_regret_is_drawn_where_half_of_the_runs_reach_a_target():
    rows = [{0.1: 20.0, 0.0: 50.0}, {0.1: 30.0, 0.0: np.inf}, {0.1: 40.0, 0.0: np.inf}]
    (line,) = statistics.regret_figure(hits(["ours"], rows), 100).axes[0].get_lines()
    assert line.get_xdata()[:2].tolist() == [30.0, np.inf]
