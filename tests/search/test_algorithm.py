import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imcmoo.io.errors import InputError
from imcmoo.search.algorithm import N_INITIAL, POPULATION, run_search
from imcmoo.search.mating import FeasibleMating
from imcmoo.search.sampling import draw_feasible
from imcmoo.space.parameters import Integer, Ordinal
from problems import RRAM
from tests.fakes import (
    SMALL,
    SUM,
    BareEvaluator,
    FakeEvaluator,
    LimitlessEvaluator,
    NoisyEvaluator,
    fake_problem,
)
from tests.search.searches import (
    LARGE_PROBLEM,
    SMALL_FEASIBLE,
    SMALL_PROBLEM,
    Stop,
    bytes_of,
    search,
)

UNCONSTRAINED = fake_problem(SMALL, 2, model=LimitlessEvaluator, area_limit_m2=None)


def every_small_design(problem):
    """Objectives of the feasible designs of the small space."""
    F, G = problem.evaluate(SMALL.unrank(np.arange(SMALL.size)))
    return F[(G <= 0).all(axis=1)]


@settings(max_examples=15, deadline=None)
@given(budget=st.integers(1, 400), seed=st.integers(0, 2**32 - 1))
def test_a_budget_counts_unique_feasible_designs(budget, seed):
    archive = search(budget=budget, seed=seed).archive
    assert len(set(RRAM.rank(archive.levels))) == len(archive) == budget
    assert archive.feasible.all()
    RRAM.validate(archive.levels)


def test_the_default_is_the_paper_s_budget():
    result = run_search(LARGE_PROBLEM, rng=np.random.default_rng(1))
    assert len(result.archive) == 3300
    assert result.trace[0].evaluations == N_INITIAL
    assert [row.generation for row in result.trace] == list(range(len(result.trace)))


def test_a_larger_budget_evaluates_the_same_designs_first():
    short, long = search(budget=333).archive, search(budget=450).archive
    np.testing.assert_array_equal(short.levels, long.levels[:333])


@pytest.mark.parametrize("budget", [SMALL_FEASIBLE, 1000])
def test_a_small_space_is_searched_to_its_last_feasible_design(budget):
    everything = SMALL.unrank(np.arange(SMALL.size))
    feasible = set(np.flatnonzero(SMALL_PROBLEM.feasibility.violation(everything) <= 0))
    result = search(SMALL_PROBLEM, budget=budget)
    assert set(SMALL.rank(result.archive.levels)) == feasible
    assert result.trace[-1].evaluations == len(feasible) == SMALL_FEASIBLE


def test_the_trace_tells_how_the_archive_grew_and_the_callback_hears_it():
    heard = []
    result = search(budget=700, callback=heard.append)
    assert heard == result.trace
    archive = result.archive
    best = LARGE_PROBLEM.costs(archive.F).edap.max(axis=1)
    for row in result.trace:
        assert row.evaluations == (archive.generation <= row.generation).sum()
        assert row.best == best[: row.evaluations].min()
    assert result.trace[-1].front == len(archive.front)


def test_same_seed_same_bytes_whatever_the_global_random_state(monkeypatch):
    monkeypatch.setattr(np.random, "seed", None)
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    first = bytes_of(search(budget=600))
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    assert bytes_of(search(budget=600)) == first
    assert bytes_of(search(budget=600, seed=2)) != first


def test_survival_is_what_the_caller_passes():
    populations = []

    def spy(problem, F, G, n):
        populations.append((len(F), n))
        return first_survive(problem, F, G, n)

    assert bytes_of(search(budget=600, survival=spy)) != bytes_of(search(budget=600))
    assert {n for _, n in populations} == {POPULATION}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"criteria_share": 1.5}, r"criteria_share must be in 0\.\.1, got 1\.5"),
        ({"children_share": -0.1}, "children_share must be"),
        ({"elites_share": np.nan}, "elites_share must be"),
        ({"tolerance": -1.0}, "tolerance must be at least 0"),
        ({"best_known": 0}, "best_known must be at least 1, got 0"),
        ({"fitted": 0}, "fitted must be"),
        ({"size": 0}, "size must be"),
    ],
)
def test_a_mating_without_meaning_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        FeasibleMating(**settings)


def test_search_finds_the_optimum():
    problem = fake_problem(SMALL, 2)  # 648 designs are feasible
    optimum = problem.costs(every_small_design(problem)).edap.max(axis=1).min()
    for seed in range(5):
        assert search(problem, budget=200, seed=seed).trace[-1].best == optimum


WITH_ELITES = FeasibleMating(large_space=RRAM.size - 1)


@pytest.mark.parametrize(
    ("problem", "generation", "saved", "every_s", "mating"),
    [
        (LARGE_PROBLEM, 0, 0, 0.0, None),
        (LARGE_PROBLEM, 2, 2, 0.0, None),
        (LARGE_PROBLEM, 3, 3, 0.0, WITH_ELITES),
        (LARGE_PROBLEM, 2, 0, 60.0, None),  # quick generations are saved together
        (SMALL_PROBLEM, 0, 0, 0.0, None),
        (UNCONSTRAINED, 1, 1, 0.0, None),
    ],
)
def test_resumed_is_uninterrupted(tmp_path, problem, generation, saved, every_s, mating):
    options = {
        "budget": 450,
        "mating": mating,
        "checkpoint": tmp_path / "search.checkpoint",
        "save_every_s": every_s,
    }
    whole = search(problem, budget=450, mating=mating)

    def stop(row):
        if row.generation == generation:
            raise Stop

    with pytest.raises(Stop):
        search(problem, callback=stop, **options)
    for left in (whole.trace[saved + 1 :], []):  # the end is always saved
        heard = []
        assert bytes_of(search(problem, callback=heard.append, **options)) == bytes_of(whole)
        assert heard == left


@pytest.mark.parametrize("problem", [LARGE_PROBLEM, SMALL_PROBLEM])
@pytest.mark.parametrize("first", [100, N_INITIAL, 233, 250])
def test_an_extended_search_is_one_with_the_larger_budget_from_the_start(tmp_path, first, problem):
    """Also where the smaller budget cut the initial designs or a generation, or ended with one."""
    path = tmp_path / "search.checkpoint"
    search(problem, budget=first, checkpoint=path)
    evaluated = []
    extended = search(problem, budget=400, checkpoint=path, callback=evaluated.append)
    assert bytes_of(extended) == bytes_of(search(problem, budget=400))
    assert len(evaluated) < len(extended.trace) or first < N_INITIAL


def test_a_search_is_not_extended_from_other_initial_designs(tmp_path):
    path = tmp_path / "search.checkpoint"
    one, other = (draw_feasible(SMALL_PROBLEM, 40, np.random.default_rng(k)) for k in (1, 2))
    search(SMALL_PROBLEM, budget=20, initial=one, checkpoint=path)
    with pytest.raises(InputError, match="other settings: designs to begin with"):
        search(SMALL_PROBLEM, budget=60, initial=other, checkpoint=path)


def test_a_search_without_checks_is_that_of_a_model_that_only_evaluates():
    bare = search(fake_problem(SMALL, 3, model=BareEvaluator), budget=300)
    unchecked = search(SMALL_PROBLEM.without_checks(), budget=300)
    np.testing.assert_array_equal(unchecked.archive.levels, bare.archive.levels)
    assert 0 < unchecked.archive.feasible.sum() < 300
    assert search(SMALL_PROBLEM, budget=100).archive.feasible.all()


@pytest.fixture
def checkpoint(tmp_path):
    path = tmp_path / "search.checkpoint"
    search(budget=100, checkpoint=path)
    return path


LARGER = fake_problem(RRAM, area_limit_m2=900e-6)
FEWER = fake_problem(RRAM, 2)
UNEQUAL = fake_problem(RRAM, weights=(1, 1, 1, 5))
ASKING = fake_problem(RRAM, requested=[SUM])


class Dearer(FakeEvaluator):
    """Other code, the same numbers."""


class OwnMating(FeasibleMating):
    """Settings of the package, a user's code."""


def first_survive(problem, F, G, n):
    """The first designs, whatever they cost."""
    return np.arange(min(n, len(F)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"budget": 99}, r"100 designs, more than the budget of 99\. Remove it"),
        ({"problem": LARGE_PROBLEM.without_checks()}, "other settings: checks true"),
        ({"seed": 2}, r"other settings: seed \(state\)"),
        ({"n_initial": 90}, r"other settings: initial designs 150 \(here 90\)"),
        ({"population_size": 80}, r"other settings: population 70 \(here 80\)"),
        ({"problem": LARGER}, r"other settings: area limit in m² 0\.0008 \(here 0\.0009\)"),
        ({"problem": FEWER}, "other settings: workloads"),
        ({"problem": UNEQUAL}, r"other settings: weights \[1\.0, 1\.0, 1\.0, 1\.0\]"),
        ({"problem": ASKING}, "other settings: guides"),
        ({"problem": SMALL_PROBLEM}, "other settings: workloads .*, objectives, weights"),
        ({"mating": FeasibleMating(fitted=400)}, r"other settings: mating \(fitted\)"),
        ({"mating": OwnMating()}, r"other settings: mating \(class\)"),
        ({"survival": first_survive}, r'other settings: survival "survivors"'),
        (
            {"problem": fake_problem(RRAM, model=Dearer)},
            r"other code of your own: .*test_algorithm",
        ),
    ],
)
def test_a_checkpoint_of_another_search_is_refused(checkpoint, options, message):
    with pytest.raises(InputError, match=f"is of {message}"):
        search(**({"budget": 100, "checkpoint": checkpoint} | options))


def test_a_checkpoint_of_another_version_is_refused(checkpoint, monkeypatch):
    monkeypatch.setattr("imcmoo.search.algorithm.__version__", "9")
    with pytest.raises(InputError, match=r'is of another version .*: imcmoo ".*" \(here "9"\)'):
        search(budget=100, checkpoint=checkpoint)


def test_a_checkpoint_of_a_cost_model_with_other_figures_is_refused(checkpoint, monkeypatch):
    """The digest of its code does not see them."""
    evaluate = FakeEvaluator.evaluate

    def dearer(self, levels):
        metrics = evaluate(self, levels)
        values = {**metrics.values, "energy": metrics.energy_J * 1.001}
        return dataclasses.replace(metrics, values=values)

    monkeypatch.setattr(FakeEvaluator, "evaluate", dearer)
    for budget in (100, 200):
        with pytest.raises(InputError, match=r"other numbers of the cost model \(energy_net0_J "):
            search(budget=budget, checkpoint=checkpoint)


def test_bytes_of_a_checkpoint_that_nobody_reads_are_written_again(checkpoint):
    search(budget=100, checkpoint=checkpoint)
    whole = checkpoint.read_bytes()
    date = 10  # of the first file of the archive
    checkpoint.write_bytes(whole[:date] + bytes([whole[date] ^ 1]) + whole[date + 1 :])
    search(budget=100, checkpoint=checkpoint)
    assert checkpoint.read_bytes() == whole


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", None])
def test_what_is_not_a_checkpoint_is_refused(checkpoint, content):
    checkpoint.write_bytes(checkpoint.read_bytes()[:-100] if content is None else content)
    with pytest.raises(InputError, match="is not a checkpoint of a search"):
        search(budget=100, checkpoint=checkpoint)


def test_a_budget_below_one_and_a_space_without_feasible_designs_are_refused():
    with pytest.raises(ValueError, match="budget must be at least 1, got 0"):
        search(budget=0)
    with pytest.raises(ValueError, match="population_size must be at least 2, got 1"):
        search(population_size=1)
    with pytest.raises(ValueError, match="no feasible design found in space rram for net0, net1"):
        search(fake_problem(RRAM, area_limit_m2=1e-9), budget=100)


@pytest.mark.parametrize(
    "problem",
    [
        fake_problem(SMALL, 2, model=NoisyEvaluator),
        fake_problem(SMALL, 2, model=LimitlessEvaluator),
        UNCONSTRAINED,
    ],
)
def test_every_design_is_feasible_whatever_the_quantities_and_constraints(problem):
    archive = search(problem, budget=150).archive
    assert len(archive) == 150
    assert archive.feasible.all()
    assert archive.G.shape[1] == len(problem.feasibility.names) == problem.n_constr


def test_a_model_that_only_evaluates_is_searched_and_what_is_infeasible_is_told():
    # Nothing is known before an evaluation, so the budget is spent on infeasible designs, too.
    problem = fake_problem(SMALL, 3, model=BareEvaluator)
    archive = search(problem, budget=600).archive
    assert len(archive) == 600
    assert archive.feasible[archive.front].all()
    # The search is for what runs: by chance 23 % of it would be found.
    assert 600 > archive.feasible.sum() > 0.8 * SMALL_FEASIBLE


def test_decibels_are_searched_for_where_they_are_largest():
    problem = fake_problem(SMALL, 2, model=NoisyEvaluator)
    largest = problem.costs(every_small_design(problem))["snr"].max()
    result = search(problem, budget=120)
    assert problem.costs(result.archive.F)["snr"].max() == largest


def test_a_space_of_more_designs_than_an_integer_counts_is_searched():
    many = tuple(float(v) for v in np.linspace(0.5, 1.0, 2**8))
    parameters = tuple(
        Ordinal(p.name, many) if p.name in ("voltage_V", "cycle_s") else p for p in RRAM.parameters
    )
    extra = tuple(Integer(f"spare_{i}", 0, 255) for i in range(8))
    vast = dataclasses.replace(RRAM, parameters=(*parameters, *extra))
    assert vast.size > 2**64
    archive = search(fake_problem(vast), budget=160).archive
    assert len(set(vast.rank(archive.levels).tolist())) == len(archive) == 160
    assert archive.feasible.all()
