import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imcmoo.search.schedule import PAPER, Schedule

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
    ("part", "change", "message"),
    [
        (EXPLORE, {"generations": 0}, "needs a generation"),
        (EXPLORE, {"offspring": 0}, "needs a generation"),
        (EXPLORE, {"crossover_probability": 1.1}, "probabilities lie in 0..1"),
        (EXPLORE, {"mutation_probability": -0.1}, "probabilities lie in 0..1"),
        (EXPLORE, {"local_search": 2.0}, "probabilities lie in 0..1"),
        (EXPLORE, {"eta": -1.0}, "eta is not negative"),
        (PAPER, {"initial": 0}, "a schedule needs"),
        (PAPER, {"population": 1}, "a schedule needs"),
        (PAPER, {"phases": ()}, "a schedule needs"),
    ],
)
def test_what_makes_no_sense_is_refused(part, change, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(part, **change)
