"""What a chip lacks, in octaves, asked of models that can tell more or less of it."""

from dataclasses import replace

import numpy as np
import pytest

from imcmoo.problem.feasibility import Feasibility
from problems.rram import RRAM
from tests.fakes import SMALL, BareEvaluator, FakeEvaluator, LimitlessEvaluator, fake_problem


@pytest.fixture
def problem():
    return fake_problem(RRAM, 2)


@pytest.fixture
def designs():
    """Random designs: about 3 % feasible, most do not run, some are only too large."""
    return RRAM.random(4000, np.random.default_rng(1))


def test_constraints_are_named_by_resource_and_network(problem):
    assert problem.feasibility.names == [
        "missing_cells_net0",
        "missing_cells_net1",
        "missing_buffer_bits_net0",
        "missing_buffer_bits_net1",
        "excess_area",
    ]


def test_constraints_count_octaves(problem, designs):
    known = problem.model.resources(designs)
    cells = known.resources["cells"]
    _, G = problem.evaluate(designs)
    needed = cells.missing + cells.own[:, None]
    np.testing.assert_allclose(G[:, :2], np.log2(needed / cells.own[:, None]), atol=1e-12)
    np.testing.assert_allclose(G[:, -1], np.log2(known.area_m2 / 800e-6), atol=1e-12)


def test_violation_agrees_with_constraints(problem, designs):
    _, G = problem.evaluate(designs)
    violation = problem.feasibility.violation(designs)
    np.testing.assert_array_equal(violation, np.maximum(G, 0).sum(axis=1))


def test_the_screen_is_optimistic_and_the_same_whether_tabulated_or_not(designs, monkeypatch):
    tabulated = fake_problem(RRAM).feasibility
    screened = tabulated.screened(designs)
    assert (screened <= tabulated.violation(designs)).all()
    assert (screened > 0).any()
    monkeypatch.setattr("imcmoo.problem.feasibility.SCREEN_TABLE", 0)
    direct = fake_problem(RRAM).feasibility
    np.testing.assert_array_equal(direct.screened(designs), screened)


def test_what_the_screen_depends_on_is_what_the_model_says(problem):
    yes = problem.feasibility.screened_by
    free = {name for name, own in zip(RRAM.names, yes, strict=True) if not own}
    assert free == {"voltage_V", "cycle_s"}


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


@pytest.mark.parametrize("limit", [None, 800e-6])
def test_a_model_without_resources_is_limited_by_area_alone(limit):
    model = LimitlessEvaluator(SMALL, 3)
    feasibility = Feasibility(model, limit)
    assert feasibility.names == (["excess_area"] if limit else [])
    metrics = model.evaluate(model.space.unrank(np.arange(100)))
    G = feasibility.constraints(metrics)
    assert G.shape == (100, len(feasibility.names))
    if limit:
        np.testing.assert_array_equal(G[:, 0] <= 0, metrics.area_m2 <= limit)


class Open(LimitlessEvaluator):
    """Screens, though networks lack nothing: what its screen knows is the area."""

    def __init__(self, space, n_workloads):
        super().__init__(space, n_workloads)
        self.screened_by = self.space.names[3:]

    def screen(self, levels):
        known = self.evaluate(levels)
        return replace(known, values={"area": known.area_m2})

    resources = screen


def test_a_screen_without_resources_knows_of_the_area():
    feasibility = fake_problem(SMALL, 3, model=Open, area_limit_m2=100e-6).feasibility
    space = feasibility._model.space
    levels = space.random(100, np.random.default_rng(0))
    too_large = feasibility._model.screen(levels).area_m2 > 100e-6
    assert 0 < too_large.sum() < 100
    np.testing.assert_array_equal(feasibility.screened(levels) > 0, too_large)
    np.testing.assert_array_equal(feasibility.violation(levels) > 0, too_large)


def test_a_screen_without_resources_or_limit_rules_nothing_out():
    problem = fake_problem(SMALL, 3, model=Open, area_limit_m2=None)
    levels = problem.space.random(100, np.random.default_rng(0))
    assert not problem.feasibility.screened(levels).any()
    assert not problem.feasibility.violation(levels).any()


def test_resources_that_are_not_finite_are_an_error(designs):
    class Lost(FakeEvaluator):
        def resources(self, levels):
            known = super().resources(levels)
            cells = known.resources["cells"]
            lost = replace(cells, missing=cells.missing * np.nan)
            return replace(known, resources={**known.resources, "cells": lost})

    with pytest.raises(ValueError, match="resources of design 0 of the batch are not finite"):
        fake_problem(RRAM, model=Lost).feasibility.violation(designs)
