import numpy as np
import pytest

from imcmoo.hardware.component_table import ComponentTable
from imcmoo.io.errors import InputError
from imcmoo.model.metrics import Metrics
from imcmoo.model.reference.evaluator import Evaluator
from imcmoo.networks.workloads import WorkloadSet
from imcmoo.problem.limits import Limits
from imcmoo.problem.problem import AcceleratorProblem
from tests.fakes import SMALL, BareEvaluator, NoisyEvaluator, fake_problem
from tests.model.reference import scalar_energy as plain
from tests.search.searches import LARGE_PROBLEM, SMALL_PROBLEM, bytes_of, search
from tests.search.searches import new_search as begun

BARE = fake_problem(SMALL, 3, model=BareEvaluator)


def told(asking):
    """Tell a search of everything it asks for."""
    while len(levels := asking.ask()):
        asking.tell(asking.problem.model.evaluate(levels))
    return asking


@pytest.mark.parametrize(
    ("problem", "budget"), [(LARGE_PROBLEM, 650), (SMALL_PROBLEM, 400), (BARE, 300)]
)
def test_ask_and_tell_is_the_loop(problem, budget):
    """Also where the space ends before the budget, and where designs turn out not to run."""
    assert bytes_of(told(begun(problem, budget=budget))) == bytes_of(search(problem, budget=budget))


def told_objectives(asking):
    """Tell a search of F and G of everything it asks for."""
    while len(levels := asking.ask()):
        asking.tell(*asking.problem.evaluate(levels))
    return asking


NOISY = fake_problem(SMALL, 3, model=NoisyEvaluator)
LIMITED = fake_problem(SMALL, 3, limits={"net0": Limits(max_latency_s=0.8)})


@pytest.mark.parametrize(
    "problem",
    [
        LARGE_PROBLEM,
        LIMITED,
        LIMITED.without_checks(),
        fake_problem(SMALL, 3, model=NoisyEvaluator),
    ],
    ids=["checked", "limited", "unchecked", "maximised"],
)
def test_objectives_and_constraints_tell_as_much_as_metrics(problem, tmp_path):
    by_metrics, by_objectives = told(begun(problem, budget=400)), begun(problem, budget=400)
    told_objectives(by_objectives)
    np.testing.assert_array_equal(by_objectives.archive.levels, by_metrics.archive.levels)
    np.testing.assert_array_equal(by_objectives.archive.F, by_metrics.archive.F)
    np.testing.assert_array_equal(by_objectives.archive.G, by_metrics.archive.G)
    assert by_objectives.trace == by_metrics.trace
    by_objectives.save(tmp_path / "s")
    loaded = begun(problem, budget=400)
    loaded.load(tmp_path / "s")
    np.testing.assert_array_equal(loaded.archive.F, by_metrics.archive.F)


def test_objectives_of_another_shape_or_not_finite_are_refused():
    asking = begun()
    F, G = LARGE_PROBLEM.evaluate(asking.ask())
    for wrong, message in (
        ((F[:7], G[:7]), f"a row for each of {len(F)} designs: 7"),
        ((F[:, 1:], G), rf"F must have shape \({len(F)}, {F.shape[1]}\), got"),
        ((F,), rf"G must have shape \({len(F)}, {G.shape[1]}\), got \({len(F)}, 0\)"),
        ((F * np.nan, G), "not finite"),
    ):
        with pytest.raises(ValueError, match=message):
            asking.tell(*wrong)
    asking.tell(F, G)


@pytest.mark.parametrize(("generations", "is_asked"), [(0, True), (1, False), (3, True)])
def test_saved_and_loaded_is_uninterrupted(tmp_path, generations, is_asked):
    first = begun()
    for _ in range(generations):
        first.tell(LARGE_PROBLEM.model.evaluate(first.ask()))
    asked = first.ask() if is_asked else None
    first.save(tmp_path / "s")
    other = begun()
    other.load(tmp_path / "s")
    assert len(other.trace) == generations
    if is_asked:
        np.testing.assert_array_equal(other.ask(), asked)
    assert bytes_of(told(other)) == bytes_of(search(budget=650))


def test_what_the_loop_has_saved_is_loaded(tmp_path):
    whole = search(budget=650, checkpoint=tmp_path / "s")
    other = begun()
    other.load(tmp_path / "s")
    assert len(other.ask()) == 0
    assert bytes_of(other) == bytes_of(whole)


def test_own_costs_without_resources_are_refused_with_the_names_of_all_of_them():
    asking = begun()
    metrics = LARGE_PROBLEM.model.evaluate(asking.ask())
    with pytest.raises(ValueError, match="Metrics lack the resources cells, buffer_bits, which"):
        asking.tell(Metrics(metrics.values))
    asking.tell(metrics)


def test_asking_twice_and_telling_wrong_metrics_change_nothing():
    asking = begun()
    with pytest.raises(ValueError, match="no design is asked for: call ask first"):
        asking.tell(LARGE_PROBLEM.model.evaluate(LARGE_PROBLEM.space.unrank([0])))
    levels = asking.ask()
    np.testing.assert_array_equal(asking.ask(), levels)
    metrics = LARGE_PROBLEM.model.evaluate(levels)
    with pytest.raises(ValueError, match=rf"shape \({len(levels)}, 4\), not float64 \(7, 4\)"):
        asking.tell(LARGE_PROBLEM.model.evaluate(levels[:7]))
    metrics.values["energy"][3] = np.nan
    with pytest.raises(ValueError, match="design 3 of the batch runs, yet has an objective"):
        asking.tell(metrics)
    assert bytes_of(told(asking)) == bytes_of(search(budget=650))


def test_a_search_that_has_begun_loads_nothing(tmp_path):
    asking = begun()
    asking.save(tmp_path / "s")
    asking.ask()
    with pytest.raises(ValueError, match="a search that has begun"):
        asking.load(tmp_path / "s")


def test_a_search_on_another_component_table_is_refused(tmp_path):
    begun(priced_by(ComponentTable.load)).save(tmp_path / "s")
    begun(priced_by(ComponentTable.load)).load(tmp_path / "s")
    with pytest.raises(InputError, match=r"checkpoint .* is of other data"):
        begun(priced_by(ComponentTable.read)).load(tmp_path / "s")


def priced_by(load):
    model = Evaluator(plain.RRAM_FEW, WorkloadSet(plain.RESIDENT), load())
    return AcceleratorProblem(model, area_limit_m2=250e-6)
