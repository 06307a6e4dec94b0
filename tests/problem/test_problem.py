import numpy as np
import pytest

from imcmoo.model.metrics import Metrics
from imcmoo.problem.problem import UNMAPPED, AcceleratorProblem
from problems.rram import RRAM
from tests.fakes import FakeEvaluator


@pytest.fixture
def problem():
    return AcceleratorProblem(FakeEvaluator(RRAM, n_workloads=2))


@pytest.fixture
def designs():
    """Random designs: about 3 % feasible, most do not map, some are only too large."""
    return RRAM.random(4000, np.random.default_rng(1))


class Broken(FakeEvaluator):
    """Fails silently: its energies stay at what the array was created with."""

    def __init__(self, energy):
        super().__init__(RRAM, n_workloads=2)
        self.energy = energy

    def evaluate(self, levels):
        metrics = super().evaluate(levels)
        return Metrics(
            metrics.resources,
            np.full_like(metrics.energy_J, self.energy),
            metrics.latency_s,
            metrics.utilization,
        )


def test_objectives_are_named_energies_latencies_area(problem):
    assert problem.objective_names == [
        "energy_net0_J",
        "energy_net1_J",
        "latency_net0_s",
        "latency_net1_s",
        "area_m2",
    ]
    assert problem.n_obj == 5
    assert problem.constraint_names == [
        "missing_cells_net0",
        "missing_cells_net1",
        "missing_buffer_net0",
        "missing_buffer_net1",
        "excess_area",
    ]
    assert problem.n_ieq_constr == 5


def test_objectives_of_a_design_that_maps_are_the_metrics(problem, designs):
    metrics = problem.evaluator.evaluate(designs)
    maps = metrics.resources.maps.all(axis=1)
    F, _ = problem.evaluate(designs)
    energy, latency, area = problem.split(F[maps])
    np.testing.assert_array_equal(energy, metrics.energy_J[maps])
    np.testing.assert_array_equal(latency, metrics.latency_s[maps])
    np.testing.assert_array_equal(area, metrics.resources.area_m2[maps])


def test_what_does_not_map_is_never_better_and_the_worse_the_more_it_lacks(problem, designs):
    maps = problem.evaluator.resources(designs).maps.all(axis=1)
    F, G = problem.evaluate(designs)
    assert np.isfinite(F).all()
    assert (G[~maps].max(axis=1) > 0).all()
    assert F[~maps].min() >= UNMAPPED > F[maps].max()
    lacking = G[~maps, :-1].sum(axis=1)
    order = np.argsort(lacking)
    assert (np.diff(F[~maps][order], axis=0) >= 0).all()
    assert F[~maps, 0].max() > F[~maps, 0].min()


def test_constraints_count_octaves(problem, designs):
    resources = problem.evaluator.resources(designs)
    _, G = problem.evaluate(designs)
    needed = resources.missing_cells + resources.cells[:, None]
    np.testing.assert_allclose(G[:, :2], np.log2(needed / resources.cells[:, None]), atol=1e-12)
    np.testing.assert_allclose(G[:, -1], np.log2(resources.area_m2 / 800e-6), atol=1e-12)


def test_violation_agrees_with_constraints(problem, designs):
    _, G = problem.evaluate(designs)
    np.testing.assert_array_equal(problem.violation(designs), np.maximum(G, 0).sum(axis=1))


def test_the_screen_is_optimistic_and_the_same_whether_tabulated_or_not(designs, monkeypatch):
    tabulated = AcceleratorProblem(FakeEvaluator(RRAM))
    screened = tabulated.screened_violation(designs)
    assert (screened <= tabulated.violation(designs)).all()
    assert (screened > 0).any()
    monkeypatch.setattr("imcmoo.problem.problem.SCREEN_TABLE", 0)
    direct = AcceleratorProblem(FakeEvaluator(RRAM))
    np.testing.assert_array_equal(direct.screened_violation(designs), screened)


def test_constrained_parameters_are_found(problem):
    free = {name for name, yes in zip(RRAM.names, problem.constrained, strict=True) if not yes}
    assert free == {"voltage_V", "cycle_s"}


def test_nothing_is_constrained():
    class Boundless(FakeEvaluator):
        def screen(self, levels):
            return super().screen(np.zeros_like(levels) + self.space.shape - 1)

    problem = AcceleratorProblem(Boundless(RRAM), area_limit_m2=1.0)
    assert not problem.constrained.any()
    assert problem.screened_violation(RRAM.random(7, np.random.default_rng(0))).tolist() == [0] * 7


@pytest.mark.parametrize("energy", [0.0, -1.0, np.nan, np.inf])
def test_a_failed_evaluation_is_an_error_not_the_best_value(energy, designs):
    # The trap of the paper's scripts: a failed evaluation is left at 0 and looks optimal.
    problem = AcceleratorProblem(Broken(energy))
    with pytest.raises(ValueError, match="has an objective outside"):
        problem.evaluate(designs)


def test_one_workload_alone(designs):
    problem = AcceleratorProblem(FakeEvaluator(RRAM, n_workloads=1))
    F, G = problem.evaluate(designs)
    assert F.shape == G.shape == (len(designs), 3)


def test_the_area_limit_is_an_option(designs):
    loose = AcceleratorProblem(FakeEvaluator(RRAM), area_limit_m2=1.0)
    assert loose.evaluate(designs)[1][:, -1].max() <= 0


def test_whole_floats_are_levels_and_others_are_refused(problem, designs):
    F, _ = problem.evaluate(designs[:10])
    np.testing.assert_array_equal(problem.evaluate(designs[:10].astype(float))[0], F)
    with pytest.raises(ValueError, match="not an integer"):
        problem.evaluate(designs[:10] + 0.5)


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="area_limit_m2 must be positive, got 0"):
        AcceleratorProblem(FakeEvaluator(RRAM), area_limit_m2=0)
    with pytest.raises(ValueError, match="no workload"):
        AcceleratorProblem(FakeEvaluator(RRAM, n_workloads=0))
