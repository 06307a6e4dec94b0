"""Random cases: what they are drawn from, and that their number alone decides what they are."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.compare import random_cases
from experiments.compare.random_cases import AREA_LIMITS_MM2, DESIGNS, SPACES, draw, draw_case
from imcmoo.benchmark.random_problems import thinned
from imcmoo.io.errors import InputError
from imcmoo.networks.workloads import SHIPPED
from imcmoo.space.design_space import DesignSpace
from imcmoo.space.parameters import Ordinal


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), device=st.sampled_from(SPACES))
def test_a_draw_is_a_thinned_space_with_networks_and_a_limit_in_range(seed, device):
    study = draw(device, np.random.default_rng(seed))
    assert DESIGNS[0] <= study.space.size <= DESIGNS[1]
    for small, whole in zip(study.space.parameters, device.parameters, strict=True):
        assert small.name == whole.name
        assert small.values == tuple(v for v in whole.values if v in small.values)
        assert len(small) >= 2
    assert 2 <= len(set(study.workloads)) == len(study.workloads) <= 6
    assert list(study.workloads) == sorted(study.workloads, key=SHIPPED.index)
    assert AREA_LIMITS_MM2[0] <= study.area_limit_m2 * 1e6 <= AREA_LIMITS_MM2[1]


@pytest.fixture
def tiny(monkeypatch):
    """Spaces that are enumerated in a moment."""
    monkeypatch.setattr(random_cases, "DESIGNS", (1000, 4000))
    monkeypatch.setattr(random_cases, "FEWEST_FEASIBLE", 50)


@pytest.mark.usefixtures("tiny")
def test_a_case_depends_on_its_series_and_number_only():
    once, again = draw_case(1, 3), draw_case(1, 3)
    assert once.study == again.study
    assert once.answer.optima["edap_max"].value == again.answer.optima["edap_max"].value
    assert draw_case(1, 2).study != once.study != draw_case(2, 3).study
    assert once.answer.n_feasible >= 50


@pytest.mark.usefixtures("tiny")
def test_a_case_is_answered_exactly():
    case = draw_case(1, 0)
    everything = case.problem.space.unrank(np.arange(case.problem.space.size))
    F, G = case.problem.evaluate(everything)
    feasible = (G <= 0).all(axis=1)
    best = case.problem.costs(F[feasible]).edap.max(axis=1).min()
    assert case.answer.n_feasible == feasible.sum()
    assert case.answer.optima["edap_max"].value == pytest.approx(best, rel=1e-12)


def test_a_parameter_of_one_level_keeps_it():
    space = DesignSpace("s", (Ordinal("a", (7,)), Ordinal("b", (1, 2, 3, 4))))
    small = thinned(space, np.random.default_rng(0), (2, 4))
    assert small.parameters[0].values == (7,)


@pytest.mark.parametrize("designs", [(2, 3), (257, 300)])
def test_a_size_that_no_choice_of_values_has_is_refused_at_once(designs):
    space = DesignSpace("s", tuple(Ordinal(name, (1, 2, 3, 4)) for name in "abcd"))
    with pytest.raises(InputError, match=r"designs of space s in 0 draws: with 2 values .* has 16"):
        thinned(space, np.random.default_rng(0), designs)


def test_a_size_that_is_not_drawn_is_refused_after_some_draws(monkeypatch):
    monkeypatch.setattr("imcmoo.benchmark.random_problems.MAX_CHOICES", 30)
    space = DesignSpace("s", tuple(Ordinal(name, (1, 2, 3, 4)) for name in "abcd"))
    with pytest.raises(InputError, match="no 17 to 17 designs of space s in 30 draws"):
        thinned(space, np.random.default_rng(0), (17, 17))
