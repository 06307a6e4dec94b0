import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imcmoo.model.metrics import Metrics
from imcmoo.record.evaluations import Evaluations
from tests.fakes import SMALL, evaluations_of, fake_problem


def filled(F, G, *, batch=7):
    return evaluations_of(SMALL.unrank(np.arange(len(F))), F, G, batch=batch)


@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(1, 60),
    n_levels=st.integers(2, 9),
    unit=st.sampled_from([1.0, 1e-12]),
)
def test_the_front_is_what_no_feasible_design_dominates(seed, n, n_levels, unit):
    rng = np.random.default_rng(seed)
    F = rng.integers(0, n_levels, size=(n, 3)).astype(float)
    G = rng.integers(-3, 2, size=(n, 2)) * unit
    archive = filled(F, G)
    feasible = (G <= 0).all(axis=1)
    dominated = [
        any((F[j] <= F[i]).all() and (F[j] < F[i]).any() for j in np.flatnonzero(feasible))
        for i in range(n)
    ]
    np.testing.assert_array_equal(archive.feasible, feasible)
    np.testing.assert_array_equal(archive.front, np.flatnonzero(feasible & ~np.array(dominated)))


def test_order_and_generations_are_kept():
    F = np.arange(20.0)[:, None]
    archive = filled(F, -F)
    np.testing.assert_array_equal(archive.F, F)
    np.testing.assert_array_equal(SMALL.rank(archive.levels), np.arange(20))
    np.testing.assert_array_equal(archive.generation, np.arange(20) // 7)
    assert archive.seen == set(range(20))
    assert archive.levels.dtype == archive.generation.dtype == np.int64


def test_a_design_counts_once():
    archive = filled(np.ones((2, 1)), np.zeros((2, 1)))
    for again in ([0], [3, 3]):
        values = np.ones((len(again), 1))
        stated = Metrics({"F": values, "G": values}, {})
        with pytest.raises(ValueError, match="evaluated before"):
            archive.append(SMALL.unrank(np.array(again)), stated, generation=1)
    assert len(archive) == 2


def test_metrics_are_kept_as_the_model_gave_them():
    """Also values beside the quantities, and the caller may use its arrays again."""
    problem = fake_problem(SMALL)
    levels = SMALL.unrank(np.arange(0, 60, 3))
    evaluations = Evaluations(problem)
    for generation, rows in enumerate((slice(0, 7), slice(7, 20))):
        metrics = problem.model.evaluate(levels[rows])
        evaluations.append(levels[rows], metrics, generation=generation)
        metrics.values["energy"][:] = 0
    whole, kept = problem.model.evaluate(levels), evaluations.metrics
    assert kept.values.keys() == whole.values.keys() > {"utilization", "snr"}
    for name, values in whole.values.items():
        np.testing.assert_array_equal(kept.values[name], values)
    for name, resource in whole.resources.items():
        np.testing.assert_array_equal(kept.resources[name].own, resource.own)
        np.testing.assert_array_equal(kept.resources[name].missing, resource.missing)


def test_only_values_that_every_design_has_as_rows_are_kept():
    evaluations = evaluations_of(SMALL.unrank(np.arange(2)), np.ones((2, 1)), -np.ones((2, 1)))
    F = {name: np.ones((1, 1)) for name in ("F", "G")}
    others = {"late": np.ones(1), "total": 7.0, "all": np.ones(3), "objects": np.array([{}])}
    evaluations.append(SMALL.unrank(np.arange(2, 3)), Metrics(F | others, {}), generation=1)
    assert evaluations.metrics.values.keys() == {"F", "G"}


def test_no_design_is_evaluated_twice_and_only_appended_ones_are_in_the_archive(monkeypatch):
    problem = fake_problem(SMALL)
    levels = SMALL.unrank(np.arange(0, 40, 2))
    evaluations, evaluate = Evaluations(problem), problem.model.evaluate
    evaluations.append(levels, evaluate(levels), generation=0)
    asked = []
    monkeypatch.setattr(problem.model, "evaluate", lambda x: asked.append(x) or evaluate(x))
    wanted = SMALL.unrank(np.array([7, 38, 0, 7, 3, 38]))
    metrics = evaluations.metrics_of(wanted)
    np.testing.assert_array_equal(np.concatenate(asked), wanted[[0, 4]])
    np.testing.assert_array_equal(metrics.energy_J, evaluate(wanted).energy_J)
    for own, whole in zip(
        metrics.resources.values(), evaluate(wanted).resources.values(), strict=True
    ):
        np.testing.assert_array_equal(own.missing, whole.missing)
    asked.clear()
    evaluations.metrics_of(wanted[::-1])
    evaluations.metrics_of(levels[::-1])
    assert asked == []
    assert len(evaluations) == len(evaluations.metrics.energy_J) == len(levels)
