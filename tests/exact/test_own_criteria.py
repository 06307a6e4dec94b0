"""Exact answers refuse a user's criterion that scores at random, or breaks its promise."""

import numpy as np
import pytest

from imcmoo.api import Study
from imcmoo.exact.own_criteria import check_own_criteria
from imcmoo.io.errors import InputError
from imcmoo.problem.criteria import Criterion
from imcmoo.solve.certify import certify
from imcmoo.solve.enumerate import enumerate_study
from tests.fakes import SMALL, fake_problem

CHANCE = np.random.default_rng(0)


def total(costs):
    return costs["energy"].sum(axis=1)


def at_random(costs):
    return total(costs) * CHANCE.uniform(1, 2, len(costs))


def among_others(costs):
    return total(costs) + np.arange(1, 1 + len(costs))


def falling(costs):
    return 1 / total(costs)


def regret_of_sum(costs, optima):
    return (costs.edap / optima).sum(axis=1)


RANDOM = Criterion("random", at_random, monotone=True)
FALLING = Criterion("falling", falling, monotone=True)


def check(criterion, names=None):
    check_own_criteria(fake_problem(SMALL, requested=[criterion]), names)


@pytest.mark.parametrize("score", [at_random, among_others])
def test_a_score_that_does_not_depend_on_the_costs_of_a_design_alone_is_refused(score):
    with pytest.raises(InputError, match=r"criterion own scores one design .* no random numbers"):
        check(Criterion("own", score))


def test_a_score_that_falls_with_the_energy_is_refused_if_it_says_monotone():
    with pytest.raises(InputError, match=r"falling says monotone=True, but .* if energy is 1.5"):
        check(FALLING)
    check(Criterion("falling", falling))


def test_honest_criteria_pass():
    check(Criterion("total", total, monotone=True))
    check(Criterion("relative", regret_of_sum, against="optima", monotone=True))


def test_only_the_named_criteria_are_checked():
    check(RANDOM, ["edap_max"])
    with pytest.raises(InputError, match="criterion random"):
        check(RANDOM, ["random"])


def test_enumeration_and_proof_refuse_such_a_criterion_before_they_begin(tmp_path):
    study = Study(
        name="own",
        model="physical",
        device="sram",
        networks=["resnet18"],
        criterion="tests.exact.test_own_criteria:RANDOM",
    )
    with pytest.raises(InputError, match="criterion random scores one design"):
        next(certify(study, "random"))
    with pytest.raises(InputError, match="criterion random scores one design"):
        enumerate_study(study, tmp_path, workers=1, on_progress=lambda *_: None)
    assert not list(tmp_path.iterdir())
