import numpy as np
import pytest

from imcmoo.hardware.component_table import ComponentTable
from imcmoo.io.errors import InputError
from imcmoo.model.reference.evaluator import Evaluator
from imcmoo.networks.workloads import WorkloadSet
from imcmoo.problem.problem import AcceleratorProblem
from imcmoo.search.ask_tell import Search
from tests.fakes import SMALL, BareEvaluator, fake_problem
from tests.model.reference import scalar_energy as plain
from tests.search.test_algorithm import LARGE_PROBLEM, SMALL_PROBLEM, bytes_of
from tests.search.test_algorithm import search as loop

BARE = fake_problem(SMALL, 3, model=BareEvaluator)


def begun(problem=LARGE_PROBLEM, *, budget=650, seed=1):
    return Search(problem, budget=budget, rng=np.random.default_rng(seed))


def told(search):
    """Tell a search of everything it asks for."""
    while len(levels := search.ask()):
        search.tell(search.problem.model.evaluate(levels))
    return search


@pytest.mark.parametrize(
    ("problem", "budget"), [(LARGE_PROBLEM, 650), (SMALL_PROBLEM, 400), (BARE, 300)]
)
def test_ask_and_tell_is_the_loop(problem, budget):
    """Also where the space ends before the budget, and where designs turn out not to run."""
    assert bytes_of(told(begun(problem, budget=budget))) == bytes_of(loop(problem, budget=budget))


@pytest.mark.parametrize("generations", [0, 1, 3])
@pytest.mark.parametrize("is_asked", [False, True])
def test_saved_and_loaded_is_uninterrupted(tmp_path, generations, is_asked):
    search = begun()
    for _ in range(generations):
        search.tell(LARGE_PROBLEM.model.evaluate(search.ask()))
    asked = search.ask() if is_asked else None
    search.save(tmp_path / "s")
    other = begun()
    other.load(tmp_path / "s")
    assert len(other.trace) == generations
    if is_asked:
        np.testing.assert_array_equal(other.ask(), asked)
    assert bytes_of(told(other)) == bytes_of(loop(budget=650))


def test_what_the_loop_has_saved_is_loaded(tmp_path):
    whole = loop(budget=650, checkpoint=tmp_path / "s")
    search = begun()
    search.load(tmp_path / "s")
    assert len(search.ask()) == 0
    assert bytes_of(search) == bytes_of(whole)


def test_asked_twice_the_designs_are_the_same():
    search = begun()
    np.testing.assert_array_equal(search.ask(), search.ask())
    assert bytes_of(told(search)) == bytes_of(loop(budget=650))


def test_what_is_told_must_have_been_asked_for():
    search = begun()
    with pytest.raises(ValueError, match="no design is asked for: call ask first"):
        search.tell(LARGE_PROBLEM.model.evaluate(LARGE_PROBLEM.space.unrank([0])))
    levels = search.ask()
    metrics = LARGE_PROBLEM.model.evaluate(levels)
    with pytest.raises(ValueError, match=rf"shape \({len(levels)}, 4\), not float64 \(7, 4\)"):
        search.tell(LARGE_PROBLEM.model.evaluate(levels[:7]))
    metrics.values["energy"][3] = np.nan
    with pytest.raises(ValueError, match="design 3 of the batch runs, yet has an objective"):
        search.tell(metrics)
    assert bytes_of(told(search)) == bytes_of(loop(budget=650))  # nothing was spoilt


def test_a_search_that_has_begun_loads_nothing(tmp_path):
    search = begun()
    search.save(tmp_path / "s")
    search.ask()
    with pytest.raises(ValueError, match="a search that has begun"):
        search.load(tmp_path / "s")


def test_another_search_is_refused(tmp_path):
    begun().save(tmp_path / "s")
    with pytest.raises(InputError, match="of another search: its budget is 650, not 651"):
        begun(budget=651).load(tmp_path / "s")


def test_a_search_on_another_component_table_is_refused(tmp_path):
    begun(priced_by("reference")).save(tmp_path / "s")
    begun(priced_by("reference")).load(tmp_path / "s")
    with pytest.raises(InputError, match="of another search: its data of the model is"):
        begun(priced_by("current")).load(tmp_path / "s")


def priced_by(scaling):
    table = ComponentTable.load(scaling=scaling)
    model = Evaluator(plain.RRAM_FEW, WorkloadSet(plain.RESIDENT), table)
    return AcceleratorProblem(model, area_limit_m2=250e-6)
