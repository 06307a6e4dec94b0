import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imcmoo.search.schedule import PAPER, Phase, Schedule

EXPLORE = PAPER.phases[0]


def spending(budget, schedule=PAPER):
    """Evaluations per phase of a search that always finds new designs."""
    spent = schedule.initial_of(budget)
    by_phase = {"initial": spent}
    while spent < budget:
        phase = schedule.phase_at(spent, budget)
        n = min(phase.offspring, budget - spent)
        by_phase[phase.name] = by_phase.get(phase.name, 0) + n
        spent += n
    return by_phase


def test_the_paper_s_budget_is_spent_as_in_the_paper():
    assert PAPER.budget == 3300
    assert spending(3300) == {
        "initial": 500,
        "explore": 700,
        "balance": 700,
        "converge": 700,
        "refine": 700,
    }


@pytest.mark.parametrize("budget", [1, 50, 70])
def test_a_small_budget_is_initial_designs_only(budget):
    assert spending(budget) == {"initial": budget}


@given(st.integers(1, 20_000))
def test_other_budgets_are_spent_in_proportion(budget):
    spent = spending(budget)
    assert sum(spent.values()) == budget
    assert spent["initial"] <= PAPER.initial
    share = (budget - spent["initial"]) / 4
    for phase in PAPER.phases:
        assert abs(spent.get(phase.name, 0) - share) <= phase.offspring


def test_phases_may_differ_in_size():
    schedule = Schedule(
        initial=10,
        population=5,
        phases=(
            dataclasses.replace(EXPLORE, generations=1, offspring=30),
            dataclasses.replace(EXPLORE, name="late", generations=6, offspring=10),
        ),
    )
    assert schedule.budget == 100
    assert spending(100, schedule) == {"initial": 10, "explore": 30, "late": 60}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"generations": 0}, "needs a generation"),
        ({"offspring": 0}, "needs a generation"),
        ({"crossover_probability": 1.1}, "probabilities lie in 0..1"),
        ({"mutation_probability": -0.1}, "probabilities lie in 0..1"),
        ({"polish": 2.0}, "probabilities lie in 0..1"),
        ({"eta": -1.0}, "eta is not negative"),
    ],
)
def test_a_phase_that_makes_no_sense_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(EXPLORE, **change)


@pytest.mark.parametrize("change", [{"initial": 0}, {"population": 1}, {"phases": ()}])
def test_a_schedule_that_makes_no_sense_is_refused(change):
    with pytest.raises(ValueError, match="a schedule needs"):
        dataclasses.replace(PAPER, **change)


def test_phases_are_plain_values():
    assert Phase(**dataclasses.asdict(EXPLORE)) == EXPLORE
