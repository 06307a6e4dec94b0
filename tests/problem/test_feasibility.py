"""Constraint violations in octaves, with models that know more or less before an evaluation."""

from dataclasses import replace

import numpy as np
import pytest

from problems import RRAM
from tests.fakes import SMALL, BareEvaluator, FakeEvaluator, LimitlessEvaluator, fake_problem


def test_constraints_count_octaves_by_resource_and_network(problem, designs):
    networks = ("net0", "net1")
    names = [f"missing_{kind}_{n}" for kind in ("cells", "buffer_bits") for n in networks]
    assert problem.feasibility.names == [*names, "excess_area"]
    known = problem.model.resources(designs)
    cells = known.resources["cells"]
    _, G = problem.evaluate(designs)
    needed = cells.missing + cells.own[:, None]
    np.testing.assert_allclose(G[:, :2], np.log2(needed / cells.own[:, None]), atol=1e-12)
    np.testing.assert_allclose(G[:, -1], np.log2(known.area_m2 / 800e-6), atol=1e-12)
    violation = problem.feasibility.violation(designs)
    np.testing.assert_array_equal(violation, np.maximum(G, 0).sum(axis=1))


def test_the_screen_is_optimistic_and_the_same_however_it_is_remembered(designs, monkeypatch):
    feasibility = fake_problem(RRAM).feasibility
    screened = feasibility.screened(designs)
    assert (screened <= feasibility.violation(designs)).all()
    assert (screened > 0).any()
    free = [name not in ("voltage_V", "cycle_s") for name in RRAM.names]
    assert feasibility.screened_by.tolist() == free
    for direct_keys in (0, 1 << 23):
        monkeypatch.setattr("imcmoo.problem.feasibility.DIRECT_KEYS", direct_keys)
        remembered = fake_problem(RRAM).feasibility
        for part in (slice(0, 40), slice(20, None), slice(None)):
            np.testing.assert_array_equal(remembered.screened(designs[part]), screened[part])


def test_designs_that_the_screen_cannot_tell_apart_are_screened_once(designs):
    asked = []

    class Counting(FakeEvaluator):
        def screen(self, levels):
            asked.append(len(levels))
            return super().screen(levels)

    feasibility = fake_problem(RRAM, model=Counting).feasibility
    distinct = len(np.unique(designs[:, feasibility.screened_by], axis=0))
    for _ in range(2):
        feasibility.screened(np.concatenate([designs, designs]))
    assert sum(asked) == distinct


def test_a_screen_that_depends_on_nothing():
    class Boundless(FakeEvaluator):
        def __init__(self, space, n_workloads):
            super().__init__(space, n_workloads)
            self.screened_by = ()

        def screen(self, levels):
            return super().screen(np.zeros_like(levels) + self.space.shape - 1)

    feasibility = fake_problem(RRAM, model=Boundless, area_limit_m2=1.0).feasibility
    assert not feasibility.screened_by.any()
    assert feasibility.screened(RRAM.random(7, np.random.default_rng(0))).tolist() == [0] * 7


def test_a_model_that_only_evaluates_cannot_tell_before():
    problem = fake_problem(SMALL, 3, model=BareEvaluator)
    levels = SMALL.random(200, np.random.default_rng(0))
    assert not problem.feasibility.screened_by.any()
    assert not problem.feasibility.screened(levels).any()
    assert not problem.feasibility.violation(levels).any()
    np.testing.assert_array_equal(
        problem.evaluate(levels)[1], fake_problem(SMALL, 3).evaluate(levels)[1]
    )


class Open(LimitlessEvaluator):
    """Screens, though networks lack nothing: what its screen knows is the area."""

    def __init__(self, space, n_workloads):
        super().__init__(space, n_workloads)
        self.screened_by = self.space.names[3:]

    def screen(self, levels):
        known = self.evaluate(levels)
        return replace(known, values={"area": known.area_m2})

    resources = screen


@pytest.mark.parametrize("limit", [None, 100e-6])
def test_a_model_without_resources_is_limited_by_its_area_alone(limit):
    problem = fake_problem(SMALL, 3, model=Open, area_limit_m2=limit)
    feasibility = problem.feasibility
    levels = problem.space.random(100, np.random.default_rng(0))
    area = problem.model.screen(levels).area_m2
    too_large = area > (np.inf if limit is None else limit)
    assert 0 < too_large.sum() < 100 or limit is None
    assert feasibility.names == (["excess_area"] if limit else [])
    np.testing.assert_array_equal(feasibility.screened(levels) > 0, too_large)
    np.testing.assert_array_equal(feasibility.violation(levels) > 0, too_large)
    G = feasibility.constraints(problem.model.evaluate(levels))
    np.testing.assert_array_equal((G > 0).any(axis=1), too_large)


def test_resources_that_are_not_finite_are_an_error(designs):
    class Lost(FakeEvaluator):
        def resources(self, levels):
            known = super().resources(levels)
            cells = known.resources["cells"]
            lost = replace(cells, missing=cells.missing * np.nan)
            return replace(known, resources={**known.resources, "cells": lost})

    with pytest.raises(ValueError, match="resources of design 0 of the batch are not finite"):
        fake_problem(RRAM, model=Lost).feasibility.violation(designs)
