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
        assert len(small) >= 1
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


def test_a_parameter_of_one_value_keeps_it():
    space = DesignSpace("s", (Ordinal("a", (7,)), Ordinal("b", (1, 2, 3, 4))))
    small = thinned(space, np.random.default_rng(0), (2, 4))
    assert small.parameters[0].values == (7,)


def test_sizes_are_spread_over_their_range_and_parameters_over_theirs():
    space = DesignSpace("s", tuple(Ordinal(name, (1, 2, 3, 4)) for name in "abcdef"))
    rng = np.random.default_rng(0)
    shapes = [thinned(space, rng, (50, 800)).shape for _ in range(300)]
    sizes = np.array([np.prod(shape) for shape in shapes])
    assert (sizes >= 50).all()
    assert (sizes <= 800).all()
    assert 0.1 < np.mean(sizes < 100) < np.mean(sizes < 200) < np.mean(sizes < 400) < 1
    assert {n for shape in shapes for n in shape} == {1, 2, 3, 4}


@pytest.mark.parametrize("designs", [(20, 39), (257, 600)])
def test_a_size_that_no_choice_of_values_may_have_is_refused(designs):
    space = DesignSpace("s", tuple(Ordinal(name, (1, 2, 3, 4)) for name in "abcd"))
    with pytest.raises(InputError, match="space s of 256 designs cannot be thinned"):
        thinned(space, np.random.default_rng(0), designs)
