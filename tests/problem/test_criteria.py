"""The registry of criteria."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imcmoo.io.errors import OwnCodeError
from imcmoo.problem.criteria import CRITERIA, MINIMAX, SCORES, Criterion, applicable, find_criterion
from imcmoo.problem.scores import Costs, costs_of, edap_score

EVERY = ("energy", "latency", "area")


def _total_energy(costs):
    return costs["energy"].sum(axis=1)


TOTAL_ENERGY = Criterion("energy_total", _total_energy, needs=("energy",))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("edap_min", "unknown criterion 'edap_min'; known: edap_max, .*or module:name"),
        (
            "nowhere:THING",
            "criterion 'nowhere:THING' cannot be imported.*runs its code: use only files",
        ),
        (f"{__name__}:NOTHING", "cannot be imported"),
        (f"{__name__}:EVERY", "is no Criterion but tuple"),
    ],
)
def test_criteria_are_known_by_name_or_module_and_others_refused(name, message):
    assert find_criterion("edap_max") is CRITERIA["edap_max"]
    assert find_criterion(f"{__name__}:TOTAL_ENERGY") == TOTAL_ENERGY
    with pytest.raises(ValueError, match=message):
        find_criterion(name)


def test_criteria_apply_where_their_needs_are_met():
    assert [c.name for c in applicable(EVERY)] == list(CRITERIA)
    assert [c.name for c in applicable(("energy", "area"))] == ["pseudo_weights"]
    more = applicable(("energy",), [TOTAL_ENERGY, CRITERIA["pseudo_weights"]])
    assert [c.name for c in more] == ["pseudo_weights", "energy_total"]
    with pytest.raises(ValueError, match=r"edap_max needs latency, area; .* gives energy, snr"):
        applicable(("energy", "snr"), [CRITERIA["edap_max"]])


def test_regret_counts_from_a_score_with_nothing_to_regret():
    scores = np.array([3.0, 6.0])
    assert CRITERIA["edap_max"].regret(scores, 3.0).tolist() == [0, 1]
    # A largest regret of 3 is 4 times each network's single-network optimum, 6 is 7 times.
    assert CRITERIA[MINIMAX].regret(scores, 3.0) == pytest.approx([0, 7 / 4 - 1])
    by_difference = Criterion("snr", len, scale="difference")
    assert by_difference.regret(np.array([-4.0, -1.0]), -4.0).tolist() == [0, 3]


def test_only_what_has_an_exact_optimum_is_judged():
    assert [c.name for c in CRITERIA.values() if not c.is_judged] == ["pseudo_weights"]
    assert {*SCORES, MINIMAX, "pseudo_weights"} == {*CRITERIA}


def _costs(seed, n, n_workloads):
    energy, latency = np.random.default_rng(seed).uniform(0.1, 9, (2, n, n_workloads))
    return costs_of(energy, latency, np.ones(n))


@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(1, 5))
def test_orders_like_puts_designs_in_the_same_order(seed, n, n_workloads):
    costs = _costs(seed, n, n_workloads)
    for name, criterion in CRITERIA.items():
        if criterion.orders_like:
            first, like = SCORES[name](costs), SCORES[criterion.orders_like](costs)
            assert (np.diff(like[first.argsort()]) >= -1e-9 * like.max()).all()


@given(st.integers(0, 2**32 - 1), st.integers(1, 5))
def test_no_criterion_scores_less_edap_on_every_network_worse(seed, n_workloads):
    costs = _costs(seed, 1, n_workloads)
    less = costs_of(0.5 * costs["energy"], costs["latency"], costs["area"])
    reference_edap = costs.edap[0]
    for criterion in CRITERIA.values():
        if criterion.is_judged:
            better, worse = (criterion.scores(c, reference_edap)[0] for c in (less, costs))
            assert better < worse


def _overwrite(*arrays):
    for array in arrays:
        array.setflags(write=True)
        array[:] = 0


def _overwriting(costs, *optima):
    scores = costs.edap.max(axis=1)
    _overwrite(*costs.values.values(), costs.objectives, costs.weights, costs.edap, *optima)
    return scores


def _overwriting_aggregate(values, weights):
    scores = values.max(axis=1)
    _overwrite(values, weights)
    return scores


@pytest.mark.parametrize(
    "criterion",
    [
        Criterion("plain", _overwriting),
        Criterion("regret", _overwriting, against="optima"),
        Criterion("passed_on", partial(edap_score, aggregate=_overwriting_aggregate)),
    ],
    ids=lambda criterion: criterion.name,
)
def test_a_users_score_that_writes_into_its_costs_changes_none_of_ours(criterion):
    values = {name: np.ones((2, 3)) for name in ("energy", "latency")} | {"area": np.ones(2)}
    costs, optima = Costs(values, np.ones((2, 7)), np.ones(3)), np.ones(3)
    costs.edap  # noqa: B018, kept by the costs, so that it could be overwritten
    assert criterion.scores(costs, optima).tolist() == [1e6, 1e6]
    for array in (*costs.values.values(), costs.objectives, costs.weights, optima):
        assert (array == 1).all()
    assert (costs.edap == 1e6).all()


@pytest.mark.parametrize(
    "scores",
    [np.array([1, 2]), [1.0, 2], np.array([1, 2], np.longdouble), np.array([1, 2], np.uint8)],
    ids=["whole numbers", "list", "longdouble", "bytes"],
)
def test_scores_of_other_numbers_become_floats(scores):
    for compute in (Criterion.scores, Criterion.unchecked_scores):
        made = compute(Criterion("other", lambda costs: scores), _costs(0, 2, 1), None)
        assert (made.dtype, made.tolist()) == (np.float64, [1, 2])


def test_parts_of_different_lengths_are_no_scores():
    criterion = Criterion("ragged", lambda costs: [[1.0, 2.0], [3.0]])
    with pytest.raises(OwnCodeError, match=r"must give 2 numbers.* not a list of parts of differ"):
        criterion.scores(_costs(0, 2, 1), None)


def test_truth_values_are_no_scores():
    criterion = Criterion("truths", lambda costs: np.ones(2, bool))
    with pytest.raises(OwnCodeError, match=r"must give 2 numbers, .* not an array of bool"):
        criterion.scores(_costs(0, 2, 1), None)
