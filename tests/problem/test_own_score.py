import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imcmoo.io.errors import InputError
from imcmoo.problem.criteria import CRITERIA, SCENARIO_CRITERIA
from imcmoo.problem.own_score import Exponents, own_criterion
from imcmoo.problem.scores import AGGREGATIONS, Costs

exponent = st.floats(0, 4)


@pytest.fixture(scope="module")
def costs():
    """Five designs, three networks that count 6 : 2 : 1."""
    rng = np.random.default_rng(1)
    values = {
        "energy": rng.uniform(1e-3, 1, (5, 3)),
        "latency": rng.uniform(1e-6, 1e-3, (5, 3)),
        "area": rng.uniform(1e-5, 1e-3, 5),
    }
    return Costs(values, np.column_stack(list(values.values())), np.array([6, 2, 1]) / 3)


@pytest.mark.parametrize("name", AGGREGATIONS)
def test_all_exponents_1_are_the_edap(costs, name):
    criterion = own_criterion(Exponents(energy=1, latency=1, area=1, aggregate=name))
    assert np.allclose(criterion.scores(costs, None), CRITERIA[f"edap_{name}"].scores(costs, None))
    assert criterion.needs == ("energy", "latency", "area")


def test_criteria_that_ignore_weights_are_those_whose_scores_do_not_change_with_them(costs):
    exponents = [Exponents(energy=1, area=1, aggregate=name) for name in AGGREGATIONS]
    best, equal = costs.edap.min(axis=0), replace(costs, weights=np.ones(3))
    for criterion in (*CRITERIA.values(), *map(own_criterion, exponents)):
        scores = [criterion.unchecked_scores(of, best) for of in (costs, equal)]
        assert np.allclose(*scores) is criterion.ignores_weights, criterion.name
    assert all(criterion.ignores_weights for criterion in SCENARIO_CRITERIA.values())


def test_a_score_of_some_exponents_or_a_function(costs):
    criterion = own_criterion(Exponents(energy=1, latency=2, aggregate="mean"))
    terms = costs["energy"] * costs["latency"] ** 2
    assert np.allclose(criterion.scores(costs, None), terms @ [6 / 9, 2 / 9, 1 / 9])
    assert (criterion.needs, criterion.unit) == (("energy", "latency"), "J·s²")
    assert pickle.loads(pickle.dumps(criterion)) == criterion
    area = own_criterion(Exponents(area=1, aggregate="mean"))
    assert np.allclose(area.scores(costs, None), costs["area"] * 1e6)
    largest = own_criterion("tests.problem.test_own_score:largest_energy")
    assert largest.name == "score"
    assert largest.scores(costs, None).tolist() == costs["energy"].max(axis=1).tolist()


@given(exponent, exponent, st.floats(0.1, 4), st.sampled_from(sorted(AGGREGATIONS)))
def test_less_of_anything_is_never_worse(costs, energy, latency, area, aggregate):
    criterion = own_criterion(Exponents(energy, latency, area, aggregate))
    smaller = {name: v / 2 for name, v in costs.values.items()}
    less = Costs(smaller, costs.objectives, costs.weights)
    assert (criterion.scores(less, None) <= criterion.scores(costs, None)).all()


def largest_energy(costs):
    return costs["energy"].max(axis=1)


@pytest.mark.parametrize(
    ("function", "name"),
    [
        ("os:system", "posix:system"),
        ("math:sqrt", "math:sqrt"),
        ("builtins:exec", "builtins:exec"),
        ("os.path:join", "posixpath:join"),
        ("sys:exit", "sys:exit"),
    ],
)
def test_what_a_named_function_raises_is_an_error_of_the_input(costs, function, name):
    """Compiled functions and functions of another module than the named one."""
    with pytest.raises(InputError, match=f"^{name} raised ") as raised:
        own_criterion(function).scores(costs, None)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"energy": -1.0}, "at least 0"),
        ({}, "one of them above 0"),
        ({"energy": np.inf}, "finite"),
        ({"energy": 1.0, "aggregate": "meen"}, "unknown aggregate 'meen'; known: max, mean"),
    ],
)
def test_a_score_without_sense_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        Exponents(**wrong)
